/*
 * Reading the fields of a new record (fields.h).
 *
 * The memfd comes from a client of the same user, so a mistake in it is the
 * person's, and is named: which field, and what is wrong. It is read whole
 * into memory that is wiped; jansson's own copies are freed, not wiped, which
 * is why a worker holds no other secrets and is the only process to do this.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/worker/fields.h"
#include "proto/format/file.h"
#include "proto/wire/control.h"
#include "proto/format/content_json.h"

static int malformed(const char **ret_why, const char *why)
{
	*ret_why = why;
	return FORMAT_E_MALFORMED;
}

static int read_all(int fd, struct buf *out)
{
	struct stat st;
	uint8_t *room;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > CTL_FIELDS_BYTES_MAX)
		return -EMSGSIZE;
	r = buf_reserve(out, (size_t)st.st_size + 1, &room);
	if (r == 0)
		r = file_read_at(fd, room, (size_t)st.st_size, 0);
	if (r == 0)
		out->len = (size_t)st.st_size;
	return r;
}

/* One ["name", value] pair into the builder. */
static int add_field(
    struct content_builder *builder, json_t *pair, const char **ret_why)
{
	const char *name = json_string_value(json_array_get(pair, 0));
	json_t *value = json_array_get(pair, 1);
	char *text;
	int r;

	if (!name || !value || json_array_size(pair) != 2)
		return malformed(ret_why, "a field is not a name and a value");
	if (!strcmp(name, "attachment") || !strcmp(name, "kind") ||
	    !strcmp(name, "time") || !strcmp(name, "after"))
		return malformed(
		    ret_why, "a field has a name that Evident itself writes");
	if (json_is_string(value))
		return content_add_text(builder, name,
		    span_of(
			json_string_value(value), json_string_length(value)),
		    ret_why);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		return -ENOMEM;
	r = content_add(builder, name, span_text(text), ret_why);
	explicit_bzero(text, strlen(text));
	free(text);
	return r;
}

static int add_fields(struct fields *fields, json_t *list, uint64_t *ret_input,
    const char **ret_why)
{
	size_t i;
	json_t *pair;
	int r;

	if (!json_is_array(list))
		return malformed(ret_why, "the fields are not a list");
	json_array_foreach(list, i, pair)
	{
		r = add_field(fields->builder, pair, ret_why);
		if (r != 0) {
			*ret_input = i + 1;
			return r;
		}
	}
	fields->field_count = i;
	return 0;
}

static int copy_text(
    json_t *object, const char *key, char *out, size_t out_size)
{
	json_t *value = json_object_get(object, key);
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len >= out_size)
		return FORMAT_E_MALFORMED;
	memcpy(out, json_string_value(value), len + 1);
	return 0;
}

static int add_attachments(
    struct fields *fields, json_t *list, const char **ret_why)
{
	struct fields_attachment *item;
	json_t *object;
	size_t i;

	if (list && !json_is_array(list))
		return malformed(ret_why, "the attachments are not a list");
	if (json_array_size(list) > CTL_ATTACHMENTS_MAX)
		return malformed(ret_why, "there are too many attachments");
	fields->attachments =
	    calloc(json_array_size(list) + 1, sizeof *fields->attachments);
	if (!fields->attachments)
		return -ENOMEM;
	json_array_foreach(list, i, object)
	{
		item = &fields->attachments[i];
		if (json_object_size(object) != 2 ||
		    copy_text(object, "file", item->file, sizeof item->file) ||
		    copy_text(object, "type", item->type, sizeof item->type))
			return malformed(
			    ret_why, "an attachment's name or type is bad");
		fields->attachment_count++;
	}
	return 0;
}

static int take_json(struct fields *fields, json_t *root, uint64_t *ret_input,
    const char **ret_why)
{
	int r;

	if (!json_is_object(root))
		return malformed(ret_why, "the fields are not valid JSON "
					  "in UTF-8 without NUL");
	r = content_builder_new(&fields->builder);
	if (r == 0)
		r = add_fields(fields, json_object_get(root, "fields"),
		    ret_input, ret_why);
	if (r == 0)
		r = add_attachments(
		    fields, json_object_get(root, "attachments"), ret_why);
	return r;
}

int fields_read(int fd, struct fields *ret_fields, uint64_t *ret_input,
    const char **ret_why)
{
	struct fields fields = {0};
	struct buf text = {0};
	json_t *root = NULL;
	int r;

	*ret_why = "the fields could not be read";
	*ret_input = 0;
	r = read_all(fd, &text);
	if (r == -EMSGSIZE)
		r = malformed(ret_why, "the fields are too large");
	if (r != 0) {
		buf_free(&text);
		return r;
	}
	r = content_json_read(buf_span(&text), JSON_REJECT_DUPLICATES, &root);
	if (r != -ENOMEM) /* what is no JSON is told as such */
		r = take_json(&fields, root, ret_input, ret_why);
	json_decref(root);
	buf_free(&text);
	if (r != 0) {
		fields_free(&fields);
		return r;
	}
	*ret_fields = fields;
	return 0;
}

void fields_free(struct fields *fields)
{
	content_builder_free(fields->builder);
	if (fields->attachments)
		explicit_bzero(fields->attachments,
		    fields->attachment_count * sizeof *fields->attachments);
	free(fields->attachments);
	memset(fields, 0, sizeof *fields);
}
