/*
 * Contents built and made by hand, for the tests of contents.
 *
 * A content by hand is a list of JSON texts, made into lines here; "%s" in one
 * is replaced by a salt of its own. Include after cmocka.h.
 */
#ifndef EVIDENT_TESTS_CONTENT_SCENE_H
#define EVIDENT_TESTS_CONTENT_SCENE_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content.h"
#include "proto/format/padme.h"
#include "tests/unit/content_order.h"

static struct content content;
static const char *why;
static unsigned salts;

static inline int begin(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

static inline int drop_content(void **state)
{
	(void)state;
	content_free(&content);
	return 0;
}

/* One line of JSON in base64url with LF. */
static inline void put_json(struct buf *out, const char *json)
{
	char salt[23], text[8192];

	snprintf(salt, sizeof salt, "%021uA", salts++);
	if (strstr(json, "%s"))
		snprintf(text, sizeof text, "%.*s%s%s",
		    (int)(strstr(json, "%s") - json), json, salt,
		    strstr(json, "%s") + 2);
	else
		snprintf(text, sizeof text, "%s", json);
	assert_int_equal(base64_append(out, BASE64_URL, span_text(text)), 0);
	assert_int_equal(buf_append(out, "\n", 1), 0);
}

static inline void pad(struct buf *out, size_t more)
{
	size_t due = padme_length(out->len);

	sort_lines(out);
	due = due < CONTENT_BYTES_MIN ? CONTENT_BYTES_MIN : due;
	while (out->len < due + more)
		assert_int_equal(buf_append(out, "\n", 1), 0);
}

static inline void put_head(struct buf *out)
{
	assert_int_equal(buf_append_text(out, "evident content v1\n"), 0);
	put_json(out, KIND);
	put_json(out, TIME);
	put_json(out, AFTER);
	put_json(out, ORIGIN);
}

static inline void put_many(struct buf *out, const char *json, size_t count)
{
	while (count--)
		put_json(out, json);
}

static inline int parse(struct buf *bytes)
{
	int r;

	content_free(&content);
	why = NULL;
	r = content_parse(buf_span(bytes), &content, &why);
	if (r != 0)
		assert_non_null(why);
	return r;
}

static inline struct content_builder *new_builder(void)
{
	struct content_builder *builder = NULL;

	assert_int_equal(content_builder_new(&builder), 0);
	return builder;
}

static inline int add(
    struct content_builder *builder, const char *name, const char *text)
{
	why = NULL;
	return content_add_text(builder, name, span_text(text), &why);
}

static inline struct content_builder *begun_builder(void)
{
	struct content_builder *builder = new_builder();

	assert_int_equal(add(builder, "kind", "testimony"), 0);
	assert_int_equal(add(builder, "time", "2026-01-02T03:04:05Z"), 0);
	assert_int_equal(add(builder, "after", H64), 0);
	assert_int_equal(add(builder, "origin", LOG_NAME), 0);
	return builder;
}

static inline int add_json(struct content_builder *builder, const char *json)
{
	why = NULL;
	return content_add(builder, "a", span_text(json), &why);
}

/* Finish, parse what came out, and hold both commitments together. */
static inline void finish_and_parse(struct content_builder *builder)
{
	struct digest built, read;
	struct buf bytes = {0};

	assert_int_equal(content_finish(builder, &bytes, &built), 0);
	assert_int_equal(parse(&bytes), 0);
	assert_int_equal(content_commitment(&content, &read), 0);
	assert_memory_equal(built.bytes, read.bytes, 32);
	buf_free(&bytes);
	content_builder_free(builder);
}

static inline const struct content_line *find(const char *name)
{
	size_t i;

	for (i = 0; i < content.count; i++)
		if (strcmp(content.lines[i].name, name) == 0 &&
		    !content.lines[i].decoy)
			return &content.lines[i];
	fail_msg("no line named %s", name);
	return NULL;
}

#endif
