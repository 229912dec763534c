/*
 * Building contents: a salt for each line, decoys, padding. What is built is
 * what content_parse() accepts.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content_json.h"
#include "proto/format/content_rules.h"
#include "proto/format/hash.h"

#define HEAD "evident content v1\n"

struct content_builder {
	struct buf text; /* head and lines */
	struct buf list; /* their digests in base64url, with LF */
	size_t named, count;
};

static int wrong(const char **ret_why, const char *why)
{
	if (ret_why)
		*ret_why = why;
	return FORMAT_E_MALFORMED;
}

int content_builder_new(struct content_builder **ret_builder)
{
	struct content_builder *builder = calloc(1, sizeof *builder);

	if (!builder)
		return -ENOMEM;
	builder->text.max = CONTENT_BYTES_MAX;
	if (buf_append_text(&builder->text, HEAD) < 0) {
		content_builder_free(builder);
		return -ENOMEM;
	}
	*ret_builder = builder;
	return 0;
}

void content_builder_free(struct content_builder *builder)
{
	if (!builder)
		return;
	buf_free(&builder->text);
	buf_free(&builder->list);
	free(builder);
}

void content_builder_freep(struct content_builder **builder)
{
	content_builder_free(*builder);
	*builder = NULL;
}

/* ["salt" or ["salt","name",value] into one line. */
static int add_line(struct content_builder *builder, const char *name,
    struct span value)
{
	uint8_t salt[CONTENT_SALT_BYTES];
	struct buf json = {0};
	struct digest digest;
	size_t start = builder->text.len;
	int r;

	randombytes_buf(salt, sizeof salt);
	r = buf_append_text(&json, "[\"");
	if (r == 0)
		r = base64_append(
		    &json, BASE64_URL, span_of(salt, sizeof salt));
	if (r == 0 && name)
		r = buf_printf(&json, "\",\"%s\",", name);
	if (r == 0 && name)
		r = buf_append_span(&json, value);
	if (r == 0)
		r = buf_append_text(&json, name ? "]" : "\"]");
	if (r == 0)
		r = base64_append(
		    &builder->text, BASE64_URL, buf_span(&json));
	buf_free(&json);
	if (r == 0)
		r = hash_sha256(span_of(builder->text.data + start,
				    builder->text.len - start),
		    &digest);
	if (r == 0)
		r = buf_append_text(&builder->text, "\n");
	if (r == 0)
		r = base64_append(
		    &builder->list, BASE64_URL, span_of(digest.bytes, 32));
	if (r == 0)
		r = buf_append_text(&builder->list, "\n");
	builder->count++;
	return r;
}

static int add_value(struct content_builder *builder, const char *name,
    const json_t *value, const char **ret_why)
{
	struct buf text = {0};
	int r;

	if (content_check_name(span_text(name)) != 0)
		return wrong(ret_why, "a field's name is malformed (words of "
				      "a-z 0-9 - joined by dots)");
	r = content_check_value(name, value, ret_why);
	if (r != 0)
		return r;
	if (builder->named == CONTENT_NAMED_MAX)
		return wrong(ret_why, "there are too many fields");
	builder->named++;
	r = content_json_dump(value, &text);
	if (r == 0)
		r = add_line(builder, name, buf_span(&text));
	buf_free(&text);
	if (r == -EMSGSIZE)
		wrong(ret_why, "the fields are too large together");
	return r;
}

int content_add(struct content_builder *builder, const char *name,
    struct span json, const char **ret_why)
{
	json_t *value = content_json_load(json);
	int r;

	if (!value)
		return wrong(ret_why, "a field's value is malformed JSON, has "
				      "a fraction, or is nested too deep");
	r = add_value(builder, name, value, ret_why);
	json_decref(value);
	return r;
}

int content_add_text(struct content_builder *builder, const char *name,
    struct span text, const char **ret_why)
{
	json_t *value;
	int r;

	if (!utf8_is_valid(text))
		return wrong(
		    ret_why, "a field is not valid UTF-8 without NUL");
	value = json_stringn(text.len ? (const char *)text.data : "", text.len);
	if (!value)
		return -ENOMEM;
	r = add_value(builder, name, value, ret_why);
	json_decref(value);
	return r;
}

int content_add_attachment(struct content_builder *builder,
    const struct content_attachment *attachment, const char **ret_why)
{
	char sha256[65], sealed[65];
	json_t *value;
	int r;

	hex_encode(attachment->sha256.bytes, 32, sha256);
	hex_encode(attachment->sealed.bytes, 32, sealed);
	value = json_pack("{s:s, s:s, s:s, s:I, s:s}", "file",
	    attachment->file, "sealed", sealed, "sha256", sha256, "size",
	    (json_int_t)attachment->size, "type", attachment->type);
	if (!value)
		return wrong(
		    ret_why, "an attachment's name or type is malformed");
	r = add_value(builder, "attachment", value, ret_why);
	json_decref(value);
	return r;
}

static int add_decoys(struct content_builder *builder)
{
	size_t target = CONTENT_DECOYS_FROM;
	int r = 0;

	while (target < builder->count)
		target *= 2;
	while (r == 0 && builder->count < target)
		r = add_line(builder, NULL, span_of(NULL, 0));
	return r;
}

static int compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, CONTENT_DIGEST_DIGITS);
}

int content_finish(struct content_builder *builder, struct buf *out,
    struct digest *ret_fields)
{
	size_t padded;
	uint8_t *room;
	int r;

	r = add_decoys(builder);
	if (r < 0)
		return r;
	padded = content_padded_length(builder->text.len);
	if (padded > CONTENT_BYTES_MAX)
		return -EMSGSIZE;
	qsort(builder->list.data, builder->count, CONTENT_DIGEST_DIGITS + 1,
	    compare_digests);
	r = hash_sha256(buf_span(&builder->list), ret_fields);
	if (r == 0)
		r = buf_reserve(out, padded, &room);
	if (r < 0)
		return r;
	memcpy(room, builder->text.data, builder->text.len);
	memset(room + builder->text.len, '\n', padded - builder->text.len);
	out->len += padded;
	return 0;
}
