/*
 * Spans, buffers, hex, base64 (RFC 4648, 10), UTF-8 (RFC 3629) and decimals:
 * one text for one value, and nothing repaired.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_a_shorter_span_stands_before_what_it_begins(void **state)
{
	(void)state;
	assert_true(span_compare(span_text("ab"), span_text("abc")) < 0);
	assert_true(span_compare(span_text("abc"), span_text("ab")) > 0);
	assert_true(span_compare(span_text("b"), span_text("abc")) > 0);
	assert_int_equal(span_compare(span_text("ab"), span_text("ab")), 0);
	assert_int_equal(span_compare(span_of(NULL, 0), span_text("")), 0);
}

static void test_spans_compare_as_unsigned_bytes(void **state)
{
	(void)state;
	assert_true(span_compare(span_text("\x7f"), span_text("\x80")) < 0);
	assert_true(span_equal(span_of("a\0b", 3), span_of("a\0b", 3)));
	assert_false(span_equal(span_of("a\0b", 3), span_of("a\0c", 3)));
	assert_false(span_equal(span_text("a"), span_text("")));
}

static void test_a_buffer_keeps_what_is_appended_while_it_grows(void **state)
{
	struct buf buf = {0};
	uint8_t byte;
	size_t i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		byte = (uint8_t)(i % 251);
		assert_int_equal(buf_append(&buf, &byte, 1), 0);
	}
	assert_int_equal(buf.len, 5000);
	for (i = 0; i < 5000; i++)
		assert_int_equal(buf.data[i], i % 251);
	buf_free(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	buf_free(NULL);
}

static void test_a_buffer_is_unchanged_when_its_limit_is_hit(void **state)
{
	struct buf buf = {.max = 4};

	(void)state;
	assert_int_equal(buf_append_text(&buf, "abc"), 0);
	assert_int_equal(buf_append_text(&buf, "de"), -EMSGSIZE);
	assert_int_equal(buf_printf(&buf, "%s", "de"), -EMSGSIZE);
	assert_int_equal(buf_append_hex(&buf, "d", 1), -EMSGSIZE);
	assert_int_equal(
	    base64_append(&buf, BASE64_RAW, span_text("d")), -EMSGSIZE);
	assert_int_equal(
	    base64_decode(span_text("AAAA"), BASE64_RAW, &buf), -EMSGSIZE);
	assert_true(span_equal(buf_span(&buf), span_text("abc")));
	buf_free(&buf);
}

static void test_a_buffer_may_be_filled_to_its_limit(void **state)
{
	struct buf buf = {.max = 4};

	(void)state;
	assert_int_equal(buf_append_span(&buf, span_text("abcd")), 0);
	buf.len = 0;
	assert_int_equal(buf_printf(&buf, "%d", 1234), 0);
	assert_true(span_equal(buf_span(&buf), span_text("1234")));
	buf.len = 0;
	assert_int_equal(buf_append_hex(&buf, "ab", 2), 0);
	assert_true(span_equal(buf_span(&buf), span_text("6162")));
	buf.len = 0;
	assert_int_equal(base64_append(&buf, BASE64_RAW, span_text("abc")), 0);
	buf.len = 0;
	assert_int_equal(
	    base64_append(&buf, BASE64_STANDARD, span_text("a")), 0);
	buf.len = 0;
	assert_int_equal(
	    base64_decode(span_text("YWJjZA"), BASE64_RAW, &buf), 0);
	assert_true(span_equal(buf_span(&buf), span_text("abcd")));
	buf_free(&buf);
}

static void test_a_size_that_would_overflow_is_refused(void **state)
{
	struct buf buf = {0};
	uint8_t *room;

	(void)state;
	assert_int_equal(buf_append_text(&buf, "abc"), 0);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX, &room), -EMSGSIZE);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX - 3, &room), -EMSGSIZE);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX / 2, &room), -EMSGSIZE);
	assert_int_equal(buf.len, 3);
	buf_free(&buf);
}

static void test_an_empty_buffer_has_a_place_for_nothing(void **state)
{
	struct buf buf = {0};
	uint8_t *room = NULL;

	(void)state;
	assert_int_equal(buf_reserve(&buf, 0, &room), 0);
	assert_non_null(room);
	assert_int_equal(buf_append(&buf, NULL, 0), 0);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
}

static void test_hex_is_lower_case_both_ways(void **state)
{
	const uint8_t bytes[] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t back[4];
	char text[9];

	(void)state;
	hex_encode(bytes, sizeof bytes, text);
	assert_string_equal(text, "009fa0ff");
	assert_int_equal(hex_decode(span_text(text), back, sizeof back), 0);
	assert_memory_equal(back, bytes, sizeof bytes);
}

static void test_hex_of_another_spelling_or_length_is_refused(void **state)
{
	static const char *const wrong[] = {"009FA0FF", "009fa0f", "009fa0ff0",
	    "009fa0fg", "009fa0f ", "", "0x9fa0ff", "009fa0f/",
	    "009fa0f:", "009fa0f`"};
	uint8_t out[4] = {1, 2, 3, 4};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(hex_decode(span_text(wrong[i]), out, 4),
		    FORMAT_E_MALFORMED);
	assert_memory_equal(out, "\1\2\3\4", 4);
}

static void test_base64_is_that_of_rfc_4648(void **state)
{
	static const struct {
		const char *data, *text;
		size_t raw_len;
	} vectors[] = {{"", "", 0}, {"f", "Zg==", 2}, {"fo", "Zm8=", 3},
	    {"foo", "Zm9v", 4}, {"foob", "Zm9vYg==", 6},
	    {"fooba", "Zm9vYmE=", 7}, {"foobar", "Zm9vYmFy", 8}};
	struct buf buf = {0};
	struct span raw;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vectors); i++) {
		raw = span_of(vectors[i].text, vectors[i].raw_len);
		buf.len = 0;
		assert_int_equal(base64_append(&buf, BASE64_STANDARD,
				     span_text(vectors[i].data)),
		    0);
		assert_true(
		    span_equal(buf_span(&buf), span_text(vectors[i].text)));
		buf.len = 0;
		assert_int_equal(
		    base64_append(&buf, BASE64_RAW, span_text(vectors[i].data)),
		    0);
		assert_true(span_equal(buf_span(&buf), raw));
		buf.len = 0;
		assert_int_equal(base64_decode(span_text(vectors[i].text),
				     BASE64_STANDARD, &buf),
		    0);
		assert_int_equal(base64_decode(raw, BASE64_RAW, &buf), 0);
		assert_int_equal(buf.len, 2 * strlen(vectors[i].data));
		buf.len /= 2;
		assert_true(
		    span_equal(buf_span(&buf), span_text(vectors[i].data)));
	}
	buf_free(&buf);
}

static void test_every_base64_digit_stands_for_its_number(void **state)
{
	static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf buf = {0};
	uint8_t text[4], c;
	int i, r;

	(void)state;
	for (i = 0; i < 256; i++) {
		memset(text, 'A', sizeof text);
		text[3] = c = (uint8_t)i;
		buf.len = 0;
		r = base64_decode(span_of(text, 4), BASE64_RAW, &buf);
		if (i == 0 || !strchr(standard, c)) {
			assert_int_equal(r, FORMAT_E_MALFORMED);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(buf.data[2], strchr(standard, c) - standard);
	}
	buf_free(&buf);
}

static void test_base64url_has_digits_of_its_own(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_int_equal(
	    base64_append(&buf, BASE64_URL, span_of("\xfb\xff", 2)), 0);
	assert_true(span_equal(buf_span(&buf), span_text("-_8")));
	buf.len = 0;
	assert_int_equal(base64_decode(span_text("-_8"), BASE64_URL, &buf), 0);
	assert_true(span_equal(buf_span(&buf), span_of("\xfb\xff", 2)));
	assert_int_equal(base64_decode(span_text("+/8"), BASE64_URL, &buf),
	    FORMAT_E_MALFORMED);
	assert_int_equal(base64_decode(span_text("-_8"), BASE64_RAW, &buf),
	    FORMAT_E_MALFORMED);
	assert_int_equal(buf.len, 2);
	buf_free(&buf);
}

static void test_base64_of_another_spelling_is_refused(void **state)
{
	static const struct {
		enum base64_kind kind;
		const char *text;
	} wrong[] = {{BASE64_STANDARD, "Zg"}, {BASE64_STANDARD, "Zg="},
	    {BASE64_STANDARD, "Zg==="}, {BASE64_STANDARD, "Z==="},
	    {BASE64_STANDARD, "===="}, {BASE64_STANDARD, "Zm9v===="},
	    {BASE64_STANDARD, "Zg==Zg=="}, {BASE64_STANDARD, "Zm9vYg=\n"},
	    /* The bits that no byte takes are set. */
	    {BASE64_STANDARD, "Zh=="}, {BASE64_STANDARD, "Zm9="},
	    {BASE64_RAW, "Zh"}, {BASE64_RAW, "Zm9"}, {BASE64_URL, "Zh"},
	    {BASE64_RAW, "Zg=="}, {BASE64_URL, "Zg=="}, {BASE64_RAW, "Z"},
	    {BASE64_RAW, "Zm9vY"}, {BASE64_RAW, "Zm 9"}, {BASE64_RAW, "Zm9v\n"},
	    {BASE64_RAW, " Zm9v"}, {BASE64_RAW, "Zm9\xc3"}};
	struct buf buf = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(base64_decode(span_text(wrong[i].text),
				     wrong[i].kind, &buf),
		    FORMAT_E_MALFORMED);
	assert_int_equal(base64_decode(span_of("Zm\0v", 4), BASE64_RAW, &buf),
	    FORMAT_E_MALFORMED);
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
}

