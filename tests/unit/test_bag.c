/*
 * What a bag's files are made of: endings, the editions a verifier knows. Bags
 * as a whole are written and broken in tests/scenario (main_job, bag_corrupt).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/bag/files.h"

/* SHA-256 of "abc" (FIPS 180-4, example) and of "" */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NIL "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static bool knows(const char *list, const char *name, const char *hash)
{
	struct digest digest;

	assert_int_equal(
	    hex_decode(span_text(hash), digest.bytes, sizeof digest.bytes), 0);
	return editions_know(span_text(list), name, &digest);
}

static void test_an_earlier_edition_is_known(void **state)
{
	static const char list[] = "# FORMAT.md comes first\n\n"
				   "FORMAT.md " ABC "\nVERIFY.txt " NIL "\n";

	(void)state;
	assert_true(knows(list, "FORMAT.md", ABC));
	assert_true(knows(list, "VERIFY.txt", NIL));
	assert_false(knows(list, "FORMAT.md", NIL));
	assert_false(knows(list, "VERIFY.txt", ABC));
	assert_false(knows(list, "FORMAT.m", ABC));
}

static void test_only_whole_lines_count(void **state)
{
	(void)state;
	assert_false(knows("", "FORMAT.md", ABC));
	assert_true(knows("FORMAT.md " ABC, "FORMAT.md", ABC));
	assert_false(knows("FORMAT.md " ABC " \n", "FORMAT.md", ABC));
	assert_false(knows("#FORMAT.md " ABC "\n", "FORMAT.md", ABC));
	assert_false(knows("FORMAT.md\n" ABC "\n", "FORMAT.md", ABC));
	assert_false(knows("FORMAT.md ba7816\n", "FORMAT.md", ABC));
}

static void test_the_list_of_this_release_is_well_formed(void **state)
{
	struct span list = span_of(documents_editions, documents_editions_len);
	const uint8_t *end;

	(void)state;
	assert_true(list.len > 0 && list.data[list.len - 1] == '\n');
	for (; list.len > 0;
	     list.len -= (size_t)(end + 1 - list.data), list.data = end + 1) {
		end = memchr(list.data, '\n', list.len);
		if (*list.data == '#')
			continue;
		assert_true(
		    end - list.data == 9 + 65 || end - list.data == 10 + 65);
	}
}

static void test_endings(void **state)
{
	(void)state;
	assert_string_equal(bag_ending("image/jpeg"), "jpg");
	assert_string_equal(bag_ending("audio/ogg"), "ogg");
	assert_string_equal(bag_ending("text/html"), "bin");
	assert_string_equal(bag_ending("IMAGE/JPEG"), "bin");
	assert_string_equal(bag_ending(""), "bin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_earlier_edition_is_known),
	    cmocka_unit_test(test_only_whole_lines_count),
	    cmocka_unit_test(test_the_list_of_this_release_is_well_formed),
	    cmocka_unit_test(test_endings),
	};

	return cmocka_run_group_tests_name("bag", tests, NULL, NULL);
}
