/*
 * The pool of all bytes. Pages and log frames are decrypted by their place in
 * the file alone, and no tag is asked for: so frames of earlier logs, torn ones
 * and free pages come out like any other. It finds nothing in them itself.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/vfs_page.h"
#include "daemon/store/vfs_wal.h"
#include "tests/scenario/open_pool.h"

#define ZEROS_MAX 5
#define LONG 64 /* of this, copies in other homes are passed over */

void stop(const char *why)
{
	fprintf(stderr, "open_all: %s\n", why);
	exit(1);
}

static bool is_known(
    const struct pool *pool, size_t home, const char *name, struct span bytes)
{
	const struct piece *piece;
	size_t i;

	for (i = 0; i < pool->count; i++) {
		piece = pool->pieces[i];
		if (piece->kind == PIECE_OPENED && piece->len == bytes.len &&
		    (piece->home == home || piece->len > LONG) &&
		    strcmp(piece->name, name) == 0 &&
		    memcmp(piece->bytes, bytes.data, bytes.len) == 0)
			return true;
	}
	return false;
}

struct piece *pool_add(struct pool *pool, enum piece_kind kind, size_t home,
    const char *name, struct span bytes)
{
	struct piece *piece;

	if (kind == PIECE_OPENED && is_known(pool, home, name, bytes))
		return NULL;
	piece = calloc(1, sizeof *piece);
	if (pool->count == pool->room) {
		pool->room = pool->room ? pool->room * 2 : 1024;
		pool->pieces =
		    realloc(pool->pieces, pool->room * sizeof(struct piece *));
	}
	if (!piece || !pool->pieces)
		stop("no memory");
	piece->kind = kind;
	piece->home = home;
	snprintf(piece->name, sizeof piece->name, "%s", name);
	piece->bytes = malloc(bytes.len + 1);
	if (!piece->bytes)
		stop("no memory");
	memcpy(piece->bytes, bytes.data, bytes.len);
	piece->len = bytes.len;
	pool->pieces[pool->count++] = piece;
	return piece;
}

/* --- files -------------------------------------------------------------- */

static void add_file(struct pool *pool, size_t home, const char *name)
{
	struct stat st;
	uint8_t *bytes;
	int fd;

	fd = open(name, O_RDONLY | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		stop("a file cannot be read");
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		stop("a file cannot be read");
	close(fd);
	pool_add(
	    pool, PIECE_FILE, home, name, span_of(bytes, (size_t)st.st_size));
	free(bytes);
}

/* Below the working directory. */
static void add_files(struct pool *pool, size_t home, const char *folder)
{
	DIR *list = opendir(folder);
	struct dirent *item;
	char name[256];
	struct stat st;

	if (!list)
		stop("a directory cannot be read");
	while ((item = readdir(list)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof name, "%s/%s", folder,
			item->d_name) >= (int)sizeof name ||
		    lstat(name, &st) < 0)
			stop("a file cannot be looked at");
		if (S_ISDIR(st.st_mode))
			add_files(pool, home, name);
		else if (S_ISREG(st.st_mode))
			add_file(pool, home, name);
	}
	closedir(list);
}

static const struct piece *find_file(
    const struct pool *pool, size_t home, const char *name)
{
	size_t i;

	for (i = 0; i < pool->count; i++)
		if (pool->pieces[i]->home == home &&
		    strcmp(pool->pieces[i]->name, name) == 0)
			return pool->pieces[i];
	return NULL;
}

/* --- pages -------------------------------------------------------------- */

struct pages {
	struct pool *pool;
	size_t home;
	const struct piece **newest; /* copy of each page, by its number */
	size_t max;
};

static void decrypt(
    const uint8_t *block, size_t len, const uint8_t *key, uint8_t *ret_clear)
{
	crypto_stream_xchacha20_xor_ic(
	    ret_clear, block + VFS_SEAL_NONCE, len, block, 1, key);
}

static void add_page(struct pages *pages, const char *from, size_t place,
    size_t number, const uint8_t *clear, size_t len)
{
	struct piece *piece;
	char name[64];

	snprintf(name, sizeof name, "%s-%zu-page-%zu", from, place, number);
	piece = pool_add(
	    pages->pool, PIECE_PAGE, pages->home, name, span_of(clear, len));
	if (number >= pages->max)
		return;
	piece->before = pages->newest[number];
	pages->newest[number] = piece;
}

