/*
 * capture, revise, derive: one record from the command line; the last two stand
 * beside one that is there and replace nothing. The id is all that is printed
 * on standard output, and only once the record is on disk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "client/record.h"
#include "client/say.h"

struct capture {
	struct record record;
	struct record_error error;
	unsigned stdin_uses;
};

static int fail(struct capture *capture, int result)
{
	if (result != 0)
		say_error(capture->error.text, capture->error.subject);
	return result;
}

static int from_file(
    struct capture *capture, const char *name, const char *path)
{
	if (strcmp(path, "-") == 0 && capture->stdin_uses++ > 0)
		return say_usage(
		    "standard input can be read only once, not again for",
		    name);
	return fail(capture,
	    record_add_file(&capture->record, name, path, &capture->error));
}

static int on_field(void *context, const char *value)
{
	struct capture *capture = context;
	const char *equals = strchr(value, '=');
	char name[256];

	if (!equals || equals == value ||
	    (size_t)(equals - value) >= sizeof name)
		return say_usage("a field is NAME=VALUE or NAME=@FILE", NULL);
	memcpy(name, value, (size_t)(equals - value));
	name[equals - value] = 0;
	if (equals[1] == '@')
		return from_file(capture, name, equals + 2);
	return fail(capture, record_add_text(&capture->record, name, equals + 1,
				 strlen(equals + 1), &capture->error));
}

static int on_text(void *context, const char *value)
{
	return from_file(context, "statement", value);
}

static int on_attach(void *context, const char *value)
{
	struct capture *capture = context;

	return fail(capture,
	    record_attach(&capture->record, AT_FDCWD, value, &capture->error));
}

static int on_to(void *context, const char *value)
{
	struct capture *capture = context;

	return fail(
	    capture, record_add_to(&capture->record, value, &capture->error));
}

static int on_label(void *context, const char *value)
{
	struct capture *capture = context;

	if (value[0] == '@')
		return fail(capture, record_label_file(&capture->record,
					 value + 1, &capture->error));
	return fail(capture, record_set_label(&capture->record, value,
				 strlen(value), &capture->error));
}

static int send_record(struct client *client, struct capture *capture)
{
	struct ctl_request request;
	struct control *control;
	json_t *json = NULL;
	int r;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	record_request(&capture->record, &request);
	r = control_call(control, &request, capture->record.fds,
	    capture->record.fd_count, "sealing", &json);
	if (r == 0 && client->json)
		json_dumpf(json, stdout, JSON_COMPACT);
	else if (r == 0)
		fputs(json_string_value(json_object_get(json, "id")), stdout);
	if (r == 0)
		putchar('\n');
	json_decref(json);
	control_close(control);
	return r;
}

/* What all three take; ${argv} keeps what stands apart. */
static int take_options(struct capture *capture, int *argc, char **argv,
    const struct option_spec *more)
{
	struct option_spec specs[] = {
	    {.name = "to", .each = on_to, .context = capture},
	    {.name = "field", .each = on_field, .context = capture},
	    {.name = "text", .each = on_text, .context = capture},
	    {.name = "attach", .each = on_attach, .context = capture},
	    {.name = "label", .each = on_label, .context = capture},
	    *more,
	};

	return command_options(specs, more->name ? 6 : 5, argc, argv);
}

static int finish(struct client *client, struct capture *capture)
{
	int r = 0;

	if (json_array_size(capture->record.fields) == 0 &&
	    json_array_size(capture->record.attachments) == 0)
		r = say_usage("there is nothing to capture: give --text, "
			      "--field or --attach",
		    NULL);
	if (r == 0)
		r = fail(
		    capture, record_seal(&capture->record, &capture->error));
	return r == 0 ? send_record(client, capture) : r;
}

int capture_run(struct client *client, int argc, char **argv)
{
	struct capture capture = {.stdin_uses = 0};
	const struct option_spec none = {.name = NULL};
	int r;

	record_begin(&capture.record);
	r = take_options(&capture, &argc, argv, &none);
	if (r == 0 && argc > 1)
		r = say_usage("capture takes only options, not", argv[1]);
	if (r == 0)
		r = finish(client, &capture);
	record_free(&capture.record);
	return r;
}

int revise_run(struct client *client, int argc, char **argv)
{
	struct capture capture = {.stdin_uses = 0};
	const struct option_spec none = {.name = NULL};
	int r;

	record_begin(&capture.record);
	r = take_options(&capture, &argc, argv, &none);
	if (r == 0 && argc != 2)
		r = say_usage("revise takes the id of one record", NULL);
	capture.record.kind = CTL_CAPTURE_REVISION;
	capture.record.about = argc == 2 ? argv[1] : NULL;
	if (r == 0)
		r = finish(client, &capture);
	record_free(&capture.record);
	return r;
}

static bool is_derivative(const char *kind)
{
	static const char *const kinds[] = {
	    "translation", "transcript", "redaction", "working-copy"};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

int derive_run(struct client *client, int argc, char **argv)
{
	struct capture capture = {.stdin_uses = 0};
	const char *kind = "";
	const struct option_spec more = {.name = "kind", .value = &kind};
	int r;

	record_begin(&capture.record);
	r = take_options(&capture, &argc, argv, &more);
	if (r == 0 && (argc != 2 || !is_derivative(kind)))
		r = say_usage(
		    "it is derive ID --kind translation, transcript, redaction "
		    "or working-copy, and what capture takes",
		    NULL);
	capture.record.kind = CTL_CAPTURE_DERIVATIVE;
	capture.record.about = argc == 2 ? argv[1] : NULL;
	if (r == 0)
		r = fail(&capture,
		    record_add_text(&capture.record, "derivative.kind", kind,
			strlen(kind), &capture.error));
	if (r == 0)
		r = finish(client, &capture);
	record_free(&capture.record);
	return r;
}
