/*
 * Partners that were put back, and logs told in two ways.
 *
 *   its frontier: the own log is shorter -> all withdrawals again, as news
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
 * What was told again counts as told by a receipt, as always; of a log told in
 * two ways none is taken in, so each meeting tells it anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/own_log.h"
#include "daemon/store/sync_session.h"
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

/* Only what the author signed is evidence, and contradicts what is here:
 * anybody can claim, and lay false leaves beside a true checkpoint of more
 * places than are here. A few of them prove as much as many. */
int sync_keep_fork(struct session *session, const struct log_row *log,
    struct span bytes, bool shown)
{
	struct database *database = session->store->database;
	struct checkpoint checkpoint;
	char origin[NOTE_ORIGIN_MAX];
	int64_t found;
	int r;

	note_origin(&log->author, &log->log, origin);
	r = sync_check_note(&log->key, bytes, origin, &checkpoint);
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

/* From the first on, also what was told in this meeting already; and all single
 * records, which no size of a log would bring again. */
static int tell_again(struct session *session)
{
	struct database *database = session->store->database;
	int r;

	session->withdrawal_at = 0;
	r = database_run(
	    database, SQL_WITHDRAWAL_AGAIN, "i", session->partner.id);
	return r == 0 ? database_run(database, SQL_SHARED_AGAIN, "i",
			    session->partner.id)
		      : r;
}

/* That we hold it as it was told otherwise: what is said next of it is the root
 * of as much as the partner, too, has. */
static int say_apart(
    struct session *session, const struct log_row *log, struct span note)
{
	struct checkpoint checkpoint;
	char origin[NOTE_ORIGIN_MAX];
	uint64_t size = log->size;
	int r;

	note_origin(&log->author, &log->log, origin);
	r = sync_check_note(&log->key, note, origin, &checkpoint);
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
		r = tell_again(session);
		if (connected && session->fork == SESSION_FORK_NONE)
			session->fork = SESSION_FORK_FOUND;
	} else if (!log->own) {
		log_event(LOG_LEVEL_WARNING,
		    "what a partner tells of another's log does not fit: it is "
		    "passed over");
		return say_apart(session, log, note);
	} else if (connected && !session->disowned) {
		session->disowned = true;
	} else {
		return FORMAT_E_MISMATCH;
	}
	return r == 0 && !connected ? FORMAT_E_MISMATCH : r;
}

/* Whether what it says of its own logs falls short of what is held. */
static int is_put_back(struct session *session,
    const struct wire_sync_frontier *frontier, bool *ret_is)
{
	struct database *database = session->store->database;
	const struct wire_sync_log *item;
	struct author_id author;
	struct log_row log = {.id = 0};
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
			*ret_is |= item->size < log.size;
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

	if (session->fork != SESSION_FORK_NONE)
		return 0; /* what it signed is shown to it, if nothing else */
	r = is_put_back(session, frontier, &is);
	session->put_back = is;
	return r == 0 && is ? tell_again(session) : r;
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
	char origin[NOTE_ORIGIN_MAX];
	int r;

	if (note.len == 0)
		return 0;
	note_origin(&log->author, &log->log, origin);
	r = sync_check_note(&log->key, note, origin, &checkpoint);
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

const struct wire_sync_log *sync_said_of(
    const struct wire_sync_frontier *frontier, const struct log_row *log)
{
	const struct wire_sync_log *item;
	size_t i;

	for (i = 0; i < frontier->logs.count; i++) {
		item = &frontier->logs.items[i];
		if (memcmp(item->author.bytes, log->key.bytes, 32) == 0 &&
		    memcmp(item->log.bytes, log->log.bytes, 32) == 0)
			return item;
	}
	return NULL;
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

/* The logs here that the partner wrote. */
static int each_of_partner(struct session *session,
    const struct wire_sync_frontier *frontier, each_cb each)
{
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	r = log_tree_all(session->store->database, &logs, &count);
	for (i = 0; i < count; i++) {
		if (r == 0 && is_partners(session, &logs[i].author))
			r = each(session, frontier, &logs[i]);
		log_row_free(&logs[i]);
	}
	free(logs);
	return r;
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
	return each_of_partner(session, frontier, recover_log);
}

static int leave_behind(struct session *session,
    const struct wire_sync_frontier *frontier, const struct log_row *log)
{
	uint64_t brought = 0;
	int r;

	if (sync_said_of(frontier, log))
		return 0;
	r = sync_get_brought(session, log->id, &brought);
	if (r != 0 || brought == 0)
		return r;
	/* It was put back to before that one, and found out from others. */
	r = tell_again(session);
	return r == 0
		   ? database_run(session->store->database, SQL_LOG_LEFT_BEHIND,
			 "ii", session->partner.id, log->id)
		   : r;
}

int sync_leave_behind(
    struct session *session, const struct wire_sync_frontier *frontier)
{
	/* Who names none was put back to before its first. */
	if (sync_shows_put_back(session))
		return 0;
	return each_of_partner(session, frontier, leave_behind);
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
