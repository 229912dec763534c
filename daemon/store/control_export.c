/*
 * export: which names of a record are shown, as the worker that opened it says.
 * The own log is told those, and not what was asked for.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/store/control_custody.h"
#include "proto/format/content_json.h"

static json_t *load(struct span text)
{
	json_t *json = NULL;

	(void)content_json_read(text, JSON_REJECT_DUPLICATES, &json);
	return json;
}

static int dump(const json_t *json, struct buf *out)
{
	char *text =
	    json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	int r = text ? buf_append_text(out, text) : -EINVAL;

	free(text);
	return r;
}

int control_export_asked(struct span detail, struct buf *out)
{
	json_t *json = load(detail);
	const json_t *names = json_object_get(json, "field");
	int r = names ? dump(names, out) : 0;

	json_decref(json);
	return r;
}

/* The detail that the client gave, with what is shown in place of what it asked
 * for. */
static int put_shown(struct span detail, json_t *shown, struct buf *out)
{
	json_t *json = load(detail);
	int r = 0;

	if (json_object_get(json, "field"))
		json_object_set(json, "field", shown);
	if (json)
		r = dump(json, out);
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
		json = load(opened.detail);
	wire_arena_free(&arena);
	shown = json_object_get(json, "shown");
	withheld = json_object_get(json, "withheld");
	if (r != 0 || !json_is_array(shown) || !json_is_array(withheld))
		r = -EPROTO;
	if (r == 0)
		r = put_shown(request->ctl.blob, shown, out_detail);
	if (r == 0)
		request->state = json_pack("{s:O}", "withheld", withheld);
	json_decref(json);
	return r;
}
