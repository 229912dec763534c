/*
 * Their turn: what a partner sends is checked before any of it is stored.
 *
 *   ENTRIES: is it true (sync_check.c)? -> may the partner bring so much
 *   (sync_quota.c)? -> signatures, by a worker -> one transaction ->
 *   acknowledged.
 *
 * A log whose author or size contradicts what was signed before is a fork: the
 * note is kept as evidence and nothing of it is taken in.
 *
 * Two partners may bring the same log (its author, and the hub whose mirror we
 * are), each with records where the other has leaves. So a batch goes on from
 * where this partner stopped; what lies within the log we hold must be the same
 * leaf for leaf, and its records are taken in all the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/receipts.h"
#include "daemon/store/jobs.h"
#include "daemon/store/proofs.h"
#include "daemon/store/sync_check.h"
#include "daemon/store/sync_quota.h"
#include "daemon/store/withdraw.h"
#include "proto/format/hash.h"
#include "proto/format/proof.h"

#define ENVELOPES_MAX 8     /* of another's record, from one partner */
#define OWN_ENVELOPES_MAX 2 /* of one's own, which are no cost of its quota */

/* An entry of a later version is not for this program to judge: its place is
 * kept, by its leaf, so that the log goes on. */
static int pass_over_unknown(struct session *session)
{
	struct wire_sync_entries *entries = &session->entries;
	struct entry *entry = calloc(1, sizeof *entry);
	size_t i;

	if (!entry)
		return -ENOMEM;
	for (i = 0; i < entries->items.count; i++)
		if (entries->items.items[i].entry.len > 0 &&
		    entry_parse(entries->items.items[i].entry, entry, NULL) ==
			FORMAT_E_UNKNOWN)
			entries->items.items[i].entry.len = 0;
	free(entry);
	return 0;
}

/* Of what was taken back nothing comes in again but its place, and whoever
 * still has it is told. */
static int pass_over_withdrawn(
    struct session *session, const struct sync_arrival *arrival)
{
	struct wire_sync_entries *entries = &session->entries;
	struct entry *entry = calloc(1, sizeof *entry);
	struct wire_sync_item *item;
	struct record_row known;
	struct entry_id id;
	size_t i;
	int parsed, r = entry ? 0 : -ENOMEM;

	for (i = arrival->skip; r >= 0 && i < entries->items.count; i++) {
		item = &entries->items.items[i];
		if (item->entry.len == 0)
			continue;
		memcpy(id.bytes, item->leaf.bytes, sizeof id.bytes);
		r = records_find(&session->store->records, &id, &known);
		if (r == DATABASE_E_NONE)
			r = withdraw_binds(
			    session->store, &id, &arrival->author);
		parsed = r == 1 ? entry_parse(item->entry, entry, NULL) : 0;
		if (parsed < 0)
			r = parsed;
		if (r == 1 && parsed == 0 && withdraw_can(entry)) {
			item->entry.len = 0;
			r = withdraw_tell(session->store, &id, &arrival->author,
			    &session->partner.author);
		}
	}
	free(entry);
	return r < 0 ? r : 0;
}

/* --- signatures --------------------------------------------------------- */

static void on_verified(
    struct store *store, void *context, struct wire_frame *answer);

static int submit_verify(struct session *session, struct sync_arrival *arrival)
{
	const struct wire_sync_entries *entries = &session->entries;
	struct wire_work_verify job = {.job = jobs_number(session->store)};
	struct wire_verify_item *items;
	struct entry *entry = calloc(1, sizeof *entry);
	uint64_t i;
	int r = 0;

	items = calloc(entries->items.count + 1, sizeof *items);
	if (!items || !entry)
		r = -ENOMEM;
	for (i = arrival->skip; r == 0 && i < entries->items.count; i++) {
		if (entries->items.items[i].entry.len == 0)
			continue;
		r = sync_check_item(&entries->items.items[i], &arrival->author,
		    &entries->log, entries->start + i, entry);
		if (r != 0)
			break;
		items[job.items.count].key = entries->author;
		items[job.items.count].entry = entries->items.items[i].entry;
		memcpy(items[job.items.count].signature.bytes,
		    entries->items.items[i].signature.data, 64);
		job.items.count++;
	}
	job.items.items = items;
	if (r == 0) {
		session->busy = true;
		session->asked = job.items.count;
		r = jobs_submit(session->store, job.job, WIRE_WORK_VERIFY, &job,
		    NULL, 0, on_verified, (void *)(uintptr_t)session->number);
	}
	if (r != 0)
		session->busy = false;
	free(items);
	free(entry);
	return r;
}

