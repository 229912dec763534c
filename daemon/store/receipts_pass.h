/*
 * Passing on what a partner did with a record, one step towards its author.
 */
#ifndef EVIDENT_STORE_RECEIPTS_PASS_H
#define EVIDENT_STORE_RECEIPTS_PASS_H

#include "daemon/store/jobs.h"

/* One entry to be passed on; zeroed, there is none. */
struct pass {
	int64_t record; /* the entry */
	int64_t partner;
	struct author_id author; /* the partner's */
	struct buf envelope;     /* for the partner; empty: it did not open */
};

/* Whether an entry that says what was done with ${subjects} is for a partner
 * of ours beside who sent it: 0 and who, DATABASE_E_NONE or -errno. */
int pass_find(struct store *store, const struct record_row *row,
    const struct entry_id *subjects, size_t count, struct pass *ret_pass);
/* Have a worker make the envelope. */
int pass_submit(struct store *store, const struct pass *pass, jobs_done_cb done,
    void *context);
/* Take it from the worker's answer: 0, also when it cannot be made of this
 * entry, or -errno. */
int pass_take(struct pass *pass, struct wire_frame *answer);
/* Inside a transaction: have it sent. */
int pass_settle(struct store *store, const struct pass *pass);
void pass_free(struct pass *pass);

#endif
