/*
 * Every byte of some homes in one pool: their files as they lie there, and the
 * clear bytes that the storage keys make of them.
 */
#ifndef EVIDENT_TESTS_OPEN_POOL_H
#define EVIDENT_TESTS_OPEN_POOL_H

#include <stdbool.h>

#include "daemon/keeper/keyring.h"

#define HOMES_MAX 10

struct home {
	char *path; /* absolute */
	struct keyring_keys *keys;
};

enum piece_kind {
	PIECE_FILE,   /* as it lies in the home */
	PIECE_PAGE,   /* of the database or of its log, in clear */
	PIECE_OPENED, /* what a key of the pool opened, or such a key */
};

struct piece {
	enum piece_kind kind;
	size_t home;
	char name[64]; /* for whoever looks for the cause */
	uint8_t *bytes;
	size_t len;
	const struct piece *before; /* an earlier copy of the same page */
};

struct pool {
	struct home homes[HOMES_MAX];
	size_t home_count;
	struct piece **pieces;
	size_t count, room;
};

/* All of these end the program when they fail. What was opened already is not
 * added again: NULL. */
struct piece *pool_add(struct pool *pool, enum piece_kind kind, size_t home,
    const char *name, struct span bytes);
/* Unlock with the passphrase and take in every file, page and frame. */
void pool_add_home(struct pool *pool, const char *path, struct span passphrase);
/* Files of ${dir}, for other programs to search: all but what lies in the homes
 * as it is. */
void pool_dump(const struct pool *pool, const char *dir);
/* Call for each offset where a window of ${len} bytes begins that may be a key:
 * one that did not stand there in an earlier copy of that page, and has fewer
 * zeros than 5, as random ones have but for one in millions. The count of them.
 */
typedef void (*pool_window_cb)(
    void *context, const struct piece *piece, size_t at);
size_t pool_windows(
    const struct piece *piece, size_t len, pool_window_cb each, void *context);
_Noreturn void stop(const char *why);

#endif
