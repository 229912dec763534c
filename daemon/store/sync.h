/*
 * Meetings with partners: what is asked of the store through the courier.
 *
 *   sync.c          sessions, the courier's messages, turns
 *   sync_summary.c  the beginning: is there anything to tell?
 *   sync_send.c     our turn: what to send next
 *   sync_receive.c  their turn: entries, checked and stored
 *   sync_check.c    what they are checked for
 *   sync_quota.c    whether a partner may bring so much
 *   sync_proven.c   single entries with their proof, both ways
 *   sync_frontier.c the end of their turn; cosignatures
 *   sync_object.c   attachments, in and out
 *   receipts.c      writing ours
 *   receipts_read.c reading theirs
 */
#ifndef EVIDENT_STORE_SYNC_H
#define EVIDENT_STORE_SYNC_H

#include "daemon/store/store.h"

#define SYNC_LOGS_MAX 4096 /* that a frontier names */

/* What a partner brought in vain, and may bring again and again: each is logged
 * once a meeting. */
enum sync_warning {
	SYNC_WARN_LOGS,
	SYNC_WARN_RECEIPT,
	SYNC_WARN_WITHDRAWAL,
};

struct session;
/* ${session}: NULL when it has ended meanwhile. */
void sync_warn(struct session *session, enum sync_warning what);
/* What ${session} (NULL when it has ended meanwhile) waited for is done, or
 * failed: its turn goes on, or it is closed. */
void sync_resume(struct session *session, int result);
int sync_begin(struct store *store);
void sync_end(struct store *store);
/* A message of the courier. -EPROTO ends the courier's channel. */
int sync_hear(struct store *store, struct wire_frame *frame);
/* Partners have changed: end the meetings with whoever is none any more. */
void sync_drop_strangers(struct store *store);
/* The courier is gone: all meetings are. */
void sync_courier_lost(struct store *store);

#endif
