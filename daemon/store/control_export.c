/*
 * export: which names of a record are shown, as the worker that opened it says.
 * The own log is told those, and not what was asked for.
 */
#include <errno.h>

#include "daemon/store/control_custody.h"
#include "proto/format/content_json.h"

/* NULL for what is no JSON. */
static int load(struct span text, json_t **ret_json)
{
	int r;

	*ret_json = NULL;
	r = content_json_read(text, JSON_REJECT_DUPLICATES, ret_json);
	return r < 0 ? r : 0;
}

int control_export_asked(struct span detail, struct buf *out)
{
	const json_t *names;
	json_t *json;
	int r;

	r = load(detail, &json);
	names = json_object_get(json, "field");
	if (names)
		r = content_json_dump(names, out);
	json_decref(json);
	return r;
}

/* The detail that the client gave, with what is shown in place of what it asked
 * for. */
static int put_shown(struct span detail, json_t *shown, struct buf *out)
{
	json_t *json;
	int r;

	r = load(detail, &json);
	if (json_object_get(json, "field") &&
	    json_object_set(json, "field", shown) < 0)
		r = -ENOMEM;
	if (r == 0 && json)
		r = content_json_dump(json, out);
	json_decref(json);
	return r;
}

int control_export_take(
    struct request *request, struct wire_frame *answer, struct buf *out_detail)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_opened opened;
	json_t *json = NULL, *shown, *withheld;
	int r;

	r = wire_decode(
	    WIRE_WORK_OPENED, buf_span(&answer->body), &arena, &opened);
	if (r == 0)
		r = load(opened.detail, &json);
	wire_arena_free(&arena);
	shown = json_object_get(json, "shown");
	withheld = json_object_get(json, "withheld");
	if (r >= 0 && (!json_is_array(shown) || !json_is_array(withheld)))
		r = -EPROTO;
	if (r == 0)
		r = put_shown(request->ctl.blob, shown, out_detail);
	if (r == 0) {
		request->state = json_pack("{s:O}", "withheld", withheld);
		/* Untold, they would be shown. */
		r = request->state ? 0 : -ENOMEM;
	}
	json_decref(json);
	return r;
}
