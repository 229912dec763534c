/*
 * From a noted withdrawal to destroyed records. Who may take back is decided by
 * the author's own word and the organisation that its card names; what one
 * author takes back beyond a number a day is set aside, because whoever seized
 * an open device must not be able to erase a year's work everywhere.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/withdraw.h"
#include "proto/format/content_json.h"

#define DAY 86400
#define BATCH 256 /* records whose keys go by one rewriting */

int withdraw_note(
    struct store *store, int64_t record, const struct entry *entry)
{
	size_t i;
	int r;

	r = database_run(store->database, SQL_RECORD_HIDE, "i", record);
	for (i = 0; r == 0 && i < entry->withdraw_count; i++)
		r = database_run(store->database, SQL_WITHDRAWAL_ADD, "bi",
		    span_of(entry->withdraws[i].bytes, 32), record);
	return r;
}

bool withdraw_can(const struct entry *entry)
{
	return entry->withdraw_count == 0 && entry->key_act == ENTRY_KEY_NONE;
}

/* --- whom it binds ------------------------------------------------------ */

static bool same(const struct author_id *a, const struct author_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The organisation that an author's newest card here names. */
static int organisation_of(struct store *store, const struct author_id *author,
    struct author_id *ret_organisation)
{
	struct buf own = {0};
	struct partner partner;
	int r;

	if (same(author, &store->author)) {
		r = database_get(store->database, "organisation", &own);
		if (r == 0 && own.len != sizeof ret_organisation->bytes)
			r = DATABASE_E_NONE;
		if (r == 0)
			memcpy(ret_organisation->bytes, own.data, own.len);
		buf_free(&own);
		return r;
	}
	r = partners_by_author(store->database, author, &partner);
	if (r == 0 && !partner.card.has_organisation)
		r = DATABASE_E_NONE;
	if (r == 0)
		*ret_organisation = partner.card.organisation;
	return r;
}

int withdraw_may(struct store *store, const struct author_id *author,
    const struct author_id *by)
{
	struct author_id organisation;
	int r;

	if (same(author, by))
		return 1;
	r = organisation_of(store, author, &organisation);
	if (r == DATABASE_E_NONE)
		return 0;
	return r < 0 ? r : same(&organisation, by);
}

int withdraw_oversteps(struct store *store, const struct entry *entry)
{
	struct log_row log = {.id = 0};
	struct record_row row;
	int r, may = 1;
	size_t i;

	for (i = 0; may == 1 && i < entry->withdraw_count; i++) {
		r = records_find(&store->records, &entry->withdraws[i], &row);
		if (r == 0 && row.withdrawn == RECORD_IN_FORCE)
			r = log_tree_load(store->database, row.log, &log);
		if (r == 0 && log.id > 0)
			may = withdraw_may(store, &log.author, &entry->author);
		log_row_free(&log);
		memset(&log, 0, sizeof log);
		if (r < 0)
			return r;
	}
	return may < 0 ? may : may == 0;
}

/* As withdraw_binds(); ${ret_by} is who did it, and ${ret_own} says whether
 * that is this node itself. */
static int judge(struct store *store, const struct entry_id *id,
    const struct author_id *author, struct author_id *ret_by, bool *ret_own)
{
	struct author_id by;
	sqlite3_stmt *found;
	struct span bytes;
	bool own;
	int r;

	*ret_own = false;
	found = database_query(store->database, SQL_WITHDRAWAL_BY, "b",
	    span_of(id->bytes, sizeof id->bytes));
	while ((r = database_step(found)) == 1) {
		bytes = database_column(found, 0);
		own = database_column_int(found, 1);
		if (bytes.len != sizeof by.bytes)
			continue;
		memcpy(by.bytes, bytes.data, sizeof by.bytes);
		r = withdraw_may(store, author, &by);
		if (r == 0)
			continue;
		*ret_by = by;
		*ret_own = own;
		database_done(found);
		return r;
	}
	return r;
}

int withdraw_binds(struct store *store, const struct entry_id *id,
    const struct author_id *author)
{
	struct author_id by;
	bool own;

	return judge(store, id, author, &by, &own);
}

int withdraw_tell(struct store *store, const struct entry_id *id,
    const struct author_id *author, const struct author_id *whom)
{
	struct author_id by;
	bool own;
	int r;

	r = judge(store, id, author, &by, &own);
	if (r != 1 || own)
		return r < 0 ? r : 0;
	return database_run(store->database, SQL_WITHDRAWAL_TELL, "bbb",
	    span_of(id->bytes, 32), span_of(by.bytes, 32),
	    span_of(whom->bytes, 32));
}

/* --- destroying --------------------------------------------------------- */

/* Object files of one batch, to be removed once the rows are gone. */
struct files {
	struct objects_name *names;
	size_t count, room;
};

static int add_file(struct files *files, const struct objects_name *name)
{
	struct objects_name *more;

	if (files->count == files->room) {
		files->room = files->room ? files->room * 2 : 16;
		more = realloc(files->names, files->room * sizeof *more);
		if (!more)
			return -ENOMEM;
		files->names = more;
	}
	files->names[files->count++] = *name;
	return 0;
}

static int collect_files(
    struct store *store, const struct record_row *row, struct files *files)
{
	struct object_row object;
	uint64_t i;
	int r = 0;

	for (i = 0; r == 0 && i < row->attachments; i++) {
		r = records_object(&store->records, row, i, &object);
		if (r == 0)
			r = add_file(files, &object.file);
		explicit_bzero(&object, sizeof object);
	}
	return r;
}

/* The rows that open it, or that would have it asked for or given out. */
static int delete_rows(struct store *store, int64_t record)
{
	static const enum sql all[] = {SQL_DESTROY_BODY, SQL_DESTROY_ENVELOPES,
	    SQL_DESTROY_OBJECTS, SQL_DESTROY_LABEL, SQL_DESTROY_PROVEN,
	    SQL_DESTROY_OWED, SQL_DESTROY_UNREAD, SQL_DESTROY_SHARED};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < sizeof all / sizeof *all; i++)
		r = database_run(store->database, all[i], "i", record);
	return r;
}

