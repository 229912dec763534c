/*
 * A record on its way into the daemon: fields in a memfd, files opened.
 */
#ifndef EVIDENT_CLIENT_RECORD_H
#define EVIDENT_CLIENT_RECORD_H

#include <jansson.h>

#include "client/control.h"

struct record {
	json_t *fields;      /* [["name", value], ...] */
	json_t *attachments; /* [{"file", "type"}, ...] */
	size_t fd_count;     /* fds[0] is the memfd, once record_seal() ran */
	int fds[1 + CTL_ATTACHMENTS_MAX];
	struct buf label; /* owned; may be empty */
	uint64_t kind;    /* enum ctl_capture */
	struct buf about; /* the id of what it stands beside; owned */
	size_t to_count;
	struct span to[CTL_NAMES_MAX]; /* pointing to the caller's text */
};

/* These answer an exit code and put what is wrong, with no subject's content
 * in it, into ${ret_error} (a literal) and ${ret_subject} (the caller's). */
struct record_error {
	const char *text;
	const char *subject;
};
void record_begin(struct record *record);
void record_free(struct record *record);
int record_add_text(struct record *record, const char *name, const char *text,
    size_t len, struct record_error *ret_error);
/* From a file, or standard input for "-". */
int record_add_file(struct record *record, const char *name, const char *path,
    struct record_error *ret_error);
/* What this node's own list calls it; the last one given counts. */
int record_set_label(struct record *record, const char *text, size_t len,
    struct record_error *ret_error);
/* The same from a file, of one line. */
int record_label_file(
    struct record *record, const char *path, struct record_error *ret_error);
int record_add_json(struct record *record, const char *name, json_t *value,
    struct record_error *ret_error);
/* Open ${path}, relative to ${dir} unless that is AT_FDCWD. */
int record_attach(struct record *record, int dir, const char *path,
    struct record_error *ret_error);
/* What it stands beside; and what it is for, as opened_detail() says it. */
int record_set_about(struct record *record, const char *id,
    const char *detail_or_null, struct record_error *ret_error);
int record_add_to(
    struct record *record, const char *partner, struct record_error *ret_error);
/* Write the memfd. */
int record_seal(struct record *record, struct record_error *ret_error);
void record_request(
    const struct record *record, struct ctl_request *ret_request);

#endif
