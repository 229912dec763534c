/*
 * Contents as a whole: what is built parses; what was made by hand parses only
 * with the lines, the salts and the padding that are due.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "proto/format/hash.h"
#include "tests/unit/content_scene.h"

static void what_is_built_parses_to_the_same_fields(void **state)
{
	static const char said[] = "قالت: \"رأيتهم\"\n\\ \t \r\n¡Aquí!";
	struct content_builder *builder = begun_builder();
	struct buf text = {0};

	(void)state;
	assert_int_equal(add(builder, "statement", said), 0);
	assert_int_equal(
	    add_json(builder, " { \"b\" : [1, -2 ,true] , \"a\" : null } "), 0);
	finish_and_parse(builder);
	assert_int_equal(content.count, 16);
	assert_int_equal(
	    content_value_text(find("statement")->value, &text), 0);
	assert_true(span_equal(buf_span(&text), span_text(said)));
	assert_true(span_equal(
	    find("a")->value, span_text("{\"a\":null,\"b\":[1,-2,true]}")));
	assert_int_equal(
	    content_value_text(find("a")->value, &text), FORMAT_E_MALFORMED);
	buf_free(&text);
}

static void every_line_is_a_disclosure_with_a_salt_of_its_own(void **state)
{
	const struct content_line *line;
	size_t i, k, decoys = 0;

	(void)state;
	finish_and_parse(begun_builder());
	for (i = 0; i < content.count; i++) {
		line = &content.lines[i];
		assert_memory_equal(line->json.data, "[\"", 2);
		assert_int_equal(line->json.data[24], '"');
		decoys += line->decoy;
		assert_int_equal(line->decoy, line->json.len == 26);
		assert_int_equal(line->decoy, line->name[0] == 0);
		for (k = 0; k < i; k++)
			assert_memory_not_equal(
			    line->json.data, content.lines[k].json.data, 24);
	}
	assert_int_equal(decoys, 12);
}

static void lines_are_filled_up_to_a_power_of_two(void **state)
{
	static const size_t named[] = {4, 15, 16, 17, 32, 33, 600, 1024},
			    lines[] = {16, 16, 16, 32, 32, 64, 1024, 1024};
	struct content_builder *builder;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof named / sizeof *named; i++) {
		builder = begun_builder();
		for (k = 4; k < named[i]; k++)
			assert_int_equal(add(builder, "a", ""), 0);
		finish_and_parse(builder);
		assert_int_equal(content.count, lines[i]);
	}
}

static void a_content_is_padded_to_padme_and_4096_at_least(void **state)
{
	static char large[40000];
	struct content_builder *builder;
	struct digest fields;
	struct buf bytes = {0};
	size_t len, used;

	(void)state;
	memset(large, 'x', sizeof large);
	for (len = 0; len < sizeof large; len += 1777) {
		builder = begun_builder();
		assert_int_equal(
		    content_add_text(builder, "a", span_of(large, len), &why),
		    0);
		assert_int_equal(content_finish(builder, &bytes, &fields), 0);
		content_builder_free(builder);
		for (used = bytes.len; bytes.data[used - 2] == '\n'; used--)
			;
		assert_int_equal(bytes.len,
		    padme_length(used) < 4096 ? 4096 : padme_length(used));
		assert_int_equal(parse(&bytes), 0);
		buf_free(&bytes);
	}
}

static void the_commitment_is_the_hash_of_the_sorted_digests(void **state)
{
	struct digest fields, listed;
	struct buf list = {0}, raw = {0};
	size_t i;

	(void)state;
	finish_and_parse(begun_builder());
	assert_int_equal(content_digest_list(&content, &list), 0);
	assert_int_equal(list.len, 16 * 44);
	for (i = 44; i < list.len; i += 44)
		assert_true(memcmp(list.data + i - 44, list.data + i, 43) < 0);
	assert_int_equal(content_commitment(&content, &fields), 0);
	assert_int_equal(hash_sha256(buf_span(&list), &listed), 0);
	assert_memory_equal(fields.bytes, listed.bytes, 32);
	assert_int_equal(
	    content_parse_digest_list(buf_span(&list), &raw, &listed), 0);
	assert_memory_equal(fields.bytes, listed.bytes, 32);
	assert_int_equal(raw.len, 16 * 32);
	buf_free(&list);
	buf_free(&raw);
}

static void a_digest_list_has_one_spelling(void **state)
{
	struct buf list = {0}, raw = {0}, bad = {0};
	struct digest fields;
	size_t i;

	(void)state;
	finish_and_parse(begun_builder());
	assert_int_equal(content_digest_list(&content, &list), 0);
	for (i = 0; i < list.len; i++)
		assert_int_equal(content_parse_digest_list(
				     span_of(list.data, i), &raw, &fields),
		    FORMAT_E_MALFORMED);
	/* The first line twice, the first two swapped, one too many. */
	assert_int_equal(buf_append_span(&bad, buf_span(&list)), 0);
	memcpy(bad.data + 44, bad.data, 44);
	assert_int_equal(
	    content_parse_digest_list(buf_span(&bad), &raw, &fields),
	    FORMAT_E_MALFORMED);
	memcpy(bad.data, list.data + 44, 44);
	assert_int_equal(
	    content_parse_digest_list(buf_span(&bad), &raw, &fields),
	    FORMAT_E_MALFORMED);
	memcpy(bad.data, list.data, list.len);
	for (i = 0; i < 43; i++)
		assert_int_equal(buf_append(&bad, "_", 1), 0);
	bad.data[bad.len - 1] = '8';
	assert_int_equal(buf_append(&bad, "\n", 1), 0);
	assert_int_equal(
	    content_parse_digest_list(buf_span(&bad), &raw, &fields),
	    FORMAT_E_MALFORMED);
	assert_int_equal(raw.len, 0);
	buf_free(&list);
	buf_free(&raw);
	buf_free(&bad);
}

