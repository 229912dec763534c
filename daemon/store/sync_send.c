/*
 * Our turn: one message for each question of the courier, so that what waits
 * to be sent stays in the database and not in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/own_log.h"
#include "daemon/store/receipts.h"
#include "daemon/store/sync_object.h"
#include "daemon/store/sync_proven.h"
#include "proto/format/hash.h"

#define BATCH_ITEMS 1024
#define BATCH_BYTES (1024 * 1024)
#define BATCH_BYTES_FIRST 16384
#define WANTS_MAX 1024
#define TURNS_ENOUGH 8
#define SEND_E_WAIT 32 /* not before this node knows what it is */

static bool same_author(const struct author_id *a, const struct author_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int sync_may_offer(const struct session *session, const struct log_row *log)
{
	bool parted = false;
	int r;

	if (same_author(&log->author, &session->partner.author))
		return 0; /* it is theirs */
	if (!log->own)
		return session->partner.mirror;
	r = own_log_is_parted(
	    session->store, log, session->partner.id, &parted);
	return r < 0 ? r : !parted;
}

uint64_t sync_offered_size(const struct log_row *log)
{
	return log->own ? log->size
			: log_tree_note_size(buf_span(&log->checkpoint));
}

/* Of a log that is handed on, to a mirror. */
static int mirrored_envelope(
    struct session *session, const struct record_row *row, struct buf *out)
{
	struct records *records = &session->store->records;
	struct digest hash;
	int r;

	/* Its own, or that for our readers, which it is one of. */
	r = records_envelope(
	    records, row, &session->partner.author, out, &hash);
	return r == DATABASE_E_NONE ? records_any_envelope(records, row,
					  &session->store->author, out)
				    : r;
}

int sync_envelope(struct session *session, const struct log_row *log,
    const struct record_row *row, struct buf *out)
{
	struct records *records = &session->store->records;
	const struct author_id *audience = &session->partner.author;
	struct digest hash;
	int64_t delivered;
	int r = 0;

	if (row->withdrawn)
		return DATABASE_E_NONE;
	if (same_author(&log->author, audience)) /* brought back: it has none */
		audience = &session->store->author;
	if (!log->own && session->partner.mirror)
		return mirrored_envelope(session, row, out);
	if (!log->own)
		r = database_number(records->database, SQL_SHARED_FIND,
		    &delivered, "ii", row->id, session->partner.id);
	if (r != 0)
		return r;
	r = records_envelope(records, row, audience, out, &hash);
	/* Whoever gets a log at all must hear what is taken back; and an author
	 * gets back what came here by whatever way. */
	return r == DATABASE_E_NONE &&
		       (row->withdraws ||
			   same_author(&log->author, &session->partner.author))
		   ? records_any_envelope(
			 records, row, &session->store->author, out)
		   : r;
}

static uint64_t peer_size(
    const struct session *session, const struct log_row *log)
{
	const struct wire_sync_log *item =
	    sync_said_of(&session->frontier, log);

	return item ? item->size : 0;
}

/* Of a log that was told to the peer in another way it takes nothing from
 * here: 1, 0 or -errno. Where it says that we brought more than is here, this
 * node was put back, and what is here now may be another telling. */
static int is_told_otherwise(struct session *session, const struct log_row *log)
{
	const struct wire_sync_log *item =
	    sync_said_of(&session->frontier, log);
	struct digest root;
	int r;

	if (log->own || !item || item->size == 0)
		return 0;
	if (item->size > log->size)
		return 1;
	r = log_tree_root(session->store->database, log->id, item->size, &root);
	if (r != 0)
		return r < 0 ? r : -EIO;
	return memcmp(root.bytes, item->root.bytes, 32) != 0;
}

/* The checkpoint of an own log, signed, with the cosignature of this partner
 * alone: the others' would tell it who they are. */
static int own_note(
    struct session *session, const struct log_row *log, struct buf *out_note)
{
	char origin[NOTE_ORIGIN_MAX], witness[NOTE_ORIGIN_MAX];
	struct buf bytes = {0};
	struct note note;
	int r;

	note_origin(&log->author, &log->log, origin);
	note_witness_name(&session->partner.author, witness);
	r = own_log_note(session->store, log, &bytes);
	if (r == 0 && note_parse(buf_span(&bytes), &note) != 0)
		r = -EIO;
	if (r == 0) {
		r = note_begin(note.text, out_note);
		if (r == 0)
			r = note_copy(&note, origin, out_note);
		if (r == 0)
			r = note_copy(&note, witness, out_note);
		note_free(&note);
	}
	buf_free(&bytes);
	return r;
}

/* Of a log that is handed on: with this node's cosignature and this partner's
 * alone, likewise. What is stored was verified. */
static int handed_note(
    struct session *session, const struct log_row *log, struct buf *out_note)
{
	const struct author_id *const witnesses[] = {
	    &session->store->author, &session->partner.author};
	char name[NOTE_ORIGIN_MAX];
	struct note note;
	size_t i;
	int r;

	if (log->checkpoint.len == 0)
		return 0;
	if (note_parse(buf_span(&log->checkpoint), &note) != 0)
		return -EIO;
	note_origin(&log->author, &log->log, name);
	r = note_begin(note.text, out_note);
	if (r == 0)
		r = note_copy(&note, name, out_note);
	for (i = 0; r == 0 && i < 2; i++) {
		note_witness_name(witnesses[i], name);
		r = note_copy(&note, name, out_note);
	}
	note_free(&note);
	return r;
}

/* The note that is offered with a log, and the size it speaks of. */
static int offered(struct session *session, const struct log_row *log,
    struct buf *out_note, uint64_t *ret_size)
{
	int r = 0;

	if (!log->own)
		r = handed_note(session, log, out_note);
	else if (log->size > 0)
		r = own_note(session, log, out_note);
	if (r == 0)
		*ret_size = log_tree_note_size(buf_span(out_note));
	return r;
}

/* --- entries ------------------------------------------------------------ */

struct batch {
	struct wire_sync_entries message;
	struct wire_sync_item items[BATCH_ITEMS];
	struct record_body bodies[BATCH_ITEMS];
	struct buf envelopes[BATCH_ITEMS];
	struct buf note;
	size_t bytes;
};

static void batch_free(struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->message.items.count; i++) {
		record_body_free(&batch->bodies[i]);
		buf_free(&batch->envelopes[i]);
	}
	buf_free(&batch->note);
	free(batch);
}

