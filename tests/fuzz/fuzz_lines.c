/*
 * The line reader and the decoders beneath all formats. Lines that were taken
 * make up the text again, and what was decoded encodes to the text it was.
 */
#include <string.h>

#include "proto/format/lines.h"
#include "tests/fuzz/fuzz.h"

static void check_words(struct span words)
{
	struct span word;
	size_t before;

	while (words.len > 0) {
		before = words.len;
		if (words_next(&words, &word) != 0) {
			CLAIM(words.len == before);
			return;
		}
		CLAIM(word.len > 0 && !memchr(word.data, ' ', word.len));
		CLAIM(words.len == 0 ? word.len == before
				     : word.len + 1 + words.len == before);
	}
}

static void check_lines(struct span text)
{
	struct lines lines, before;
	const uint8_t *at = text.data;
	struct line line;
	struct span raw;

	lines_begin(&lines, text);
	while (!lines_at_end(&lines)) {
		before = lines;
		CLAIM(lines.rest.data == at);
		if (lines_next(&lines, &line) != 0) {
			CLAIM(lines.rest.len == before.rest.len);
			if (lines_next_raw(&lines, &raw) != 0)
				break;
			at += raw.len + 1;
			continue;
		}
		CLAIM(line.key.len > 0 && line.key.data == at);
		at += line.key.len + (line.value.len ? line.value.len + 1 : 0) +
		      1;
		CLAIM(at[-1] == '\n');
		check_words(line.value);
	}
	CLAIM(lines_at_end(&lines) == (at == text.data + text.len));
}

static void check_base64(struct span text, enum base64_kind kind)
{
	struct buf bytes = {0}, again = {0};

	if (base64_decode(text, kind, &bytes) == 0) {
		CLAIM(base64_append(&again, kind, buf_span(&bytes)) == 0);
		CLAIM(span_equal(buf_span(&again), text));
	} else {
		CLAIM(bytes.len == 0);
	}
	buf_free(&bytes);
	buf_free(&again);
}

static void check_hex(struct span text)
{
	struct buf again = {0};
	uint8_t bytes[32];
	size_t len = text.len / 2;

	if (len > sizeof bytes || hex_decode(text, bytes, len) != 0)
		return;
	CLAIM(buf_append_hex(&again, bytes, len) == 0);
	CLAIM(span_equal(buf_span(&again), text));
	buf_free(&again);
}

static void check_decimal(struct span text)
{
	struct buf again = {0};
	uint64_t value;

	if (decimal_decode(text, &value) != 0)
		return;
	CLAIM(buf_printf(&again, "%llu", (unsigned long long)value) == 0);
	CLAIM(span_equal(buf_span(&again), text));
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);

	check_lines(text);
	check_base64(text, BASE64_STANDARD);
	check_base64(text, BASE64_RAW);
	check_base64(text, BASE64_URL);
	check_hex(text);
	check_decimal(text);
	if (utf8_is_valid(text))
		CLAIM(size == 0 || !memchr(data, 0, size));
	return 0;
}
