/*
 * Output directories. O_EXCL and O_NOFOLLOW: a file that is there already is
 * an error, never a loss. A directory of somebody else, or one that everybody
 * may write to and rename in, is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/command.h"
#include "client/outdir.h"
#include "client/say.h"

/* Whoever may rename in it can put other files in the place of ours. */
static bool is_safe(int dir)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return false;
	return (st.st_uid == geteuid() || st.st_uid == 0) &&
	       (!(st.st_mode & S_IWOTH) || (st.st_mode & S_ISVTX));
}

int outdir_open(const char *path, int *ret_dir)
{
	int dir;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		say_error("cannot make directory", path);
		return EXIT_FAILED;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		say_error("cannot open directory", path);
		return EXIT_FAILED;
	}
	if (!is_safe(dir)) {
		close(dir);
		say_error("others may change this directory:", path);
		say_hint("nothing was written; choose one of your own");
		return EXIT_FAILED;
	}
	*ret_dir = dir;
	return 0;
}

int outdir_create(int dir, const char *name, int *ret_fd)
{
	int fd;

	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0) {
		say_error(errno == EEXIST ? "there is already a file"
					  : "cannot write file",
		    name);
		return EXIT_FAILED;
	}
	*ret_fd = fd;
	return 0;
}
