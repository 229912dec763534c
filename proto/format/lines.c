/*
 * Reading lines strictly (FORMAT.md, 1). Nothing is repaired, nothing copied.
 */
#include <string.h>

#include "proto/format/ids.h"
#include "proto/format/lines.h"

void lines_begin(struct lines *lines, struct span text)
{
	lines->rest = text;
	lines->number = 0;
}

bool lines_at_end(const struct lines *lines)
{
	return lines->rest.len == 0;
}

int lines_next_raw(struct lines *lines, struct span *ret_line)
{
	const uint8_t *end;
	size_t len;

	if (lines->rest.len == 0)
		return FORMAT_E_MALFORMED;
	end = memchr(lines->rest.data, '\n', lines->rest.len);
	if (!end)
		return FORMAT_E_MALFORMED;
	len = (size_t)(end - lines->rest.data);
	*ret_line = span_of(lines->rest.data, len);
	lines->rest.data += len + 1;
	lines->rest.len -= len + 1;
	lines->number++;
	return 0;
}

/* Printable ASCII, one SP between words, none at the ends. */
static bool is_clean(struct span line)
{
	uint8_t before = ' ';
	size_t i;

	for (i = 0; i < line.len; i++) {
		if (line.data[i] < 0x20 || line.data[i] > 0x7e ||
		    (line.data[i] == ' ' && before == ' '))
			return false;
		before = line.data[i];
	}
	return before != ' ';
}

int lines_next(struct lines *lines, struct line *ret_line)
{
	const uint8_t *space;
	struct lines next = *lines;
	struct span line;
	size_t len;

	if (lines_next_raw(&next, &line) != 0 || !is_clean(line))
		return FORMAT_E_MALFORMED;
	space = memchr(line.data, ' ', line.len);
	len = space ? (size_t)(space - line.data) : line.len;
	ret_line->key = span_of(line.data, len);
	ret_line->value =
	    space ? span_of(space + 1, line.len - len - 1) : span_of(NULL, 0);
	*lines = next;
	return 0;
}

bool lines_peek(const struct lines *lines, const char *key)
{
	size_t len = strlen(key);

	return lines->rest.len > len &&
	       memcmp(lines->rest.data, key, len) == 0 &&
	       (lines->rest.data[len] == ' ' || lines->rest.data[len] == '\n');
}

int lines_expect(struct lines *lines, const char *key, struct span *ret_value)
{
	struct lines next = *lines;
	struct line line;

	if (lines_next(&next, &line) != 0 ||
	    !span_equal(line.key, span_text(key)) || line.value.len == 0)
		return FORMAT_E_MALFORMED;
	*ret_value = line.value;
	*lines = next;
	return 0;
}

int lines_expect_exact(struct lines *lines, const char *text)
{
	struct lines next = *lines;
	struct span line;

	if (lines_next_raw(&next, &line) != 0 ||
	    !span_equal(line, span_text(text)))
		return FORMAT_E_MALFORMED;
	*lines = next;
	return 0;
}

int words_next(struct span *words, struct span *ret_word)
{
	const uint8_t *space;
	size_t len;

	if (words->len == 0)
		return FORMAT_E_MALFORMED;
	space = memchr(words->data, ' ', words->len);
	len = space ? (size_t)(space - words->data) : words->len;
	if (len == 0 || len + 1 == words->len)
		return FORMAT_E_MALFORMED;
	*ret_word = span_of(words->data, len);
	words->data += space ? len + 1 : len;
	words->len -= space ? len + 1 : len;
	return 0;
}
