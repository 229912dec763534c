/*
 * show: one record, opened, for a person to read; its attachments as files; or
 * its sealed objects as age files, which `age -d` opens without any Evident.
 *
 * Attachments are named by us (attachment-1.jpg ...), never by the name the
 * content gives, which is only shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/opened.h"
#include "client/outdir.h"
#include "client/say.h"
#include "proto/bag/bag.h"
#include "proto/format/content_json.h"

struct show {
	struct client *client;
	struct control *control;
	struct opened *opened;
	const char *attachments, *sealed, *purpose;
};

static void print_value(struct span value)
{
	struct buf text = {0};

	if (content_value_text(value, &text) == 0)
		say_safely(stdout, (const char *)text.data, text.len, true);
	else
		say_safely(stdout, (const char *)value.data, value.len, false);
	buf_free(&text);
}

static void print_content(const struct opened *opened)
{
	const struct content_line *line;
	struct content_attachment attachment;
	size_t i;

	printf("record: %s\nauthor: ", opened->id_text);
	for (i = 0; i < 32; i++)
		printf("%02x", opened->entry.author.bytes[i]);
	putchar('\n');
	for (i = 0; i < opened->content.count; i++) {
		line = &opened->content.lines[i];
		if (line->decoy)
			continue;
		printf("%s: ", line->name);
		if (strcmp(line->name, "attachment") == 0 &&
		    content_value_attachment(line->value, &attachment) == 0) {
			say_safely(stdout, attachment.file,
			    strlen(attachment.file), false);
			printf(" (");
			say_safely(stdout, attachment.type,
			    strlen(attachment.type), false);
			printf(", %llu bytes)",
			    (unsigned long long)attachment.size);
		} else {
			print_value(line->value);
		}
		putchar('\n');
	}
}

static int print_json(const struct opened *opened)
{
	const struct content_line *line;
	json_t *fields = json_array(), *root, *value;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < opened->content.count; i++) {
		line = &opened->content.lines[i];
		if (line->decoy)
			continue;
		r = content_json_read(line->value, JSON_DECODE_ANY, &value);
		if (r == 0)
			r = json_array_append_new(
			    fields, json_pack("[s, o]", line->name, value));
	}
	root = json_pack("{s:s, s:I, s:o}", "id", opened->id_text, "index",
	    (json_int_t)opened->entry.index, "fields", fields);
	r = say_json(r == 0 ? root : NULL);
	json_decref(root);
	return r;
}

/* What this node made of it, which stands beside it. */
static int print_beside(struct show *show)
{
	struct ctl_request request = {
	    .op = CTL_LOG, .text = span_text(show->opened->id_text)};
	json_t *json = NULL, *event;
	const char *kind;
	size_t i;
	int r;

	r = control_call(show->control, &request, NULL, 0, NULL, &json);
	json_array_foreach(json_object_get(json, "events"), i, event)
	{
		kind = json_string_value(json_object_get(event, "kind"));
		if (kind && (strcmp(kind, "revision") == 0 ||
				strcmp(kind, "derivative") == 0))
			printf("%s beside it: %s\n", kind,
			    json_string_value(json_object_get(event, "entry")));
	}
	json_decref(json);
	return r;
}

/* A file that did not open whole is removed again. */
static int write_attachment(struct show *show, int dir, unsigned number,
    const struct content_attachment *attachment)
{
	char name[32];
	int fd, r;

	snprintf(name, sizeof name, "attachment-%u.%s", number,
	    bag_ending(attachment->type));
	r = outdir_create(dir, name, &fd);
	if (r != 0)
		return r;
	r = opened_attachment(
	    show->control, show->opened, &attachment->sealed, fd);
	if (r == 0 && fsync(fd) < 0) {
		say_error("cannot write file", name);
		r = EXIT_FAILED;
	}
	close(fd);
	if (r != 0)
		unlinkat(dir, name, 0);
	return r;
}

static int write_attachments(struct show *show)
{
	const struct content *content = &show->opened->content;
	struct content_attachment attachment;
	unsigned number = 0;
	int dir, r;
	size_t i;

	r = outdir_open(show->attachments, &dir);
	for (i = 0; r == 0 && i < content->count; i++) {
		if (strcmp(content->lines[i].name, "attachment") != 0)
			continue;
		if (content_value_attachment(
			content->lines[i].value, &attachment) != 0) {
			say_error("out of memory for an attachment", NULL);
			r = EXIT_FAILED;
			break;
		}
		r = write_attachment(show, dir, ++number, &attachment);
	}
	return r;
}

static int write_sealed_one(
    struct show *show, int dir, const char *detail, size_t number)
{
	char name[48];
	int fd, r;

	if (number == 0)
		snprintf(name, sizeof name, "content.age");
	else
		snprintf(name, sizeof name, "attachment-%zu.age", number);
	r = outdir_create(dir, name, &fd);
	if (r != 0)
		return r;
	r = opened_sealed(show->control, show->opened, number, detail, fd);
	if (r == 0 && fsync(fd) < 0) {
		say_error("cannot write file", name);
		r = EXIT_FAILED;
	}
	close(fd);
	if (r != 0)
		unlinkat(dir, name, 0);
	return r;
}

static int write_sealed(struct show *show)
{
	char *detail = NULL;
	size_t i;
	int dir, r;

	r = opened_detail(show->purpose, NULL, NULL, NULL, &detail);
	if (r == 0)
		r = outdir_open(show->sealed, &dir);
	for (i = 0; r == 0 && i <= show->opened->entry.attachment_count; i++)
		r = write_sealed_one(show, dir, detail, i);
	free(detail);
	return r;
}

static int show_record(struct show *show)
{
	char *detail;
	int r = 0;

	if (show->sealed)
		r = write_sealed(show);
	if (r != 0 || (show->sealed && !show->attachments))
		return r;
	r = opened_detail(show->purpose, NULL, NULL, NULL, &detail);
	if (r == 0)
		r = opened_read(show->control, show->opened, CTL_OPEN_TO_READ,
		    detail, NULL);
	free(detail);
	if (r != 0)
		return r;
	if (show->client->json)
		r = print_json(show->opened);
	else
		print_content(show->opened);
	if (!show->client->json)
		r = print_beside(show);
	if (r == 0 && show->attachments)
		r = write_attachments(show);
	return r;
}

int show_run(struct client *client, int argc, char **argv)
{
	struct show show = {.client = client};
	struct option_spec specs[] = {
	    {.name = "attachments", .value = &show.attachments},
	    {.name = "sealed", .value = &show.sealed},
	    {.name = "purpose", .each = command_once, .context = &show.purpose},
	};
	int r;

	r = command_options(specs, 3, &argc, argv);
	if (r == 0 && argc != 2)
		r = say_usage("show takes one record's id", NULL);
	if (r == 0)
		r = control_open(client, true, &show.control);
	if (r == 0)
		r = opened_fetch(show.control, argv[1], &show.opened);
	if (r == 0)
		r = show_record(&show);
	opened_free(show.opened);
	control_close(show.control);
	return r;
}
