#ifndef EVIDENT_STORE_VFS_H
#define EVIDENT_STORE_VFS_H

/*
 * The sealed database: SQLite over a VFS of our own, so that no byte of a
 * page ever reaches the disk in the clear (FORMAT.md, "Local store").
 *
 * One database a process.  Order of calls:
 *
 *	vfs_register(keys)
 *	vfs_open_database(path, create, &db)
 *	...  any SQL  ...   vfs_scrub(db) after an erasure
 *	sqlite3_close(db)
 *	vfs_unregister()
 *
 * What the disk may show: the number of pages and of log frames, and when
 * they were written.  What is refused: any page, frame or header that was
 * altered, moved, taken from another database or from an earlier log.  What
 * cannot be seen from inside: the whole store put back to an earlier state,
 * pages put back to earlier sealed copies of themselves (one by one, or by an
 * earlier log, header and all, in the place of the present one), and the newest
 * transactions cut off the end of the log.  The evidence logs and their
 * cosigned checkpoints show those (FORMAT.md, "Log, checkpoint, receipt").
 */

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#define VFS_NAME "evident"
#define VFS_KEY_BYTES 32
#define VFS_FILE_ID_BYTES 16

/*
 * What opens one database.  Both are random, made once when the database is
 * made, and live together in the keyring; neither is written beside the
 * database.  The file id is bound into every seal, so two databases that were
 * ever given one key by mistake still cannot lend each other pages.
 */
struct vfs_keys {
	uint8_t key[VFS_KEY_BYTES];
	uint8_t file_id[VFS_FILE_ID_BYTES];
};

/*
 * Outcomes of vfs_open_database() and vfs_scrub().
 */
enum vfs_outcome {
	/* Nothing in the file opens under this key and file id. */
	VFS_E_WRONG_KEY = 1,
	/* The key is right, but something in database or log is not what was
	 * written.  Nothing was changed; do not create over it. */
	VFS_E_DAMAGED = 2,
};

/*
 * Register the VFS "evident" with SQLite (not as the default one) and copy
 * `keys`, which stays the caller's to wipe, to locked memory.  Return 0,
 * -EALREADY if it is registered, -ENOMEM if the memory cannot be had or
 * cannot be locked, -EIO if libsodium or SQLite refuse to start.
 */
int vfs_register(const struct vfs_keys *keys);

/*
 * Wipe the keys and take the VFS away.  Close the database first; if it is
 * still open, every later read or write of it fails, and nothing is lost that
 * was acknowledged.  Does nothing if nothing is registered.
 */
void vfs_unregister(void);

/*
 * Open the database at `path` for reading and writing, alone, and set it up:
 * WAL, synchronous=FULL, locking_mode=EXCLUSIVE, temp_store=MEMORY,
 * secure_delete, cell_size_check, foreign_keys, trusted_schema off, defensive,
 * extended result codes.  Every setting is read back.  `ret_db` is the
 * caller's to sqlite3_close(); use it from one thread.
 *
 * With `create`, make a new database first, complete or not at all: it is
 * built at `path`.new and renamed.  -EEXIST if there is anything at `path`.
 *
 * Return 0, VFS_E_WRONG_KEY, VFS_E_DAMAGED, -ENOENT if there is no database,
 * -EBUSY if it is open here or elsewhere, -ENOSPC, -EACCES, -ENOMEM,
 * -ENAMETOOLONG, -EINVAL without vfs_register(), -EIO for all else.
 *
 * A later SQLITE_IOERR_DATA from any statement is a page whose seal failed.
 * After any SQLITE_IOERR in a commit close the database and open it again
 * before trusting it with more.
 */
int vfs_open_database(const char *path, bool create, sqlite3 **ret_db);

/*
 * Move everything from the log into `db` and empty the log, durably, so that
 * no earlier copy of any page is left in it.  No statement may be running.
 * Return 0, VFS_E_DAMAGED, -EBUSY if a statement runs, -ENOSPC or -EIO.
 */
int vfs_scrub(sqlite3 *db);

#endif
