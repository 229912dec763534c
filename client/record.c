/*
 * Building a record for the daemon (capture, import).
 *
 * Files are opened here, with the rights of the person, and only their
 * descriptors travel. A FIFO or a device is refused before a byte is read.
 * The field memfd is sealed, so what the worker reads is what was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/record.h"
#include "client/say.h"
#include "proto/format/file.h"

static const struct {
	const char *ending, *type;
} types[] = {
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"heic", "image/heic"},
    {"gif", "image/gif"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"wav", "audio/wav"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"m4a", "audio/mp4"},
    {"flac", "audio/flac"},
    {"aac", "audio/aac"},
    {"mp4", "video/mp4"},
    {"mov", "video/quicktime"},
    {"webm", "video/webm"},
    {"mkv", "video/x-matroska"},
    {"avi", "video/x-msvideo"},
    {"3gp", "video/3gpp"},
    {"pdf", "application/pdf"},
    {"txt", "text/plain"},
    {"csv", "text/csv"},
    {"json", "application/json"},
    {"zip", "application/zip"},
};

static int wrong(
    struct record_error *error, const char *text, const char *subject)
{
	error->text = text;
	error->subject = subject;
	return EXIT_FAILED;
}

/* jansson makes no value of what is no UTF-8, or has no memory for it. */
static int wrong_text(struct record_error *error, struct span made_of,
    const char *text, const char *subject)
{
	return utf8_is_valid(made_of) ? wrong(error, "out of memory", NULL)
				      : wrong(error, text, subject);
}

void record_begin(struct record *record)
{
	memset(record, 0, sizeof *record);
	record->fields = json_array();
	record->attachments = json_array();
	record->fds[0] = -1;
	record->fd_count = 1;
}

void record_free(struct record *record)
{
	size_t i;

	json_decref(record->fields);
	json_decref(record->attachments);
	buf_free(&record->label);
	buf_free(&record->about);
	for (i = 0; i < record->fd_count; i++)
		if (record->fds[i] >= 0)
			close(record->fds[i]);
}

int record_add_json(struct record *record, const char *name, json_t *value,
    struct record_error *ret_error)
{
	json_t *pair = json_array();
	json_t *text = json_string(name);

	if (!text) {
		json_decref(pair);
		return wrong_text(ret_error, span_text(name),
		    "a field's name is not valid UTF-8", NULL);
	}
	if (!pair || json_array_append_new(pair, text) < 0 ||
	    json_array_append(pair, value) < 0 ||
	    json_array_append_new(record->fields, pair) < 0)
		return wrong(ret_error, "out of memory", NULL);
	return 0;
}

int record_add_text(struct record *record, const char *name, const char *text,
    size_t len, struct record_error *ret_error)
{
	json_t *value;
	int r;

	if (len && memchr(text, 0, len))
		return wrong(ret_error, "NUL bytes stand in field", name);
	value = json_stringn(text, len);
	if (!value)
		return wrong_text(ret_error, span_of(text, len),
		    "no valid UTF-8 stands in field", name);
	r = record_add_json(record, name, value, ret_error);
	json_decref(value);
	return r;
}

static int add_from(struct record *record, const char *name, int fd,
    const char *path, struct record_error *ret_error)
{
	const size_t max = CTL_FIELDS_BYTES_MAX;
	char *data = malloc(max + 1);
	size_t len = 0;
	int r;

	if (!data)
		return wrong(ret_error, "out of memory", NULL);
	if (file_read(fd, data, max + 1, &len) < 0)
		r = wrong(ret_error, "cannot read file", path);
	else if (len > max)
		r = wrong(ret_error,
		    "too large for a field (attach it instead): file", path);
	else
		r = record_add_text(record, name, data, len, ret_error);
	explicit_bzero(data, max + 1);
	free(data);
	return r;
}

static int open_regular(
    int dir, const char *path, int *ret_fd, struct record_error *ret_error)
{
	struct stat st;
	int fd;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return wrong(ret_error,
		    errno == ENOENT ? "there is no file" : "cannot open file",
		    path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return wrong(ret_error, "not a regular file:", path);
	}
	*ret_fd = fd;
	return 0;
}

