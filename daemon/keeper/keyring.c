/*
 * The keyring's image. Offsets in bytes, numbers big-endian:
 *
 *	    0  16    salt of Argon2id
 *	   16   8    its operations limit
 *	   24   8    its memory limit in bytes
 *	   32   8*88 slots: nonce 24 || sealed (version, kind, master key,
 *		     zeros: 48) with its tag 16
 *	  736   7424 body: nonce 24 || sealed keys (7384, zeros behind) with
 *		     its tag 16
 *	 8160  32    SHA-256 of all before
 *
 * Sealed is XChaCha20-Poly1305. A slot holds the same master key under one
 * passphrase, or under the key of a machine that starts without a person; the
 * associated data are the first 32 bytes and the slot's number,
 * so nothing can be moved or cheapened. An unused slot is random bytes, which
 * nobody can tell from a used one. All slots are tried on every unlock, so the
 * time tells neither which one opened nor how many are in use.
 *
 * The hash at the end protects nothing. It tells a damaged file from a wrong
 * passphrase, and so a person from trying passphrases at random bytes for ever;
 * a flipped bit in an unused slot does not keep anybody out.
 *
 * Argon2id's limits come from the file, which a thief may have had: too cheap
 * ones are refused like ones that would take the machine's memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/keeper/keyring.h"
#include "proto/format/file.h"
#include "proto/format/hash.h"

#define SALT_BYTES crypto_pwhash_argon2id_SALTBYTES
#define HEAD_BYTES 32
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SLOTS 8
#define SLOT_PLAIN 48
#define SLOT_BYTES (NONCE_BYTES + SLOT_PLAIN + TAG_BYTES)
#define BODY_AT (HEAD_BYTES + SLOTS * SLOT_BYTES)
#define HASH_AT (KEYRING_BYTES - 32)
#define BODY_BYTES (HASH_AT - BODY_AT)
#define BODY_PLAIN (BODY_BYTES - NONCE_BYTES - TAG_BYTES)

/* What Argon2id and the ciphers leave of keys on the stack, and more. */
#define STACK_BYTES 32768

#define SLOT_VERSION 1
#define BODY_VERSION 1
#define OPS_MIN crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE
#define OPS_MAX 20
#define MEMORY_MIN crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE
#define MEMORY_MAX (UINT64_C(1) << 30)

/* What a slot's passphrase is for, and by that which place it has, from 0. The
 * first and the last are written yet; the others are named so that no later
 * version gives their numbers another meaning. */
enum slot_kind {
	SLOT_NORMAL = 1,
	SLOT_DURESS = 2,
	SLOT_RECOVERY = 3,
	SLOT_MACHINE = 4,
};

_Static_assert(SALT_BYTES == 16, "salt");
_Static_assert(SLOT_BYTES == 88, "slot");
_Static_assert(BODY_AT == 736, "body");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32, "key");
_Static_assert(crypto_pwhash_argon2id_PASSWD_MAX >= 4096, "passphrase");

static const char name_final[] = "keyring";
static const char name_new[] = "keyring.new";

/* Head, a word for what is sealed, the slot's number. */
#define LABEL_BYTES (HEAD_BYTES + 5)
static void make_label(const uint8_t *image, const char word[5], int slot,
    uint8_t ret_label[LABEL_BYTES])
{
	memcpy(ret_label, image, HEAD_BYTES);
	memcpy(ret_label + HEAD_BYTES, word, 4);
	ret_label[HEAD_BYTES + 4] = (uint8_t)slot;
}

static void seal_part(const uint8_t key[32], const uint8_t label[LABEL_BYTES],
    const uint8_t *plain, size_t len, uint8_t *out)
{
	randombytes_buf(out, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL,
	    plain, len, label, LABEL_BYTES, NULL, out, key);
}

/* ${len} is of the plaintext. */
static bool open_part(const uint8_t key[32], const uint8_t label[LABEL_BYTES],
    const uint8_t *sealed, size_t len, uint8_t *ret_plain)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL,
		   sealed + NONCE_BYTES, len + TAG_BYTES, label, LABEL_BYTES,
		   sealed, key) == 0;
}

static bool cost_is_sane(struct keyring_cost cost)
{
	return cost.ops >= OPS_MIN && cost.ops <= OPS_MAX &&
	       cost.memory >= MEMORY_MIN && cost.memory <= MEMORY_MAX;
}

