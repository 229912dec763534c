/*
 * Entries: one spelling each, and everything else refused. An entry is tried
 * by building it, changing one thing in its text, and parsing that.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/format/entry.h"

#define H(c) c c c c c c c c c c c c c c c c
#define HEAD \
	"evident entry v1\n" \
	"author " H("1a2b") "\n" \
			    "log " H("3c4d") "\n" \
					     "index 17\n" \
					     "content " H( \
						 "5e6f") " 4128\n" \
							 "fields " H( \
							     "7081") "\n"
#define TWO \
	"attachment " H("0123") " 32\n" \
				"attachment " H("4567") " 3277616\n"

static struct entry *entry, *found; /* large, so not on the stack */
static const char *why;

static int make_entries(void **state)
{
	(void)state;
	entry = calloc(1, sizeof *entry);
	found = calloc(1, sizeof *found);
	return entry && found ? 0 : -1;
}

static int free_entries(void **state)
{
	(void)state;
	free(entry);
	free(found);
	return 0;
}

static int parse(const char *text)
{
	why = NULL;
	return entry_parse(span_text(text), found, &why);
}

/* The text parses, and what was found builds the same text. */
static void expect_parsed(const char *text)
{
	struct buf again = {0};

	assert_int_equal(parse(text), 0);
	assert_int_equal(entry_build(found, &again), 0);
	assert_true(span_equal(buf_span(&again), span_text(text)));
	buf_free(&again);
}

static void expect_refused(const char *text)
{
	assert_int_equal(parse(text), FORMAT_E_MALFORMED);
	assert_non_null(why);
}

/* HEAD and TWO with the first ${from} replaced. */
static char *changed(const char *from, const char *to)
{
	static const char text[] = HEAD TWO;
	static char out[2048];
	const char *at = strstr(text, from);

	assert_non_null(at);
	assert_true(strlen(text) + strlen(to) < sizeof out);
	memcpy(out, text, (size_t)(at - text));
	memcpy(out + (at - text), to, strlen(to));
	memcpy(out + (at - text) + strlen(to), at + strlen(from),
	    strlen(at + strlen(from)) + 1);
	return out;
}

static void plain_entry(void)
{
	memset(entry, 0, sizeof *entry);
	assert_int_equal(entry_parse(span_text(HEAD TWO), entry, NULL), 0);
}

static int build(void)
{
	struct buf out = {0};
	int r = entry_build(entry, &out);

	if (r != 0)
		assert_int_equal(out.len, 0);
	buf_free(&out);
	return r;
}

static void every_line_is_read(void **state)
{
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(parse(HEAD TWO), 0);
	assert_int_equal(hex_decode(span_text(H("1a2b")), bytes, 32), 0);
	assert_memory_equal(found->author.bytes, bytes, 32);
	assert_int_equal(hex_decode(span_text(H("3c4d")), bytes, 32), 0);
	assert_memory_equal(found->log.bytes, bytes, 32);
	assert_int_equal(found->index, 17);
	assert_int_equal(hex_decode(span_text(H("5e6f")), bytes, 32), 0);
	assert_memory_equal(found->content.payload.bytes, bytes, 32);
	assert_int_equal(found->content.size, 4128);
	assert_int_equal(hex_decode(span_text(H("7081")), bytes, 32), 0);
	assert_memory_equal(found->fields.bytes, bytes, 32);
	assert_int_equal(found->attachment_count, 2);
	assert_int_equal(hex_decode(span_text(H("4567")), bytes, 32), 0);
	assert_memory_equal(found->attachments[1].payload.bytes, bytes, 32);
	assert_int_equal(found->attachments[0].size, 32);
	assert_int_equal(found->attachments[1].size, 3277616);
	assert_int_equal(found->withdraw_count, 0);
	assert_int_equal(found->key_act, ENTRY_KEY_NONE);
}

static void what_parses_builds_the_same_bytes(void **state)
{
	(void)state;
	expect_parsed(HEAD);
	expect_parsed(HEAD TWO);
	expect_parsed(HEAD "withdraw " H("0000") "\n"
						 "withdraw " H("ffff") "\n");
	expect_parsed(HEAD "key successor " H("9abc") "\n");
	expect_parsed(HEAD "key revoked " H("9abc") " 0\n");
	expect_parsed(HEAD "key revoked " H("9abc") " 9007199254740991\n");
	assert_int_equal(found->key_act, ENTRY_KEY_REVOKED);
	assert_int_equal(found->key_since, UINT64_C(9007199254740991));
	expect_parsed(changed("index 17", "index 0"));
	expect_parsed(changed("index 17", "index 9007199254740991"));
}

