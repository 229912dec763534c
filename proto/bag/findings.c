/*
 * What follows from the claims of a bag together: which places of which logs
 * are here, what was withdrawn, what is spoken of and not here, and between
 * which times an entry was made. Nothing here is checked again: that was done
 * when the claims were taken.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bag/files.h"

/* Of the year 9999: a clock that says more is no clock, and bounds nothing. */
#define LAST_SECOND UINT64_C(253402300799)

const struct bag_claim *bag_claims_find(
    const struct bag_claims *claims, const struct entry_id *id)
{
	size_t i;

	for (i = 0; i < claims->count; i++)
		if (memcmp(claims->items[i].id.bytes, id->bytes, 32) == 0)
			return &claims->items[i];
	return NULL;
}

static bool speaks_of(const struct bag_claim *claim, const struct entry_id *id)
{
	size_t i;

	for (i = 0; i < claim->about_count; i++)
		if (memcmp(claim->about[i].bytes, id->bytes, 32) == 0)
			return true;
	return false;
}

static bool is_kind(const struct bag_claim *claim, const char *kind)
{
	return strcmp(claim->kind, kind) == 0;
}

static bool is_author(
    const struct author_id *author, const struct author_id *other)
{
	return memcmp(author->bytes, other->bytes, sizeof author->bytes) == 0;
}

/* What is said of the doings of others stays (FORMAT.md, 3). */
static bool can_be_withdrawn(const struct bag_claim *claim)
{
	return is_kind(claim, "testimony") || is_kind(claim, "note") ||
	       is_kind(claim, "revision") || is_kind(claim, "derivative");
}

/* The withdrawal that names ${id}, by ${author_or_null} if given, or NULL. */
static const struct bag_claim *find_withdrawal(const struct bag_claims *claims,
    const struct entry_id *id, const struct author_id *author_or_null)
{
	const struct bag_claim *claim;
	size_t i;

	for (i = 0; i < claims->count; i++) {
		claim = &claims->items[i];
		if (is_kind(claim, "withdrawal") && speaks_of(claim, id) &&
		    (!author_or_null ||
			is_author(&claim->author, author_or_null)))
			return claim;
	}
	return NULL;
}

bool bag_is_withdrawn(const struct bag_claims *claims,
    const struct bag_claim *claim, const struct bag_claim **ret_claim)
{
	const struct bag_claim *withdrawal = NULL;

	if (can_be_withdrawn(claim))
		withdrawal =
		    find_withdrawal(claims, &claim->id, &claim->author);
	if (withdrawal)
		*ret_claim = withdrawal;
	return withdrawal;
}

/* --- orders --------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
	const struct bag_claim *const *x = a, *const *y = b;
	int order;

	order = memcmp((*x)->author.bytes, (*y)->author.bytes, 32);
	if (order == 0)
		order = memcmp((*x)->log.bytes, (*y)->log.bytes, 32);
	if (order == 0)
		order =
		    ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
	return order;
}

static int compare_times(const void *a, const void *b)
{
	const struct bag_claim *const *x = a, *const *y = b;
	int order = strcmp((*x)->time, (*y)->time);

	return order ? order : memcmp((*x)->id.bytes, (*y)->id.bytes, 32);
}

static int in_order(const struct bag_claims *claims,
    int (*compare)(const void *, const void *),
    const struct bag_claim ***ret_claims)
{
	const struct bag_claim **sorted;
	size_t i;

	sorted = calloc(claims->count + 1, sizeof *sorted);
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < claims->count; i++)
		sorted[i] = &claims->items[i];
	qsort(sorted, claims->count, sizeof *sorted, compare);
	*ret_claims = sorted;
	return 0;
}

int bag_by_place(
    const struct bag_claims *claims, const struct bag_claim ***ret_claims)
{
	return in_order(claims, compare_places, ret_claims);
}

int bag_by_time(
    const struct bag_claims *claims, const struct bag_claim ***ret_claims)
{
	return in_order(claims, compare_times, ret_claims);
}

/* --- logs ----------------------------------------------------------------- */

static bool is_of_log(const struct bag_log *log, const struct bag_claim *claim)
{
	return is_author(&log->author, &claim->author) &&
	       memcmp(log->log.bytes, claim->log.bytes, 32) == 0;
}

