/*
 * JSON by jansson, made canonical: compact, members sorted, integers only. A
 * disclosure parsed from somebody else is dumped again and compared with what
 * came, so there is one spelling for each value.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content_json.h"
#include "proto/format/ids.h"

#define DEPTH_MAX 8
#define DUMP_FLAGS (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)

static bool value_is_allowed(const json_t *value, unsigned depth)
{
	const int64_t most = (int64_t)FORMAT_INTEGER_MAX;
	const char *key;
	json_t *item;
	size_t i;

	if (depth > DEPTH_MAX)
		return false;
	switch (json_typeof(value)) {
	case JSON_REAL:
		return false;
	case JSON_INTEGER:
		return json_integer_value(value) <= most &&
		    json_integer_value(value) >= -most;
	case JSON_ARRAY:
		json_array_foreach(value, i, item)
			if (!value_is_allowed(item, depth + 1))
				return false;
		return true;
	case JSON_OBJECT:
		json_object_foreach((json_t *)value, key, item)
			if (!value_is_allowed(item, depth + 1))
				return false;
		return true;
	case JSON_STRING:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		return true;
	}
	return false;
}

/* How deeply brackets nest outside strings: asked before jansson recurses. */
static bool is_shallow(struct span text)
{
	unsigned depth = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (quoted && text.data[i] == '\\')
			i++;
		else if (text.data[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text.data[i] == '[' || text.data[i] == '{'))
			depth++;
		else if (!quoted && depth > 0 &&
		    (text.data[i] == ']' || text.data[i] == '}'))
			depth--;
		if (depth > DEPTH_MAX)
			return false;
	}
	return true;
}

json_t *content_json_load(struct span text)
{
	json_t *value;

	if (!is_shallow(text) || !utf8_is_valid(text))
		return NULL;
	value = json_loadb((const char *)text.data, text.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	if (value && !value_is_allowed(value, 1)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

int content_json_dump(const json_t *value, struct buf *out)
{
	char *text = json_dumps(value, DUMP_FLAGS);
	int r;

	if (!text)
		return -ENOMEM;
	r = buf_append_text(out, text);
	explicit_bzero(text, strlen(text));
	free(text);
	return r;
}
