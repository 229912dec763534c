/*
 * content_parse() on the bytes, and content_parse_line() on them as the JSON of
 * one line, so that a fuzzer need not find base64 by itself. A value that is
 * taken is taken by the builder too, and comes out the same.
 */
#include <string.h>

#include "proto/format/content.h"
#include "tests/fuzz/fuzz.h"

static void check_line(const struct content_line *line)
{
	struct content_attachment attachment;
	struct buf text = {0};

	if (line->decoy)
		return;
	CLAIM(line->name[0]);
	CLAIM(line->value.data > line->json.data &&
	      line->value.data + line->value.len ==
		  line->json.data + line->json.len - 1);
	CLAIM((content_value_text(line->value, &text) == 0) ==
	      (line->value.data[0] == '"'));
	if (strcmp(line->name, "attachment") == 0)
		CLAIM(content_value_attachment(line->value, &attachment) == 0);
	buf_free(&text);
}

static void check_builder(const struct content_line *line)
{
	struct content_builder *builder = NULL;
	const char *why;

	if (line->decoy)
		return;
	CLAIM(content_builder_new(&builder) == 0);
	CLAIM(content_add(builder, line->name, line->value, &why) == 0);
	content_builder_free(builder);
}

static void try_line(struct span json)
{
	struct buf encoded = {0};
	struct content_line line;
	const char *why = NULL;

	CLAIM(base64_append(&encoded, BASE64_URL, json) == 0);
	if (content_parse_line(buf_span(&encoded), &line, &why) == 0) {
		check_line(&line);
		check_builder(&line);
		content_line_free(&line);
	} else {
		CLAIM(why);
	}
	buf_free(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	const char *why = NULL;
	struct content content;
	struct digest fields, listed;
	struct buf list = {0}, raw = {0};
	size_t i;

	if (size < 4096)
		try_line(bytes);
	if (content_parse(bytes, &content, &why) != 0) {
		CLAIM(why);
		return 0;
	}
	for (i = 0; i < content.count; i++)
		check_line(&content.lines[i]);
	CLAIM(content_commitment(&content, &fields) == 0);
	CLAIM(content_digest_list(&content, &list) == 0);
	CLAIM(content_parse_digest_list(buf_span(&list), &raw, &listed) == 0);
	CLAIM(memcmp(&fields, &listed, sizeof fields) == 0);
	buf_free(&list);
	buf_free(&raw);
	content_free(&content);
	return 0;
}
