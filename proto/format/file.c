/*
 * Descriptors that are read and written whole. A call may do less than it was
 * asked to, or nothing because of a signal; neither is an error, and neither is
 * the end of it.
 */
#include "proto/format/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int file_read(int fd, void *ret_data, size_t max, size_t *ret_len)
{
	uint8_t *data = ret_data;
	size_t len = 0;
	ssize_t n;

	while (len < max) {
		n = read(fd, data + len, max - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int file_read_at(int fd, void *ret_data, size_t len, uint64_t at)
{
	uint8_t *data = ret_data;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, data, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write_at(int fd, const void *data, size_t len, uint64_t at)
{
	const uint8_t *from = data;
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, from, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int file_sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, r;

	if (snprintf(folder, sizeof folder, "%.*s",
		slash ? (int)(slash - path) + 1 : 1,
		slash ? path : ".") >= (int)sizeof folder)
		return -ENAMETOOLONG;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
	close(fd);
	return r;
}
