/*
 * capture: from partners' names to the people who may read. What stands beside
 * a record is held against that one first (control_derive.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control_derive.h"
#include "proto/wire/codec.h"

static void answer(struct request *request, const struct entry_id *id)
{
	const struct capturing *capturing = request->state;
	json_t *json;
	char text[65];

	hex_encode(id->bytes, sizeof id->bytes, text);
	json = json_pack("{s:s}", "id", text);
	if (json && capturing->unread)
		json_object_set_new(json, "original_unread", json_true());
	control_done(request, json);
}

static void on_captured(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct request *request = context;
	const struct capturing *capturing = request->state;
	char text[320];

	(void)store;
	if (id) {
		answer(request, id);
		return;
	}
	if (fault->code == WIRE_CODE_NO_SPACE) {
		control_fail_code(request, WIRE_CODE_NO_SPACE);
		return;
	}
	if (fault->input > 0)
		snprintf(text, sizeof text, "%s (number %llu)", fault->why,
		    (unsigned long long)fault->input);
	else
		snprintf(text, sizeof text, "%s", fault->why);
	control_fail(request, 1, text,
	    fault->unsure
		? "what was acknowledged is stored; if it is not there, try "
		  "again on another disk"
	    : capturing->recorded
		? "the record was not stored, and the log says already whom "
		  "it was for"
		: "nothing was stored");
}

int control_audience(struct request *request, struct span name,
    struct partner *ret_partner, struct capture_audience *ret_audience)
{
	struct partner partner;
	char text[160];
	int r;

	r = partners_by_name(request->store->database, name, &partner);
	if (r == DATABASE_E_NONE) {
		snprintf(text, sizeof text, "there is no partner '%.*s'",
		    (int)(name.len < 64 ? name.len : 64),
		    (const char *)name.data);
		control_fail(request, 1, text,
		    "evident partner list shows them; nothing was stored");
		return 1;
	}
	if (r < 0) {
		control_fail_result(request, r);
		return 1;
	}
	if (!partner.compared || partner.card.reader_count == 0) {
		snprintf(text, sizeof text,
		    partner.compared
			? "partner '%s' has no reader"
			: "partner '%s' was not compared with its card",
		    partner.card.name);
		control_fail(request, 1, text,
		    partner.compared
			? "ask for a card that names readers; nothing was "
			  "stored"
			: "first: evident partner compare NAME; nothing was "
			  "stored");
		return 1;
	}
	ret_audience->id = partner.author;
	ret_audience->count = partner.card.reader_count;
	memcpy(ret_audience->recipients, partner.card.readers,
	    ret_audience->count * sizeof *ret_audience->recipients);
	*ret_partner = partner;
	return 0;
}

static bool is_there(const struct capture_audience *audiences, size_t count,
    const struct author_id *id)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memcmp(audiences[i].id.bytes, id->bytes,
			sizeof id->bytes) == 0)
			return true;
	return false;
}

void control_audience_self(
    struct store *store, struct capture_audience *ret_audience)
{
	ret_audience->id = store->author;
	ret_audience->count = store->reader_count;
	memcpy(ret_audience->recipients, store->readers,
	    store->reader_count * sizeof *ret_audience->recipients);
}

static bool is_label(struct span text)
{
	size_t i;

	if (text.len > CTL_LABEL_BYTES_MAX || !utf8_is_valid(text))
		return false;
	for (i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f)
			return false;
	return true;
}

/* What a revision or derivative stands beside, and what it is for: the blob is
 * an id and, behind a space, a detail. 0, or 1 after answering why not. */
static int find_subject(struct request *request, struct capturing *capturing)
{
	const struct ctl_request *ctl = &request->ctl;
	struct span id = ctl->blob;
	const uint8_t *space = id.len > 0 ? memchr(id.data, ' ', id.len) : NULL;
	struct log_row log = {.id = 0};
	struct record_row row;
	int r;

	if (space) {
		id.len = (size_t)(space - id.data);
		capturing->detail =
		    span_of(space + 1, ctl->blob.len - id.len - 1);
	}
	r = records_by_prefix(&request->store->records, id, &row);
	if (r == 0)
		r = log_tree_load(request->store->database, row.log, &log);
	if (r != 0) {
		control_fail_result(request, r);
		return 1;
	}
	capturing->author = log.author;
	capturing->about = row.entry;
	capturing->beside = true;
	log_row_free(&log);
	return row.withdrawn < RECORD_FORGETTING &&
	       control_is_gone(request, &row);
}

