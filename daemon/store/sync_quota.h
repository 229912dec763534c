/*
 * What a batch costs its partner.
 */
#ifndef EVIDENT_STORE_SYNC_QUOTA_H
#define EVIDENT_STORE_SYNC_QUOTA_H

#include "daemon/store/quota.h"
#include "daemon/store/sync_check.h"

/* One partner's logs take no room from another's. */
#define SYNC_LOGS_OF_MAX 256     /* of one author */
#define SYNC_LOGS_VIA_MAX 1024   /* of others, first brought by one partner */
#define SYNC_LOGS_SINGLE_MAX 512 /* while a single entry begins one more */
#define SYNC_E_LOGS 35

/* Of ${session}'s entries. */
int sync_cost_entries(struct session *session,
    const struct sync_arrival *arrival, struct quota_cost *ret_cost);
/* Of ${session}'s single entry. */
int sync_cost_proven(struct session *session, const struct author_id *author,
    struct quota_cost *ret_cost);
/* As quota_check() and quota_charge(), for ${session}'s partner, now. */
int sync_quota_check(struct session *session, const struct quota_cost *cost);
int sync_quota_charge(struct session *session, const struct quota_cost *cost);
/* Inside a transaction: a log that is not here yet, of somebody else. If its
 * author is no partner that was compared, ${session}'s partner has brought
 * fewer than ${most} such first; else SYNC_E_LOGS. */
int sync_add_log(struct session *session, const struct sign_key *author,
    const struct log_id *log, int64_t most, int64_t *ret_id);

#endif