static void the_id_is_the_rfc_6962_leaf_hash(void **state)
{
	/* RFC 6962, 2.1: the leaf hash of no bytes is SHA-256 of one NUL. */
	static const char empty[] =
	    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
	/* printf '\0abc' | sha256sum */
	static const char abc[] =
	    "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1";
	struct entry_id id;
	char hex[65];

	(void)state;
	assert_int_equal(entry_id_of(span_of("", 0), &id), 0);
	hex_encode(id.bytes, 32, hex);
	assert_string_equal(hex, empty);
	assert_int_equal(entry_id_of(span_text("abc"), &id), 0);
	hex_encode(id.bytes, 32, hex);
	assert_string_equal(hex, abc);
}

static void every_truncation_is_refused_or_ends_a_line(void **state)
{
	static const char text[] = HEAD TWO;
	size_t i, whole = 0;

	(void)state;
	for (i = 0; i < strlen(text); i++) {
		if (entry_parse(span_of(text, i), found, &why) != 0)
			continue;
		/* Fewer attachments are an entry too, of another id. */
		assert_int_equal(text[i - 1], '\n');
		assert_true(i >= strlen(HEAD));
		whole++;
	}
	assert_int_equal(whole, 2);
}

static void every_flipped_bit_is_refused_or_changes_the_id(void **state)
{
	static const char text[] = HEAD TWO;
	struct entry_id id, other;
	uint8_t bytes[sizeof text] = {0};
	struct span span = span_of(bytes, strlen(text));
	struct buf again = {0};
	size_t i, taken = 0;

	(void)state;
	assert_int_equal(entry_id_of(span_text(text), &id), 0);
	for (i = 0; i < 8 * strlen(text); i++) {
		memcpy(bytes, text, sizeof text);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (entry_parse(span, found, &why) != 0)
			continue;
		taken++;
		assert_int_equal(entry_id_of(span, &other), 0);
		assert_memory_not_equal(id.bytes, other.bytes, 32);
		assert_int_equal(entry_build(found, &again), 0);
		assert_true(span_equal(buf_span(&again), span));
		buf_free(&again);
	}
	/* Digits may turn into digits, so some flips are other entries. */
	assert_in_range(taken, 1, 8 * strlen(text) / 2);
}

static void a_later_version_is_unknown_and_others_are_malformed(void **state)
{
	(void)state;
	assert_int_equal(
	    parse(changed("entry v1", "entry v2")), FORMAT_E_UNKNOWN);
	assert_int_equal(
	    parse(changed("entry v1", "entry v10")), FORMAT_E_UNKNOWN);
	expect_refused(changed("entry v1", "entry v01"));
	expect_refused(changed("entry v1", "entry v0"));
	expect_refused(changed("entry v1", "entry v"));
	expect_refused(changed("entry v1", "entry v1 "));
	expect_refused(changed("entry v1", "Entry v1"));
	expect_refused(changed("evident entry v1\n", ""));
	expect_refused(changed("entry", "content"));
	expect_refused("");
	expect_refused("\n");
}

static void a_missing_line_is_refused(void **state)
{
	(void)state;
	expect_refused(changed("author " H("1a2b") "\n", ""));
	expect_refused(changed("log " H("3c4d") "\n", ""));
	expect_refused(changed("index 17\n", ""));
	expect_refused(changed("content " H("5e6f") " 4128\n", ""));
	expect_refused(changed("fields " H("7081") "\n", ""));
}

static void a_repeated_line_is_refused(void **state)
{
	(void)state;
	expect_refused(changed("index 17\n", "index 17\nindex 17\n"));
	expect_refused(changed("fields " H("7081") "\n",
	    "fields " H("7081") "\nfields " H("7081") "\n"));
	expect_refused(
	    HEAD "key successor " H("9abc") "\n"
					    "key successor " H("9abc") "\n");
	expect_refused(
	    HEAD "key successor " H("9abc") "\n"
					    "key revoked " H("9abc") " 0\n");
	expect_refused(HEAD HEAD);
}

static void an_unknown_line_is_refused(void **state)
{
	(void)state;
	expect_refused(HEAD TWO "kind testimony\n");
	expect_refused(HEAD "\n");
	expect_refused(HEAD "x\n");
	expect_refused(changed("index 17\n", "time 1\nindex 17\n"));
	expect_refused(HEAD "attachments " H("0123") " 32\n");
	expect_refused(HEAD "key lost " H("9abc") "\n");
}

static void lines_out_of_order_are_refused(void **state)
{
	(void)state;
	expect_refused(changed(
	    "log " H("3c4d") "\nindex 17\n", "index 17\nlog " H("3c4d") "\n"));
	expect_refused("evident entry v1\n" TWO HEAD);
	expect_refused(
	    HEAD "attachment " H("4567") " 32\n"
					 "attachment " H("0123") " 32\n");
	expect_refused(HEAD "withdraw " H("ffff") "\n"
						  "withdraw " H("0000") "\n");
}

