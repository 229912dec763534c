/*
 * Quotas: what fits to the last, what does not, and what is left when it did
 * not. The clock is the test's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "daemon/store/quota.h"
#include "tests/unit/store_scene.h"

#define NOW 1700000000
#define HOUR 3600

static int64_t partner, other;

static int64_t add_partner(uint8_t mark)
{
	uint8_t author[32] = {mark};
	char name[2] = {(char)('a' + mark), 0};

	assert_int_equal(database_run(scene.database, SQL_PARTNER_ADD, "btbii",
			     span_of(author, 32), span_text(name),
			     span_text("card"), (int64_t)1, (int64_t)0),
	    0);
	return database_last_id(scene.database);
}

static int begin(void **state)
{
	if (scene_begin(state) != 0)
		return -1;
	partner = add_partner(1);
	other = add_partner(2);
	return 0;
}

static void set(
    const uint64_t *bytes, const uint64_t *entries, const uint64_t *rate)
{
	assert_int_equal(
	    quota_set(scene.database, partner, bytes, entries, rate), 0);
}

static void set_bytes(uint64_t value)
{
	set(&value, NULL, NULL);
}

static void set_entries(uint64_t value)
{
	set(NULL, &value, NULL);
}

static void set_rate(uint64_t value)
{
	set(NULL, NULL, &value);
}

/* What both answer, who must always agree. */
static int charge_at(uint64_t entries, uint64_t bytes, int64_t now)
{
	const struct quota_cost cost = {.bytes = bytes, .entries = entries};
	int r = quota_check(scene.database, partner, &cost, now);

	assert_int_equal(quota_charge(scene.database, partner, &cost, now), r);
	return r;
}

static int charge(uint64_t entries, uint64_t bytes)
{
	return charge_at(entries, bytes, NOW);
}

static struct quota used_at(int64_t now)
{
	struct quota used;

	assert_int_equal(quota_used(scene.database, partner, now, &used), 0);
	return used;
}

static void test_without_a_quota_all_fits_and_is_counted(void **state)
{
	struct quota quota;

	(void)state;
	assert_int_equal(quota_effective(scene.database, partner, &quota), 0);
	assert_int_equal(quota.bytes + quota.entries + quota.rate, 0);
	assert_int_equal(charge(8192, UINT64_C(1) << 40), 0);
	assert_int_equal(charge(1, 1), 0);
	assert_int_equal(used_at(NOW).entries, 8193);
	assert_int_equal(used_at(NOW).bytes, (UINT64_C(1) << 40) + 1);
	assert_int_equal(used_at(NOW).rate, 0);
}

static void test_entries_fit_to_the_last(void **state)
{
	(void)state;
	set_entries(3);
	assert_int_equal(charge(4, 0), QUOTA_E_FULL);
	assert_int_equal(charge(2, 0), 0);
	assert_int_equal(charge(2, 0), QUOTA_E_FULL);
	assert_int_equal(charge(1, 0), 0);
	assert_int_equal(charge(1, 0), QUOTA_E_FULL);
	assert_int_equal(used_at(NOW).entries, 3);
	set_entries(4);
	assert_int_equal(charge(1, 0), 0);
	set_entries(0);
	assert_int_equal(charge(1000, 0), 0);
}

static void test_bytes_fit_to_the_last(void **state)
{
	(void)state;
	set_bytes(100);
	assert_int_equal(charge(1, 101), QUOTA_E_FULL);
	assert_int_equal(charge(1, 60), 0);
	assert_int_equal(charge(1, 41), QUOTA_E_FULL);
	assert_int_equal(charge(1, 40), 0);
	assert_int_equal(charge(1, 1), QUOTA_E_FULL);
	assert_int_equal(used_at(NOW).bytes, 100);
	assert_int_equal(used_at(NOW).entries, 2);
}

