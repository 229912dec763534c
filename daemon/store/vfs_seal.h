#ifndef EVIDENT_STORE_VFS_SEAL_H
#define EVIDENT_STORE_VFS_SEAL_H

/*
 * Sealed blocks of the database and its log.  Part of vfs.h; nothing outside
 * daemon/store/vfs*.c and its tests includes this.
 */

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "daemon/store/vfs.h"

/* Nonce in front of a sealed text and tag behind it. */
#define VFS_SEAL_NONCE 24
#define VFS_SEAL_BYTES 40

/* The longest clear text of one block: a log frame with its mark. */
#define VFS_SEAL_MAX 4124

/* What kind of block a seal belongs to; append only, the values are bound. */
enum vfs_seal_kind {
	VFS_SEAL_PAGE = 1,
	VFS_SEAL_LOG_HEADER = 2,
	VFS_SEAL_LOG_FRAME = 3,
};

/*
 * The one place where a block opens: its kind, its number (page or frame
 * counted from 1, copy of a log header from 0), and for log frames the salts
 * of the log they were written to, zero for the others.
 */
struct vfs_seal_place {
	enum vfs_seal_kind kind;
	uint64_t number;
	uint8_t salts[8];
};

/* vfs_seal_open(): this block was not sealed for this place by this key. */
enum vfs_seal_outcome {
	VFS_SEAL_E_REFUSED = 1,
};

/*
 * Copy `keys` to locked memory for all later calls.  Return 0, -EALREADY if
 * there are keys, -EIO if libsodium does not start, -ENOMEM if there is no
 * memory or it cannot be locked.
 */
int vfs_seal_set_keys(const struct vfs_keys *keys);

/* Wipe the keys; every later call that needs them fails. */
void vfs_seal_wipe(void);

/* Fill `len` bytes at `buf` with randomness. */
void vfs_seal_random(void *buf, size_t len);

/*
 * Open the `len` + VFS_SEAL_BYTES bytes at `block` for `place` into the `len`
 * bytes at `ret_clear`, which are zero on any failure.  Return 0,
 * VFS_SEAL_E_REFUSED or -ENOKEY without keys.
 */
int vfs_seal_open(const struct vfs_seal_place *place, const uint8_t *block,
    size_t len, uint8_t *ret_clear);

/*
 * Seal the `len` bytes at `clear` for `place` and write them to `real` at
 * `offset`.  Return an SQLite code.
 */
int vfs_seal_write(sqlite3_file *real, sqlite3_int64 offset,
    const struct vfs_seal_place *place, const uint8_t *clear, size_t len);

/*
 * Read the block at `offset` of `real` and open it for `place` into the `len`
 * bytes at `ret_clear`, which are zero on any failure.  Return an SQLite
 * code: SQLITE_IOERR_DATA if it does not open, SQLITE_IOERR_SHORT_READ if the
 * file ends before it does, any other failure as the disk reported it.
 */
int vfs_seal_read(sqlite3_file *real, sqlite3_int64 offset,
    const struct vfs_seal_place *place, uint8_t *ret_clear, size_t len);

#endif
