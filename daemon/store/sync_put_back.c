/*
 * Partners that were put back, and logs told in two ways.
 *
 *   its frontier: an own log is shorter, or another one, or it has less than it
 *     said -> all that no log brings again, as news, and all withdrawals; what
 *     it confirmed and does not say it has counts as confirmed no more
 *   its frontier or entries: another log -> the evidence is kept; its turn is
 *     heard out, nothing of it taken in; then withdrawals, and REFUSED
 *
 * Whoever learns from a partner that its own log is another there shows what it
 * has, once: a partner that holds less of it could not see otherwise that it is
 * told in two ways, and would not know that it has to tell again.
 *
 * A third one's log told in two ways is no fault of the partner's: the evidence
 * is kept, that log is passed over, and the meeting goes on. How far it is held
 * here is what the partner is told next. It sends no more of that log then, but
 * its records alone, each with its proof: they stand beside what is here.
 *
 * What was told again counts as told by a receipt, as always, but not by one of
 * before; of a log told in
 * two ways none is taken in, so each meeting tells it anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/own_log.h"
#include "daemon/store/sync_check.h"
#include "proto/format/sshsig.h"

/* Whether a checkpoint is one of those that our tree has had: then whoever
 * brought it told something else than its author did. */
static int is_ours(struct session *session, const struct log_row *log,
    const struct checkpoint *checkpoint)
{
	struct digest root;
	int r;

	if (checkpoint->size == 0 || checkpoint->size > log->size)
		return 0;
	r = log_tree_root(
	    session->store->database, log->id, checkpoint->size, &root);
	if (r != 0) /* a disk that fails is no evidence */
		return r < 0 ? r : -EIO;
	return memcmp(root.bytes, checkpoint->root.bytes, 32) == 0;
}

static int check_note_of(const struct log_row *log, struct span note,
    struct checkpoint *ret_checkpoint)
{
	char origin[NOTE_ORIGIN_MAX];

	note_origin(&log->author, &log->log, origin);
	return sync_check_note(&log->key, note, origin, ret_checkpoint);
}

/* Only what the author signed is evidence, and contradicts what is here:
 * anybody can claim, and lay false leaves beside a true checkpoint of more
 * places than are here. A few of them prove as much as many. */
int sync_keep_fork(struct session *session, const struct log_row *log,
    struct span bytes, bool shown)
{
	struct database *database = session->store->database;
	struct checkpoint checkpoint;
	int64_t found;
	int r;

	r = check_note_of(log, bytes, &checkpoint);
	if (r == 0)
		r = is_ours(session, log, &checkpoint);
	if (r != 0 || (checkpoint.size > log->size && !shown))
		return r < 0 ? r : 0;
	r = database_number(
	    database, SQL_FORK_FIND, &found, "ib", log->id, bytes);
	if (r != DATABASE_E_NONE)
		return r;
	r = database_run(
	    database, SQL_FORK_ADD, "ibi", log->id, bytes, (int64_t)time(NULL));
	if (r == 0)
		log_event(LOG_LEVEL_WARNING,
		    "a log was told in two ways: the evidence is kept");
	return r;
}

static bool is_partners(
    const struct session *session, const struct author_id *author)
{
	return memcmp(author->bytes, session->partner.author.bytes, 32) == 0;
}

static const struct wire_sync_log *find_item(
    const struct wire_sync_frontier *frontier, const struct sign_key *author,
    const struct log_id *log)
{
	const struct wire_sync_log *item;
	size_t i;

	for (i = 0; i < frontier->logs.count; i++) {
		item = &frontier->logs.items[i];
		if (memcmp(item->author.bytes, author->bytes, 32) == 0 &&
		    memcmp(item->log.bytes, log->bytes, 32) == 0)
			return item;
	}
	return NULL;
}

const struct wire_sync_log *sync_said_of(
    const struct wire_sync_frontier *frontier, const struct log_row *log)
{
	return find_item(frontier, &log->key, &log->log);
}

