/*
 * What a batch costs its partner.
 */
#ifndef EVIDENT_STORE_SYNC_QUOTA_H
#define EVIDENT_STORE_SYNC_QUOTA_H

#include "daemon/store/quota.h"
#include "daemon/store/sync_check.h"

/* Of ${session}'s entries. */
int sync_cost_entries(struct session *session,
    const struct sync_arrival *arrival, struct quota_cost *ret_cost);
/* Of ${session}'s single entry. */
int sync_cost_proven(struct session *session, const struct author_id *author,
    struct quota_cost *ret_cost);
/* As quota_check() and quota_charge(), for ${session}'s partner, now. */
int sync_quota_check(struct session *session, const struct quota_cost *cost);
int sync_quota_charge(struct session *session, const struct quota_cost *cost);

#endif
