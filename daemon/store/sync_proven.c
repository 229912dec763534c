/*
 * Single entries with the proof of their place: what was shared with a partner
 * that does not hold the log, or held its place as a leaf only.
 *
 * Ours go out once a meeting until the partner's receipt is here. Theirs are
 * held against their own proof, against what is known of that log, and against
 * their signature before they are stored; the log's other places stay unknown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/jobs.h"
#include "daemon/store/own_log.h"
#include "daemon/store/proofs.h"
#include "daemon/store/sync_proven.h"
#include "daemon/store/sync_quota.h"
#include "daemon/store/withdraw.h"
#include "proto/format/sshsig.h"

#define PROVE_MAX 256       /* in a turn */
#define PROVEN_E_UNASKED 34 /* what this node wrote, and did not ask for */

/* --- ours --------------------------------------------------------------- */

/* DATABASE_E_NONE when nothing proves it yet, or it is not for this partner. */
static int send_one(struct session *session, const struct record_row *row)
{
	struct store *store = session->store;
	struct buf envelope = {0}, proof = {0};
	struct record_body body = {.entry = {0}};
	struct log_row log = {.id = 0};
	struct wire_sync_proven message;
	int r;

	r = log_tree_load(store->database, row->log, &log);
	if (r == 0)
		r = sync_envelope(session, &log, row, &envelope);
	if (r == 0)
		r = records_body(&store->records, row, &body);
	if (r == 0)
		r = proofs_build_bare(store, row, &log, &proof);
	if (r == 0) {
		message.author = log.key;
		message.entry = body.entry;
		memcpy(message.signature.bytes, body.signature.data, 64);
		message.payload = body.payload;
		message.envelope = buf_span(&envelope);
		message.proof = buf_span(&proof);
		r = sync_message(session, WIRE_SYNC_PROVEN, &message);
	}
	log_row_free(&log);
	record_body_free(&body);
	buf_free(&envelope);
	buf_free(&proof);
	return r;
}

/* Without the entries before it: a partner that takes no more of those, or is
 * reached by a bundle that follows on nothing it holds, obeys all the same. */
int sync_send_withdrawal(struct session *session)
{
	struct store *store = session->store;
	struct record_row row;
	int64_t record;
	int r = 0;

	if (session->withdrawal_at == 0)
		r = database_run(store->database, SQL_WITHDRAWAL_AHEAD, "i",
		    session->partner.id);
	while (r == 0) {
		r = sync_next_withdrawal(session, &record);
		if (r != 0)
			return r < 0 ? r : 0;
		session->withdrawal_at = record;
		r = records_load(&store->records, record, &row);
		if (r == 0)
			r = send_one(session, &row);
		if (r == 0) {
			session->told_news = true;
			return 1;
		}
		if (r == DATABASE_E_NONE)
			r = 0;
	}
	return r < 0 ? r : -EIO;
}

/* What was told ahead is told once: 1, 0 or -errno. What only came to this
 * node beyond its place in a log was not. */
static int is_told(struct session *session, const struct record_row *row)
{
	int64_t delivered;
	int r;

	if (!row->withdraws || row->id > session->withdrawal_at)
		return 0;
	r = database_number(session->store->database, SQL_SHARED_FIND,
	    &delivered, "ii", row->id, session->partner.id);
	return r == DATABASE_E_NONE ? 0 : r < 0 ? r : 1;
}

static int next_proven(struct session *session, struct record_row *ret_row)
{
	struct store *store = session->store;
	int64_t record;
	int r, told = 1;

	while (told == 1) {
		r = database_number(store->database, SQL_SHARED_NEXT, &record,
		    "iii", session->partner.id, session->proven_at,
		    (int64_t)session->partner.mirror);
		if (r != 0)
			return r;
		session->proven_at = record;
		r = records_load(&store->records, record, ret_row);
		if (r != 0)
			return r > 0 ? -EIO : r;
		told = is_told(session, ret_row);
	}
	return told;
}

static bool is_wanted(
    const struct session *session, const struct digest *object)
{
	size_t i;

	for (i = 0; i < session->frontier.wants.count; i++)
		if (memcmp(session->frontier.wants.items[i].object.bytes,
			object->bytes, sizeof object->bytes) == 0)
			return true;
	return false;
}