/* How much of a log the partner has as it is here. */
static int same_size(struct session *session,
    const struct wire_sync_frontier *frontier, const struct log_row *log,
    uint64_t *ret_size)
{
	const struct wire_sync_log *item = sync_said_of(frontier, log);
	struct digest root;
	int r;

	*ret_size = 0;
	if (!item || item->size > log->size)
		return 0;
	r = log_tree_root(session->store->database, log->id, item->size, &root);
	if (r == 0 && memcmp(root.bytes, item->root.bytes, 32) == 0)
		*ret_size = item->size;
	return r;
}

typedef int (*each_cb)(struct session *session,
    const struct wire_sync_frontier *frontier, const struct log_row *log);

/* The logs here that this node wrote, or the partner. */
static int each_log(struct session *session,
    const struct wire_sync_frontier *frontier, bool own, each_cb each)
{
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	r = log_tree_all(session->store->database, &logs, &count);
	for (i = 0; i < count; i++) {
		if (r == 0 &&
		    (own ? logs[i].own : is_partners(session, &logs[i].author)))
			r = each(session, frontier, &logs[i]);
		log_row_free(&logs[i]);
	}
	free(logs);
	return r;
}

/* What the partner confirmed of an own log and does not say that it has, or
 * with what hangs on it, is not confirmed any more. What that log will not
 * bring comes as single records; so does what it has and did not confirm, for
 * its word may be of before. What it has is not known without a frontier: then
 * it is only what never comes by a log. */
static int undo_log(struct session *session,
    const struct wire_sync_frontier *frontier, const struct log_row *log)
{
	const struct span audience = span_of(session->partner.author.bytes, 32);
	struct database *database = session->store->database;
	uint64_t held = 0, offered = log->size;
	bool parted = false;
	int r;

	r = own_log_is_parted(
	    session->store, log, session->partner.id, &parted);
	if (parted)
		offered = 0;
	else if (r == 0 && frontier)
		r = same_size(session, frontier, log, &held);
	if (r == 0)
		r = database_run(database, SQL_CONFIRMED_NO_MORE, "biii",
		    audience, log->id, (int64_t)(frontier ? held : offered),
		    (int64_t)held);
	return r == 0 ? database_run(database, SQL_SINGLE_AGAIN, "ibiii",
			    session->partner.id, audience, log->id,
			    (int64_t)offered, (int64_t)held)
		      : r;
}

static int undo(
    struct session *session, const struct wire_sync_frontier *frontier)
{
	struct database *database = session->store->database;
	const int64_t partner = session->partner.id;
	int r;

	r = database_run(database, SQL_WITHDRAWAL_AGAIN, "i", partner);
	if (r == 0 && frontier) /* what was not read yet is of before */
		r = database_run(database, SQL_UNREAD_VOID, "i", partner);
	if (r == 0)
		r = database_run(database, SQL_SHARED_AGAIN, "i", partner);
	if (r == 0) /* a mirror gets back what it brought of others itself */
		r = database_run(database, SQL_MIRRORED_AGAIN, "i", partner);
	/* Of others' logs it may have more now than it told as leaf. */
	if (r == 0)
		r = database_run(database, SQL_LEAVES_AGAIN, "i", partner);
	if (r == 0)
		r = each_log(session, frontier, true, undo_log);
	return r == 0 ? database_run(database, SQL_SHARED_NO_MORE, "ib",
			    partner, span_of(session->partner.author.bytes, 32))
		      : r;
}

/* From the first on, also what was told in this meeting already. Once a
 * meeting, and once more when the partner has said what it has. What a bundle
 * says of that was true when it was written. */
static int tell_again(
    struct session *session, const struct wire_sync_frontier *frontier_or_null)
{
	struct database *database = session->store->database;
	const bool now =
	    frontier_or_null && session->carrier != WIRE_CARRIER_READ;
	const enum session_again done =
	    now ? SESSION_AGAIN_ALL : SESSION_AGAIN_SINGLES;
	int r;

