/*
 * Padmé (FORMAT.md, 4.3): round up so that the length's mantissa keeps only as
 * many bits as its exponent needs.
 */
#include "proto/format/padme.h"

static unsigned log2_floor(uint64_t value)
{
	return 63 - (unsigned)__builtin_clzll(value);
}

uint64_t padme_length(uint64_t length)
{
	uint64_t mask;
	unsigned e, s;

	if (length < 2)
		return length;
	e = log2_floor(length);
	s = log2_floor(e) + 1;
	if (s >= e)
		return length;
	mask = (UINT64_C(1) << (e - s)) - 1;
	if (length > UINT64_MAX - mask)
		return length;
	return (length + mask) & ~mask;
}
