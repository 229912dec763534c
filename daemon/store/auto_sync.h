/*
 * Meetings that nobody asked for: the node meets its partners by itself.
 */
#ifndef EVIDENT_STORE_AUTO_SYNC_H
#define EVIDENT_STORE_AUTO_SYNC_H

#include "daemon/store/store.h"

struct auto_sync;

int auto_sync_begin(struct store *store);
void auto_sync_end(struct store *store);
/* Whether the configuration lets this node. */
bool auto_sync_is_on(const struct store *store);
/* The store is open, or its partners are others now: plan anew. */
void auto_sync_plan(struct store *store);
/* A meeting of its own is under way: others wait. */
bool auto_sync_is_busy(const struct store *store);
/* The courier says that a meeting we dialled is over; true when it was one of
 * these. */
bool auto_sync_ended(
    struct store *store, const struct author_id *partner, enum wire_code code);
/* The courier is gone. */
void auto_sync_lost(struct store *store);

#endif
