/*
 * Receipts: reading a partner's (receipts_read.c), and writing ours.
 *
 * Both happen at the beginning of our turn. First every record that might be a
 * receipt is read. Then all that is owed to this partner becomes one record of
 * kind `received`, sealed to the partner's bundle key, that goes out with the
 * entries of this same turn.
 *
 * All of it stands in tables, so a crash between any two steps only repeats.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/capture.h"
#include "daemon/store/jobs.h"
#include "daemon/store/receipts.h"
#include "proto/format/hash.h"

#define RECORDS_MAX 900 /* in one receipt: a content holds 1024 fields */

int receipts_owe(
    struct store *store, int64_t record, int64_t partner, struct span envelope)
{
	struct digest hash = {.bytes = {0}};
	int r = 0;

	if (envelope.len > 0)
		r = hash_sha256(envelope, &hash);
	return r == 0 ? database_run(store->database, SQL_OWED_ADD, "iib",
			    record, partner,
			    span_of(hash.bytes, envelope.len > 0 ? 32 : 0))
		      : r;
}

struct writing {
	uint64_t session;
	int64_t partner;
	size_t count;
	int64_t records[RECORDS_MAX];
	struct digest hashes[RECORDS_MAX]; /* of envelopes */
	bool known[RECORDS_MAX];           /* which ones they came with */
	struct entry_id ids[RECORDS_MAX];
};

static int load_owed(struct session *session, struct writing *writing)
{
	sqlite3_stmt *found;
	struct span hash;
	size_t i;
	int r;

	found = database_query(session->store->database, SQL_OWED_OF, "ii",
	    session->partner.id, (int64_t)RECORDS_MAX);
	while (
	    writing->count < RECORDS_MAX && (r = database_step(found)) == 1) {
		i = writing->count++;
		writing->records[i] = database_column_int(found, 0);
		hash = database_column(found, 1);
		writing->known[i] = hash.len == sizeof writing->hashes[i].bytes;
		if (writing->known[i])
			memcpy(writing->hashes[i].bytes, hash.data, hash.len);
	}
	database_done(found);
	return r < 0 ? r : 0;
}

/* Of the envelope that a record came with, where that was not noted. */
static int find_hash(struct session *session, const struct record_row *row,
    struct digest *ret_hash)
{
	struct records *records = &session->store->records;
	struct buf envelope = {0};
	int r;

	r = records_envelope(
	    records, row, &session->partner.author, &envelope, ret_hash);
	if (r == DATABASE_E_NONE) /* and of its own */
		r = records_envelope(
		    records, row, &session->store->author, &envelope, ret_hash);
	buf_free(&envelope);
	return r;
}

/* ["record","<entry id> <SHA-256 of the envelope>"] */
static int put_line(
    struct session *session, struct writing *writing, size_t i, struct buf *out)
{
	struct record_row row;
	int r;

	r = records_load(&session->store->records, writing->records[i], &row);
	if (r == 0 && !writing->known[i])
		r = find_hash(session, &row, &writing->hashes[i]);
	if (r == 0)
		writing->ids[i] = row.entry;
	if (r == 0)
		r = buf_append_text(
		    out, i == 0 ? "[\"record\",\"" : ",[\"record\",\"");
	if (r == 0)
		r = buf_append_hex(out, row.entry.bytes, 32);
	if (r == 0)
		r = buf_append_text(out, " ");
	if (r == 0)
		r = buf_append_hex(out, writing->hashes[i].bytes, 32);
	return r == 0 ? buf_append_text(out, "\"]") : r;
}

static int build_fields(
    struct session *session, struct writing *writing, int *ret_fd)
{
	struct buf pairs = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < writing->count; i++)
		r = put_line(session, writing, i, &pairs);
	if (r == 0)
		r = capture_fields(&pairs, ret_fd);
	buf_free(&pairs);
	return r;
}

static int settle_owed(struct store *store, const struct writing *writing)
{
	size_t i;
	int r;

	r = database_begin(store->database);
	for (i = 0; r == 0 && i < writing->count; i++)
		r = database_run(store->database, SQL_OWED_REMOVE, "ii",
		    writing->records[i], writing->partner);
	if (r == 0)
		r = database_commit(store->database);
	return r == 0 ? 0 : database_rollback(store->database, r);
}

/* Should a crash come between the receipt's commit and this, a second receipt
 * for the same records is written: harmless, and better than none. */
static void on_written(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct writing *writing = context;
	struct session *session = sync_find(store, writing->session);
	int r = -EIO;

	(void)fault;
	if (id)
		r = settle_owed(store, writing);
	free(writing);
	sync_resume(session, r);
}

static int start_writing(struct session *session, struct writing *writing)
{
	struct capture_audience audience = {.id = session->partner.author};
	struct capture_order order = {
	    .audiences = &audience,
	    .audience_count = 1,
	    .kind = "received",
	    .hidden = true,
	    .subjects = writing->ids,
	    .subject_count = writing->count,
	    .done = on_written,
	    .context = writing,
	};
	struct capture_fault fault;
	int r;

	audience.recipients[0] = session->partner.card.bundle;
	audience.count = 1;
	r = build_fields(session, writing, &order.fields_fd);
	if (r != 0)
		return r;
	session->busy = true;
	if (capture_start(session->store, &order, &fault) != 0) {
		session->busy = false;
		r = -EIO;
	}
	close(order.fields_fd);
	return r;
}

/* 1: there is nothing to write; 0: it is being written; -errno. */
static int write_owed(struct session *session)
{
	struct writing *writing = calloc(1, sizeof *writing);
	int r;

	if (!writing)
		return -ENOMEM;
	writing->session = session->number;
	writing->partner = session->partner.id;
	r = load_owed(session, writing);
	if (r == 0 && writing->count == 0)
		r = 1;
	if (r == 0)
		r = start_writing(session, writing);
	if (r != 0)
		free(writing);
	return r;
}

bool receipts_work(struct session *session)
{
	int r;

	r = receipts_read(session);
	if (r == 1)
		r = write_owed(session);
	if (r == 1)
		r = sync_write_erased(session);
	if (r != 0 && r != 1) {
		log_number(LOG_LEVEL_ERROR, "receipts failed", r);
		sync_close(session, WIRE_CODE_FAILED);
	}
	return r == 1;
}
