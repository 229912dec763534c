/*
 * What a field may be called and hold (FORMAT.md, 4.1), and what a content must
 * hold as a whole.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/content_rules.h"
#include "proto/format/padme.h"

static int wrong(const char **ret_why, const char *why)
{
	if (ret_why)
		*ret_why = why;
	return FORMAT_E_MALFORMED;
}

int content_check_name(struct span name)
{
	uint8_t before = '.', c;
	size_t i;

	if (name.len == 0 || name.len > CONTENT_NAME_MAX)
		return FORMAT_E_MALFORMED;
	for (i = 0; i < name.len; i++) {
		c = name.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '.')
			return FORMAT_E_MALFORMED;
		if (c == '.' && before == '.')
			return FORMAT_E_MALFORMED;
		before = c;
	}
	return before == '.' ? FORMAT_E_MALFORMED : 0;
}

/* Texts hold no control characters but TAB, LF and CR before LF. */
static bool text_is_clean(struct span text)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < text.len; i++) {
		c = text.data[i];
		if (c == '\r' &&
		    (i + 1 == text.len || text.data[i + 1] != '\n'))
			return false;
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
		    c == 0x7f ||
		    (c == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0))
			return false;
	}
	return true;
}

static bool texts_are_clean(const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		return text_is_clean(span_of(
		    json_string_value(value), json_string_length(value)));
	json_array_foreach(value, i, item)
	{
		if (!texts_are_clean(item))
			return false;
	}
	if (!json_is_object(value))
		return true;
	json_object_foreach((json_t *)value, key, item)
	{
		if (!text_is_clean(span_text(key)) || !texts_are_clean(item))
			return false;
	}
	return true;
}

static bool is_attachment(const json_t *value)
{
	struct content_attachment attachment;
	int r = content_take_attachment(value, &attachment);

	sodium_memzero(&attachment, sizeof attachment);
	return r == 0;
}

int content_check_value(
    const char *name, const json_t *value, const char **ret_why)
{
	if (!texts_are_clean(value))
		return wrong(ret_why, "a field holds control characters");
	if (strcmp(name, "attachment") == 0 && !is_attachment(value))
		return wrong(
		    ret_why, "an attachment's name or type is malformed");
	return content_check_known(name, value, ret_why);
}

/* File names: 1 to 255 bytes, no '/', no control character, not a dot name. */
static bool file_is_valid(const char *file, size_t len)
{
	size_t i;

	if (len == 0 || len > 255 || strcmp(file, ".") == 0 ||
	    strcmp(file, "..") == 0)
		return false;
	for (i = 0; i < len; i++)
		if ((uint8_t)file[i] < 0x20 || file[i] == 0x7f ||
		    file[i] == '/')
			return false;
	return true;
}

static bool type_is_valid(const char *type, size_t len)
{
	size_t i;

	if (len == 0 || len > 127)
		return false;
	for (i = 0; i < len; i++)
		if (type[i] < 0x20 || type[i] > 0x7e)
			return false;
	return true;
}

static int take_hash(
    const json_t *json, const char *key, struct digest *ret_digest)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_string(value))
		return FORMAT_E_MALFORMED;
	return hex_decode(
	    span_of(json_string_value(value), json_string_length(value)),
	    ret_digest->bytes, 32);
}

static bool has_five_keys(const json_t *json)
{
	const json_t *file = json_object_get(json, "file");
	const json_t *type = json_object_get(json, "type");
	const json_t *size = json_object_get(json, "size");

	return json_is_object(json) && json_object_size(json) == 5 &&
	       json_is_string(file) && json_is_string(type) &&
	       json_is_integer(size) && json_integer_value(size) >= 0 &&
	       file_is_valid(
		   json_string_value(file), json_string_length(file)) &&
	       type_is_valid(json_string_value(type), json_string_length(type));
}

int content_take_attachment(
    const json_t *json, struct content_attachment *ret_attachment)
{
	const json_t *file = json_object_get(json, "file");
	const json_t *type = json_object_get(json, "type");
	struct digest sha256, sealed;

	if (!has_five_keys(json) || take_hash(json, "sha256", &sha256) != 0 ||
	    take_hash(json, "sealed", &sealed) != 0)
		return FORMAT_E_MALFORMED;
	memset(ret_attachment, 0, sizeof *ret_attachment);
	memcpy(ret_attachment->file, json_string_value(file),
	    json_string_length(file));
	memcpy(ret_attachment->type, json_string_value(type),
	    json_string_length(type));
	ret_attachment->size =
	    (uint64_t)json_integer_value(json_object_get(json, "size"));
	ret_attachment->sha256 = sha256;
	ret_attachment->sealed = sealed;
	sodium_memzero(&sha256, sizeof sha256);
	return 0;
}

static int compare_salts(const void *a, const void *b)
{
	const struct content_line *const *x = a, *const *y = b;

	/* The salt stands behind the two characters ["  */
	return memcmp(
	    (*x)->json.data + 2, (*y)->json.data + 2, CONTENT_SALT_DIGITS);
}

static int check_salts(const struct content *content, const char **ret_why)
{
	const struct content_line **sorted;
	size_t i;
	int r = 0;

	sorted = calloc(content->count, sizeof *sorted);
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < content->count; i++)
		sorted[i] = &content->lines[i];
	qsort(sorted, content->count, sizeof *sorted, compare_salts);
	for (i = 1; r == 0 && i < content->count; i++)
		if (compare_salts(&sorted[i - 1], &sorted[i]) == 0)
			r = wrong(ret_why, "a salt is used twice");
	free(sorted);
	return r;
}

bool content_count_is_valid(size_t count)
{
	return count >= CONTENT_LINES_MIN && count <= CONTENT_LINES_MAX &&
	       (count & (count - 1)) == 0;
}

static int kind_of(
    const struct content *content, const struct content_kind **ret_kind)
{
	struct buf text = {0};
	size_t i;
	int r = 0;

	*ret_kind = NULL;
	for (i = 0; r == 0 && i < content->count; i++)
		if (strcmp(content->lines[i].name, "kind") == 0)
			break;
	if (i < content->count)
		r = content_value_text(content->lines[i].value, &text);
	if (r == 0)
		*ret_kind = content_kind(buf_span(&text));
	buf_free(&text);
	return r;
}

int content_check_lines(const struct content *content, const char **ret_why)
{
	size_t i, named = 0, found[CONTENT_RULES] = {0};
	const struct content_kind *kind;
	int r;

	for (i = 0; i < content->count; i++) {
		if (content->lines[i].decoy)
			continue;
		named++;
		content_count(found, content->lines[i].name);
	}
	r = kind_of(content, &kind);
	if (r == 0)
		r = content_check_counts(found, kind, ret_why);
	if (r != 0)
		return r;
	if (named > CONTENT_NAMED_MAX)
		return wrong(ret_why, "there are too many fields");
	if (!content_count_is_valid(content->count))
		return wrong(
		    ret_why, "the number of lines is not a power of two");
	return check_salts(content, ret_why);
}

bool content_attachment_fits(const struct content_attachment *attachment,
    const struct entry_object *object)
{
	return attachment->size <= FORMAT_INTEGER_MAX / 2 &&
	       age_payload_size(padme_length(attachment->size)) == object->size;
}

size_t content_padded_length(size_t used)
{
	uint64_t padded = padme_length(used);

	return padded < CONTENT_BYTES_MIN ? CONTENT_BYTES_MIN : (size_t)padded;
}