/* Whether no other record names that object: 1, 0 or -errno. */
static int is_alone(struct records *records, const struct object_row *object)
{
	struct object_row other = {.id = 0};
	int r;

	do {
		r = records_object_by_digest(
		    records, &object->digest, other.id, &other);
	} while (r == 0 && other.id == object->id);
	explicit_bzero(&other, sizeof other);
	return r == DATABASE_E_NONE ? 1 : r;
}

/* Who wants what hangs on a record, and on no other, has it, and confirms it
 * when it has that: 1, 0 or -errno. */
static int is_held(struct session *session, const struct record_row *row)
{
	struct records *records = &session->store->records;
	struct object_row object;
	int held = 0, r = 0;
	uint64_t i;

	for (i = 0; r == 0 && held == 0 && i < row->attachments; i++) {
		r = records_object(records, row, i, &object);
		if (r == 0 && is_wanted(session, &object.digest))
			held = is_alone(records, &object);
		explicit_bzero(&object, sizeof object);
	}
	if (r == 0)
		return held > 1 ? -EIO : held;
	return r < 0 ? r : -EIO;
}

int sync_send_proven(struct session *session)
{
	struct record_row row;
	int r;

	do {
		r = next_proven(session, &row);
		if (r != 0)
			return r < 0 ? r : 0;
		r = is_held(session, &row);
		if (r < 0)
			return r;
		r = r == 1 ? DATABASE_E_NONE : send_one(session, &row);
	} while (r == DATABASE_E_NONE);
	if (r != 0)
		return r < 0 ? r : -EIO;
	session->told_news = true;
	return 1;
}

/* ${ret_next}: the place behind it. */
static int prove(struct session *session, const struct log_row *log,
    int64_t record, uint64_t *ret_next)
{
	struct store *store = session->store;
	struct buf proof = {0};
	struct record_key key;
	struct record_row row;
	int r;

	r = records_load(&store->records, record, &row);
	if (r == 0)
		r = proofs_build_bare(store, &row, log, &proof);
	if (r == 0)
		r = record_keys_get(store->records.keys, row.slot, &key);
	if (r == FORMAT_E_MISMATCH) /* positive would say that it was sent */
		r = -EIO;
	if (r == 0) {
		r = records_add_proof(
		    &store->records, record, &key, buf_span(&proof));
		seal_wipe(&key);
		*ret_next = row.place + 1;
	}
	buf_free(&proof);
	return r;
}

static int prove_some(struct session *session, const struct log_row *log,
    uint64_t next, uint64_t size)
{
	struct database *database = session->store->database;
	int64_t record;
	int r, i;

	r = database_begin(database);
	for (i = 0; r == 0 && i < PROVE_MAX; i++) {
		r = database_number(database, SQL_UNPROVEN_NEXT, &record, "iii",
		    log->id, (int64_t)next, (int64_t)size);
		if (r == 0)
			r = prove(session, log, record, &next);
	}
	if (r == DATABASE_E_NONE)
		r = 0;
	if (r == 0)
		r = database_commit(database);
	return r == 0 ? 0 : database_rollback(database, r);
}

/* Whether more of that log may come at any moment. */
static bool is_coming(struct store *store, const struct log_row *log)
{
	struct session *session = NULL;

	while ((session = sync_next_session(store, session)))
		if (memcmp(session->partner.author.bytes, log->author.bytes,
			sizeof log->author.bytes) == 0)
			return true;
	return false;
}

int sync_prove_some(struct session *session, const struct log_row *log,
    bool otherwise, uint64_t size)
{
	struct log_edge edge = {.old = 0};
	int r = 0;

	if (!log->own && log->size > size && !is_coming(session->store, log))
		r = log_tree_edge(session->store->database, log->id, &edge);
	buf_free(&edge.note);
	if (r == 0 && otherwise && size > 0)
		r = prove_some(session, log, 0, size);
	return r == 0 && edge.old > size
		   ? prove_some(session, log, size, edge.old)
		   : r;
}

int sync_next_proven_object(
    struct session *session, struct wire_sync_want *ret_want)
{
	sqlite3_stmt *row;
	struct span digest;
	int r;