/* Who had an own one is asked about in `log`; who brought one, and who wrote
 * it, is told that it is gone. */
static int remember_holders(struct store *store, const struct record_row *row,
    const struct log_row *log)
{
	struct partner partner;
	int r = 0;

	if (log->own)
		r = database_run(store->database, SQL_HOLDER_ADD_AUDIENCES,
		    "ib", row->id, span_of(log->author.bytes, 32));
	if (r == 0)
		r = database_run(
		    store->database, SQL_HOLDER_ADD_SHARED, "i", row->id);
	if (r != 0 || log->own)
		return r;
	if (row->source > 0)
		r = database_run(store->database, SQL_ERASURE_ADD, "ii",
		    row->source, row->id);
	if (r == 0)
		r = partners_by_author(store->database, &log->author, &partner);
	if (r == 0)
		r = database_run(store->database, SQL_ERASURE_ADD, "ii",
		    partner.id, row->id);
	return r == DATABASE_E_NONE ? 0 : r;
}

static int put_state(struct store *store, const struct record_row *row,
    const struct log_row *log, enum record_withdrawn state, struct span kept)
{
	return database_run(store->database, SQL_WITHDRAWN_ADD, "iiibb",
	    row->id, (int64_t)state, (int64_t)time(NULL),
	    span_of(log->author.bytes, 32), kept);
}

/* Inside a transaction. ${state}: ERASING or FORGETTING. */
static int destroy(struct store *store, const struct record_row *row,
    const struct log_row *log, enum record_withdrawn state, struct files *files)
{
	struct buf kept = {0};
	int r;

	r = records_pack_kept(&store->records, row, &kept);
	if (r == 0)
		r = collect_files(store, row, files);
	if (r == 0)
		r = remember_holders(store, row, log);
	if (r == 0)
		r = delete_rows(store, row->id);
	if (r == 0)
		r = put_state(store, row, log, state, buf_span(&kept));
	buf_free(&kept);
	return r > 0 ? -EIO : r;
}

