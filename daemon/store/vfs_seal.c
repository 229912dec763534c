/*
 * Sealing of single blocks with XChaCha20-Poly1305.
 *
 *	block = nonce (24, random) || ciphertext || tag (16)
 *	associated data = file id (16) || kind (1) || number (8, big endian)
 *	                  || salts (8)
 *
 * The nonce is new for every write, and 192 bits are enough to draw it at
 * random for ever.  The associated data is the only place where a block
 * opens: a block that was copied to another page, to another database, or out
 * of an earlier log does not.  It carries no version of the page, so an
 * earlier sealed copy of the same page does open again; vfs.h says so.
 *
 * The keys are the only state.  They lie in guarded, locked memory that is
 * read-only between the calls below; the pages themselves pass through
 * SQLite's ordinary heap, which the process as a whole keeps out of swap.
 *
 * This file answers in SQLite's codes where SQLite is the caller.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "daemon/store/vfs_seal.h"
#include "proto/format/bytes.h"

#define BOUND_BYTES (VFS_FILE_ID_BYTES + 1 + 8 + 8)

static struct vfs_keys *keys_held;

static_assert(VFS_SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    "nonce size of the format");
static_assert(VFS_SEAL_BYTES ==
		  VFS_SEAL_NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
    "seal size of the format");
static_assert(VFS_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    "key size of the format");

static void bind_place(
    const struct vfs_seal_place *place, uint8_t bound[BOUND_BYTES])
{
	uint8_t *at = bound;

	memcpy(at, keys_held->file_id, VFS_FILE_ID_BYTES);
	at += VFS_FILE_ID_BYTES;
	*at++ = (uint8_t)place->kind;
	u64_encode(place->number, at);
	at += 8;
	memcpy(at, place->salts, sizeof(place->salts));
}

int vfs_seal_set_keys(const struct vfs_keys *keys)
{
	struct vfs_keys *copy;

	if (keys_held)
		return -EALREADY;
	if (sodium_init() < 0)
		return -EIO;
	copy = sodium_malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	/* sodium_malloc() does not tell when it could not lock. */
	if (sodium_mlock(copy, sizeof(*copy)) != 0) {
		sodium_free(copy);
		return -ENOMEM;
	}
	memcpy(copy, keys, sizeof(*copy));
	if (sodium_mprotect_readonly(copy) != 0) {
		sodium_free(copy);
		return -ENOMEM;
	}
	keys_held = copy;
	return 0;
}

void vfs_seal_wipe(void)
{
	/* sodium_free() makes the memory writable, wipes and unlocks it. */
	sodium_free(keys_held);
	keys_held = NULL;
}

void vfs_seal_random(void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

int vfs_seal_open(const struct vfs_seal_place *place, const uint8_t *block,
    size_t len, uint8_t *ret_clear)
{
	uint8_t bound[BOUND_BYTES];

	if (!keys_held) {
		memset(ret_clear, 0, len);
		return -ENOKEY;
	}
	bind_place(place, bound);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret_clear, NULL, NULL,
		block + VFS_SEAL_NONCE, len + VFS_SEAL_BYTES - VFS_SEAL_NONCE,
		bound, sizeof(bound), block, keys_held->key) != 0) {
		memset(ret_clear, 0, len);
		return VFS_SEAL_E_REFUSED;
	}
	return 0;
}

int vfs_seal_write(sqlite3_file *real, sqlite3_int64 offset,
    const struct vfs_seal_place *place, const uint8_t *clear, size_t len)
{
	uint8_t block[VFS_SEAL_MAX + VFS_SEAL_BYTES];
	uint8_t bound[BOUND_BYTES];

	if (!keys_held || len > VFS_SEAL_MAX)
		return SQLITE_IOERR_WRITE;
	bind_place(place, bound);
	randombytes_buf(block, VFS_SEAL_NONCE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(block + VFS_SEAL_NONCE,
		NULL, clear, len, bound, sizeof(bound), NULL, block,
		keys_held->key) != 0)
		return SQLITE_IOERR_WRITE;
	return real->pMethods->xWrite(
	    real, block, (int)(len + VFS_SEAL_BYTES), offset);
}

int vfs_seal_read(sqlite3_file *real, sqlite3_int64 offset,
    const struct vfs_seal_place *place, uint8_t *ret_clear, size_t len)
{
	uint8_t block[VFS_SEAL_MAX + VFS_SEAL_BYTES];
	int rc;

	if (len > VFS_SEAL_MAX)
		return SQLITE_IOERR_READ;
	rc = real->pMethods->xRead(
	    real, block, (int)(len + VFS_SEAL_BYTES), offset);
	if (rc != SQLITE_OK) {
		memset(ret_clear, 0, len);
		return rc;
	}
	rc = vfs_seal_open(place, block, len, ret_clear);
	if (rc < 0)
		return SQLITE_IOERR_READ;
	return rc ? SQLITE_IOERR_DATA : SQLITE_OK;
}
