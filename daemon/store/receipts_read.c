/*
 * Reading what may be receipts: records of one recipient without attachments
 * are opened by the workers with the node's bundle key, some at a time, and
 * what they all turned out to be is settled in one transaction.
 *
 * A receipt marks our records delivered and is hidden from the list; so is what
 * a partner tells it did with records (opened, exported, erased, ...), which is
 * noted, and passed on towards their author. What is neither is an ordinary
 * record, and is owed a receipt itself. Only a worker's word that no key of
 * ours opens it, or that it is damaged, makes it ordinary: whatever else fails
 * leaves it unread, for the next meeting.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/custody.h"
#include "daemon/store/jobs.h"
#include "daemon/store/withdraw.h"
#include "daemon/store/receipts.h"
#include "daemon/store/receipts_pass.h"

#define READ_MAX 64 /* at a time */

struct reading;

struct item {
	struct reading *reading;
	int64_t record;
	enum { ORDINARY, RECEIPT, CUSTODY } what;
	struct wire_arena arena;
	struct wire_work_opened opened;
	struct pass pass;
};

struct reading {
	uint64_t session;
	size_t count, waiting; /* jobs given, and not answered */
	int result;
	bool in_vain; /* a receipt was passed over */
	struct item items[READ_MAX];
};

/* Mark a record delivered, if the envelope is the one we sent. */
static int mark_delivered(struct store *store, const struct partner *partner,
    const struct wire_receipt_record *line)
{
	struct span author = span_of(partner->author.bytes, 32);
	struct span hash = span_of(line->envelope.bytes, 32);
	struct record_row row;
	int r;

	r = records_find(&store->records, &line->entry, &row);
	if (r == DATABASE_E_NONE)
		return 0;
	if (r == 0)
		r = database_run(store->database, SQL_ENVELOPE_DELIVERED, "ibb",
		    row.id, author, hash);
	if (r == 0)
		r = database_run(store->database, SQL_SHARED_DELIVERED, "iibb",
		    row.id, partner->id, author, hash);
	if (r == 0 && partner->mirror)
		r = database_run(store->database, SQL_PROVEN_FORWARDED, "iib",
		    row.id, partner->id, hash);
	return r;
}

/* Whether that envelope is here: a receipt for anything else says nothing. Of a
 * record that was taken back none is, though it was true. */
static int is_known(struct store *store, const struct wire_receipt_record *line,
    bool *ret_in_vain)
{
	struct record_row row;
	int64_t found;
	int r;

	r = database_number(store->database, SQL_ENVELOPE_KNOWN, &found, "bb",
	    span_of(line->entry.bytes, 32), span_of(line->envelope.bytes, 32));
	if (r != DATABASE_E_NONE)
		return r < 0 ? r : 1;
	r = records_find(&store->records, &line->entry, &row);
	*ret_in_vain |= r > 0 || (r == 0 && row.withdrawn == RECORD_IN_FORCE);
	return r < 0 ? r : 0;
}

/* Nor does it go back to its author, who may have asked for what it wrote while
 * nobody knew what this is. */
static int hide(struct store *store, int64_t record)
{
	int r = database_run(store->database, SQL_RECORD_HIDE, "i", record);

	return r == 0
		   ? database_run(store->database, SQL_RECOVER_NOT, "i", record)
		   : r;
}

static int take_receipt(struct store *store, const struct record_row *row,
    const struct wire_work_opened *opened, bool is_void, bool *ret_in_vain)
{
	struct custody_event event = {
	    .event = row->entry,
	    .kind = opened->kind,
	    .time = opened->time,
	};
	struct partner partner;
	size_t i;
	int from = 1, r;

	r = partners_by_id(store->database, row->source, &partner);
	if (r == 0) /* it counts only from whose log it stands in */
		from =
		    log_tree_is_of(store->database, row->log, &partner.author);
	if (r == 0 && from == 0) {
		*ret_in_vain = true;
		return 0;
	}
	if (from < 0)
		r = from;
	event.actor = partner.author;
	for (i = 0; r == 0 && i < opened->records.count; i++) {
		event.subject = opened->records.items[i].entry;
		if (!is_void)
			r = mark_delivered(
			    store, &partner, &opened->records.items[i]);
		if (r == 0)
			r = is_known(
			    store, &opened->records.items[i], ret_in_vain);
		if (r == 1)
			r = custody_add(store->database, &event);
	}
	return r == 0 ? hide(store, row->id) : r;
}

