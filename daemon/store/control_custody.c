/*
 * Custody of this node's own acts: before something of a record is handed out,
 * the own log says so. The entry is for this node's readers, for the record's
 * author if it is a partner, and else for the partner the record came from.
 *
 * What is told beyond the act itself comes from the client, as one JSON object;
 * only the names below may stand in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/control_custody.h"
#include "proto/format/content_json.h"

#define DETAIL_BYTES_MAX 8192

struct acting {
	struct request *request;
	control_then_cb then;
};

static const char *const names[] = {
    "purpose", "recipient", "field", "override"};

static bool is_name(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

/* One field of the entry's content, behind those that are there. */
static int put_pair(const char *name, const json_t *value, struct buf *pairs)
{
	json_t *pair = json_pack("[s, O]", name, value);
	int r = pair ? 0 : -ENOMEM;

	if (r == 0 && pairs->len > 0)
		r = buf_append_text(pairs, ",");
	if (r == 0)
		r = content_json_dump(pair, pairs);
	json_decref(pair);
	return r;
}

/* What is held against the consent must be all that the entry says of it. */
static bool is_single(const char *name)
{
	return strcmp(name, "purpose") == 0 || strcmp(name, "override") == 0;
}

/* {"NAME":["TEXT",...],...}: -EINVAL for anything else. */
static int put_lists(const json_t *detail, struct buf *pairs)
{
	const json_t *list, *value;
	const char *name;
	size_t i;
	int r = 0;

	json_object_foreach((json_t *)detail, name, list)
	{
		if (!is_name(name) || !json_is_array(list) ||
		    (is_single(name) && json_array_size(list) > 1))
			return -EINVAL;
		json_array_foreach(list, i, value)
		{
			if (!json_is_string(value))
				return -EINVAL;
			if (r == 0)
				r = put_pair(name, value, pairs);
		}
	}
	return r;
}

void control_fail_detail(struct request *request, const char *hint)
{
	control_fail(request, 1,
	    "what this is for cannot be recorded: a purpose and a reason are "
	    "one text each, of 8192 bytes together with all else",
	    hint);
}

void control_fail_consent(
    struct request *request, const char *why, const char *nothing)
{
	char hint[160];

	snprintf(hint, sizeof hint,
	    "%s; --override REASON goes against it, stands in the log and is "
	    "told to whoever the record came from",
	    nothing);
	control_fail(request, 1, why, hint);
}

/* -EINVAL for what is no object, and *ret_detail is NULL. */
static int parse(struct span text, json_t **ret_detail)
{
	int r = FORMAT_E_MALFORMED;

	*ret_detail = NULL;
	if (text.len <= DETAIL_BYTES_MAX)
		r = content_json_read(text, JSON_REJECT_DUPLICATES, ret_detail);
	if (r < 0)
		return r;
	if (r == 0 && json_is_object(*ret_detail))
		return 0;
	json_decref(*ret_detail);
	*ret_detail = NULL;
	return -EINVAL;
}

int control_put_detail(struct span text, struct buf *pairs)
{
	json_t *detail;
	int r;

	if (text.len == 0)
		return 0;
	r = parse(text, &detail);
	if (r == 0)
		r = put_lists(detail, pairs);
	json_decref(detail);
	return r;
}

/* The one text of a list, or nothing: -EINVAL for several. */
static int only_of(
    const json_t *detail, const char *name, const char **ret_text)
{
	const json_t *list = json_object_get(detail, name);

	*ret_text = json_string_value(json_array_get(list, 0));
	return json_array_size(list) > 1 ? -EINVAL : 0;
}

