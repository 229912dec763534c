/*
 * What the own log says of an act with a record, before it is done.
 */
#ifndef EVIDENT_STORE_CONTROL_CUSTODY_H
#define EVIDENT_STORE_CONTROL_CUSTODY_H

#include "daemon/store/control.h"

typedef void (*control_then_cb)(struct request *request);

struct control_act {
	const char *kind; /* a literal */
	/* Empty, or a JSON object {"purpose","recipient","field","override":
	 * lists of texts}, the first and the last of one text at most. */
	struct span detail;
	/* Its lines `audience`. */
	const struct capture_audience *readers;
	size_t reader_count;
	control_then_cb then; /* what is done once the own log says so */
};

/* Have the own log say that something was done with a record. 0 when ${then}
 * will be called, or the failure answered; -EINVAL for a detail that is none.
 */
int control_act(struct request *request, const struct record_row *row,
    const struct control_act *act);
/* Answer that a detail is none; ${hint} says what was not done. */
void control_fail_detail(struct request *request, const char *hint);
/* Answer that the witness's consent forbids it, as the worker says; ${nothing}
 * says what was not done. */
void control_fail_consent(
    struct request *request, const char *why, const char *nothing);
/* Of such a detail, the list of names in "field", as JSON, or nothing
 * (control_export.c). */
int control_export_asked(struct span detail, struct buf *out);
/* From the worker's answer: the detail with the names that are shown, for the
 * own log, and into the request's state {"withheld": names} for the client. */
int control_export_take(
    struct request *request, struct wire_frame *answer, struct buf *out_detail);
/* What such a detail asks for, to be held against the witness's consent. The
 * texts are in ${ret_consent}. -EINVAL as above. */
struct control_consent {
	struct wire_consent wire;
	char purpose[CONTENT_NAME_MAX + 1], today[16];
};
int control_consent(struct span detail, struct control_consent *ret_consent);
/* Fields of an entry, behind those in ${pairs}; -EINVAL as above. */
int control_put_detail(struct span detail, struct buf *pairs);
/* Whom such an entry is for: room for CONTROL_ACT_AUDIENCES. */
#define CONTROL_ACT_AUDIENCES 2
int control_act_audiences(struct store *store, const struct record_row *row,
    struct capture_audience *audiences, size_t *ret_count);

#endif
