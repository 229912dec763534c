/*
 * What was done with records, for a bag: the entries that say so, of whoever
 * acted, as far as this node has them and can open them.
 */
#ifndef EVIDENT_CLIENT_CUSTODY_H
#define EVIDENT_CLIENT_CUSTODY_H

#include "client/opened.h"

/* The entries known about some records, each once. */
struct custody {
	size_t about_count;
	struct entry_id *about; /* the records; owned */
	size_t count;
	struct entry_id *items; /* the entries; owned */
	size_t beside;          /* revisions and derivatives that were met */
};

/* Ask the daemon for what is known about ${id}. An exit code. */
int custody_add(
    struct control *control, struct custody *custody, const char *id);
bool custody_is_about(const struct custody *custody, const struct entry_id *id);
void custody_free(struct custody *custody);

#endif