static int hash_image(const uint8_t *image, struct digest *ret_digest)
{
	return hash_sha256(span_of(image, HASH_AT), ret_digest);
}

struct keyring_keys *keyring_keys_new(void)
{
	struct keyring_keys *keys;

	keys = sodium_malloc(sizeof *keys);
	if (keys)
		sodium_memzero(keys, sizeof *keys);
	return keys;
}

void keyring_keys_free(struct keyring_keys *keys)
{
	sodium_free(keys); /* wipes */
}

void keyring_keys_freep(struct keyring_keys **keys)
{
	keyring_keys_free(*keys);
	*keys = NULL;
}

void keyring_keys_draw(struct keyring_keys *keys, bool with_reader)
{
	sodium_memzero(keys, sizeof *keys);
	randombytes_buf(keys->author_seed, sizeof keys->author_seed);
	randombytes_buf(keys->transport_seed, sizeof keys->transport_seed);
	randombytes_buf(keys->storage_key, sizeof keys->storage_key);
	randombytes_buf(keys->file_id, sizeof keys->file_id);
	randombytes_buf(keys->log.bytes, sizeof keys->log.bytes);
	age_identity_generate(&keys->bundle);
	if (with_reader) {
		age_identity_generate(&keys->readers[0]);
		keys->reader_count = 1;
	}
}

struct keyring_cost keyring_default_cost(void)
{
	return (struct keyring_cost){
	    .ops = crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
	    .memory = crypto_pwhash_argon2id_MEMLIMIT_MODERATE,
	};
}

static void put(uint8_t **at, const void *data, size_t len)
{
	memcpy(*at, data, len);
	*at += len;
}

static void take(const uint8_t **at, void *ret_data, size_t len)
{
	memcpy(ret_data, *at, len);
	*at += len;
}

/* The body: version 1, count of readers 1, flags 8, then the keys in the
 * order of the struct; all readers' places, used or not. */
static void pack_body(const struct keyring_keys *keys, uint8_t *body)
{
	uint8_t *at = body + 10;

	memset(body, 0, BODY_PLAIN);
	body[0] = BODY_VERSION;
	body[1] = (uint8_t)keys->reader_count;
	u64_encode(keys->flags, body + 2);
	put(&at, keys->author_seed, 32);
	put(&at, keys->transport_seed, 32);
	put(&at, keys->storage_key, 32);
	put(&at, keys->file_id, 16);
	put(&at, keys->log.bytes, 32);
	put(&at, keys->bundle.key, 32);
	put(&at, keys->readers, sizeof keys->readers);
}

static int unpack_body(const uint8_t *body, struct keyring_keys *ret_keys)
{
	const uint8_t *at = body + 10;

	if (body[0] != BODY_VERSION || body[1] > KEYRING_READERS_MAX)
		return KEYRING_E_CORRUPT;
	ret_keys->reader_count = body[1];
	ret_keys->flags = u64_decode(body + 2);
	take(&at, ret_keys->author_seed, 32);
	take(&at, ret_keys->transport_seed, 32);
	take(&at, ret_keys->storage_key, 32);
	take(&at, ret_keys->file_id, 16);
	take(&at, ret_keys->log.bytes, 32);
	take(&at, ret_keys->bundle.key, 32);
	take(&at, ret_keys->readers, sizeof ret_keys->readers);
	return 0;
}

_Static_assert(sizeof(struct age_identity) == 32, "readers are packed whole");

/* ${room} is guarded memory for what is secret on the way. */
struct room {
	uint8_t kek[KEYRING_KEK_BYTES];
	uint8_t master[32];
	uint8_t slot[SLOT_PLAIN];
	uint8_t body[BODY_PLAIN];
};

/* Each kind has one place, so that nothing is ever written over another's. */
static int place_of(enum slot_kind kind)
{
	return (int)kind - 1;
}

static void seal_slot(struct room *room, enum slot_kind kind, uint8_t *image)
{
	const int place = place_of(kind);
	uint8_t label[LABEL_BYTES];

	make_label(image, "slot", place, label);
	memset(room->slot, 0, sizeof room->slot);
	room->slot[0] = SLOT_VERSION;
	room->slot[1] = (uint8_t)kind;
	memcpy(room->slot + 2, room->master, sizeof room->master);
	seal_part(room->kek, label, room->slot, SLOT_PLAIN,
	    image + HEAD_BYTES + place * SLOT_BYTES);
}

