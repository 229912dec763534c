/*
 * init, unlock, lock, status, stop: the node itself.
 *
 * status, lock and stop never start a daemon. init leaves the new node locked
 * and no daemon running, so that the first unlock proves the passphrase.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/control.h"
#include "client/passphrase.h"
#include "client/say.h"
#include "proto/format/card.h"

/* Make ${path} and what is missing above it, all for the owner alone. */
static int make_home(const char *path)
{
	char part[PATH_MAX];
	size_t i, len = strlen(path);

	memcpy(part, path, len + 1);
	for (i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != 0)
			continue;
		part[i] = 0;
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (i < len)
			part[i] = '/';
	}
	return 0;
}

static int check_addresses(const char *listen, const char *address)
{
	if (*listen && !card_address_is_valid(span_text(listen)))
		return say_usage(
		    "an address to listen on is ADDR:PORT, not", listen);
	if (*address && !card_address_is_valid(span_text(address)))
		return say_usage("an address is HOST:PORT, not", address);
	return 0;
}

static int init_node(struct client *client, struct ctl_request *request)
{
	struct ctl_request stop = {.op = CTL_STOP};
	struct control *control;
	int fd, r;

	r = passphrase_get(client, true, &fd);
	if (r != 0)
		return r;
	if (make_home(client->home) < 0) {
		close(fd);
		say_error("the home directory cannot be made", client->home);
		return EXIT_FAILED;
	}
	r = control_open(client, true, &control);
	if (r == 0) {
		r = control_call(control, request, &fd, 1, NULL, NULL);
		if (r == 0)
			r = control_call(control, &stop, NULL, 0, NULL, NULL);
		control_close(control);
		if (r == 0) /* nothing of a new node is left to finish */
			(void)control_wait_gone(client);
	}
	close(fd);
	return r;
}

int init_run(struct client *client, int argc, char **argv)
{
	const char *name = NULL, *listen = "", *address = "";
	bool reader = false;
	struct option_spec specs[] = {
	    {.name = "name", .value = &name},
	    {.name = "reader", .flag = &reader},
	    {.name = "listen", .value = &listen},
	    {.name = "address", .value = &address},
	};
	struct span names[2];
	struct ctl_request request = {.op = CTL_INIT};
	int r;

	r = command_options(specs, 4, &argc, argv);
	if (r != 0)
		return r;
	if (argc > 1)
		return say_usage("init takes only options, not", argv[1]);
	if (!name)
		return say_usage("init needs --name NAME", NULL);
	if (!card_name_is_valid(span_text(name)))
		return say_usage("a name is 1 to 64 of A-Z a-z 0-9 . _ - and "
				 "begins with a letter or digit, not",
		    name);
	r = check_addresses(listen, address);
	if (r != 0)
		return r;
	if (*listen && reader)
		say_warning("this node will listen and read: whoever takes it "
			    "while unlocked can read what it holds");
	names[0] = span_text(listen);
	names[1] = span_text(address);
	request.text = span_text(name);
	request.flags = reader ? CTL_FLAG_READER : 0;
	request.names.items = names;
	request.names.count = 2;
	return init_node(client, &request);
}

static int only_name(int argc, char **argv)
{
	int r = command_options(NULL, 0, &argc, argv);

	if (r == 0 && argc > 1)
		return say_usage(
		    "this command takes no argument, but got", argv[1]);
	return r;
}

int unlock_run(struct client *client, int argc, char **argv)
{
	struct ctl_request request = {.op = CTL_UNLOCK};
	struct control *control;
	int fd, r;

	r = only_name(argc, argv);
	if (r == 0)
		r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = passphrase_get(client, false, &fd);
	if (r == 0) {
		r = control_call(control, &request, &fd, 1, NULL, NULL);
		close(fd);
	}
	control_close(control);
	return r;
}

/* Whether the processes that held keys are gone and new ones answer. */
static bool is_locked(struct client *client)
{
	char state[16];

	return control_peek_state(client, state) &&
	       (strcmp(state, "locked") == 0 || strcmp(state, "empty") == 0);
}

int lock_run(struct client *client, int argc, char **argv)
{
	int r, i;

	r = only_name(argc, argv);
	if (r == 0)
		r = control_simple(client, false, CTL_LOCK, NULL, NULL);
	if (r != 0)
		return r;
	for (i = 0; i < 100; i++) {
		if (is_locked(client))
			return 0;
		usleep(20000);
	}
	say_error("the node did not lock", NULL);
	say_hint("end the daemon with: evident stop");
	return EXIT_FAILED;
}

int stop_run(struct client *client, int argc, char **argv)
{
	int r = only_name(argc, argv);

	if (r == 0)
		r = control_simple(client, false, CTL_STOP, NULL, NULL);
	if (r != 0 || control_wait_gone(client))
		return r;
	say_error("the daemon has not ended yet", NULL);
	say_hint("it may still hold the keys: look with evident status, and "
		 "try again");
	return EXIT_FAILED;
}

static void print_facts(const json_t *json)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)json, key, value)
	{
		if (json_is_array(value))
			continue;
		printf("%-12s ", key);
		if (json_is_string(value))
			say_safely(stdout, json_string_value(value),
			    json_string_length(value), false);
		else if (json_is_boolean(value))
			printf("%s", json_is_true(value) ? "yes" : "no");
		else
			printf("%lld", (long long)json_integer_value(value));
		putchar('\n');
	}
	json_array_foreach(json_object_get(json, "warnings"), i, value)
	    say_warning(json_string_value(value));
}

int status_run(struct client *client, int argc, char **argv)
{
	struct control *control;
	json_t *json = NULL;
	int r;

	r = only_name(argc, argv);
	if (r == 0)
		r = control_open(client, false, &control);
	if (r != 0)
		return r;
	r = control_ask_status(control, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		print_facts(json);
	}
	json_decref(json);
	control_close(control);
	return r;
}
