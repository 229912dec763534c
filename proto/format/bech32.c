/*
 * Bech32: 5-bit digits and a BCH checksum over prefix and data.
 */
#include <sodium.h>
#include <string.h>

#include "proto/format/bech32.h"
#include "proto/format/ids.h"

#define DIGITS 52 /* of 32 bytes: 256 bits in groups of 5 */
#define CHECK 6

static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t step(uint32_t check, uint8_t value)
{
	static const uint32_t generator[] = {
	    0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = check >> 25;
	size_t i;

	check = (check & 0x1ffffff) << 5 ^ value;
	for (i = 0; i < 5; i++)
		if (top >> i & 1)
			check ^= generator[i];
	return check;
}

static uint32_t checksum(const char *prefix, const uint8_t *values)
{
	uint32_t check = 1;
	size_t i, len = strlen(prefix);

	for (i = 0; i < len; i++)
		check = step(check, (uint8_t)(prefix[i] >> 5));
	check = step(check, 0);
	for (i = 0; i < len; i++)
		check = step(check, prefix[i] & 31);
	for (i = 0; i < DIGITS; i++)
		check = step(check, values[i]);
	for (i = 0; i < CHECK; i++)
		check = step(check, 0);
	return check ^ 1;
}

void bech32_encode(
    const char *prefix, const uint8_t bytes[BECH32_BYTES], char *out)
{
	uint8_t values[DIGITS] = {0};
	size_t i, len = strlen(prefix);
	uint32_t check;

	for (i = 0; i < 8 * BECH32_BYTES; i++)
		if (bytes[i / 8] >> (7 - i % 8) & 1)
			values[i / 5] |= (uint8_t)(16 >> i % 5);
	check = checksum(prefix, values);
	memcpy(out, prefix, len);
	out += len;
	*out++ = '1';
	for (i = 0; i < DIGITS; i++)
		*out++ = digits[values[i]];
	for (i = 0; i < CHECK; i++)
		*out++ = digits[check >> 5 * (CHECK - 1 - i) & 31];
	*out = 0;
	explicit_bzero(values, sizeof values);
}

int bech32_decode(
    struct span text, const char *prefix, uint8_t ret_bytes[BECH32_BYTES])
{
	size_t i, len = strlen(prefix);
	uint8_t bytes[BECH32_BYTES] = {0};
	char again[128];
	const char *at;
	int r = FORMAT_E_MALFORMED;

	if (text.len != len + 1 + DIGITS + CHECK || text.len >= sizeof again)
		return FORMAT_E_MALFORMED;
	for (i = 0; i < DIGITS; i++) {
		at = memchr(digits, text.data[len + 1 + i], 32);
		if (!at)
			goto out;
		/* Bits past the 256th must be zero: the re-encoding tells. */
		for (size_t bit = 0; bit < 5 && 5 * i + bit < 256; bit++)
			if ((at - digits) >> (4 - bit) & 1)
				bytes[(5 * i + bit) / 8] |=
				    (uint8_t)(128 >> (5 * i + bit) % 8);
	}
	bech32_encode(prefix, bytes, again);
	if (sodium_memcmp(again, text.data, text.len) != 0)
		goto out;
	memcpy(ret_bytes, bytes, sizeof bytes);
	r = 0;
out:
	explicit_bzero(bytes, sizeof bytes);
	explicit_bzero(again, sizeof again);
	return r;
}
