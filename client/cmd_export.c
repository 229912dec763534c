/*
 * export: records into a bag for a court or an archive. What is not named with
 * --disclose stays closed: its digests show that it is there, and no more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/custody.h"
#include "client/opened.h"
#include "client/say.h"
#include "proto/bag/bag.h"
#include "proto/bag/tellings.h"

#define NAMES_MAX 256

struct export
{
	struct control *control;
	struct bag_writer *writer;
	bool all, witnesses, with_custody;
	bool withheld;   /* something that was asked for */
	size_t unopened; /* entries that cannot be opened here */
	struct custody custody;
	const char *purpose, *recipient, *override;
	size_t name_count;
	const char *names[NAMES_MAX];
	bool met[NAMES_MAX]; /* some record has such a field */
	char *names_text;
};

static int split_names(struct export *export, const char *list)
{
	char *rest, *name;

	export->names_text = strdup(list);
	rest = export->names_text;
	while (rest && (name = strsep(&rest, ",")) != NULL) {
		if (*name == 0)
			continue;
		if (strcmp(name, "all") == 0)
			return say_usage("a field of the name 'all' is shown "
					 "by --disclose-all alone",
			    NULL);
		if (export->name_count == NAMES_MAX)
			return say_usage("too many names in", list);
		export->names[export->name_count++] = name;
	}
	return export->names_text ? 0 : EXIT_FAILED;
}

static void note_names(struct export *export, const struct content *content)
{
	size_t i, k;

	for (i = 0; i < content->count; i++)
		for (k = 0; k < export->name_count; k++)
			if (strcmp(content->lines[i].name, export->names[k]) ==
			    0)
				export->met[k] = true;
}

static bool shows_attachments(const struct export *export)
{
	size_t i;

	for (i = 0; i < export->name_count; i++)
		if (strcmp(export->names[i], "attachment") == 0)
			return true;
	return export->all;
}

static int say_write_failure(int result)
{
	if (result == -EEXIST)
		say_error("this record is named twice, or something is in the "
			  "way",
		    NULL);
	else if (result == -ENOSPC)
		say_error("the disk is full", NULL);
	else if (result == BAG_E_CONFLICT)
		say_error("these records' log was told in two ways, and no bag "
			  "with both would hold: export them apart",
		    NULL);
	else if (result > 0)
		say_error("the record does not verify", NULL);
	else
		say_error("the bag cannot be written", NULL);
	say_hint("no bag was left behind, and nothing stored was touched");
	return result > 0 && result != BAG_E_CONFLICT ? EXIT_NOT_VERIFIED
						      : EXIT_FAILED;
}

static int write_attachment(struct export *export, struct opened *opened,
    const struct content_attachment *attachment)
{
	int fd, r;

	if (bag_writer_attachment(
		export->writer, &opened->id, attachment, &fd) < 0) {
		say_error("an attachment's file cannot be written", NULL);
		return EXIT_FAILED;
	}
	r = opened_attachment(export->control, opened, &attachment->sealed, fd);
	if (close(fd) < 0 && r == 0) {
		say_error("an attachment's file cannot be written", NULL);
		r = EXIT_FAILED;
	}
	return r;
}

static int write_attachments(struct export *export, struct opened *opened)
{
	const struct content *content = &opened->content;
	struct content_attachment attachment;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < content->count; i++) {
		if (strcmp(content->lines[i].name, "attachment") != 0)
			continue;
		r = content_value_attachment(
		    content->lines[i].value, &attachment);
		r = r == 0 ? write_attachment(export, opened, &attachment)
			   : say_write_failure(r);
	}
	return r;
}

/* What the own log shall say: what is shown to whom, and what for. */
static int describe(const struct export *export, char **ret_detail)
{
	json_t *fields = json_array();
	int r = 0;
	size_t i;

	for (i = 0; r == 0 && i < export->name_count; i++)
		r = json_array_append_new(
		    fields, json_string(export->names[i]));
	if (r == 0 && export->all)
		r = json_array_append_new(fields, json_string("all"));
	if (r < 0)
		say_error("out of memory, or the name of a field is not valid "
			  "UTF-8",
		    NULL);
	r = r < 0 ? EXIT_FAILED
		  : opened_detail(export->purpose, export->recipient,
			export->override, fields, ret_detail);
	json_decref(fields);
	return r;
}

