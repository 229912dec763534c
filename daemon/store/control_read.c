/*
 * list, record, open: what is held, and having a worker open it. The store
 * itself never sees what comes out: it goes to the client's descriptor.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/control_custody.h"
#include "daemon/store/jobs.h"
#include "daemon/store/proofs.h"
#include "proto/format/file.h"

#define PAGE 50 /* has room in a reply, whoever they are for */
#define NOTHING "nothing was handed out"

/* --- list -------------------------------------------------------------- */

/* With whom a record of somebody else was shared from here. */
static int names_shared(struct store *store, const struct record_row *row,
    bool delivered_only, json_t *names)
{
	struct partner partner;
	sqlite3_stmt *found;
	int r, known;

	found = database_query(store->database, SQL_SHARED_OF, "i", row->id);
	while ((r = database_step(found)) == 1) {
		if (delivered_only && !database_column_int(found, 1))
			continue;
		known = partners_by_id(
		    store->database, database_column_int(found, 0), &partner);
		if (known != 0) {
			database_done(found);
			return known < 0 ? known : -EIO;
		}
		json_array_append_new(names, json_string(partner.card.name));
	}
	return r;
}

/* Who had confirmed a record that this node forgot. */
static int names_of_holders(
    struct store *store, const struct record_row *row, json_t *names)
{
	struct partner partner;
	struct author_id holder;
	struct span bytes;
	sqlite3_stmt *found;
	int r, known;

	found = database_query(store->database, SQL_HOLDER_OF, "i", row->id);
	while ((r = database_step(found)) == 1) {
		bytes = database_column(found, 0);
		if (bytes.len != sizeof holder.bytes)
			continue;
		memcpy(holder.bytes, bytes.data, sizeof holder.bytes);
		known = partners_by_author(store->database, &holder, &partner);
		if (known == 0)
			json_array_append_new(
			    names, json_string(partner.card.name));
		if (known < 0) {
			database_done(found);
			return known;
		}
	}
	return r;
}

/* The partners a record is for, or those of them that hold it. */
static int names_of(struct store *store, const struct record_row *row,
    bool delivered_only, json_t *names)
{
	struct partner partner;
	struct author_id audience;
	struct span bytes;
	sqlite3_stmt *found;
	int r, known;

	found = database_query(store->database, SQL_ENVELOPE_ALL, "i", row->id);
	while ((r = database_step(found)) == 1) {
		bytes = database_column(found, 0);
		if (bytes.len != 32 ||
		    (delivered_only && !database_column_int(found, 2)))
			continue;
		memcpy(audience.bytes, bytes.data, 32);
		known =
		    partners_by_author(store->database, &audience, &partner);
		if (known < 0) {
			database_done(found);
			return known;
		}
		if (known == 0)
			json_array_append_new(
			    names, json_string(partner.card.name));
	}
	return r;
}

static int names_by_state(struct store *store, const struct record_row *row,
    bool own, bool delivered_only, json_t *names)
{
	if (row->withdrawn >= RECORD_FORGETTING)
		return names_of_holders(store, row, names);
	return own ? names_of(store, row, delivered_only, names)
		   : names_shared(store, row, delivered_only, names);
}

/* A list is filled before it is put: one that could not be put is gone. */
static int put_names(
    struct store *store, const struct record_row *row, bool own, json_t *json)
{
	json_t *to = json_array(), *delivered = json_array();
	struct partner partner;
	int r;

	r = names_by_state(store, row, own, false, to);
	if (r == 0)
		r = names_by_state(store, row, own, true, delivered);
	json_object_set_new(json, "to", to);
	json_object_set_new(json, "delivered", delivered);
	if (row->withdrawn >= RECORD_FORGETTING)
		return r;
	if (r == 0 && row->source > 0)
		r = partners_by_id(store->database, row->source, &partner);
	if (r == 0 && row->source > 0)
		json_object_set_new(
		    json, "received_from", json_string(partner.card.name));
	return r;
}