static void test_what_costs_nothing_always_fits(void **state)
{
	(void)state;
	set_bytes(10);
	set_entries(1);
	set_rate(1);
	assert_int_equal(charge(1, 10), 0);
	assert_int_equal(charge(1, 0), QUOTA_E_FULL);
	assert_int_equal(charge(0, 1), QUOTA_E_FULL);
	assert_int_equal(charge(0, 0), 0);
	set_entries(0);
	set_bytes(0);
	assert_int_equal(charge(1, 0), QUOTA_E_RATE);
	assert_int_equal(charge(0, 5), 0);
}

static void test_a_quota_below_what_was_brought_lets_nothing_in(void **state)
{
	(void)state;
	assert_int_equal(charge(10, 10), 0);
	set_entries(5);
	assert_int_equal(charge(1, 0), QUOTA_E_FULL);
	set_entries(11);
	assert_int_equal(charge(1, 0), 0);
}

static void test_a_limit_that_is_not_given_stays(void **state)
{
	struct quota quota;

	(void)state;
	set_bytes(7);
	set_entries(8);
	set_rate(9);
	set_bytes(0);
	assert_int_equal(quota_effective(scene.database, partner, &quota), 0);
	assert_int_equal(quota.bytes, 0);
	assert_int_equal(quota.entries, 8);
	assert_int_equal(quota.rate, 9);
	assert_int_equal(quota_effective(scene.database, other, &quota), 0);
	assert_int_equal(quota.entries, 0);
}

static void test_limits_have_limits(void **state)
{
	uint64_t most = FORMAT_INTEGER_MAX, more = most + 1;
	uint64_t rate = QUOTA_RATE_MAX, faster = rate + 1;
	struct quota quota;

	(void)state;
	set(&most, &most, &rate);
	assert_int_equal(
	    quota_set(scene.database, partner, &more, NULL, NULL), -ERANGE);
	assert_int_equal(
	    quota_set(scene.database, partner, NULL, &more, NULL), -ERANGE);
	assert_int_equal(
	    quota_set(scene.database, partner, NULL, NULL, &faster), -ERANGE);
	assert_int_equal(quota_effective(scene.database, partner, &quota), 0);
	assert_int_equal(quota.bytes, most);
	assert_int_equal(quota.rate, rate);
	assert_int_equal(charge(8192, 1), 0);
	assert_int_equal(used_at(NOW).rate, 8192);
}

static void test_partners_do_not_use_each_others_quota(void **state)
{
	const struct quota_cost cost = {.entries = 5};
	struct quota used;

	(void)state;
	set_entries(5);
	assert_int_equal(charge(5, 0), 0);
	assert_int_equal(quota_charge(scene.database, other, &cost, NOW), 0);
	assert_int_equal(quota_used(scene.database, other, NOW, &used), 0);
	assert_int_equal(used.entries, 5);
	assert_int_equal(used_at(NOW).entries, 5);
}

static void test_what_is_rolled_back_is_not_counted(void **state)
{
	const struct quota_cost cost = {.entries = 5, .bytes = 5};

	(void)state;
	set_rate(10);
	assert_int_equal(database_begin(scene.database), 0);
	assert_int_equal(quota_charge(scene.database, partner, &cost, NOW), 0);
	database_rollback(scene.database, 0);
	assert_int_equal(used_at(NOW).entries, 0);
	assert_int_equal(used_at(NOW).rate, 0);
}

static void test_it_is_kept(void **state)
{
	struct quota quota;

	(void)state;
	set_entries(9);
	assert_int_equal(charge(5, 6), 0);
	scene_close();
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(quota_effective(scene.database, partner, &quota), 0);
	assert_int_equal(quota.entries, 9);
	assert_int_equal(used_at(NOW).entries, 5);
	assert_int_equal(used_at(NOW).bytes, 6);
}

