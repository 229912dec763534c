/*
 * What the records of one bag say of their logs: one log is told in one way.
 */
#ifndef EVIDENT_BAG_TELLINGS_H
#define EVIDENT_BAG_TELLINGS_H

#include "proto/format/note.h"

struct bag_telling {
	struct checkpoint checkpoint;
	struct entry_id id;
	uint64_t index;
};
struct bag_tellings {
	struct bag_telling *items; /* owned */
	size_t count;
};

/* Two roots of one size, or two entries in one place, of one log. */
#define BAG_E_CONFLICT 41

/* Keep one more: 0, BAG_E_CONFLICT when it contradicts one that is kept, or
 * -ENOMEM. */
int bag_tellings_add(
    struct bag_tellings *tellings, const struct bag_telling *telling);
void bag_tellings_free(struct bag_tellings *tellings);

#endif
