/*
 * A capture under way: for whom it is, and what it stands beside.
 */
#ifndef EVIDENT_STORE_CONTROL_DERIVE_H
#define EVIDENT_STORE_CONTROL_DERIVE_H

#include "daemon/store/control.h"

/* The state of a CAPTURE request, in the request's arena. */
struct capturing {
	const char *kind;                   /* a literal */
	struct capture_audience *audiences; /* the partners first */
	size_t count, partner_count;
	bool beside;             /* it stands beside a record: */
	struct entry_id about;   /* this one, */
	struct author_id author; /* by this author; */
	struct span detail;      /* what for, as control_act() takes it */
	bool unread;             /* that record was not opened */
	bool recorded;           /* the own log says where this one goes */
};

/* Hold it against the consent of the record that it stands beside, and have the
 * own log say where it goes; then control_capture_now(), or an answer. */
void control_derive(struct request *request);
/* Seal and store it. */
void control_capture_now(struct request *request);

#endif