	if (session->again >= done)
		return 0;
	r = database_begin(database);
	if (r == 0)
		r = undo(session, now ? frontier_or_null : NULL);
	if (r == 0)
		r = database_commit(database);
	if (r != 0)
		return database_rollback(database, r);
	session->withdrawal_at = 0;
	session->again = done;
	return 0;
}

/* That we hold it as it was told otherwise: what is said next of it is the root
 * of as much as the partner, too, has. */
static int say_apart(
    struct session *session, const struct log_row *log, struct span note)
{
	struct checkpoint checkpoint;
	uint64_t size = log->size;
	int r;

	r = check_note_of(log, note, &checkpoint);
	if (r < 0)
		return r;
	if (r == 0 && checkpoint.size < size)
		size = checkpoint.size;
	return sync_set_brought(session, log->id, size);
}

int sync_meet_fork(
    struct session *session, const struct log_row *log, struct span note)
{
	const bool connected = session->carrier <= WIRE_CARRIER_DIALLED;
	int r;

	/* What its author's own node cannot join to what it said before. */
	r = sync_keep_fork(
	    session, log, note, is_partners(session, &log->author));
	if (r < 0)
		return r;
	if (is_partners(session, &log->author)) {
		r = tell_again(session, NULL);
		if (connected && session->fork == SESSION_FORK_NONE)
			session->fork = SESSION_FORK_FOUND;
	} else if (!log->own) {
		log_event(LOG_LEVEL_WARNING,
		    "what a partner tells of another's log does not fit: it is "
		    "passed over");
		session->apart = log->id; /* with all that follows of it */
		return say_apart(session, log, note);
	} else if (connected && !session->disowned) {
		session->disowned = true;
	} else {
		return FORMAT_E_MISMATCH;
	}
	return r == 0 && !connected ? FORMAT_E_MISMATCH : r;
}

/* The author's checkpoint of most, where that is more than is here: empty when
 * there is none. */
static int get_ahead(
    struct session *session, const struct log_row *log, struct buf *out)
{
	sqlite3_stmt *row;
	int r;

	row = database_query(
	    session->store->database, SQL_LOG_AHEAD_GET, "i", log->id);
	r = database_step(row);
	if (r <= 0)
		return r;
	r = buf_append_span(out, database_column(row, 0));
	database_done(row);
	return r;
}

int sync_keep_ahead(
    struct session *session, const struct log_row *log, struct span note)
{
	struct buf known = {0};
	int r;

	r = get_ahead(session, log, &known);
	if (r == 0 &&
	    log_tree_note_size(note) > log_tree_note_size(buf_span(&known)))
		r = database_run(session->store->database, SQL_LOG_AHEAD_PUT,
		    "bi", note, log->id);
	buf_free(&known);
	return r;
}

int sync_show_ahead(
    struct session *session, const struct log_row *log, struct buf *note)
{
	struct buf ahead = {0};
	int r;

	r = get_ahead(session, log, &ahead);
	if (r == 0 && log_tree_note_size(buf_span(&ahead)) >
			  log_tree_note_size(buf_span(note))) {
		note->len = 0;
		r = buf_append_span(note, buf_span(&ahead));
	}
	buf_free(&ahead);
	return r;
}

/* Once it is here as it was signed, nothing is left to look at. */
static int settle_ahead(struct session *session, const struct log_row *log,
    const struct checkpoint *checkpoint, struct span ahead)
{
	int r = is_ours(session, log, checkpoint);

	if (r == 0)
		return sync_keep_fork(session, log, ahead, true);
	if (r < 0)
		return r;
	r = database_run(session->store->database, SQL_LOG_AHEAD_PUT, "bi",
	    span_of("", 0), log->id);
	return r == 0 ? 1 : r;
}

