/*
 * Answers of a SOCKS5 proxy. Each has a length that its first bytes tell; a
 * proxy that sends more is not one.
 */
#include "daemon/courier/socks_answer.h"

static const char stranger[] = "what answers is no SOCKS5 proxy";

size_t socks_answer_length(
    enum socks_state state, const uint8_t *answer, size_t have)
{
	if (state != SOCKS_REPLY)
		return 2;
	if (have < 5)
		return 5;
	switch (answer[3]) {
	case SOCKS_IPV4:
		return 4 + 4 + 2;
	case SOCKS_IPV6:
		return 4 + 16 + 2;
	case SOCKS_NAME:
		return 5 + (size_t)answer[4] + 2;
	}
	return 0;
}

const char *socks_answer_read(
    enum socks_state state, const uint8_t *answer, enum socks_step *ret_step)
{
	switch (state) {
	case SOCKS_METHOD:
		if (answer[0] != SOCKS_VERSION)
			return stranger;
		if (answer[1] != SOCKS_METHOD_PASSWORD &&
		    answer[1] != SOCKS_METHOD_NONE)
			return "the proxy takes neither a password nor none";
		*ret_step = answer[1] == SOCKS_METHOD_PASSWORD
				? SOCKS_SAY_PASSWORD
				: SOCKS_SAY_REQUEST;
		return NULL;
	case SOCKS_PASSWORD:
		if (answer[0] != SOCKS_AUTH_VERSION || answer[1] != 0)
			return "the proxy refused the password";
		*ret_step = SOCKS_SAY_REQUEST;
		return NULL;
	case SOCKS_REPLY:
		if (answer[0] != SOCKS_VERSION || answer[2] != 0)
			return stranger;
		if (answer[1] != 0)
			return "the proxy could not reach the partner";
		*ret_step = SOCKS_CONNECTED;
		return NULL;
	case SOCKS_CONNECTING:
		break;
	}
	return "the proxy spoke first";
}
