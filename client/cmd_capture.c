/*
 * capture, revise, derive: one record from the command line; the last two stand
 * beside one that is there and replace nothing. The id is all that is printed
 * on standard output, and only once the record is on disk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/opened.h"
#include "client/record.h"
#include "client/say.h"

struct capture {
	struct record record;
	struct record_error error;
	unsigned stdin_uses;
	/* Of what stands beside a record. */
	const char *derivative, *purpose, *override;
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
		r = say_json(json);
	else if (r == 0)
		printf("%s\n", json_string_value(json_object_get(json, "id")));
	if (json_is_true(json_object_get(json, "original_unread")))
		say_hint("this node cannot read the original: what the witness "
			 "consented to was neither asked nor taken over; say "
			 "it with --field");
	json_decref(json);
	control_close(control);
	return r;
}

/* What all three take, and more of what stands beside a record; ${argv} keeps
 * what stands apart. */
static int take_options(
    struct capture *capture, size_t more, int *argc, char **argv)
{
	struct option_spec specs[] = {
	    {.name = "to", .each = on_to, .context = capture},
	    {.name = "field", .each = on_field, .context = capture},
	    {.name = "text", .each = on_text, .context = capture},
	    {.name = "attach", .each = on_attach, .context = capture},
	    {.name = "label", .each = on_label, .context = capture},
	    {.name = "purpose",
		.each = command_once,
		.context = &capture->purpose},
	    {.name = "override",
		.each = command_once,
		.context = &capture->override},
	    {.name = "kind", .value = &capture->derivative},
	};

	return command_options(specs, 5 + more, argc, argv);
}

static int set_about(struct capture *capture, const char *id)
{
	char *detail;
	int r;

	r = opened_detail(
	    capture->purpose, NULL, capture->override, NULL, &detail);
	if (r == 0)
		r = fail(capture, record_set_about(&capture->record, id, detail,
				      &capture->error));
	free(detail);
	return r;
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
	int r;

	record_begin(&capture.record);
	r = take_options(&capture, 0, &argc, argv);
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
	int r;

	record_begin(&capture.record);
	r = take_options(&capture, 2, &argc, argv);
	if (r == 0 && argc != 2)
		r = say_usage("revise takes the id of one record", NULL);
	capture.record.kind = CTL_CAPTURE_REVISION;
	if (r == 0)
		r = set_about(&capture, argv[1]);
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
	struct capture capture = {.derivative = ""};
	int r;

	record_begin(&capture.record);
	r = take_options(&capture, 3, &argc, argv);
	if (r == 0 && (argc != 2 || !is_derivative(capture.derivative)))
		r = say_usage(
		    "it is derive ID --kind translation, transcript, redaction "
		    "or working-copy, and what capture takes",
		    NULL);
	capture.record.kind = CTL_CAPTURE_DERIVATIVE;
	if (r == 0)
		r = set_about(&capture, argv[1]);
	if (r == 0)
		r = fail(
		    &capture, record_add_text(&capture.record,
				  "derivative.kind", capture.derivative,
				  strlen(capture.derivative), &capture.error));
	if (r == 0)
		r = finish(client, &capture);
	record_free(&capture.record);
	return r;
}