static void nothing_stands_twice_in_a_list(void **state)
{
	(void)state;
	expect_refused(
	    HEAD "attachment " H("0123") " 32\n"
					 "attachment " H("0123") " 32\n");
	expect_refused(
	    HEAD "attachment " H("0123") " 32\n"
					 "attachment " H("0123") " 33\n");
	expect_refused(HEAD "withdraw " H("0000") "\n"
						  "withdraw " H("0000") "\n");
}

static void attachments_withdrawals_and_keys_do_not_mix(void **state)
{
	(void)state;
	expect_refused(HEAD TWO "withdraw " H("0000") "\n");
	expect_refused(HEAD TWO "key successor " H("9abc") "\n");
	expect_refused(
	    HEAD "withdraw " H("0000") "\n"
				       "key successor " H("9abc") "\n");
	expect_refused(
	    HEAD "key successor " H("9abc") "\n"
					    "withdraw " H("0000") "\n");
}

static void hashes_are_64_lower_case_digits(void **state)
{
	(void)state;
	expect_refused(changed("1a2b", "1A2b"));
	expect_refused(changed("1a2b", "1g2b"));
	expect_refused(changed("1a2b", "1a2"));
	expect_refused(changed("1a2b", "1a2bb"));
	expect_refused(changed("1a2b", "1a2b1a2b"));
	expect_refused(changed(H("1a2b"), ""));
	expect_refused(changed("5e6f", "5E6f"));
	expect_refused(changed("0123", "0X23"));
	expect_refused(HEAD "withdraw " H("ABCD") "\n");
	expect_refused(HEAD "key successor " H("ABCD") "\n");
	expect_refused(HEAD "key successor " H("9abc") " 0\n");
	expect_refused(HEAD "key revoked " H("9abc") "\n");
}

static void numbers_are_plain_and_below_2_to_the_53(void **state)
{
	(void)state;
	expect_refused(changed("index 17", "index 9007199254740992"));
	expect_refused(changed("index 17", "index 18446744073709551616"));
	expect_refused(changed("index 17", "index 017"));
	expect_refused(changed("index 17", "index 00"));
	expect_refused(changed("index 17", "index +17"));
	expect_refused(changed("index 17", "index -1"));
	expect_refused(changed("index 17", "index 1.0"));
	expect_refused(changed("index 17", "index 0x11"));
	expect_refused(changed("index 17", "index 17 18"));
	expect_refused(changed("index 17", "index"));
	expect_refused(changed(" 4128", " 04128"));
	expect_refused(changed(" 4128", ""));
	expect_refused(HEAD "key revoked " H("9abc") " 9007199254740992\n");
	expect_refused(HEAD "key revoked " H("9abc") " 01\n");
}

static void white_space_is_exact(void **state)
{
	(void)state;
	expect_refused(changed("index 17\n", "index 17 \n"));
	expect_refused(changed("index 17\n", "index  17\n"));
	expect_refused(changed("index 17\n", " index 17\n"));
	expect_refused(changed("index 17\n", "index\t17\n"));
	expect_refused(changed("index 17\n", "index 17\r\n"));
	expect_refused(changed("index 17\n", "index 17\n\n"));
	expect_refused(changed("v1\n", "v1\r\n"));
	expect_refused(changed("index 17", "index\xc2\xa0"
					   "17"));
	expect_refused("\xef\xbb\xbf" HEAD);
	expect_refused(HEAD " ");
	expect_refused(HEAD "\r\n");
}

static void a_nul_byte_is_refused_wherever_it_stands(void **state)
{
	static const char text[] = HEAD TWO;
	uint8_t bytes[sizeof text];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof text; i++) {
		memcpy(bytes, text, sizeof text);
		bytes[i] = 0;
		assert_int_equal(
		    entry_parse(span_of(bytes, sizeof text), found, &why),
		    FORMAT_E_MALFORMED);
	}
}

static void sizes_are_those_that_a_padded_payload_has(void **state)
{
	/* Payload = nonce 16, tag 16 a chunk of 65536. */
	static const char *const good[] = {
	    " 4128", " 4384", " 65568", " 1048848"};
	static const char *const bad[] = {" 0", " 31", " 32", " 4127", " 4129",
	    " 2080", " 65569", " 65584", " 1048849", " 1081632",
	    " 9007199254740991"};
	static const char *const bad_attachment[] = {" 0\n", " 16\n", " 31\n",
	    " 65569\n", " 65584\n", " 4129\n", " 9007199254740992\n"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++)
		expect_parsed(changed(" 4128", good[i]));
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		expect_refused(changed(" 4128", bad[i]));
	expect_parsed(changed(" 32\n", " 33\n"));
	for (i = 0; i < sizeof bad_attachment / sizeof *bad_attachment; i++)
		expect_refused(changed(" 32\n", bad_attachment[i]));
}

