/*
 * Whom this node knows.
 */
#ifndef EVIDENT_STORE_PARTNERS_H
#define EVIDENT_STORE_PARTNERS_H

#include "daemon/store/database.h"
#include "proto/format/card.h"

struct partner {
	int64_t id;
	struct author_id author;
	struct card card;
	bool by_people; /* two people compared the number for these keys */
	bool compared;  /* they did, or an enrolment stands for it */
	bool trusts;    /* and this node trusts its enrolments of others */
	bool mirror;    /* is sent all logs this node holds */
	bool removed;
	char proxy[CARD_ADDRESS_MAX]; /* as set; see partners_proxy() */
	int64_t rate; /* bytes a second; 0: no limit, -1: as configured */
	int64_t met;  /* when last, in Unix seconds; 0: never */
};

#define PARTNERS_TOR "127.0.0.1:9050" /* where Tor listens by default */

/* What adding a card may answer beside 0. */
enum {
	PARTNERS_E_NAME_TAKEN = 11,
	PARTNERS_E_OLD_SERIAL = 12,
	PARTNERS_E_TRANSPORT_TAKEN = 15,
};

/* DATABASE_E_NONE when there is none (or it was removed, by name). */
int partners_by_name(
    struct database *database, struct span name, struct partner *ret_partner);
int partners_by_author(struct database *database,
    const struct author_id *author, struct partner *ret_partner);
int partners_by_id(
    struct database *database, int64_t id, struct partner *ret_partner);
/* Whom to tell of what became of a record of somebody else: its author if that
 * one is a partner that was compared, else the partner it came from, as row
 * ${source}; DATABASE_E_NONE when neither is. */
int partners_towards(struct database *database, const struct author_id *author,
    int64_t source, struct partner *ret_partner);
/* All that are not removed, by name; the caller frees the array. */
int partners_all(struct database *database, struct partner **ret_partners,
    size_t *ret_count);
/* Take in a card that card_parse() accepted. Keys that changed must be
 * compared anew. */
int partners_put(struct database *database, const struct card *card,
    struct span bytes, bool mirror);
/* By which proxy alone this partner may be reached, or "": the one that was
 * set, and Tor's for who has an onion address. */
const char *partners_proxy(const struct partner *partner);
/* ${proxy}: IP:PORT, or empty. */
int partners_set_proxy(
    struct database *database, int64_t id, struct span proxy);
int partners_set_rate(struct database *database, int64_t id, int64_t rate);
int partners_set_compared(struct database *database, int64_t id);
/* Whether its enrolments of others count here. */
int partners_set_trust(struct database *database, int64_t id, bool trusts);
/* In a transaction of its own. The row stays, for what came from it; the card's
 * keys are trusted no more, nor are enrolments of it or by it. */
int partners_remove(struct database *database, int64_t id);

#endif
