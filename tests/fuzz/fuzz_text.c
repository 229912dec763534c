/*
 * text_escape(): whatever comes, what goes out is UTF-8 that makes no terminal
 * act; and it can be read back to the byte, so that no two texts look the same.
 */
#include <stdio.h>
#include <string.h>

#include "proto/format/text.h"
#include "tests/fuzz/fuzz.h"

static void put_point(unsigned long point, struct buf *out)
{
	uint8_t utf8[4];
	size_t len = point < 0x80      ? 1
		     : point < 0x800   ? 2
		     : point < 0x10000 ? 3
				       : 4;
	size_t i;

	for (i = len - 1; i > 0; i--, point >>= 6)
		utf8[i] = (uint8_t)(0x80 | (point & 0x3f));
	utf8[0] = (uint8_t)(len == 1 ? point : (0xf00u >> len & 0xff) | point);
	CLAIM(buf_append(out, utf8, len) == 0);
}

/* "\\", "\u{HEX}" and "\x{HEX}"; answers how much it took. */
static size_t put_escaped(struct span at, struct buf *out)
{
	const uint8_t *end;
	unsigned long point;
	char *stop;
	uint8_t byte;

	CLAIM(at.len >= 2);
	if (at.data[1] == '\\') {
		put_point('\\', out);
		return 2;
	}
	CLAIM(at.len >= 5 && at.data[2] == '{');
	end = memchr(at.data, '}', at.len);
	CLAIM(end);
	point = strtoul((const char *)at.data + 3, &stop, 16);
	CLAIM(stop == (const char *)end);
	byte = (uint8_t)point;
	if (at.data[1] == 'u')
		put_point(point, out);
	else
		CLAIM(at.data[1] == 'x' && buf_append(out, &byte, 1) == 0);
	return (size_t)(end - at.data) + 1;
}

static void check_back(struct span text, struct span escaped)
{
	struct buf back = {0};
	size_t took;

	CLAIM(utf8_is_valid(escaped));
	for (; escaped.len > 0; escaped.len -= took, escaped.data += took) {
		took = 1;
		CLAIM(*escaped.data >= 0x20 && *escaped.data != 0x7f);
		if (*escaped.data == '\\')
			took = put_escaped(escaped, &back);
		else
			CLAIM(buf_append(&back, escaped.data, 1) == 0);
	}
	CLAIM(span_equal(buf_span(&back), text));
	buf_free(&back);
}

static void check_indented(struct span escaped)
{
	size_t i;

	CLAIM(utf8_is_valid(escaped));
	for (i = 0; i < escaped.len; i++) {
		CLAIM(escaped.data[i] >= 0x20 || escaped.data[i] == '\t' ||
		      escaped.data[i] == '\n');
		if (escaped.data[i] == '\n')
			CLAIM(
			    i + 1 < escaped.len && escaped.data[i + 1] == '>');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct buf escaped = {0}, indented = {0};

	CLAIM(text_escape(text, NULL, &escaped) == 0);
	check_back(text, buf_span(&escaped));
	CLAIM(text_escape(text, ">", &indented) == 0);
	check_indented(buf_span(&indented));
	buf_free(&escaped);
	buf_free(&indented);
	return 0;
}
