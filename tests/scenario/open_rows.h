/*
 * Records as their rows hold them, with what opens them.
 */
#ifndef EVIDENT_TESTS_OPEN_ROWS_H
#define EVIDENT_TESTS_OPEN_ROWS_H

#include "daemon/store/records.h"
#include "tests/scenario/open_pool.h"

#define ENVELOPES_MAX 8
#define OBJECTS_MAX 4

/* One record of one home; what is not there is empty. */
struct found {
	size_t home;
	struct entry_id id;
	struct record_key key;
	uint8_t slot[72]; /* as it stands in the keys file */
	struct buf row;   /* the sealed body */
	struct buf body, payload, content;
	size_t envelope_count;
	struct buf envelopes[ENVELOPES_MAX];
	size_t object_count;
	struct found_object {
		uint8_t veil[VEIL_KEY_BYTES];
		struct buf veiled, payload, text;
	} objects[OBJECTS_MAX];
};

struct founds {
	struct found *items;
	size_t count, room;
};

/* Read every record of every home by its rows, as the daemon would, and add to
 * the pool what record keys open. It writes to the homes: take their pages
 * first. */
void rows_read(struct pool *pool, struct founds *founds);
/* Open every envelope of the pool with every identity of every home, and with
 * the file keys that come out every payload: fills in ${content} and ${text}.
 */
void rows_open(struct pool *pool, struct founds *founds);

#endif
