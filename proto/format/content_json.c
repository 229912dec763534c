/*
 * JSON by jansson, made canonical: compact, members sorted, integers only. A
 * disclosure parsed from somebody else is dumped again and compared with what
 * came, so there is one spelling for each value.
 *
 * What jansson lets go of is wiped, since it may be testimony; that is why its
 * allocator is set here. jansson itself gives up on nesting beyond 2048.
 */
#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content_json.h"
#include "proto/format/ids.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
#define LOAD_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

/* Where jansson has no memory for a text's next byte or for a member, it goes
 * on without it and says nothing. So how often it lacked any is counted here:
 * each who asks compares with the count from before, and none makes another
 * forget. */
static uint64_t lacks, lacks_begun;

static void *take_memory(size_t size)
{
	void *memory = malloc(size);

	lacks += !memory;
	return memory;
}

static void wipe_and_free(void *memory)
{
	if (memory)
		sodium_memzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* Memory from before this call is freed as well by the new function. The seed
 * is ours because a sandboxed process cannot open /dev/urandom. */
uint64_t content_json_lacks(void)
{
	static bool begun;

	if (!begun) {
		begun = true;
		json_set_alloc_funcs(take_memory, wipe_and_free);
		json_object_seed((size_t)randombytes_random() | 1);
	}
	return lacks;
}

void content_json_begin(void)
{
	lacks_begun = content_json_lacks();
}

bool content_json_lacked(void)
{
	return lacks != lacks_begun;
}

static bool is_allowed(const json_t *json, unsigned depth)
{
	const int64_t most = (int64_t)FORMAT_INTEGER_MAX;
	const char *key;
	json_t *item;
	size_t i;

	switch (json_typeof(json)) {
	case JSON_REAL:
		return false;
	case JSON_INTEGER:
		return json_integer_value(json) <= most &&
		       json_integer_value(json) >= -most;
	case JSON_ARRAY:
		json_array_foreach(json, i, item)
		{
			if (depth == 0 || !is_allowed(item, depth - 1))
				return false;
		}
		return depth > 0;
	case JSON_OBJECT:
		json_object_foreach((json_t *)json, key, item)
		{
			if (depth == 0 || !is_allowed(item, depth - 1))
				return false;
		}
		return depth > 0;
	case JSON_STRING:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		return true;
	}
	return false;
}

int content_json_read(struct span text, size_t flags, json_t **ret_json)
{
	const uint64_t before = content_json_lacks();
	json_t *json;

	json = json_loadb((const char *)text.data, text.len, flags, NULL);
	if (lacks != before) {
		json_decref(json);
		return -ENOMEM;
	}
	if (!json)
		return FORMAT_E_MALFORMED;
	*ret_json = json;
	return 0;
}

int content_json_load(struct span text, unsigned depth, json_t **ret_json)
{
	json_t *json;
	int r;

	if (text.len == 0 || !utf8_is_valid(text))
		return FORMAT_E_MALFORMED;
	r = content_json_read(text, LOAD_FLAGS, &json);
	if (r != 0)
		return r;
	if (!is_allowed(json, depth)) {
		json_decref(json);
		return FORMAT_E_MALFORMED;
	}
	*ret_json = json;
	return 0;
}

int content_json_dump(const json_t *json, struct buf *out)
{
	const uint64_t before = content_json_lacks();
	char *text;
	int r;

	text = json_dumps(json, DUMP_FLAGS);
	if (!text)
		return -ENOMEM;
	r = lacks != before ? -ENOMEM : buf_append_text(out, text);
	wipe_and_free(text);
	return r;
}
