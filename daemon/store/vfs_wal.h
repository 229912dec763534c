#ifndef EVIDENT_STORE_VFS_WAL_H
#define EVIDENT_STORE_VFS_WAL_H

/*
 * The write-ahead log as sealed frames.  Part of vfs.h.  Offsets and sizes
 * are SQLite's, of the clear log; all functions but the first two return an
 * SQLite code.
 */

#include <stdint.h>

#include <sqlite3.h>

#include "daemon/store/vfs_page.h"
#include "daemon/store/vfs_seal.h"

/* SQLite's own sizes. */
#define VFS_WAL_HEADER 32
#define VFS_WAL_FRAME_HEADER 24
#define VFS_WAL_FRAME (VFS_WAL_FRAME_HEADER + VFS_PAGE)

/* On disk: two copies of the header, then the frames, each with its mark. */
#define VFS_WAL_COPY 4096
#define VFS_WAL_START 8192
#define VFS_WAL_MARK 4
#define VFS_WAL_UNIT (VFS_WAL_FRAME + VFS_WAL_MARK)
#define VFS_WAL_BLOCK (VFS_WAL_UNIT + VFS_SEAL_BYTES)

struct vfs_wal;

/*
 * Make the state of one open log over `real`, which stays the caller's to
 * close.  NULL if there is no memory.
 */
struct vfs_wal *vfs_wal_new(sqlite3_file *real);

/* Wipe and free; what was not synced may be lost.  NULL is fine. */
void vfs_wal_free(struct vfs_wal *wal);

/*
 * Read `len` bytes at `offset`, inside the header or inside one frame.
 * Reading the whole header starts a recovery: the log is checked as a whole,
 * and SQLITE_IOERR_DATA returned if something durable in it is gone.  After
 * that a frame behind the end of what is valid reads as zeros.
 */
int vfs_wal_read(struct vfs_wal *wal, void *buf, int len, sqlite3_int64 offset);

/* Write a whole header, a whole frame header or a whole page of a frame. */
int vfs_wal_write(
    struct vfs_wal *wal, const void *buf, int len, sqlite3_int64 offset);

/* Cut to `size`, durably. */
int vfs_wal_truncate(struct vfs_wal *wal, sqlite3_int64 size);

/* Write what is held back and sync with SQLite's `flags`. */
int vfs_wal_sync(struct vfs_wal *wal, int flags);

/* Give the size in whole frames. */
int vfs_wal_size(struct vfs_wal *wal, sqlite3_int64 *ret_size);

#endif