int sync_fits_ahead(struct session *session, const struct log_row *log)
{
	struct checkpoint checkpoint;
	struct buf ahead = {0};
	int r;

	r = get_ahead(session, log, &ahead);
	if (r != 0 || ahead.len == 0) {
		buf_free(&ahead);
		return r == 0 ? 1 : r;
	}
	r = check_note_of(log, buf_span(&ahead), &checkpoint);
	if (r == 0 && checkpoint.size > log->size)
		r = 1; /* not yet */
	else if (r == 0)
		r = settle_ahead(session, log, &checkpoint, buf_span(&ahead));
	buf_free(&ahead);
	return r;
}

/* Whether what it says of its own logs falls short of what is held. */
static int is_put_back(struct session *session,
    const struct wire_sync_frontier *frontier, bool *ret_is)
{
	struct database *database = session->store->database;
	const struct wire_sync_log *item;
	struct author_id author;
	struct log_row log = {.id = 0};
	struct buf ahead = {0};
	int64_t held = 0;
	bool named = false;
	size_t i;
	int r = 0;

	*ret_is = false;
	for (i = 0; r == 0 && i < frontier->logs.count; i++) {
		item = &frontier->logs.items[i];
		sign_key_author(&item->author, &author);
		if (!is_partners(session, &author))
			continue;
		named = true;
		r = log_tree_find(database, &author, &item->log, &log);
		if (r == 0)
			r = get_ahead(session, &log, &ahead);
		if (r == 0)
			*ret_is |=
			    item->size < log.size ||
			    item->size < log_tree_note_size(buf_span(&ahead));
		buf_free(&ahead);
		log_row_free(&log);
		r = r == DATABASE_E_NONE ? 0 : r;
	}
	if (r == 0 && !named)
		r = database_number(database, SQL_LOG_COUNT_OF, &held, "b",
		    span_of(session->partner.author.bytes, 32));
	*ret_is |= held > 0;
	return r;
}

int sync_look_for_put_back(
    struct session *session, const struct wire_sync_frontier *frontier)
{
	bool is;
	int r;

	/* What it signed is shown to it, if nothing else. */
	if (session->fork != SESSION_FORK_NONE)
		return tell_again(session, frontier);
	r = is_put_back(session, frontier, &is);
	session->put_back = is;
	return r == 0 && is ? tell_again(session, frontier) : r;
}

/* Whether the partner is to name that log again: its own, or one of ours that
 * it is offered. 1, 0 or -errno. */
static int is_named_on(
    struct session *session, const struct wire_sync_log *item)
{
	struct author_id author;
	struct log_row log = {.id = 0};
	int r;

	sign_key_author(&item->author, &author);
	if (is_partners(session, &author))
		return 1;
	if (memcmp(author.bytes, session->store->author.bytes, 32) != 0)
		return 0;
	r = log_tree_find(session->store->database, &author, &item->log, &log);
	if (r == 0)
		r = sync_may_offer(session, &log);
	log_row_free(&log);
	return r == DATABASE_E_NONE ? 0 : r;
}

/* Whether what ${before} said that its sender has of its logs and of ours is
 * less in ${now}. */
static int falls_short(struct session *session,
    const struct wire_sync_frontier *before,
    const struct wire_sync_frontier *now)
{
	const struct wire_sync_log *item, *other;
	size_t i;
	int r;

	for (i = 0; i < before->logs.count; i++) {
		item = &before->logs.items[i];
		other = find_item(now, &item->author, &item->log);
		if (other && other->size >= item->size)
			continue;
		r = is_named_on(session, item);
		if (r != 0)
			return r;
	}
	return 0;
}

static int names_another(const struct session *session,
    const struct wire_sync_frontier *before,
    const struct wire_sync_frontier *now)
{
	const struct wire_sync_log *item;
	struct author_id author;
	size_t i;

	for (i = 0; i < now->logs.count; i++) {
		item = &now->logs.items[i];
		sign_key_author(&item->author, &author);
		if (is_partners(session, &author) &&
		    !find_item(before, &item->author, &item->log))
			return 1;
	}
	return 0;
}

