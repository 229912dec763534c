/*
 * Bytes for the channel of another process, past all that channel.c checks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/attack/raw.h"

bool put_raw(struct channel *channel, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = send(channel_fd(channel), at, len, MSG_NOSIGNAL);
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool put_frame(struct channel *channel, unsigned type, const void *body,
    uint32_t len, unsigned fd_count)
{
	const uint8_t header[8] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
	    (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)(type >> 8),
	    (uint8_t)type, (uint8_t)fd_count};

	return put_raw(channel, header, sizeof header) &&
	       put_raw(channel, body, len);
}

unsigned count_said(int log_fd, const char *line)
{
	static char text[4 << 20];
	const char *at = text;
	unsigned count = 0;
	ssize_t n = pread(log_fd, text, sizeof text - 1, 0);

	assert_true(n >= 0);
	text[n] = 0;
	while ((at = strstr(at, line)) != NULL) {
		count++;
		at++;
	}
	return count;
}
