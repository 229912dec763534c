/*
 * The VFS "evident": SQLite's calls, passed to the VFS "unix" below with the
 * bytes sealed on the way (vfs_page.c for the database, vfs_wal.c for its
 * log).
 *
 * Two files may be opened: the database that vfs_shim_allow() named, and its
 * log.  Anything else would hold clear pages or be somebody else's: rollback
 * and statement journals, temporary files, attached databases.  Those are
 * refused here whatever the settings of the connection are.  A rollback
 * journal that somebody put beside the database is not seen.
 *
 * What is claimed to SQLite:
 *
 * - No shared memory (methods of version 1).  SQLite then insists on
 *   locking_mode=EXCLUSIVE and keeps the index of the log on its heap.
 * - No memory map, which would hand sealed bytes to SQLite.
 * - POWERSAFE_OVERWRITE and nothing else, ATOMIC least of all.  It means that
 *   writing one range does not harm its neighbours in a power cut.  Pages and
 *   frames have their blocks for themselves, and a part of a block is written
 *   again only inside the transaction that wrote it first, before its sync.
 *   So this holds as far as it holds below, which SQLite itself assumes
 *   everywhere on Unix.  Not claiming it would make SQLite pad the log to
 *   sectors that it counts in clear bytes, which are not where sectors are.
 * - A torn page of the database is real, and repaired from the log; see
 *   vfs_page.c for the one read that needs care.
 *
 * SQLite deletes the log of a database that is empty.  Ours is never empty
 * (vfs.c makes it whole before it gets its name), so an empty one was cut by
 * somebody, and its log is not deleted.
 *
 * This file answers in SQLite's codes.
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <sqlite3.h>

#include "daemon/store/vfs.h"
#include "daemon/store/vfs_page.h"
#include "daemon/store/vfs_seal.h"
#include "daemon/store/vfs_shim.h"
#include "daemon/store/vfs_wal.h"

#define WAL_SUFFIX "-wal"

/* Followed by the file of the VFS below, in the same allocation. */
struct shim_file {
	sqlite3_file base;
	sqlite3_file *real;
	struct vfs_wal *wal; /* NULL for the database itself */
};

static struct {
	sqlite3_vfs *below;
	struct shim_file *database; /* NULL while none is open */
	char path[PATH_MAX];
	char wal_path[PATH_MAX + sizeof(WAL_SUFFIX)];
} shim;

static struct shim_file *shim_file(sqlite3_file *file)
{
	return (struct shim_file *)file;
}

static int file_close(sqlite3_file *file)
{
	struct shim_file *f = shim_file(file);

	vfs_wal_free(f->wal);
	if (shim.database == f)
		shim.database = NULL;
	return f->real->pMethods->xClose(f->real);
}

static int file_read(
    sqlite3_file *file, void *buf, int len, sqlite3_int64 offset)
{
	struct shim_file *f = shim_file(file);

	if (f->wal)
		return vfs_wal_read(f->wal, buf, len, offset);
	return vfs_page_read(f->real, buf, len, offset);
}

