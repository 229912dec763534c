/*
 * What a proxy answers, byte by byte as it may come: an answer's length is
 * known before its last byte, does not change after, and is never more than
 * there is room for.
 *
 * Input: a byte whose last two bits are what was said; the answer.
 */
#include <string.h>

#include "daemon/courier/socks_answer.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t answer[SOCKS_ANSWER_MAX] = {0};
	enum socks_state state = size ? data[0] % 4 : 0;
	enum socks_step step = SOCKS_SAY_PASSWORD;
	size_t have = size < 2 ? 0 : size - 1, i, length;
	const char *why;

	have = have < sizeof answer ? have : sizeof answer;
	memcpy(answer, data + (size > 0), have);
	for (i = 0; i < have; i++) {
		length = socks_answer_length(state, answer, i);
		CLAIM(length <= sizeof answer);
		if (length == 0)
			return 0;
		if (i >= length) {
			CLAIM(
			    length == socks_answer_length(state, answer, have));
			break;
		}
	}
	if (i < 2 || i < socks_answer_length(state, answer, i))
		return 0;
	why = socks_answer_read(state, answer, &step);
	if (why)
		return 0;
	CLAIM(state != SOCKS_CONNECTING);
	CLAIM((step == SOCKS_CONNECTED) == (state == SOCKS_REPLY));
	CLAIM(step != SOCKS_SAY_PASSWORD || state == SOCKS_METHOD);
	return 0;
}
