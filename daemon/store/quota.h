/*
 * What a partner may bring here, and what it brought.
 *
 * Counted are entries (leaves too) and bytes: of entries, contents, envelopes
 * and proofs, and of attachments the size that their entry declares, before
 * they arrive.
 */
#ifndef EVIDENT_STORE_QUOTA_H
#define EVIDENT_STORE_QUOTA_H

#include "daemon/store/database.h"

#define QUOTA_RATE_MAX 1000000000u

/* As limits, 0 is none; as use, ${rate} is what counts of the last hours. */
struct quota {
	uint64_t bytes;
	uint64_t entries;
	uint64_t rate; /* entries an hour */
};

/* What one batch adds. */
struct quota_cost {
	uint64_t bytes, entries;
};

/* What checking and charging may answer beside 0. */
enum {
	QUOTA_E_FULL = 41, /* more than all it may bring */
	QUOTA_E_RATE = 42, /* more than it may bring in this hour */
};

/* What holds for whom nothing was set; none until it is called. */
void quota_set_default(uint64_t bytes, uint64_t entries);
/* A sum that stays where the database can keep it. */
uint64_t quota_add(uint64_t a, uint64_t b);
/* The limits that hold for a partner: what was set for it, else the default,
 * as configured. Everybody who asks what a partner may, asks here. */
int quota_effective(
    struct database *database, int64_t partner, struct quota *ret_quota);
int quota_used(struct database *database, int64_t partner, int64_t now,
    struct quota *ret_used);
/* Set the limits that are not NULL. -ERANGE for one that is too large. */
int quota_set(struct database *database, int64_t partner, const uint64_t *bytes,
    const uint64_t *entries, const uint64_t *rate);
/* Whether ${cost} may be added at ${now}, in Unix seconds. What costs nothing
 * always may. */
int quota_check(struct database *database, int64_t partner,
    const struct quota_cost *cost, int64_t now);
/* The same, and add it, in the caller's transaction. */
int quota_charge(struct database *database, int64_t partner,
    const struct quota_cost *cost, int64_t now);

#endif
