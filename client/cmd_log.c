/*
 * log: the life of one record, as far as this node knows it. Nothing of what is
 * sealed is shown.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/control.h"
#include "client/say.h"

static void print_text(const json_t *text)
{
	say_safely(
	    stdout, json_string_value(text), json_string_length(text), false);
}

/* What this node calls somebody, or the author id. */
static void print_who(const json_t *who)
{
	const json_t *name = json_object_get(who, "name");

	print_text(name ? name : json_object_get(who, "author"));
	if (json_is_true(json_object_get(who, "own")))
		fputs(" (this node)", stdout);
}

static void print_time(const json_t *seconds)
{
	const time_t at = (time_t)json_integer_value(seconds);
	const char *shown = "?";
	char text[32];
	struct tm utc;

	if (gmtime_r(&at, &utc) &&
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
		shown = text;
	fputs(shown, stdout);
}

/* What else an event says: a list of texts for each name. */
static void print_detail(const json_t *detail)
{
	const char *name;
	json_t *list, *value;
	size_t i;

	json_object_foreach((json_t *)detail, name, list)
	{
		printf("; %s ", name);
		json_array_foreach(list, i, value)
		{
			if (i > 0)
				fputs(", ", stdout);
			if (json_is_string(value))
				print_text(value);
		}
	}
}

static void print_event(const json_t *event)
{
	print_text(json_object_get(event, "time"));
	putchar(' ');
	print_text(json_object_get(event, "kind"));
	fputs(" by ", stdout);
	print_who(event);
	print_detail(json_object_get(event, "detail"));
	printf(" (entry %.8s)\n",
	    json_string_value(json_object_get(event, "entry")));
}

static void print_holder(const json_t *holder, bool withdrawn)
{
	bool erased = json_is_true(json_object_get(holder, "erased"));

	if (withdrawn)
		fputs(erased ? "erased by " : "not yet confirmed by ", stdout);
	else
		fputs(json_is_true(json_object_get(holder, "delivered"))
			  ? "delivered to "
			  : "not yet delivered to ",
		    stdout);
	print_who(holder);
	putchar('\n');
}

static void print_log(const json_t *json)
{
	const char *state = json_string_value(json_object_get(json, "state"));
	bool withdrawn = state && (strcmp(state, "withdrawn") == 0 ||
				      strcmp(state, "set aside") == 0);
	json_t *item;
	size_t i;

	printf("record %s\nplace %lld of log %s\nstate %s\nsigned by ",
	    json_string_value(json_object_get(json, "id")),
	    (long long)json_integer_value(json_object_get(json, "index")),
	    json_string_value(json_object_get(json, "log")), state);
	print_who(json_object_get(json, "signed_by"));
	putchar('\n');
	json_array_foreach(json_object_get(json, "cosigned_by"), i, item)
	{
		fputs("cosigned by ", stdout);
		print_who(item);
		fputs(" at ", stdout);
		print_time(json_object_get(item, "at"));
		putchar('\n');
	}
	fputs("stored here ", stdout);
	print_time(json_object_get(json, "stored_at"));
	if (json_object_get(json, "received_from")) {
		fputs(", from ", stdout);
		print_text(json_object_get(json, "received_from"));
	}
	putchar('\n');
	json_array_foreach(json_object_get(json, "events"), i, item)
	    print_event(item);
	if (json_object_get(json, "events_left_out"))
		printf("and %lld more events, left out\n",
		    (long long)json_integer_value(
			json_object_get(json, "events_left_out")));
	json_array_foreach(json_object_get(json, "holders"), i, item)
	    print_holder(item, withdrawn);
}

int log_run(struct client *client, int argc, char **argv)
{
	json_t *json = NULL;
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r == 0 && argc != 2)
		return say_usage("it is log ID", NULL);
	if (r == 0)
		r = control_simple(client, true, CTL_LOG, argv[1], &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		print_log(json);
	}
	json_decref(json);
	return r;
}
