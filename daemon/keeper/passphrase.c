/*
 * Reading a passphrase: the only bytes that the keeper takes from a person.
 *
 * They come through a descriptor, so they never stand in a message, an argument
 * or the store's memory, and go into guarded memory at once. Whoever holds the
 * other end of a pipe could let the keeper wait, so there is a deadline for
 * the whole.
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/keeper/passphrase.h"

#define PASSPHRASE_WAIT_MS 10000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int64_t left = deadline - now_ms();
	int r;

	if (left <= 0)
		return PASSPHRASE_E_BAD;
	r = poll(&poll_fd, 1, (int)left);
	if (r < 0)
		return -errno;
	return r == 0 ? PASSPHRASE_E_BAD : 0;
}

/* A file is read from its start, wherever its writer left the offset. */
static ssize_t read_some(int fd, bool is_file, struct passphrase *passphrase)
{
	uint8_t *room = passphrase->bytes + passphrase->len;
	size_t left = sizeof passphrase->bytes - passphrase->len;

	if (is_file)
		return pread(fd, room, left, (off_t)passphrase->len);
	return read(fd, room, left);
}

static int read_all(int fd, struct passphrase *passphrase)
{
	const int64_t deadline = now_ms() + PASSPHRASE_WAIT_MS;
	bool is_file;
	struct stat st;
	ssize_t got;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	is_file = S_ISREG(st.st_mode);
	while (passphrase->len < sizeof passphrase->bytes) {
		r = is_file ? 0 : wait_readable(fd, deadline);
		if (r != 0)
			return r;
		got = read_some(fd, is_file, passphrase);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0) /* all else is what cannot be read from */
			return errno == EIO ? -EIO : PASSPHRASE_E_BAD;
		if (got == 0)
			break;
		passphrase->len += (size_t)got;
	}
	return 0;
}

int passphrase_read(int fd, struct passphrase **ret_passphrase)
{
	struct passphrase *passphrase;
	int r;

	passphrase = sodium_malloc(sizeof *passphrase);
	if (!passphrase)
		return -ENOMEM;
	passphrase->len = 0;
	r = read_all(fd, passphrase);
	if (r == 0 && passphrase->len > 0 &&
	    passphrase->bytes[passphrase->len - 1] == '\n')
		passphrase->len--;
	if (r == 0 &&
	    (passphrase->len == 0 || passphrase->len > PASSPHRASE_MAX))
		r = PASSPHRASE_E_BAD;
	if (r != 0) {
		passphrase_free(passphrase);
		return r;
	}
	*ret_passphrase = passphrase;
	return 0;
}

void passphrase_free(struct passphrase *passphrase)
{
	sodium_free(passphrase);
}

void passphrase_freep(struct passphrase **passphrase)
{
	passphrase_free(*passphrase);
	*passphrase = NULL;
}
