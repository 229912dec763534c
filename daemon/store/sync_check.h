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

/* A checkpoint of ${origin}, signed by ${author}. */
int sync_check_note(const struct sign_key *author, struct span bytes,
    const char *origin, struct checkpoint *ret_checkpoint);
/* Whether a whole entry stands where it should and has the content and the
 * envelope it names; its signature is a worker's to check. */
int sync_check_item(const struct wire_sync_item *item,
    const struct author_id *author, const struct log_id *log, uint64_t index,
    struct entry *ret_entry);
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
