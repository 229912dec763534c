/*
 * Whole reads and writes: on after a signal, and after less than was asked for.
 */
#ifndef EVIDENT_FORMAT_FILE_H
#define EVIDENT_FORMAT_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Up to ${max} bytes, fewer only where ${fd} ends. 0 or -errno. */
int file_read(int fd, void *ret_data, size_t max, size_t *ret_len);
/* Just ${len} bytes from byte ${at} on: 0, -errno, -EIO where it ends before.
 */
int file_read_at(int fd, void *ret_data, size_t len, uint64_t at);

/* All of it: 0 or -errno, when some may be written. */
int file_write(int fd, const void *data, size_t len);
int file_write_at(int fd, const void *data, size_t len, uint64_t at);

/* What the folder of ${path} says of it is on disk too: 0 or -errno. A file
 * system that has no such call (EINVAL) is taken at its word. */
int file_sync_folder(const char *path);

#endif
