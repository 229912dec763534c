/*
 * What is known to have been done with records: by this node, and by others who
 * said so in entries of their own logs. One row for each entry and the record
 * it speaks of; the entry itself, signed, is a hidden record.
 */
#ifndef EVIDENT_STORE_CUSTODY_H
#define EVIDENT_STORE_CUSTODY_H

#include "daemon/store/database.h"
#include "proto/format/ids.h"

#define CUSTODY_EVENTS_MAX 2000 /* that are told of one record */
#define CUSTODY_TIME_BYTES 20   /* YYYY-MM-DDThh:mm:ssZ */

struct custody_event {
	struct entry_id event;   /* the entry that says so */
	struct entry_id subject; /* the record it was done with */
	struct author_id actor;
	struct span kind;   /* as in FORMAT.md, section 4.1 */
	struct span time;   /* of the entry, a claim */
	struct span detail; /* one JSON object, or empty */
};

/* Inside the caller's transaction. An event that is there already stays. */
int custody_add(struct database *database, const struct custody_event *event);
/* Call ${each} for the events of a record, oldest by its time first, until it
 * answers something else than 0, which is answered. Of more than
 * CUSTODY_EVENTS_MAX the newest of each actor are taken in turn: nobody can
 * push out what others did by saying much. */
int custody_each(struct database *database, const struct entry_id *subject,
    int (*each)(void *context, const struct custody_event *event),
    void *context);
int custody_count(struct database *database, const struct entry_id *subject,
    int64_t *ret_count);
/* Whether ${actor} said that of the record: 1, 0 or -errno. */
int custody_is(struct database *database, const struct entry_id *subject,
    const struct author_id *actor, const char *kind);

#endif