/* --- storing ------------------------------------------------------------ */

int sync_add_objects(struct session *session, const struct entry *entry,
    int64_t record, const struct record_key *key)
{
	uint8_t veil[VEIL_KEY_BYTES];
	struct objects_name name;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < entry->attachment_count; i++) {
		r = objects_pick(&name);
		if (r == 0)
			r = veil_make_key(veil);
		if (r == 0)
			r = records_add_object(&session->store->records, record,
			    key, i, &entry->attachments[i], &name, veil, false);
	}
	explicit_bzero(veil, sizeof veil);
	return r;
}

/* A record that may be a receipt (no attachment, one recipient) is read before
 * it is owed one. A receipt is written when the record is whole. */
int sync_note_arrival(struct session *session, const struct entry *entry,
    struct span envelope, int64_t record)
{
	struct age_header header;
	int r;

	if (entry->withdraw_count > 0) {
		session->withdraws = true;
		r = withdraw_oversteps(session->store, entry);
		if (r == 1)
			sync_warn(session, SYNC_WARN_WITHDRAWAL);
		if (r >= 0)
			r = withdraw_note(session->store, record, entry);
		return r == 0 ? receipts_owe(session->store, record,
				    session->partner.id, envelope)
			      : r;
	}
	r = age_header_parse(envelope, &header);
	if (r < 0)
		return r;
	if (entry->attachment_count == 0 && r == 0 && header.stanza_count == 1)
		return database_run(
		    session->store->database, SQL_UNREAD_ADD, "i", record);
	return receipts_owe(
	    session->store, record, session->partner.id, envelope);
}

const struct author_id *sync_audience(
    const struct session *session, const struct author_id *author)
{
	bool direct =
	    memcmp(author->bytes, session->partner.author.bytes, 32) == 0;

	return direct ? &session->store->author : &session->partner.author;
}

/* Under what the ${nth} envelope that ${partner} brings of a record stands. */
static int another_audience(const struct author_id *partner, uint8_t nth,
    struct author_id *ret_audience)
{
	static const char why[] = "another envelope of ";
	uint8_t text[sizeof why + 32];
	struct digest digest;
	int r;

	memcpy(text, why, sizeof why);
	text[sizeof why - 1] = nth;
	memcpy(text + sizeof why, partner->bytes, 32);
	r = hash_sha256(span_of(text, sizeof text), &digest);
	if (r == 0)
		memcpy(ret_audience->bytes, digest.bytes, 32);
	return r;
}

/* 1: that envelope stands under this audience; 0: nothing does. */
static int look_under(struct session *session, int64_t record,
    const struct author_id *audience, const struct digest *hash)
{
	sqlite3_stmt *found;
	bool same;
	int r;

	found = database_query(session->store->database, SQL_ENVELOPE_GET, "ib",
	    record, span_of(audience->bytes, sizeof audience->bytes));
	r = database_step(found);
	if (r <= 0)
		return r;
	same = span_equal(database_column(found, 1),
	    span_of(hash->bytes, sizeof hash->bytes));
	database_done(found);
	return same ? 1 : DATABASE_E_NONE;
}

/* A mirror's source may bring first what is for its own readers, and share the
 * record with just us later; who was put back seals it for us once more. None
 * takes the place of another: a partner could close to us what we can read. */
int sync_find_envelope(struct session *session, const struct author_id *author,
    int64_t record, struct span envelope, struct author_id *ret_audience)
{
	const bool own = memcmp(author->bytes, session->store->author.bytes,
			     sizeof author->bytes) == 0;
	const uint8_t max = own ? OWN_ENVELOPES_MAX : ENVELOPES_MAX;
	struct digest hash;
	uint8_t nth;
	int r;

	*ret_audience = *sync_audience(session, author);
	r = hash_sha256(envelope, &hash);
	if (r == 0)
		r = look_under(session, record, ret_audience, &hash);
	for (nth = 2; r == DATABASE_E_NONE && nth <= max; nth++) {
		r = another_audience(
		    &session->partner.author, nth, ret_audience);
		if (r == 0)
			r = look_under(session, record, ret_audience, &hash);
	}
	return r;
}