int bag_logs(const struct bag_claims *claims,
    const struct bag_claim *const *by_place, struct bag_log **ret_logs,
    size_t *ret_count)
{
	struct bag_log *logs = calloc(claims->count + 1, sizeof *logs), *log;
	size_t i, count = 0;

	if (!logs)
		return -ENOMEM;
	for (i = 0; i < claims->count; i++) {
		if (count == 0 || !is_of_log(&logs[count - 1], by_place[i])) {
			log = &logs[count++];
			log->author = by_place[i]->author;
			log->log = by_place[i]->log;
			log->first = i;
		}
		log = &logs[count - 1];
		log->count++;
		if (by_place[i]->size > log->size)
			log->size = by_place[i]->size;
	}
	*ret_logs = logs;
	*ret_count = count;
	return 0;
}

/* Whose record it is that a withdrawal names, is not here to see. */
int bag_missing(
    const struct bag_claims *claims, bool withdrawn, struct buf *out)
{
	struct entry_id *all;
	size_t i, k, count = 0;
	int r = 0;

	for (i = 0; i < claims->count; i++)
		count += claims->items[i].about_count;
	all = calloc(count + 1, sizeof *all);
	if (!all)
		return -ENOMEM;
	for (i = 0, count = 0; i < claims->count; i++)
		for (k = 0; k < claims->items[i].about_count; k++)
			all[count++] = claims->items[i].about[k];
	count = claims_sort_ids(all, count);
	for (i = 0; r == 0 && i < count; i++) {
		if (bag_claims_find(claims, &all[i]) ||
		    (find_withdrawal(claims, &all[i], NULL) != NULL) !=
			withdrawn)
			continue;
		r = buf_append_hex(out, all[i].bytes, sizeof all[i].bytes);
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	free(all);
	return r;
}

/* --- when ----------------------------------------------------------------- */

static bool is_exporter(const struct bag_claims *claims,
    const struct bag_claim *claim, const struct author_id *exporter_or_null,
    const struct author_id *who)
{
	size_t i;

	if (exporter_or_null && is_author(exporter_or_null, who))
		return true;
	for (i = 0; i < claims->count; i++)
		if (is_kind(&claims->items[i], "exported") &&
		    is_author(&claims->items[i].author, who) &&
		    speaks_of(&claims->items[i], &claim->id))
			return true;
	return false;
}

/* Somebody else's entry under the very checkpoint that this one cites was
 * there before it. */
static void find_since(const struct bag_claims *claims,
    const struct bag_claim *claim, const struct author_id *exporter_or_null,
    struct bag_bracket *bracket)
{
	const struct bag_claim *other;
	size_t i;

	for (i = 0; claim->has_after && i < claims->count; i++) {
		other = &claims->items[i];
		if (memcmp(other->checkpoint.bytes, claim->after.bytes, 32) ||
		    !other->anchored || !other->time[0] ||
		    is_author(&other->author, &claim->author) ||
		    is_exporter(
			claims, claim, exporter_or_null, &other->author) ||
		    strcmp(other->time, bracket->since) <= 0)
			continue;
		bracket->has_since = true;
		bracket->since_by = other->author;
		memcpy(bracket->since, other->time, sizeof bracket->since);
	}
}

void bag_bracket(const struct bag_claims *claims, const struct bag_claim *claim,
    const struct author_id *exporter_or_null, struct bag_bracket *ret_bracket)
{
	const struct bag_cosigned *cosigned;
	size_t i;

	memset(ret_bracket, 0, sizeof *ret_bracket);
	for (i = 0; i < claim->cosigned_count; i++) {
		cosigned = &claim->cosigned[i];
		if (!cosigned->anchored || cosigned->time > LAST_SECOND ||
		    is_author(&cosigned->witness, &claim->author) ||
		    is_exporter(
			claims, claim, exporter_or_null, &cosigned->witness))
			continue;
		ret_bracket->until_count++;
		if (ret_bracket->has_until &&
		    ret_bracket->until <= cosigned->time)
			continue;
		ret_bracket->has_until = true;
		ret_bracket->until = cosigned->time;
		ret_bracket->until_by = cosigned->witness;
	}
	find_since(claims, claim, exporter_or_null, ret_bracket);
}
