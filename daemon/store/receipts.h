/*
 * What a node says to a partner about what that partner brought, and what it
 * hears back: receipts, and words that something was destroyed.
 */
#ifndef EVIDENT_STORE_RECEIPTS_H
#define EVIDENT_STORE_RECEIPTS_H

#include "daemon/store/sync_session.h"

/* false while work is under way; sync_next() is called after. */
bool receipts_work(struct session *session);
/* receipts_read.c: 1 nothing is unread, 0 some is being read, or -errno. */
int receipts_read(struct session *session);
/* Inside a transaction: ${partner} brought a record with that envelope, empty
 * when it is not known which; the receipt names it if it was kept, and is
 * written once the record is whole. */
int receipts_owe(
    struct store *store, int64_t record, int64_t partner, struct span envelope);
/* sync_erased.c: tell the partner what was destroyed of what it brought or
 * wrote. 1 there is nothing to tell, 0 it is being written, or -errno. */
int sync_write_erased(struct session *session);

#endif
