/*
 * A line of a file that is imported, from the client's reading of it to the
 * worker's of what the client sends. What the client takes is JSON that the
 * worker can read, of as many files.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/import_line.h"
#include "daemon/worker/fields.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

/* A folder with one file in it. */
static int place(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	parts_write("a.jpg", span_text("a"));
	fd = open(parts_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(fd >= 0);
	return fd;
}

static void check_record(const struct record *record)
{
	struct ctl_request request;
	const char *why = NULL;
	struct fields fields;
	uint64_t input;
	int r;

	record_request(record, &request);
	CLAIM(request.text.len <= CTL_LABEL_BYTES_MAX);
	CLAIM(request.names.count <= CTL_NAMES_MAX);
	CLAIM(record->fd_count <= 1 + CTL_ATTACHMENTS_MAX);
	r = fields_read(record->fds[0], &fields, &input, &why);
	CLAIM(r == 0 || (r == FORMAT_E_MALFORMED && why));
	if (r != 0)
		return;
	CLAIM(fields.attachment_count == record->fd_count - 1);
	CLAIM(fields.field_count == json_array_size(record->fields));
	fields_free(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_error error = {0};
	struct record record;
	json_t *root;
	int r;

	record_begin(&record);
	r = import_line_read(
	    (const char *)data, size, place(), &record, &root, &error);
	if (r == 0)
		check_record(&record);
	else
		CLAIM(error.text);
	record_free(&record);
	json_decref(root);
	return 0;
}
