/*
 * Gathering the entries about records. Revisions and derivatives stand beside
 * a record and are records themselves: they are only counted.
 */
#include <stdlib.h>
#include <string.h>

#include "client/custody.h"
#include "client/say.h"

static int add_id(
    struct entry_id **items, size_t *count, const struct entry_id *id)
{
	struct entry_id *more;
	size_t i;

	for (i = 0; i < *count; i++)
		if (memcmp((*items)[i].bytes, id->bytes, 32) == 0)
			return 0;
	more = realloc(*items, (*count + 1) * sizeof *more);
	if (!more) {
		say_error("out of memory for the entries that say what was "
			  "done",
		    NULL);
		say_hint("nothing stored was touched; try again");
		return EXIT_FAILED;
	}
	*items = more;
	more[(*count)++] = *id;
	return 0;
}

static int add_event(struct custody *custody, const json_t *event)
{
	const char *id = json_string_value(json_object_get(event, "entry"));
	const char *kind = json_string_value(json_object_get(event, "kind"));
	struct entry_id entry;

	if (!id || !kind ||
	    hex_decode(span_text(id), entry.bytes, sizeof entry.bytes) != 0)
		return 0;
	if (strcmp(kind, "revision") == 0 || strcmp(kind, "derivative") == 0) {
		custody->beside++;
		return 0;
	}
	return add_id(&custody->items, &custody->count, &entry);
}

int custody_add(
    struct control *control, struct custody *custody, const char *id)
{
	struct ctl_request request = {.op = CTL_LOG, .text = span_text(id)};
	const json_t *event;
	struct entry_id about;
	json_t *json = NULL;
	size_t i;
	int r;

	r = control_call(control, &request, NULL, 0, NULL, &json);
	if (r == 0 && hex_decode(span_text(id), about.bytes, 32) == 0)
		r = add_id(&custody->about, &custody->about_count, &about);
	json_array_foreach(json_object_get(json, "events"), i, event)
	{
		if (r == 0)
			r = add_event(custody, event);
	}
	json_decref(json);
	return r;
}

bool custody_is_about(const struct custody *custody, const struct entry_id *id)
{
	size_t i;

	for (i = 0; i < custody->about_count; i++)
		if (memcmp(custody->about[i].bytes, id->bytes, 32) == 0)
			return true;
	return false;
}

void custody_free(struct custody *custody)
{
	free(custody->about);
	free(custody->items);
	memset(custody, 0, sizeof *custody);
}
