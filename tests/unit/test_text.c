/*
 * Text of strangers: nothing in it acts on a terminal or hides words, nothing
 * in it is lost, and no two texts come out alike.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/format/text.h"

static void expect(
    const char *in, size_t len, const char *indent, const char *wanted)
{
	struct buf out = {0};

	assert_int_equal(text_escape(span_of(in, len), indent, &out), 0);
	assert_int_equal(out.len, strlen(wanted));
	assert_memory_equal(out.data, wanted, out.len);
	buf_free(&out);
}

#define EXPECT(in, indent, wanted) expect(in, sizeof(in) - 1, indent, wanted)

static void test_plain_text_stays(void **state)
{
	(void)state;
	EXPECT("", NULL, "");
	EXPECT("plain, 100 %", NULL, "plain, 100 %");
	EXPECT("رأيت ذلك", NULL, "رأيت ذلك");
	EXPECT("Lo vi, ñandú", "  ", "Lo vi, ñandú");
	EXPECT("\U0001F4F7\U0010FFFD", NULL, "\U0001F4F7\U0010FFFD");
}

static void test_persian_stays_readable(void **state)
{
	(void)state;
	EXPECT("می\u200cخواهم", "  ", "می\u200cخواهم");
	EXPECT("क्\u200dष", "  ", "क्\u200dष");
	EXPECT("a\u200cb", NULL, "a\\u{200c}b");
}

static void test_what_acts_is_named(void **state)
{
	(void)state;
	EXPECT("\x1b[2J\x07", NULL, "\\u{1b}[2J\\u{7}");
	EXPECT("a\0b", NULL, "a\\u{0}b");
	EXPECT("\x7f\xc2\x85\xc2\x9b", NULL, "\\u{7f}\\u{85}\\u{9b}");
	EXPECT("\u202egpj.exe\u2066", "  ", "\\u{202e}gpj.exe\\u{2066}");
	EXPECT("\u00ad\u034f\u2800\u3164\ufeff", "  ",
	    "\\u{ad}\\u{34f}\\u{2800}\\u{3164}\\u{feff}");
	EXPECT("\U000E0041\U000E01EF", "  ", "\\u{e0041}\\u{e01ef}");
}

static void test_bytes_that_are_no_utf8_are_named(void **state)
{
	(void)state;
	EXPECT("\xff", NULL, "\\x{ff}");
	EXPECT("\xc0\xaf", NULL, "\\x{c0}\\x{af}");
	EXPECT("\xed\xa0\x80", NULL, "\\x{ed}\\x{a0}\\x{80}");
	EXPECT("\xf4\x90\x80\x80", NULL, "\\x{f4}\\x{90}\\x{80}\\x{80}");
	EXPECT("\xe2\x82", NULL, "\\x{e2}\\x{82}");
}

static void test_lines_are_kept_apart(void **state)
{
	(void)state;
	EXPECT("one\ntwo\tthree", NULL, "one\\u{a}two\\u{9}three");
	EXPECT("one\ntwo\tthree\n", "  ", "one\n  two\tthree\n  ");
	EXPECT("a\r\nb", "  ", "a\\u{d}\n  b");
}

static void test_no_two_texts_come_out_alike(void **state)
{
	(void)state;
	EXPECT("\\u{1b}", NULL, "\\\\u{1b}");
	EXPECT("\\", NULL, "\\\\");
	EXPECT("\\x{ff}", "  ", "\\\\x{ff}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_text_stays),
	    cmocka_unit_test(test_persian_stays_readable),
	    cmocka_unit_test(test_what_acts_is_named),
	    cmocka_unit_test(test_bytes_that_are_no_utf8_are_named),
	    cmocka_unit_test(test_lines_are_kept_apart),
	    cmocka_unit_test(test_no_two_texts_come_out_alike),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
