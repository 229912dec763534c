/*
 * Byte strings: spans, growing buffers, UTF-8 and decimals. Hex and base64 are
 * in encode.c.
 *
 * A buffer may hold plaintext or keys, so what it lets go of is wiped, also
 * when it grows to another place.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define BUF_BYTES_MIN 64

struct span span_of(const void *data, size_t len)
{
	return (struct span){.data = data, .len = len};
}

struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

int span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int r = len ? memcmp(a.data, b.data, len) : 0;

	if (r == 0 && a.len != b.len)
		r = a.len < b.len ? -1 : 1;
	return r;
}

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && span_compare(a, b) == 0;
}

/* Grow to hold ${need} bytes, at least twofold; the old place is wiped. */
static int grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap > need / 2 ? buf->cap * 2 : need;
	uint8_t *data;

	if (cap < BUF_BYTES_MIN)
		cap = BUF_BYTES_MIN;
	data = malloc(cap);
	if (!data)
		return -ENOMEM;
	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int buf_reserve(struct buf *buf, size_t len, uint8_t **ret_room)
{
	int r;

	if (len > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4 ||
	    (buf->max && buf->len + len > buf->max))
		return -EMSGSIZE;
	/* One more, which ${max} does not count: writers of text end in NUL. */
	if (buf->len + len + 1 > buf->cap) {
		r = grow(buf, buf->len + len + 1);
		if (r < 0)
			return r;
	}
	*ret_room = buf->data + buf->len;
	return 0;
}

int buf_append(struct buf *buf, const void *data, size_t len)
{
	uint8_t *room;
	int r;

	if (len == 0)
		return 0;
	r = buf_reserve(buf, len, &room);
	if (r < 0)
		return r;
	memcpy(room, data, len);
	buf->len += len;
	return 0;
}

int buf_append_text(struct buf *buf, const char *text)
{
	return buf_append(buf, text, strlen(text));
}

int buf_append_span(struct buf *buf, struct span span)
{
	return buf_append(buf, span.data, span.len);
}

int buf_printf(struct buf *buf, const char *format, ...)
{
	uint8_t *room;
	va_list args;
	int len, r;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return -EINVAL;
	r = buf_reserve(buf, (size_t)len, &room);
	if (r < 0)
		return r;
	va_start(args, format);
	vsnprintf((char *)room, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
	return 0;
}

struct span buf_span(const struct buf *buf)
{
	return span_of(buf->data, buf->len);
}

void buf_free(struct buf *buf)
{
	if (!buf)
		return;
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->cap = 0;
}

/* One character of RFC 3629: its length, or 0. */
static size_t utf8_length(const uint8_t *s, size_t len)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t need, i;

	if (s[0] < 0x80)
		return s[0] != 0;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		need = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (need > len || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return need;
}

bool utf8_is_valid(struct span text)
{
	size_t n;

	while (text.len > 0) {
		n = utf8_length(text.data, text.len);
		if (n == 0)
			return false;
		text.data += n;
		text.len -= n;
	}
	return true;
}

void u64_encode(uint64_t value, uint8_t ret_bytes[8])
{
	int i;

	for (i = 7; i >= 0; i--, value >>= 8)
		ret_bytes[i] = (uint8_t)value;
}

uint64_t u64_decode(const uint8_t bytes[8])
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

int decimal_decode(struct span text, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i;

	if (text.len == 0 || text.len > 16 ||
	    (text.len > 1 && text.data[0] == '0'))
		return FORMAT_E_MALFORMED;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return FORMAT_E_MALFORMED;
		value = value * 10 + (uint64_t)(text.data[i] - '0');
	}
	if (value > FORMAT_INTEGER_MAX)
		return FORMAT_E_MALFORMED;
	*ret_value = value;
	return 0;
}
