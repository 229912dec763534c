/*
 * Fetching a record (show, export). What the daemon says is checked again here:
 * the entry parses and has the id asked for, and the content is the one the
 * entry commits to. The client trusts the daemon, but a bag must not be wrong
 * because one of the two was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/opened.h"
#include "client/say.h"
#include "proto/format/content_json.h"
#include "proto/format/file.h"

static int take_base64(const json_t *json, const char *key, struct buf *out)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_string(value))
		return FORMAT_E_MALFORMED;
	return base64_decode(
	    span_of(json_string_value(value), json_string_length(value)),
	    BASE64_STANDARD, out);
}

static int take_fixed(
    const json_t *json, const char *key, void *ret_bytes, size_t len)
{
	struct buf bytes = {0};
	int r;

	r = take_base64(json, key, &bytes);
	if (r == 0 && bytes.len != len)
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		memcpy(ret_bytes, bytes.data, len);
	buf_free(&bytes);
	return r;
}

static int take_witnesses(const json_t *json, struct opened *opened)
{
	const json_t *list = json_object_get(json, "witnesses"), *item;
	size_t i;
	int r = 0;

	opened->witnesses =
	    calloc(json_array_size(list) + 1, sizeof *opened->witnesses);
	if (!opened->witnesses)
		return -ENOMEM;
	json_array_foreach(list, i, item)
	{
		if (r == 0)
			r = take_fixed(
			    item, "key", opened->witnesses[i].bytes, 32);
	}
	opened->witness_count = i;
	return r;
}

static int take_record(const json_t *json, struct opened *opened)
{
	const char *why;
	int r;

	r = take_base64(json, "entry", &opened->entry_bytes);
	if (r == 0)
		r = take_base64(json, "proof", &opened->proof);
	if (r == 0)
		r = take_fixed(json, "author", opened->author.bytes, 32);
	if (r == 0)
		r = take_fixed(json, "signature", opened->signature,
		    sizeof opened->signature);
	if (r == 0)
		r = entry_parse(
		    buf_span(&opened->entry_bytes), &opened->entry, &why);
	if (r == 0)
		r = entry_id_of(buf_span(&opened->entry_bytes), &opened->id);
	if (r == 0)
		r = take_witnesses(json, opened);
	if (r == 0)
		hex_encode(opened->id.bytes, 32, opened->id_text);
	return r;
}

void opened_free(struct opened *opened)
{
	if (!opened)
		return;
	content_free(&opened->content);
	buf_free(&opened->clear);
	buf_free(&opened->entry_bytes);
	buf_free(&opened->proof);
	free(opened->witnesses);
	free(opened);
}

int opened_fetch(
    struct control *control, const char *id, struct opened **ret_opened)
{
	struct ctl_request request = {.op = CTL_RECORD, .text = span_text(id)};
	struct opened *opened;
	json_t *json = NULL;
	int r;

	r = control_call(control, &request, NULL, 0, NULL, &json);
	if (r != 0) {
		json_decref(json);
		return r;
	}
	opened = calloc(1, sizeof *opened);
	r = opened ? take_record(json, opened) : -ENOMEM;
	if (r == 0 && strncmp(opened->id_text, id, strlen(id)) != 0)
		r = FORMAT_E_MISMATCH;
	json_decref(json);
	if (r != 0) {
		say_error(r < 0 ? "out of memory for the daemon's answer"
				: "the daemon's answer about this record makes "
				  "no sense",
		    NULL);
		opened_free(opened);
		return EXIT_FAILED;
	}
	*ret_opened = opened;
	return 0;
}

static int read_memfd(int fd, struct buf *out)
{
	struct stat st;
	uint8_t *room;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > CONTENT_BYTES_MAX)
		return FORMAT_E_MALFORMED;
	r = buf_reserve(out, (size_t)st.st_size + 1, &room);
	if (r < 0)
		return r;
	r = file_read_at(fd, room, (size_t)st.st_size, 0);
	if (r == 0)
		out->len += (size_t)st.st_size;
	return r;
}

static int check_content(struct opened *opened)
{
	int r;

	r = content_parse(buf_span(&opened->clear), &opened->content, NULL);
	return r == 0
		   ? content_check_entry(&opened->content, &opened->entry, NULL)
		   : r;
}

static int put_text(json_t *detail, const char *name, const char *text)
{
	return text ? json_object_set_new(detail, name, json_pack("[s]", text))
		    : 0;
}

/* What a log does not say was done is as good as not done: nothing is left
 * out. */
