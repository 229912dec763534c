/*
 * Reading a file of signers: a regular file, not endless.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"
#include "client/signers_file.h"
#include "proto/format/file.h"

#define SIGNERS_BYTES_MAX (1024 * 1024)

int signers_file_open(const char *path)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

int signers_file_read(const char *path, struct buf *out)
{
	uint8_t *room = NULL;
	size_t len = 0;
	int fd = signers_file_open(path), r = -EIO;

	if (fd >= 0)
		r = buf_reserve(out, SIGNERS_BYTES_MAX + 1, &room);
	if (r == 0)
		r = file_read(fd, room, SIGNERS_BYTES_MAX + 1, &len);
	out->len += len;
	if (fd >= 0)
		close(fd);
	if (r != 0 || out->len > SIGNERS_BYTES_MAX) {
		say_error("cannot read a file of signers", path);
		return EXIT_FAILED;
	}
	return 0;
}
