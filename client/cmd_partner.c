/*
 * partner add | compare | proxy | list | remove: whom this node knows.
 *
 * Adding a card proves nothing: until two people have compared the number
 * both screens show, nothing is sealed to that partner or synced with it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/control.h"
#include "client/say.h"
#include "proto/format/card.h"

static int read_card(const char *path, char *data, size_t max, size_t *ret_len)
{
	struct stat st;
	ssize_t n = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, data, max + 1);
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		say_error("cannot read a regular file", path);
		return EXIT_FAILED;
	}
	if ((size_t)n > max) {
		say_error("this file is too large for a card:", path);
		return EXIT_FAILED;
	}
	*ret_len = (size_t)n;
	return 0;
}

static int ask(
    struct client *client, const struct ctl_request *request, json_t **ret_json)
{
	struct control *control;
	int r;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, request, NULL, 0, NULL, ret_json);
	control_close(control);
	return r;
}

static int add(struct client *client, const char *path, bool mirror)
{
	char card[CARD_BYTES_MAX + 1];
	struct ctl_request request = {.op = CTL_PARTNER_ADD};
	json_t *json = NULL;
	size_t len;
	int r;

	r = read_card(path, card, CARD_BYTES_MAX, &len);
	if (r != 0)
		return r;
	request.blob = span_of(card, len);
	request.flags = mirror ? CTL_FLAG_MIRROR : 0;
	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (r == 0) {
		fputs(json_string_value(json_object_get(json, "name")), stdout);
		putchar('\n');
	}
	json_decref(json);
	return r;
}

static int compare(struct client *client, const char *name, const char *number)
{
	struct ctl_request request = {
	    .op = CTL_PARTNER_COMPARE, .text = span_text(name)};
	struct span given;
	json_t *json = NULL;
	int r;

	if (number) {
		given = span_text(number);
		request.names.items = &given;
		request.names.count = 1;
	}
	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (r == 0 && !number) {
		printf(
		    "%s\n", json_string_value(json_object_get(json, "number")));
	}
	json_decref(json);
	return r;
}

static int list(struct client *client)
{
	json_t *json = NULL, *partner;
	size_t i;
	int r;

	r = control_simple(client, true, CTL_PARTNER_LIST, NULL, &json);
	if (r == 0 && client->json) {
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (r == 0) {
		json_array_foreach(json_object_get(json, "partners"), i,
		    partner) printf("%-24s  %-12s  %-6s  %s\n",
		    json_string_value(json_object_get(partner, "name")),
		    json_is_true(json_object_get(partner, "compared"))
			? "compared"
			: "not compared",
		    json_is_true(json_object_get(partner, "mirror")) ? "mirror"
								     : "",
		    json_string_value(json_object_get(partner, "proxy")));
	}
	json_decref(json);
	return r;
}

static int set_proxy(struct client *client, const char *name, const char *proxy)
{
	struct span given = span_text(proxy);
	struct ctl_request request = {
	    .op = CTL_PARTNER_PROXY,
	    .text = span_text(name),
	    .names = {&given, 1},
	};
	json_t *json = NULL;
	const char *used;
	int r;

	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (r == 0) {
		used = json_string_value(json_object_get(json, "proxy"));
		if (*used && strcmp(proxy, "none") == 0)
			say_hint("this partner has an onion address and is "
				 "still reached by Tor alone");
		else if (!*used)
			say_hint("this partner is contacted directly from now "
				 "on: its network sees who calls");
	}
	json_decref(json);
	return r;
}

static int set_limit(struct client *client, const char *name, const char *limit)
{
	struct span given = span_text(limit);
	struct ctl_request request = {
	    .op = CTL_PARTNER_LIMIT,
	    .text = span_text(name),
	    .names = {&given, 1},
	};
	json_t *json = NULL;
	int r;

	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(json);
	return r;
}

/* The number may be given as one argument or as its twelve groups. */
static int join_number(int argc, char **argv, char *out, size_t size)
{
	size_t len = 0;
	int i;

	out[0] = 0;
	for (i = 0; i < argc; i++) {
		if (len + strlen(argv[i]) + 2 > size)
			return say_usage("this number is too long:", argv[i]);
		len += (size_t)snprintf(
		    out + len, size - len, "%s%s", i > 0 ? " " : "", argv[i]);
	}
	return 0;
}

int partner_run(struct client *client, int argc, char **argv)
{
	bool mirror = false;
	struct option_spec specs[] = {{.name = "mirror", .flag = &mirror}};
	struct ctl_request request = {.op = CTL_PARTNER_REMOVE};
	char number[256];
	const char *act;
	int r;

	r = command_options(specs, 1, &argc, argv);
	if (r != 0)
		return r;
	act = argc > 1 ? argv[1] : "";
	if (mirror && strcmp(act, "add") != 0)
		return say_usage("--mirror belongs to partner add", NULL);
	if (strcmp(act, "list") == 0 && argc == 2)
		return list(client);
	if (strcmp(act, "add") == 0 && argc == 3)
		return add(client, argv[2], mirror);
	if (strcmp(act, "proxy") == 0 && argc == 4)
		return set_proxy(client, argv[2], argv[3]);
	if (strcmp(act, "limit") == 0 && argc == 4)
		return set_limit(client, argv[2], argv[3]);
	if (strcmp(act, "remove") == 0 && argc == 3) {
		request.text = span_text(argv[2]);
		return ask(client, &request, NULL);
	}
	if (strcmp(act, "compare") != 0 || argc < 3)
		return say_usage(
		    "it is partner add CARD, compare NAME "
		    "[NUMBER], proxy NAME IP:PORT|none, limit NAME "
		    "KIB|none|default, list, or remove NAME",
		    NULL);
	r = join_number(argc - 3, argv + 3, number, sizeof number);
	if (r != 0)
		return r;
	return compare(client, argv[2], argc > 3 ? number : NULL);
}
