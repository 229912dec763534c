#ifndef EVIDENT_STORE_VFS_PAGE_H
#define EVIDENT_STORE_VFS_PAGE_H

/*
 * The database file as sealed pages.  Part of vfs.h.  `real` is the file of
 * the VFS below; offsets and sizes are SQLite's, of the clear database.  All
 * return an SQLite code.
 */

#include <sqlite3.h>

#include "daemon/store/vfs_seal.h"

#define VFS_PAGE 4096
#define VFS_PAGE_BLOCK (VFS_PAGE + VFS_SEAL_BYTES)

/*
 * Read `len` bytes at `offset`, all of one page, into `buf`; they are zero on
 * any failure.  SQLITE_IOERR_DATA if the page does not open or is not there;
 * SQLITE_IOERR_SHORT_READ, which is no error to SQLite, for a part of a first
 * page that does not open, see vfs_page.c.
 */
int vfs_page_read(sqlite3_file *real, void *buf, int len, sqlite3_int64 offset);

/* Write the whole page at `buf` to `offset`; refuse anything but one page. */
int vfs_page_write(
    sqlite3_file *real, const void *buf, int len, sqlite3_int64 offset);

/* Cut or extend to `size`, a whole number of pages. */
int vfs_page_truncate(sqlite3_file *real, sqlite3_int64 size);

/* Give the size in whole pages; a file that is not empty is never 0. */
int vfs_page_size(sqlite3_file *real, sqlite3_int64 *ret_size);

/* Where page `number`, counted from 1, opens. */
struct vfs_seal_place vfs_page_place(uint64_t number);

#endif
