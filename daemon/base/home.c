/*
 * Taking a home directory into use.
 *
 * The directory must belong to us and be closed to everybody else, so that no
 * other user can put a file, a link or a socket in our way. The lock is on an
 * open file, so it ends with the daemon, however it ends; the file stays. The
 * socket is bound by a name relative to the directory, for the address of a
 * Unix socket holds 108 bytes and paths are longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/home.h"

#define CONTROL_BACKLOG 64

static const char name_control[] = "control";
static const char name_lock[] = "lock";
static const char name_key[] = "evident.key"; /* of a credential */

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return HOME_E_REFUSED;
}

static int open_directory(const char *path, int *ret_fd, const char **ret_why)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(ret_why,
		    errno == ENOENT    ? "the home directory does not exist"
		    : errno == ENOTDIR ? "the home is not a directory"
				       : "the home directory cannot be opened");
	*ret_fd = fd;
	if (fstat(fd, &st) < 0)
		return refuse(ret_why, "the home directory cannot be read");
	if (st.st_uid != geteuid())
		return refuse(
		    ret_why, "the home directory belongs to somebody else");
	if ((st.st_mode & 07777) != 0700)
		return refuse(ret_why,
		    "the home directory must be closed to others: "
		    "chmod 700 it");
	return 0;
}

static int take_lock(int dir_fd, int *ret_fd, const char **ret_why)
{
	int fd;

	fd = openat(
	    dir_fd, name_lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return refuse(
		    ret_why, "the lock in the home directory cannot be opened");
	*ret_fd = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return refuse(ret_why, errno == EWOULDBLOCK
				   ? "another evidentd is running on this home"
				   : "the home directory cannot be locked");
}

/* A socket left over by a daemon that was killed is removed; we hold the lock,
 * so nobody listens on it. Anything else in its place is not ours to remove. */
static int clear_control(int dir_fd)
{
	struct stat st;

	if (fstatat(dir_fd, name_control, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return unlinkat(dir_fd, name_control, 0) < 0 ? -errno : 0;
}

static int bind_control(int dir_fd, int fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int r;

	memcpy(address.sun_path, name_control, sizeof name_control);
	if (fchdir(dir_fd) < 0)
		return -errno;
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno
								      : 0;
	umask(mask);
	if (chdir("/") < 0 && r == 0)
		r = -errno;
	if (r == 0 && listen(fd, CONTROL_BACKLOG) < 0)
		r = -errno;
	return r;
}

static int listen_control(int dir_fd, int *ret_fd, const char **ret_why)
{
	int fd, r;

	r = clear_control(dir_fd);
	if (r == -ENOTSOCK)
		return refuse(ret_why,
		    "something that is no socket is in the place of "
		    "'control' in the home directory");
	if (r < 0)
		return refuse(ret_why, "the old socket cannot be removed");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(ret_why, "no socket can be made");
	*ret_fd = fd;
	if (bind_control(dir_fd, fd) < 0)
		return refuse(
		    ret_why, "the socket in the home directory cannot be made");
	return 0;
}

static void close_fds(struct home *home)
{
	if (home->control_fd >= 0)
		close(home->control_fd);
	if (home->lock_fd >= 0)
		close(home->lock_fd);
	if (home->dir_fd >= 0)
		close(home->dir_fd);
	if (home->key_fd >= 0)
		close(home->key_fd);
}

void home_take_key(struct home *home)
{
	const char *path = getenv("CREDENTIALS_DIRECTORY");
	int dir;

	dir = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0)
		return;
	home->key_fd = openat(
	    dir, name_key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(dir);
}

int home_open(const char *path, struct home *ret_home, const char **ret_why)
{
	struct home home = {-1, -1, -1, -1};
	int r;

	r = open_directory(path, &home.dir_fd, ret_why);
	if (r == 0)
		r = take_lock(home.dir_fd, &home.lock_fd, ret_why);
	if (r == 0)
		r = listen_control(home.dir_fd, &home.control_fd, ret_why);
	if (r != 0) {
		close_fds(&home);
		return r;
	}
	*ret_home = home;
	return 0;
}

void home_close(struct home *home)
{
	/* First the name, then the lock: who finds no socket and starts a
	 * daemon must not have its new socket removed by us. */
	unlinkat(home->dir_fd, name_control, 0);
	close_fds(home);
}
