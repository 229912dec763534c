/*
 * Padmé: never shorter, at most 12 % longer, and as few lengths as its paper
 * promises.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stddef.h>

#include "proto/format/padme.h"

/* The paper's algorithm 1, with its logarithms counted by hand. */
static uint64_t reference(uint64_t length)
{
	uint64_t mask, rest;
	unsigned e = 0, s = 0;

	for (rest = length; rest > 1; rest /= 2)
		e++;
	for (rest = e; rest > 0; rest /= 2)
		s++;
	mask = (UINT64_C(1) << (e - s)) - 1;
	return (length + mask) & ~mask;
}

static void test_known_lengths(void **state)
{
	static const uint64_t pairs[][2] = {{0, 0}, {1, 1}, {2, 2}, {3, 3},
	    {7, 7}, {8, 8}, {9, 10}, {10, 10}, {15, 16}, {16, 16}, {17, 18},
	    {100, 104}, {1000, 1024}, {4096, 4096}, {4097, 4352},
	    {65535, 65536}, {65537, 67584}, {1000000, 1015808},
	    {UINT64_C(1) << 53, UINT64_C(1) << 53}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		assert_int_equal(padme_length(pairs[i][0]), pairs[i][1]);
}

static void test_it_is_the_papers_algorithm(void **state)
{
	uint64_t length;

	(void)state;
	for (length = 2; length < 300000; length++)
		assert_int_equal(padme_length(length), reference(length));
	for (length = 300000; length < UINT64_C(1) << 53; length += length / 7)
		assert_int_equal(padme_length(length), reference(length));
}

static void test_a_padded_length_is_no_shorter_and_stays_padded(void **state)
{
	uint64_t length, padded;

	(void)state;
	for (length = 0; length < UINT64_C(1) << 53; length += length / 3 + 1) {
		padded = padme_length(length);
		assert_true(padded >= length);
		assert_true(padded - length <= length * 12 / 100);
		assert_int_equal(padme_length(padded), padded);
	}
}

static void test_no_length_wraps_around(void **state)
{
	(void)state;
	assert_true(padme_length(UINT64_MAX) == UINT64_MAX);
	assert_true(padme_length(UINT64_MAX - 1) == UINT64_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_lengths),
	    cmocka_unit_test(test_it_is_the_papers_algorithm),
	    cmocka_unit_test(
		test_a_padded_length_is_no_shorter_and_stays_padded),
	    cmocka_unit_test(test_no_length_wraps_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