static int put_label(
    struct store *store, const struct record_row *row, json_t *json)
{
	struct buf label = {0};
	int r;

	r = records_label(&store->records, row, &label);
	if (r == 0 && label.len > 0)
		json_object_set_new(json, "label",
		    json_stringn((const char *)label.data, label.len));
	buf_free(&label);
	return r;
}

/* It may be a record, or a receipt that goes from the list once it is read. */
static int put_unread(
    struct store *store, const struct record_row *row, json_t *json)
{
	sqlite3_stmt *found;
	bool unread;
	int r;

	found =
	    database_query(store->database, SQL_RECORD_PRIVATE, "i", row->id);
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	unread = database_column_int(found, 1);
	database_done(found);
	if (unread)
		json_object_set_new(json, "unread", json_true());
	return 0;
}

/* Append one record to the list. What cannot be read is an error: a record
 * that is silently left out would be a record hidden. */
static int describe(
    struct store *store, const struct record_row *row, json_t *list)
{
	struct log_row log = {.id = 0};
	char id[65], author[65], name[65];
	json_t *json;
	bool own;
	int r;

	r = log_tree_load(store->database, row->log, &log);
	if (r != 0)
		return r < 0 ? r : -EIO;
	hex_encode(row->entry.bytes, 32, id);
	hex_encode(log.author.bytes, 32, author);
	hex_encode(log.log.bytes, 32, name);
	own = log.own;
	log_row_free(&log);
	json = json_pack("{s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:b, s:I}", "id",
	    id, "author", author, "log", name, "index", (json_int_t)row->place,
	    "own", own, "attachments", (json_int_t)row->attachments, "size",
	    (json_int_t)row->bytes, "complete", row->whole, "stored_at",
	    (json_int_t)row->stored);
	if (!json)
		return -ENOMEM;
	if (row->withdrawn >= RECORD_FORGETTING)
		json_object_set_new(json, "forgotten", json_true());
	else if (row->withdrawn != RECORD_IN_FORCE)
		json_object_set_new(json, "withdrawn",
		    json_string(row->withdrawn == RECORD_SET_ASIDE
				    ? "set aside"
				    : "destroyed"));
	r = put_names(store, row, own, json);
	if (r == 0)
		r = put_label(store, row, json);
	if (r == 0)
		r = put_unread(store, row, json);
	if (json_array_append_new(list, json) < 0 && r == 0)
		r = -ENOMEM;
	return r > 0 ? -EIO : r;
}

static int list_page(struct store *store, int64_t after,
    struct record_row *rows, size_t *ret_count)
{
	sqlite3_stmt *found;
	size_t count = 0;
	int r;

	found = database_query(
	    store->database, SQL_RECORD_PAGE, "ii", after, (int64_t)PAGE);
	while (count < PAGE && (r = database_step(found)) == 1) {
		r = records_take_row(found, &rows[count++]);
		if (r < 0)
			break;
	}
	database_done(found);
	*ret_count = count;
	return r < 0 ? r : 0;
}

static int describe_page(
    struct store *store, struct record_row *rows, size_t count, json_t *list)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < count; i++)
		r = describe(store, &rows[i], list);
	return r;
}

void control_list(struct request *request)
{
	struct record_row *rows = calloc(PAGE, sizeof *rows);
	int64_t after = 0;
	json_t *list;
	size_t count = PAGE;
	int r = rows ? 0 : -ENOMEM;

	while (r == 0 && count == PAGE) {
		list = json_array();
		r = list_page(request->store, after, rows, &count);
		if (r == 0)
			r = describe_page(request->store, rows, count, list);
		if (r == 0) {
			r = control_part(
			    request, json_pack("{s:O}", "records", list));
			after = count > 0 ? rows[count - 1].id : after;
		}
		json_decref(list);
	}
	free(rows);
	if (r == 0)
		control_done_empty(request);
	else
		control_fail_result(request, r);
}

/* --- record ------------------------------------------------------------ */

