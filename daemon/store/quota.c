/*
 * Quotas: what a partner may bring here.
 *
 * A batch is taken whole or not at all, so it is held against the limits before
 * any of it is stored, and counted in the transaction that stores it.
 *
 * The rate is a bucket that drains by the rate each hour: a batch is taken when
 * it fits in. One that is larger than the whole bucket, from a device that was
 * offline for long, is taken when the bucket is empty, and keeps it full for as
 * many hours as it holds more; else it could never be delivered. So over time
 * nobody brings more than the rate, nor at once more than one batch beyond it.
 */
#include <errno.h>
#include <string.h>

#include "daemon/store/quota.h"

#define HOUR 3600
#define UNSET (-1)

struct row {
	int64_t max_bytes, max_entries, max_rate; /* or UNSET */
	uint64_t bytes, entries;
	uint64_t level; /* of the bucket at ${at}, in entries / HOUR */
	int64_t at;
};

uint64_t quota_add(uint64_t a, uint64_t b)
{
	if (a > INT64_MAX || b > INT64_MAX - a)
		return INT64_MAX;
	return a + b;
}

static int load(struct database *database, int64_t partner, struct row *ret_row)
{
	sqlite3_stmt *found =
	    database_query(database, SQL_QUOTA_GET, "i", partner);
	int r = database_step(found);

	memset(ret_row, 0, sizeof *ret_row);
	ret_row->max_bytes = ret_row->max_entries = ret_row->max_rate = UNSET;
	if (r <= 0)
		return r; /* nothing was ever set or brought */
	ret_row->max_bytes = database_column_int(found, 0);
	ret_row->max_entries = database_column_int(found, 1);
	ret_row->max_rate = database_column_int(found, 2);
	ret_row->bytes = (uint64_t)database_column_int(found, 3);
	ret_row->entries = (uint64_t)database_column_int(found, 4);
	ret_row->level = (uint64_t)database_column_int(found, 5);
	ret_row->at = database_column_int(found, 6);
	database_done(found);
	return 0;
}

static uint64_t limit(int64_t set, uint64_t otherwise)
{
	return set < 0 ? otherwise : (uint64_t)set;
}

static struct quota defaults; /* of the configuration */

void quota_set_default(uint64_t bytes, uint64_t entries)
{
	defaults.bytes = bytes;
	defaults.entries = entries;
}

static struct quota limits_of(const struct row *row)
{
	return (struct quota){
	    .bytes = limit(row->max_bytes, defaults.bytes),
	    .entries = limit(row->max_entries, defaults.entries),
	    .rate = limit(row->max_rate, defaults.rate),
	};
}

int quota_effective(
    struct database *database, int64_t partner, struct quota *ret_quota)
{
	struct row row;
	int r = load(database, partner, &row);

	if (r == 0)
		*ret_quota = limits_of(&row);
	return r;
}

/* How full the bucket still is at ${now}. Without a rate nothing is in it, and
 * a clock that was set back empties it rather than keep it full for years. */
static uint64_t level_at(const struct row *row, uint64_t rate, int64_t now)
{
	uint64_t passed;

	if (rate == 0 || now < row->at)
		return 0;
	passed = (uint64_t)(now - row->at);
	return row->level / rate < passed ? 0 : row->level - rate * passed;
}

int quota_used(struct database *database, int64_t partner, int64_t now,
    struct quota *ret_used)
{
	struct row row;
	int r = load(database, partner, &row);

	if (r != 0)
		return r;
	ret_used->bytes = row.bytes;
	ret_used->entries = row.entries;
	ret_used->rate =
	    (level_at(&row, limits_of(&row).rate, now) + HOUR - 1) / HOUR;
	return 0;
}

static int64_t set_to(int64_t old, const uint64_t *value)
{
	return value ? (int64_t)*value : old;
}

static bool is_too_large(const uint64_t *value, uint64_t most)
{
	return value && *value > most;
}

int quota_set(struct database *database, int64_t partner, const uint64_t *bytes,
    const uint64_t *entries, const uint64_t *rate)
{
	struct row row;
	int r;

	if (is_too_large(bytes, FORMAT_INTEGER_MAX) ||
	    is_too_large(entries, FORMAT_INTEGER_MAX) ||
	    is_too_large(rate, QUOTA_RATE_MAX))
		return -ERANGE;
	r = database_begin(database);
	if (r == 0)
		r = load(database, partner, &row);
	if (r == 0)
		r = database_run(database, SQL_QUOTA_MAKE, "i", partner);
	if (r == 0)
		r = database_run(database, SQL_QUOTA_SET, "iiii",
		    set_to(row.max_bytes, bytes),
		    set_to(row.max_entries, entries),
		    set_to(row.max_rate, rate), partner);
	if (r == 0)
		r = database_commit(database);
	return r == 0 ? 0 : database_rollback(database, r);
}

static bool fits(uint64_t used, uint64_t more, uint64_t most)
{
	return most == 0 || more == 0 || quota_add(used, more) <= most;
}

/* Whether ${cost} fits, and if so what the row is then. */
static int add(struct row *row, const struct quota_cost *cost, int64_t now)
{
	const struct quota most = limits_of(row);
	uint64_t level = level_at(row, most.rate, now);

	if (!fits(row->bytes, cost->bytes, most.bytes) ||
	    !fits(row->entries, cost->entries, most.entries))
		return QUOTA_E_FULL;
	if (level > 0 && !fits(level, cost->entries * HOUR, most.rate * HOUR))
		return QUOTA_E_RATE;
	row->bytes = quota_add(row->bytes, cost->bytes);
	row->entries = quota_add(row->entries, cost->entries);
	row->level = most.rate > 0 ? level + cost->entries * HOUR : 0;
	row->at = now;
	return 0;
}

int quota_check(struct database *database, int64_t partner,
    const struct quota_cost *cost, int64_t now)
{
	struct row row;
	int r = load(database, partner, &row);

	return r == 0 ? add(&row, cost, now) : r;
}

int quota_charge(struct database *database, int64_t partner,
    const struct quota_cost *cost, int64_t now)
{
	struct row row;
	int r = load(database, partner, &row);

	if (r == 0)
		r = add(&row, cost, now);
	if (r == 0)
		r = database_run(database, SQL_QUOTA_MAKE, "i", partner);
	if (r == 0)
		r = database_run(database, SQL_QUOTA_USE, "iiiii",
		    (int64_t)row.bytes, (int64_t)row.entries,
		    (int64_t)row.level, row.at, partner);
	return r;
}
