/*
 * share: one more partner may read a record from now on.
 *
 *   worker (opens the record, holds it against its entry, and wraps its file
 *   keys anew) -> one commit: the entry of kind `shared` that says so, and the
 *   envelope
 *
 * So nothing leaves before the log of who let it out says it. The record itself
 * is not sealed anew: entry and payloads stay as their author signed them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/control_custody.h"
#include "daemon/store/jobs.h"

#define PARTNERS_MAX 16 /* in one request */

struct sharing {
	struct request *request;
	struct entry_id id;
	size_t count;
	struct capture_grant grants[PARTNERS_MAX];
	struct capture_audience audiences[PARTNERS_MAX];
};

static int refuse(struct request *request, const char *error, const char *hint)
{
	control_fail(request, 1, error, hint);
	return 1;
}

/* Whether the partner has it, or will, without this. */
static int check_new(struct request *request, const struct record_row *row,
    const struct log_row *log, const struct partner *partner)
{
	struct database *database = request->store->database;
	struct buf envelope = {0};
	struct digest hash;
	int64_t delivered;
	int r;

	if (memcmp(log->author.bytes, partner->author.bytes, 32) == 0 ||
	    row->source == partner->id)
		return refuse(request, "this record came from that partner",
		    "nothing was done");
	r = database_number(
	    database, SQL_SHARED_FIND, &delivered, "ii", row->id, partner->id);
	if (r == DATABASE_E_NONE && log->own)
		r = records_envelope(&request->store->records, row,
		    &partner->author, &envelope, &hash);
	buf_free(&envelope);
	if (r == DATABASE_E_NONE)
		return 0;
	if (r == 0)
		return refuse(request,
		    "this record is for that partner already",
		    "nothing was done; evident list shows who holds it");
	control_fail_result(request, r);
	return 1;
}

/* The grants without their envelopes: 0, or 1 after answering why not. */
static int add_partners(struct sharing *sharing, const struct record_row *row,
    const struct log_row *log)
{
	struct request *request = sharing->request;
	const struct ctl_request *ctl = &request->ctl;
	struct capture_grant *grant;
	struct partner partner;
	size_t i, k;
	int r = 0;

	for (i = 0; r == 0 && i < ctl->names.count; i++) {
		grant = &sharing->grants[sharing->count];
		r = control_audience(request, ctl->names.items[i], &partner,
		    &sharing->audiences[sharing->count]);
		if (r == 0)
			r = check_new(request, row, log, &partner);
		for (k = 0; r == 0 && k < sharing->count; k++)
			if (sharing->grants[k].partner == partner.id)
				break;
		if (r != 0 || k < sharing->count)
			continue;
		grant->record = row->id;
		grant->partner = partner.id;
		grant->author = partner.author;
		sharing->count++;
	}
	return r;
}

static void on_recorded(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct sharing *sharing = context;
	struct request *request = sharing->request;
	char text[65];

	(void)store;
	free(sharing);
	if (!id) {
		control_fail_code(request, fault->code);
		return;
	}
	hex_encode(id->bytes, sizeof id->bytes, text);
	control_done(request, json_pack("{s:s}", "id", text));
}

/* What the entry says: which record, and who may read it now. */
static int build_fields(const struct sharing *sharing, int *ret_fd)
{
	struct buf pairs = {0};
	size_t i;
	int r;

	r = buf_append_text(&pairs, "[\"subject\",\"");
	if (r == 0)
		r = buf_append_hex(&pairs, sharing->id.bytes, 32);
	for (i = 0; r == 0 && i < sharing->count; i++) {
		r = buf_append_text(&pairs, "\"],[\"audience\",\"");
		if (r == 0)
			r = buf_append_hex(
			    &pairs, sharing->grants[i].author.bytes, 32);
	}
	if (r == 0)
		r = buf_append_text(&pairs, "\"]");
	if (r == 0)
		r = control_put_detail(sharing->request->ctl.blob, &pairs);
	if (r == 0)
		r = capture_fields(&pairs, ret_fd);
	buf_free(&pairs);
	return r;
}

/* Each partner has its envelope. */
static int take_envelopes(
    struct sharing *sharing, const struct wire_work_rewrapped *answer)
{
	size_t i;

	if (answer->envelopes.count != sharing->count)
		return -EPROTO;
	for (i = 0; i < sharing->count; i++) {
		if (memcmp(answer->envelopes.items[i].audience.bytes,
			sharing->grants[i].author.bytes, 32) != 0)
			return -EPROTO;
		sharing->grants[i].envelope = answer->envelopes.items[i].bytes;
	}
	return 0;
}

