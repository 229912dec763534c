/*
 * list: what this node holds, newest last. It needs no reading key and shows
 * nothing of what is sealed.
 */
#include <stdio.h>
#include <string.h>

#include "client/control.h"
#include "client/say.h"

static void print_names(const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		if (i > 0)
			putchar(',');
		say_safely(stdout, json_string_value(name),
		    json_string_length(name), false);
	}
	if (json_array_size(names) == 0)
		putchar('-');
}

static const char *state_of(const json_t *record)
{
	const char *withdrawn =
	    json_string_value(json_object_get(record, "withdrawn"));

	if (withdrawn)
		return strcmp(withdrawn, "set aside") == 0 ? "set aside"
							   : "withdrawn";
	if (json_is_true(json_object_get(record, "forgotten")))
		return "forgotten";
	if (json_is_true(json_object_get(record, "unread")))
		return "unread";
	return json_is_true(json_object_get(record, "complete")) ? "whole"
								 : "incomplete";
}

static void print_record(const json_t *record)
{
	const char *from =
	    json_string_value(json_object_get(record, "received_from"));
	const json_t *label;

	printf("%.8s  %8lld  %3lld  %-12s  ",
	    json_string_value(json_object_get(record, "id")),
	    (long long)json_integer_value(json_object_get(record, "index")),
	    (long long)json_integer_value(
		json_object_get(record, "attachments")),
	    state_of(record));
	printf("%-16s  ", from ? from : "(this node)");
	print_names(json_object_get(record, "delivered"));
	label = json_object_get(record, "label");
	if (label) {
		fputs("  ", stdout);
		say_safely(stdout, json_string_value(label),
		    json_string_length(label), false);
	}
	putchar('\n');
}

int list_run(struct client *client, int argc, char **argv)
{
	json_t *json = NULL, *record;
	size_t i;
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r == 0 && argc > 1)
		return say_usage("list takes no argument, but got", argv[1]);
	if (r == 0)
		r = control_simple(client, true, CTL_LIST, NULL, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		printf("%-8s  %8s  %3s  %-12s  %-16s  %s  %s\n", "id", "index",
		    "att", "state", "from", "delivered", "label");
		json_array_foreach(json_object_get(json, "records"), i, record)
		    print_record(record);
	}
	json_decref(json);
	return r;
}
