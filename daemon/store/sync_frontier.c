/*
 * What ends a partner's turn: its frontier, which says what it holds and lacks;
 * and the cosignatures that go both ways with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/store/own_log.h"
#include "daemon/store/proofs.h"
#include "daemon/store/sync_session.h"
#include "proto/format/sshsig.h"

/* A log that the partner offers, and that somebody else brought here. */
static int remember_offer(struct session *session, const struct log_row *log,
    const struct wire_sync_log *item)
{
	if (log->own || item->checkpoint.len == 0)
		return 0;
	return sync_set_brought(session, log->id, 0);
}

/* One that is not offered to the partner any more, or shall not be from now on.
 * 1: it is, and what the partner holds of it is no news. */
static int is_parted(struct session *session, const struct log_row *log,
    const struct wire_sync_log *item)
{
	bool parted = false;
	int r;

	if (!log->own)
		return 0;
	r = own_log_is_parted(
	    session->store, log, session->partner.id, &parted);
	if (r != 0 || parted)
		return r < 0 ? r : 1;
	return sync_hear_own(session, log, item->checkpoint);
}

/* A log of ours that the partner holds must be a beginning of ours. */
static int check_held(struct session *session, const struct log_row *log,
    const struct wire_sync_log *item)
{
	struct digest root;
	int r;

	if (item->size == 0 || item->size > log->size)
		return 0;
	r = log_tree_root(session->store->database, log->id, item->size, &root);
	if (r == 0 && memcmp(root.bytes, item->root.bytes, 32) != 0)
		r = sync_meet_fork(session, log, item->checkpoint);
	return r;
}

static int check_known(
    struct session *session, const struct wire_sync_log *item)
{
	struct author_id author;
	struct log_row log = {.id = 0};
	int r;

	sign_key_author(&item->author, &author);
	r = log_tree_find(session->store->database, &author, &item->log, &log);
	if (r != 0)
		return r == DATABASE_E_NONE ? 0 : r;
	r = is_parted(session, &log, item);
	if (r == 0) {
		r = check_held(session, &log, item);
		if (r == 0)
			r = remember_offer(session, &log, item);
	} else if (r == 1) {
		r = 0;
	}
	log_row_free(&log);
	return r;
}

/* A cosignature of ours that the partner does not have yet (the meeting in
 * which it was made was cut) is made again; of what it holds otherwise than
 * this node, none is. */
static void offer_cosign(
    struct session *session, const struct wire_sync_log *item)
{
	struct author_id author;
	struct log_row log = {.id = 0};
	struct digest root;
	struct note note;
	uint64_t time;

	sign_key_author(&item->author, &author);
	if (memcmp(author.bytes, session->partner.author.bytes, 32) != 0 ||
	    log_tree_find(
		session->store->database, &author, &item->log, &log) != 0)
		return;
	if (log.size == item->size && item->checkpoint.len > 0 &&
	    log_tree_root(session->store->database, log.id, log.size, &root) ==
		0 &&
	    memcmp(root.bytes, item->root.bytes, 32) == 0 &&
	    note_parse(item->checkpoint, &note) == 0) {
		if (cosignature_verify(
			&note, &session->store->author_key, &time) != 0)
			sync_queue_cosign(session, &log);
		note_free(&note);
	}
	log_row_free(&log);
}

/* Once a meeting: where there is no room for one more it stays lacking. */
static void offer_cosigns(struct session *session)
{
	size_t i;

	if (session->has_offered || session->frontier.recover)
		return;
	session->has_offered = true;
	for (i = 0; i < session->frontier.logs.count; i++)
		offer_cosign(session, &session->frontier.logs.items[i]);
}

static int take_frontier(
    struct session *session, const struct wire_sync_frontier *frontier)
{
	size_t i;
	int r = 0;