/* The partners, and this node if it reads: 0, or 1 after answering. */
static int list_audiences(struct request *request, struct capturing *capturing)
{
	struct store *store = request->store;
	const struct ctl_request *ctl = &request->ctl;
	struct capture_audience *audiences = capturing->audiences;
	const bool reads = store->reader_count > 0 &&
			   store->service.settings.retain != WIRE_RETAIN_NEVER;
	struct partner partner;
	size_t i, count = 0;
	int r = 0;

	for (i = 0; r == 0 && i < ctl->names.count; i++) {
		r = control_audience(
		    request, ctl->names.items[i], &partner, &audiences[count]);
		if (r == 0 && !is_there(audiences, count, &audiences[count].id))
			count++;
	}
	if (r != 0)
		return r;
	capturing->partner_count = count;
	if (reads && count == CTL_NAMES_MAX) {
		control_fail(request, 1,
		    "a record is for at most 255 partners and this node",
		    "nothing was stored");
		return 1;
	}
	if (reads)
		control_audience_self(store, &audiences[count++]);
	if (count == 0) {
		control_fail(request, 1,
		    "nobody could ever open this record: no partner was given "
		    "and this node has no reader",
		    "name one with --to; nothing was stored");
		return 1;
	}
	capturing->count = count;
	return 0;
}

/* What it stands beside, for the worker to take the consent from. */
static int load_original(struct store *store, const struct capturing *capturing,
    struct record_body *body, struct control_envelopes **ret_envelopes,
    struct wire_original *ret_original)
{
	struct record_row row;
	int r;

	r = records_find(&store->records, &capturing->about, &row);
	if (r == 0)
		r = records_body(&store->records, &row, body);
	if (r == 0)
		r = control_envelopes_load(store, &row, ret_envelopes);
	if (r != 0)
		return r;
	ret_original->entry = body->entry;
	ret_original->payload = body->payload;
	ret_original->envelopes.items = (*ret_envelopes)->spans;
	ret_original->envelopes.count = (*ret_envelopes)->count;
	return 0;
}

void control_capture_now(struct request *request)
{
	struct store *store = request->store;
	struct capturing *capturing = request->state;
	struct capture_order order = {
	    .fields_fd = request->frame.fds[0],
	    .files = request->frame.fds + 1,
	    .file_count = request->frame.fd_count - 1,
	    .audiences = capturing->audiences,
	    .audience_count = capturing->count,
	    .kind = capturing->kind,
	    .consents = true,
	    .label = request->ctl.text,
	    .done = on_captured,
	    .context = request,
	};
	struct control_envelopes *envelopes = NULL;
	struct record_body body = {.entry = {0}};
	struct capture_fault fault;
	int r = 0;

	if (capturing->beside) {
		order.about = order.subjects = &capturing->about;
		order.subject_count = 1;
	}
	if (capturing->beside && !capturing->unread)
		r = load_original(
		    store, capturing, &body, &envelopes, &order.original);
	if (r != 0)
		control_fail_result(request, r);
	else if (capture_start(store, &order, &fault) != 0)
		on_captured(store, request, NULL, &fault);
	control_envelopes_free(envelopes);
	record_body_free(&body);
}

/* The state of the request, as large as it can get: NULL without memory. */
static struct capturing *make_state(struct request *request)
{
	struct capturing *capturing =
	    wire_arena_take(&request->arena, sizeof *capturing);
	const size_t count = request->ctl.names.count + 1;

	if (!capturing)
		return NULL;
	memset(capturing, 0, sizeof *capturing);
	capturing->audiences = wire_arena_take(
	    &request->arena, count * sizeof *capturing->audiences);
	return capturing->audiences ? capturing : NULL;
}

void control_capture(struct request *request)
{
	static const char *const kinds[] = {
	    [CTL_CAPTURE_TESTIMONY] = "testimony",
	    [CTL_CAPTURE_REVISION] = "revision",
	    [CTL_CAPTURE_DERIVATIVE] = "derivative",
	};
	const uint64_t kind = request->ctl.number;
	struct capturing *capturing;

	if (!is_label(request->ctl.text)) {
		control_fail(request, 1,
		    "a label is one line of UTF-8, of at most 200 bytes",
		    "nothing was stored");
		return;
	}
	if (kind >= sizeof kinds / sizeof *kinds) {
		control_fail_code(request, WIRE_CODE_BAD_REQUEST);
		return;
	}
	capturing = make_state(request);
	if (!capturing) {
		control_fail_code(request, WIRE_CODE_FAILED);
		return;
	}
	request->state = capturing;
	capturing->kind = kinds[kind];
	if (kind != CTL_CAPTURE_TESTIMONY &&
	    find_subject(request, capturing) != 0)
		return;
	if (list_audiences(request, capturing) != 0)
		return;
	if (capturing->beside)
		control_derive(request);
	else
		control_capture_now(request);
}
