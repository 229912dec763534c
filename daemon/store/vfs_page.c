/*
 * The database file.  Page n of SQLite, counted from 1, is the block of 4136
 * bytes at (n - 1) * 4136, sealed for its number.
 *
 * Whole pages are read strictly: a page that does not open, or that lies
 * behind the end of the file, is SQLITE_IOERR_DATA.  SQLite would take a
 * short read for a page of zeros, and the last page of an overflow chain read
 * as zeros is silently wrong content.  It never needs that: it does not read
 * pages it has not written (secure_delete writes even those on the freelist).
 *
 * One read is lenient.  A power cut in the middle of a checkpoint can tear any
 * page the checkpoint was writing, and each of those is still whole in the
 * log, which was synced before.  SQLite recovers the log before it reads any
 * page but one: opening looks at the first 100 bytes of page 1, and taking
 * the lock again at 16 bytes of it, before any log is known.  Parts of a first
 * page that does not open are therefore a short read, which SQLite takes for
 * "no header yet" in the first case and "changed, drop the cache" in the
 * second.  Nothing comes of it: before using the database it reads page 1
 * whole, from the log if it is there, or strictly from here.
 */

#include <string.h>

#include "daemon/store/vfs_page.h"

struct vfs_seal_place vfs_page_place(uint64_t number)
{
	struct vfs_seal_place place = {
	    .kind = VFS_SEAL_PAGE,
	    .number = number,
	};

	return place;
}

static int read_page(sqlite3_file *real, sqlite3_int64 index, uint8_t *page)
{
	struct vfs_seal_place place = vfs_page_place((uint64_t)index + 1);
	int rc;

	rc =
	    vfs_seal_read(real, index * VFS_PAGE_BLOCK, &place, page, VFS_PAGE);
	return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : rc;
}

int vfs_page_read(sqlite3_file *real, void *buf, int len, sqlite3_int64 offset)
{
	sqlite3_int64 index = offset / VFS_PAGE;
	int at = (int)(offset % VFS_PAGE);
	uint8_t page[VFS_PAGE];
	int rc;

	if (offset < 0 || len <= 0 || len > VFS_PAGE - at)
		return SQLITE_IOERR_READ;
	if (len == VFS_PAGE)
		return read_page(real, index, buf);
	rc = read_page(real, index, page);
	memcpy(buf, page + at, (size_t)len);
	explicit_bzero(page, sizeof(page));
	if (rc == SQLITE_IOERR_DATA && index == 0)
		return SQLITE_IOERR_SHORT_READ;
	return rc;
}

int vfs_page_write(
    sqlite3_file *real, const void *buf, int len, sqlite3_int64 offset)
{
	sqlite3_int64 index = offset / VFS_PAGE;
	struct vfs_seal_place place = vfs_page_place((uint64_t)index + 1);

	if (offset < 0 || offset % VFS_PAGE != 0 || len != VFS_PAGE)
		return SQLITE_IOERR_WRITE;
	return vfs_seal_write(
	    real, index * VFS_PAGE_BLOCK, &place, buf, VFS_PAGE);
}

int vfs_page_truncate(sqlite3_file *real, sqlite3_int64 size)
{
	if (size < 0 || size % VFS_PAGE != 0)
		return SQLITE_IOERR_TRUNCATE;
	return real->pMethods->xTruncate(
	    real, size / VFS_PAGE * VFS_PAGE_BLOCK);
}

int vfs_page_size(sqlite3_file *real, sqlite3_int64 *ret_size)
{
	sqlite3_int64 size;
	int rc;

	rc = real->pMethods->xFileSize(real, &size);
	if (rc != SQLITE_OK)
		return rc;
	/* A block cut short does not count, so that a truncated database is
	 * seen at once.  But of an empty database SQLite deletes the log, so
	 * the stump of a first page still counts as one. */
	if (size > 0 && size < VFS_PAGE_BLOCK)
		size = VFS_PAGE_BLOCK;
	*ret_size = size / VFS_PAGE_BLOCK * VFS_PAGE;
	return SQLITE_OK;
}
