/*
 * Whether what a partner brings is true: asked before any of it is stored.
 */
#ifndef EVIDENT_STORE_SYNC_CHECK_H
#define EVIDENT_STORE_SYNC_CHECK_H

#include "daemon/store/sync_session.h"

#define SYNC_E_GAP 31 /* it follows on entries that are not here */

/* What is known of a batch before it is stored. */
struct sync_arrival {
	struct log_row log; /* id 0: not yet here */
	struct author_id author;
	struct checkpoint checkpoint;
	uint64_t skip; /* items that this partner has brought already */
};

/* Whether the log, the note and the places fit together; SYNC_E_GAP. */
int sync_check_head(struct session *session,
    const struct wire_sync_entries *entries, struct sync_arrival *ret_arrival);
/* Whether our log and this batch lead to the signed root. */
int sync_check_tree(struct session *session,
    const struct wire_sync_entries *entries,
    const struct sync_arrival *arrival);
/* The leaf of one place, which is that of its entry if one came. */
int sync_leaf_of(const struct wire_sync_item *item, struct digest *ret_leaf);

#endif
