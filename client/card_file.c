/*
 * Cards, enrolled or not, read from and written to files. A card is written
 * beside its name and renamed when it is on disk, so that nobody is handed half
 * of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/card_file.h"
#include "client/command.h"
#include "client/say.h"
#include "proto/format/file.h"

int card_file_read(const char *path, char ret_text[ENROLLED_CARD_BYTES_MAX + 1],
    size_t *ret_len)
{
	struct stat st;
	int fd, r = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		r = file_read(
		    fd, ret_text, ENROLLED_CARD_BYTES_MAX + 1, ret_len);
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		say_error("cannot read a regular file", path);
		return EXIT_FAILED;
	}
	if (*ret_len > ENROLLED_CARD_BYTES_MAX) {
		say_error("this file is too large for a card:", path);
		return EXIT_FAILED;
	}
	return 0;
}

int card_file_write(const char *path, const char *text, size_t len)
{
	char part[PATH_MAX];
	bool there;
	FILE *file;
	int bad;

	if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return say_usage("the path is too long:", path);
	file = fopen(part, "wxe");
	if (!file) {
		there = errno == EEXIST;
		say_error(
		    there ? "something is there already:" : "cannot write file",
		    part);
		if (there)
			say_hint("it is of a write that was cut off, unless it "
				 "is yours: remove it, or choose another name");
		return EXIT_FAILED;
	}
	bad = fwrite(text, 1, len, file) != len;
	bad |= fflush(file) != 0 || fsync(fileno(file)) < 0;
	bad |= fclose(file) != 0;
	if (bad || rename(part, path) < 0) {
		unlink(part);
		say_error("cannot write file", path);
		return EXIT_FAILED;
	}
	return 0;
}