static void every_truncated_content_is_refused(void **state)
{
	struct content_builder *builder = begun_builder();
	struct digest fields;
	struct buf bytes = {0};
	size_t len;

	(void)state;
	assert_int_equal(content_finish(builder, &bytes, &fields), 0);
	content_builder_free(builder);
	for (len = bytes.len; len-- > 0;) {
		bytes.len = len;
		assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
		if (len > 1200)
			len -= 6;
	}
	buf_free(&bytes);
}

static void every_flipped_byte_is_refused_or_changes_the_commitment(
    void **state)
{
	struct content_builder *builder = begun_builder();
	struct digest fields, other;
	struct buf bytes = {0};
	size_t i, taken = 0;

	(void)state;
	assert_int_equal(content_finish(builder, &bytes, &fields), 0);
	content_builder_free(builder);
	for (i = 0; i < bytes.len; i += i < 1200 ? 1 : 7) {
		bytes.data[i] ^= (uint8_t)(1 << i % 8);
		if (parse(&bytes) == 0) {
			taken++;
			assert_int_equal(
			    content_commitment(&content, &other), 0);
			assert_memory_not_equal(fields.bytes, other.bytes, 32);
		}
		bytes.data[i] ^= (uint8_t)(1 << i % 8);
	}
	/* A salt may turn into another salt. */
	assert_in_range(taken, 1, bytes.len / 2);
	buf_free(&bytes);
}

static void the_padding_is_exactly_what_is_due(void **state)
{
	struct buf bytes = {0};
	size_t i;

	(void)state;
	put_head(&bytes);
	put_many(&bytes, DECOY, 12);
	pad(&bytes, 0);
	assert_int_equal(parse(&bytes), 0);
	for (i = 0; i < 256; i++) {
		assert_int_equal(buf_append(&bytes, "\n", 1), 0);
		assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	}
	bytes.len = 4095;
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	bytes.len = 4096;
	bytes.data[4095] = ' ';
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	bytes.data[4095] = 0;
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	memcpy(bytes.data + 4000, "x\n", 2);
	bytes.data[4095] = '\n';
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	buf_free(&bytes);
}

static void a_content_beyond_the_limit_is_refused_unread(void **state)
{
	struct buf bytes = {0};
	uint8_t *room;

	(void)state;
	put_head(&bytes);
	put_many(&bytes, DECOY, 12);
	assert_int_equal(buf_reserve(&bytes, CONTENT_BYTES_MAX + 1, &room), 0);
	memset(room, '\n', CONTENT_BYTES_MAX + 1);
	bytes.len = CONTENT_BYTES_MAX + 1;
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	assert_string_equal(why, "the content is too long");
	buf_free(&bytes);
}

static void a_later_version_is_unknown(void **state)
{
	struct buf bytes = {0};

	(void)state;
	put_head(&bytes);
	put_many(&bytes, DECOY, 12);
	pad(&bytes, 0);
	bytes.data[17] = '2';
	assert_int_equal(parse(&bytes), FORMAT_E_UNKNOWN);
	bytes.data[17] = '0';
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	bytes.data[17] = '1';
	bytes.data[0] = 'E';
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	buf_free(&bytes);
}