static int find_record(struct request *request, struct record_row *ret_row)
{
	return records_by_prefix(
	    &request->store->records, request->ctl.text, ret_row);
}

static int put_base64(json_t *json, const char *key, struct span bytes)
{
	struct buf text = {0};
	int r;

	r = base64_append(&text, BASE64_STANDARD, bytes);
	if (r == 0)
		json_object_set_new(
		    json, key, json_stringn((const char *)text.data, text.len));
	buf_free(&text);
	return r;
}

/* Keys of who may have cosigned: this node, and its partners. */
static int put_witnesses(struct store *store, json_t *json)
{
	struct partner *partners = NULL;
	json_t *list = json_array(), *item;
	size_t i, count = 0;
	int r;

	r = partners_all(store->database, &partners, &count);
	for (i = 0; r == 0 && i <= count; i++) {
		if (i < count && !partners[i].compared)
			continue;
		item = json_object();
		r = put_base64(item, "key",
		    span_of(i < count ? partners[i].card.author.bytes
				      : store->author_key.bytes,
			32));
		json_array_append_new(list, item);
	}
	free(partners);
	json_object_set_new(json, "witnesses", list);
	return r;
}

static int fill_record(struct store *store, const struct record_row *row,
    struct log_row *log, struct record_body *body, json_t *json)
{
	struct buf proof = {0};
	int r;

	r = log_tree_load(store->database, row->log, log);
	if (r == 0)
		r = records_body(&store->records, row, body);
	if (r == 0)
		r = proofs_build(store, row, log, &proof);
	if (r == DATABASE_E_NONE) /* it can be read all the same */
		r = 0;
	if (r == 0)
		r = put_base64(json, "entry", body->entry);
	if (r == 0)
		r = put_base64(json, "signature", body->signature);
	if (r == 0)
		r = put_base64(json, "author", span_of(log->key.bytes, 32));
	if (r == 0)
		r = put_base64(json, "proof", buf_span(&proof));
	if (r == 0)
		r = put_witnesses(store, json);
	buf_free(&proof);
	return r;
}

void control_record(struct request *request)
{
	struct record_body body = {.entry = {0}};
	struct log_row log = {.id = 0};
	json_t *json = json_object();
	struct record_row row;
	int r;

	r = find_record(request, &row);
	if (r == 0)
		r = fill_record(request->store, &row, &log, &body, json);
	record_body_free(&body);
	log_row_free(&log);
	if (r == 0) {
		control_done(request, json);
		return;
	}
	json_decref(json);
	control_fail_result(request, r);
}

/* --- opening ----------------------------------------------------------- */

static void on_opened(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct request *request = context;
	enum wire_code code;
	uint64_t input;
	char why[256];

	json_t *told = request->state;

	(void)store;
	code = jobs_failure(answer, why, &input);
	request->state = NULL;
	if (code == WIRE_CODE_OK && told) {
		control_done(request, told);
		return;
	}
	json_decref(told);
	if (code == WIRE_CODE_OK)
		control_done_empty(request);
	else if (code == WIRE_CODE_CORRUPT)
		control_fail(request, 4, why,
		    "it is refused whole; nothing was changed");
	else
		control_fail_code(request, code);
}

void control_envelopes_free(struct control_envelopes *envelopes)
{
	size_t i;

	for (i = 0; envelopes && i < envelopes->count; i++)
		buf_free(&envelopes->bytes[i]);
	free(envelopes);
}

/* What does not fit beside the others is not tried. */
static int add_envelope(struct records *records, const struct record_row *row,
    const struct author_id *audience, struct control_envelopes *envelopes)
{
	struct buf *bytes = &envelopes->bytes[envelopes->count];
	struct digest hash;
	size_t i, total;
	int r;

	r = records_envelope(records, row, audience, bytes, &hash);
	if (r != 0) {
		buf_free(bytes);
		return r;
	}
	for (i = 0, total = bytes->len; i < envelopes->count; i++)
		total += envelopes->bytes[i].len;
	if (envelopes->count > 0 && total > CONTROL_ENVELOPES_BYTES)
		buf_free(bytes);
	else
		envelopes->spans[envelopes->count++] = buf_span(bytes);
	return 0;
}

