/*
 * Which devices an organisation calls its own, as far as this node was told.
 */
#ifndef EVIDENT_STORE_ENROLMENTS_H
#define EVIDENT_STORE_ENROLMENTS_H

#include "daemon/store/database.h"
#include "proto/format/enrolment.h"

/* What taking one in may answer beside 0. */
enum {
	ENROLMENTS_E_OLD = 13,         /* a newer one is here */
	ENROLMENTS_E_CONTRADICTS = 14, /* one of this serial says otherwise */
};

/* Keep an enrolment that enrolment_parse() accepted, in place of the one before
 * it, in the caller's transaction. The same again is fine, and an end counts
 * over what it ends even with the same serial. */
int enrolments_put(
    struct database *database, const struct enrolment *enrolment);
/* Whether an enrolment in force is of exactly this card, by the organisation it
 * names, which is this node itself or a partner that people compared and whose
 * enrolments are trusted. */
int enrolments_vouch(
    struct database *database, const struct card *card, bool *ret_vouched);
/* The serial of the next enrolment of ${member} by ${organisation}. */
int enrolments_next_serial(struct database *database,
    const struct author_id *organisation, const struct author_id *member,
    uint64_t *ret_serial);
/* Let none of a partner's count until one is taken in anew; their serials
 * stay. */
int enrolments_suspend(struct database *database, int64_t partner);

#endif
