/*
 * Sealing small things under a record's own key: what opens a record is kept so
 * in its rows, and dies with that key.
 */
#ifndef EVIDENT_STORE_SEAL_H
#define EVIDENT_STORE_SEAL_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define SEAL_KEY_BYTES 32
#define SEAL_OVERHEAD 40 /* 24-byte nonce, 16-byte tag */

struct record_key {
	uint8_t bytes[SEAL_KEY_BYTES];
};

int seal_make_key(struct record_key *ret_key);
/* Append nonce and ciphertext; ${purpose} must be given again to open. */
int seal_put(const struct record_key *key, const char *purpose,
    struct span clear, struct buf *out);
/* FORMAT_E_MISMATCH when it does not open. */
int seal_open(const struct record_key *key, const char *purpose,
    struct span sealed, struct buf *out);
void seal_wipe(struct record_key *key);

#endif