static void add_database(struct pages *pages, const struct piece *file)
{
	const uint8_t *key = pages->pool->homes[pages->home].keys->storage_key;
	uint8_t clear[VFS_PAGE];
	size_t at, number = 0;

	for (at = 0; at + VFS_PAGE_BLOCK <= file->len; at += VFS_PAGE_BLOCK) {
		decrypt(file->bytes + at, VFS_PAGE, key, clear);
		number++;
		add_page(pages, "db", number, number, clear, VFS_PAGE);
	}
}

/* Whatever log a frame is of: its salts are bound, not needed to decrypt. */
static void add_log(struct pages *pages, const struct piece *file)
{
	const uint8_t *key = pages->pool->homes[pages->home].keys->storage_key;
	uint8_t unit[VFS_WAL_UNIT];
	size_t at, place = 0, number;

	for (at = VFS_WAL_START; at + VFS_WAL_BLOCK <= file->len;
	     at += VFS_WAL_BLOCK) {
		decrypt(file->bytes + at, VFS_WAL_UNIT, key, unit);
		number = (size_t)unit[0] << 24 | (size_t)unit[1] << 16 |
			 (size_t)unit[2] << 8 | unit[3];
		add_page(pages, "wal", ++place, number,
		    unit + VFS_WAL_FRAME_HEADER, VFS_PAGE);
	}
}

void pool_add_home(struct pool *pool, const char *path, struct span passphrase)
{
	struct pages pages = {.pool = pool, .home = pool->home_count};
	struct home *home = &pool->homes[pool->home_count];
	uint8_t image[KEYRING_BYTES];
	const struct piece *file;
	int fd;

	if (pool->home_count == HOMES_MAX)
		stop("too many homes");
	pool->home_count++;
	home->path = realpath(path, NULL);
	home->keys = keyring_keys_new();
	fd = open(path, O_RDONLY | O_DIRECTORY);
	if (!home->path || !home->keys || fd < 0 || chdir(home->path) < 0 ||
	    keyring_load(fd, image) != 0 ||
	    keyring_open(image, passphrase, home->keys) != 0)
		stop("a home does not unlock");
	close(fd);
	add_files(pool, pages.home, ".");
	file = find_file(pool, pages.home, "./evident.db");
	if (!file)
		stop("a home has no database");
	pages.max = 1 << 16;
	pages.newest = calloc(pages.max, sizeof *pages.newest);
	if (!pages.newest)
		stop("no memory");
	add_database(&pages, file);
	file = find_file(pool, pages.home, "./evident.db-wal");
	if (file)
		add_log(&pages, file);
	free(pages.newest);
}

/* --- use ---------------------------------------------------------------- */

void pool_dump(const struct pool *pool, const char *dir)
{
	const struct piece *piece;
	char name[512];
	size_t i;
	FILE *file;

	for (i = 0; i < pool->count; i++) {
		piece = pool->pieces[i];
		if (piece->kind == PIECE_FILE)
			continue;
		snprintf(name, sizeof name, "%s/%zu-%zu-%s", dir, piece->home,
		    i, piece->name);
		file = fopen(name, "w");
		if (!file ||
		    fwrite(piece->bytes, 1, piece->len, file) != piece->len ||
		    fclose(file) != 0)
			stop("the pool cannot be written");
	}
}

size_t pool_windows(
    const struct piece *piece, size_t len, pool_window_cb each, void *context)
{
	const struct piece *before = piece->before;
	size_t same = 0, zeros = 0, count = 0, i;

	/* Of the window that ends here: bytes up to it that are as they were.
	 */
	for (i = 0; i < piece->len; i++) {
		same = before && piece->bytes[i] == before->bytes[i] ? same + 1
								     : 0;
		zeros += piece->bytes[i] == 0;
		if (i >= len)
			zeros -= piece->bytes[i - len] == 0;
		if (i + 1 < len || same >= len || zeros >= ZEROS_MAX)
			continue;
		each(context, piece, i + 1 - len);
		count++;
	}
	return count;
}