/* A receipt is between two, and a mirror that got it would owe one for it: it
 * gets the leaf. What was not read yet may be one, and the log waits for that:
 * 0, DATABASE_E_NONE for a leaf, or SEND_E_WAIT. */
static int check_private(struct session *session, const struct log_row *log,
    const struct record_row *row)
{
	bool hidden, unread;
	sqlite3_stmt *found;
	int r;

	if (log->own)
		return 0;
	found = database_query(
	    session->store->database, SQL_RECORD_PRIVATE, "i", row->id);
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	hidden = database_column_int(found, 0);
	unread = database_column_int(found, 1);
	database_done(found);
	if (unread)
		return SEND_E_WAIT;
	return hidden && !row->withdraws ? DATABASE_E_NONE : 0;
}

/* One place of a log: whole for the audience, else its leaf; or SEND_E_WAIT. */
static int add_item(struct session *session, const struct log_row *log,
    uint64_t place, struct batch *batch)
{
	struct records *records = &session->store->records;
	size_t at = batch->message.items.count;
	struct wire_sync_item *item = &batch->items[at];
	struct record_row row;
	int r;

	r = records_at(records, log->id, place, &row);
	if (r == 0)
		r = check_private(session, log, &row);
	if (r < 0 || r == SEND_E_WAIT)
		return r;
	batch->message.items.count++;
	batch->bytes += 40;
	if (log_tree_leaf(records->database, log->id, place, &item->leaf) != 0)
		return -EIO;
	if (r == 0)
		r = sync_envelope(session, log, &row, &batch->envelopes[at]);
	if (r == DATABASE_E_NONE)
		return 0;
	if (r == 0)
		r = records_body(records, &row, &batch->bodies[at]);
	if (r != 0)
		return r;
	item->entry = batch->bodies[at].entry;
	item->signature = batch->bodies[at].signature;
	item->payload = batch->bodies[at].payload;
	item->envelope = buf_span(&batch->envelopes[at]);
	batch->bytes +=
	    item->entry.len + item->payload.len + item->envelope.len + 200;
	return 0;
}