int control_consent(struct span text, struct control_consent *ret_consent)
{
	const time_t now = time(NULL);
	const char *purpose = NULL, *override = NULL;
	json_t *detail;
	struct tm utc;
	int r;

	memset(ret_consent, 0, sizeof *ret_consent);
	if (!gmtime_r(&now, &utc) ||
	    strftime(ret_consent->today, sizeof ret_consent->today, "%Y-%m-%d",
		&utc) == 0)
		return -EOVERFLOW;
	ret_consent->wire.today = span_text(ret_consent->today);
	if (text.len == 0)
		return 0;
	r = parse(text, &detail);
	if (r == 0)
		r = only_of(detail, "purpose", &purpose);
	if (r == 0)
		r = only_of(detail, "override", &override);
	if (r == 0 && purpose && strlen(purpose) < sizeof ret_consent->purpose)
		memcpy(ret_consent->purpose, purpose, strlen(purpose));
	ret_consent->wire.purpose = span_text(ret_consent->purpose);
	ret_consent->wire.override = r == 0 && override && override[0];
	json_decref(detail);
	return r;
}

static int put_id(const char *name, const uint8_t *bytes, struct buf *pairs)
{
	json_t *value;
	char id[65];
	int r;

	hex_encode(bytes, 32, id);
	value = json_string(id);
	r = put_pair(name, value, pairs);
	json_decref(value);
	return r;
}

static int build_fields(const struct record_row *row,
    const struct control_act *act, struct buf *pairs)
{
	size_t i;
	int r;

	r = put_id("subject", row->entry.bytes, pairs);
	for (i = 0; r == 0 && i < act->reader_count; i++)
		r = put_id("audience", act->readers[i].id.bytes, pairs);
	return r == 0 ? control_put_detail(act->detail, pairs) : r;
}

/* The node itself by its readers, or by its bundle key when it has none. */
int control_act_audiences(struct store *store, const struct record_row *row,
    struct capture_audience *audiences, size_t *count)
{
	struct log_row log = {.id = 0};
	struct partner partner;
	int r;

	control_audience_self(store, &audiences[0]);
	if (audiences[0].count == 0) {
		audiences[0].recipients[0] = store->bundle;
		audiences[0].count = 1;
	}
	*count = 1;
	r = log_tree_load(store->database, row->log, &log);
	if (r == 0 && !log.own) {
		r = partners_towards(
		    store->database, &log.author, row->source, &partner);
		if (r == 0) {
			audiences[1].id = partner.author;
			audiences[1].recipients[0] = partner.card.bundle;
			audiences[1].count = 1;
			*count = 2;
		}
	}
	log_row_free(&log);
	return r == DATABASE_E_NONE ? 0 : r;
}

static void on_recorded(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct acting acting = *(struct acting *)context;

	(void)store;
	free(context);
	if (id)
		acting.then(acting.request);
	else
		control_fail_code(acting.request, fault->code);
}

int control_act(struct request *request, const struct record_row *row,
    const struct control_act *act)
{
	struct capture_audience audiences[CONTROL_ACT_AUDIENCES];
	struct capture_order order = {
	    .audiences = audiences,
	    .kind = act->kind,
	    .hidden = true,
	    .subjects = &row->entry,
	    .subject_count = 1,
	    .detail = act->detail,
	    .done = on_recorded,
	};
	struct buf pairs = {0};
	struct acting *acting = calloc(1, sizeof *acting);
	struct capture_fault fault;
	int r = acting ? 0 : -ENOMEM;

	if (r == 0)
		r = build_fields(row, act, &pairs);
	if (r == 0)
		r = control_act_audiences(
		    request->store, row, audiences, &order.audience_count);
	if (r == 0)
		r = capture_fields(&pairs, &order.fields_fd);
	if (r == 0) {
		acting->request = request;
		acting->then = act->then;
		order.context = acting;
		if (capture_start(request->store, &order, &fault) != 0)
			r = fault.code == WIRE_CODE_NO_SPACE ? -ENOSPC
							     : -ECANCELED;
		close(order.fields_fd);
	}
	buf_free(&pairs);
	if (r != 0)
		free(acting);
	return r;
}
