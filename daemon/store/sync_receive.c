/*
 * Their turn: what a partner sends is checked before any of it is stored.
 *
 *   ENTRIES: may this partner bring this log? -> checkpoint signed by the
 *   author? -> does the batch continue what we hold, and lead to the
 *   checkpoint's root? -> does each entry parse, stand where it says, and have
 *   the content and envelope it names? -> signatures, by a worker -> one
 *   transaction -> acknowledged.
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
#include "daemon/store/jobs.h"
#include "daemon/store/proofs.h"
#include "daemon/store/sync_session.h"
#include "proto/format/hash.h"
#include "proto/format/sshsig.h"

#define RECEIVE_E_GAP 31 /* it follows on entries that are not here */

/* What is known of a batch before it is stored. */
struct arrival {
	struct log_row log; /* id 0: not yet here */
	struct author_id author;
	struct checkpoint checkpoint;
	uint64_t skip; /* items that this partner has brought already */
};

/* Own reader on the partner's card: it is our hub, and may bring logs of
 * others. */
static bool is_our_hub(const struct session *session)
{
	const struct card *card = &session->partner.card;
	size_t i, k;

	for (i = 0; i < card->reader_count; i++)
		for (k = 0; k < session->store->reader_count; k++)
			if (memcmp(card->readers[i].key,
				session->store->readers[k].key, 32) == 0)
				return true;
	return false;
}

static bool may_bring(
    const struct session *session, const struct author_id *author)
{
	if (memcmp(author->bytes, session->store->author.bytes, 32) == 0)
		return false;
	return memcmp(author->bytes, session->partner.author.bytes, 32) == 0 ||
	       is_our_hub(session);
}

/* Only what the author signed is evidence: anybody can claim. A few of them
 * prove as much as many. */
void sync_keep_fork(
    struct session *session, const struct log_row *log, struct span bytes)
{
	char origin[NOTE_ORIGIN_MAX];
	struct note note;
	int r;

	note_origin(&log->author, &log->log, origin);
	if (note_parse(bytes, &note) != 0)
		return;
	r = note_verify(&note, origin, &log->key);
	note_free(&note);
	if (r != 0)
		return;
	log_event(LOG_LEVEL_WARNING,
	    "a log was told in two ways: the evidence is kept");
	database_run(session->store->database, SQL_FORK_ADD, "ibi", log->id,
	    bytes, (int64_t)time(NULL));
}

int sync_check_note(const struct sign_key *author, struct span bytes,
    const char *origin, struct checkpoint *ret_checkpoint)
{
	struct note note;
	int r;

	r = note_parse(bytes, &note);
	if (r != 0)
		return r;
	r = note_verify(&note, origin, author);
	if (r == 0)
		r = checkpoint_parse(note.text, ret_checkpoint);
	if (r == 0 && strcmp(ret_checkpoint->origin, origin) != 0)
		r = FORMAT_E_MISMATCH;
	note_free(&note);
	return r;
}

/* Whether the log, the note and the places fit together. */
static int check_head(struct session *session,
    const struct wire_sync_entries *entries, struct arrival *arrival)
{
	char origin[NOTE_ORIGIN_MAX];
	uint64_t end = entries->start + entries->items.count, brought = 0;
	int r;

	if (sign_key_check(&entries->author) != 0 || entries->items.count == 0)
		return FORMAT_E_MALFORMED;
	sign_key_author(&entries->author, &arrival->author);
	if (!may_bring(session, &arrival->author))
		return FORMAT_E_MISMATCH;
	note_origin(&arrival->author, &entries->log, origin);
	r = sync_check_note(&entries->author, entries->checkpoint, origin,
	    &arrival->checkpoint);
	if (r != 0)
		return r;
	r = log_tree_find(session->store->database, &arrival->author,
	    &entries->log, &arrival->log);
	if (r == 0)
		r = sync_get_brought(session, arrival->log.id, &brought);
	if (r < 0)
		return r;
	if (entries->start > brought)
		return RECEIVE_E_GAP;
	if (end > arrival->checkpoint.size)
		return FORMAT_E_MALFORMED;
	arrival->skip = brought - entries->start;
	return 0;
}

/* Nodes of a tree that is not stored yet: new ones here, old ones there. */
struct overlay {
	struct database *database;
	int64_t log;
	size_t count, room;
	struct node {
		unsigned level;
		uint64_t index;
		struct digest hash;
	} * nodes;
};

static int overlay_read(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	struct overlay *overlay = context;
	sqlite3_stmt *row;
	struct span hash;
	size_t i;
	int r;

	for (i = overlay->count; i > 0; i--)
		if (overlay->nodes[i - 1].level == level &&
		    overlay->nodes[i - 1].index == index) {
			*ret_hash = overlay->nodes[i - 1].hash;
			return 0;
		}
	row = database_query(overlay->database, SQL_NODE_GET, "iii",
	    overlay->log, (int64_t)level, (int64_t)index);
	r = database_step(row);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	hash = database_column(row, 0);
	r = hash.len == 32 ? 0 : -EIO;
	if (r == 0)
		memcpy(ret_hash->bytes, hash.data, 32);
	database_done(row);
	return r;
}