int sync_add_envelope(struct session *session, const struct author_id *author,
    int64_t record, const struct record_key *key, struct span envelope)
{
	struct author_id audience;
	int r;

	r = sync_find_envelope(session, author, record, envelope, &audience);
	if (r == 0)
		return records_add_envelope(
		    &session->store->records, record, key, &audience, envelope);
	return r < 0 ? r : 0;
}

int sync_add_known(struct session *session, const struct author_id *author,
    const struct record_row *row, struct span envelope)
{
	struct record_key key;
	int r;

	if (row->withdrawn > RECORD_SET_ASIDE)
		return withdraw_tell(session->store, &row->entry, author,
		    &session->partner.author);
	r = record_keys_get(session->store->records.keys, row->slot, &key);
	if (r > 0) /* what is damaged here is no fault of the partner's */
		r = -EIO;
	if (r == 0)
		r = sync_add_envelope(session, author, row->id, &key, envelope);
	seal_wipe(&key);
	return r == 0 ? receipts_owe(session->store, row->id,
			    session->partner.id, envelope)
		      : r;
}

/* A record where we held a leaf goes to our mirrors with its proof, for they
 * may be past its place. */
static int add_proof(struct session *session, const struct log_row *log,
    const struct record_new *record, int64_t id, const struct record_key *key)
{
	struct record_row row = {.id = id, .place = record->place};
	struct buf proof = {0};
	int r;

	if (record->place >= log->size ||
	    record->place >= sync_offered_size(log))
		return 0;
	row.log = log->id;
	r = proofs_build_bare(session->store, &row, log, &proof);
	if (r == 0)
		r = records_add_proof(
		    &session->store->records, id, key, buf_span(&proof));
	buf_free(&proof);
	return r;
}

static int add_new(struct session *session, const struct sync_arrival *arrival,
    const struct record_new *record, struct span envelope, bool fills)
{
	struct record_key key;
	int64_t id;
	int r;

	r = records_add(&session->store->records, record, &key, &id);
	if (r == 0)
		r = sync_add_envelope(
		    session, &arrival->author, id, &key, envelope);
	if (r == 0)
		r = sync_add_objects(session, record->entry, id, &key);
	if (r == 0)
		r = sync_note_arrival(session, record->entry, envelope, id);
	if (r == 0 && fills)
		r = add_proof(session, &arrival->log, record, id, &key);
	seal_wipe(&key);
	return r;
}

/* A record that another brought, or shared with us, is here already. */
static int store_record(struct session *session,
    const struct sync_arrival *arrival, const struct wire_sync_item *item,
    uint64_t place, bool fills, struct entry *entry)
{
	struct record_new record = {
	    .log = arrival->log.id,
	    .place = place,
	    .entry = entry,
	    .entry_bytes = item->entry,
	    .signature = item->signature,
	    .payload = item->payload,
	    .source = session->partner.id,
	};
	struct record_row known;
	int r;

	r = entry_parse(item->entry, entry, NULL);
	if (r == 0)
		r = entry_id_of(item->entry, &record.id);
	if (r == 0)
		r = records_find(&session->store->records, &record.id, &known);
	if (r == DATABASE_E_NONE)
		return add_new(
		    session, arrival, &record, item->envelope, fills);
	return r == 0 ? sync_add_known(
			    session, &arrival->author, &known, item->envelope)
		      : r;
}

/* A record that came alone before, and is not the one that stands at its place
 * in the log, stands beside it from now on: it came first by chance. */
static int clear_place(struct session *session, const struct log_row *log,
    uint64_t place, const struct digest *leaf)
{
	struct record_row row;
	int r;

	r = records_at(&session->store->records, log->id, place, &row);
	if (r == DATABASE_E_NONE)
		return 0;
	if (r != 0 || memcmp(row.entry.bytes, leaf->bytes, 32) == 0)
		return r;
	r = sync_keep_fork(session, log, session->entries.checkpoint, true);
	return r == 0 ? records_put_beside(&session->store->records, &row) : r;
}

/* More is to come, or never does: what leads from this batch's end to it proves
 * what came. */