/* A batch that is cut off is sent again whole. The first of a meeting is small
 * and each is twice the one before: so even a line that holds for a minute only
 * brings the log forward, and a good one is soon filled. 1 sent, 0 nothing
 * to send now. */
static int send_batch(struct session *session, const struct log_row *log,
    struct batch *batch, uint64_t start, uint64_t size)
{
	size_t limit = session->batch_bytes;
	struct merkle_proof proof = {.count = 0};
	uint64_t at = start;
	int r = 0;

	if (limit == 0)
		limit = session->carrier == WIRE_CARRIER_WRITE
			    ? BATCH_BYTES /* a file is never cut */
			    : BATCH_BYTES_FIRST;
	batch->message.author = log->key;
	batch->message.log = log->log;
	batch->message.start = start;
	batch->message.items.items = batch->items;
	while (r == 0 && at < size && batch->bytes < limit &&
	       batch->message.items.count < BATCH_ITEMS) {
		r = add_item(session, log, at, batch);
		at += r == 0;
	}
	if (r == SEND_E_WAIT)
		r = 0;
	if (r == 0 && batch->message.items.count == 0)
		return 0;
	if (r == 0)
		r = log_tree_consistency(
		    session->store->database, log->id, at, size, &proof);
	batch->message.consistency.items = proof.hashes;
	batch->message.consistency.count = proof.count;
	batch->message.checkpoint = buf_span(&batch->note);
	if (r == 0)
		r = sync_message(session, WIRE_SYNC_ENTRIES, &batch->message);
	if (r == 0) {
		session->entry_at = at;
		session->told_news = true;
		session->batch_bytes =
		    limit < BATCH_BYTES / 2 ? limit * 2 : BATCH_BYTES;
	}
	return r == 0 ? 1 : r;
}

/* Send the next batch of one log: 1 sent, 0 nothing left, -errno. */
static int send_log(struct session *session, const struct log_row *log)
{
	struct batch *batch = calloc(1, sizeof *batch);
	uint64_t size = 0, start;
	int r;

	if (!batch)
		return -ENOMEM;
	r = offered(session, log, &batch->note, &size);
	start = session->entry_at == UINT64_MAX ? peer_size(session, log)
						: session->entry_at;
	if (r == 0)
		r = is_told_otherwise(session, log);
	if (r == 0 && start < size)
		r = send_batch(session, log, batch, start, size);
	else if (r >= 0)
		r = sync_prove_some(session, log, r > 0, size);
	batch_free(batch);
	return r;
}

/* 1 sent, 0 nothing left. */
static int send_entries(struct session *session)
{
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	r = log_tree_all(session->store->database, &logs, &count);
	if (r < 0)
		return r;
	while (r == 0 && session->log_at < count) {
		r = sync_may_offer(session, &logs[session->log_at]);
		if (r == 1)
			r = logs[session->log_at].own || !session->disowned
				? send_log(session, &logs[session->log_at])
				: 0;
		if (r == 0) {
			session->log_at++;
			session->entry_at = UINT64_MAX;
		}
	}
	for (i = 0; i < count; i++)
		log_row_free(&logs[i]);
	free(logs);
	return r;
}

/* The next object of ${log}'s entries that are in this bundle: 1 sent, 0 none
 * is left. */
static int send_eager_of(struct session *session, const struct log_row *log)
{
	struct wire_sync_want want = {.offset = 0};
	struct span digest;
	sqlite3_stmt *row;
	int r;

	if (session->eager.log != log->id) {
		session->eager.log = log->id;
		session->eager.place = (int64_t)peer_size(session, log);
		session->eager.object = 0;
	}
	do {
		row = database_query(session->store->database, SQL_OBJECT_AFTER,
		    "iii", log->id, session->eager.place,
		    session->eager.object);
		r = database_step(row);
		if (r <= 0)
			return r;
		session->eager.place = database_column_int(row, 0);
		session->eager.object = database_column_int(row, 1);
		digest = database_column(row, 2);
		if (digest.len == 32)
			memcpy(want.object.bytes, digest.data, 32);
		database_done(row);
		r = sync_send_object(session, &want);
	} while (r == DATABASE_E_NONE);
	return r == 0 ? 1 : r;
}

