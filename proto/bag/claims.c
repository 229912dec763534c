/*
 * Taking down what a record says, from lines and an entry that were checked.
 * The writer of a bag and its verifier do it alike.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bag/files.h"

void bag_claims_free(struct bag_claims *claims)
{
	size_t i;

	for (i = 0; i < claims->count; i++) {
		free(claims->items[i].about);
		free(claims->items[i].cosigned);
		buf_free(&claims->items[i].readable);
	}
	free(claims->items);
	memset(claims, 0, sizeof *claims);
}

int claims_add(struct bag_claims *claims, struct bag_claim **ret_claim)
{
	struct bag_claim *more;

	more = realloc(claims->items, (claims->count + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	claims->items = more;
	*ret_claim = &claims->items[claims->count++];
	memset(*ret_claim, 0, sizeof **ret_claim);
	return 0;
}

static int add_about(struct bag_claim *claim, const uint8_t bytes[32])
{
	struct entry_id *more;

	more = realloc(claim->about, (claim->about_count + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	claim->about = more;
	memcpy(claim->about[claim->about_count++].bytes, bytes, 32);
	return 0;
}

/* The text of a line whose value has a grammar, checked when it was parsed. */
static int take_field(
    struct bag_claim *claim, const char *name, struct span text)
{
	struct entry_id id;

	if (strcmp(name, "kind") == 0 && text.len < sizeof claim->kind) {
		memset(claim->kind, 0, sizeof claim->kind);
		memcpy(claim->kind, text.data, text.len);
	} else if (strcmp(name, "time") == 0 && text.len == BAG_TIME_BYTES) {
		memcpy(claim->time, text.data, text.len);
	} else if (strcmp(name, "after") == 0) {
		claim->has_after = hex_decode(text, claim->after.bytes,
				       sizeof claim->after.bytes) == 0;
	} else if ((strcmp(name, "subject") == 0 ||
		       strcmp(name, "record") == 0) &&
		   text.len >= 64 &&
		   hex_decode(span_of(text.data, 64), id.bytes, 32) == 0) {
		return add_about(claim, id.bytes);
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct entry_id));
}

size_t claims_sort_ids(struct entry_id *ids, size_t count)
{
	size_t i, kept = 0;

	if (count > 0)
		qsort(ids, count, sizeof *ids, compare_ids);
	for (i = 0; i < count; i++)
		if (kept == 0 || compare_ids(&ids[kept - 1], &ids[i]) != 0)
			ids[kept++] = ids[i];
	return kept;
}

static int take_lines(
    struct bag_claim *claim, const struct content_line *lines, size_t count)
{
	struct buf text = {0};
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < count; i++) {
		if (lines[i].decoy)
			continue;
		r = content_value_text(lines[i].value, &text);
		if (r == 0)
			r = take_field(claim, lines[i].name, buf_span(&text));
		buf_free(&text);
	}
	return r < 0 ? r : 0; /* not every value is a text */
}

int claims_fill(struct bag_claim *claim, const struct entry_id *id,
    const struct entry *entry, const struct content_line *lines, size_t count)
{
	size_t i;
	int r;

	claim->id = *id;
	claim->author = entry->author;
	claim->log = entry->log;
	claim->index = entry->index;
	claim->shown = count;
	r = take_lines(claim, lines, count);
	for (i = 0; r == 0 && i < entry->withdraw_count; i++)
		r = add_about(claim, entry->withdraws[i].bytes);
	claim->about_count = claims_sort_ids(claim->about, claim->about_count);
	return r;
}
