/*
 * Each is held against all before it: a bag has few records.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bag/tellings.h"

static bool contradict(const struct bag_telling *a, const struct bag_telling *b)
{
	if (strcmp(a->checkpoint.origin, b->checkpoint.origin) != 0)
		return false;
	return (a->checkpoint.size == b->checkpoint.size &&
		   memcmp(a->checkpoint.root.bytes, b->checkpoint.root.bytes,
		       32) != 0) ||
	       (a->index == b->index &&
		   memcmp(a->id.bytes, b->id.bytes, 32) != 0);
}

int bag_tellings_add(
    struct bag_tellings *tellings, const struct bag_telling *telling)
{
	struct bag_telling *more;
	size_t i;

	for (i = 0; i < tellings->count; i++)
		if (contradict(&tellings->items[i], telling))
			return BAG_E_CONFLICT;
	more = realloc(tellings->items, (tellings->count + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	tellings->items = more;
	more[tellings->count++] = *telling;
	return 0;
}

void bag_tellings_free(struct bag_tellings *tellings)
{
	free(tellings->items);
	memset(tellings, 0, sizeof *tellings);
}