/* A declared size can be anything up to 2^53 - 1, and there are many. */
static void test_sums_do_not_run_over(void **state)
{
	(void)state;
	assert_int_equal(quota_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(quota_add(INT64_MAX - 1, 1), INT64_MAX);
	assert_int_equal(quota_add(UINT64_MAX, UINT64_MAX), INT64_MAX);
	assert_int_equal(quota_add(1, UINT64_MAX), INT64_MAX);
	assert_int_equal(quota_add(3, 4), 7);
	assert_int_equal(charge(1, INT64_MAX), 0);
	assert_int_equal(charge(1, INT64_MAX), 0);
	assert_int_equal(used_at(NOW).bytes, INT64_MAX);
	set_bytes(FORMAT_INTEGER_MAX);
	assert_int_equal(charge(1, 1), QUOTA_E_FULL);
}

static void test_so_many_an_hour_are_taken(void **state)
{
	(void)state;
	set_rate(2);
	assert_int_equal(charge(1, 0), 0);
	assert_int_equal(charge(1, 0), 0);
	assert_int_equal(charge(1, 0), QUOTA_E_RATE);
	assert_int_equal(used_at(NOW).rate, 2);
	assert_int_equal(charge_at(1, 0, NOW + HOUR / 2 - 1), QUOTA_E_RATE);
	assert_int_equal(charge_at(1, 0, NOW + HOUR / 2), 0);
	assert_int_equal(charge_at(1, 0, NOW + HOUR / 2), QUOTA_E_RATE);
	assert_int_equal(charge_at(2, 0, NOW + 2 * HOUR), 0);
	assert_int_equal(used_at(NOW + 2 * HOUR).rate, 2);
	assert_int_equal(used_at(NOW + 9 * HOUR).rate, 0);
}

static void test_a_larger_batch_is_taken_when_nothing_came_before(void **state)
{
	(void)state;
	set_rate(2);
	assert_int_equal(charge(1, 0), 0);
	assert_int_equal(charge(9, 0), QUOTA_E_RATE);
	assert_int_equal(charge_at(9, 0, NOW + HOUR), 0);
	assert_int_equal(charge_at(1, 0, NOW + 4 * HOUR), QUOTA_E_RATE);
	assert_int_equal(charge_at(1, 0, NOW + 5 * HOUR), 0);
	assert_int_equal(charge_at(9, 0, NOW + 6 * HOUR - 1), QUOTA_E_RATE);
	assert_int_equal(charge_at(9, 0, NOW + 6 * HOUR + 1), 0);
}

static void test_a_clock_that_is_set_back_locks_nobody_out(void **state)
{
	(void)state;
	set_rate(1);
	assert_int_equal(charge_at(1, 0, NOW + 365 * 24 * HOUR), 0);
	assert_int_equal(charge_at(1, 0, NOW), 0);
	assert_int_equal(charge_at(1, 0, NOW), QUOTA_E_RATE);
	assert_int_equal(charge_at(1, 0, NOW + HOUR), 0);
}

static void test_a_rate_that_was_lifted_leaves_no_debt(void **state)
{
	(void)state;
	set_rate(1);
	assert_int_equal(charge(100, 0), 0);
	set_rate(0);
	assert_int_equal(charge(1, 0), 0);
	set_rate(1);
	assert_int_equal(charge(1, 0), 0);
	assert_int_equal(charge(1, 0), QUOTA_E_RATE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, begin, scene_end)
	const struct CMUnitTest tests[] = {
	    T(without_a_quota_all_fits_and_is_counted),
	    T(entries_fit_to_the_last),
	    T(bytes_fit_to_the_last),
	    T(what_costs_nothing_always_fits),
	    T(a_quota_below_what_was_brought_lets_nothing_in),
	    T(a_limit_that_is_not_given_stays),
	    T(limits_have_limits),
	    T(partners_do_not_use_each_others_quota),
	    T(what_is_rolled_back_is_not_counted),
	    T(it_is_kept),
	    T(sums_do_not_run_over),
	    T(so_many_an_hour_are_taken),
	    T(a_larger_batch_is_taken_when_nothing_came_before),
	    T(a_clock_that_is_set_back_locks_nobody_out),
	    T(a_rate_that_was_lifted_leaves_no_debt),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
