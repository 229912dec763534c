/*
 * The witness's consent, as the record itself says it (FORMAT.md, 4.1), held
 * against what is asked for. A record that says nothing of consent asks for
 * nothing. This is policy: whoever can open a record could copy it by hand.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/consent.h"
#include "proto/format/content_json.h"

#define PREFIX "consent."
#define SHARE "consent.share"
#define PURPOSES "consent.purposes"
#define EXPIRES "consent.expires"
#define WITNESS "witness."
#define ALL "all"
#define NAME_DISCLOSED "consent.name-disclosed"

static bool has_prefix(const struct content_line *line, const char *prefix)
{
	return !line->decoy && strncmp(line->name, prefix, strlen(prefix)) == 0;
}

/* How many lines of a name there are, and whether one has this text. */
static size_t count_lines(const struct content *content, const char *name,
    struct span wanted, bool *ret_found)
{
	struct buf text = {0};
	size_t i, count = 0;

	*ret_found = false;
	for (i = 0; i < content->count; i++) {
		if (content->lines[i].decoy ||
		    strcmp(content->lines[i].name, name) != 0)
			continue;
		count++;
		if (content_value_text(content->lines[i].value, &text) == 0 &&
		    span_equal(buf_span(&text), wanted))
			*ret_found = true;
		buf_free(&text);
	}
	return count;
}

static bool speaks_of_consent(const struct content *content)
{
	size_t i;

	for (i = 0; i < content->count; i++)
		if (has_prefix(&content->lines[i], PREFIX))
			return true;
	return false;
}

/* Dates of one spelling order as their texts do; the last day still holds. */
static bool is_expired(const struct content *content, struct span today)
{
	struct buf text = {0};
	bool expired = false;
	size_t i;

	for (i = 0; i < content->count; i++) {
		if (content->lines[i].decoy ||
		    strcmp(content->lines[i].name, EXPIRES) != 0)
			continue;
		expired |=
		    content_value_text(content->lines[i].value, &text) != 0 ||
		    (!span_equal(buf_span(&text), span_text("never")) &&
			(text.len != today.len ||
			    memcmp(text.data, today.data, today.len) < 0));
		buf_free(&text);
	}
	return expired;
}

static int refuse(struct job_fault *fault, const char *why)
{
	return job_fail(fault, WIRE_CODE_REFUSED, why);
}

int consent_check(const struct content *content,
    const struct wire_consent *consent, struct job_fault *fault)
{
	bool found;

	if (consent->override || !speaks_of_consent(content))
		return 0;
	if (is_expired(content, consent->today))
		return refuse(
		    fault, "the witness's consent to this record has expired");
	if (count_lines(content, PURPOSES, consent->purpose, &found) > 0 &&
	    !found)
		return refuse(fault,
		    consent->purpose.len > 0
			? "the witness did not consent to this purpose"
			: "the witness consented to some purposes alone, and "
			  "no purpose was given");
	return 0;
}

int consent_check_reader(const struct content *content,
    const struct wire_consent *consent, const struct author_id *reader,
    struct job_fault *fault)
{
	char id[65];
	bool found;

	if (consent->override || !speaks_of_consent(content))
		return 0;
	hex_encode(reader->bytes, 32, id);
	count_lines(content, SHARE, span_text(id), &found);
	return found ? 0
		     : refuse(fault, "the witness did not consent that this "
				     "partner opens the record");
}

