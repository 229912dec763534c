/*
 * What opens what: keys that the pool holds or yields, and trying every window
 * of it as a key of one record.
 */
#ifndef EVIDENT_TESTS_OPEN_KEYS_H
#define EVIDENT_TESTS_OPEN_KEYS_H

#include <openssl/sha.h>

#include "tests/scenario/open_pool.h"

#define SLOT_SEALED 72 /* a record key, sealed in the keys file */
#define KNOWN 16       /* bytes of a text that are known */

/* What was kept of one record, from before: sealed bytes and what they must
 * open to, so that a right key is known when it is met. */
enum oracle_kind {
	ORACLE_PAYLOAD, /* 16-byte file keys: nonce, sealed, clear */
	ORACLE_ROW,     /* record keys: nonce (24), sealed, clear */
	ORACLE_VEIL,    /* veil keys: veiled, payload */
	ORACLE_SLOT,    /* keys of a keys file: as a row, of a slot */
	ORACLE_KINDS,
};
#define ORACLE_BYTES (24 + 2 * KNOWN)
struct oracle {
	enum oracle_kind kind;
	size_t record; /* which of those that are looked for */
	size_t home;   /* the pages of which are tried, but for file keys */
	uint8_t bytes[ORACLE_BYTES];
	SHA256_CTX inner, outer; /* of HMAC under a payload's nonce */
};
size_t oracle_bytes(enum oracle_kind kind);
/* Once its bytes are there. */
void oracle_prepare(struct oracle *oracle);

struct trial {
	const struct oracle *oracles;
	size_t count;
	size_t windows;
	size_t hits[8][ORACLE_KINDS]; /* by record and kind */
};

/* Every window of every page and of all that was opened, as every key. */
void keys_try_windows(const struct pool *pool, struct trial *trial);
/* Add the keys of each home's keys file, by every window of its files. */
void keys_open_slots(struct pool *pool);
/* Add what record keys open in any page: live, free or of an earlier copy. How
 * many texts. */
size_t keys_carve(struct pool *pool);

#endif