static void the_number_of_lines_is_a_power_of_two_from_16(void **state)
{
	static const struct {
		size_t decoys;
		int result;
	} tries[] = {{0, 1}, {1, 1}, {5, 1}, {11, 1}, {12, 0}, {13, 1}, {27, 1},
	    {28, 0}, {2044, 0}, {2045, 1}};
	struct buf bytes = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof tries / sizeof *tries; i++) {
		put_head(&bytes);
		put_many(&bytes, DECOY, tries[i].decoys);
		pad(&bytes, 0);
		assert_int_equal(parse(&bytes), tries[i].result);
		buf_free(&bytes);
	}
}

static void at_most_1024_lines_are_named(void **state)
{
	struct buf bytes = {0};

	(void)state;
	put_head(&bytes);
	put_many(&bytes, "[\"%s\",\"a\",1]", 1020);
	pad(&bytes, 0);
	assert_int_equal(parse(&bytes), 0);
	buf_free(&bytes);
	put_head(&bytes);
	put_many(&bytes, "[\"%s\",\"a\",1]", 1021);
	put_many(&bytes, DECOY, 1023);
	pad(&bytes, 0);
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	assert_string_equal(why, "there are too many fields");
	buf_free(&bytes);
}

static void a_salt_used_twice_is_refused(void **state)
{
	static const char salt[] = "AAAAAAAAAAAAAAAAAAAAAA";
	struct buf bytes = {0};
	char decoy[64], field[64];

	(void)state;
	snprintf(decoy, sizeof decoy, "[\"%s\"]", salt);
	snprintf(field, sizeof field, "[\"%s\",\"a\",1]", salt);
	put_head(&bytes);
	put_json(&bytes, field);
	put_many(&bytes, DECOY, 11);
	pad(&bytes, 0);
	assert_int_equal(parse(&bytes), 0);
	buf_free(&bytes);
	put_head(&bytes);
	put_json(&bytes, field);
	put_many(&bytes, DECOY, 10);
	put_json(&bytes, decoy);
	pad(&bytes, 0);
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	assert_string_equal(why, "a salt is used twice");
	buf_free(&bytes);
}

static void the_order_of_lines_is_fixed(void **state)
{
	struct content_builder *builder = begun_builder();
	struct digest fields;
	struct buf bytes = {0};
	uint8_t *first, *second, *third;
	size_t a, b;

	(void)state;
	assert_int_equal(content_finish(builder, &bytes, &fields), 0);
	content_builder_free(builder);
	assert_int_equal(parse(&bytes), 0);
	/* Exchange the first two lines: the same lines, another order. */
	first = (uint8_t *)memchr(bytes.data, '\n', bytes.len) + 1;
	second = (uint8_t *)memchr(first, '\n', 4000) + 1;
	third = (uint8_t *)memchr(second, '\n', 4000) + 1;
	a = (size_t)(second - first);
	b = (size_t)(third - second);
	uint8_t kept[4096];
	memcpy(kept, first, a);
	memmove(first, second, b);
	memcpy(first + b, kept, a);
	assert_int_equal(parse(&bytes), FORMAT_E_MALFORMED);
	assert_string_equal(why, "the lines are not ascending");
	buf_free(&bytes);
}

static void two_contents_of_the_same_fields_have_other_commitments(void **state)
{
	struct digest one, two;
	struct buf a = {0}, b = {0};
	struct content_builder *x = begun_builder(), *y = begun_builder();

	(void)state;
	assert_int_equal(content_finish(x, &a, &one), 0);
	assert_int_equal(content_finish(y, &b, &two), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_not_equal(one.bytes, two.bytes, 32);
	content_builder_free(x);
	content_builder_free(y);
	buf_free(&a);
	buf_free(&b);
}

static void a_refused_field_leaves_the_builder_as_it_was(void **state)
{
	static const char *const bad[] = {"", " ", "1.5", "1e3", "[1",
	    "{\"a\":1,\"a\":2}", "9007199254740992", "\"\\u0000\"",
	    "\"\\u0007\"", "\"\xff\"", "1 2", "\"\x7f\""};
	struct content_builder *builder = begun_builder();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(add_json(builder, bad[i]), FORMAT_E_MALFORMED);
		assert_non_null(why);
	}
	assert_int_equal(add(builder, "kind", "note"), FORMAT_E_MALFORMED);
	assert_int_equal(add(builder, "a", "\xc3\x28"), FORMAT_E_MALFORMED);
	assert_int_equal(add(builder, "a", "\x1b[2J"), FORMAT_E_MALFORMED);
	assert_int_equal(
	    content_add_text(builder, "a", span_of("a\0b", 3), &why),
	    FORMAT_E_MALFORMED);
	finish_and_parse(builder);
	assert_int_equal(content.count, 16);
	assert_int_equal(find("kind")->value.len, strlen("\"testimony\""));
}

