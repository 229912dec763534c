/*
 * Building contents (FORMAT.md, 4): a salt for each line, decoys, padding. What
 * is built is what content_parse() accepts, so every rule of a reader is asked
 * here before anything is sealed. A field that is refused leaves the builder
 * as it was.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content_json.h"
#include "proto/format/content_rules.h"
#include "proto/format/hash.h"

#define HEAD "evident content v1\n"

/* Where a line stands in the text, and the digest it is sorted by. */
struct place {
	char digest[CONTENT_DIGEST_DIGITS];
	size_t start, len; /* with its LF */
	char name[CONTENT_NAME_MAX + 1];
};

struct content_builder {
	struct buf text; /* head and lines, as they were added */
	struct place places[CONTENT_LINES_MAX];
	size_t named, count;
	size_t found[CONTENT_RULES];
	const struct content_kind *kind;
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
	content_json_begin();
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
	sodium_memzero(builder, sizeof *builder);
	free(builder);
}

void content_builder_freep(struct content_builder **builder)
{
	content_builder_free(*builder);
	*builder = NULL;
}

/* Append the base64url of ["salt"] or ["salt","name",value]. */
static int put_disclosure(const char *name, struct span value, struct buf *out)
{
	uint8_t salt[CONTENT_SALT_BYTES];
	struct buf json = {0};
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
		r = base64_append(out, BASE64_URL, buf_span(&json));
	buf_free(&json);
	sodium_memzero(salt, sizeof salt);
	return r;
}

static int take_digest(struct span encoded, struct place *place)
{
	struct digest digest;
	struct buf text = {0};
	int r;

	r = hash_sha256(encoded, &digest);
	if (r == 0)
		r = base64_append(&text, BASE64_URL, span_of(digest.bytes, 32));
	if (r == 0)
		memcpy(place->digest, text.data, sizeof place->digest);
	buf_free(&text);
	return r;
}

/* One more line, or none at all. A decoy has no name. */
static int add_line(
    struct content_builder *builder, const char *name, struct span value)
{
	struct buf *text = &builder->text;
	struct place *place = &builder->places[builder->count];
	size_t start = text->len;
	int r;

	if (builder->count == CONTENT_LINES_MAX)
		return -EMSGSIZE;
	r = put_disclosure(name, value, text);
	if (r == 0)
		r = take_digest(
		    span_of(text->data + start, text->len - start), place);
	if (r == 0)
		r = buf_append_text(text, "\n");
	if (r != 0) {
		text->len = start;
		return r;
	}
	place->start = start;
	place->len = text->len - start;
	if (name)
		memcpy(place->name, name, strlen(name) + 1);
	builder->count++;
	return 0;
}

static int too_large(const char **ret_why, const char *why)
{
	wrong(ret_why, why);
	return -EMSGSIZE;
}

/* Whether the field may stand here, beside those that do already. */
static int check_field(const struct content_builder *builder, const char *name,
    const json_t *value, const char **ret_why)
{
	if (content_check_name(span_text(name)) != 0)
		return wrong(ret_why, "a field's name is malformed (words of "
				      "a-z 0-9 - joined by dots)");
	if (!content_may_stand_again(builder->found, name))
		return wrong(ret_why, "a field that may stand only once is "
				      "there twice");
	if (builder->named == CONTENT_NAMED_MAX)
		return too_large(ret_why, "there are too many fields");
	return content_check_value(name, value, ret_why);
}

static int add_value(struct content_builder *builder, const char *name,
    const json_t *value, const char **ret_why)
{
	struct buf text = {0};
	int r;

	r = check_field(builder, name, value, ret_why);
	if (r != 0)
		return r;
	r = content_json_dump(value, &text);
	if (r == 0)
		r = add_line(builder, name, buf_span(&text));
	buf_free(&text);
	if (r == -EMSGSIZE)
		return too_large(ret_why, "the fields are too large together");
	if (r != 0)
		return r;
	builder->named++;
	content_count(builder->found, name);
	if (strcmp(name, "kind") == 0)
		builder->kind =
		    content_kind(span_text(json_string_value(value)));
	return 0;
}

int content_add(struct content_builder *builder, const char *name,
    struct span json, const char **ret_why)
{
	json_t *value;
	int r;

	r = content_json_load(json, CONTENT_VALUE_DEPTH, &value);
	if (r > 0)
		return wrong(ret_why, "a field's value is malformed JSON, has "
				      "a fraction, or is nested too deep");
	if (r < 0)
		return r;
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
		return wrong(ret_why, "a field is not valid UTF-8 without NUL");
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

	if (attachment->size > FORMAT_INTEGER_MAX)
		return wrong(ret_why, "an attachment is too large");
	hex_encode(attachment->sha256.bytes, 32, sha256);
	hex_encode(attachment->sealed.bytes, 32, sealed);
	value = json_pack("{s:s, s:s, s:s, s:I, s:s}", "file", attachment->file,
	    "sealed", sealed, "sha256", sha256, "size",
	    (json_int_t)attachment->size, "type", attachment->type);
	sodium_memzero(sha256, sizeof sha256);
	if (!value && utf8_is_valid(span_text(attachment->file)) &&
	    utf8_is_valid(span_text(attachment->type)))
		return -ENOMEM;
	if (!value)
		return wrong(
		    ret_why, "an attachment's name or type is malformed");
	r = add_value(builder, "attachment", value, ret_why);
	json_decref(value);
	return r;
}

const char *content_builder_name(
    const struct content_builder *builder, size_t number)
{
	return number < builder->count ? builder->places[number].name : NULL;
}

static int add_decoys(struct content_builder *builder)
{
	size_t target = CONTENT_LINES_MIN;
	int r = 0;

	while (target < builder->count)
		target *= 2;
	while (r == 0 && builder->count < target)
		r = add_line(builder, NULL, span_of(NULL, 0));
	return r;
}

static int by_digest(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return memcmp(x->digest, y->digest, sizeof x->digest);
}

/* SHA-256 of the digest list. */
static int commit(
    const struct content_builder *builder, struct digest *ret_fields)
{
	struct buf list = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < builder->count; i++) {
		r = buf_append(
		    &list, builder->places[i].digest, CONTENT_DIGEST_DIGITS);
		if (r == 0)
			r = buf_append_text(&list, "\n");
	}
	if (r == 0)
		r = hash_sha256(buf_span(&list), ret_fields);
	buf_free(&list);
	return r;
}

static void put_sorted(const struct content_builder *builder, uint8_t *room)
{
	const uint8_t *text = builder->text.data;
	size_t i, at = strlen(HEAD);

	memcpy(room, text, at);
	for (i = 0; i < builder->count; i++) {
		memcpy(room + at, text + builder->places[i].start,
		    builder->places[i].len);
		at += builder->places[i].len;
	}
}

int content_finish(
    struct content_builder *builder, struct buf *out, struct digest *ret_fields)
{
	struct digest fields;
	size_t padded;
	uint8_t *room;
	int r;

	r = content_check_counts(builder->found, builder->kind, NULL);
	if (r == 0)
		r = add_decoys(builder);
	if (r != 0)
		return r;
	padded = content_padded_length(builder->text.len);
	if (padded > CONTENT_BYTES_MAX)
		return -EMSGSIZE;
	qsort(builder->places, builder->count, sizeof *builder->places,
	    by_digest);
	r = commit(builder, &fields);
	if (r == 0)
		r = buf_reserve(out, padded, &room);
	if (r != 0)
		return r;
	put_sorted(builder, room);
	memset(room + builder->text.len, '\n', padded - builder->text.len);
	out->len += padded;
	*ret_fields = fields;
	return 0;
}
