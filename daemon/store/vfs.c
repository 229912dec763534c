/*
 * Opening, making and scrubbing the sealed database.
 *
 * The sealing itself is below: vfs_shim.c is the VFS that SQLite talks to,
 * vfs_page.c and vfs_wal.c know the two files, vfs_chain.c where the log
 * ends, vfs_seal.c the cipher.  Here is what a caller of vfs.h gets, and all
 * settings of the connection that the rest relies on.
 *
 * Order matters in set_up(): locking_mode comes before anything that reads
 * the database, for without shared memory SQLite opens a log in no other way.
 * A new database is in journal_mode=MEMORY until its log is on, so that there
 * is never a file of clear pages.  Every setting is read back, since SQLite
 * answers a pragma it cannot or will not follow with the old value and no
 * error.
 *
 * A new database is built under another name and gets its own by rename(2),
 * complete, synced and without a log.  So a database that is there is never
 * half made: an empty or torn one is damage, and can be refused as such.
 *
 * SQLite tells a wrong key and a damaged page by the same code.  The two are
 * told apart after a failure only, by trying blocks of the database and the
 * headers of the log: with the right key something opens.
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/vfs.h"
#include "daemon/store/vfs_page.h"
#include "daemon/store/vfs_seal.h"
#include "daemon/store/vfs_shim.h"
#include "daemon/store/vfs_wal.h"
#include "proto/format/file.h"

/* Pages that are tried before a key is called wrong. */
#define PROBE_PAGES 1024

struct setting {
	const char *pragma;
	const char *value;
	const char *expect;
};

/* locking_mode stands before these, journal_mode after them */
static const struct setting settings[] = {
    {"temp_store", "MEMORY", "2"},
    {"mmap_size", "0", NULL},
    {"page_size", "4096", "4096"},
    {"synchronous", "FULL", "2"},
    {"secure_delete", "ON", "1"},
    {"cell_size_check", "ON", "1"},
    {"foreign_keys", "ON", "1"},
    {"trusted_schema", "OFF", "0"},
};

static int outcome(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return VFS_E_DAMAGED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return -EACCES;
	case SQLITE_IOERR:
		return rc == SQLITE_IOERR_DATA ? VFS_E_DAMAGED : -EIO;
	default:
		return -EIO;
	}
}

/* Run the pragma in `sql`; does it answer `expect`?  NULL takes any answer. */
static int run_pragma(sqlite3 *db, const char *sql, const char *expect)
{
	const unsigned char *text;
	sqlite3_stmt *stmt = NULL;
	bool fits = !expect;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return outcome(rc);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		text = sqlite3_column_text(stmt, 0);
		if (expect)
			fits = text && !strcmp((const char *)text, expect);
	}
	sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		return outcome(rc);
	return fits ? 0 : -EIO;
}

static int apply_setting(sqlite3 *db, const struct setting *setting)
{
	char sql[80];
	int r;

	snprintf(sql, sizeof(sql), "PRAGMA main.%s=%s", setting->pragma,
	    setting->value);
	r = run_pragma(db, sql, NULL);
	if (r)
		return r;
	snprintf(sql, sizeof(sql), "PRAGMA main.%s", setting->pragma);
	return run_pragma(db, sql, setting->expect);
}

static int set_up(sqlite3 *db, bool fresh)
{
	int r = 0;
	size_t i;

	if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) ||
	    sqlite3_db_config(
		db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL))
		return -EIO;
	r = run_pragma(db, "PRAGMA main.locking_mode=EXCLUSIVE", "exclusive");
	for (i = 0; !r && i < sizeof(settings) / sizeof(settings[0]); i++)
		r = apply_setting(db, &settings[i]);
	if (!r && fresh)
		r = run_pragma(db, "PRAGMA main.journal_mode=MEMORY", "memory");
	if (!r && fresh)
		r = run_pragma(db, "PRAGMA main.journal_mode=WAL", "wal");
	/* reads page 1 and recovers the log, which turns WAL on */
	if (!r)
		r = run_pragma(
		    db, "SELECT count(*) FROM main.sqlite_schema", NULL);
	if (!r)
		r = run_pragma(db, "PRAGMA main.journal_mode", "wal");
	return r;
}

