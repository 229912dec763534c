/*
 * bundle write, bundle read: sync carried by hand, as one file that only the
 * partner can open.
 *
 * A bundle is written beside its name and renamed when it is whole and on disk,
 * so that a stick pulled too early never holds half of one under that name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/control.h"
#include "client/say.h"
#include "proto/format/file.h"

static int call(struct client *client, const struct ctl_request *request,
    int fd, const char *what)
{
	struct control *control;
	json_t *json = NULL;
	int r;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, request, &fd, 1, what, &json);
	if (r == 0 && client->json && json)
		r = say_json(json);
	json_decref(json);
	control_close(control);
	return r;
}

static int say_unwritable(const char *path)
{
	if (errno == ENOSPC || errno == EDQUOT)
		say_error("there is no room for the bundle at", path);
	else
		say_error("the bundle cannot be written to", path);
	say_hint("nothing was changed");
	return EXIT_FAILED;
}

/* Not before the folder's entry is on disk too may the stick be pulled. */
static int put_in_place(const char *partial, const char *path, int fd)
{
	int r;

	if (fsync(fd) < 0 || rename(partial, path) < 0)
		return say_unwritable(path);
	r = file_sync_folder(path);
	if (r == 0)
		return 0;
	unlink(path);
	errno = -r;
	return say_unwritable(path);
}

static int write_bundle(
    struct client *client, const char *partner, const char *path)
{
	struct ctl_request request = {
	    .op = CTL_BUNDLE_WRITE, .text = span_text(partner)};
	char partial[PATH_MAX];
	int fd, r;

	if (access(path, F_OK) == 0) {
		say_error("something is there already:", path);
		say_hint("choose another name; nothing was changed");
		return EXIT_FAILED;
	}
	if (errno != ENOENT) /* what it is cannot be told, so it stays */
		return say_unwritable(path);
	if (snprintf(partial, sizeof partial, "%s.partial", path) >=
	    (int)sizeof partial)
		return say_usage("this path is too long", NULL);
	unlink(partial); /* of a write that was cut off */
	fd = open(
	    partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_unwritable(path);
	r = call(client, &request, fd, "writing");
	if (r == 0)
		r = put_in_place(partial, path, fd);
	close(fd);
	if (r != 0)
		unlink(partial);
	return r;
}

static int read_bundle(struct client *client, const char *path)
{
	struct ctl_request request = {.op = CTL_BUNDLE_READ};
	struct stat st;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		say_error("cannot read a regular file", path);
		return EXIT_FAILED;
	}
	r = call(client, &request, fd, "reading");
	close(fd);
	return r;
}

int bundle_run(struct client *client, int argc, char **argv)
{
	const char *act;
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r != 0)
		return r;
	act = argc > 1 ? argv[1] : "";
	if (strcmp(act, "write") == 0 && argc == 4)
		return write_bundle(client, argv[2], argv[3]);
	if (strcmp(act, "read") == 0 && argc == 3)
		return read_bundle(client, argv[2]);
	return say_usage(
	    "it is bundle write PARTNER FILE, or bundle read FILE", NULL);
}
