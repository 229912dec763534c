/*
 * Hex and base64 (RFC 4648), decoding strictly: one text for one byte string.
 */
#include "proto/format/bytes.h"
#include "proto/format/ids.h"

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *s = data;
	size_t i;

	for (i = 0; i < len; i++) {
		out[2 * i] = digits[s[i] >> 4];
		out[2 * i + 1] = digits[s[i] & 15];
	}
	out[2 * len] = 0;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int hex_decode(struct span text, void *ret_data, size_t len)
{
	uint8_t *out = ret_data;
	size_t i;

	if (text.len != 2 * len)
		return FORMAT_E_MALFORMED;
	for (i = 0; i < text.len; i++)
		if (hex_digit(text.data[i]) < 0)
			return FORMAT_E_MALFORMED;
	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(text.data[2 * i]) * 16 +
				   hex_digit(text.data[2 * i + 1]));
	return 0;
}

int buf_append_hex(struct buf *buf, const void *data, size_t len)
{
	uint8_t *room;
	int r;

	r = buf_reserve(buf, 2 * len, &room);
	if (r < 0)
		return r;
	hex_encode(data, len, (char *)room);
	buf->len += 2 * len;
	return 0;
}

int base64_append(struct buf *buf, enum base64_kind kind, struct span data)
{
	const char *digits = kind == BASE64_URL ? url : standard;
	size_t i, n, used, tail = data.len % 3;
	uint8_t *room, *out;
	uint32_t bits;
	int r;

	if (tail != 0)
		tail = kind == BASE64_STANDARD ? 4 : tail + 1;
	r = buf_reserve(buf, data.len / 3 * 4 + tail, &room);
	if (r < 0)
		return r;
	out = room;
	for (i = 0; i < data.len; i += 3) {
		used = data.len - i < 3 ? data.len - i : 3;
		bits = (uint32_t)data.data[i] << 16;
		if (used > 1)
			bits |= (uint32_t)data.data[i + 1] << 8;
		if (used > 2)
			bits |= data.data[i + 2];
		for (n = 0; n <= used; n++)
			*out++ = (uint8_t)digits[bits >> (18 - 6 * n) & 63];
		for (; kind == BASE64_STANDARD && n < 4; n++)
			*out++ = '=';
	}
	buf->len += (size_t)(out - room);
	return 0;
}

/* The value of a digit, or -1. */
static int base64_digit(uint8_t c, enum base64_kind kind)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (kind == BASE64_URL ? '-' : '+'))
		return 62;
	if (c == (kind == BASE64_URL ? '_' : '/'))
		return 63;
	return -1;
}

/* Take the padding off a standard text: exactly what its length needs. */
static int strip_padding(struct span *text)
{
	size_t pad = 0;

	if (text->len % 4 != 0)
		return FORMAT_E_MALFORMED;
	while (pad < 2 && text->len > 0 && text->data[text->len - 1] == '=') {
		text->len--;
		pad++;
	}
	return 0;
}

int base64_decode(struct span text, enum base64_kind kind, struct buf *out_data)
{
	uint32_t bits = 0;
	size_t i, tail, left = 0, start = out_data->len;
	uint8_t *room;
	int r, digit;

	if (kind == BASE64_STANDARD && strip_padding(&text) != 0)
		return FORMAT_E_MALFORMED;
	tail = text.len % 4;
	if (tail == 1)
		return FORMAT_E_MALFORMED;
	r = buf_reserve(
	    out_data, text.len / 4 * 3 + (tail ? tail - 1 : 0), &room);
	if (r < 0)
		return r;
	for (i = 0; i < text.len; i++) {
		digit = base64_digit(text.data[i], kind);
		if (digit < 0)
			break;
		bits = bits << 6 | (uint32_t)digit;
		left += 6;
		if (left >= 8) {
			left -= 8;
			*room++ = (uint8_t)(bits >> left);
			out_data->len++;
		}
		bits &= (1u << left) - 1;
	}
	if (i < text.len || bits != 0) {
		out_data->len = start;
		return FORMAT_E_MALFORMED;
	}
	return 0;
}
