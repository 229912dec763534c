#ifndef EVIDENT_STORE_VFS_SHIM_H
#define EVIDENT_STORE_VFS_SHIM_H

/*
 * The VFS as SQLite sees it.  Part of vfs.h.
 */

#include <stdbool.h>

/*
 * Register the VFS over SQLite's "unix".  Return 0, -EALREADY, or -EIO if
 * SQLite refuses.
 */
int vfs_shim_register(void);

/* Take the VFS away.  Files that are open stay so until SQLite closes them. */
void vfs_shim_unregister(void);

bool vfs_shim_registered(void);

/*
 * Let the next database that is opened be the one at `path`, and no other;
 * copied.  Return 0, -EBUSY while a database is open, -ENAMETOOLONG, or -EIO
 * if the path cannot be made absolute.
 */
int vfs_shim_allow(const char *path);

#endif
