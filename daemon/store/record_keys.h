/*
 * The keys of single records, in a small file of their own, so that erasing a
 * record means rewriting kilobytes and not the database.
 *
 *   keys.GENERATION   slots of 72 bytes: nonce, sealed 32-byte key, tag
 *   keys.wrap         one block: generation and the key of that file, sealed
 *                     under the storage key
 *
 * Erasing writes a new generation in which the erased slots are random bytes,
 * then overwrites the old file and the old wrap where they lay.
 */
#ifndef EVIDENT_STORE_RECORD_KEYS_H
#define EVIDENT_STORE_RECORD_KEYS_H

#include "daemon/store/seal.h"

struct record_keys;

/* Open the file in ${dir}, which stays the caller's and must last, or make it
 * with ${create}. What an interrupted erasure left is overwritten.
 * FORMAT_E_MISMATCH when the wrap does not open under ${storage_key}; -errno.
 */
int record_keys_open(int dir, const struct record_key *storage_key, bool create,
    struct record_keys **ret_keys);
void record_keys_close(struct record_keys *keys);
/* Make a key; slots are given out in order. -errno while it is uncertain which
 * file is in force: the disk is asked anew each time. */
int record_keys_add(
    struct record_keys *keys, struct record_key *ret_key, int64_t *ret_slot);
/* Put what was added on disk. Call before the rows that name it commit. */
int record_keys_sync(struct record_keys *keys);
/* Make the keys of these slots unrecoverable: when it answers 0, nothing on the
 * disk that this program can reach opens what they sealed. It may be repeated.
 * -errno: what was erased is uncertain, and nothing else is lost. */
int record_keys_erase(
    struct record_keys *keys, const int64_t *slots, size_t count);
int record_keys_get(
    struct record_keys *keys, int64_t slot, struct record_key *ret_key);

#endif