	/* Who asks for what it wrote has said already what it holds. */
	if (frontier->recover)
		return sync_recover(session, frontier);
	for (i = 0; r == 0 && i < frontier->logs.count; i++)
		r = check_known(session, &frontier->logs.items[i]);
	if (r == 0 && session->was_put_back)
		r = SYNC_E_PUT_BACK;
	if (r == 0)
		r = sync_look_for_put_back(session, frontier);
	return r == 0 ? sync_leave_behind(session, frontier) : r;
}

/* One with ${recover} names other logs than the ones before and after it. */
static int remember_frontier(struct session *session,
    const struct wire_sync_frontier *frontier, struct span body)
{
	bool due = false;
	int r = 0;

	if (!session->has_frontier)
		r = sync_compare_frontier(session, frontier, &due);
	return r == 0 ? database_run(session->store->database, SQL_FRONTIER_PUT,
			    "ibi", session->partner.id, body, (int64_t)due)
		      : r;
}

void sync_receive_frontier(struct session *session, struct span body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_frontier frontier;
	int r;

	r = wire_decode(WIRE_SYNC_FRONTIER, body, &arena, &frontier);
	if (r == 0 && !frontier.recover)
		r = remember_frontier(session, &frontier, body);
	if (r == 0 && !session->has_frontier)
		r = database_number(session->store->database, SQL_RECORD_LAST,
		    &session->goal, "");
	if (r == 0)
		r = take_frontier(session, &frontier);
	if (r != 0) {
		wire_arena_free(&arena);
		sync_close(session, r < 0                  ? WIRE_CODE_FAILED
				    : r == SYNC_E_PUT_BACK ? WIRE_CODE_PUT_BACK
							   : WIRE_CODE_REFUSED);
		return;
	}
	wire_arena_free(&session->frontier_arena);
	session->frontier_arena = arena;
	session->frontier = frontier;
	session->has_frontier = true;
	sync_next_turn(session);
	if (!sync_is_limited(session))
		offer_cosigns(session);
	sync_ack(session);
}

int sync_last_frontier(struct session *session, struct wire_arena *arena,
    struct wire_sync_frontier *ret_frontier, bool *ret_due)
{
	sqlite3_stmt *row;
	int r;

	row = database_query(session->store->database, SQL_FRONTIER_GET, "i",
	    session->partner.id);
	r = database_step(row);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = wire_decode(
	    WIRE_SYNC_FRONTIER, database_column(row, 0), arena, ret_frontier);
	*ret_due = database_column_int(row, 1) != 0;
	database_done(row);
	return r;
}

int sync_recall_frontier(struct session *session)
{
	bool due;
	int r;

	r = sync_last_frontier(
	    session, &session->frontier_arena, &session->frontier, &due);
	if (r == DATABASE_E_NONE) /* none was ever heard */
		r = 0;
	session->has_frontier = r == 0;
	if (r == 0)
		offer_cosigns(session);
	return r;
}

static bool is_queued(struct session *session, const struct log_row *log)
{
	struct pending_cosign *cosign;

	for (cosign = session->cosigns; cosign; cosign = cosign->next)
		if (memcmp(cosign->log.bytes, log->log.bytes, 32) == 0)
			return true;
	return false;
}

/* What this node said of another's log stays with it: its own proofs, and those
 * that mirrors make, shall have a witness. */
static int keep_own_line(
    struct session *session, struct log_row *log, struct span lines)
{
	struct buf merged = {0};
	int r;

	r = buf_append_span(&merged, buf_span(&log->checkpoint));
	if (r == 0)
		r = buf_append_span(&merged, lines);
	if (r == 0)
		r = log_tree_set_checkpoint(
		    session->store->database, log, buf_span(&merged));
	buf_free(&merged);
	return r;
}