	row = database_query(session->store->database, SQL_SHARED_OBJECT_AFTER,
	    "iii", session->partner.id, session->proven_object,
	    (int64_t)session->partner.mirror);
	r = database_step(row);
	if (r <= 0)
		return r;
	session->proven_object = database_column_int(row, 0);
	digest = database_column(row, 1);
	if (digest.len == 32)
		memcpy(ret_want->object.bytes, digest.data, 32);
	ret_want->offset = 0;
	database_done(row);
	return 1;
}

/* --- theirs ------------------------------------------------------------- */

/* Whether another entry stands at its place here. */
static int check_place(
    struct session *session, const struct sync_proven *proven, bool *ret_beside)
{
	struct store *store = session->store;
	struct record_row row;
	struct digest leaf;
	int r;

	*ret_beside = false;
	r = records_at(
	    &store->records, proven->log.id, proven->entry.index, &row);
	if (r == 0)
		*ret_beside =
		    memcmp(row.entry.bytes, proven->id.bytes, 32) != 0;
	if (r == DATABASE_E_NONE)
		r = 0;
	if (r == 0 && proven->entry.index < proven->log.size) {
		r = log_tree_leaf(store->database, proven->log.id,
		    proven->entry.index, &leaf);
		*ret_beside |= memcmp(leaf.bytes, proven->id.bytes, 32) != 0;
	}
	return r;
}

/* Whether a log is told in two ways: by another entry of this place, or by its
 * root. It is the author's word all the same, and both are kept. */
static int check_history(struct session *session, struct sync_proven *proven)
{
	struct store *store = session->store;
	uint64_t size = proven->checkpoint.size;
	struct digest root;
	bool forked;
	int r;

	proven->beside = false;
	if (proven->log.id == 0)
		return 0;
	r = check_place(session, proven, &proven->beside);
	if (r == 0 && proven->beside &&
	    proven->entry.index > RECORDS_BESIDE_MAX)
		return FORMAT_E_UNKNOWN; /* no log is that long */
	forked = proven->beside;
	if (r == 0 && size <= proven->log.size) {
		r = log_tree_root(store->database, proven->log.id, size, &root);
		forked |=
		    memcmp(root.bytes, proven->checkpoint.root.bytes, 32) != 0;
	}
	if (r == 0 && forked)
		r = sync_keep_fork(
		    session, &proven->log, proven->proof.checkpoint, true);
	return r;
}

int sync_check_proven(
    const struct wire_sync_proven *message, struct sync_proven *ret_proven)
{
	struct wire_sync_item item = {
	    .entry = message->entry,
	    .signature = span_of(message->signature.bytes, 64),
	    .payload = message->payload,
	    .envelope = message->envelope,
	};
	char origin[NOTE_ORIGIN_MAX];
	struct digest leaf;
	int r;

	r = sign_key_check(&message->author);
	if (r == 0)
		r = entry_parse(message->entry, &ret_proven->entry, NULL);
	if (r == 0)
		r = entry_id_of(message->entry, &ret_proven->id);
	if (r != 0)
		return r;
	sign_key_author(&message->author, &ret_proven->author);
	r = sync_check_item(&item, &ret_proven->author, &ret_proven->entry.log,
	    ret_proven->entry.index, &ret_proven->entry);
	if (r == 0)
		r = proof_parse(message->proof, &ret_proven->proof);
	if (r == 0 && ret_proven->proof.index != ret_proven->entry.index)
		r = FORMAT_E_MISMATCH;
	if (r != 0)
		return r;
	note_origin(&ret_proven->author, &ret_proven->entry.log, origin);
	memcpy(leaf.bytes, ret_proven->id.bytes, 32);
	r = proof_verify(&ret_proven->proof, &leaf, origin, &message->author);
	return r == 0 ? sync_check_note(&message->author,
			    ret_proven->proof.checkpoint, origin,
			    &ret_proven->checkpoint)
		      : r;
}

static bool is_own(
    const struct session *session, const struct sync_proven *proven)
{
	return memcmp(proven->author.bytes, session->store->author.bytes, 32) ==
	       0;
}

static int check(struct session *session, struct sync_proven *proven)
{
	const struct wire_sync_proven *message = &session->proven;
	int r;

	r = sync_check_proven(message, proven);
	if (r == 0 && is_own(session, proven) && !session->recover &&
	    proven->entry.withdraw_count == 0)
		r = PROVEN_E_UNASKED;
	if (r == 0)
		r = log_tree_find(session->store->database, &proven->author,
		    &proven->entry.log, &proven->log);
	if (r == DATABASE_E_NONE)
		r = 0;
	return r == 0 ? check_history(session, proven) : r;
}