static int connect_database(const char *path, bool fresh, sqlite3 **ret_db)
{
	sqlite3 *db = NULL;
	int r;

	r = vfs_shim_allow(path);
	if (r)
		return r;
	r = outcome(sqlite3_open_v2(path, &db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE |
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    VFS_NAME));
	if (!r)
		r = set_up(db, fresh);
	if (r) {
		/* what is refused stays as it is: closing would else move
		 * the log's pages into a database that is damaged */
		if (db)
			sqlite3_db_config(
			    db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_close(db);
		return r;
	}
	*ret_db = db;
	return 0;
}

static bool block_opens(
    int fd, off_t offset, struct vfs_seal_place place, size_t len)
{
	uint8_t block[VFS_SEAL_MAX + VFS_SEAL_BYTES];
	uint8_t clear[VFS_SEAL_MAX];
	bool opens;

	if (file_read_at(fd, block, len + VFS_SEAL_BYTES, (uint64_t)offset) < 0)
		return false;
	opens = vfs_seal_open(&place, block, len, clear) == 0;
	explicit_bzero(clear, sizeof(clear));
	return opens;
}

static bool some_page_opens(const char *path)
{
	bool opens = false;
	uint64_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	for (n = 0; n < PROBE_PAGES && !opens; n++)
		opens = block_opens(fd, (off_t)n * VFS_PAGE_BLOCK,
		    vfs_page_place(n + 1), VFS_PAGE);
	close(fd);
	return opens;
}

static bool log_header_opens(const char *path)
{
	struct vfs_seal_place place = {.kind = VFS_SEAL_LOG_HEADER};
	char log[PATH_MAX + 4];
	bool opens;
	int fd;

	snprintf(log, sizeof(log), "%s-wal", path);
	fd = open(log, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	opens = block_opens(fd, 0, place, VFS_WAL_HEADER);
	place.number = 1;
	opens = opens || block_opens(fd, VFS_WAL_COPY, place, VFS_WAL_HEADER);
	close(fd);
	return opens;
}

static int sync_path(const char *path, int flags)
{
	int r = 0;
	int fd;

	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) != 0)
		r = -errno;
	close(fd);
	return r;
}

static int sync_directory_of(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);
}

/* An empty file of our own, which SQLite then makes a database of. */
static int make_empty(const char *path)
{
	char log[PATH_MAX + 4];
	int fd;

	snprintf(log, sizeof(log), "%s-wal", path);
	if ((unlink(path) != 0 && errno != ENOENT) ||
	    (unlink(log) != 0 && errno != ENOENT))
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int create_database(const char *path)
{
	char fresh[PATH_MAX];
	sqlite3 *db = NULL;
	struct stat st;
	int r;

	if (lstat(path, &st) == 0)
		return -EEXIST;
	if (errno != ENOENT) /* rename() would put the new one over it */
		return -errno;
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    (int)sizeof(fresh))
		return -ENAMETOOLONG;
	r = make_empty(fresh);
	if (r)
		return r;
	r = connect_database(fresh, true, &db);
	if (!r)
		r = vfs_scrub(db);
	sqlite3_close(db);
	if (!r)
		r = sync_path(fresh, O_RDONLY);
	if (!r && rename(fresh, path) != 0)
		r = -errno;
	if (!r)
		r = sync_directory_of(path);
	if (r)
		unlink(fresh);
	/* a key cannot be wrong for what was just made with it */
	return r > 0 ? -EIO : r;
}

int vfs_register(const struct vfs_keys *keys)
{
	int r;

	r = vfs_seal_set_keys(keys);
	if (r)
		return r;
	r = vfs_shim_register();
	if (r)
		vfs_seal_wipe();
	return r;
}

void vfs_unregister(void)
{
	vfs_shim_unregister();
	vfs_seal_wipe();
}

int vfs_open_database(const char *path, bool create, sqlite3 **ret_db)
{
	struct stat st;
	int r;

	if (!vfs_shim_registered())
		return -EINVAL;
	if (create) {
		r = create_database(path);
		if (r)
			return r;
	}
	if (stat(path, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	/* not even the stump of a page: nothing to try a key on */
	if (st.st_size < VFS_PAGE_BLOCK)
		return VFS_E_DAMAGED;
	r = connect_database(path, false, ret_db);
	if (r == VFS_E_DAMAGED && !some_page_opens(path) &&
	    !log_header_opens(path))
		return VFS_E_WRONG_KEY;
	return r;
}

int vfs_scrub(sqlite3 *db)
{
	const char *log = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));
	struct stat st;
	int rc;

	rc = sqlite3_wal_checkpoint_v2(
	    db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		return outcome(rc);
	if (stat(log, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	return st.st_size == 0 ? 0 : -EIO;
}