/* The actor is who signed it. Whoever passed it on is owed a receipt. */
static int take_custody(
    struct store *store, const struct record_row *row, const struct item *item)
{
	const struct wire_work_opened *opened = &item->opened;
	struct custody_event event = {
	    .event = row->entry,
	    .kind = opened->kind,
	    .time = opened->time,
	    .detail = opened->detail,
	};
	struct log_row log = {.id = 0};
	size_t i;
	int r;

	/* Many rows shall not make much of little: the entry has it. */
	if (opened->subjects.count * event.detail.len > WIRE_DETAIL_MAX)
		event.detail.len = 0;
	r = log_tree_load(store->database, row->log, &log);
	event.actor = log.author;
	log_row_free(&log);
	for (i = 0; r == 0 && i < opened->subjects.count; i++) {
		event.subject = opened->subjects.items[i];
		r = custody_add(store->database, &event);
	}
	if (r == 0)
		r = hide(store, row->id);
	if (r == 0)
		r = receipts_owe(store, row->id, row->source, span_of("", 0));
	return r == 0 ? pass_settle(store, &item->pass) : r;
}

/* Inside a transaction. Two meetings may have read one record, and the other
 * was faster. */
static int settle_one(
    struct store *store, const struct item *item, bool *ret_in_vain)
{
	struct record_row row;
	int64_t is_void;
	int r;

	r = database_number(
	    store->database, SQL_UNREAD_IS_VOID, &is_void, "i", item->record);
	if (r != 0)
		return r == DATABASE_E_NONE ? 0 : r;
	r = records_load(&store->records, item->record, &row);
	if (r == 0 && item->what == RECEIPT)
		r = take_receipt(
		    store, &row, &item->opened, is_void, ret_in_vain);
	else if (r == 0 && item->what == CUSTODY)
		r = take_custody(store, &row, item);
	else if (r == 0)
		r = receipts_owe(
		    store, item->record, row.source, span_of("", 0));
	return r == 0 ? database_run(store->database, SQL_UNREAD_REMOVE, "i",
			    item->record)
		      : r;
}

static int settle(struct store *store, struct reading *reading)
{
	size_t i;
	int r;

	r = database_begin(store->database);
	for (i = 0; r == 0 && i < reading->count; i++)
		r = settle_one(store, &reading->items[i], &reading->in_vain);
	if (r == 0)
		r = database_commit(store->database);
	return r == 0 ? 0 : database_rollback(store->database, r);
}

static void reading_free(struct reading *reading)
{
	size_t i;

	for (i = 0; i < reading->count; i++) {
		wire_arena_free(&reading->items[i].arena);
		pass_free(&reading->items[i].pass);
	}
	free(reading);
}

/* All have been answered. */
static void finish(struct store *store, struct reading *reading)
{
	struct session *session = sync_find(store, reading->session);
	int r = reading->result;

	if (r == 0)
		r = store->state == STORE_OPEN ? settle(store, reading) : -EIO;
	if (r == 0)
		r = withdraw_forget(store);
	if (reading->in_vain)
		sync_warn(session, SYNC_WARN_RECEIPT);
	reading_free(reading);
	sync_resume(session, r);
}