/* Whether one more of this author, or by this one, is too many for a day: an
 * organisation speaks for many authors. */
static int is_too_many(struct store *store, const struct author_id *author,
    const struct author_id *by, bool *ret_is)
{
	const uint64_t limit = store->service.settings.withdrawals;
	const int64_t since = (int64_t)time(NULL) - DAY;
	int64_t count = 0, count_by = 0;
	int r;

	r = database_number(store->database, SQL_WITHDRAWN_LATELY, &count, "bi",
	    span_of(author->bytes, 32), since);
	if (r == 0)
		r = database_number(store->database, SQL_WITHDRAWN_LATELY_BY,
		    &count_by, "bi", span_of(by->bytes, 32), since);
	*ret_is = (uint64_t)count >= limit || (uint64_t)count_by >= limit;
	return r;
}

/* Inside a transaction: one record that some entry names. */
static int apply(
    struct store *store, const struct record_row *row, struct files *files)
{
	struct log_row log = {.id = 0};
	bool own = false, too_many = false;
	struct author_id by;
	int r;

	r = log_tree_load(store->database, row->log, &log);
	if (r == 0)
		r = judge(store, &row->entry, &log.author, &by, &own);
	if (r != 1) {
		log_row_free(&log);
		return r;
	}
	r = database_run(store->database, SQL_WITHDRAWAL_PASS_ON, "ibbb",
	    row->id, span_of(row->entry.bytes, 32), span_of(by.bytes, 32),
	    span_of(log.author.bytes, 32));
	if (r == 0)
		r = withdraw_tell(store, &row->entry, &log.author, &log.author);
	if (r == 0 && row->withdrawn == RECORD_FORGOTTEN) {
		log_row_free(&log);
		return database_run(
		    store->database, SQL_FORGOTTEN_WITHDRAWN, "i", row->id);
	}
	if (r == 0 && !own)
		r = is_too_many(store, &log.author, &by, &too_many);
	if (r == 0 && too_many)
		r = put_state(
		    store, row, &log, RECORD_SET_ASIDE, span_of("", 0));
	else if (r == 0)
		r = destroy(store, row, &log, RECORD_ERASING, files);
	if (r == 0)
		log_event(LOG_LEVEL_INFO,
		    too_many ? "a withdrawn record was set aside"
			     : "a withdrawn record is destroyed");
	log_row_free(&log);
	return r;
}

static void remove_files(struct store *store, struct files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		objects_remove(store->records.objects, files->names[i].text);
	free(files->names);
	memset(files, 0, sizeof *files);
}

static int settle_erased(
    struct store *store, const int64_t *records, size_t count)
{
	size_t i;
	int r;

	r = database_begin(store->database);
	for (i = 0; r == 0 && i < count; i++)
		r = database_run(
		    store->database, SQL_WITHDRAWN_GONE, "i", records[i]);
	if (r == 0)
		r = database_commit(store->database);
	return r == 0 ? 0 : database_rollback(store->database, r);
}

/* Make the keys of all whose rows are gone unrecoverable. */
static int erase_keys(struct store *store)
{
	int64_t records[BATCH], slots[BATCH];
	sqlite3_stmt *found;
	size_t count;
	int r = 0;

	do {
		count = 0;
		found = database_query(store->database, SQL_WITHDRAWN_ERASING,
		    "i", (int64_t)BATCH);
		while (count < BATCH && (r = database_step(found)) == 1) {
			records[count] = database_column_int(found, 0);
			slots[count++] = database_column_int(found, 1);
		}
		database_done(found);
		if (r >= 0 && count > 0)
			r = record_keys_erase(
			    store->records.keys, slots, count);
		if (r == 0 && count > 0)
			r = settle_erased(store, records, count);
	} while (r == 0 && count == BATCH);
	store->withdrawing |= r != 0;
	return r;
}

