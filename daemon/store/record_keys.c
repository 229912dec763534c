/*
 * Record keys. A slot that was added but whose transaction never committed is
 * simply never named; the next one goes behind it. A torn last slot likewise.
 * The wrap is replaced by write, fsync, rename, fsync of the directory, so it
 * always names a file that is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/record_keys.h"
#include "proto/format/file.h"

#define SLOT_BYTES (SEAL_KEY_BYTES + SEAL_OVERHEAD)
#define WRAP_NAME "keys.wrap"
#define WRAP_PLAIN (8 + SEAL_KEY_BYTES)
#define WRAP_BYTES 4096

#define CHUNK_SLOTS 1024

struct record_keys {
	int dir, fd;
	uint64_t generation;
	int64_t slots;
	bool uncertain;             /* which file the wrap on the disk names */
	struct record_key *key;     /* of the file, in guarded memory */
	struct record_key *storage; /* likewise: what seals the wrap */
};

/* Two names by turns: how often something was erased is nobody's business. */
static void file_name(uint64_t generation, char name[32])
{
	snprintf(name, 32, "keys.%u", (unsigned)(generation & 1));
}

/* Random bytes over what a file holds, where it lies. */
static int overwrite(int fd)
{
	uint8_t noise[WRAP_BYTES];
	struct stat st;
	off_t at;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	for (at = 0; r == 0 && at < st.st_size; at += (off_t)sizeof noise) {
		randombytes_buf(noise, sizeof noise);
		r = file_write_at(fd, noise, sizeof noise, at);
	}
	return r == 0 && fdatasync(fd) < 0 ? -errno : r;
}

