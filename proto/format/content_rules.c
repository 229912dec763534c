/*
 * What a field may be called and hold (FORMAT.md, 4.1), and what a content must
 * hold as a whole.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

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

size_t content_find_once(const char *name)
{
	static const char *const once[CONTENT_ONCE] = {"kind", "time", "after"};
	size_t i = 0;

	while (i < CONTENT_ONCE && strcmp(name, once[i]) != 0)
		i++;
	return i;
}

static bool kind_is_known(const char *kind)
{
	static const char *const kinds[] = {"testimony", "revision",
	    "derivative", "received", "opened", "exported", "disclosed",
	    "shared", "erased", "withdrawal", "key", "note"};
	size_t i;

	for (i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static unsigned two_digits(const char *at)
{
	return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

/* YYYY-MM-DDThh:mm:ssZ, a date that exists (RFC 3339; no leap seconds). */
static bool time_is_valid(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00Z";
	static const unsigned char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year, month, day, last;
	bool leap;
	size_t i;

	if (!text || strlen(text) != sizeof shape - 1)
		return false;
	for (i = 0; shape[i]; i++)
		if (shape[i] == '0' ? text[i] < '0' || text[i] > '9'
				    : text[i] != shape[i])
			return false;
	year = two_digits(text) * 100 + two_digits(text + 2);
	month = two_digits(text + 5);
	day = two_digits(text + 8);
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month < 1 || month > 12 || day < 1)
		return false;
	last = (unsigned)days[month - 1] + (month == 2 && leap);
	if (day > last)
		return false;
	return two_digits(text + 11) < 24 && two_digits(text + 14) < 60 &&
	       two_digits(text + 17) < 60;
}

static bool after_is_valid(const char *text)
{
	struct digest digest;

	return text && (strcmp(text, "none") == 0 ||
			   hex_decode(span_text(text), digest.bytes, 32) == 0);
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
	const char *text = json_string_value(value);

	if (!texts_are_clean(value))
		return wrong(ret_why, "a field holds control characters");
	if (strcmp(name, "kind") == 0 && !kind_is_known(text))
		return wrong(ret_why, "the kind is not known");
	if (strcmp(name, "time") == 0 && !time_is_valid(text))
		return wrong(ret_why, "the time is malformed");
	if (strcmp(name, "after") == 0 && !after_is_valid(text))
		return wrong(ret_why, "the line named after is malformed");
	if (strcmp(name, "attachment") == 0 && !is_attachment(value))
		return wrong(
		    ret_why, "an attachment's name or type is malformed");
	return 0;
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

int content_check_lines(const struct content *content, const char **ret_why)
{
	size_t i, named = 0, found[CONTENT_ONCE + 1] = {0};

	for (i = 0; i < content->count; i++) {
		if (content->lines[i].decoy)
			continue;
		named++;
		found[content_find_once(content->lines[i].name)]++;
	}
	if (found[0] != 1 || found[1] != 1 || found[2] != 1)
		return wrong(
		    ret_why, "kind, time and after must each be there once");
	if (named > CONTENT_NAMED_MAX)
		return wrong(ret_why, "there are too many fields");
	if (!content_count_is_valid(content->count))
		return wrong(
		    ret_why, "the number of lines is not a power of two");
	return check_salts(content, ret_why);
}

size_t content_padded_length(size_t used)
{
	uint64_t padded = padme_length(used);

	return padded < CONTENT_BYTES_MIN ? CONTENT_BYTES_MIN : (size_t)padded;
}
