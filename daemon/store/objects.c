/*
 * Object files. Names come from the kernel's random numbers, so they tell
 * nothing and collide never; the first two digits make 256 directories. Times
 * are set to the epoch before each fsync. A file that no row names (a crash
 * before the commit) is swept when the store opens.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/objects.h"
#include "proto/format/bytes.h"

static int make_dir(int at, const char *name)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

int objects_begin(int home, int *ret_dir)
{
	int r = make_dir(home, "objects"), dir;

	if (r < 0)
		return r;
	dir = openat(
	    home, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return -errno;
	if (fsync(home) < 0) {
		close(dir);
		return -EIO;
	}
	*ret_dir = dir;
	return 0;
}

/* "ab/ab12...": the directory is the name's own beginning. */
static int random_name(struct objects_name *ret_name)
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return -EIO;
	hex_encode(bytes, 1, ret_name->text);
	ret_name->text[2] = '/';
	hex_encode(bytes, sizeof bytes, ret_name->text + 3);
	return 0;
}

static void set_time(int fd)
{
	const struct timespec zero[2] = {{0}, {0}};

	futimens(fd, zero);
}

int objects_create(int dir, struct objects_name *ret_name, int *ret_fd)
{
	struct objects_name name;
	char folder[3] = {0};
	int fd, r;

	r = random_name(&name);
	if (r < 0)
		return r;
	memcpy(folder, name.text, 2);
	r = make_dir(dir, folder);
	if (r < 0)
		return r;
	fd = openat(dir, name.text,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	*ret_name = name;
	*ret_fd = fd;
	return 0;
}

/* Where the file system has no such files, one is made and its name removed: no
 * byte is written into it before that is done. */
int objects_create_unnamed(int dir, int *ret_fd)
{
	struct objects_name name;
	int fd, r;

	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	if (fd < 0) {
		r = objects_create(dir, &name, &fd);
		if (r < 0)
			return r;
		if (unlinkat(dir, name.text, 0) < 0) {
			r = -errno;
			close(fd);
			return r;
		}
	}
	*ret_fd = fd;
	return 0;
}

int objects_pick(struct objects_name *ret_name)
{
	return random_name(ret_name);
}

int objects_open(int dir, const char *name, bool writing, int *ret_fd)
{
	char folder[3] = {name[0], name[1], 0};
	int fd, r;

	if (writing) {
		r = make_dir(dir, folder);
		if (r < 0)
			return r;
	}
	fd = openat(dir, name,
	    (writing ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* A lease to read is given where nobody can write, and given back at once. */
int objects_is_written(int dir, const char *name)
{
	int fd = -1, r;

	r = objects_open(dir, name, false, &fd);
	if (r < 0)
		return r;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	else if (errno == ENOMEM || errno == ENOLCK)
		r = -errno;
	else
		r = errno == EAGAIN;
	close(fd);
	return r;
}

int objects_sync_part(int fd)
{
	set_time(fd);
	return fsync(fd) < 0 ? -errno : 0;
}

static int sync_dir(int dir, const char *folder)
{
	int fd, r;

	fd = openat(
	    dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	set_time(fd);
	r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int objects_sync(int dir, const char *name, int fd)
{
	char folder[3] = {name[0], name[1], 0};
	int r;

	r = objects_sync_part(fd);
	if (r == 0)
		r = sync_dir(dir, folder);
	if (r == 0 && fsync(dir) < 0)
		r = -errno;
	return r;
}

void objects_remove(int dir, const char *name)
{
	char folder[3] = {name[0], name[1], 0};

	unlinkat(dir, name, 0);
	sync_dir(dir, folder);
}

static void sweep_folder(
    int dir, const char *folder, objects_keep_cb each, void *context)
{
	char name[3 + 256];
	struct dirent *item;
	DIR *list;
	int fd;

	fd = openat(
	    dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((item = readdir(list)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", folder, item->d_name);
		if (!each(context, name))
			unlinkat(dir, name, 0);
	}
	closedir(list);
	sync_dir(dir, folder);
}

int objects_sweep(int dir, objects_keep_cb each, void *context)
{
	char folder[3];
	unsigned i;

	for (i = 0; i < 256; i++) {
		snprintf(folder, sizeof folder, "%02x", i);
		if (faccessat(dir, folder, F_OK, 0) == 0)
			sweep_folder(dir, folder, each, context);
	}
	return 0;
}
