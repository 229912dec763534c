/*
 * capture: from partners' names to the people who may read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control.h"

static void on_captured(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct request *request = context;
	char text[320];

	(void)store;
	if (id) {
		hex_encode(id->bytes, sizeof id->bytes, text);
		control_done(request, json_pack("{s:s}", "id", text));
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
	control_fail(request, 1, text, "nothing was stored");
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

/* Of a revision or derivative, the record that it stands beside: 0, or 1 after
 * answering why not. */
static int find_subject(struct request *request, struct capture_order *order,
    struct record_row *row)
{
	static const char *const kinds[] = {
	    [CTL_CAPTURE_TESTIMONY] = "testimony",
	    [CTL_CAPTURE_REVISION] = "revision",
	    [CTL_CAPTURE_DERIVATIVE] = "derivative",
	};
	const struct ctl_request *ctl = &request->ctl;
	int r;

	if (ctl->number >= sizeof kinds / sizeof *kinds) {
		control_fail_code(request, WIRE_CODE_BAD_REQUEST);
		return 1;
	}
	order->kind = kinds[ctl->number];
	if (ctl->number == CTL_CAPTURE_TESTIMONY)
		return 0;
	r = records_by_prefix(&request->store->records, ctl->blob, row);
	if (r != 0) {
		control_fail_result(request, r);
		return 1;
	}
	if (row->withdrawn < RECORD_FORGETTING && control_is_gone(request, row))
		return 1;
	order->about = order->subjects = &row->entry;
	order->subject_count = 1;
	return 0;
}

void control_capture(struct request *request)
{
	struct store *store = request->store;
	const struct ctl_request *ctl = &request->ctl;
	struct capture_audience *audiences;
	struct capture_order order = {
	    .fields_fd = request->frame.fds[0],
	    .files = request->frame.fds + 1,
	    .file_count = request->frame.fd_count - 1,
	    .consents = true,
	    .label = ctl->text,
	    .done = on_captured,
	    .context = request,
	};
	const bool reads = store->reader_count > 0 &&
			   store->service.settings.retain != WIRE_RETAIN_NEVER;
	struct capture_fault fault;
	struct partner partner;
	struct record_row subject;
	size_t i, count = 0;
	int r = 0;

	if (!is_label(ctl->text)) {
		control_fail(request, 1,
		    "a label is one line of UTF-8, of at most 200 bytes",
		    "nothing was stored");
		return;
	}
	audiences = calloc(ctl->names.count + 1, sizeof *audiences);
	if (!audiences) {
		control_fail_code(request, WIRE_CODE_FAILED);
		return;
	}
	r = find_subject(request, &order, &subject);
	for (i = 0; r == 0 && i < ctl->names.count; i++) {
		r = control_audience(
		    request, ctl->names.items[i], &partner, &audiences[count]);
		if (r == 0 && !is_there(audiences, count, &audiences[count].id))
			count++;
	}
	if (r == 0 && reads && count == 256) {
		control_fail(request, 1,
		    "a record is for at most 255 partners and this node",
		    "nothing was stored");
		r = 1;
	}
	if (r == 0 && reads)
		control_audience_self(store, &audiences[count++]);
	if (r == 0 && count == 0) {
		control_fail(request, 1,
		    "nobody could ever open this record: no partner was given "
		    "and this node has no reader",
		    "name one with --to; nothing was stored");
		r = 1;
	}
	order.audiences = audiences;
	order.audience_count = count;
	if (r == 0 && capture_start(store, &order, &fault) != 0)
		on_captured(store, request, NULL, &fault);
	free(audiences);
}