/* Who they are for does not say who can open them: each might. First the node's
 * own, then that of whoever brought it first, for any other might be made to
 * close it; last what takes all the room. Beside the own one, one that is
 * damaged is in nobody's way; without it, it might have been the one. */
int control_envelopes_load(struct store *store, const struct record_row *row,
    struct control_envelopes **ret_envelopes)
{
	struct control_envelopes *envelopes = calloc(1, sizeof *envelopes);
	struct author_id audiences[CONTROL_ENVELOPES_MAX];
	size_t i, count = 0;
	sqlite3_stmt *found;
	struct span bytes;
	bool own = false;
	int r;

	if (!envelopes)
		return -ENOMEM;
	found = database_query(store->database, SQL_ENVELOPE_TO_TRY, "ibi",
	    row->id, span_of(store->author.bytes, 32),
	    (int64_t)CONTROL_ENVELOPES_MAX);
	while ((r = database_step(found)) == 1) {
		bytes = database_column(found, 0);
		if (bytes.len == 32)
			memcpy(audiences[count++].bytes, bytes.data, 32);
	}
	for (i = 0; r == 0 && i < count; i++) {
		r = add_envelope(
		    &store->records, row, &audiences[i], envelopes);
		own |= r == 0 &&
		       memcmp(audiences[i].bytes, store->author.bytes, 32) == 0;
		if (r == -EIO && own)
			r = 0;
	}
	if (r == 0 && envelopes->count == 0)
		r = DATABASE_E_NONE;
	if (r != 0)
		control_envelopes_free(envelopes);
	else
		*ret_envelopes = envelopes;
	return r;
}

static int submit_open(struct request *request, const struct record_row *row,
    const struct record_body *body, const struct control_envelopes *envelopes)
{
	struct wire_work_open job = {
	    .job = jobs_number(request->store),
	    .entry = body->entry,
	    .payload = body->payload,
	};

	(void)row;
	job.envelopes.items = (struct span *)envelopes->spans;
	job.envelopes.count = envelopes->count;
	return jobs_submit(request->store, job.job, WIRE_WORK_OPEN, &job,
	    request->frame.fds, 1, on_opened, request);
}

/* The object the request names, if it is whole. */
static int find_object(struct request *request, const struct record_row *row,
    struct object_row *ret_object)
{
	uint64_t i;
	int r;

	for (i = 0; i < row->attachments; i++) {
		r = records_object(
		    &request->store->records, row, i, ret_object);
		if (r != 0)
			return r;
		if (request->ctl.blob.len == 32 &&
		    memcmp(request->ctl.blob.data, ret_object->digest.bytes,
			32) == 0)
			return ret_object->whole ? 0 : -EAGAIN;
	}
	return DATABASE_E_NONE;
}

static int submit_open_object(struct request *request,
    const struct record_row *row, const struct record_body *body,
    const struct control_envelopes *envelopes)
{
	struct wire_work_open_object job = {
	    .job = jobs_number(request->store),
	    .entry = body->entry,
	    .payload = body->payload,
	};
	struct object_row object;
	int fds[2], r;

	r = find_object(request, row, &object);
	if (r == 0)
		r = objects_open(request->store->records.objects,
		    object.file.text, false, &fds[0]);
	if (r != 0)
		return r;
	fds[1] = request->frame.fds[0];
	job.object = object.digest;
	memcpy(job.veil_key.bytes, object.veil_key, VEIL_KEY_BYTES);
	job.envelopes.items = (struct span *)envelopes->spans;
	job.envelopes.count = envelopes->count;
	r = jobs_submit(request->store, job.job, WIRE_WORK_OPEN_OBJECT, &job,
	    fds, 2, on_opened, request);
	explicit_bzero(&job, sizeof job);
	close(fds[0]);
	return r;
}