/* 0 when on_recorded() will be called. */
static int record(struct store *store, struct sharing *sharing)
{
	struct capture_audience audiences[CONTROL_ACT_AUDIENCES];
	struct capture_order order = {
	    .audiences = audiences,
	    .kind = "shared",
	    .hidden = true,
	    .grants = sharing->grants,
	    .grant_count = sharing->count,
	    .subjects = &sharing->id,
	    .subject_count = 1,
	    .detail = sharing->request->ctl.blob,
	    .done = on_recorded,
	    .context = sharing,
	};
	struct capture_fault fault;
	struct record_row row;
	int r;

	r = records_find(&store->records, &sharing->id, &row);
	if (r == 0)
		r = control_act_audiences(
		    store, &row, audiences, &order.audience_count);
	if (r == 0)
		r = build_fields(sharing, &order.fields_fd);
	if (r > 0)
		r = -EIO;
	if (r < 0)
		return r;
	r = capture_start(store, &order, &fault) == 0 ? 0 : -EIO;
	close(order.fields_fd);
	return r;
}

static void on_rewrapped(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_rewrapped rewrapped;
	struct sharing *sharing = context;
	struct request *request = sharing->request;
	enum wire_code code;
	uint64_t input;
	char why[256];
	int r = -EPROTO;

	code = jobs_failure(answer, why, &input);
	if (code == WIRE_CODE_OK && store->state == STORE_OPEN &&
	    answer->type == WIRE_WORK_REWRAPPED)
		r = wire_decode(WIRE_WORK_REWRAPPED, buf_span(&answer->body),
		    &arena, &rewrapped);
	if (r == 0)
		r = take_envelopes(sharing, &rewrapped);
	if (r == 0)
		r = record(store, sharing);
	wire_arena_free(&arena);
	if (r == 0)
		return;
	free(sharing);
	if (code == WIRE_CODE_REFUSED)
		control_fail_consent(request, why, "nothing was shared");
	else if (code == WIRE_CODE_CORRUPT)
		control_fail(request, 4, why, "nothing was shared");
	else
		control_fail_code(
		    request, code == WIRE_CODE_OK ? WIRE_CODE_FAILED : code);
}

static int submit(struct sharing *sharing, const struct record_row *row)
{
	struct store *store = sharing->request->store;
	struct wire_audience audiences[PARTNERS_MAX];
	struct wire_work_rewrap job = {.job = jobs_number(store)};
	struct control_envelopes *envelopes = NULL;
	struct record_body body = {.entry = {0}};
	struct control_consent consent;
	size_t i;
	int r;

	r = control_consent(sharing->request->ctl.blob, &consent);
	if (r == 0)
		job.consent = consent.wire;
	for (i = 0; i < sharing->count; i++) {
		audiences[i].id = sharing->audiences[i].id;
		audiences[i].recipients.items =
		    sharing->audiences[i].recipients;
		audiences[i].recipients.count = sharing->audiences[i].count;
	}
	if (r == 0)
		r = records_body(&store->records, row, &body);
	if (r == 0)
		r = control_envelopes_load(store, row, &envelopes);
	if (r == 0) {
		job.entry = body.entry;
		job.payload = body.payload;
		job.envelopes.items = envelopes->spans;
		job.envelopes.count = envelopes->count;
		job.audiences.items = audiences;
		job.audiences.count = sharing->count;
		r = jobs_submit(store, job.job, WIRE_WORK_REWRAP, &job, NULL, 0,
		    on_rewrapped, sharing);
	}
	control_envelopes_free(envelopes);
	record_body_free(&body);
	return r;
}

/* 0, or 1 after answering why not, or what failed. */
static int prepare(struct sharing *sharing, struct record_row *ret_row)
{
	struct request *request = sharing->request;
	struct store *store = request->store;
	struct log_row log = {.id = 0};
	int r;

	if (store->reader_count == 0)
		return refuse(request,
		    "this node has no reader, so it cannot share what it holds",
		    "a desk that can read the record can share it");
	if (request->ctl.names.count == 0 ||
	    request->ctl.names.count > PARTNERS_MAX)
		return refuse(request,
		    "a record is shared with 1 to 16 partners at a time", NULL);
	r = records_by_prefix(&store->records, request->ctl.text, ret_row);
	if (r == 0 && control_is_gone(request, ret_row))
		return 1;
	if (r == 0 && !ret_row->whole)
		return refuse(request,
		    "the attachments of this record are not all here yet",
		    "they come with the next sync; nothing was shared");
	if (r == 0)
		r = log_tree_load(store->database, ret_row->log, &log);
	if (r == 0) {
		sharing->id = ret_row->entry;
		r = add_partners(sharing, ret_row, &log);
	} else {
		control_fail_result(request, r);
		r = 1;
	}
	log_row_free(&log);
	return r;
}

void control_share(struct request *request)
{
	struct sharing *sharing = calloc(1, sizeof *sharing);
	struct record_row row;
	int r;

	if (!sharing) {
		control_fail_code(request, WIRE_CODE_FAILED);
		return;
	}
	sharing->request = request;
	r = prepare(sharing, &row);
	if (r == 0) {
		r = submit(sharing, &row);
		if (r == -EINVAL)
			control_fail_detail(request, "nothing was shared");
		else if (r != 0)
			control_fail_result(request, r);
	}
	if (r != 0)
		free(sharing);
}