static void too_many_or_too_large_fields_are_refused(void **state)
{
	struct content_builder *builder = begun_builder();
	uint8_t *large = malloc(CONTENT_BYTES_MAX);
	size_t i;

	(void)state;
	assert_non_null(large);
	memset(large, 'x', CONTENT_BYTES_MAX);
	assert_int_equal(content_add_text(builder, "a",
			     span_of(large, CONTENT_BYTES_MAX), &why),
	    -EMSGSIZE);
	assert_string_equal(why, "the fields are too large together");
	assert_int_equal(content_add_text(builder, "a",
			     span_of(large, CONTENT_BYTES_MAX / 2), &why),
	    0);
	assert_int_equal(content_add_text(builder, "a",
			     span_of(large, CONTENT_BYTES_MAX / 2), &why),
	    -EMSGSIZE);
	for (i = 5; i < CONTENT_NAMED_MAX; i++)
		assert_int_equal(add(builder, "a", ""), 0);
	assert_int_equal(add(builder, "a", ""), -EMSGSIZE);
	assert_string_equal(why, "there are too many fields");
	finish_and_parse(builder);
	assert_int_equal(content.count, 1024);
	free(large);
}

static int add_x(struct content_builder *builder, size_t len)
{
	uint8_t *text = malloc(len);
	int r;

	assert_non_null(text);
	memset(text, 'x', len);
	r = content_add_text(builder, "a", span_of(text, len), &why);
	free(text);
	return r;
}

static void a_field_that_just_does_not_fit_leaves_no_trace(void **state)
{
	size_t fits = 1, refused = CONTENT_BYTES_MAX, len;
	struct content_builder *builder;

	(void)state;
	while (refused - fits > 1) {
		builder = begun_builder();
		len = (fits + refused) / 2;
		if (add_x(builder, len) == 0)
			fits = len;
		else
			refused = len;
		content_builder_free(builder);
	}
	/* Of the first of these only the LF does not fit. */
	for (len = refused; len < refused + 4; len++) {
		builder = begun_builder();
		assert_int_equal(add_x(builder, len), -EMSGSIZE);
		finish_and_parse(builder);
	}
}

static void a_content_without_its_four_lines_is_not_finished(void **state)
{
	static const char *const four[] = {"kind", "time", "after", "origin"};
	static const char *const values[] = {
	    "note", "2026-01-02T03:04:05Z", "none", LOG_NAME};
	size_t i, k;
	struct content_builder *builder = new_builder();
	struct digest fields;
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    content_finish(builder, &out, &fields), FORMAT_E_MALFORMED);
	for (i = 0; i < 4; i++) {
		assert_int_equal(
		    content_finish(builder, &out, &fields), FORMAT_E_MALFORMED);
		assert_int_equal(add(builder, four[i], values[i]), 0);
	}
	finish_and_parse(builder);
	for (i = 0; i < 4; i++) {
		builder = new_builder();
		for (k = 0; k < 4; k++)
			if (k != i)
				assert_int_equal(
				    add(builder, four[k], values[k]), 0);
		assert_int_equal(
		    content_finish(builder, &out, &fields), FORMAT_E_MALFORMED);
		content_builder_free(builder);
	}
	assert_int_equal(out.len, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, drop_content)
	const struct CMUnitTest tests[] = {
	    TEST(what_is_built_parses_to_the_same_fields),
	    TEST(every_line_is_a_disclosure_with_a_salt_of_its_own),
	    TEST(lines_are_filled_up_to_a_power_of_two),
	    TEST(a_content_is_padded_to_padme_and_4096_at_least),
	    TEST(the_commitment_is_the_hash_of_the_sorted_digests),
	    TEST(a_digest_list_has_one_spelling),
	    TEST(every_truncated_content_is_refused),
	    TEST(every_flipped_byte_is_refused_or_changes_the_commitment),
	    TEST(the_padding_is_exactly_what_is_due),
	    TEST(a_content_beyond_the_limit_is_refused_unread),
	    TEST(a_later_version_is_unknown),
	    TEST(the_number_of_lines_is_a_power_of_two_from_16),
	    TEST(at_most_1024_lines_are_named),
	    TEST(a_salt_used_twice_is_refused),
	    TEST(the_order_of_lines_is_fixed),
	    TEST(two_contents_of_the_same_fields_have_other_commitments),
	    TEST(a_refused_field_leaves_the_builder_as_it_was),
	    TEST(too_many_or_too_large_fields_are_refused),
	    TEST(a_field_that_just_does_not_fit_leaves_no_trace),
	    TEST(a_content_without_its_four_lines_is_not_finished),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