/* A bundle cannot ask: with new entries go their objects. */
static int send_eager(struct session *session)
{
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	r = log_tree_all(session->store->database, &logs, &count);
	if (r < 0)
		return r;
	for (i = 0; r == 0 && i < count; i++) {
		if (logs[i].id < session->eager.log)
			continue;
		r = sync_may_offer(session, &logs[i]);
		if (r == 1)
			r = send_eager_of(session, &logs[i]);
	}
	for (i = 0; i < count; i++)
		log_row_free(&logs[i]);
	free(logs);
	return r;
}

/* What is shared beyond the logs, likewise. */
static int send_proven_object(struct session *session)
{
	struct wire_sync_want want;
	int r;

	do {
		r = sync_next_proven_object(session, &want);
		if (r <= 0)
			return r;
		r = sync_send_object(session, &want);
	} while (r == DATABASE_E_NONE);
	return r == 0 ? 1 : r;
}

static int send_objects(struct session *session)
{
	const struct wire_sync_want *want;
	int r;

	while (session->want_at < session->frontier.wants.count) {
		want = &session->frontier.wants.items[session->want_at++];
		r = sync_send_object(session, want);
		if (r == DATABASE_E_NONE)
			continue;
		if (r == 0)
			session->told_news = true;
		return r == 0 ? 1 : r;
	}
	if (session->carrier != WIRE_CARRIER_WRITE)
		return 0;
	r = send_eager(session);
	return r == 0 ? send_proven_object(session) : r;
}

static int send_cosign(struct session *session)
{
	struct pending_cosign *cosign = session->cosigns;
	struct wire_sync_cosign message;
	int r;

	if (!cosign)
		return 0;
	message.author = cosign->author;
	message.log = cosign->log;
	message.note = buf_span(&cosign->note);
	r = sync_message(session, WIRE_SYNC_COSIGN, &message);
	session->cosigns = cosign->next;
	buf_free(&cosign->note);
	free(cosign);
	session->told_news = true;
	return r == 0 ? 1 : r;
}

/* --- frontier ----------------------------------------------------------- */

struct frontier {
	struct wire_sync_frontier message;
	struct wire_sync_log *logs;
	struct buf *notes;
	size_t room; /* in bytes, for more logs */
	struct wire_sync_want wants[WANTS_MAX];
};

#define FRONTIER_LOG_BYTES 128 /* but for its note */
#define FRONTIER_WANT_BYTES 64

/* Whether the partner is shown what it signed itself. By a bundle always,
 * whoever brought it here: what it holds now is not known. */
static bool shows_own(const struct session *session)
{
	return sync_shows_put_back(session) ||
	       session->carrier == WIRE_CARRIER_WRITE;
}

/* What we offer comes with its checkpoint; of what the partner brings, the size
 * says how far we have it from this partner, and it goes on from there. To who
 * was put back comes what it signed itself; and who was, names the log that it
 * writes also while nothing stands in it. */
static int add_log(struct session *session, const struct log_row *log,
    struct frontier *frontier)
{
	const bool theirs = same_author(&log->author, &session->partner.author);
	size_t bytes, at = frontier->message.logs.count;
	struct wire_sync_log *item = &frontier->logs[at];
	uint64_t size = 0, brought = 0;
	int r;

	r = sync_get_brought(session, log->id, &brought);
	if (r == 0)
		r = sync_may_offer(session, log);
	if (r == 0)
		r = (log->own && session->recover) ||
		    (theirs && shows_own(session));
	if (r == 1)
		r = offered(session, log, &frontier->notes[at], &size);
	if (r == 0 && theirs && shows_own(session))
		r = sync_show_ahead(session, log, &frontier->notes[at]);
	if (theirs || (brought > 0 && frontier->notes[at].len == 0))
		size = brought;
	if (r != 0 || (size == 0 && frontier->notes[at].len == 0 &&
			  !own_log_is_new(session->store, log)))
		return r;
	bytes = FRONTIER_LOG_BYTES + frontier->notes[at].len;
	if (at == SYNC_LOGS_MAX || bytes > frontier->room) {
		buf_free(&frontier->notes[at]);
		return 0;
	}
	frontier->room -= bytes;
	item->author = log->key;
	item->log = log->log;
	item->size = size;
	item->checkpoint = buf_span(&frontier->notes[at]);
	frontier->message.logs.count++;
	return log_tree_root(
	    session->store->database, log->id, size, &item->root);
}