static int keep_ahead(
    struct session *session, struct sync_arrival *arrival, struct buf *note)
{
	const struct wire_sync_entries *entries = &session->entries;
	struct log_edge edge = {
	    .old = entries->start + entries->items.count,
	    .more.count = entries->consistency.count,
	    .note = *note,
	};
	int r;

	if (edge.more.count > 0)
		memcpy(edge.more.hashes, entries->consistency.items,
		    edge.more.count * sizeof *edge.more.hashes);
	r = log_tree_keep_edge(
	    session->store->database, arrival->log.id, &edge);
	return r == 0 ? sync_keep_ahead(session, &arrival->log, buf_span(note))
		      : r;
}

/* Of a checkpoint only what says something: it is told to others. One of more
 * than is here yet shows an author that was put back meanwhile what it wrote.
 */
static int keep_note(struct session *session, struct sync_arrival *arrival,
    struct span checkpoint)
{
	const struct sign_key witnesses[] = {
	    session->store->author_key, session->partner.card.author};
	const bool ahead = arrival->log.size < arrival->checkpoint.size;
	char origin[NOTE_ORIGIN_MAX];
	struct buf note = {0};
	int r;

	note_origin(&arrival->author, &session->entries.log, origin);
	r = proof_select_note(checkpoint, origin, &session->entries.author,
	    witnesses, ahead ? 0 : 2, &note);
	if (r == 0 && ahead)
		r = keep_ahead(session, arrival, &note);
	else if (r == 0)
		r = log_tree_set_checkpoint(
		    session->store->database, &arrival->log, buf_span(&note));
	buf_free(&note);
	return r;
}

/* One place: a gap is filled, or the log goes on by it. */
static int store_item(struct session *session, struct sync_arrival *arrival,
    uint64_t at, struct entry *entry)
{
	const struct wire_sync_item *item = &session->entries.items.items[at];
	uint64_t place = session->entries.start + at;
	bool fills = place < arrival->log.size;
	struct digest leaf;
	int r = 0;

	if (!fills) {
		r = sync_leaf_of(item, &leaf);
		if (r == 0)
			r = clear_place(session, &arrival->log, place, &leaf);
		if (r == 0)
			r = log_tree_append(
			    session->store->database, &arrival->log, &leaf);
	}
	if (r == 0 && item->entry.len > 0)
		r = store_record(session, arrival, item, place, fills, entry);
	return r;
}

static int store_items(struct session *session, struct sync_arrival *arrival)
{
	const struct wire_sync_entries *entries = &session->entries;
	struct entry *entry = calloc(1, sizeof *entry);
	uint64_t i;
	int r = entry ? 0 : -ENOMEM;

	if (r == 0 && arrival->log.id == 0)
		r = sync_add_log(session, &entries->author, &entries->log,
		    SYNC_LOGS_VIA_MAX, &arrival->log.id);
	for (i = arrival->skip; r == 0 && i < entries->items.count; i++)
		r = store_item(session, arrival, i, entry);
	if (r == 0)
		r = sync_set_brought(session, arrival->log.id,
		    entries->start + entries->items.count);
	if (r == 0 && arrival->log.size <= arrival->checkpoint.size &&
	    sync_offered_size(&arrival->log) < arrival->log.size)
		r = keep_note(session, arrival, entries->checkpoint);
	free(entry);
	return r;
}

static int store_batch(struct session *session, struct sync_arrival *arrival)
{
	struct database *database = session->store->database;
	struct quota_cost cost;
	int r;

	r = database_begin(database);
	if (r == 0)
		r = sync_cost_entries(session, arrival, &cost);
	if (r == 0)
		r = sync_quota_charge(session, &cost);
	if (r == 0)
		r = store_items(session, arrival);
	if (r == 0)
		r = record_keys_sync(session->store->records.keys);
	if (r == 0)
		r = database_commit(database);
	return r == 0 ? 0 : database_rollback(database, r);
}

static void release(struct session *session)
{
	wire_arena_free(&session->held_arena);
	wire_frame_free(&session->held);
}

static enum wire_code code_of(int result)
{
	switch (result) {
	case QUOTA_E_FULL:
		return WIRE_CODE_QUOTA;
	case QUOTA_E_RATE:
		return WIRE_CODE_RATE;
	case -ENOSPC:
	case -EDQUOT:
		return WIRE_CODE_NO_SPACE;
	case SYNC_E_LOGS:
		return WIRE_CODE_REFUSED;
	default:
		return result > 0 ? WIRE_CODE_CORRUPT : WIRE_CODE_FAILED;
	}
}

