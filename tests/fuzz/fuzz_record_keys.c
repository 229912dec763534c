/*
 * The file of record keys and its wrap, changed by somebody without the storage
 * key: what lies in a place gives the key that it was made for, or none.
 *
 * Input: operations on both files: which, where, how.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/record_keys.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define SLOTS 6
#define SLOT_BYTES (SEAL_KEY_BYTES + SEAL_OVERHEAD)
#define OPERATIONS_MAX 16

static const char *const names[] = {"keys.wrap", "keys.0"};
static const struct record_key storage = {{1}};
static struct record_key put_there[SLOTS];
static struct buf made[2];
static int home = -1;

static void begin(void)
{
	struct record_keys *keys;
	int64_t slot;
	int i, fd;

	home = open(parts_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(record_keys_open(home, &storage, true, &keys) == 0);
	for (i = 0; i < SLOTS; i++) {
		CLAIM(record_keys_add(keys, &put_there[i], &slot) == 0);
		CLAIM(slot == i);
	}
	CLAIM(record_keys_sync(keys) == 0);
	record_keys_close(keys);
	for (i = 0; i < 2; i++) {
		fd = openat(home, names[i], O_RDONLY | O_CLOEXEC);
		CLAIM(fd >= 0);
		parts_read(fd, &made[i]);
		close(fd);
	}
}

static void operate(struct span *rest, struct buf *files)
{
	uint8_t what = parts_byte(rest);
	struct buf *file = &files[what & 1];
	size_t at = parts_byte(rest), to;

	at = at << 8 | parts_byte(rest);
	if (what & 2) {
		file->len = at < file->len ? at : file->len;
	} else if (what & 4) {
		at %= SLOTS;
		to = parts_byte(rest) % SLOTS;
		file = &files[1];
		if (file->len == SLOTS * SLOT_BYTES)
			memcpy(file->data + to * SLOT_BYTES,
			    file->data + at * SLOT_BYTES, SLOT_BYTES);
	} else if (at < file->len) {
		file->data[at] ^= parts_byte(rest);
	}
}

/* Which key lies in a place: SLOTS for none. A slot does not know its place;
 * what a wrong key seals or should open does. */
static size_t lies_in(const struct buf *file, size_t place)
{
	size_t i;

	if (file->len < (place + 1) * SLOT_BYTES)
		return SLOTS;
	for (i = 0; i < SLOTS; i++)
		if (memcmp(file->data + place * SLOT_BYTES,
			made[1].data + i * SLOT_BYTES, SLOT_BYTES) == 0)
			break;
	return i;
}

static void check_keys(struct record_keys *keys, const struct buf *files)
{
	struct record_key key;
	size_t i, which;
	int r;

	for (i = 0; i < SLOTS; i++) {
		which = lies_in(&files[1], i);
		r = record_keys_get(keys, (int64_t)i, &key);
		CLAIM((r == 0) == (which < SLOTS));
		if (r == 0)
			CLAIM(memcmp(&key, &put_there[which], sizeof key) == 0);
	}
	CLAIM(record_keys_get(keys, SLOTS, &key) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct record_keys *keys;
	struct buf files[2] = {{0}, {0}};
	int i;

	if (home < 0)
		begin();
	for (i = 0; i < 2; i++)
		CLAIM(buf_append_span(&files[i], buf_span(&made[i])) == 0);
	for (i = 0; i < OPERATIONS_MAX && rest.len > 0; i++)
		operate(&rest, files);
	for (i = 0; i < 2; i++)
		parts_write(names[i], buf_span(&files[i]));
	if (record_keys_open(home, &storage, false, &keys) == 0) {
		check_keys(keys, files);
		record_keys_close(keys);
	} else {
		CLAIM(!span_equal(buf_span(&files[0]), buf_span(&made[0])));
	}
	buf_free(&files[0]);
	buf_free(&files[1]);
	return 0;
}
