/*
 * An enrolled card: parted, both parts parsed. What is taken is written again
 * to the byte, up to its signature.
 */
#include <string.h>

#include "proto/format/enrolment.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span card_bytes, rest;
	struct enrolment enrolment;
	const char *why = NULL;
	struct buf again = {0};
	struct card card;

	enrolment_split(span_of(data, size), &card_bytes, &rest);
	CLAIM(card_bytes.len + rest.len == size);
	if (card_parse(card_bytes, &card, &why) != 0)
		CLAIM(why);
	why = NULL;
	if (enrolment_parse(rest, &enrolment, &why) != 0) {
		CLAIM(why);
		return 0;
	}
	CLAIM(enrolment_build(&enrolment, &again) == 0);
	CLAIM(again.len < rest.len &&
	      memcmp(again.data, rest.data, again.len) == 0);
	buf_free(&again);
	return 0;
}