static int make_wrap_file(int dir, const uint8_t block[WRAP_BYTES])
{
	int fd, r;

	fd = openat(dir, WRAP_NAME ".new",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = file_write_at(fd, block, WRAP_BYTES, 0);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* Replace the wrap by one that names this generation and its key. ${ret_old}
 * is the one before, which has no name any more, or -1. When it fails but
 * ${ret_renamed}, nobody knows which of the two a crash would leave. */
static int write_wrap(const struct record_keys *keys, uint64_t generation,
    const struct record_key *key, int *ret_old, bool *ret_renamed)
{
	uint8_t block[WRAP_BYTES], plain[WRAP_PLAIN];
	struct buf sealed = {0};
	int old, r;

	*ret_old = -1;
	*ret_renamed = false;

	memcpy(plain, &generation, 8);
	memcpy(plain + 8, key->bytes, SEAL_KEY_BYTES);
	r = seal_put(
	    keys->storage, WRAP_NAME, span_of(plain, WRAP_PLAIN), &sealed);
	sodium_memzero(plain, sizeof plain);
	if (r < 0)
		return r;
	randombytes_buf(block, sizeof block);
	memcpy(block, sealed.data, sealed.len);
	buf_free(&sealed);
	old = openat(keys->dir, WRAP_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	r = old < 0 && errno != ENOENT ? -errno
				       : make_wrap_file(keys->dir, block);
	if (r == 0 &&
	    renameat(keys->dir, WRAP_NAME ".new", keys->dir, WRAP_NAME) < 0)
		r = -errno;
	if (r != 0) {
		if (old >= 0)
			close(old);
		return r;
	}
	*ret_old = old;
	*ret_renamed = true;
	return fsync(keys->dir) < 0 ? -errno : 0;
}

static int read_wrap(int dir, const struct record_key *storage_key,
    uint64_t *ret_generation, struct record_key *ret_key)
{
	uint8_t block[WRAP_PLAIN + SEAL_OVERHEAD];
	struct buf plain = {0};
	size_t len = 0;
	int fd, r;

	fd = openat(dir, WRAP_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	r = file_read(fd, block, sizeof block, &len);
	close(fd);
	if (r < 0)
		return r;
	if (len != sizeof block)
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

/* Overwrite and remove the file of a generation that is no more in force. */
static int remove_file(int dir, uint64_t generation)
{
	char name[32];
	int fd, r;

	file_name(generation, name);
	fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = overwrite(fd);
	close(fd);
	if (r == 0 && (unlinkat(dir, name, 0) < 0 || fsync(dir) < 0))
		r = -errno;
	return r;
}

static int create_file(struct record_keys *keys)
{
	bool renamed;
	int old = -1, r;

	keys->fd = openat(keys->dir, "keys.0",
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (keys->fd < 0)
		return -errno;
	r = seal_make_key(keys->key);
	if (r == 0 && fsync(keys->fd) < 0)
		r = -errno;
	if (r == 0)
		r = write_wrap(keys, 0, keys->key, &old, &renamed);
	if (old >= 0)
		close(old);
	return r;
}

/* An erasure that was interrupted left the file before or the file after. */
static int open_file(struct record_keys *keys)
{
	struct stat st;
	char name[32];
	int r;

	r = read_wrap(keys->dir, keys->storage, &keys->generation, keys->key);
	if (r != 0)
		return r;
	file_name(keys->generation, name);
	keys->fd = openat(keys->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (keys->fd < 0 || fstat(keys->fd, &st) < 0)
		return -errno;
	keys->slots = (st.st_size + SLOT_BYTES - 1) / SLOT_BYTES;
	/* What the wrap does not name goes only once that is certain. */
	r = fsync(keys->dir) < 0 ? -errno : 0;
	if (r == 0)
		r = remove_file(keys->dir, keys->generation + 1);
	return r;
}

int record_keys_open(int dir, const struct record_key *storage_key, bool create,
    struct record_keys **ret_keys)
{
	struct record_keys *keys = calloc(1, sizeof *keys);
	int r = 0;

	if (!keys)
		return -ENOMEM;
	keys->dir = dir;
	keys->fd = -1;
	keys->key = sodium_malloc(sizeof *keys->key);
	keys->storage = sodium_malloc(sizeof *keys->storage);
	if (!keys->key || !keys->storage)
		r = -ENOMEM;
	if (r == 0) {
		*keys->storage = *storage_key;
		r = create ? create_file(keys) : open_file(keys);
	}
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
	sodium_free(keys->storage);
	free(keys);
}

/* Once the disk has said which file is in force, go on with that one. */
static int make_certain(struct record_keys *keys)
{
	struct record_keys fresh = {
	    .dir = keys->dir, .fd = -1, .storage = keys->storage};
	int r;

	if (!keys->uncertain)
		return 0;
	fresh.key = sodium_malloc(sizeof *fresh.key);
	r = fresh.key ? open_file(&fresh) : -ENOMEM;
	if (r != 0) {
		if (fresh.fd >= 0)
			close(fresh.fd);
		sodium_free(fresh.key);
		return r < 0 ? r : -EIO;
	}
	close(keys->fd);
	sodium_free(keys->key);
	*keys = fresh;
	return 0;
}

int record_keys_add(
    struct record_keys *keys, struct record_key *ret_key, int64_t *ret_slot)
{
	struct buf sealed = {0};
	int r;

	r = make_certain(keys);
	if (r == 0)
		r = seal_make_key(ret_key);
	if (r == 0)
		r = seal_put(keys->key, "slot",
		    span_of(ret_key->bytes, SEAL_KEY_BYTES), &sealed);
	if (r == 0)
		r = file_write_at(keys->fd, sealed.data, sealed.len,
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

	if (slot < 0 || slot >= keys->slots)
		return FORMAT_E_MISMATCH;
	r = file_read_at(
	    keys->fd, sealed, sizeof sealed, (uint64_t)slot * SLOT_BYTES);
	if (r == 0)
		r = seal_open(
		    keys->key, "slot", span_of(sealed, sizeof sealed), &clear);
	if (r == 0)
		memcpy(ret_key->bytes, clear.data, SEAL_KEY_BYTES);
	buf_free(&clear);
	return r;
}

/* --- erasing ------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* One slot as it shall be in the new file. What does not open was never
 * committed, or is erased already. */
static int move_slot(const struct record_keys *keys,
    const struct record_key *new_key, bool erase, const uint8_t old[SLOT_BYTES],
    uint8_t ret_slot[SLOT_BYTES])
{
	struct buf clear = {0}, sealed = {0};
	int r = FORMAT_E_MISMATCH;

	randombytes_buf(ret_slot, SLOT_BYTES);
	if (!erase)
		r = seal_open(
		    keys->key, "slot", span_of(old, SLOT_BYTES), &clear);
	if (r == 0)
		r = seal_put(new_key, "slot", buf_span(&clear), &sealed);
	if (r == 0)
		memcpy(ret_slot, sealed.data, SLOT_BYTES);
	buf_free(&clear);
	buf_free(&sealed);
	return r < 0 ? r : 0;
}

/* ${count} slots from number ${at} on, with zeros for what the file does not
 * have of a torn last one. Nothing else may be missing: what is not read here
 * is a key that nobody has any more. */
static int read_slots(const struct record_keys *keys, int64_t at, size_t count,
    uint8_t *ret_slots)
{
	const uint64_t from = (uint64_t)at * SLOT_BYTES;
	size_t len = count * SLOT_BYTES;
	struct stat st;

	if (fstat(keys->fd, &st) < 0)
		return -errno;
	memset(ret_slots, 0, len);
	if ((uint64_t)st.st_size < from + len)
		len = (uint64_t)st.st_size < from
			  ? 0
			  : (size_t)((uint64_t)st.st_size - from);
	return file_read_at(keys->fd, ret_slots, len, from);
}

static int move_slots(const struct record_keys *keys, int fd,
    const struct record_key *new_key, const int64_t *erased, size_t count)
{
	uint8_t *old = malloc(CHUNK_SLOTS * SLOT_BYTES);
	uint8_t *new = malloc(CHUNK_SLOTS * SLOT_BYTES);
	int64_t at = 0, i, n;
	int r = old && new ? 0 : -ENOMEM;

	while (r == 0 && at < keys->slots) {
		n = keys->slots - at < CHUNK_SLOTS ? keys->slots - at
						   : CHUNK_SLOTS;
		r = read_slots(keys, at, (size_t)n, old);
		for (i = 0; r == 0 && i < n; i++) {
			const int64_t slot = at + i;
			bool erase = bsearch(
			    &slot, erased, count, sizeof *erased, by_number);

			r = move_slot(keys, new_key, erase,
			    old + i * SLOT_BYTES, new + i *SLOT_BYTES);
		}
		if (r == 0)
			r = file_write_at(fd, new, (size_t)n * SLOT_BYTES,
			    at * (off_t)SLOT_BYTES);
		at += n;
	}
	free(old);
	free(new);
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* The file of this generation is the one in force: the one before it and its
 * wrap are overwritten, both even if one cannot be. */
static int switch_to(struct record_keys *keys, int fd, int old_wrap,
    const struct record_key *new_key)
{
	int old = keys->fd, wrap = 0, r;

	keys->fd = fd;
	*keys->key = *new_key;
	keys->generation++;
	if (old_wrap >= 0)
		wrap = overwrite(old_wrap);
	r = overwrite(old);
	close(old);
	if (r == 0)
		r = remove_file(keys->dir, keys->generation - 1);
	return r == 0 ? wrap : r;
}

/* The new file is whole and has a name before the wrap names it. From then on
 * it is the one that is written to, whatever fails: what went into the old one
 * would be lost. */
static int next_generation(struct record_keys *keys,
    const struct record_key *new_key, const int64_t *erased, size_t count)
{
	bool renamed = false;
	char name[32];
	int fd, old = -1, r;

	file_name(keys->generation + 1, name);
	fd = openat(keys->dir, name,
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = move_slots(keys, fd, new_key, erased, count);
	if (r == 0 && fsync(keys->dir) < 0)
		r = -errno;
	if (r == 0)
		r = write_wrap(
		    keys, keys->generation + 1, new_key, &old, &renamed);
	if (r == 0) {
		r = switch_to(keys, fd, old, new_key);
	} else {
		keys->uncertain = renamed;
		close(fd);
	}
	if (old >= 0)
		close(old);
	return r;
}

int record_keys_erase(
    struct record_keys *keys, const int64_t *slots, size_t count)
{
	int64_t *erased = calloc(count + 1, sizeof *erased);
	struct record_key *new_key = sodium_malloc(sizeof *new_key);
	int r = erased && new_key ? 0 : -ENOMEM;

	if (r == 0)
		r = make_certain(keys);
	if (r == 0 && keys->generation > 0) /* what an earlier one left */
		r = remove_file(keys->dir, keys->generation - 1);
	if (r == 0) {
		memcpy(erased, slots, count * sizeof *erased);
		qsort(erased, count, sizeof *erased, by_number);
		r = seal_make_key(new_key);
	}
	if (r == 0)
		r = next_generation(keys, new_key, erased, count);
	sodium_free(new_key);
	free(erased);
	return r;
}