static int take_answer(struct item *item, struct wire_frame *answer)
{
	enum wire_code code;
	uint64_t input;
	char why[256];
	int r;

	code = jobs_failure(answer, why, &input);
	if (code == WIRE_CODE_NO_KEY || code == WIRE_CODE_CORRUPT)
		return 0;
	if (code != WIRE_CODE_OK || answer->type != WIRE_WORK_OPENED)
		return -EIO;
	r = wire_decode(WIRE_WORK_OPENED, buf_span(&answer->body), &item->arena,
	    &item->opened);
	if (r == 0 && span_equal(item->opened.kind, span_text("received")))
		item->what = RECEIPT;
	else if (r == 0 && item->opened.subjects.count > 0)
		item->what = CUSTODY;
	return r == 0 ? 0 : -EPROTO;
}

static void on_passed(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct item *item = context;
	struct reading *reading = item->reading;
	int r;

	r = pass_take(&item->pass, answer);
	if (r < 0)
		reading->result = r;
	if (--reading->waiting == 0)
		finish(store, reading);
}

/* 1: it is being made ready for one more partner; 0: it is not, or -errno. */
static int pass_on(struct store *store, struct item *item)
{
	struct record_row row;
	int r;

	if (store->state != STORE_OPEN)
		return -EIO;
	r = records_load(&store->records, item->record, &row);
	if (r == 0)
		r = pass_find(store, &row, item->opened.subjects.items,
		    item->opened.subjects.count, &item->pass);
	if (r != 0)
		return r == DATABASE_E_NONE ? 0 : r;
	r = pass_submit(store, &item->pass, on_passed, item);
	return r == 0 ? 1 : r;
}

static void on_read(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct item *item = context;
	struct reading *reading = item->reading;
	int r;

	r = take_answer(item, answer);
	if (r == 0 && item->what == CUSTODY)
		r = pass_on(store, item);
	if (r < 0)
		reading->result = r;
	if (r != 1 && --reading->waiting == 0)
		finish(store, reading);
}

static int submit_one(struct store *store, struct item *item)
{
	struct wire_work_open job = {
	    .job = jobs_number(store),
	    .want_receipt = 1,
	};
	struct record_body body = {.entry = {0}};
	struct buf envelope = {0};
	struct record_row row;
	struct span span;
	int r;

	r = records_load(&store->records, item->record, &row);
	if (r == 0)
		r = records_body(&store->records, &row, &body);
	if (r == 0)
		r = records_any_envelope(
		    &store->records, &row, &store->author, &envelope);
	job.entry = body.entry;
	job.payload = body.payload;
	span = buf_span(&envelope);
	job.envelopes.items = &span;
	job.envelopes.count = 1;
	if (r == 0)
		r = jobs_submit(store, job.job, WIRE_WORK_OPEN, &job, NULL, 0,
		    on_read, item);
	buf_free(&envelope);
	record_body_free(&body);
	return r > 0 ? -EIO : r;
}

static int load_unread(struct store *store, struct reading *reading)
{
	struct item *item;
	sqlite3_stmt *found;
	int r = 0;

	found = database_query(
	    store->database, SQL_UNREAD_NEXT, "i", (int64_t)READ_MAX);
	while (reading->count < READ_MAX && (r = database_step(found)) == 1) {
		item = &reading->items[reading->count++];
		item->reading = reading;
		item->record = database_column_int(found, 0);
		item->arena.budget = WIRE_ARENA_BUDGET;
	}
	database_done(found);
	return r < 0 ? r : 0;
}

/* No owner is called back from within jobs_submit(), so ${waiting} may grow as
 * jobs are given. */
int receipts_read(struct session *session)
{
	struct reading *reading = calloc(1, sizeof *reading);
	size_t i;
	int r;

	if (!reading)
		return -ENOMEM;
	reading->session = session->number;
	r = load_unread(session->store, reading);
	for (i = 0; r == 0 && i < reading->count; i++) {
		r = submit_one(session->store, &reading->items[i]);
		reading->waiting += r == 0;
	}
	if (reading->waiting > 0) {
		reading->result = r;
		session->busy = true;
		return 0;
	}
	reading_free(reading);
	return r == 0 ? 1 : r;
}