/* As many as one rewriting of the keys file is worth. 1: there may be more. */
static int work_batch(struct store *store, struct buf *after)
{
	struct files files = {.count = 0};
	struct record_row row;
	size_t count = 0;
	int64_t record;
	int r;

	r = database_begin(store->database);
	while (r == 0 && count < BATCH) {
		r = database_number(store->database, SQL_WITHDRAWAL_NEXT,
		    &record, "bi", buf_span(after), store->judged);
		if (r != 0)
			break;
		r = records_load(&store->records, record, &row);
		after->len = 0;
		if (r == 0)
			r = buf_append(after, row.entry.bytes, 32);
		if (r == 0)
			r = apply(store, &row, &files);
		count++;
	}
	if (r == 0 || r == DATABASE_E_NONE)
		r = database_commit(store->database);
	if (r != 0) {
		free(files.names);
		return database_rollback(store->database, r);
	}
	remove_files(store, &files);
	r = erase_keys(store);
	return r == 0 ? count == BATCH : r;
}

static void on_derived(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	(void)context;
	(void)fault;
	if (id && withdraw_work(store, false) == 0)
		return;
	store->withdrawing = true;
	log_event(
	    LOG_LEVEL_ERROR, "a translation or copy could not be withdrawn");
}

/* What this node made of a record that is taken back goes as well. */
static int withdraw_derived(struct store *store)
{
	struct entry_id ids[BATCH];
	struct capture_fault fault;
	sqlite3_stmt *found;
	struct span id;
	size_t count = 0;
	int r;

	found = database_query(
	    store->database, SQL_DERIVED_NEXT, "i", (int64_t)BATCH);
	while (count < BATCH && (r = database_step(found)) == 1) {
		id = database_column(found, 0);
		if (id.len == sizeof ids[0].bytes)
			memcpy(ids[count++].bytes, id.data, id.len);
	}
	database_done(found);
	if (r < 0 || count == 0)
		return r < 0 ? r : 0;
	return withdraw_start(store, ids, count, span_of("", 0), on_derived,
		   NULL, &fault) == 0
		   ? 0
		   : -EIO;
}

int withdraw_work(struct store *store, bool all)
{
	struct buf after = {0};
	int64_t newest = 0;
	int r;

	if (all)
		store->judged = 0;
	r = database_number(
	    store->database, SQL_WITHDRAWAL_NEWEST, &newest, "");
	if (r == 0) /* what an earlier life left half-done */
		r = erase_keys(store);
	while (r == 0 && (r = work_batch(store, &after)) == 1)
		r = 0;
	buf_free(&after);
	if (r == 0)
		store->judged = newest;
	if (r == 0)
		r = withdraw_derived(store);
	store->withdrawing = r != 0;
	if (r < 0)
		log_number(
		    LOG_LEVEL_ERROR, "withdrawn records are not destroyed", r);
	return r;
}

void withdraw_again(struct store *store)
{
	if (store->withdrawing)
		withdraw_work(store, false);
}

int withdraw_confirm(struct store *store, const struct record_row *row)
{
	struct files files = {.count = 0};
	struct log_row log = {.id = 0};
	int r;

	if (row->withdrawn != RECORD_SET_ASIDE)
		return DATABASE_E_NONE;
	r = log_tree_load(store->database, row->log, &log);
	if (r == 0)
		r = database_begin(store->database);
	if (r == 0)
		r = destroy(store, row, &log, RECORD_ERASING, &files);
	if (r == 0)
		r = database_commit(store->database);
	log_row_free(&log);
	if (r != 0) {
		free(files.names);
		return database_rollback(store->database, r);
	}
	remove_files(store, &files);
	r = erase_keys(store);
	if (r == 0)
		r = withdraw_derived(store);
	store->withdrawing |= r != 0;
	return r;
}