/* HEAD and ${count} ascending lines. */
static int parse_list(const char *key, const char *after, size_t count)
{
	struct buf text = {0};
	size_t i;
	int r;

	assert_int_equal(buf_append_text(&text, HEAD), 0);
	for (i = 0; i < count; i++)
		assert_int_equal(
		    buf_printf(&text, "%s %064zx%s\n", key, i, after), 0);
	why = NULL;
	r = entry_parse(buf_span(&text), found, &why);
	buf_free(&text);
	return r;
}

static void at_most_256_attachments_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse_list("attachment", " 32", 256), 0);
	assert_int_equal(found->attachment_count, 256);
	assert_int_equal(
	    parse_list("attachment", " 32", 257), FORMAT_E_MALFORMED);
	/* As many as the bytes of an entry hold: past any array. */
	assert_int_equal(
	    parse_list("attachment", " 32", 1600), FORMAT_E_MALFORMED);
}

static void at_most_1024_withdrawals_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse_list("withdraw", "", 1024), 0);
	assert_int_equal(found->withdraw_count, 1024);
	assert_int_equal(parse_list("withdraw", "", 1025), FORMAT_E_MALFORMED);
	assert_int_equal(parse_list("withdraw", "", 1700), FORMAT_E_MALFORMED);
}

static void an_entry_beyond_the_limit_is_refused_unread(void **state)
{
	uint8_t *bytes = malloc(ENTRY_BYTES_MAX + 1);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, '\n', ENTRY_BYTES_MAX + 1);
	memcpy(bytes, HEAD, strlen(HEAD));
	assert_int_equal(
	    entry_parse(span_of(bytes, ENTRY_BYTES_MAX + 1), found, &why),
	    FORMAT_E_MALFORMED);
	assert_string_equal(why, "the entry is too long");
	free(bytes);
}

static void what_no_reader_takes_is_not_built(void **state)
{
	(void)state;
	plain_entry();
	assert_int_equal(build(), 0);
	entry->index = UINT64_C(1) << 53;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->content.size = 4129;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->attachments[1] = entry->attachments[0];
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->attachments[0].size = 31;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->withdraw_count = 1;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->key_act = ENTRY_KEY_SUCCESSOR;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	entry->attachment_count = 0;
	assert_int_equal(build(), 0);
	entry->key_since = 1;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->attachment_count = ENTRY_ATTACHMENTS_MAX + 1;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
	plain_entry();
	entry->attachment_count = 0;
	entry->withdraw_count = ENTRY_WITHDRAWALS_MAX + 1;
	assert_int_equal(build(), FORMAT_E_MALFORMED);
}

static void a_refused_entry_leaves_the_answer_untouched(void **state)
{
	(void)state;
	memset(found, 0x5a, sizeof *found);
	memset(entry, 0x5a, sizeof *entry);
	assert_int_equal(entry_parse(span_text(HEAD "x\n"), found, NULL),
	    FORMAT_E_MALFORMED);
	assert_memory_equal(found, entry, sizeof *found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_line_is_read),
	    cmocka_unit_test(what_parses_builds_the_same_bytes),
	    cmocka_unit_test(the_id_is_the_rfc_6962_leaf_hash),
	    cmocka_unit_test(every_truncation_is_refused_or_ends_a_line),
	    cmocka_unit_test(every_flipped_bit_is_refused_or_changes_the_id),
	    cmocka_unit_test(
		a_later_version_is_unknown_and_others_are_malformed),
	    cmocka_unit_test(a_missing_line_is_refused),
	    cmocka_unit_test(a_repeated_line_is_refused),
	    cmocka_unit_test(an_unknown_line_is_refused),
	    cmocka_unit_test(lines_out_of_order_are_refused),
	    cmocka_unit_test(nothing_stands_twice_in_a_list),
	    cmocka_unit_test(attachments_withdrawals_and_keys_do_not_mix),
	    cmocka_unit_test(hashes_are_64_lower_case_digits),
	    cmocka_unit_test(numbers_are_plain_and_below_2_to_the_53),
	    cmocka_unit_test(white_space_is_exact),
	    cmocka_unit_test(a_nul_byte_is_refused_wherever_it_stands),
	    cmocka_unit_test(sizes_are_those_that_a_padded_payload_has),
	    cmocka_unit_test(at_most_256_attachments_are_taken),
	    cmocka_unit_test(at_most_1024_withdrawals_are_taken),
	    cmocka_unit_test(an_entry_beyond_the_limit_is_refused_unread),
	    cmocka_unit_test(what_no_reader_takes_is_not_built),
	    cmocka_unit_test(a_refused_entry_leaves_the_answer_untouched),
	};

	return cmocka_run_group_tests(tests, make_entries, free_entries);
}
