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
 * What was told again counts as told by a receipt, as always; of a log told in
 * two ways none is taken in, so each meeting tells it anew.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/sync_session.h"
#include "proto/format/sshsig.h"

/* Whether a checkpoint is one of those that our tree has had: then whoever
 * brought it told something else than its author did. */
static bool is_ours(struct session *session, const struct log_row *log,
    const struct checkpoint *checkpoint)
{
	struct digest root;

	return checkpoint->size > 0 && checkpoint->size <= log->size &&
	       log_tree_root(session->store->database, log->id,
		   checkpoint->size, &root) == 0 &&
	       memcmp(root.bytes, checkpoint->root.bytes, 32) == 0;
}

/* Only what the author signed is evidence, and contradicts what is here:
 * anybody can claim. A few of them prove as much as many. */
void sync_keep_fork(
    struct session *session, const struct log_row *log, struct span bytes)
{
	struct checkpoint checkpoint;
	char origin[NOTE_ORIGIN_MAX];

	note_origin(&log->author, &log->log, origin);
	if (sync_check_note(&log->key, bytes, origin, &checkpoint) != 0 ||
	    is_ours(session, log, &checkpoint))
		return;
	log_event(LOG_LEVEL_WARNING,
	    "a log was told in two ways: the evidence is kept");
	database_run(session->store->database, SQL_FORK_ADD, "ibi", log->id,
	    bytes, (int64_t)time(NULL));
}

static bool is_partners(
    const struct session *session, const struct author_id *author)
{
	return memcmp(author->bytes, session->partner.author.bytes, 32) == 0;
}

/* From the first on, also what was told in this meeting already. */
static int tell_again(struct session *session)
{
	session->withdrawal_at = 0;
	return database_run(session->store->database, SQL_WITHDRAWAL_AGAIN, "i",
	    session->partner.id);
}

int sync_meet_fork(
    struct session *session, const struct log_row *log, struct span note)
{
	const bool connected = session->carrier <= WIRE_CARRIER_DIALLED;
	int r = 0;

	sync_keep_fork(session, log, note);
	if (is_partners(session, &log->author)) {
		r = tell_again(session);
		if (connected && session->fork == SESSION_FORK_NONE)
			session->fork = SESSION_FORK_FOUND;
	} else if (log->own && connected && !session->disowned) {
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
	int64_t record;
	bool is;
	int r;

	if (session->fork != SESSION_FORK_NONE) {
		r = sync_next_withdrawal(session, &record);
		return r == DATABASE_E_NONE ? FORMAT_E_MISMATCH : r;
	}
	r = is_put_back(session, frontier, &is);
	return r == 0 && is ? tell_again(session) : r;
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