static void test_all_of_utf8_is_valid(void **state)
{
	static const char *const right[] = {"", "a", "\x7f", "\xc2\x80",
	    "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
	    "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	    "\xd8\xb4\xd9\x87\xd8\xa7\xd8\xaf\xd8\xa9"};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(right); i++)
		assert_true(utf8_is_valid(span_text(right[i])));
}

static void test_what_rfc_3629_forbids_is_no_utf8(void **state)
{
	static const char *const wrong[] = {"\x80", "\xbf", "\xc0\x80",
	    "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf",
	    "\xe1\x80", "\xe1\x80\x7f", "\xed\xa0\x80", "\xed\xbf\xbf",
	    "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf1\x80\x80\xc0",
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "a\x80"};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_false(utf8_is_valid(span_text(wrong[i])));
	assert_false(utf8_is_valid(span_of("a\0b", 3)));
}

static void test_a_decimal_has_one_spelling(void **state)
{
	static const char *const wrong[] = {"", "00", "01", "-1", "+1", " 1",
	    "1 ", "1a", "0x1", "9007199254740992", "9999999999999999",
	    "10000000000000000", "18446744073709551617", "1\n", ":", "/"};
	uint64_t value = 7;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(decimal_decode(span_text(wrong[i]), &value),
		    FORMAT_E_MALFORMED);
	assert_int_equal(value, 7);
	assert_int_equal(decimal_decode(span_text("0"), &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(decimal_decode(span_text("10"), &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(
	    decimal_decode(span_text("9007199254740991"), &value), 0);
	assert_int_equal(value, INT64_C(9007199254740991));
}

static void test_numbers_are_big_endian(void **state)
{
	static const struct {
		uint64_t value;
		uint8_t bytes[8];
	} pairs[] = {
	    {0, {0}},
	    {1, {0, 0, 0, 0, 0, 0, 0, 1}},
	    {UINT64_C(0x0123456789abcdef),
		{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}},
	    {UINT64_MAX, {255, 255, 255, 255, 255, 255, 255, 255}},
	};
	uint8_t bytes[8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		u64_encode(pairs[i].value, bytes);
		assert_memory_equal(bytes, pairs[i].bytes, 8);
		assert_true(u64_decode(bytes) == pairs[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_shorter_span_stands_before_what_it_begins),
	    cmocka_unit_test(test_spans_compare_as_unsigned_bytes),
	    cmocka_unit_test(
		test_a_buffer_keeps_what_is_appended_while_it_grows),
	    cmocka_unit_test(test_a_buffer_is_unchanged_when_its_limit_is_hit),
	    cmocka_unit_test(test_a_buffer_may_be_filled_to_its_limit),
	    cmocka_unit_test(test_a_size_that_would_overflow_is_refused),
	    cmocka_unit_test(test_an_empty_buffer_has_a_place_for_nothing),
	    cmocka_unit_test(test_hex_is_lower_case_both_ways),
	    cmocka_unit_test(test_hex_of_another_spelling_or_length_is_refused),
	    cmocka_unit_test(test_base64_is_that_of_rfc_4648),
	    cmocka_unit_test(test_every_base64_digit_stands_for_its_number),
	    cmocka_unit_test(test_base64url_has_digits_of_its_own),
	    cmocka_unit_test(test_base64_of_another_spelling_is_refused),
	    cmocka_unit_test(test_all_of_utf8_is_valid),
	    cmocka_unit_test(test_what_rfc_3629_forbids_is_no_utf8),
	    cmocka_unit_test(test_numbers_are_big_endian),
	    cmocka_unit_test(test_a_decimal_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