static bool is_withheld(const json_t *withheld, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(withheld, i,
	    item) if (strcmp(json_string_value(item), name) == 0) return true;
	return false;
}

/* The names of this record that are shown: those asked for, without those that
 * the witness did not consent to show. The pointers are to others' texts. */
static size_t choose_names(const struct export *export,
    const struct content *content, const json_t *withheld, const char **names)
{
	size_t i, count = 0;

	if (!export->all) {
		for (i = 0; i < export->name_count; i++)
			if (!is_withheld(withheld, export->names[i]))
				names[count++] = export->names[i];
		return count;
	}
	for (i = 0; i < content->count; i++)
		if (!content->lines[i].decoy &&
		    !is_withheld(withheld, content->lines[i].name))
			names[count++] = content->lines[i].name;
	return count;
}

/* Before the log says that it was exported. */
static int check_proof(const struct opened *opened)
{
	if (opened->proof.len > 0)
		return 0;
	say_error("what proves this record's place in its log is not all here "
		  "yet",
	    NULL);
	say_hint("nothing was exported, and nothing is wrong with the record: "
		 "sync with whom it came from, then export again");
	return EXIT_FAILED;
}

static int add_record(
    struct export *export, struct opened *opened, const json_t *withheld)
{
	struct bag_record record = {
	    .entry = buf_span(&opened->entry_bytes),
	    .signature = opened->signature,
	    .author = opened->author,
	    .proof = buf_span(&opened->proof),
	    .content = &opened->content,
	    .witnesses = opened->witnesses,
	    .witness_count = export->witnesses ? opened->witness_count : 0,
	};
	const char **names;
	int r;

	note_names(export, &opened->content);
	names = calloc(
	    opened->content.count + export->name_count + 1, sizeof *names);
	if (!names)
		return say_write_failure(-ENOMEM);
	if (json_array_size(withheld) > 0 || !export->all) {
		record.names = names;
		record.name_count =
		    choose_names(export, &opened->content, withheld, names);
	}
	r = bag_writer_add(export->writer, &record);
	free(names);
	if (r != 0)
		return say_write_failure(r);
	return shows_attachments(export) ? write_attachments(export, opened)
					 : 0;
}

static int export_one(struct export *export, const char *id)
{
	char *detail = NULL;
	json_t *withheld = NULL;
	struct opened *opened = NULL;
	int r;

	r = describe(export, &detail);
	if (r == 0)
		r = opened_fetch(export->control, id, &opened);
	if (r == 0)
		r = check_proof(opened);
	if (r == 0)
		r = opened_read(export->control, opened, CTL_OPEN_TO_EXPORT,
		    detail, &withheld);
	if (r == 0 && json_array_size(withheld) > 0)
		export->withheld = true;
	if (r == 0)
		r = add_record(export, opened, withheld);
	if (r == 0)
		r = custody_add(
		    export->control, &export->custody, opened->id_text);
	json_decref(withheld);
	free(detail);
	opened_free(opened);
	return r;
}

/* Of an entry that says what was done, what a court asks for; and what was
 * asked for by name. */
static size_t custody_names(const struct export *export, const char **names)
{
	static const char *const always[] = {"time", "after", "record",
	    "audience", "purpose", "recipient", "field"};
	size_t i, count = 0;

	for (i = 0; i < sizeof always / sizeof *always; i++)
		names[count++] = always[i];
	for (i = 0; i < export->name_count; i++)
		names[count++] = export->names[i];
	return count;
}