/* Ask the keeper to cosign the checkpoint we now hold, for our next turn. */
void sync_queue_cosign(struct session *session, struct log_row *log)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct pending_cosign *cosign;
	struct wire_keeper_cosign ask;
	struct wire_keeper_note answer;
	enum wire_code code;
	struct note note;
	uint64_t time;
	bool kept;
	int r;

	if (is_queued(session, log) || sync_fits_ahead(session, log) != 1 ||
	    note_parse(buf_span(&log->checkpoint), &note) != 0)
		return;
	ask.text = note.text;
	r = channel_call(session->store->keeper, WIRE_KEEPER_COSIGN, &ask, NULL,
	    0, WIRE_KEEPER_NOTE, &arena, &answer, &code);
	cosign = r == 0 ? calloc(1, sizeof *cosign) : NULL;
	if (cosign && note_begin(note.text, &cosign->note) == 0 &&
	    buf_append_span(&cosign->note, answer.note) == 0) {
		cosign->author = log->key;
		cosign->log = log->log;
		cosign->next = session->cosigns;
		session->cosigns = cosign;
	} else if (cosign) {
		buf_free(&cosign->note);
		free(cosign);
	}
	kept =
	    cosignature_verify(&note, &session->store->author_key, &time) == 0;
	note_free(&note);
	if (r == 0 && !kept && keep_own_line(session, log, answer.note) < 0)
		log_number(LOG_LEVEL_ERROR, "a cosignature was not kept", 0);
	wire_arena_free(&arena);
}

/* Add the partner's line to the checkpoint of an own log, if it is for just
 * that. */
static int merge_cosign(
    struct session *session, struct log_row *log, struct span bytes)
{
	const struct sign_key *witness = &session->partner.card.author;
	struct store *store = session->store;
	struct buf merged = {0};
	struct note theirs, ours;
	uint64_t time;
	int r;

	r = note_parse(bytes, &theirs);
	if (r != 0)
		return r;
	r = note_parse(buf_span(&log->checkpoint), &ours);
	if (r != 0) {
		note_free(&theirs);
		return r < 0 ? r : 0; /* never signed anything: not for us */
	}
	if (theirs.signature_count != 1) /* no line but its own is let in */
		r = FORMAT_E_MISMATCH;
	else
		r = cosignature_verify(&theirs, witness, &time);
	if (r == 0 && time > FORMAT_INTEGER_MAX)
		r = FORMAT_E_MALFORMED; /* that is no time */
	else if (r == 0 && span_equal(theirs.text, ours.text) &&
		 cosignature_verify(&ours, witness, &time) != 0 &&
		 ours.signature_count < OWN_LOG_SIGNATURES_MAX) {
		r = buf_append_span(&merged, buf_span(&log->checkpoint));
		if (r == 0) /* no more of what came than was checked */
			r = cosignature_copy(&theirs, witness, &merged);
		if (r == 0)
			r = log_tree_set_checkpoint(
			    store->database, log, buf_span(&merged));
		if (r == 0)
			r = own_log_keep_cosigned(
			    store, log, buf_span(&merged));
	}
	note_free(&ours);
	note_free(&theirs);
	buf_free(&merged);
	return r;
}

/* Of the log that is written, or of one before; of no other. */
static int take_cosign(
    struct session *session, const struct wire_sync_cosign *message)
{
	struct store *store = session->store;
	struct log_row before = {.id = 0};
	int r;

	if (memcmp(message->author.bytes, store->author_key.bytes, 32) != 0)
		return 0;
	if (memcmp(message->log.bytes, store->log.log.bytes, 32) == 0)
		return merge_cosign(session, &store->log, message->note);
	r = log_tree_find(
	    store->database, &store->author, &message->log, &before);
	if (r == 0)
		r = merge_cosign(session, &before, message->note);
	log_row_free(&before);
	return r == DATABASE_E_NONE ? 0 : r;
}

void sync_receive_cosign(struct session *session, struct span body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_cosign message;
	int r;

	r = wire_decode(WIRE_SYNC_COSIGN, body, &arena, &message);
	if (r == 0)
		r = take_cosign(session, &message);
	wire_arena_free(&arena);
	if (r == 0)
		sync_ack(session);
	else
		sync_close(
		    session, r > 0 ? WIRE_CODE_CORRUPT : WIRE_CODE_FAILED);
}