static void seal_body(
    struct room *room, const struct keyring_keys *keys, uint8_t *image)
{
	uint8_t label[LABEL_BYTES];

	make_label(image, "body", 0, label);
	pack_body(keys, room->body);
	seal_part(room->master, label, room->body, BODY_PLAIN, image + BODY_AT);
}

int keyring_seal(const struct keyring_keys *keys, struct span passphrase,
    struct keyring_cost cost, uint8_t ret_image[KEYRING_BYTES])
{
	uint8_t image[KEYRING_BYTES];
	struct digest digest;
	struct room *room;
	int r;

	if (!cost_is_sane(cost) || keys->reader_count > KEYRING_READERS_MAX)
		return -EINVAL;
	room = sodium_malloc(sizeof *room);
	if (!room)
		return -ENOMEM;
	randombytes_buf(image, SALT_BYTES);
	u64_encode(cost.ops, image + 16);
	u64_encode(cost.memory, image + 24);
	r = keyring_derive(image, passphrase, room->kek);
	if (r == 0) {
		randombytes_buf(room->master, sizeof room->master);
		randombytes_buf(image + HEAD_BYTES, SLOTS * SLOT_BYTES);
		seal_slot(room, SLOT_NORMAL, image);
		seal_body(room, keys, image);
		r = hash_image(image, &digest);
	}
	sodium_free(room);
	sodium_stackzero(STACK_BYTES);
	if (r != 0)
		return r;
	memcpy(image + HASH_AT, digest.bytes, sizeof digest.bytes);
	memcpy(ret_image, image, sizeof image);
	return 0;
}

