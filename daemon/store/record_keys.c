/*
 * Record keys. A slot that was added but whose transaction never committed is
 * simply never named; the next one goes behind it. A torn last slot likewise.
 * The wrap is replaced by write, fsync, rename, fsync of the directory, so it
 * always names a file that is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/record_keys.h"

#define SLOT_BYTES (SEAL_KEY_BYTES + SEAL_OVERHEAD)
#define WRAP_NAME "keys.wrap"
#define WRAP_PLAIN (8 + SEAL_KEY_BYTES)
#define WRAP_BYTES 4096

struct record_keys {
	int fd;
	int64_t slots;
	struct record_key *key; /* of the file, in guarded memory */
};

static int write_at(int fd, const uint8_t *data, size_t len, off_t at)
{
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, data, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static void file_name(uint64_t generation, char name[32])
{
	snprintf(name, 32, "keys.%llu", (unsigned long long)generation);
}

/* Replace the wrap: it names generation 0's file on creation. */
static int write_wrap(
    int dir, const struct record_key *storage_key, const uint8_t *plain)
{
	uint8_t block[WRAP_BYTES];
	struct buf sealed = {0};
	int fd, r;

	r = seal_put(
	    storage_key, WRAP_NAME, span_of(plain, WRAP_PLAIN), &sealed);
	if (r < 0)
		return r;
	randombytes_buf(block, sizeof block);
	memcpy(block, sealed.data, sealed.len);
	buf_free(&sealed);
	fd = openat(dir, WRAP_NAME ".new",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_at(fd, block, sizeof block, 0);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	close(fd);
	if (r == 0 && renameat(dir, WRAP_NAME ".new", dir, WRAP_NAME) < 0)
		r = -errno;
	if (r == 0 && fsync(dir) < 0)
		r = -errno;
	return r;
}

static int read_wrap(int dir, const struct record_key *storage_key,
    uint64_t *ret_generation, struct record_key *ret_key)
{
	uint8_t block[WRAP_PLAIN + SEAL_OVERHEAD];
	struct buf plain = {0};
	ssize_t n;
	int fd, r;

	fd = openat(dir, WRAP_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = pread(fd, block, sizeof block, 0);
	close(fd);
	if (n != (ssize_t)sizeof block)
		return FORMAT_E_MISMATCH;
	r = seal_open(
	    storage_key, WRAP_NAME, span_of(block, sizeof block), &plain);
	if (r == 0) {
		memcpy(ret_generation, plain.data, 8);
		memcpy(ret_key->bytes, plain.data + 8, SEAL_KEY_BYTES);
	}
	buf_free(&plain);
	return r;
}

static int create_file(
    int dir, const struct record_key *storage_key, struct record_keys *keys)
{
	uint8_t plain[WRAP_PLAIN] = {0};
	int r;

	keys->fd = openat(dir, "keys.0",
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (keys->fd < 0)
		return -errno;
	r = seal_make_key(keys->key);
	if (r == 0 && fsync(keys->fd) < 0)
		r = -errno;
	memcpy(plain + 8, keys->key->bytes, SEAL_KEY_BYTES);
	if (r == 0)
		r = write_wrap(dir, storage_key, plain);
	sodium_memzero(plain, sizeof plain);
	return r;
}

static int open_file(
    int dir, const struct record_key *storage_key, struct record_keys *keys)
{
	uint64_t generation = 0;
	struct stat st;
	char name[32];
	int r;

	r = read_wrap(dir, storage_key, &generation, keys->key);
	if (r != 0)
		return r;
	file_name(generation, name);
	keys->fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (keys->fd < 0 || fstat(keys->fd, &st) < 0)
		return -errno;
	keys->slots = (st.st_size + SLOT_BYTES - 1) / SLOT_BYTES;
	return 0;
}

int record_keys_open(int dir, const struct record_key *storage_key, bool create,
    struct record_keys **ret_keys)
{
	struct record_keys *keys = calloc(1, sizeof *keys);
	int r;

	if (!keys)
		return -ENOMEM;
	keys->fd = -1;
	keys->key = sodium_malloc(sizeof *keys->key);
	if (!keys->key)
		r = -ENOMEM;
	else
		r = create ? create_file(dir, storage_key, keys)
			   : open_file(dir, storage_key, keys);
	if (r != 0) {
		record_keys_close(keys);
		return r;
	}
	*ret_keys = keys;
	return 0;
}

void record_keys_close(struct record_keys *keys)
{
	if (!keys)
		return;
	if (keys->fd >= 0)
		close(keys->fd);
	sodium_free(keys->key);
	free(keys);
}

int record_keys_add(
    struct record_keys *keys, struct record_key *ret_key, int64_t *ret_slot)
{
	struct buf sealed = {0};
	int r;

	r = seal_make_key(ret_key);
	if (r == 0)
		r = seal_put(keys->key, "slot",
		    span_of(ret_key->bytes, SEAL_KEY_BYTES), &sealed);
	if (r == 0)
		r = write_at(keys->fd, sealed.data, sealed.len,
		    keys->slots * (off_t)SLOT_BYTES);
	buf_free(&sealed);
	if (r == 0)
		*ret_slot = keys->slots++;
	return r;
}

int record_keys_sync(struct record_keys *keys)
{
	return fdatasync(keys->fd) < 0 ? -errno : 0;
}

int record_keys_get(
    struct record_keys *keys, int64_t slot, struct record_key *ret_key)
{
	uint8_t sealed[SLOT_BYTES];
	struct buf clear = {0};
	int r;

	if (slot < 0 || pread(keys->fd, sealed, sizeof sealed,
			    slot * (off_t)SLOT_BYTES) != SLOT_BYTES)
		return FORMAT_E_MISMATCH;
	r = seal_open(
	    keys->key, "slot", span_of(sealed, sizeof sealed), &clear);
	if (r == 0)
		memcpy(ret_key->bytes, clear.data, SEAL_KEY_BYTES);
	buf_free(&clear);
	return r;
}
