/*
 * Escaping what strangers wrote.
 *
 * A testimony may hold terminal escapes, right-to-left overrides or bytes that
 * are no UTF-8. Shown raw, they could hide words from the person who reads, or
 * make a terminal act.
 */
#include "proto/format/text.h"

/* Decode one character: its length, or 0 when the bytes are no UTF-8. */
static size_t decode(const uint8_t *s, size_t len, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t point;
	size_t need, i;

	need = s[0] < 0x80                   ? 1
	       : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	       : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
	       : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
					     : 0;
	if (need == 0 || need > len)
		return 0;
	point = need == 1 ? s[0] : s[0] & (0x7fu >> need);
	for (i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[need] || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret_point = point;
	return need;
}

/* Controls of terminals and of text direction, and invisible characters. */
static bool acts(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	       point == 0xad || point == 0x34f || point == 0x61c ||
	       point == 0x115f || point == 0x1160 || point == 0x17b4 ||
	       point == 0x17b5 || point == 0x180e || point == 0x2800 ||
	       point == 0x3164 || point == 0xffa0 ||
	       (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
	       (point >= 0xfff9 && point <= 0xfffb) ||
	       (point >= 0xe0000 && point <= 0xe0fff);
}

/* What belongs to plain texts: TAB, and the joiners without which Persian and
 * many scripts of India are misspelt. */
static bool is_of_texts(uint32_t point)
{
	return point == '\t' || point == 0x200c || point == 0x200d;
}

static int put_one(const uint8_t *s, size_t len, uint32_t point,
    const char *indent, struct buf *out)
{
	int r;

	if (len == 0)
		return buf_printf(out, "\\x{%02x}", s[0]);
	if (indent && point == '\n') {
		r = buf_append_text(out, "\n");
		return r == 0 ? buf_append_text(out, indent) : r;
	}
	if (point == '\\')
		return buf_append_text(out, "\\\\");
	if (acts(point) && !(indent && is_of_texts(point)))
		return buf_printf(out, "\\u{%x}", point);
	return buf_append(out, s, len);
}

int text_escape(struct span text, const char *indent_or_null, struct buf *out)
{
	uint32_t point = 0;
	size_t len;
	int r = 0;

	while (r == 0 && text.len > 0) {
		len = decode(text.data, text.len, &point);
		r = put_one(text.data, len, point, indent_or_null, out);
		len = len ? len : 1;
		text.data += len;
		text.len -= len;
	}
	return r;
}
