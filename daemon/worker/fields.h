/*
 * The fields of a new record on their way from a client to a worker: JSON in a
 * memfd, sealed against changes (F_SEAL_*), which the store passes on unread.
 *
 *   {"fields": [["statement", "..."], ["event.date", "..."], ...],
 *    "attachments": [{"file": "photo.jpg", "type": "image/jpeg"}, ...]}
 *
 * Values may be any JSON that contents allow. There is one object in
 * "attachments" for each file that rides with the request, in their order.
 * At most CTL_FIELDS_BYTES_MAX bytes (proto/wire/control.h). This header is
 * documentation shared by both ends; the parser is fields.c.
 */
#ifndef EVIDENT_WORKER_FIELDS_H
#define EVIDENT_WORKER_FIELDS_H

#include "proto/format/content.h"

struct fields_attachment {
	char file[256];
	char type[128];
};

struct fields {
	struct content_builder *builder; /* all fields added, no attachment */
	size_t field_count;
	size_t attachment_count;
	struct fields_attachment *attachments;
};

/* Read ${fd} from its start. FORMAT_E_MALFORMED with ${ret_why} (static) and
 * ${ret_input} (which field, from 1, or 0). */
int fields_read(int fd, struct fields *ret_fields, uint64_t *ret_input,
    const char **ret_why);
void fields_free(struct fields *fields);

#endif