int record_add_file(struct record *record, const char *name, const char *path,
    struct record_error *ret_error)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return add_from(
		    record, name, STDIN_FILENO, "standard input", ret_error);
	r = open_regular(AT_FDCWD, path, &fd, ret_error);
	if (r != 0)
		return r;
	r = add_from(record, name, fd, path, ret_error);
	close(fd);
	return r;
}

int record_set_label(struct record *record, const char *text, size_t len,
    struct record_error *ret_error)
{
	buf_free(&record->label);
	if (len > CTL_LABEL_BYTES_MAX)
		return wrong(ret_error, "a label has at most 200 bytes", NULL);
	if (!utf8_is_valid(span_of(text, len)))
		return wrong(ret_error, "a label is not valid UTF-8", NULL);
	if (buf_append(&record->label, text, len) < 0)
		return wrong(ret_error, "out of memory", NULL);
	return 0;
}

int record_label_file(
    struct record *record, const char *path, struct record_error *ret_error)
{
	char text[CTL_LABEL_BYTES_MAX + 3];
	size_t len = 0;
	int fd, r;

	r = open_regular(AT_FDCWD, path, &fd, ret_error);
	if (r != 0)
		return r;
	if (file_read(fd, text, sizeof text, &len) < 0)
		r = wrong(ret_error, "cannot read file", path);
	close(fd);
	if (r == 0 && len > 0 && len < sizeof text && text[len - 1] == '\n')
		len--;
	if (r == 0)
		r = record_set_label(record, text, len, ret_error);
	explicit_bzero(text, sizeof text);
	return r;
}

static const char *type_of(const char *file)
{
	const char *dot = strrchr(file, '.');
	size_t i;

	for (i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

int record_attach(struct record *record, int dir, const char *path,
    struct record_error *ret_error)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	json_t *item;
	int fd, r;

	if (record->fd_count > CTL_ATTACHMENTS_MAX)
		return wrong(ret_error,
		    "more than 100 attachments in one record, with", path);
	r = open_regular(dir, path, &fd, ret_error);
	if (r != 0)
		return r;
	record->fds[record->fd_count++] = fd;
	item = json_pack("{s:s, s:s}", "file", file, "type", type_of(file));
	if (!item)
		return wrong_text(ret_error, span_text(file),
		    "the file's name is not valid UTF-8:", path);
	return json_array_append_new(record->attachments, item) < 0
		   ? wrong(ret_error, "out of memory", NULL)
		   : 0;
}

int record_set_about(struct record *record, const char *id,
    const char *detail_or_null, struct record_error *ret_error)
{
	int r;

	r = buf_append_text(&record->about, id);
	if (r == 0 && detail_or_null)
		r = buf_append_text(&record->about, " ");
	if (r == 0 && detail_or_null)
		r = buf_append_text(&record->about, detail_or_null);
	return r == 0 ? 0 : wrong(ret_error, "out of memory", NULL);
}

int record_add_to(
    struct record *record, const char *partner, struct record_error *ret_error)
{
	if (record->to_count == CTL_NAMES_MAX)
		return wrong(ret_error, "too many partners, with", partner);
	record->to[record->to_count++] = span_text(partner);
	return 0;
}

int record_seal(struct record *record, struct record_error *ret_error)
{
	json_t *root;
	int fd, r;

	root = json_pack("{s:O, s:O}", "fields", record->fields, "attachments",
	    record->attachments);
	fd = memfd_create("fields", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	r = root && fd >= 0 && json_dumpfd(root, fd, JSON_COMPACT) == 0 &&
		    fcntl(fd, F_ADD_SEALS,
			F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
			    F_SEAL_SEAL) == 0
		? 0
		: wrong(ret_error, "the fields could not be prepared", NULL);
	json_decref(root);
	if (r == 0 && lseek(fd, 0, SEEK_END) > CTL_FIELDS_BYTES_MAX)
		r = wrong(ret_error, "the fields are too large together", NULL);
	if (r == 0)
		record->fds[0] = fd;
	else if (fd >= 0)
		close(fd);
	return r;
}

void record_request(
    const struct record *record, struct ctl_request *ret_request)
{
	memset(ret_request, 0, sizeof *ret_request);
	ret_request->op = CTL_CAPTURE;
	ret_request->text = buf_span(&record->label);
	ret_request->number = record->kind;
	ret_request->blob = buf_span(&record->about);
	ret_request->names.items = (struct span *)record->to;
	ret_request->names.count = record->to_count;
}
