/*
 * key: what opens this node, and who reads with it.
 *
 * Secrets pass from file to keeper and back by descriptors; none is ever in
 * this process. Each change asks for the passphrase again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/control.h"
#include "client/passphrase.h"
#include "client/say.h"
#include "proto/wire/messages.h"

static int print_readers(const struct client *client, json_t *json)
{
	json_t *reader;
	size_t i;

	if (client->json)
		return say_json(json);
	json_array_foreach(json_object_get(json, "readers"), i, reader)
	    printf("%s\n", json_string_value(reader));
	return 0;
}

static int call(
    struct client *client, enum wire_key_act act, int data, json_t **ret_json)
{
	struct ctl_request request = {.op = CTL_KEY, .number = act};
	struct control *control;
	int fds[2] = {-1, data}, r;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = passphrase_get(client, false, &fds[0]);
	if (r == 0) {
		r = control_call(
		    control, &request, fds, 2, "opening the keyring", ret_json);
		close(fds[0]);
	}
	control_close(control);
	return r;
}

/* A file that was not there, for its owner alone; gone again if the call fails.
 */
static int call_out(
    struct client *client, enum wire_key_act act, const char *path)
{
	json_t *json = NULL;
	int fd, r;

	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		say_error(errno == EEXIST ? "there is already a file"
					  : "cannot write file",
		    path);
		return EXIT_FAILED;
	}
	r = call(client, act, fd, &json);
	close(fd);
	if (r != 0)
		unlink(path);
	json_decref(json);
	return r;
}

static int add_machine(struct client *client, const char *path)
{
	int r = call_out(client, WIRE_KEY_ADD_MACHINE, path);

	if (r == 0)
		say_warning(
		    "whoever has this file opens this node: give it to "
		    "the service manager as a credential, and delete it");
	return r;
}

static int remove_machine(struct client *client)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), r;
	json_t *json = NULL;

	if (fd < 0) {
		say_error("cannot open file", "/dev/null");
		say_hint("the machine's key still opens this node");
		return EXIT_FAILED;
	}
	r = call(client, WIRE_KEY_REMOVE_MACHINE, fd, &json);
	close(fd);
	json_decref(json);
	return r;
}

static int import_reader(struct client *client, const char *path)
{
	bool own = strcmp(path, "-") != 0;
	json_t *json = NULL;
	struct stat st;
	int fd = STDIN_FILENO, r;

	if (own)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || (own && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))) {
		if (fd >= 0)
			close(fd);
		say_error("cannot read a regular file", path);
		return EXIT_FAILED;
	}
	r = call(client, WIRE_KEY_IMPORT_READER, fd, &json);
	if (own)
		close(fd);
	if (r == 0) {
		r = print_readers(client, json);
		say_hint("the card has one reader more: give it to your "
			 "partners, and compare again");
	}
	json_decref(json);
	return r;
}

static int export_readers(struct client *client, const char *out)
{
	json_t *json = NULL;
	int r;

	if (out)
		return call_out(client, WIRE_KEY_EXPORT_READERS, out);
	if (isatty(STDOUT_FILENO))
		return say_usage("this would show secret keys on the terminal: "
				 "give --out FILE, or a pipe",
		    NULL);
	r = call(client, WIRE_KEY_EXPORT_READERS, STDOUT_FILENO, &json);
	json_decref(json);
	return r;
}

static int list_readers(struct client *client)
{
	json_t *json = NULL;
	int r;

	r = control_simple(client, true, CTL_READERS, NULL, &json);
	if (r == 0)
		r = print_readers(client, json);
	json_decref(json);
	return r;
}

int key_run(struct client *client, int argc, char **argv)
{
	const char *out = NULL, *act;
	struct option_spec specs[] = {{.name = "out", .value = &out}};
	int r;

	r = command_options(specs, 1, &argc, argv);
	if (r != 0)
		return r;
	act = argc > 1 ? argv[1] : "";
	if (out && strcmp(act, "export-reader") != 0)
		return say_usage("--out belongs to key export-reader", NULL);
	if (strcmp(act, "list") == 0 && argc == 2)
		return list_readers(client);
	if (strcmp(act, "import-reader") == 0 && argc == 3)
		return import_reader(client, argv[2]);
	if (strcmp(act, "export-reader") == 0 && argc == 2)
		return export_readers(client, out);
	if (strcmp(act, "add-machine") == 0 && argc == 3)
		return add_machine(client, argv[2]);
	if (strcmp(act, "remove-machine") == 0 && argc == 2)
		return remove_machine(client);
	return say_usage("it is key list, import-reader FILE|-, export-reader "
			 "[--out FILE], add-machine FILE, or remove-machine",
	    NULL);
}
