/*
 * Single entries with the proof of their place in a log.
 */
#ifndef EVIDENT_STORE_SYNC_PROVEN_H
#define EVIDENT_STORE_SYNC_PROVEN_H

#include "daemon/store/sync_session.h"
#include "proto/format/proof.h"

/* What a single entry with its proof says. */
struct sync_proven {
	struct author_id author;
	struct entry_id id;
	struct log_row log; /* as it is known here; id 0: it is not */
	struct proof proof;
	struct checkpoint checkpoint;
	struct entry entry;
	bool beside; /* another stands at its place here */
};
/* Whether its parts fit together; the signature is a worker's to
 * check. Fills in all but ${log}. */
int sync_check_proven(
    const struct wire_sync_proven *message, struct sync_proven *ret_proven);
/* Of those, what takes others back, and what this node takes back itself and
 * was not heard of: 1 sent, 0 none is left. */
int sync_send_withdrawal(struct session *session);
/* The others: 1 sent, 0 none is left. */
int sync_send_proven(struct session *session);
/* Let some more of ${log}'s records that the partner, a mirror, does not get as
 * parts of it be told alone: what stands below ${size}, if it takes nothing of
 * that (${otherwise}), and what came above, if the log came in part and nobody
 * is about to bring more. What is left is for the next turn, or bundle. */
int sync_prove_some(struct session *session, const struct log_row *log,
    bool otherwise, uint64_t size);
/* An object of those, for a bundle: 1 found, 0 none is left. */
int sync_next_proven_object(
    struct session *session, struct wire_sync_want *ret_want);
void sync_receive_proven(struct session *session, struct wire_frame *frame);

#endif
