/*
 * The fields of a new record as a client sends them: fields_read(). What is
 * taken makes a content that parses and has a line for each field.
 */
#include <string.h>
#include <unistd.h>

#include "daemon/worker/fields.h"
#include "proto/format/note.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

/* The lines that the worker adds. */
static bool add_own(struct content_builder *builder)
{
	static const char *const own[][2] = {
	    {"kind", "testimony"},
	    {"time", "2026-01-02T03:04:05Z"},
	    {"after", "none"},
	};
	const struct author_id author = {{1}};
	const struct log_id log = {{2}};
	char origin[NOTE_ORIGIN_MAX] = "";
	const char *why = NULL;
	size_t i;

	for (i = 0; i < sizeof own / sizeof *own; i++)
		if (content_add_text(
			builder, own[i][0], span_text(own[i][1]), &why) != 0)
			return false;
	note_origin(&author, &log, origin);
	return content_add_text(builder, "origin", span_text(origin), &why) ==
	       0;
}

static void check_content(struct fields *fields)
{
	struct content content;
	struct digest built, read;
	struct buf clear = {0};
	size_t i, count = 0;

	if (!add_own(fields->builder) ||
	    content_finish(fields->builder, &clear, &built) != 0) {
		buf_free(&clear);
		return; /* too much for one content, or a second origin */
	}
	CLAIM(content_parse(buf_span(&clear), &content, NULL) == 0);
	CLAIM(content_commitment(&content, &read) == 0);
	CLAIM(memcmp(&built, &read, sizeof built) == 0);
	for (i = 0; i < content.count; i++)
		count += !content.lines[i].decoy;
	CLAIM(count == fields->field_count + 4);
	content_free(&content);
	buf_free(&clear);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct fields fields;
	uint64_t input;
	int fd = parts_file(span_of(data, size)), r;
	size_t i;

	r = fields_read(fd, &fields, &input, &why);
	CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	if (r == 0) {
		for (i = 0; i < fields.attachment_count; i++) {
			CLAIM(memchr(fields.attachments[i].file, 0,
			    sizeof fields.attachments[i].file));
			CLAIM(memchr(fields.attachments[i].type, 0,
			    sizeof fields.attachments[i].type));
		}
		check_content(&fields);
		fields_free(&fields);
	} else {
		CLAIM(why);
	}
	close(fd);
	return 0;
}
