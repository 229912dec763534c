/*
 * The keyring: one file of one size that holds every secret of a node, sealed
 * under a passphrase (keyring.c has the layout).
 */
#ifndef EVIDENT_KEEPER_KEYRING_H
#define EVIDENT_KEEPER_KEYRING_H

#include <stdbool.h>

#include "proto/format/age.h"
#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define KEYRING_BYTES 8192
#define KEYRING_READERS_MAX 8
#define KEYRING_KEK_BYTES 32

enum keyring_flag {
	KEYRING_FLAG_MACHINE = 1 << 0, /* a machine key opens it, too */
};

/* All secrets of a node; lives in guarded memory only. */
struct keyring_keys {
	uint8_t author_seed[32];
	uint8_t transport_seed[32];
	uint8_t storage_key[32];
	uint8_t file_id[16];
	struct log_id log;
	uint64_t flags; /* enum keyring_flag */
	struct age_identity bundle;
	size_t reader_count;
	struct age_identity readers[KEYRING_READERS_MAX];
};

/* What a passphrase costs to try: libsodium's Argon2id limits. */
struct keyring_cost {
	uint64_t ops;
	uint64_t memory; /* bytes */
};

enum {
	KEYRING_E_PASSPHRASE = 1, /* it opens no slot */
	KEYRING_E_CORRUPT = 2,    /* the file is not what was written */
	KEYRING_E_NONE = 3,       /* there is no file */
};

/* Guarded memory, all zero, or NULL; freeing wipes it. */
struct keyring_keys *keyring_keys_new(void);
void keyring_keys_free(struct keyring_keys *keys);
void keyring_keys_freep(struct keyring_keys **keys);
/* Draw every key afresh, with one reader or none. */
void keyring_keys_draw(struct keyring_keys *keys, bool with_reader);

/* libsodium's MODERATE: 256 MiB, about a second on an old laptop. */
struct keyring_cost keyring_default_cost(void);

/* Seal ${keys} under ${passphrase} into ${ret_image}. 0 or -ENOMEM; -EINVAL
 * for a cost that keyring_open() would refuse. */
int keyring_seal(const struct keyring_keys *keys, struct span passphrase,
    struct keyring_cost cost, uint8_t ret_image[KEYRING_BYTES]);
/* Open: 0, KEYRING_E_PASSPHRASE, KEYRING_E_CORRUPT or -ENOMEM. Fills
 * ${ret_keys} only on success. */
int keyring_open(const uint8_t image[KEYRING_BYTES], struct span passphrase,
    struct keyring_keys *ret_keys);
/* The two halves of keyring_open(): the passphrase's key, which is slow, and
 * opening with it. */
int keyring_derive(const uint8_t image[KEYRING_BYTES], struct span passphrase,
    uint8_t ret_kek[KEYRING_KEK_BYTES]);
int keyring_unseal(const uint8_t image[KEYRING_BYTES],
    const uint8_t kek[KEYRING_KEK_BYTES], struct keyring_keys *ret_keys);

/* What shall be different from now on. */
enum keyring_machine {
	KEYRING_MACHINE_KEEP,
	KEYRING_MACHINE_SET, /* ${machine_key} opens it as a passphrase does */
	KEYRING_MACHINE_FORGET, /* none opens it any more */
};
struct keyring_change {
	const struct keyring_keys *keys; /* all of them, changed or not */
	enum keyring_machine machine;
	struct span machine_key;
};
/* Write ${image} anew for whoever knows a person's passphrase; a machine's key
 * is not enough. Answers as keyring_open() does. */
int keyring_change(const uint8_t image[KEYRING_BYTES], struct span passphrase,
    const struct keyring_change *change, uint8_t ret_image[KEYRING_BYTES]);

/* The file in the directory ${home_fd}. */
bool keyring_exists(int home_fd);
/* 0, KEYRING_E_NONE, KEYRING_E_CORRUPT for another size, or -errno. */
int keyring_load(int home_fd, uint8_t ret_image[KEYRING_BYTES]);
/* Write it durably under its temporary name, replacing what is there. */
int keyring_store_new(int home_fd, const uint8_t image[KEYRING_BYTES]);
/* Give it its name, durably; -EEXIST when there is a keyring already. */
int keyring_commit_new(int home_fd);
void keyring_discard_new(int home_fd);
/* Put another in its place, durably: whenever this is cut off, one of both is
 * there, whole. */
int keyring_replace(int home_fd, const uint8_t image[KEYRING_BYTES]);

#endif
