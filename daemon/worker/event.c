/*
 * What an opened content says to the store: its kind, and of receipts and
 * custody events as much as the store has to act on. The store never sees the
 * lines of any other kind.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/job.h"
#include "proto/format/content.h"
#include "proto/format/content_json.h"

static bool line_is(const struct content_line *line, const char *name)
{
	return !line->decoy && strcmp(line->name, name) == 0;
}

/* A "record" line of a receipt: entry id, SP, SHA-256 of the envelope. */
static int read_record(
    const struct content_line *line, struct wire_receipt_record *ret_record)
{
	struct buf text = {0};
	int r;

	r = content_value_text(line->value, &text);
	if (r == 0 && (text.len != 129 || text.data[64] != ' '))
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		r = hex_decode(
		    span_of(text.data, 64), ret_record->entry.bytes, 32);
	if (r == 0)
		r = hex_decode(span_of(text.data + 65, 64),
		    ret_record->envelope.bytes, 32);
	buf_free(&text);
	return r;
}

static int read_receipt(const struct content *content,
    struct wire_receipt_record *records, size_t *ret_count)
{
	size_t i, count = 0;
	int r;

	for (i = 0; i < content->count; i++) {
		if (!line_is(&content->lines[i], "record"))
			continue;
		r = read_record(&content->lines[i], &records[count]);
		if (r != 0)
			return r < 0 ? r : FORMAT_E_MALFORMED;
		count++;
	}
	*ret_count = count;
	return 0;
}

/* Of the kinds that tell what was done with records; what a withdrawal or a
 * testimony says is not for the store. */
static bool is_custody(struct span kind)
{
	static const char *const kinds[] = {
	    "opened", "exported", "disclosed", "shared", "erased"};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (span_equal(kind, span_text(kinds[i])))
			return true;
	return false;
}

/* The text of the one line of this name, appended. */
static int read_line(
    const struct content *content, const char *name, struct buf *out)
{
	size_t i;

	for (i = 0; i < content->count; i++)
		if (line_is(&content->lines[i], name))
			return content_value_text(content->lines[i].value, out);
	return FORMAT_E_MALFORMED;
}

static int read_subjects(
    const struct content *content, struct entry_id *subjects, size_t *ret_count)
{
	struct buf text = {0};
	size_t i, count = 0;
	int r = 0;

	for (i = 0; r == 0 && i < content->count; i++) {
		if (!line_is(&content->lines[i], "subject"))
			continue;
		r = content_value_text(content->lines[i].value, &text);
		if (r == 0)
			r = hex_decode(
			    buf_span(&text), subjects[count++].bytes, 32);
		buf_free(&text);
	}
	*ret_count = count;
	return r;
}

/* Lines that every content has, or that are told apart. */
static bool is_plain(const struct content_line *line)
{
	return !line->decoy && strcmp(line->name, "kind") != 0 &&
	       strcmp(line->name, "time") != 0 &&
	       strcmp(line->name, "after") != 0 &&
	       strcmp(line->name, "origin") != 0 &&
	       strcmp(line->name, "subject") != 0;
}

/* One more value of a name; ${value} is taken over. */
static int add_value(json_t *all, const char *name, json_t *value)
{
	json_t *list = json_object_get(all, name);

	if (!list) {
		list = json_array();
		if (json_object_set_new(all, name, list) < 0) {
			json_decref(value);
			return -ENOMEM;
		}
	}
	return json_array_append_new(list, value) < 0 ? -ENOMEM : 0;
}

/* All other lines: {"NAME":[VALUE,...],...}; nothing when they are too many. */
static int read_detail(const struct content *content, struct buf *out)
{
	json_t *all = json_object(), *value;
	const struct content_line *line;
	struct buf text = {0};
	size_t i;
	int r = all ? 0 : -ENOMEM;

	for (i = 0; r == 0 && i < content->count; i++) {
		line = &content->lines[i];
		if (!is_plain(line))
			continue;
		r = content_json_read(line->value, JSON_DECODE_ANY, &value);
		if (r == 0)
			r = add_value(all, line->name, value);
	}
	if (r == 0 && json_object_size(all) > 0)
		r = content_json_dump(all, &text);
	if (r == 0 && text.len <= WIRE_DETAIL_MAX)
		r = buf_append_span(out, buf_span(&text));
	buf_free(&text);
	json_decref(all);
	return r;
}

/* What is malformed in it makes it malformed whole. */
static int fill(const struct content *content, struct wire_work_opened *answer,
    struct buf *time, struct buf *detail)
{
	int r = 0;

	if (span_equal(answer->kind, span_text("received"))) {
		r = read_receipt(
		    content, answer->records.items, &answer->records.count);
		if (r == 0)
			r = read_line(content, "time", time);
	} else if (is_custody(answer->kind)) {
		r = read_subjects(
		    content, answer->subjects.items, &answer->subjects.count);
		if (r == 0)
			r = read_line(content, "time", time);
		if (r == 0)
			r = read_detail(content, detail);
	}
	answer->time = buf_span(time);
	answer->detail = buf_span(detail);
	return r;
}

int event_answer(struct worker *worker, const struct content *content,
    uint64_t job, struct job_fault *fault)
{
	struct wire_work_opened answer = {.job = job};
	struct buf kind = {0}, time = {0}, detail = {0};
	int r;

	answer.records.items =
	    calloc(content->count + 1, sizeof *answer.records.items);
	answer.subjects.items =
	    calloc(content->count + 1, sizeof *answer.subjects.items);
	r = answer.records.items && answer.subjects.items ? 0 : -ENOMEM;
	if (r == 0)
		r = read_line(content, "kind", &kind);
	answer.kind = buf_span(&kind);
	if (r == 0)
		r = fill(content, &answer, &time, &detail);
	if (r == 0)
		r = channel_send(
		    worker->store, WIRE_WORK_OPENED, &answer, NULL, 0);
	else if (r > 0)
		r = job_fail(fault, WIRE_CODE_CORRUPT, "an event is malformed");
	buf_free(&kind);
	buf_free(&time);
	buf_free(&detail);
	free(answer.records.items);
	free(answer.subjects.items);
	return r;
}