static bool is_of_two(const struct session *session, const struct log_row *log)
{
	return log->own || same_author(&log->author, &session->partner.author);
}

static int add_logs(struct session *session, struct frontier *frontier)
{
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	r = log_tree_all(session->store->database, &logs, &count);
	if (r < 0)
		return r;
	frontier->logs = calloc(count + 1, sizeof *frontier->logs);
	frontier->notes = calloc(count + 1, sizeof *frontier->notes);
	if (!frontier->logs || !frontier->notes)
		r = -ENOMEM;
	/* Of what has no room the partner learns by its entries alone. */
	for (i = 0; r == 0 && i < count; i++)
		if (is_of_two(session, &logs[i]))
			r = add_log(session, &logs[i], frontier);
	for (i = 0; r == 0 && i < count; i++)
		if (!is_of_two(session, &logs[i]))
			r = add_log(session, &logs[i], frontier);
	for (i = 0; i < count; i++)
		log_row_free(&logs[i]);
	free(logs);
	frontier->message.logs.items = frontier->logs;
	return r;
}

/* What is coming already is not asked for, and would come once a turn. */
static int add_wants(struct session *session, struct frontier *frontier)
{
	sqlite3_stmt *found;
	struct span digest;
	size_t count = 0;
	int r, seen = 0;

	found = database_query(session->store->database, SQL_OBJECT_MISSING,
	    "ibi", session->partner.id, span_of("", 0), (int64_t)WANTS_MAX);
	while (seen >= 0 && (r = database_step(found)) == 1) {
		digest = database_column(found, 3);
		seen = sync_object_see(session, database_column_int(found, 0),
		    database_column_int(found, 1));
		if (digest.len != 32 || seen < 0 || seen == SYNC_OBJECT_COMING)
			continue;
		memcpy(frontier->wants[count].object.bytes, digest.data, 32);
		frontier->wants[count++].offset =
		    seen == SYNC_OBJECT_ANEW
			? 0
			: (uint64_t)database_column_int(found, 5);
	}
	database_done(found);
	frontier->message.wants.items = frontier->wants;
	frontier->message.wants.count = count;
	return seen < 0 ? seen : r < 0 ? r : 0;
}

int sync_build_frontier(struct session *session, struct buf *out_body)
{
	struct frontier *frontier = calloc(1, sizeof *frontier);
	size_t i;
	int r;

	if (!frontier)
		return -ENOMEM;
	frontier->message.recover = session->recover;
	frontier->room =
	    wire_body_max(WIRE_SYNC_FRONTIER) - WANTS_MAX * FRONTIER_WANT_BYTES;
	r = add_logs(session, frontier);
	if (r == 0)
		r = add_wants(session, frontier);
	if (r == 0)
		r = wire_encode_body(
		    WIRE_SYNC_FRONTIER, &frontier->message, out_body);
	/* The one behind the last may have been begun. */
	for (i = 0; frontier->notes && i <= frontier->message.logs.count; i++)
		buf_free(&frontier->notes[i]);
	free(frontier->notes);
	free(frontier->logs);
	free(frontier);
	return r;
}

/* The acceptor's first word. */
static int send_summary(struct session *session)
{
	struct wire_sync_summary summary;
	int r;

	r = sync_summarise(session, &summary);
	if (r == 0)
		r = sync_message(session, WIRE_SYNC_SUMMARY, &summary);
	session->has_told = true;
	sync_next_turn(session);
	return r;
}

static int say_done(struct session *session)
{
	struct wire_empty nothing = {0};

	return sync_message(session, WIRE_SYNC_DONE, &nothing);
}

/* Who dialled ends a meeting in which there is always more to tell, for records
 * are captured or come to the partner as fast as they go: not before it has had
 * time, and all that was there when both had spoken is confirmed. The partner
 * has one more turn, in which it reads our receipts; the rest is for the next
 * meeting. */
