/*
 * Parts of inputs, files and keys of targets.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/format/note.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static char folder[PARTS_FOLDER_MAX];
static pid_t owner;

uint8_t parts_byte(struct span *rest)
{
	if (rest->len == 0)
		return 0;
	rest->len--;
	return *rest->data++;
}

struct span parts_take(struct span *rest)
{
	size_t len = parts_byte(rest);
	struct span part;

	len = len << 8 | parts_byte(rest);
	len = len << 8 | parts_byte(rest);
	part = span_of(rest->data, len < rest->len ? len : rest->len);
	rest->data += part.len;
	rest->len -= part.len;
	return part;
}

void parts_put(struct span part, struct buf *out)
{
	const uint8_t len[] = {(uint8_t)(part.len >> 16),
	    (uint8_t)(part.len >> 8), (uint8_t)part.len};

	CLAIM(buf_append(out, len, sizeof len) == 0);
	CLAIM(buf_append_span(out, part) == 0);
}

static void write_all(int fd, struct span bytes)
{
	CLAIM(fd >= 0);
	if (bytes.len > 0)
		CLAIM(write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
}

int parts_file(struct span bytes)
{
	int fd = memfd_create("part", MFD_CLOEXEC);

	write_all(fd, bytes);
	CLAIM(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

void parts_read(int fd, struct buf *out)
{
	struct stat st;
	uint8_t *room;

	CLAIM(fstat(fd, &st) == 0);
	CLAIM(buf_reserve(out, (size_t)st.st_size + 1, &room) == 0);
	CLAIM(pread(fd, room, (size_t)st.st_size, 0) == st.st_size);
	out->len += (size_t)st.st_size;
}

static int remove_one(
    const char *path, const struct stat *st, int flag, struct FTW *place)
{
	(void)st;
	(void)flag;
	(void)place;
	return remove(path);
}

void parts_clear(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void drop_folder(void)
{
	if (getpid() == owner)
		parts_clear(folder);
}

static bool make_folder(const char *parent)
{
	if (snprintf(folder, sizeof folder, "%s/evident-fuzz.XXXXXX", parent) >=
		(int)sizeof folder ||
	    !mkdtemp(folder))
		folder[0] = 0;
	return folder[0];
}

const char *parts_folder(void)
{
	const char *given = getenv("FUZZ_FOLDER");

	if (folder[0])
		return folder;
	CLAIM(given ? make_folder(given)
		    : make_folder("/dev/shm") || make_folder("/tmp"));
	owner = getpid();
	CLAIM(atexit(drop_folder) == 0);
	return folder;
}

void parts_write(const char *name, struct span bytes)
{
	char path[PARTS_FOLDER_MAX + 256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", parts_folder(), name);
	if (!bytes.data) {
		unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	write_all(fd, bytes);
	close(fd);
}

static void make_seed(uint8_t mark, uint8_t ret_seed[32])
{
	memset(ret_seed, 0, 32);
	ret_seed[0] = mark;
}

void parts_author(uint8_t mark, struct sign_key *ret_key)
{
	uint8_t seed[32], secret[crypto_sign_SECRETKEYBYTES];

	make_seed(mark, seed);
	crypto_sign_seed_keypair(ret_key->bytes, secret, seed);
}

void parts_note(uint8_t mark, const struct log_id *log, uint64_t size,
    const struct digest *root, struct buf *out)
{
	struct checkpoint checkpoint = {.size = size, .root = *root};
	uint8_t seed[32], signature[64];
	struct author_id author;
	struct buf text = {0};
	struct sign_key key;

	make_seed(mark, seed);
	parts_author(mark, &key);
	sign_key_author(&key, &author);
	note_origin(&author, log, checkpoint.origin);
	CLAIM(checkpoint_build(&checkpoint, &text) == 0);
	CLAIM(note_sign(seed, buf_span(&text), signature) == 0);
	CLAIM(note_begin(buf_span(&text), out) == 0);
	CLAIM(note_add_signature(checkpoint.origin, NOTE_ALG_ED25519, &key,
		  span_of(signature, sizeof signature), out) == 0);
	buf_free(&text);
}
