/*
 * New records of this node: what a client captures, and receipts.
 */
#ifndef EVIDENT_STORE_CAPTURE_H
#define EVIDENT_STORE_CAPTURE_H

#include "daemon/store/store.h"

/* Why a capture did not become a record. */
struct capture_fault {
	enum wire_code code;
	bool unsure;    /* it may be stored for all that */
	uint64_t input; /* which attachment or field, from 1, or 0 */
	char why[256];
};

/* ${id} is NULL when it failed. Called once the record is durable. */
typedef void (*capture_done_cb)(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault);

/* For whom: at most 256. */
struct capture_audience {
	struct author_id id;
	struct age_recipient recipients[CARD_READERS_MAX];
	size_t count;
};

/* A record that one more partner may have from now on. */
struct capture_grant {
	int64_t record, partner;
	struct author_id author; /* the partner's */
	struct span envelope;
};

/* What is to become one record. Everything stays the caller's and must last
 * for the call only. */
struct capture_order {
	int fields_fd;
	const int *files;
	size_t file_count;
	const struct capture_audience *audiences;
	size_t audience_count;
	const char *kind;             /* of its content: a literal */
	const struct entry_id *about; /* its line `subject`, or NULL */
	bool consents; /* its lines consent.share name the audiences */
	bool hidden;   /* not listed: receipts and custody */
	const struct capture_grant *grants; /* that become true with it */
	size_t grant_count;
	/* Of a custody event: the records it speaks of (at most 1024; its
	 * fields say the same), and what this node's own list tells of it. */
	const struct entry_id *subjects;
	size_t subject_count;
	struct span detail;               /* one JSON object, or empty */
	const struct entry_id *withdraws; /* ascending, at most 1024 */
	size_t withdraw_count;
	struct wire_original original; /* whose consent it inherits */
	struct span label; /* for this node's own list, sealed here; or empty */
	capture_done_cb done;
	void *context;
};

int captures_begin(struct store *store);
/* All that waits is told that it failed. */
void captures_end(struct store *store);

/* A descriptor that holds such fields: ["NAME","VALUE"] pairs with commas
 * between them, as JSON. The caller closes it. */
int capture_fields(const struct buf *pairs, int *ret_fd);

/* Start one: 0 when ${done} will be called, else the fault is in ${ret_fault}.
 */
int capture_start(struct store *store, const struct capture_order *order,
    struct capture_fault *ret_fault);

#endif
