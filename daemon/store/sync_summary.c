/*
 * Whether two partners have anything to tell each other.
 *
 * The acceptor begins a meeting with one hash over the size and root of every
 * log that one side offers to the other, and with a word whether it lacks
 * something that the sizes do not show. When the dialler finds the same, both
 * say DONE: a meeting without news costs one round trip and some hundred
 * bytes, however many records there are.
 *
 * Both sides come to the same lines when nothing is left to say: who offers a
 * log says how much of it there is, and the other how far just this partner
 * has brought it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/own_log.h"
#include "daemon/store/sync_proven.h"
#include "daemon/store/withdraw.h"
#include "proto/format/hash.h"

/* What is hashed of a log, as it lies in memory: bytes only. */
struct line {
	uint8_t from[32], author[32], log[32], size[8], root[32];
};

struct lines {
	struct line *lines;
	size_t count;
};

int sync_get_brought(
    const struct session *session, int64_t log, uint64_t *ret_size)
{
	int64_t size = 0;
	int r;

	r = database_number(session->store->database, SQL_LOG_BROUGHT, &size,
	    "ii", log, session->partner.id);
	if (r < 0)
		return r;
	*ret_size = (uint64_t)size;
	return 0;
}

int sync_set_brought(const struct session *session, int64_t log, uint64_t size)
{
	return database_run(session->store->database, SQL_LOG_BRING, "iii", log,
	    session->partner.id, (int64_t)size);
}

static int add_line(struct session *session, const struct author_id *from,
    const struct log_row *log, uint64_t size, struct lines *lines)
{
	struct line *line = &lines->lines[lines->count];
	struct digest root;
	int r;

	if (size == 0)
		return 0;
	r = log_tree_root(session->store->database, log->id, size, &root);
	if (r != 0)
		return r < 0 ? r : -EIO;
	memcpy(line->from, from->bytes, 32);
	memcpy(line->author, log->key.bytes, 32);
	memcpy(line->log, log->log.bytes, 32);
	memcpy(line->root, root.bytes, 32);
	u64_encode(size, line->size);
	lines->count++;
	return 0;
}

static int add_lines(
    struct session *session, const struct log_row *log, struct lines *lines)
{
	uint64_t size = 0;
	int r;

	r = sync_may_offer(session, log);
	if (r == 1)
		r = add_line(session, &session->store->author, log,
		    sync_offered_size(log), lines);
	if (r == 0)
		r = sync_get_brought(session, log->id, &size);
	return r == 0 ? add_line(
			    session, &session->partner.author, log, size, lines)
		      : r;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct line));
}

static int hash_logs(struct session *session, const struct log_row *logs,
    size_t count, struct digest *ret_digest)
{
	struct lines lines = {.count = 0};
	size_t i;
	int r;

	lines.lines = calloc(2 * count + 1, sizeof *lines.lines);
	r = lines.lines ? 0 : -ENOMEM;
	for (i = 0; r == 0 && i < count; i++)
		r = add_lines(session, &logs[i], &lines);
	if (r == 0) {
		qsort(lines.lines, lines.count, sizeof *lines.lines, by_bytes);
		r = hash_sha256(
		    span_of(lines.lines, lines.count * sizeof *lines.lines),
		    ret_digest);
	}
	free(lines.lines);
	return r;
}

/* A cosignature of this partner's for the own log as it is now, for which there
 * is room. */
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
	lacks = note.signature_count < OWN_LOG_SIGNATURES_MAX &&
		cosignature_verify(
		    &note, &session->partner.card.author, &time) != 0;
	note_free(&note);
	return lacks;
}

/* Or has something that the sizes of its logs do not show. */
static bool lacks_something(struct session *session)
{
	struct database *database = session->store->database;
	int64_t id = session->partner.id, found;

	return database_number(database, SQL_UNREAD_NEXT, &found, "i",
		   (int64_t)1) != DATABASE_E_NONE ||
	       database_number(database, SQL_OWED_OF, &found, "ii", id,
		   (int64_t)1) != DATABASE_E_NONE ||
	       database_number(database, SQL_OBJECT_MISSING, &found, "ibi", id,
		   span_of("", 0), (int64_t)1) != DATABASE_E_NONE ||
	       database_number(database, SQL_SHARED_NEXT, &found, "iii", id,
		   (int64_t)0,
		   (int64_t)session->partner.mirror) != DATABASE_E_NONE ||
	       database_number(database, SQL_ERASURE_OF, &found, "ii", id,
		   (int64_t)1) != DATABASE_E_NONE ||
	       lacks_cosignature(session);
}

int sync_summarise(
    struct session *session, struct wire_sync_summary *ret_summary)
{
	struct wire_sync_summary summary = {.pending = 0};
	struct log_row *logs = NULL;
	size_t i, count = 0;
	int r;

	withdraw_again(session->store);
	r = log_tree_all(session->store->database, &logs, &count);
	if (r == 0)
		r = hash_logs(session, logs, count, &summary.digest);
	for (i = 0; i < count; i++) {
		if (r == 0 && session->partner.mirror)
			r = sync_prove_some(session, &logs[i], false,
			    sync_offered_size(&logs[i]));
		log_row_free(&logs[i]);
	}
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
	    !theirs.pending && !ours.pending && !session->recover &&
	    memcmp(theirs.digest.bytes, ours.digest.bytes, 32) == 0;
	sync_next_turn(session);
	sync_ack(session);
}