/* What cannot be opened here is left out, and counted. */
static int add_custody_entry(struct export *export, const struct entry_id *id)
{
	const char *names[NAMES_MAX + 8];
	struct bag_record record = {
	    .names = export->all ? NULL : names,
	    .name_count = custody_names(export, names),
	    .about = export->custody.about,
	    .about_count = export->custody.about_count,
	};
	struct opened *opened = NULL;
	char text[65];
	int r;

	hex_encode(id->bytes, sizeof id->bytes, text);
	r = opened_fetch(export->control, text, &opened);
	if (r != 0)
		return r;
	r = opened->proof.len > 0 ? opened_try(export->control, opened) : 1;
	if (r != 0) {
		opened_free(opened);
		export->unopened += r > 0;
		return r < 0 ? EXIT_FAILED : 0;
	}
	record.entry = buf_span(&opened->entry_bytes);
	record.signature = opened->signature;
	record.author = opened->author;
	record.proof = buf_span(&opened->proof);
	record.content = &opened->content;
	record.witnesses = opened->witnesses;
	record.witness_count = export->witnesses ? opened->witness_count : 0;
	r = bag_writer_add(export->writer, &record);
	opened_free(opened);
	return r == 0 ? 0 : say_write_failure(r);
}

static int add_custody(struct export *export)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < export->custody.count; i++)
		if (!custody_is_about(
			&export->custody, &export->custody.items[i]))
			r = add_custody_entry(
			    export, &export->custody.items[i]);
	return r;
}

static int check_names(const struct export *export)
{
	size_t i;

	for (i = 0; i < export->name_count; i++)
		if (!export->met[i]) {
			say_error("no record has a field of the name",
			    export->names[i]);
			say_hint("no bag was left behind");
			return EXIT_FAILED;
		}
	return 0;
}

static int export_all(struct export *export, const char *to, char **ids)
{
	int r;

	r = bag_writer_new(to, &export->writer);
	if (r == -EEXIST) {
		say_error("something is there already:", to);
		say_hint("choose a directory that is new or empty, with no "
			 "DIR.partial beside it");
		return EXIT_FAILED;
	}
	if (r < 0)
		return say_write_failure(r);
	for (r = 0; r == 0 && *ids; ids++)
		r = export_one(export, *ids);
	if (r == 0)
		r = check_names(export);
	if (r == 0 && export->with_custody)
		r = add_custody(export);
	if (r != 0)
		return r;
	r = bag_writer_finish(export->writer, export->with_custody);
	return r == 0 ? 0 : say_write_failure(r);
}

static void hint(const struct export *export)
{
	if (export->withheld)
		say_hint("what names the witness was withheld: the consent of "
			 "a record does not say that it may be shown");
	if (export->name_count == 0 && !export->all)
		say_hint("nothing was disclosed; --disclose NAME,.. shows "
			 "fields");
	if (export->custody.beside > 0)
		say_hint("revisions or derivatives stand beside what was "
			 "exported; evident show ID names them, and each can "
			 "be exported with it");
	if (export->unopened > 0)
		say_hint("some entries that say what was done with it are "
			 "sealed to others, or do not open, and are left out");
}

int export_run(struct client *client, int argc, char **argv)
{
	struct export export = {.all = false};
	const char *to = NULL, *names = NULL;
	struct option_spec specs[] = {
	    {.name = "to", .value = &to},
	    {.name = "disclose", .value = &names},
	    {.name = "disclose-all", .flag = &export.all},
	    {.name = "witnesses", .flag = &export.witnesses},
	    {.name = "with-custody", .flag = &export.with_custody},
	    {.name = "purpose",
		.each = command_once,
		.context = &export.purpose},
	    {.name = "for", .each = command_once, .context = &export.recipient},
	    {.name = "override",
		.each = command_once,
		.context = &export.override},
	};
	int r;

	r = command_options(specs, 8, &argc, argv);
	if (r == 0 && (argc < 2 || !to))
		r = say_usage("export needs ids and --to DIR", NULL);
	if (r == 0 && names && export.all)
		r = say_usage(
		    "--disclose and --disclose-all exclude each other", NULL);
	if (r == 0 && names)
		r = split_names(&export, names);
	if (r == 0)
		r = control_open(client, true, &export.control);
	if (r == 0)
		r = export_all(&export, to, argv + 1);
	if (r == 0)
		hint(&export);
	if (bag_writer_free(export.writer) < 0) {
		say_error("what was written of the bag could not all be "
			  "removed, beside",
		    to);
		say_hint("it can hold what was to be disclosed: remove "
			 "DIR.partial by hand");
	}
	control_close(export.control);
	custody_free(&export.custody);
	free(export.names_text);
	return r;
}
