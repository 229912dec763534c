/*
 * The lines in front of a bundle: one spelling, and nothing else.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/format/bundle.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GOOD \
	"evident bundle v1\nfrom " A "\nto " B "\nframes 9007199254740991\n"

static int parse(const char *text, struct bundle_head *ret, size_t *ret_len)
{
	return bundle_parse_head(span_text(text), ret, ret_len);
}

static void test_a_head_round_trips(void **state)
{
	struct bundle_head head;
	struct buf again = {0};
	size_t len = 0;

	(void)state;
	assert_int_equal(parse(GOOD "frames follow", &head, &len), 0);
	assert_int_equal(len, strlen(GOOD));
	assert_int_equal(head.from.bytes[31], 0xaa);
	assert_int_equal(head.to.bytes[0], 0xbb);
	assert_int_equal(head.size, 9007199254740991);
	assert_int_equal(bundle_build_head(&head, &again), 0);
	assert_true(span_equal(buf_span(&again), span_text(GOOD)));
	assert_true(again.len <= BUNDLE_HEAD_MAX);
	buf_free(&again);
}

static void test_every_truncation_is_refused(void **state)
{
	struct bundle_head head;
	size_t len, i;

	(void)state;
	for (i = 0; i < strlen(GOOD); i++)
		assert_int_not_equal(
		    bundle_parse_head(span_of(GOOD, i), &head, &len), 0);
}

static void test_other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {
	    "evident bundle v2\nfrom " A "\nto " B "\nframes 0\n",
	    "evident bundle v1\r\nfrom " A "\nto " B "\nframes 0\n",
	    "evident bundle v1\nto " B "\nfrom " A "\nframes 0\n",
	    "evident bundle v1\nfrom " A "\nto " B "\nframes 00\n",
	    "evident bundle v1\nfrom " A "\nto " B "\nframes -1\n",
	    "evident bundle v1\nfrom " A "\nto " B
	    "\nframes 9007199254740992\n",
	    "evident bundle v1\nfrom " A "\nto " B "\nframes  1\n",
	    "evident bundle v1\nfrom  " A "\nto " B "\nframes 1\n",
	    "evident bundle v1\nfrom " A "\nfrom " A "\nto " B "\nframes 1\n",
	    "evident bundle v1\nfrom " A "0\nto " B "\nframes 1\n",
	    "evident bundle v1\nfrom AA" A "\nto " B "\nframes 1\n",
	    "evident bundle v1\n\nfrom " A "\nto " B "\nframes 1\n",
	};
	struct bundle_head head;
	size_t len, i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_not_equal(parse(bad[i], &head, &len), 0);
}

/* SHA-256 of "abc", FIPS 180-4. */
static void test_the_message_is_what_sha256sum_prints(void **state)
{
	static const char hex[] = "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad";
	struct digest digest;
	struct buf message = {0};

	(void)state;
	assert_int_equal(hex_decode(span_text(hex), digest.bytes, 32), 0);
	assert_int_equal(bundle_message(&digest, &message), 0);
	assert_int_equal(message.len, 65);
	assert_memory_equal(message.data, hex, 64);
	assert_int_equal(message.data[64], '\n');
	buf_free(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_head_round_trips),
	    cmocka_unit_test(test_every_truncation_is_refused),
	    cmocka_unit_test(test_other_spellings_are_refused),
	    cmocka_unit_test(test_the_message_is_what_sha256sum_prints),
	};

	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
