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
#include "proto/wire/control.h"

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

/* What lines of a name say of a text. */
enum said {
	SAID_NOTHING, /* there is none */
	SAID_OTHERS,
	SAID_IT,
};

/* One of enum said, or -errno: what could not be read is no word against. */
static int find_text(
    const struct content *content, const char *name, struct span wanted)
{
	struct buf text = {0};
	int r, said = SAID_NOTHING;
	size_t i;

	for (i = 0; said != SAID_IT && i < content->count; i++) {
		if (content->lines[i].decoy ||
		    strcmp(content->lines[i].name, name) != 0)
			continue;
		r = content_value_text(content->lines[i].value, &text);
		said = r == 0 && span_equal(buf_span(&text), wanted)
			   ? SAID_IT
			   : SAID_OTHERS;
		buf_free(&text);
		if (r < 0)
			return r;
	}
	return said;
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
static bool is_past(struct span date, struct span today)
{
	return !span_equal(date, span_text("never")) &&
	       (date.len != today.len ||
		   memcmp(date.data, today.data, today.len) < 0);
}

/* 1 when it is, 0, or -errno. */
static int is_expired(const struct content *content, struct span today)
{
	struct buf text = {0};
	int r, expired = 0;
	size_t i;

	for (i = 0; i < content->count; i++) {
		if (content->lines[i].decoy ||
		    strcmp(content->lines[i].name, EXPIRES) != 0)
			continue;
		r = content_value_text(content->lines[i].value, &text);
		expired |= r > 0 || is_past(buf_span(&text), today);
		buf_free(&text);
		if (r < 0)
			return r;
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
	int r;

	if (consent->override || !speaks_of_consent(content))
		return 0;
	r = is_expired(content, consent->today);
	if (r > 0)
		return refuse(fault, CTL_EXPIRED);
	if (r == 0)
		r = find_text(content, PURPOSES, consent->purpose);
	if (r == SAID_OTHERS)
		return refuse(fault, consent->purpose.len > 0
					 ? CTL_OTHER_PURPOSE
					 : CTL_NO_PURPOSE);
	return r < 0 ? r : 0;
}

int consent_check_reader(const struct content *content,
    const struct wire_consent *consent, const struct author_id *reader,
    struct job_fault *fault)
{
	char id[65];
	int r;

	if (consent->override || !speaks_of_consent(content))
		return 0;
	hex_encode(reader->bytes, 32, id);
	r = find_text(content, SHARE, span_text(id));
	if (r < 0)
		return r;
	return r == SAID_IT ? 0
			    : refuse(fault, "the witness did not consent that "
					    "this partner opens the record");
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

/* Every name of the content once, in their order as bytes; NULL without
 * memory. */
static json_t *list_names(const struct content *content)
{
	const char *names[CONTENT_LINES_MAX] = {NULL};
	json_t *list = json_array();
	size_t i, count = 0;
	int r = 0;

	for (i = 0; i < content->count; i++)
		if (!content->lines[i].decoy)
			names[count++] = content->lines[i].name;
	qsort(names, count, sizeof *names, by_name);
	for (i = 0; r == 0 && i < count; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			r = json_array_append_new(list, json_string(names[i]));
	if (r == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* Names that tell who the witness is stay closed unless it was said that they
 * may be shown: 1, 0 or -errno. */
static int withholds(
    const struct content *content, const struct wire_consent *consent)
{
	int r;

	if (consent->override || !speaks_of_consent(content))
		return 0;
	r = find_text(content, NAME_DISCLOSED, span_text("yes"));
	return r < 0 ? r : r != SAID_IT;
}

static int sort_out(const struct content *content, bool withholds,
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
		/* What is not on its list would not be withheld. */
		if (!asks_for(to, name) &&
		    json_array_append_new(to, json_string(name)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* All of them; that is the one name ALL where none is withheld. */
static int sort_out_all(const struct content *content, bool withholds,
    json_t *shown, json_t *withheld)
{
	json_t *all = list_names(content);
	int r;

	r = all ? sort_out(content, withholds, all, shown, withheld) : -ENOMEM;
	json_decref(all);
	if (r != 0 || json_array_size(withheld) > 0)
		return r;
	json_array_clear(shown);
	return json_array_append_new(shown, json_string(ALL)) < 0 ? -ENOMEM : 0;
}

static int put_json(json_t *json, struct buf *out, struct job_fault *fault)
{
	struct buf text = {0};
	int r;

	r = content_json_dump(json, &text);
	if (r == 0 && text.len > WIRE_DETAIL_MAX)
		r = job_fail(fault, WIRE_CODE_INPUT,
		    "more names would be shown than the log can say");
	if (r == 0)
		r = buf_append_span(out, buf_span(&text));
	buf_free(&text);
	return r;
}

int consent_shown(const struct content *content,
    const struct wire_consent *consent, struct span asked, struct buf *out,
    struct job_fault *fault)
{
	json_t *shown = json_array(), *withheld = json_array();
	json_t *names = NULL;
	json_t *json =
	    json_pack("{s:O, s:O}", "shown", shown, "withheld", withheld);
	int r, closed = withholds(content, consent);

	r = json && closed >= 0 ? content_json_read(asked, 0, &names) : -ENOMEM;
	if (r >= 0) /* what is no list asks for nothing */
		r = asks_for(names, ALL)
			? sort_out_all(content, closed, shown, withheld)
			: sort_out(content, closed, names, shown, withheld);
	if (r == 0)
		r = put_json(json, out, fault);
	json_decref(shown);
	json_decref(withheld);
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