/* --- forgetting --------------------------------------------------------- */

static int forget(struct store *store, int64_t record, struct files *files)
{
	struct log_row log = {.id = 0};
	struct record_row row;
	int r;

	r = records_load(&store->records, record, &row);
	if (r == 0)
		r = log_tree_load(store->database, row.log, &log);
	if (r == 0)
		r = destroy(store, &row, &log, RECORD_FORGETTING, files);
	log_row_free(&log);
	return r > 0 ? -EIO : r;
}

int withdraw_forget(struct store *store)
{
	struct files files = {.count = 0};
	int64_t record = 0;
	size_t count;
	int r = 0;

	if (store->service.settings.retain == WIRE_RETAIN_ALWAYS)
		return 0;
	do {
		count = 0;
		r = database_begin(store->database);
		while (r == 0 && count < BATCH) {
			r = database_number(store->database, SQL_FORGET_NEXT,
			    &record, "i", record);
			if (r == 0)
				r = forget(store, record, &files);
			count += r == 0;
		}
		if (r == 0 || r == DATABASE_E_NONE)
			r = database_commit(store->database);
		if (r != 0) {
			free(files.names);
			return database_rollback(store->database, r);
		}
		remove_files(store, &files);
		r = erase_keys(store);
	} while (r == 0 && count == BATCH);
	return r;
}

/* --- taking back -------------------------------------------------------- */

/* Every partner, for each may hold it or hand the word on; and this node. Only
 * the open lines matter to those who cannot read. */
static int list_audiences(struct store *store,
    struct capture_audience **ret_audiences, size_t *ret_count)
{
	struct capture_audience *audiences;
	struct partner *partners = NULL;
	size_t i, count = 0, used = 0;
	int r;

	r = partners_all(store->database, &partners, &count);
	if (r < 0)
		return r;
	audiences = calloc(count + 1, sizeof *audiences);
	for (i = 0; audiences && i < count && used < 255; i++) {
		if (!partners[i].compared)
			continue;
		audiences[used].id = partners[i].author;
		audiences[used].recipients[0] = partners[i].card.bundle;
		audiences[used++].count = 1;
	}
	free(partners);
	if (!audiences)
		return -ENOMEM;
	audiences[used].id = store->author;
	audiences[used].recipients[0] = store->bundle;
	audiences[used++].count = 1;
	*ret_audiences = audiences;
	*ret_count = used;
	return 0;
}

static int build_reason(struct span reason, struct buf *out)
{
	json_t *pair;
	int r;

	if (reason.len == 0)
		return 0;
	pair = json_pack(
	    "[s, s%]", "reason", (const char *)reason.data, reason.len);
	r = pair ? content_json_dump(pair, out) : -EINVAL;
	json_decref(pair);
	return r;
}

int withdraw_start(struct store *store, const struct entry_id *ids,
    size_t count, struct span reason, capture_done_cb done, void *context,
    struct capture_fault *ret_fault)
{
	struct capture_audience *audiences = NULL;
	struct capture_order order = {
	    .kind = "withdrawal",
	    .hidden = true,
	    .subjects = ids,
	    .subject_count = count,
	    .withdraws = ids,
	    .withdraw_count = count,
	    .done = done,
	    .context = context,
	};
	struct buf pairs = {0};
	int r;

	memset(ret_fault, 0, sizeof *ret_fault);
	ret_fault->code = WIRE_CODE_FAILED;
	r = list_audiences(store, &audiences, &order.audience_count);
	if (r == 0)
		r = build_reason(reason, &pairs);
	if (r == 0)
		r = capture_fields(&pairs, &order.fields_fd);
	buf_free(&pairs);
	if (r == 0) {
		order.audiences = audiences;
		r = capture_start(store, &order, ret_fault);
		close(order.fields_fd);
	}
	free(audiences);
	return r == 0 ? 0 : 1;
}