static int find_log(
    struct session *session, const struct sync_proven *proven, int64_t *ret_log)
{
	if (proven->log.id > 0) {
		*ret_log = proven->log.id;
		return 0;
	}
	if (is_own(session, proven))
		return log_tree_add(session->store->database,
		    &session->proven.author, &proven->entry.log, true, 0,
		    ret_log);
	return sync_add_log(session, &session->proven.author,
	    &proven->entry.log, SYNC_LOGS_SINGLE_MAX, ret_log);
}

/* Who brought it back has it; but perhaps not what hangs on it: it is told
 * again once that is here, and confirms then. */
static int settle_bringer(struct session *session,
    const struct sync_proven *proven, int64_t record, bool whole)
{
	enum { TOLD, CONFIRMED, WAITING } shared = whole ? TOLD : WAITING;
	struct database *database = session->store->database;
	int r = 0;

	if (proven->entry.attachment_count == 0) {
		shared = CONFIRMED;
		r = database_run(database, SQL_RECOVERED_CONFIRM, "ib", record,
		    span_of(session->partner.author.bytes, 32));
	}
	return r == 0 ? database_run(database, SQL_RECOVERED_SHARE, "iii",
			    record, session->partner.id, (int64_t)shared)
		      : r;
}

/* What this node wrote and a partner brought back. What it took back then is
 * told to the others once more. */
static int settle_own(
    struct session *session, const struct sync_proven *proven, int64_t record)
{
	struct database *database = session->store->database;
	int r;

	session->store->recovered++;
	r = settle_bringer(session, proven, record, false);
	if (r == 0 && proven->entry.withdraw_count > 0)
		r = database_run(database, SQL_RECOVERED_TELL, "ii", record,
		    session->partner.id);
	return r;
}

/* One that is here already. Another partner may have brought it back before:
 * this one is owed nothing of it, and what came with it goes to nobody. */
static int add_known(struct session *session, const struct sync_proven *proven,
    const struct record_row *row)
{
	struct store *store = session->store;
	struct buf envelope = {0};
	struct digest hash;
	int known = 0, r;

	if (is_own(session, proven))
		known = records_envelope(&store->records, row,
		    &session->partner.author, &envelope, &hash);
	buf_free(&envelope);
	if (known < 0)
		return known;
	r = sync_add_known(
	    session, &proven->author, row, session->proven.envelope);
	if (r == 0 && known == DATABASE_E_NONE)
		r = settle_bringer(session, proven, row->id, row->whole);
	return r;
}

static int add_record(struct session *session, struct sync_proven *proven)
{
	const struct wire_sync_proven *message = &session->proven;
	struct records *records = &session->store->records;
	struct record_new record = {
	    .place = proven->entry.index,
	    .beside = proven->beside,
	    .id = proven->id,
	    .entry = &proven->entry,
	    .entry_bytes = message->entry,
	    .signature = span_of(message->signature.bytes, 64),
	    .payload = message->payload,
	    .source = session->partner.id,
	};
	struct record_key key;
	int64_t id;
	int r;

	r = find_log(session, proven, &record.log);
	if (r == 0)
		r = records_add(records, &record, &key, &id);
	if (r != 0)
		return r;
	r = records_add_proof(records, id, &key, message->proof);
	if (r == 0)
		r = sync_add_envelope(
		    session, &proven->author, id, &key, message->envelope);
	if (r == 0)
		r = sync_add_objects(session, &proven->entry, id, &key);
	if (r == 0)
		r = sync_note_arrival(
		    session, &proven->entry, message->envelope, id);
	if (r == 0 && is_own(session, proven))
		r = settle_own(session, proven, id);
	seal_wipe(&key);
	return r;
}

/* As withdraw_binds(); what was set aside is here until a person decides. */
static int binds(struct session *session, const struct sync_proven *proven)
{
	struct store *store = session->store;
	struct record_row row;
	int r;

	r = records_find(&store->records, &proven->id, &row);
	if (r == 0 && row.withdrawn == RECORD_SET_ASIDE)
		return 0;
	return r < 0 ? r : withdraw_binds(store, &proven->id, &proven->author);
}