int opened_detail(const char *purpose, const char *recipient,
    const char *override, const json_t *fields, char **ret_detail)
{
	json_t *detail = json_object();
	struct buf text = {0};
	int r = 0;

	if (put_text(detail, "purpose", purpose) < 0 ||
	    put_text(detail, "recipient", recipient) < 0 ||
	    put_text(detail, "override", override) < 0 ||
	    (fields && json_object_set(detail, "field", (json_t *)fields) < 0))
		r = -EINVAL;
	if (r == 0 && json_object_size(detail) > 0)
		r = content_json_dump(detail, &text);
	*ret_detail = r == 0 && text.len > 0
			  ? strndup((const char *)text.data, text.len)
			  : NULL;
	if (r == 0 && text.len > 0 && !*ret_detail)
		r = -ENOMEM;
	buf_free(&text);
	json_decref(detail);
	if (r == 0)
		return 0;
	say_error(r == -EINVAL
		      ? "a purpose, a reason or whom it is for is not valid "
			"UTF-8, or there is no memory for it"
		      : "out of memory",
	    NULL);
	say_hint("nothing was done, for the log could not say so");
	return EXIT_FAILED;
}

int opened_read(struct control *control, struct opened *opened,
    enum ctl_open what, const char *detail_or_null, json_t **ret_withheld)
{
	struct ctl_request request = {
	    .op = CTL_OPEN,
	    .text = span_text(opened->id_text),
	    .number = what,
	};
	json_t *told = NULL;
	int fd, fits, r;

	opened->what = what;
	if (detail_or_null)
		request.blob = span_text(detail_or_null);
	fd = memfd_create("content", MFD_CLOEXEC);
	if (fd < 0) {
		say_error("no memory for the content", NULL);
		return EXIT_FAILED;
	}
	r = control_call(control, &request, &fd, 1, NULL, &told);
	fits = r == 0 ? read_memfd(fd, &opened->clear) : 0;
	if (r == 0 && fits == 0)
		fits = check_content(opened);
	close(fd);
	if (fits < 0) {
		say_error("the opened content cannot be read", NULL);
		say_hint("nothing stored was touched; try again");
		r = EXIT_FAILED;
	} else if (fits > 0) {
		say_error(
		    "the opened content does not fit its signed entry", NULL);
		r = EXIT_NOT_VERIFIED;
	}
	if (ret_withheld)
		*ret_withheld = json_incref(json_object_get(told, "withheld"));
	json_decref(told);
	return r;
}

/* Whether an error is about the record (control.h), or whoever wrote it sealed
 * what it did not sign. */
static bool is_about_record(int told, const char *error)
{
	static const char *const about_record[] = {
	    CTL_NO_KEY,
	    CTL_NO_RECORD,
	    CTL_SET_ASIDE,
	    CTL_DESTROYED,
	    CTL_FORGOTTEN,
	    CTL_EXPIRED,
	    CTL_OTHER_PURPOSE,
	    CTL_NO_PURPOSE,
	};
	size_t i;

	if (told == EXIT_NOT_VERIFIED)
		return true;
	for (i = 0; i < sizeof about_record / sizeof *about_record; i++)
		if (told == EXIT_FAILED && error &&
		    strcmp(error, about_record[i]) == 0)
			return true;
	return false;
}

/* What came of a try; ${told} is the exit code that the daemon answered. */
static int judge_try(struct opened *opened, int told, int fd, const char *error)
{
	int r;

	if (told != 0 && is_about_record(told, error))
		return 1;
	r = told == 0 ? read_memfd(fd, &opened->clear) : -EIO;
	if (r == 0)
		r = check_content(opened);
	if (r >= 0)
		return r;
	say_error(told != 0 && error
		      ? error
		      : "an entry that says what was done cannot be read",
	    NULL);
	say_hint("nothing stored was touched; try again");
	return -1;
}

int opened_try(struct control *control, struct opened *opened)
{
	struct ctl_request request = {
	    .op = CTL_OPEN,
	    .text = span_text(opened->id_text),
	    .number = CTL_OPEN_TO_READ,
	};
	json_t *told = NULL;
	char *error = NULL;
	int fd, r;

	fd = memfd_create("content", MFD_CLOEXEC);
	if (fd < 0) {
		say_error("no memory for the content", NULL);
		return -1;
	}
	r = control_put(control, &request, &fd, 1);
	if (r == 0) {
		r = control_take(control, &told, &error);
		r = judge_try(opened, r, fd, error);
	} else {
		r = -1;
	}
	close(fd);
	free(error);
	json_decref(told);
	return r;
}

int opened_attachment(struct control *control, const struct opened *opened,
    const struct digest *sealed, int fd)
{
	struct ctl_request request = {
	    .op = CTL_OPEN_OBJECT,
	    .text = span_text(opened->id_text),
	    .number = opened->what,
	    .blob = span_of(sealed->bytes, sizeof sealed->bytes),
	};

	return control_call(
	    control, &request, &fd, 1, "opening attachment", NULL);
}

int opened_sealed(struct control *control, const struct opened *opened,
    uint64_t number, const char *detail_or_null, int fd)
{
	struct ctl_request request = {
	    .op = CTL_SEALED,
	    .text = span_text(opened->id_text),
	    .number = number,
	};
	int fds[2] = {fd, fd};

	if (detail_or_null)
		request.blob = span_text(detail_or_null);
	return control_call(
	    control, &request, fds, 2, "writing sealed files", NULL);
}