typedef int (*submit_cb)(struct request *request, const struct record_row *row,
    const struct record_body *body, const struct control_envelopes *envelopes);

/* Whether it goes on: else the request has its answer, and is gone. */
static bool open_with(struct request *request, submit_cb submit)
{
	struct control_envelopes *envelopes = NULL;
	struct record_body body = {.entry = {0}};
	struct record_row row;
	int r;

	r = find_record(request, &row);
	if (r == 0 && control_is_gone(request, &row))
		return false;
	if (r == 0 && submit == submit_open_object &&
	    !control_has_opened(request, &row.entry, request->ctl.number)) {
		control_fail(request, 1,
		    "this record was not opened before its attachment, or for "
		    "something else",
		    "evident show ID --attachments DIR opens both to read, "
		    "evident export both to be shown");
		return false;
	}
	if (r == 0)
		r = records_body(&request->store->records, &row, &body);
	if (r == 0)
		r = control_envelopes_load(request->store, &row, &envelopes);
	if (r == 0)
		r = submit(request, &row, &body, envelopes);
	control_envelopes_free(envelopes);
	record_body_free(&body);
	if (r == 0)
		return true;
	if (r == -EAGAIN)
		control_fail(request, 1, "this attachment is not here yet",
		    "it comes with the next sync");
	else if (r == -EINVAL)
		control_fail_detail(request, NOTHING);
	else
		control_fail_result(request, r);
	return false;
}

/* The own log says it: now it is handed out. */
static void open_now(struct request *request)
{
	json_t *told = request->state;
	struct record_row row;

	if (find_record(request, &row) == 0)
		control_set_opened(request, &row.entry, request->ctl.number);
	if (!open_with(request, submit_open))
		json_decref(told);
}

/* Nothing is said to be opened that does not open, and what only says what was
 * done with others is not followed by more of the kind. */
static void on_tried(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct request *request = context;
	const struct ctl_request *ctl = &request->ctl;
	const bool export = ctl->number == CTL_OPEN_TO_EXPORT;
	struct control_act act = {
	    .kind = export ? "exported" : "opened",
	    .then = open_now,
	};
	struct buf detail = {0};
	struct record_row row;
	bool hidden = false;
	enum wire_code code;
	uint64_t input;
	char why[256];
	int r;

	code = jobs_failure(answer, why, &input);
	if (code == WIRE_CODE_REFUSED || code == WIRE_CODE_INPUT) {
		if (code == WIRE_CODE_REFUSED)
			control_fail_consent(request, why, NOTHING);
		else
			control_fail(request, 1, why, NOTHING);
		return;
	}
	if (code != WIRE_CODE_OK || store->state != STORE_OPEN) {
		on_opened(store, request, answer);
		return;
	}
	r = find_record(request, &row);
	if (r == 0)
		r = records_is_hidden(&store->records, &row, &hidden);
	if (r == 0 && hidden) {
		open_now(request);
		return;
	}
	if (r == 0)
		r = export ? control_export_take(request, answer, &detail)
			   : buf_append_span(&detail, ctl->blob);
	act.detail = buf_span(&detail);
	if (r == 0)
		r = control_act(request, &row, &act);
	buf_free(&detail);
	if (r != 0) {
		json_decref(request->state);
		request->state = NULL;
	}
	if (r == -EINVAL)
		control_fail_detail(request, NOTHING);
	else if (r != 0)
		control_fail_result(request, r);
}

static int submit_try(struct request *request, const struct record_row *row,
    const struct record_body *body, const struct control_envelopes *envelopes)
{
	struct wire_work_open job = {
	    .job = jobs_number(request->store),
	    .want_receipt = 1,
	    .to_export = request->ctl.number == CTL_OPEN_TO_EXPORT,
	    .entry = body->entry,
	    .payload = body->payload,
	};
	struct control_consent consent;
	struct buf asked = {0};
	int r;

	(void)row;
	r = control_consent(request->ctl.blob, &consent);
	if (r == 0 && job.to_export)
		r = control_export_asked(request->ctl.blob, &asked);
	if (r == 0) {
		job.consent = consent.wire;
		job.asked = buf_span(&asked);
		job.envelopes.items = (struct span *)envelopes->spans;
		job.envelopes.count = envelopes->count;
		r = jobs_submit(request->store, job.job, WIRE_WORK_OPEN, &job,
		    NULL, 0, on_tried, request);
	}
	buf_free(&asked);
	return r;
}