static int file_write(
    sqlite3_file *file, const void *buf, int len, sqlite3_int64 offset)
{
	struct shim_file *f = shim_file(file);

	if (f->wal)
		return vfs_wal_write(f->wal, buf, len, offset);
	return vfs_page_write(f->real, buf, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim_file *f = shim_file(file);

	if (f->wal)
		return vfs_wal_truncate(f->wal, size);
	return vfs_page_truncate(f->real, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct shim_file *f = shim_file(file);

	if (f->wal)
		return vfs_wal_sync(f->wal, flags);
	return f->real->pMethods->xSync(f->real, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	struct shim_file *f = shim_file(file);

	if (f->wal)
		return vfs_wal_size(f->wal, ret_size);
	return vfs_page_size(f->real, ret_size);
}

static int file_lock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = shim_file(file)->real;

	return real->pMethods->xLock(real, lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = shim_file(file)->real;

	return real->pMethods->xUnlock(real, lock);
}

static int file_check_lock(sqlite3_file *file, int *ret_reserved)
{
	sqlite3_file *real = shim_file(file)->real;

	return real->pMethods->xCheckReservedLock(real, ret_reserved);
}

/* Only what has no size, no bytes and no mapping in it is passed on. */
static int file_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = shim_file(file)->real;

	switch (op) {
	case SQLITE_FCNTL_LOCKSTATE:
	case SQLITE_FCNTL_LAST_ERRNO:
	case SQLITE_FCNTL_PERSIST_WAL:
	case SQLITE_FCNTL_HAS_MOVED:
		return real->pMethods->xFileControl(real, op, arg);
	case SQLITE_FCNTL_VFSNAME:
		*(char **)arg = sqlite3_mprintf("%s", VFS_NAME);
		return SQLITE_OK;
	default:
		return SQLITE_NOTFOUND;
	}
}

static int file_sector_size(sqlite3_file *file)
{
	(void)file;
	return VFS_PAGE;
}

static int file_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static bool may_open(const char *name, int flags)
{
	if (!name || !shim.path[0] || (flags & SQLITE_OPEN_DELETEONCLOSE))
		return false;
	if (flags & SQLITE_OPEN_MAIN_DB)
		return !shim.database && strcmp(name, shim.path) == 0;
	if (flags & SQLITE_OPEN_WAL)
		return shim.database && strcmp(name, shim.wal_path) == 0;
	return false;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
    int flags, int *ret_flags)
{
	struct shim_file *f = shim_file(file);
	int rc;

	(void)vfs;
	memset(f, 0, sizeof(*f));
	if (!may_open(name, flags))
		return SQLITE_CANTOPEN;
	f->real = (sqlite3_file *)(f + 1);
	if (flags & SQLITE_OPEN_WAL) {
		f->wal = vfs_wal_new(f->real);
		if (!f->wal)
			return SQLITE_NOMEM;
	}
	rc = shim.below->xOpen(shim.below, name, f->real, flags, ret_flags);
	if (rc != SQLITE_OK) {
		vfs_wal_free(f->wal);
		f->wal = NULL;
		return rc;
	}
	f->base.pMethods = &file_methods;
	if (!f->wal)
		shim.database = f;
	return SQLITE_OK;
}

/* Is the log still needed by a database that lost its pages? */
static bool database_is_cut(void)
{
	sqlite3_file *real;
	sqlite3_int64 size;

	if (!shim.database)
		return true;
	real = shim.database->real;
	if (real->pMethods->xFileSize(real, &size) != SQLITE_OK)
		return true;
	return size < VFS_PAGE_BLOCK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	(void)vfs;
	if (strcmp(name, shim.wal_path) != 0)
		return SQLITE_IOERR_DELETE_NOENT;
	if (database_is_cut())
		return SQLITE_IOERR_DELETE;
	return shim.below->xDelete(shim.below, name, sync_dir);
}

static int shim_access(
    sqlite3_vfs *vfs, const char *name, int flags, int *ret_yes)
{
	(void)vfs;
	if (strcmp(name, shim.path) != 0 && strcmp(name, shim.wal_path) != 0) {
		*ret_yes = 0;
		return SQLITE_OK;
	}
	return shim.below->xAccess(shim.below, name, flags, ret_yes);
}

static int shim_full_path(
    sqlite3_vfs *vfs, const char *name, int len, char *ret_path)
{
	(void)vfs;
	return shim.below->xFullPathname(shim.below, name, len, ret_path);
}

static void *shim_no_library(sqlite3_vfs *vfs, const char *name)
{
	(void)vfs;
	(void)name;
	return NULL;
}

static void shim_no_library_error(sqlite3_vfs *vfs, int len, char *ret_text)
{
	(void)vfs;
	sqlite3_snprintf(len, ret_text, "extensions are not loaded here");
}

static int shim_randomness(sqlite3_vfs *vfs, int len, char *ret_bytes)
{
	(void)vfs;
	vfs_seal_random(ret_bytes, (size_t)len);
	return len;
}

static int shim_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return shim.below->xSleep(shim.below, microseconds);
}

static int shim_time(sqlite3_vfs *vfs, double *ret_days)
{
	(void)vfs;
	return shim.below->xCurrentTime(shim.below, ret_days);
}

static int shim_time64(sqlite3_vfs *vfs, sqlite3_int64 *ret_milliseconds)
{
	(void)vfs;
	return shim.below->xCurrentTimeInt64(shim.below, ret_milliseconds);
}

static int shim_last_error(sqlite3_vfs *vfs, int len, char *ret_text)
{
	(void)vfs;
	return shim.below->xGetLastError(shim.below, len, ret_text);
}

static sqlite3_vfs shim_vfs = {
    .iVersion = 2,
    .zName = VFS_NAME,
    .xOpen = shim_open,
    .xDelete = shim_delete,
    .xAccess = shim_access,
    .xFullPathname = shim_full_path,
    .xDlOpen = shim_no_library,
    .xDlError = shim_no_library_error,
    .xRandomness = shim_randomness,
    .xSleep = shim_sleep,
    .xCurrentTime = shim_time,
    .xGetLastError = shim_last_error,
    .xCurrentTimeInt64 = shim_time64,
};

int vfs_shim_register(void)
{
	sqlite3_vfs *below;

	if (vfs_shim_registered())
		return -EALREADY;
	below = sqlite3_vfs_find("unix");
	if (!below)
		return -ENOMEM;
	if (below->iVersion < 2)
		return -EIO;
	shim_vfs.szOsFile = (int)sizeof(struct shim_file) + below->szOsFile;
	shim_vfs.mxPathname = below->mxPathname;
	shim.below = below;
	if (sqlite3_vfs_register(&shim_vfs, 0) != SQLITE_OK)
		return -ENOMEM;
	return 0;
}

void vfs_shim_unregister(void)
{
	/* `below` stays: files that are still open need it to close. */
	sqlite3_vfs_unregister(&shim_vfs);
	shim.path[0] = '\0';
	shim.wal_path[0] = '\0';
}

bool vfs_shim_registered(void)
{
	return sqlite3_vfs_find(VFS_NAME) == &shim_vfs;
}

int vfs_shim_allow(const char *path)
{
	size_t len;
	int rc;

	if (shim.database)
		return -EBUSY;
	if (strlen(path) + sizeof(WAL_SUFFIX) > (size_t)shim_vfs.mxPathname)
		return -ENAMETOOLONG;
	rc = shim.below->xFullPathname(
	    shim.below, path, (int)sizeof(shim.path), shim.path);
	if (rc != SQLITE_OK && rc != SQLITE_OK_SYMLINK) {
		shim.path[0] = '\0';
		return -EIO;
	}
	len = strlen(shim.path);
	memcpy(shim.wal_path, shim.path, len);
	memcpy(shim.wal_path + len, WAL_SUFFIX, sizeof(WAL_SUFFIX));
	return 0;
}