static int store_proven(struct session *session, struct sync_proven *proven)
{
	struct store *store = session->store;
	struct quota_cost cost;
	struct record_row row;
	int r;

	/* What was taken back does not come in again. */
	r = withdraw_can(&proven->entry) ? binds(session, proven) : 0;
	if (r == 1) /* whoever brings it is told so */
		return withdraw_tell(store, &proven->id, &proven->author,
		    &session->partner.author);
	if (r < 0)
		return r;
	r = database_begin(store->database);
	if (r == 0)
		r = sync_cost_proven(session, &proven->author, &cost);
	if (r == 0)
		r = sync_quota_charge(session, &cost);
	if (r == 0)
		r = records_find(&store->records, &proven->id, &row);
	if (r == 0)
		r = add_known(session, proven, &row);
	else if (r == DATABASE_E_NONE)
		r = add_record(session, proven);
	if (r == 0)
		r = record_keys_sync(store->records.keys);
	if (r == 0)
		r = database_commit(store->database);
	return r == 0 ? 0 : database_rollback(store->database, r);
}

/* What this node wrote in the log that it writes, and does not have there: the
 * place is taken, so it goes on in another before it takes this in. */
static int part_with_own(struct session *session, struct sync_proven *proven)
{
	int r;

	if (!own_log_is_current(session->store, &proven->log))
		return 0;
	r = sync_hear_own(session, &proven->log, proven->proof.checkpoint);
	if (r != SYNC_E_PUT_BACK)
		return r;
	session->was_put_back = true;
	return 0;
}

static void on_verified(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct session *session =
	    sync_find(store, (uint64_t)(uintptr_t)context);
	struct sync_proven *proven = calloc(1, sizeof *proven);
	int r = -ECANCELED;

	if (session && store->state == STORE_OPEN) {
		session->busy = false;
		/* Other meetings went on meanwhile: it is checked again. */
		if (!session->closing)
			r = sync_all_hold(answer, session->asked);
		if (r == 0)
			r = proven ? check(session, proven) : -ENOMEM;
		if (r == 0)
			r = part_with_own(session, proven);
		if (r == 0)
			r = store_proven(session, proven);
		/* It comes once a meeting, and with it what has room. */
		sync_end_arrival(session, r == SYNC_E_LOGS ? 0 : r);
	}
	if (proven)
		log_row_free(&proven->log);
	free(proven);
}

static int submit(struct session *session)
{
	struct wire_work_verify job = {.job = jobs_number(session->store)};
	struct wire_verify_item item = {
	    .key = session->proven.author,
	    .entry = session->proven.entry,
	    .signature = session->proven.signature,
	};
	int r;

	job.items.items = &item;
	job.items.count = 1;
	session->busy = true;
	session->asked = 1;
	r = jobs_submit(session->store, job.job, WIRE_WORK_VERIFY, &job, NULL,
	    0, on_verified, (void *)(uintptr_t)session->number);
	if (r != 0)
		session->busy = false;
	return r;
}

void sync_receive_proven(struct session *session, struct wire_frame *frame)
{
	struct sync_proven *proven = calloc(1, sizeof *proven);
	struct quota_cost cost;
	int r;

	session->held = *frame;
	r = wire_decode(WIRE_SYNC_PROVEN, buf_span(&session->held.body),
	    &session->held_arena, &session->proven);
	if (r == 0)
		r = proven ? check(session, proven) : -ENOMEM;
	if (r == 0)
		r = sync_cost_proven(session, &proven->author, &cost);
	if (r == 0)
		r = sync_quota_check(session, &cost);
	if (r == 0)
		r = submit(session);
	if (r == FORMAT_E_UNKNOWN || r == PROVEN_E_UNASKED)
		/* Of a later version; or left from a recovery that was cut. */
		sync_end_arrival(session, 0);
	else if ((r == QUOTA_E_FULL || r == QUOTA_E_RATE) &&
		 proven->entry.withdraw_count > 0)
		/* Nothing here is taken back by it; the next one may. It comes
		 * again, and in its log. */
		sync_end_arrival(session, 0);
	else if (r != 0)
		sync_end_arrival(session, r);
	if (proven)
		log_row_free(&proven->log);
	free(proven);
}
