/*
 * Telling a partner that what it brought, or wrote, and what was taken back is
 * destroyed here: one entry of kind `erased`, sealed to the partner's bundle
 * key, that goes out in the turn in which it is written.
 *
 * Should a crash come between that entry and its note, it is said twice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/capture.h"
#include "daemon/store/receipts.h"
#include "daemon/store/withdraw.h"

#define RECORDS_MAX 900 /* in one entry: a content holds 1024 fields */

struct telling {
	uint64_t session;
	int64_t partner;
	size_t count;
	int64_t records[RECORDS_MAX];
	struct entry_id ids[RECORDS_MAX];
};

static int load(struct session *session, struct telling *telling)
{
	sqlite3_stmt *found;
	struct span id;
	int r = 0;

	found = database_query(session->store->database, SQL_ERASURE_OF, "ii",
	    session->partner.id, (int64_t)RECORDS_MAX);
	while (
	    telling->count < RECORDS_MAX && (r = database_step(found)) == 1) {
		id = database_column(found, 1);
		if (id.len != sizeof telling->ids[0].bytes)
			continue;
		telling->records[telling->count] =
		    database_column_int(found, 0);
		memcpy(telling->ids[telling->count++].bytes, id.data, id.len);
	}
	database_done(found);
	return r < 0 ? r : 0;
}

static int settle(struct store *store, const struct telling *telling)
{
	size_t i;
	int r;

	r = database_begin(store->database);
	for (i = 0; r == 0 && i < telling->count; i++)
		r = database_run(store->database, SQL_ERASURE_REMOVE, "ii",
		    telling->partner, telling->records[i]);
	if (r == 0)
		r = database_commit(store->database);
	return r == 0 ? 0 : database_rollback(store->database, r);
}

static void on_written(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct telling *telling = context;
	struct session *session = sync_find(store, telling->session);
	int r = -EIO;

	(void)fault;
	if (id)
		r = settle(store, telling);
	free(telling);
	sync_resume(session, r);
}

static int build_fields(const struct telling *telling, int *ret_fd)
{
	struct buf pairs = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < telling->count; i++) {
		r = buf_append_text(
		    &pairs, i == 0 ? "[\"subject\",\"" : ",[\"subject\",\"");
		if (r == 0)
			r = buf_append_hex(&pairs, telling->ids[i].bytes, 32);
		if (r == 0)
			r = buf_append_text(&pairs, "\"]");
	}
	if (r == 0)
		r = capture_fields(&pairs, ret_fd);
	buf_free(&pairs);
	return r;
}

static int start(struct session *session, struct telling *telling)
{
	struct capture_audience audience = {.id = session->partner.author};
	struct capture_order order = {
	    .audiences = &audience,
	    .audience_count = 1,
	    .kind = "erased",
	    .hidden = true,
	    .subjects = telling->ids,
	    .subject_count = telling->count,
	    .done = on_written,
	    .context = telling,
	};
	struct capture_fault fault;
	int r;

	audience.recipients[0] = session->partner.card.bundle;
	audience.count = 1;
	r = build_fields(telling, &order.fields_fd);
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

int sync_write_erased(struct session *session)
{
	struct telling *telling = calloc(1, sizeof *telling);
	int r;

	if (!telling)
		return -ENOMEM;
	withdraw_again(session->store); /* a bundle asks for no summary */
	telling->session = session->number;
	telling->partner = session->partner.id;
	r = load(session, telling);
	if (r == 0 && telling->count == 0)
		r = 1;
	if (r == 0)
		r = start(session, telling);
	if (r != 0)
		free(telling);
	return r;
}