int keyring_derive(const uint8_t image[KEYRING_BYTES], struct span passphrase,
    uint8_t ret_kek[KEYRING_KEK_BYTES])
{
	const struct keyring_cost cost = {
	    .ops = u64_decode(image + 16),
	    .memory = u64_decode(image + 24),
	};

	if (!cost_is_sane(cost))
		return KEYRING_E_CORRUPT;
	if (crypto_pwhash(ret_kek, KEYRING_KEK_BYTES,
		(const char *)passphrase.data, passphrase.len, image, cost.ops,
		(size_t)cost.memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return -ENOMEM;
	return 0;
}

static bool slot_is_usable(const uint8_t slot[SLOT_PLAIN], bool person)
{
	return slot[0] == SLOT_VERSION &&
	       (slot[1] == SLOT_NORMAL || slot[1] == SLOT_RECOVERY ||
		   (slot[1] == SLOT_MACHINE && !person));
}

/* Try every slot, whichever opens; with ${person}, not a machine's. */
static bool open_slots(struct room *room, const uint8_t *kek,
    const uint8_t image[KEYRING_BYTES], bool person)
{
	uint8_t label[LABEL_BYTES];
	const uint8_t *sealed = image + HEAD_BYTES;
	bool opened = false;
	int i;

	for (i = 0; i < SLOTS; i++, sealed += SLOT_BYTES) {
		make_label(image, "slot", i, label);
		if (!open_part(kek, label, sealed, SLOT_PLAIN, room->slot) ||
		    !slot_is_usable(room->slot, person))
			continue;
		memcpy(room->master, room->slot + 2, sizeof room->master);
		opened = true;
	}
	return opened;
}

/* Why no slot opened: a hash that could not be made is no damage. */
static int why_closed(const uint8_t image[KEYRING_BYTES])
{
	struct digest digest;
	int r;

	r = hash_image(image, &digest);
	if (r != 0)
		return r;
	return sodium_memcmp(digest.bytes, image + HASH_AT, 32) == 0
		   ? KEYRING_E_PASSPHRASE
		   : KEYRING_E_CORRUPT;
}

int keyring_unseal(const uint8_t image[KEYRING_BYTES],
    const uint8_t kek[KEYRING_KEK_BYTES], struct keyring_keys *ret_keys)
{
	uint8_t label[LABEL_BYTES];
	struct room *room;
	int r;

	room = sodium_malloc(sizeof *room);
	if (!room)
		return -ENOMEM;
	make_label(image, "body", 0, label);
	if (!open_slots(room, kek, image, false))
		r = why_closed(image);
	else if (!open_part(room->master, label, image + BODY_AT, BODY_PLAIN,
		     room->body))
		r = KEYRING_E_CORRUPT;
	else
		r = unpack_body(room->body, ret_keys);
	sodium_free(room);
	return r;
}

int keyring_open(const uint8_t image[KEYRING_BYTES], struct span passphrase,
    struct keyring_keys *ret_keys)
{
	uint8_t *kek;
	int r;

	kek = sodium_malloc(KEYRING_KEK_BYTES);
	if (!kek)
		return -ENOMEM;
	r = keyring_derive(image, passphrase, kek);
	if (r == 0)
		r = keyring_unseal(image, kek, ret_keys);
	sodium_free(kek);
	sodium_stackzero(STACK_BYTES);
	return r;
}

/* With the master key in ${room}: the slot, the body, the hash. */
static int apply_change(struct room *room, const struct keyring_change *change,
    uint8_t image[KEYRING_BYTES])
{
	struct digest digest;
	int r = 0;

	if (change->machine == KEYRING_MACHINE_SET) {
		r = keyring_derive(image, change->machine_key, room->kek);
		if (r == 0)
			seal_slot(room, SLOT_MACHINE, image);
	} else if (change->machine == KEYRING_MACHINE_FORGET) {
		randombytes_buf(
		    image + HEAD_BYTES + place_of(SLOT_MACHINE) * SLOT_BYTES,
		    SLOT_BYTES);
	}
	if (r != 0)
		return r;
	seal_body(room, change->keys, image);
	r = hash_image(image, &digest);
	if (r == 0)
		memcpy(image + HASH_AT, digest.bytes, sizeof digest.bytes);
	return r;
}

int keyring_change(const uint8_t image[KEYRING_BYTES], struct span passphrase,
    const struct keyring_change *change, uint8_t ret_image[KEYRING_BYTES])
{
	uint8_t changed[KEYRING_BYTES];
	struct room *room;
	int r;

	if (change->keys->reader_count > KEYRING_READERS_MAX)
		return -EINVAL;
	room = sodium_malloc(sizeof *room);
	if (!room)
		return -ENOMEM;
	memcpy(changed, image, sizeof changed);
	r = keyring_derive(image, passphrase, room->kek);
	if (r == 0 && !open_slots(room, room->kek, image, true))
		r = why_closed(image);
	if (r == 0)
		r = apply_change(room, change, changed);
	sodium_free(room);
	sodium_stackzero(STACK_BYTES);
	if (r == 0)
		memcpy(ret_image, changed, sizeof changed);
	return r;
}

bool keyring_exists(int home_fd)
{
	struct stat st;

	/* What cannot be looked at is not taken for absent. */
	return fstatat(home_fd, name_final, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

static int read_whole(int fd, uint8_t *ret_image)
{
	struct stat st;
	size_t len = 0;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size != KEYRING_BYTES)
		return KEYRING_E_CORRUPT;
	r = file_read(fd, ret_image, KEYRING_BYTES, &len);
	return r == 0 && len < KEYRING_BYTES ? KEYRING_E_CORRUPT : r;
}

int keyring_load(int home_fd, uint8_t ret_image[KEYRING_BYTES])
{
	int fd, r;

	fd = openat(home_fd, name_final,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? KEYRING_E_NONE : -errno;
	r = read_whole(fd, ret_image);
	close(fd);
	return r;
}

int keyring_store_new(int home_fd, const uint8_t image[KEYRING_BYTES])
{
	int fd, r;

	if (unlinkat(home_fd, name_new, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(home_fd, name_new,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = file_write(fd, image, KEYRING_BYTES);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && fsync(home_fd) < 0)
		r = -errno;
	if (r < 0)
		keyring_discard_new(home_fd);
	return r;
}

int keyring_commit_new(int home_fd)
{
	/* Nobody else writes here: the daemon holds the home's lock. */
	if (keyring_exists(home_fd))
		return -EEXIST;
	if (renameat(home_fd, name_new, home_fd, name_final) < 0)
		return -errno;
	return fsync(home_fd) < 0 ? -errno : 0;
}

int keyring_replace(int home_fd, const uint8_t image[KEYRING_BYTES])
{
	int r = keyring_store_new(home_fd, image);

	if (r < 0)
		return r;
	if (renameat(home_fd, name_new, home_fd, name_final) < 0) {
		r = -errno;
		keyring_discard_new(home_fd);
		return r;
	}
	return fsync(home_fd) < 0 ? -errno : 0;
}

void keyring_discard_new(int home_fd)
{
	unlinkat(home_fd, name_new, 0);
}