void control_open(struct request *request)
{
	open_with(request, submit_try);
}

void control_open_object(struct request *request)
{
	open_with(request, submit_open_object);
}

/* --- sealed ------------------------------------------------------------ */

/* Header number ${number} of an envelope. */
static int cut_header(struct span envelope, uint64_t number, struct span *ret)
{
	struct age_header header;
	int r;

	for (;; number--) {
		r = age_header_parse(envelope, &header);
		if (r != 0)
			return r < 0 ? r : DATABASE_E_NONE;
		if (number == 0)
			break;
		envelope.data += header.length;
		envelope.len -= header.length;
	}
	*ret = span_of(envelope.data, header.length);
	return 0;
}

static int submit_unveil(struct request *request, const struct record_row *row)
{
	struct wire_work_unveil job = {.job = jobs_number(request->store)};
	struct object_row object;
	int fds[2], r;

	r = records_object(
	    &request->store->records, row, request->ctl.number - 1, &object);
	if (r == 0 && !object.whole)
		r = -EAGAIN;
	if (r == 0)
		r = objects_open(request->store->records.objects,
		    object.file.text, false, &fds[0]);
	if (r != 0)
		return r;
	fds[1] = request->frame.fds[1];
	memcpy(job.veil_key.bytes, object.veil_key, VEIL_KEY_BYTES);
	job.size = object.size;
	r = jobs_submit(request->store, job.job, WIRE_WORK_UNVEIL, &job, fds, 2,
	    on_opened, request);
	explicit_bzero(&job, sizeof job);
	close(fds[0]);
	return r;
}

/* The header goes out before the job is given, so that the payload follows it
 * even if both descriptors are one file. */
static int submit_sealed(struct request *request, const struct record_row *row,
    const struct record_body *body, const struct control_envelopes *envelopes)
{
	struct span header;
	int r;

	r = envelopes->count > 0
		? cut_header(envelopes->spans[0], request->ctl.number, &header)
		: DATABASE_E_NONE;
	if (r == 0)
		r = file_write(request->frame.fds[0], header.data, header.len);
	if (r != 0)
		return r;
	if (request->ctl.number > 0)
		return submit_unveil(request, row);
	r = file_write(
	    request->frame.fds[1], body->payload.data, body->payload.len);
	if (r == 0)
		control_done_empty(request);
	return r;
}

static void sealed_now(struct request *request)
{
	struct record_row row;

	if (find_record(request, &row) == 0)
		control_set_opened(request, &row.entry, CTL_OPEN_TO_HAND_OUT);
	open_with(request, submit_sealed);
}

/* Age files open nothing for whoever has no reader's key; others can have one.
 * So the own log says first that they were given out, once for all of a record.
 */
void control_sealed(struct request *request)
{
	const struct control_act act = {
	    .kind = "disclosed",
	    .detail = request->ctl.blob,
	    .then = sealed_now,
	};
	struct record_row row;
	bool hidden = false;
	int r;

	r = find_record(request, &row);
	if (r == 0 && control_is_gone(request, &row))
		return;
	if (r == 0)
		r = records_is_hidden(&request->store->records, &row, &hidden);
	if (r == 0 && (hidden || control_has_opened(request, &row.entry,
				     CTL_OPEN_TO_HAND_OUT))) {
		open_with(request, submit_sealed);
		return;
	}
	if (r == 0)
		r = control_act(request, &row, &act);
	if (r == -EINVAL)
		control_fail_detail(request, NOTHING);
	else if (r != 0)
		control_fail_result(request, r);
}
