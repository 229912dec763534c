/*
 * leaves: write down a log, as the ids of all its entries and the checkpoint
 * its author signed over them. Nothing that is there is written over, and what
 * is not whole and on disk is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "client/control.h"
#include "client/say.h"

static int say_unwritable(const char *path)
{
	if (errno == EEXIST)
		say_error("something is there already:", path);
	else if (errno == ENOSPC || errno == EDQUOT)
		say_error("there is no room for the leaves at", path);
	else
		say_error("the leaves cannot be written to", path);
	say_hint("nothing was changed; choose another name");
	return EXIT_FAILED;
}

static int call(
    struct client *client, const char *id, int fd, json_t **ret_json)
{
	struct ctl_request request = {.op = CTL_LEAVES, .text = span_text(id)};
	struct control *control;
	int r;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, &request, &fd, 1, "writing", ret_json);
	control_close(control);
	return r;
}

static int write_leaves(
    struct client *client, const char *id, const char *path, json_t **ret_json)
{
	int fd, r;

	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_unwritable(path);
	r = call(client, id, fd, ret_json);
	if (r == 0 && fsync(fd) < 0)
		r = say_unwritable(path);
	close(fd);
	if (r != 0)
		unlink(path);
	return r;
}

int leaves_run(struct client *client, int argc, char **argv)
{
	const char *out = NULL;
	const struct option_spec specs[] = {{.name = "out", .value = &out}};
	json_t *json = NULL;
	int r;

	r = command_options(specs, 1, &argc, argv);
	if (r == 0 && (argc != 2 || !out))
		return say_usage("it is leaves ID --out FILE", NULL);
	if (r == 0)
		r = write_leaves(client, argv[1], out, &json);
	if (r == 0 && client->json)
		r = say_json(json);
	json_decref(json);
	return r;
}