static int look_for_end(struct session *session)
{
	struct database *database = session->store->database;
	int64_t lacking = 1, owed = 1;
	int r = 0;

	session->turns++;
	if (session->carrier != WIRE_CARRIER_DIALLED ||
	    !session->has_frontier || session->turns < TURNS_ENOUGH)
		return 0;
	r = database_number(database, SQL_UNDELIVERED, &lacking, "bi",
	    span_of(session->partner.author.bytes, 32), session->goal);
	if (r == 0)
		r = database_number(database, SQL_OWED_COUNT, &owed, "ii",
		    session->partner.id, session->goal);
	session->settled = r == 0 && lacking == 0 && owed == 0;
	return r;
}

/* End the turn: by a frontier, or by DONE when neither side has news. */
static int end_turn(struct session *session)
{
	struct wire_session_message wrapped = {.session = session->number};
	struct buf body = {0};
	struct digest hash;
	bool known;
	int r;

	r = look_for_end(session);
	if (r == 0)
		r = sync_build_frontier(session, &body);
	if (r == 0)
		r = hash_sha256(buf_span(&body), &hash);
	if (r != 0)
		goto out;
	known = session->carrier != WIRE_CARRIER_WRITE && session->has_told &&
		memcmp(hash.bytes, session->told_frontier.bytes, 32) == 0;
	if (known && session->has_frontier && !session->told_news &&
	    !session->heard_news) {
		r = say_done(session);
		goto out;
	}
	session->told_frontier = hash;
	session->has_told = true;
	session->heard_news = false;
	sync_next_turn(session);
	wrapped.type = WIRE_SYNC_FRONTIER;
	wrapped.body = buf_span(&body);
	r = sync_send(session, WIRE_SESSION_MESSAGE, &wrapped, NULL, 0);
out:
	buf_free(&body);
	return r;
}

/* Of a log told in two ways: the author sends its own, for the partner to see
 * that; and the partner, what is taken back. */
static int do_limited_stage(struct session *session)
{
	if (session->stage == SESSION_ENTRIES && session->disowned)
		return send_entries(session);
	if (session->stage == SESSION_WITHDRAWALS && session->fork)
		return sync_send_withdrawal(session);
	if (session->stage != SESSION_FRONTIER)
		return 0;
	if (session->fork)
		session->fork = SESSION_FORK_TOLD;
	return end_turn(session) == 0 ? 1 : -EPIPE;
}

/* Do one stage's next thing: 1 something was sent, 0 the stage is over. */
static int do_stage(struct session *session)
{
	if (sync_is_limited(session))
		return do_limited_stage(session);
	switch (session->stage) {
	case SESSION_RECEIPTS:
		return 0;
	case SESSION_WITHDRAWALS:
		return session->has_frontier ? sync_send_withdrawal(session)
					     : 0;
	case SESSION_ENTRIES:
		return session->has_frontier ? send_entries(session) : 0;
	case SESSION_PROVEN:
		return session->has_frontier ? sync_send_proven(session) : 0;
	case SESSION_OBJECTS:
		return session->has_frontier ? send_objects(session) : 0;
	case SESSION_COSIGNATURES:
		return session->has_frontier ? send_cosign(session) : 0;
	case SESSION_FRONTIER:
		return end_turn(session) == 0 ? 1 : -EPIPE;
	}
	return -EINVAL;
}

/* The first word of a meeting, which may be the last: true when it was sent. */
static bool begin_meeting(struct session *session)
{
	int r;

	if (session->agreed)
		r = say_done(session);
	else if (session->carrier == WIRE_CARRIER_ACCEPTED &&
		 !session->has_told)
		r = send_summary(session);
	else
		return false;
	if (r < 0)
		sync_close(session, WIRE_CODE_FAILED);
	return true;
}

void sync_next(struct session *session)
{
	bool reading = session->carrier == WIRE_CARRIER_READ;
	int r = 0;

	if (begin_meeting(session))
		return;
	if (session->stage == SESSION_RECEIPTS) {
		if ((session->has_frontier || reading) &&
		    !sync_is_limited(session) && !receipts_work(session))
			return;
		session->stage = SESSION_WITHDRAWALS;
	}
	if (reading) { /* all of their bundle is in */
		sync_close(session, WIRE_CODE_OK);
		return;
	}
	if (session->settled)
		r = say_done(session) == 0 ? 1 : -EPIPE;
	while (r == 0) {
		r = do_stage(session);
		if (r == 0)
			session->stage++;
	}
	if (r < 0)
		sync_close(session, WIRE_CODE_FAILED);
}