void sync_end_arrival(struct session *session, int result)
{
	release(session);
	/* What a partner takes back is gone before the partner hears that it
	 * was heard. */
	if (result == 0 && session->withdraws)
		result = withdraw_work(session->store, false);
	session->withdraws = false;
	if (result == 0)
		sync_ack(session);
	else
		sync_close(session, code_of(result));
}

int sync_all_hold(struct wire_frame *answer, size_t asked)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_verified verified;
	size_t i;
	int r;

	if (!answer || answer->type != WIRE_WORK_VERIFIED)
		return -ECANCELED;
	r = wire_decode(
	    WIRE_WORK_VERIFIED, buf_span(&answer->body), &arena, &verified);
	if (r == 0 && verified.results.len != asked)
		r = FORMAT_E_MISMATCH;
	for (i = 0; r == 0 && i < asked; i++)
		if (verified.results.data[i] != 1)
			r = FORMAT_E_MISMATCH;
	wire_arena_free(&arena);
	return r <= 0 ? r : FORMAT_E_MISMATCH;
}

static void on_verified(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct session *session =
	    sync_find(store, (uint64_t)(uintptr_t)context);
	struct sync_arrival arrival = {.skip = 0};
	int r;

	if (!session || store->state != STORE_OPEN)
		return;
	session->busy = false;
	r = session->closing ? -ECANCELED
			     : sync_all_hold(answer, session->asked);
	/* Another meeting may have brought the log on meanwhile: what was true
	 * of its end must be found true again. */
	if (r == 0)
		r = sync_check_head(session, &session->entries, &arrival);
	if (r == 0 && arrival.skip < session->entries.items.count) {
		r = sync_check_tree(session, &session->entries, &arrival);
		if (r == 0) /* or may have taken back what is in this */
			r = pass_over_withdrawn(session, &arrival);
		if (r == 0)
			r = store_batch(session, &arrival);
		if (r == FORMAT_E_MISMATCH)
			r = sync_meet_fork(
			    session, &arrival.log, session->entries.checkpoint);
	}
	if (r == 0 && !session->fork &&
	    arrival.log.size == arrival.checkpoint.size)
		sync_queue_cosign(session, &arrival.log);
	log_row_free(&arrival.log);
	sync_end_arrival(session, r);
}

void sync_receive_entries(struct session *session, struct wire_frame *frame)
{
	struct sync_arrival arrival = {.skip = 0};
	struct quota_cost cost;
	bool gap, apart;
	int r;

	session->has_offered = false; /* a cosignature may be lacking now */
	session->held = *frame;
	r = wire_decode(WIRE_SYNC_ENTRIES, buf_span(&session->held.body),
	    &session->held_arena, &session->entries);
	if (r == 0)
		r = sync_check_head(session, &session->entries, &arrival);
	gap = r == SYNC_E_GAP;
	apart = gap && arrival.log.id > 0 && arrival.log.id == session->apart;
	gap = apart || (gap && session->carrier == WIRE_CARRIER_READ);
	if (r == 0) /* what was brought already, too: it may end otherwise */
		r = sync_check_tree(session, &session->entries, &arrival);
	if (gap || (r == 0 && arrival.skip >= session->entries.items.count)) {
		/* Too early for us, or apart, or all brought already. */
		session->gaps += gap && !apart;
		log_row_free(&arrival.log);
		sync_end_arrival(session, 0);
		return;
	}
	if (r == FORMAT_E_MISMATCH && arrival.log.id > 0) {
		r = sync_meet_fork(
		    session, &arrival.log, session->entries.checkpoint);
		log_row_free(&arrival.log);
		sync_end_arrival(session, r);
		return;
	}
	if (r == 0)
		r = pass_over_unknown(session);
	if (r == 0)
		r = pass_over_withdrawn(session, &arrival);
	if (r == 0)
		r = sync_cost_entries(session, &arrival, &cost);
	if (r == 0)
		r = sync_quota_check(session, &cost);
	if (r == 0)
		r = submit_verify(session, &arrival);
	log_row_free(&arrival.log);
	if (r != 0)
		sync_end_arrival(session, r);
}
