/*
 * Reading contents (FORMAT.md, 4). Building them is content_build.c.
 *
 * A content is accepted only whole: grammar, one spelling, the lines that must
 * be there, the padding. Whoever reads it then holds content_commitment()
 * against the signed entry.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content.h"
#include "proto/format/content_json.h"
#include "proto/format/content_rules.h"
#include "proto/format/hash.h"
#include "proto/format/lines.h"
#include "proto/format/version.h"

static int wrong(const char **ret_why, const char *why)
{
	if (ret_why)
		*ret_why = why;
	return FORMAT_E_MALFORMED;
}

void content_line_free(struct content_line *line)
{
	if (!line)
		return;
	buf_free(&line->json);
	sodium_memzero(line, sizeof *line);
}

void content_free(struct content *content)
{
	size_t i;

	if (!content)
		return;
	for (i = 0; i < content->count; i++)
		content_line_free(&content->lines[i]);
	free(content->lines);
	content->lines = NULL;
	content->count = 0;
}

static int check_salt(const json_t *json, const char **ret_why)
{
	const char *salt = json_string_value(json);
	struct buf decoded = {0};
	int r = FORMAT_E_MALFORMED;

	if (salt && strlen(salt) == CONTENT_SALT_DIGITS)
		r = base64_decode(span_text(salt), BASE64_URL, &decoded);
	buf_free(&decoded);
	return r > 0 ? wrong(ret_why, "a line's salt is malformed") : r;
}

/* ["salt"] or ["salt","name",value]: find the value's text. The JSON is known
 * to be canonical, so salt and name stand at fixed places. */
static int split_disclosure(
    const json_t *json, struct content_line *line, const char **ret_why)
{
	const char *name = json_string_value(json_array_get(json, 1));
	size_t begin, len;
	int r;

	r = check_salt(json_array_get(json, 0), ret_why);
	if (r != 0)
		return r;
	if (json_array_size(json) == 1) {
		line->decoy = true;
		return 0;
	}
	if (json_array_size(json) != 3 || !name)
		return wrong(ret_why, "a line is no disclosure");
	len = strlen(name);
	if (content_check_name(span_of(name, len)) != 0)
		return wrong(ret_why, "a field's name is malformed");
	memcpy(line->name, name, len + 1);
	begin = strlen("[\"") + CONTENT_SALT_DIGITS + strlen("\",\"") + len +
		strlen("\",");
	line->value =
	    span_of(line->json.data + begin, line->json.len - begin - 1);
	return content_check_value(name, json_array_get(json, 2), ret_why);
}

static int parse_json(struct content_line *line, const char **ret_why)
{
	struct buf again = {0};
	json_t *json = NULL;
	int r;

	r = content_json_load(
	    buf_span(&line->json), 1 + CONTENT_VALUE_DEPTH, &json);
	if (r > 0 || (r == 0 && !json_is_array(json)))
		r = wrong(ret_why, "a line's JSON is malformed");
	if (r == 0)
		r = content_json_dump(json, &again);
	if (r == 0 && !span_equal(buf_span(&again), buf_span(&line->json)))
		r = wrong(ret_why, "a line's JSON has another spelling");
	if (r == 0)
		r = split_disclosure(json, line, ret_why);
	buf_free(&again);
	json_decref(json);
	return r;
}

int content_parse_line(
    struct span encoded, struct content_line *ret_line, const char **ret_why)
{
	struct content_line line;
	int r;

	if (encoded.len > CONTENT_BYTES_MAX)
		return wrong(ret_why, "a line is too long");
	memset(&line, 0, sizeof line);
	line.encoded = encoded;
	r = base64_decode(encoded, BASE64_URL, &line.json);
	if (r == FORMAT_E_MALFORMED)
		r = wrong(ret_why, "a line is no base64url");
	if (r == 0)
		r = parse_json(&line, ret_why);
	if (r == 0)
		r = hash_sha256(encoded, &line.digest);
	if (r == 0)
		*ret_line = line;
	else
		content_line_free(&line);
	sodium_memzero(&line, sizeof line);
	return r;
}

/* The padding: LFs only, exactly up to the length that is due. */
static int check_padding(struct span rest, size_t total, size_t used)
{
	size_t i;

	if (total != content_padded_length(used))
		return FORMAT_E_MALFORMED;
	for (i = 0; i < rest.len; i++)
		if (rest.data[i] != '\n')
			return FORMAT_E_MALFORMED;
	return 0;
}

/* Lines ascend by the digests they have in the digest list, so that the same
 * lines are one content and their order says nothing. */
