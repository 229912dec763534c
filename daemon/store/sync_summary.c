/*
 * Whether two partners have anything to tell each other.
 *
 * The acceptor begins a meeting with one hash over the size and root of every
 * log that both sides have to do with, and with a word whether it lacks
 * something that the sizes do not show. When the dialler finds the same, both
 * say DONE: a meeting without news costs one round trip and some hundred
 * bytes, however many records there are.
 *
 * Both sides must come to the same set of logs: those that one of them may
 * offer to the other, which the other knows by having been offered them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sync_session.h"
#include "proto/format/hash.h"

/* What is hashed of a log, as it lies in memory: bytes only. */
struct line {
	uint8_t author[32], log[32], size[8], root[32];
};

bool sync_is_mutual(const struct session *session, const struct log_row *log)
{
	int64_t count = 0;

	if (log->size == 0)
		return false;
	if (sync_may_offer(session, log) ||
	    memcmp(log->author.bytes, session->partner.author.bytes,
		sizeof log->author.bytes) == 0)
		return true;
	return !log->own &&
	       database_number(session->store->database, SQL_LOG_TOLD, &count,
		   "ii", log->id, session->partner.id) == 0 &&
	       count > 0;
}

static int fill_line(
    struct session *session, const struct log_row *log, struct line *line)
{
	struct digest root;
	int i, r;

	r = log_tree_root(session->store->database, log->id, log->size, &root);
	if (r != 0)
		return r < 0 ? r : -EIO;
	memcpy(line->author, log->key.bytes, 32);
	memcpy(line->log, log->log.bytes, 32);
	memcpy(line->root, root.bytes, 32);
	for (i = 0; i < 8; i++)
		line->size[i] = (uint8_t)(log->size >> (56 - 8 * i));
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct line));
}

static int hash_logs(struct session *session, const struct log_row *logs,
    size_t count, struct digest *ret_digest)
{
	struct line *lines = calloc(count + 1, sizeof *lines);
	size_t i, used = 0;
	int r = lines ? 0 : -ENOMEM;

	for (i = 0; r == 0 && i < count; i++)
		if (sync_is_mutual(session, &logs[i]))
			r = fill_line(session, &logs[i], &lines[used++]);
	if (r == 0) {
		qsort(lines, used, sizeof *lines, by_bytes);
		r = hash_sha256(
		    span_of(lines, used * sizeof *lines), ret_digest);
	}
	free(lines);
	return r;
}

/* A cosignature of this partner's for the own log as it is now. */
static bool lacks_cosignature(struct session *session)
{
	const struct log_row *log = &session->store->log;
	struct note note;
	uint64_t time;
	bool lacks;

	if (log->size == 0)
		return false;
	if (log_tree_note_size(buf_span(&log->checkpoint)) != log->size ||
	    note_parse(buf_span(&log->checkpoint), &note) != 0)
		return true;
	lacks = cosignature_verify(
		    &note, &session->partner.card.author, &time) != 0;
	note_free(&note);
	return lacks;
}

/* Or has something that the sizes of its logs do not show. */
static bool lacks_something(struct session *session)
{
	struct database *database = session->store->database;
	int64_t id = session->partner.id, found;

	return database_number(database, SQL_UNREAD_NEXT, &found, "") !=
		   DATABASE_E_NONE ||
	       database_number(database, SQL_OWED_OF, &found, "ii", id,
		   (int64_t)1) != DATABASE_E_NONE ||
	       database_number(database, SQL_OBJECT_MISSING, &found, "ibi", id,
		   span_of("", 0), (int64_t)1) != DATABASE_E_NONE ||
	       database_number(database, SQL_SHARED_NEXT, &found, "iii", id,
		   (int64_t)0,
		   (int64_t)session->partner.mirror) != DATABASE_E_NONE ||
	       lacks_cosignature(session);
}

int sync_summarise(
    struct session *session, struct wire_sync_summary *ret_summary)
{
	struct wire_sync_summary summary = {.pending = 0};
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	r = log_tree_all(session->store->database, &logs, &count);
	if (r == 0)
		r = hash_logs(session, logs, count, &summary.digest);
	for (i = 0; i < count; i++)
		log_row_free(&logs[i]);
	free(logs);
	if (r != 0)
		return r;
	summary.pending = lacks_something(session);
	*ret_summary = summary;
	return 0;
}

void sync_receive_summary(struct session *session, struct span body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_summary theirs, ours;
	int r;

	r = wire_decode(WIRE_SYNC_SUMMARY, body, &arena, &theirs);
	wire_arena_free(&arena);
	if (r != 0 || session->carrier != WIRE_CARRIER_DIALLED ||
	    session->has_frontier || session->has_told) {
		sync_close(session, WIRE_CODE_BAD_REQUEST);
		return;
	}
	r = sync_summarise(session, &ours);
	if (r != 0) {
		sync_close(session, WIRE_CODE_FAILED);
		return;
	}
	session->agreed =
	    !theirs.pending && !ours.pending &&
	    memcmp(theirs.digest.bytes, ours.digest.bytes, 32) == 0;
	sync_next_turn(session);
	sync_ack(session);
}
