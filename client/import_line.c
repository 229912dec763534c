/*
 * A line of JSON into a record: its fields, files, partners and label. Unknown
 * and doubled keys are refused, and so is what is of another type.
 */
#include <errno.h>
#include <string.h>

#include "client/command.h"
#include "client/import_line.h"
#include "proto/format/content_json.h"

static int add_field(struct record *record, const char *name, json_t *value,
    struct record_error *error)
{
	json_t *item;
	size_t i;
	int r;

	if (!json_is_array(value))
		return record_add_json(record, name, value, error);
	json_array_foreach(value, i, item)
	{
		r = record_add_json(record, name, item, error);
		if (r != 0)
			return r;
	}
	return 0;
}

static int wrong_line(struct record_error *error, const char *text)
{
	error->text = text;
	error->subject = NULL;
	return EXIT_FAILED;
}

static int fill_fields(
    struct record *record, json_t *root, struct record_error *error)
{
	json_t *fields = json_object_get(root, "fields"), *value;
	const char *key;
	int r;

	if (fields && !json_is_object(fields))
		return wrong_line(error, "\"fields\" is no object");
	json_object_foreach(fields, key, value)
	{
		r = add_field(record, key, value, error);
		if (r != 0)
			return r;
	}
	return 0;
}

static int fill_list(int dir, struct record *record, json_t *root,
    const char *key, struct record_error *error)
{
	json_t *list = json_object_get(root, key), *value;
	bool to = strcmp(key, "to") == 0;
	size_t i;
	int r;

	if (list && !json_is_array(list))
		return wrong_line(error, "\"attach\" and \"to\" are lists");
	json_array_foreach(list, i, value)
	{
		if (!json_is_string(value))
			return wrong_line(
			    error, "\"attach\" and \"to\" hold texts");
		r = to ? record_add_to(record, json_string_value(value), error)
		       : record_attach(
			     record, dir, json_string_value(value), error);
		if (r != 0)
			return r;
	}
	return 0;
}

static int fill_label(
    struct record *record, json_t *label, struct record_error *error)
{
	if (!label)
		return 0;
	if (!json_is_string(label))
		return wrong_line(error, "\"label\" is no text");
	return record_set_label(
	    record, json_string_value(label), json_string_length(label), error);
}

static int fill_record(
    int dir, struct record *record, json_t *root, struct record_error *error)
{
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(root))
		return wrong_line(error, "this is no JSON object in UTF-8");
	json_object_foreach(
	    root, key, value) if (strcmp(key, "fields") &&
				  strcmp(key, "attach") && strcmp(key, "to") &&
				  strcmp(key, "label")) return wrong_line(error,
	    "only \"fields\", \"attach\", \"to\" and \"label\" are "
	    "known");
	r = fill_fields(record, root, error);
	if (r == 0)
		r = fill_list(dir, record, root, "attach", error);
	if (r == 0)
		r = fill_list(dir, record, root, "to", error);
	if (r == 0)
		r = fill_label(record, json_object_get(root, "label"), error);
	if (r == 0)
		r = record_seal(record, error);
	return r;
}

int import_line_read(const char *text, size_t len, int dir,
    struct record *record, json_t **ret_root, struct record_error *ret_error)
{
	int r;

	*ret_root = NULL;
	r = content_json_read(span_of((const uint8_t *)text, len),
	    JSON_REJECT_DUPLICATES, ret_root);
	if (r == -ENOMEM)
		return wrong_line(ret_error, "out of memory");
	return fill_record(dir, record, *ret_root, ret_error);
}
