/*
 * What a SOCKS5 proxy answers (RFC 1928, RFC 1929), taken apart. Private to
 * socks.c.
 */
#ifndef EVIDENT_COURIER_SOCKS_ANSWER_H
#define EVIDENT_COURIER_SOCKS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#define SOCKS_VERSION 5
#define SOCKS_AUTH_VERSION 1
#define SOCKS_METHOD_NONE 0
#define SOCKS_METHOD_PASSWORD 2
#define SOCKS_ANSWER_MAX 262 /* a reply that names a host of 255 bytes */

enum socks_address {
	SOCKS_IPV4 = 1,
	SOCKS_NAME = 3,
	SOCKS_IPV6 = 4,
};

/* What was said last, and so what an answer is to. */
enum socks_state {
	SOCKS_CONNECTING, /* nothing */
	SOCKS_METHOD,
	SOCKS_PASSWORD,
	SOCKS_REPLY,
};

/* What is said next. */
enum socks_step {
	SOCKS_SAY_PASSWORD,
	SOCKS_SAY_REQUEST,
	SOCKS_CONNECTED, /* nothing: the tunnel stands */
};

/* Of how many bytes an answer is, at most SOCKS_ANSWER_MAX, as far as its first
 * ${have} tell; 0: it is none. */
size_t socks_answer_length(
    enum socks_state state, const uint8_t *answer, size_t have);
/* NULL and ${ret_step}, or a fixed text why nothing follows on this ${answer},
 * which is there whole. */
const char *socks_answer_read(
    enum socks_state state, const uint8_t *answer, enum socks_step *ret_step);

#endif
