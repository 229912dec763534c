/*
 * The line reader: it takes what FORMAT.md writes, consumes nothing of what it
 * refuses, and never reads past the end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/format/ids.h"
#include "proto/format/lines.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct lines lines_of(const char *text)
{
	struct lines lines;

	lines_begin(&lines, span_text(text));
	return lines;
}

static void test_a_line_is_split_at_its_first_space(void **state)
{
	struct lines lines = lines_of("key two words\nalone\n");
	struct line line;

	(void)state;
	assert_int_equal(lines_next(&lines, &line), 0);
	assert_true(span_equal(line.key, span_text("key")));
	assert_true(span_equal(line.value, span_text("two words")));
	assert_int_equal(lines.number, 1);
	assert_int_equal(lines_next(&lines, &line), 0);
	assert_true(span_equal(line.key, span_text("alone")));
	assert_int_equal(line.value.len, 0);
	assert_int_equal(lines.number, 2);
	assert_true(lines_at_end(&lines));
	assert_int_equal(lines_next(&lines, &line), FORMAT_E_MALFORMED);
}

static void test_a_line_that_is_not_clean_is_refused_and_kept(void **state)
{
	static const char *const wrong[] = {"", "\n", " a\n", "a \n", " \n",
	    "a  b\n", "a\tb\n", "a\r\n", "a", "a b", "a\x7f\n", "a\x1f\n",
	    "\xc3\xa9\n", "a\x80\n"};
	struct lines lines;
	struct line line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		lines = lines_of(wrong[i]);
		assert_int_equal(lines_next(&lines, &line), FORMAT_E_MALFORMED);
		assert_int_equal(lines.rest.len, strlen(wrong[i]));
		assert_int_equal(lines.number, 0);
	}
	lines_begin(&lines, span_of("a\0b\n", 4));
	assert_int_equal(lines_next(&lines, &line), FORMAT_E_MALFORMED);
}

static void test_a_raw_line_may_hold_anything_but_ends_in_lf(void **state)
{
	struct lines lines;
	struct span line;

	(void)state;
	lines_begin(&lines, span_of(" \xff\0\r\n\nx", 7));
	assert_int_equal(lines_next_raw(&lines, &line), 0);
	assert_true(span_equal(line, span_of(" \xff\0\r", 4)));
	assert_int_equal(lines_next_raw(&lines, &line), 0);
	assert_int_equal(line.len, 0);
	assert_int_equal(lines_next_raw(&lines, &line), FORMAT_E_MALFORMED);
	assert_int_equal(lines.rest.len, 1);
	assert_int_equal(lines.number, 2);
}

static void test_peek_matches_whole_words_only(void **state)
{
	struct lines lines = lines_of("index 3\n"), bare = lines_of("index\n");
	struct lines cut = lines_of("index"), none = lines_of("");

	(void)state;
	assert_true(lines_peek(&lines, "index"));
	assert_true(lines_peek(&bare, "index"));
	assert_false(lines_peek(&lines, "inde"));
	assert_false(lines_peek(&lines, "indexes"));
	assert_false(lines_peek(&lines, "INDEX"));
	assert_false(lines_peek(&cut, "index"));
	assert_false(lines_peek(&none, "index"));
	assert_int_equal(lines.rest.len, 8);
}

static void test_an_expected_line_yields_its_value(void **state)
{
	struct lines lines = lines_of("index 3\nname a b\n");
	struct span value;

	(void)state;
	assert_int_equal(lines_expect(&lines, "index", &value), 0);
	assert_true(span_equal(value, span_text("3")));
	assert_int_equal(lines_expect(&lines, "name", &value), 0);
	assert_true(span_equal(value, span_text("a b")));
	assert_true(lines_at_end(&lines));
}

static void test_another_key_or_no_value_is_refused_and_kept(void **state)
{
	static const char *const wrong[] = {"name 3\n", "indexes 3\n",
	    "inde 3\n", "index\n", "index \n", "index  3\n", "index 3",
	    "Index 3\n", " index 3\n", "\n", ""};
	struct span value = span_text("before");
	struct lines lines;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		lines = lines_of(wrong[i]);
		assert_int_equal(
		    lines_expect(&lines, "index", &value), FORMAT_E_MALFORMED);
		assert_int_equal(lines.rest.len, strlen(wrong[i]));
	}
	assert_true(span_equal(value, span_text("before")));
}

static void test_an_exact_line_is_exact(void **state)
{
	struct lines lines = lines_of("evident x v1\n\nrest\n");

	(void)state;
	assert_int_equal(
	    lines_expect_exact(&lines, "evident x v2"), FORMAT_E_MALFORMED);
	assert_int_equal(
	    lines_expect_exact(&lines, "evident x v"), FORMAT_E_MALFORMED);
	assert_int_equal(
	    lines_expect_exact(&lines, "evident x v11"), FORMAT_E_MALFORMED);
	assert_int_equal(lines.number, 0);
	assert_int_equal(lines_expect_exact(&lines, "evident x v1"), 0);
	assert_int_equal(lines_expect_exact(&lines, ""), 0);
	assert_int_equal(lines_expect_exact(&lines, "rest"), 0);
	assert_int_equal(lines_expect_exact(&lines, ""), FORMAT_E_MALFORMED);
}

static void test_words_come_one_by_one(void **state)
{
	struct span words = span_text("one two 3"), word;

	(void)state;
	assert_int_equal(words_next(&words, &word), 0);
	assert_true(span_equal(word, span_text("one")));
	assert_int_equal(words_next(&words, &word), 0);
	assert_true(span_equal(word, span_text("two")));
	assert_int_equal(words_next(&words, &word), 0);
	assert_true(span_equal(word, span_text("3")));
	assert_int_equal(words.len, 0);
	assert_int_equal(words_next(&words, &word), FORMAT_E_MALFORMED);
}

static void test_words_with_stray_spaces_are_refused_and_kept(void **state)
{
	static const char *const wrong[] = {"", " ", " a", "a "};
	struct span words, word;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		words = span_text(wrong[i]);
		assert_int_equal(words_next(&words, &word), FORMAT_E_MALFORMED);
		assert_int_equal(words.len, strlen(wrong[i]));
	}
	words = span_text("a  b");
	assert_int_equal(words_next(&words, &word), 0);
	assert_int_equal(words_next(&words, &word), FORMAT_E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_line_is_split_at_its_first_space),
	    cmocka_unit_test(test_a_line_that_is_not_clean_is_refused_and_kept),
	    cmocka_unit_test(test_a_raw_line_may_hold_anything_but_ends_in_lf),
	    cmocka_unit_test(test_peek_matches_whole_words_only),
	    cmocka_unit_test(test_an_expected_line_yields_its_value),
	    cmocka_unit_test(test_another_key_or_no_value_is_refused_and_kept),
	    cmocka_unit_test(test_an_exact_line_is_exact),
	    cmocka_unit_test(test_words_come_one_by_one),
	    cmocka_unit_test(test_words_with_stray_spaces_are_refused_and_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