static int overlay_write(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	struct overlay *overlay = context;
	struct node *more;

	if (overlay->count == overlay->room) {
		overlay->room = overlay->room ? overlay->room * 2 : 64;
		more = realloc(
		    overlay->nodes, overlay->room * sizeof *overlay->nodes);
		if (!more)
			return -ENOMEM;
		overlay->nodes = more;
	}
	overlay->nodes[overlay->count].level = level;
	overlay->nodes[overlay->count].index = index;
	overlay->nodes[overlay->count++].hash = *hash;
	return 0;
}

static int leaf_of(const struct wire_sync_item *item, struct digest *ret_leaf)
{
	struct digest leaf;
	int r;

	if (item->entry.len == 0) {
		*ret_leaf = item->leaf;
		return 0;
	}
	r = merkle_leaf(item->entry, &leaf);
	if (r == 0 && memcmp(leaf.bytes, item->leaf.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	*ret_leaf = leaf;
	return r;
}

/* An entry of a later version is not for this program to judge: its place is
 * kept, by its leaf, so that the log goes on. */
static void pass_over_unknown(struct session *session)
{
	struct wire_sync_entries *entries = &session->entries;
	struct entry *entry = calloc(1, sizeof *entry);
	size_t i;

	for (i = 0; entry && i < entries->items.count; i++)
		if (entries->items.items[i].entry.len > 0 &&
		    entry_parse(entries->items.items[i].entry, entry, NULL) ==
			FORMAT_E_UNKNOWN)
			entries->items.items[i].entry.len = 0;
	free(entry);
}

/* A leaf within our log is the one there; another goes to its end. */
static int check_leaf(uint64_t place, uint64_t held, const struct digest *leaf,
    struct overlay *overlay)
{
	struct digest known;
	int r;

	if (place >= held)
		return merkle_append(
		    place, leaf, overlay_read, overlay_write, overlay);
	r = overlay_read(overlay, 0, place, &known);
	if (r == 0 && memcmp(known.bytes, leaf->bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	return r;
}

/* A checkpoint of no more than we hold is one of ours. */
static int check_checkpoint(
    const struct arrival *arrival, struct overlay *overlay)
{
	const struct checkpoint *checkpoint = &arrival->checkpoint;
	struct digest root;
	int r;

	if (checkpoint->size > arrival->log.size)
		return 0;
	r = merkle_root(checkpoint->size, overlay_read, overlay, &root);
	if (r == 0 && memcmp(root.bytes, checkpoint->root.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	return r;
}

/* Whether our log and this batch lead to the signed root. */
static int check_tree(struct session *session,
    const struct wire_sync_entries *entries, const struct arrival *arrival)
{
	struct overlay overlay = {
	    .database = session->store->database,
	    .log = arrival->log.id,
	};
	uint64_t size = entries->start + entries->items.count, i;
	struct merkle_proof proof;
	struct digest leaf, root;
	int r;

	r = check_checkpoint(arrival, &overlay);
	for (i = arrival->skip; r == 0 && i < entries->items.count; i++) {
		r = leaf_of(&entries->items.items[i], &leaf);
		if (r == 0)
			r = check_leaf(entries->start + i, arrival->log.size,
			    &leaf, &overlay);
	}
	proof.count = entries->consistency.count;
	if (proof.count > 0)
		memcpy(proof.hashes, entries->consistency.items,
		    proof.count * sizeof *proof.hashes);
	if (r == 0)
		r = merkle_root(size, overlay_read, &overlay, &root);
	if (r == 0)
		r = merkle_verify_consistency(size, arrival->checkpoint.size,
		    &proof, &root, &arrival->checkpoint.root);
	free(overlay.nodes);
	return r;
}

/* An envelope has one header for the content and one an attachment. */
static int check_envelope(const struct entry *entry, struct span envelope)
{
	struct age_header header;
	size_t i;

	for (i = 0; i <= entry->attachment_count; i++) {
		if (age_header_parse(envelope, &header) != 0)
			return FORMAT_E_MALFORMED;
		envelope.data += header.length;
		envelope.len -= header.length;
	}
	return envelope.len == 0 ? 0 : FORMAT_E_MALFORMED;
}

int sync_check_item(const struct wire_sync_item *item,
    const struct author_id *author, const struct log_id *log, uint64_t index,
    struct entry *ret_entry)
{
	struct digest payload;
	int r;

	r = entry_parse(item->entry, ret_entry, NULL);
	if (r != 0)
		return r;
	if (memcmp(ret_entry->author.bytes, author->bytes, 32) != 0 ||
	    memcmp(ret_entry->log.bytes, log->bytes, 32) != 0 ||
	    ret_entry->index != index || item->signature.len != 64)
		return FORMAT_E_MISMATCH;
	r = hash_sha256(item->payload, &payload);
	if (r == 0 &&
	    (item->payload.len != ret_entry->content.size ||
		memcmp(payload.bytes, ret_entry->content.payload.bytes, 32)))
		r = FORMAT_E_MISMATCH;
	return r == 0 ? check_envelope(ret_entry, item->envelope) : r;
}

/* --- signatures --------------------------------------------------------- */

static void on_verified(
    struct store *store, void *context, struct wire_frame *answer);

static int submit_verify(struct session *session, struct arrival *arrival)
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

	if (entry->attachment_count == 0 &&
	    age_header_parse(envelope, &header) == 0 &&
	    header.stanza_count == 1)
		return database_run(
		    session->store->database, SQL_UNREAD_ADD, "i", record);
	return receipts_owe(session->store, record, session->partner.id);
}

int sync_add_envelope(struct session *session, const struct author_id *author,
    int64_t record, const struct record_key *key, struct span envelope)
{
	bool direct =
	    memcmp(author->bytes, session->partner.author.bytes, 32) == 0;

	return records_add_envelope(&session->store->records, record, key,
	    direct ? &session->store->author : &session->partner.author,
	    envelope);
}

void sync_second_audience(
    const struct author_id *partner, struct author_id *ret_audience)
{
	static const char why[] = "second envelope of ";
	uint8_t text[sizeof why + 32];
	struct digest digest = {{0}};

	memcpy(text, why, sizeof why);
	memcpy(text + sizeof why, partner->bytes, 32);
	(void)hash_sha256(span_of(text, sizeof text), &digest);
	memcpy(ret_audience->bytes, digest.bytes, 32);
}

/* A mirror's source may bring first what is for its own readers, and share the
 * record with just us later. Neither takes the place of the other: a partner
 * could close to us what we can read. A third is passed over. */
static int add_second_envelope(struct session *session, int64_t record,
    const struct record_key *key, struct span envelope)
{
	struct author_id audience;
	struct digest hash;
	sqlite3_stmt *found;
	bool same;
	int r;

	r = hash_sha256(envelope, &hash);
	if (r != 0)
		return r;
	found = database_query(session->store->database, SQL_ENVELOPE_GET, "ib",
	    record, span_of(session->partner.author.bytes, 32));
	r = database_step(found);
	if (r < 0)
		return r;
	same = r == 0 || span_equal(database_column(found, 1),
			     span_of(hash.bytes, sizeof hash.bytes));
	database_done(found);
	if (same)
		return 0;
	sync_second_audience(&session->partner.author, &audience);
	return records_add_envelope(
	    &session->store->records, record, key, &audience, envelope);
}

int sync_add_known(struct session *session, const struct author_id *author,
    const struct record_row *row, struct span envelope)
{
	struct record_key key;
	int r;

	r = record_keys_get(session->store->records.keys, row->slot, &key);
	if (r == 0)
		r = sync_add_envelope(session, author, row->id, &key, envelope);
	if (r == 0)
		r = add_second_envelope(session, row->id, &key, envelope);
	seal_wipe(&key);
	return r == 0
		   ? receipts_owe(session->store, row->id, session->partner.id)
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

static int add_new(struct session *session, const struct arrival *arrival,
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
static int store_record(struct session *session, const struct arrival *arrival,
    const struct wire_sync_item *item, uint64_t place, bool fills,
    struct entry *entry)
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

/* A record that was shared with us before must be the one that stands at its
 * place in the log. */
static int check_place(struct session *session, int64_t log, uint64_t place,
    const struct digest *leaf)
{
	struct record_row row;
	int r;

	r = records_at(&session->store->records, log, place, &row);
	if (r == DATABASE_E_NONE)
		return 0;
	if (r == 0 && memcmp(row.entry.bytes, leaf->bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	return r;
}

/* A frontier names every log, so there may not be more than it can name. */
static int add_log(struct session *session,
    const struct wire_sync_entries *entries, int64_t *ret_id)
{
	struct database *database = session->store->database;
	int64_t count;
	int r;

	r = database_number(database, SQL_LOG_COUNT, &count, "");
	if (r == 0 && count >= SYNC_LOGS_MAX)
		r = -EDQUOT;
	return r == 0 ? log_tree_add(database, &entries->author, &entries->log,
			    false, session->partner.id, ret_id)
		      : r;
}

/* One place: a gap is filled, or the log goes on by it. */
static int store_item(struct session *session, struct arrival *arrival,
    uint64_t at, struct entry *entry)
{
	const struct wire_sync_item *item = &session->entries.items.items[at];
	uint64_t place = session->entries.start + at;
	bool fills = place < arrival->log.size;
	struct digest leaf;
	int r = 0;

	if (!fills) {
		r = leaf_of(item, &leaf);
		if (r == 0)
			r = check_place(session, arrival->log.id, place, &leaf);
		if (r == 0)
			r = log_tree_append(
			    session->store->database, &arrival->log, &leaf);
	}
	if (r == 0 && item->entry.len > 0)
		r = store_record(session, arrival, item, place, fills, entry);
	return r;
}

static int store_items(struct session *session, struct arrival *arrival)
{
	const struct wire_sync_entries *entries = &session->entries;
	struct entry *entry = calloc(1, sizeof *entry);
	uint64_t i;
	int r = entry ? 0 : -ENOMEM;

	if (r == 0 && arrival->log.id == 0)
		r = add_log(session, entries, &arrival->log.id);
	for (i = arrival->skip; r == 0 && i < entries->items.count; i++)
		r = store_item(session, arrival, i, entry);
	if (r == 0)
		r = sync_set_brought(session, arrival->log.id,
		    entries->start + entries->items.count);
	if (r == 0 && arrival->log.size == arrival->checkpoint.size &&
	    sync_offered_size(&arrival->log) < arrival->log.size)
		r = log_tree_set_checkpoint(session->store->database,
		    &arrival->log, entries->checkpoint);
	free(entry);
	return r;
}

static int store_batch(struct session *session, struct arrival *arrival)
{
	struct database *database = session->store->database;
	int r;

	r = database_begin(database);
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

void sync_end_arrival(struct session *session, int result)
{
	release(session);
	if (result == 0)
		sync_ack(session);
	else
		sync_close(session, result > 0          ? WIRE_CODE_CORRUPT
				    : result == -ENOSPC ? WIRE_CODE_NO_SPACE
				    : result == -EDQUOT ? WIRE_CODE_REFUSED
							: WIRE_CODE_FAILED);
}

bool sync_all_hold(struct wire_frame *answer)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_verified verified;
	bool hold;
	size_t i;

	hold = answer && answer->type == WIRE_WORK_VERIFIED &&
	       wire_decode(WIRE_WORK_VERIFIED, buf_span(&answer->body), &arena,
		   &verified) == 0;
	for (i = 0; hold && i < verified.results.len; i++)
		hold = verified.results.data[i] == 1;
	wire_arena_free(&arena);
	return hold;
}

static void on_verified(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct session *session =
	    sync_find(store, (uint64_t)(uintptr_t)context);
	struct arrival arrival = {.skip = 0};
	int r;

	if (!session || store->state != STORE_OPEN)
		return;
	session->busy = false;
	if (session->closing) { /* it was ended while a worker was busy */
		sync_end_arrival(session, -ECANCELED);
		return;
	}
	/* Another meeting may have brought the log on meanwhile: what was true
	 * of its end must be found true again. */
	r = sync_all_hold(answer)
		? check_head(session, &session->entries, &arrival)
		: FORMAT_E_MISMATCH;
	if (r == 0 && arrival.skip < session->entries.items.count) {
		r = check_tree(session, &session->entries, &arrival);
		if (r == 0)
			r = store_batch(session, &arrival);
		if (r == FORMAT_E_MISMATCH)
			sync_keep_fork(
			    session, &arrival.log, session->entries.checkpoint);
	}
	if (r == 0 && arrival.log.size == arrival.checkpoint.size)
		sync_queue_cosign(session, &arrival.log);
	log_row_free(&arrival.log);
	sync_end_arrival(session, r);
}

void sync_receive_entries(struct session *session, struct wire_frame *frame)
{
	struct arrival arrival = {.skip = 0};
	bool gap;
	int r;

	session->held = *frame;
	r = wire_decode(WIRE_SYNC_ENTRIES, buf_span(&session->held.body),
	    &session->held_arena, &session->entries);
	if (r == 0)
		r = check_head(session, &session->entries, &arrival);
	gap = r == RECEIVE_E_GAP && session->carrier == WIRE_CARRIER_READ;
	if (gap || (r == 0 && arrival.skip >= session->entries.items.count)) {
		/* Too early for us, or all brought already. */
		session->gaps += gap;
		log_row_free(&arrival.log);
		sync_end_arrival(session, 0);
		return;
	}
	if (r == 0)
		r = check_tree(session, &session->entries, &arrival);
	if (r == 0)
		pass_over_unknown(session);
	if (r == FORMAT_E_MISMATCH && arrival.log.id > 0)
		sync_keep_fork(
		    session, &arrival.log, session->entries.checkpoint);
	if (r == 0)
		r = submit_verify(session, &arrival);
	log_row_free(&arrival.log);
	if (r != 0)
		sync_end_arrival(session, r);
}
