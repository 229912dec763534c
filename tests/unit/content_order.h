/*
 * Lines that every content has, and the order that the lines of a content made
 * by hand must have.
 */
#ifndef EVIDENT_TESTS_CONTENT_ORDER_H
#define EVIDENT_TESTS_CONTENT_ORDER_H

#include <stdlib.h>
#include <string.h>

#include "proto/format/content.h"
#include "proto/format/hash.h"

#define KIND "[\"%s\",\"kind\",\"testimony\"]"
#define TIME "[\"%s\",\"time\",\"2024-02-29T23:59:59Z\"]"
#define AFTER "[\"%s\",\"after\",\"none\"]"
#define ORIGIN "[\"%s\",\"origin\",\"" LOG_NAME "\"]"
#define LOG_NAME "evident/log/" H64 "/" H64
#define DECOY "[\"%s\"]"
#define H64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct scene_line {
	char digest[44];
	struct span text;
};

static inline int by_scene_digest(const void *a, const void *b)
{
	const struct scene_line *x = a, *y = b;

	return memcmp(x->digest, y->digest, 43);
}

/* Bring the lines behind the head into the order that is due. */
static inline void sort_lines(struct buf *out)
{
	static struct scene_line lines[4096];
	struct buf copy = {0}, digest = {0};
	struct digest hash;
	size_t at, len, count = 0, i;

	at =
	    (size_t)((uint8_t *)memchr(out->data, '\n', out->len) - out->data) +
	    1;
	assert_int_equal(buf_append_span(&copy, buf_span(out)), 0);
	for (i = at; i < copy.len; i += len + 1) {
		len = (size_t)((uint8_t *)memchr(
				   copy.data + i, '\n', copy.len - i) -
			       (copy.data + i));
		lines[count].text = span_of(copy.data + i, len);
		hash_sha256(lines[count].text, &hash);
		digest.len = 0;
		base64_append(&digest, BASE64_URL, span_of(hash.bytes, 32));
		memcpy(lines[count++].digest, digest.data, 43);
	}
	qsort(lines, count, sizeof *lines, by_scene_digest);
	out->len = at;
	for (i = 0; i < count; i++) {
		buf_append_span(out, lines[i].text);
		buf_append(out, "\n", 1);
	}
	buf_free(&copy);
	buf_free(&digest);
}

#endif