static bool asks_for(const json_t *names, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(names, i, item)
	{
		if (json_is_string(item) &&
		    strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

static bool has_line(const struct content *content, const char *name)
{
	size_t i;

	for (i = 0; i < content->count; i++)
		if (!content->lines[i].decoy &&
		    strcmp(content->lines[i].name, name) == 0)
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every name of the content once, in their order as bytes. */
static json_t *list_names(const struct content *content)
{
	const char *names[CONTENT_LINES_MAX] = {NULL};
	json_t *list = json_array();
	size_t i, count = 0;

	for (i = 0; i < content->count; i++)
		if (!content->lines[i].decoy)
			names[count++] = content->lines[i].name;
	qsort(names, count, sizeof *names, by_name);
	for (i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

/* Names that tell who the witness is stay closed unless it was said that they
 * may be shown. */
static bool withholds(
    const struct content *content, const struct wire_consent *consent)
{
	bool found;

	count_lines(content, NAME_DISCLOSED, span_text("yes"), &found);
	return !consent->override && !found && speaks_of_consent(content);
}

static void sort_out(const struct content *content, bool withholds,
    const json_t *asked, json_t *shown, json_t *withheld)
{
	const json_t *item;
	const char *name;
	json_t *to;
	size_t i;

	json_array_foreach(asked, i, item)
	{
		name = json_string_value(item);
		if (!name || !has_line(content, name))
			continue;
		to = withholds && strncmp(name, WITNESS, strlen(WITNESS)) == 0
			 ? withheld
			 : shown;
		if (!asks_for(to, name))
			json_array_append_new(to, json_string(name));
	}
}

static int put_json(json_t *json, struct buf *out, struct job_fault *fault)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int r = text ? 0 : -ENOMEM;

	if (r == 0 && strlen(text) > WIRE_DETAIL_MAX)
		r = job_fail(fault, WIRE_CODE_INPUT,
		    "more names would be shown than the log can say");
	if (r == 0)
		r = buf_append_text(out, text);
	free(text);
	return r;
}

int consent_shown(const struct content *content,
    const struct wire_consent *consent, struct span asked, struct buf *out,
    struct job_fault *fault)
{
	json_t *shown = json_array(), *withheld = json_array();
	json_t *names = NULL, *all;
	json_t *json =
	    json_pack("{s:o, s:o}", "shown", shown, "withheld", withheld);
	int r;

	r = content_json_read(asked, 0, &names);
	if (r == -ENOMEM) {
		json_decref(json);
		return r;
	}
	if (asks_for(names, ALL)) {
		all = list_names(content);
		sort_out(
		    content, withholds(content, consent), all, shown, withheld);
		json_decref(all);
		if (json_array_size(withheld) == 0) {
			json_array_clear(shown);
			json_array_append_new(shown, json_string(ALL));
		}
	} else {
		sort_out(content, withholds(content, consent), names, shown,
		    withheld);
	}
	r = put_json(json, out, fault);
	json_decref(names);
	json_decref(json);
	return r;
}

static bool is_given(const struct content_builder *builder, const char *name)
{
	const char *given;
	size_t i;

	for (i = 0; (given = content_builder_name(builder, i)) != NULL; i++)
		if (strcmp(given, name) == 0)
			return true;
	return false;
}

static bool gives_consent(const struct content_builder *builder)
{
	const char *given;
	size_t i;

	for (i = 0; (given = content_builder_name(builder, i)) != NULL; i++)
		if (strncmp(given, PREFIX, strlen(PREFIX)) == 0)
			return true;
	return false;
}

/* What was given anew takes the place of all lines of its name: that is asked
 * of every line before one is added. */
int consent_inherit(const struct content *content, const struct author_id *node,
    struct content_builder *builder, const char **ret_why)
{
	bool inherits[CONTENT_LINES_MAX];
	const struct content_line *line;
	char id[65];
	size_t i;
	int r = 0;

	for (i = 0; i < content->count; i++) {
		line = &content->lines[i];
		inherits[i] = has_prefix(line, PREFIX) &&
			      strcmp(line->name, SHARE) != 0 &&
			      !is_given(builder, line->name);
	}
	for (i = 0; r == 0 && i < content->count; i++)
		if (inherits[i])
			r = content_add(builder, content->lines[i].name,
			    content->lines[i].value, ret_why);
	if (r != 0 || !speaks_of_consent(content) || gives_consent(builder))
		return r;
	hex_encode(node->bytes, 32, id);
	return content_add_text(builder, SHARE, span_text(id), ret_why);
}
