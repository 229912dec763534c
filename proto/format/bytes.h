/*
 * Byte strings: spans, growing buffers, hex, base64, UTF-8, numbers.
 */
#ifndef EVIDENT_FORMAT_BYTES_H
#define EVIDENT_FORMAT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Bytes owned by somebody else; data may be NULL only when len is 0. */
struct span {
	const uint8_t *data;
	size_t len;
};

/*
 * A growing buffer that owns ${data}. All zero is the empty buffer. ${max} is
 * a hard limit in bytes, 0 for none: growing past it fails with -EMSGSIZE.
 */
struct buf {
	uint8_t *data;
	size_t len, cap, max;
};

struct span span_of(const void *data, size_t len);
struct span span_text(const char *text);
bool span_equal(struct span a, struct span b);
/* As memcmp, a shorter span before a longer one that it begins. */
int span_compare(struct span a, struct span b);

/* Append; 0, -ENOMEM or -EMSGSIZE; ${buf} is unchanged on failure. */
int buf_append(struct buf *buf, const void *data, size_t len);
int buf_append_text(struct buf *buf, const char *text);
int buf_append_span(struct buf *buf, struct span span);
int buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Make room for ${len} more bytes, and one for a NUL that ${max} does not
 * count, and answer where they begin; never NULL. */
int buf_reserve(struct buf *buf, size_t len, uint8_t **ret_room);
struct span buf_span(const struct buf *buf);
/* Wipe and free what ${buf} owns, leaving it empty. NULL is fine. */
void buf_free(struct buf *buf);

/* Hex, lower case, ${out} holds 2 * len + 1 bytes and ends in NUL. */
void hex_encode(const void *data, size_t len, char *out);
/* Exactly ${len} bytes from exactly 2 * len lower-case digits, or
 * FORMAT_E_MALFORMED. */
int hex_decode(struct span text, void *ret_data, size_t len);
int buf_append_hex(struct buf *buf, const void *data, size_t len);

/* RFC 4648 base64: standard with padding, raw (standard, no padding, as age
 * and SSH fingerprints use it) and base64url without padding. Decoding is
 * strict: no white space, no foreign digit, unused bits zero, or
 * FORMAT_E_MALFORMED; the decoded bytes are appended. */
enum base64_kind {
	BASE64_STANDARD,
	BASE64_RAW,
	BASE64_URL,
};
int base64_append(struct buf *buf, enum base64_kind kind, struct span data);
int base64_decode(
    struct span text, enum base64_kind kind, struct buf *out_data);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, no NUL). */
bool utf8_is_valid(struct span text);

/* Eight bytes, big-endian. */
void u64_encode(uint64_t value, uint8_t ret_bytes[8]);
uint64_t u64_decode(const uint8_t bytes[8]);

/* A decimal as FORMAT.md writes it: 0 or no leading zero, at most 2^53 - 1. */
int decimal_decode(struct span text, uint64_t *ret_value);

#endif