int sync_compare_frontier(struct session *session,
    const struct wire_sync_frontier *frontier, bool *ret_due)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_frontier before;
	bool due = false;
	int r;

	*ret_due = false;
	r = sync_last_frontier(session, &arena, &before, &due);
	if (r == DATABASE_E_NONE) /* what was never heard cannot be less */
		return 0;
	if (r == 0)
		r = names_another(session, &before, frontier);
	if (r == 0)
		r = falls_short(session, &before, frontier);
	wire_arena_free(&arena);
	if (r < 0)
		return r;
	if (session->carrier == WIRE_CARRIER_READ)
		*ret_due = due || r > 0;
	else if (due)
		r = 1;
	return r > 0 ? tell_again(session, frontier) : 0;
}

bool sync_shows_put_back(const struct session *session)
{
	return session->put_back || session->fork != SESSION_FORK_NONE;
}

/* --- this node was put back ---------------------------------------------- */

int sync_hear_own(
    struct session *session, const struct log_row *log, struct span note)
{
	struct checkpoint checkpoint;
	const bool current = own_log_is_current(session->store, log);
	int r;

	if (note.len == 0)
		return 0;
	r = check_note_of(log, note, &checkpoint);
	if (r != 0 || checkpoint.size == 0)
		return r < 0 ? r : 0;
	r = is_ours(session, log, &checkpoint);
	if (r != 0)
		return r < 0 ? r : 0;
	if (checkpoint.size <= log->size)
		r = sync_keep_fork(session, log, note, false);
	if (r == 0)
		r = own_log_part(session->store, log, &session->partner);
	if (r != 0)
		return r;
	return current ? SYNC_E_PUT_BACK : 1;
}

static int recover_log(struct session *session,
    const struct wire_sync_frontier *frontier, const struct log_row *log)
{
	uint64_t size;
	int r;

	r = same_size(session, frontier, log, &size);
	return r == 0 ? database_run(session->store->database, SQL_RECOVER_SEND,
			    "iii", log->id, session->partner.id, (int64_t)size)
		      : r;
}

int sync_recover(
    struct session *session, const struct wire_sync_frontier *frontier)
{
	if (session->recovered)
		return 0;
	session->recovered = true;
	return each_log(session, frontier, false, recover_log);
}

static int leave_behind(struct session *session,
    const struct wire_sync_frontier *frontier, const struct log_row *log)
{
	if (sync_said_of(frontier, log))
		return 0;
	return database_run(session->store->database, SQL_LOG_LEFT_BEHIND, "ii",
	    session->partner.id, log->id);
}

int sync_leave_behind(
    struct session *session, const struct wire_sync_frontier *frontier)
{
	/* Who names none was put back to before its first. */
	if (sync_shows_put_back(session))
		return 0;
	return each_log(session, frontier, false, leave_behind);
}

bool sync_is_limited(const struct session *session)
{
	return session->fork != SESSION_FORK_NONE || session->disowned;
}

bool sync_pass_over(struct session *session, uint64_t type)
{
	if (session->fork == SESSION_FORK_NONE)
		return false;
	if (session->fork == SESSION_FORK_TOLD) {
		sync_close(session, WIRE_CODE_REFUSED);
		return true;
	}
	if (type != WIRE_SYNC_ENTRIES && type != WIRE_SYNC_PROVEN &&
	    type != WIRE_SYNC_COSIGN)
		return false;
	sync_ack(session);
	return true;
}

int sync_next_withdrawal(struct session *session, int64_t *ret_record)
{
	return database_number(session->store->database, SQL_WITHDRAWAL_TO_TELL,
	    ret_record, "ii", session->partner.id, session->withdrawal_at);
}