static int check_order(const struct content_line *before,
    const struct content_line *line, const char **ret_why)
{
	struct buf a = {0}, b = {0};
	int r;

	r = base64_append(&a, BASE64_URL, span_of(before->digest.bytes, 32));
	if (r == 0)
		r = base64_append(
		    &b, BASE64_URL, span_of(line->digest.bytes, 32));
	if (r == 0 && span_compare(buf_span(&a), buf_span(&b)) >= 0)
		r = wrong(ret_why, "the lines are not ascending");
	buf_free(&a);
	buf_free(&b);
	return r;
}

static int take_lines(struct span bytes, struct lines *lines,
    struct content *content, const char **ret_why)
{
	struct span line;
	int r;

	while (!lines_at_end(lines) && lines->rest.data[0] != '\n') {
		if (content->count == CONTENT_LINES_MAX)
			return wrong(ret_why, "there are too many lines");
		if (lines_next_raw(lines, &line) != 0)
			return wrong(ret_why, "the last line has no end");
		r = content_parse_line(
		    line, &content->lines[content->count], ret_why);
		if (r == 0 && content->count++ > 0)
			r = check_order(&content->lines[content->count - 2],
			    &content->lines[content->count - 1], ret_why);
		if (r != 0)
			return r;
	}
	if (check_padding(
		lines->rest, bytes.len, bytes.len - lines->rest.len) != 0)
		return wrong(ret_why, "the padding is not what is due");
	return 0;
}

int content_parse(
    struct span bytes, struct content *ret_content, const char **ret_why)
{
	struct content content = {.count = 0};
	struct lines lines;
	int r;

	if (bytes.len > CONTENT_BYTES_MAX)
		return wrong(ret_why, "the content is too long");
	lines_begin(&lines, bytes);
	r = version_take(&lines, "evident content");
	if (r != 0) {
		wrong(ret_why, "this is no content of version 1");
		return r;
	}
	content.lines = calloc(CONTENT_LINES_MAX, sizeof *content.lines);
	if (!content.lines)
		return -ENOMEM;
	r = take_lines(bytes, &lines, &content, ret_why);
	if (r == 0)
		r = content_check_lines(&content, ret_why);
	if (r != 0) {
		content_free(&content);
		return r;
	}
	*ret_content = content;
	return 0;
}

static int compare_text(const void *a, const void *b)
{
	return memcmp(a, b, CONTENT_DIGEST_DIGITS);
}

int content_digest_list(const struct content *content, struct buf *out)
{
	const size_t width = CONTENT_DIGEST_DIGITS + 1;
	size_t i, start = out->len;
	int r = 0;

	for (i = 0; r == 0 && i < content->count; i++) {
		r = base64_append(out, BASE64_URL,
		    span_of(content->lines[i].digest.bytes, 32));
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	if (r != 0)
		out->len = start;
	else if (content->count > 0)
		qsort(out->data + start, content->count, width, compare_text);
	return r;
}

int content_commitment(const struct content *content, struct digest *ret_fields)
{
	struct buf list = {0};
	int r;

	r = content_digest_list(content, &list);
	if (r == 0)
		r = hash_sha256(buf_span(&list), ret_fields);
	buf_free(&list);
	return r;
}

static int take_digests(struct span text, struct buf *out)
{
	struct span line, before = {0};
	struct lines lines;
	size_t count = 0;
	int r;

	lines_begin(&lines, text);
	while (!lines_at_end(&lines)) {
		if (count++ == CONTENT_LINES_MAX ||
		    lines_next_raw(&lines, &line) != 0 ||
		    line.len != CONTENT_DIGEST_DIGITS ||
		    (before.len && span_compare(before, line) >= 0))
			return FORMAT_E_MALFORMED;
		r = base64_decode(line, BASE64_URL, out);
		if (r != 0)
			return r;
		before = line;
	}
	return content_count_is_valid(count) ? 0 : FORMAT_E_MALFORMED;
}

int content_parse_digest_list(
    struct span text, struct buf *out, struct digest *ret_fields)
{
	size_t start = out->len;
	int r;

	r = take_digests(text, out);
	if (r == 0)
		r = hash_sha256(text, ret_fields);
	if (r != 0)
		out->len = start;
	return r;
}

int content_value_text(struct span value, struct buf *out)
{
	json_t *json = NULL;
	int r;

	r = content_json_load(value, CONTENT_VALUE_DEPTH, &json);
	if (r == 0 && !json_is_string(json))
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		r = buf_append(
		    out, json_string_value(json), json_string_length(json));
	json_decref(json);
	return r;
}

int content_value_attachment(
    struct span value, struct content_attachment *ret_attachment)
{
	json_t *json = NULL;
	int r;

	r = content_json_load(value, CONTENT_VALUE_DEPTH, &json);
	if (r == 0)
		r = content_take_attachment(json, ret_attachment);
	json_decref(json);
	return r;
}
