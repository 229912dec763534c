/*
 * The lines of contents: one spelling each, names, values, and the fields that
 * have a form of their own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>

#include "proto/format/hash.h"
#include "tests/unit/content_scene.h"

/* How a content with the lines that must be there and ${json} parses. */
static int parse_with(const char *json)
{
	struct buf bytes = {0};
	int r;

	put_head(&bytes);
	put_json(&bytes, json);
	put_many(&bytes, DECOY, 11);
	pad(&bytes, 0);
	r = parse(&bytes);
	buf_free(&bytes);
	return r;
}

/* The same for a value of a field. */
static int parse_value(const char *value)
{
	char json[8192];

	snprintf(json, sizeof json, "[\"%%s\",\"a\",%s]", value);
	return parse_with(json);
}

static void the_digest_of_a_line_is_that_of_rfc_9901(void **state)
{
	/* RFC 9901, 4.2.1 and 4.2.3. */
	static const char line[] = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJm"
				   "YW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
	static const char want[] =
	    "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0";
	struct content_line ours, theirs;
	struct buf text = {0}, encoded = {0};
	struct digest digest;

	(void)state;
	assert_int_equal(hash_sha256(span_text(line), &digest), 0);
	assert_int_equal(
	    base64_append(&text, BASE64_URL, span_of(digest.bytes, 32)), 0);
	assert_true(span_equal(buf_span(&text), span_text(want)));
	/* Its white space and its salt are not of our spelling. */
	assert_int_equal(content_parse_line(span_text(line), &theirs, &why),
	    FORMAT_E_MALFORMED);
	put_json(&encoded, KIND);
	encoded.len--;
	assert_int_equal(
	    content_parse_line(buf_span(&encoded), &ours, &why), 0);
	assert_int_equal(hash_sha256(buf_span(&encoded), &digest), 0);
	assert_memory_equal(ours.digest.bytes, digest.bytes, 32);
	content_line_free(&ours);
	buf_free(&text);
	buf_free(&encoded);
}

#define SUBJECT "[\"%s\",\"subject\",\"" H64 "\"]"
#define RECORD "[\"%s\",\"record\",\"" H64 " " H64 "\"]"

/* The mandatory four with one left out (or none) and ${more}, ${yet} added. */
static int parse_lines(size_t left_out, const char *more, const char *yet)
{
	static const char *const four[] = {KIND, TIME, AFTER, ORIGIN};
	struct buf bytes = {0};
	size_t i, count = 0;
	int r;

	assert_int_equal(buf_append_text(&bytes, "evident content v1\n"), 0);
	for (i = 0; i < 4; i++)
		if (i != left_out && ++count)
			put_json(&bytes, four[i]);
	if (more && ++count)
		put_json(&bytes, more);
	if (yet && ++count)
		put_json(&bytes, yet);
	put_many(&bytes, DECOY, 16 - count);
	pad(&bytes, 0);
	r = parse(&bytes);
	buf_free(&bytes);
	return r;
}

static int parse_without(size_t left_out, const char *more)
{
	return parse_lines(left_out, more, NULL);
}

static void kind_time_after_and_origin_stand_exactly_once(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(parse_without(4, NULL), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(parse_without(i, NULL), FORMAT_E_MALFORMED);
	assert_int_equal(parse_without(4, KIND), FORMAT_E_MALFORMED);
	assert_int_equal(parse_without(4, TIME), FORMAT_E_MALFORMED);
	assert_int_equal(parse_without(4, AFTER), FORMAT_E_MALFORMED);
	assert_int_equal(parse_without(4, ORIGIN), FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_without(4, "[\"%s\",\"kind\",\"note\"]"), FORMAT_E_MALFORMED);
}

static int parse_field(size_t which, const char *value)
{
	static const char *const names[] = {"kind", "time", "after", "origin"};
	char json[512];

	snprintf(json, sizeof json, "[\"%%s\",\"%s\",%s]", names[which], value);
	return parse_without(which, json);
}

static int parse_kind(const char *kind, const char *more, const char *yet)
{
	static char json[128];
	struct buf bytes = {0};
	size_t count = 4;
	int r;

	snprintf(json, sizeof json, "[\"%%s\",\"kind\",%s]", kind);
	assert_int_equal(buf_append_text(&bytes, "evident content v1\n"), 0);
	put_json(&bytes, json);
	put_json(&bytes, TIME);
	put_json(&bytes, AFTER);
	put_json(&bytes, ORIGIN);
	if (more && ++count)
		put_json(&bytes, more);
	if (yet && ++count)
		put_json(&bytes, yet);
	put_many(&bytes, DECOY, 16 - count);
	pad(&bytes, 0);
	r = parse(&bytes);
	buf_free(&bytes);
	return r;
}

static void the_kind_is_one_of_the_table(void **state)
{
	static const char *const bad[] = {"\"\"", "\"Testimony\"", "\"other\"",
	    "\"keys\"", "1", "null", "[\"note\"]", "{}"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    parse_kind(bad[i], NULL, NULL), FORMAT_E_MALFORMED);
}

static void a_kind_speaks_of_as_many_entries_as_it_must(void **state)
{
	static const struct {
		const char *kind;
		bool none, one, two;
	} kinds[] = {{"\"testimony\"", 1, 1, 1}, {"\"note\"", 1, 1, 1},
	    {"\"revision\"", 0, 1, 0}, {"\"derivative\"", 0, 1, 0},
	    {"\"opened\"", 0, 1, 1}, {"\"exported\"", 0, 1, 1},
	    {"\"disclosed\"", 0, 1, 1}, {"\"shared\"", 0, 1, 1},
	    {"\"erased\"", 0, 1, 1}, {"\"withdrawal\"", 1, 0, 0},
	    {"\"key\"", 1, 0, 0}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		assert_int_equal(
		    parse_kind(kinds[i].kind, NULL, NULL) == 0, kinds[i].none);
		assert_int_equal(parse_kind(kinds[i].kind, SUBJECT, NULL) == 0,
		    kinds[i].one);
		assert_int_equal(
		    parse_kind(kinds[i].kind, SUBJECT, SUBJECT) == 0,
		    kinds[i].two);
		assert_int_not_equal(
		    parse_kind(kinds[i].kind, RECORD, NULL), 0);
	}
	assert_int_equal(parse_kind("\"received\"", RECORD, RECORD), 0);
	assert_int_not_equal(parse_kind("\"received\"", NULL, NULL), 0);
	assert_int_not_equal(parse_kind("\"received\"", RECORD, SUBJECT), 0);
}

static void known_names_have_one_grammar(void **state)
{
	static const struct {
		const char *name, *good[6], *bad[8];
	} names[] = {
	    {"subject", {"\"" H64 "\""},
		{"\"\"", "\"0\"", "\"" H64 "0\"", "1"}},
	    {"previous",
		{"\"" H64 " 0 " H64 "\"",
		    "\"" H64 " 9007199254740991 " H64 "\""},
		{"\"" H64 " " H64 "\"", "\"" H64 " 00 " H64 "\"",
		    "\"" H64 "  0 " H64 "\"", "\"" H64 " 0 " H64 " \"",
		    "\"\""}},
	    {"consent.share", {"\"" H64 "\""}, {"\"our-hub\"", "[]"}},
	    {"consent.purposes", {"\"court\"", "\"report.public\""},
		{"\"\"", "\"Court\"", "\"a b\"", "[\"court\"]"}},
	    {"consent.expires",
		{"\"never\"", "\"2031-12-31\"", "\"2028-02-29\""},
		{"\"whenever\"", "\"2031-02-29\"", "\"2031-1-1\"", "\"\"",
		    "null", "\"2031-12-31T00:00:00Z\""}},
	    {"consent.name-disclosed", {"\"yes\"", "\"no\""},
		{"\"Yes\"", "true", "\"\""}},
	    {"consent.medium", {"\"spoken\"", "\"signed-form\""},
		{"\"\"", "\"a b\"", "1"}},
	    {"consent.language", {"\"ar\"", "\"ar-SY\"", "\"es-419\""},
		{"\"a\"", "\"-ar\"", "\"ar-\"", "\"ar_SY\"",
		    "\"abcdefghijklmnopqrstuvwxyzabcdefghij\""}},
	    {"consent.explained-by", {"\"an interpreter\""}, {"\"\"", "1"}},
	};
	char json[512];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		for (k = 0; k < 6 && names[i].good[k]; k++) {
			snprintf(json, sizeof json, "[\"%%s\",\"%s\",%s]",
			    names[i].name, names[i].good[k]);
			assert_int_equal(parse_with(json), 0);
		}
		for (k = 0; k < 8 && names[i].bad[k]; k++) {
			snprintf(json, sizeof json, "[\"%%s\",\"%s\",%s]",
			    names[i].name, names[i].bad[k]);
			assert_int_equal(parse_with(json), FORMAT_E_MALFORMED);
		}
	}
}

static void consent_cannot_say_yes_and_no(void **state)
{
	static const char yes[] = "[\"%s\",\"consent.name-disclosed\",\"yes\"]";
	static const char no[] = "[\"%s\",\"consent.name-disclosed\",\"no\"]";
	struct content_builder *builder = begun_builder();

	(void)state;
	assert_int_equal(parse_lines(4, yes, NULL), 0);
	assert_int_equal(parse_lines(4, yes, no), FORMAT_E_MALFORMED);
	assert_int_equal(parse_lines(4, yes, yes), FORMAT_E_MALFORMED);
	assert_int_equal(add(builder, "consent.name-disclosed", "yes"), 0);
	assert_int_equal(
	    add(builder, "consent.name-disclosed", "no"), FORMAT_E_MALFORMED);
	content_builder_free(builder);
}

static void the_origin_is_that_of_a_log(void **state)
{
	static const char *const bad[] = {"\"\"", "\"none\"",
	    "\"evident/log/" H64 "\"", "\"evident/log/" H64 "/\"",
	    "\"evident/log/" H64 "/" H64 "/\"",
	    "\"evident/log/" H64 "/" H64 "0\"",
	    "\"evident/witness/" H64 "/" H64 "\"", "1"};
	size_t i;

	(void)state;
	assert_int_equal(parse_field(3, "\"evident/log/" H64 "/" H64 "\""), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_field(3, bad[i]), FORMAT_E_MALFORMED);
}

static void the_time_is_a_second_that_exists_in_utc(void **state)
{
	static const char *const good[] = {"\"0000-01-01T00:00:00Z\"",
	    "\"2000-02-29T00:00:00Z\"", "\"2024-02-29T00:00:00Z\"",
	    "\"9999-12-31T23:59:59Z\""};
	static const char *const bad[] = {"\"2026-01-02T03:04:05z\"",
	    "\"2026-01-02t03:04:05Z\"", "\"2026-01-02 03:04:05Z\"",
	    "\"2026-01-02T03:04:05+00:00\"", "\"2026-01-02T03:04:05.0Z\"",
	    "\"2026-01-02T03:04:05\"", "\"2026-1-2T03:04:05Z\"",
	    "\"2026-00-02T03:04:05Z\"", "\"2026-13-02T03:04:05Z\"",
	    "\"2026-01-00T03:04:05Z\"", "\"2026-01-32T03:04:05Z\"",
	    "\"2026-04-31T03:04:05Z\"", "\"2023-02-29T03:04:05Z\"",
	    "\"1900-02-29T03:04:05Z\"", "\"2026-01-02T24:00:00Z\"",
	    "\"2026-01-02T03:60:05Z\"", "\"2026-01-02T03:04:60Z\"",
	    "\"2026-01-02T03:04:05Z \"", "\"\"", "1767322845", "null"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(parse_field(1, good[i]), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_field(1, bad[i]), FORMAT_E_MALFORMED);
}

static void after_is_none_or_a_hash(void **state)
{
	static const char *const bad[] = {"\"\"", "\"None\"", "null", "0",
	    "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789ab"
	    "cdef\"",
	    "\"0" H64 "\"", "\" " H64 "\"", "\"abcd\"", "[\"none\"]"};
	size_t i;

	(void)state;
	assert_int_equal(parse_field(2, "\"none\""), 0);
	assert_int_equal(parse_field(2, "\"" H64 "\""), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_field(2, bad[i]), FORMAT_E_MALFORMED);
}

static void a_salt_is_the_canonical_form_of_16_bytes(void **state)
{
	static const char *const bad[] = {"", "AAAAAAAAAAAAAAAAAAAAA",
	    "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB",
	    "AAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAA+A",
	    "AAAAAAAAAAAAAAAAAAAA/A", "AAAAAAAAAAAAAAAAAAAA A"};
	char json[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(json, sizeof json, "[\"%s\",\"a\",1]", bad[i]);
		assert_int_equal(parse_with(json), FORMAT_E_MALFORMED);
		snprintf(json, sizeof json, "[\"%s\"]", bad[i]);
		assert_int_equal(parse_with(json), FORMAT_E_MALFORMED);
	}
	assert_int_equal(parse_with("[1,\"a\",1]"), FORMAT_E_MALFORMED);
}

static void a_line_has_one_or_three_elements(void **state)
{
	(void)state;
	assert_int_equal(parse_with("[\"%s\",\"a\",1]"), 0);
	assert_int_equal(parse_with("[\"%s\"]"), 0);
	assert_int_equal(parse_with("[]"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("[\"%s\",\"a\"]"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("[\"%s\",\"a\",1,2]"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("[\"%s\",1,1]"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("{\"%s\":\"a\"}"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("\"%s\""), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("1"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("x"), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("[\"%s\"] "), FORMAT_E_MALFORMED);
	assert_int_equal(parse_with("[\"%s\"][]"), FORMAT_E_MALFORMED);
}

#define N64 "a123456789a123456789a123456789a123456789a123456789a123456789a123"

static void names_are_words_joined_by_dots(void **state)
{
	static const char *const good[] = {
	    "a", "0", "-", "a.b", "consent.other-thing", "a-.-b", N64};
	static const char *const bad[] = {"", ".", ".a", "a.", "a..b", "A",
	    "a b", "a_b", "a/b", "\xc3\xa9", "\\u0061", "a\\n", N64 "4"};
	struct content_builder *builder = new_builder();
	char json[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(json, sizeof json, "[\"%%s\",\"%s\",1]", good[i]);
		assert_int_equal(parse_with(json), 0);
		assert_string_equal(find(good[i])->name, good[i]);
		assert_int_equal(add(builder, good[i], ""), 0);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(json, sizeof json, "[\"%%s\",\"%s\",1]", bad[i]);
		assert_int_equal(parse_with(json), FORMAT_E_MALFORMED);
		assert_int_equal(add(builder, bad[i], ""), FORMAT_E_MALFORMED);
		assert_non_null(why);
	}
	content_builder_free(builder);
}

static void json_has_one_spelling(void **state)
{
	static const char *const good[] = {"0", "-1", "9007199254740991",
	    "-9007199254740991", "true", "false", "null", "\"\"", "[]", "{}",
	    "\"/\"", "\"\\\"\\\\\"", "\"\\n\\t\\r\\n\"",
	    "\"\xd8\xb4 \xf0\x9f\x95\x8a\"", "{\"a\":1,\"b\":[2,{}]}",
	    "{\"B\":1,\"a\":2,\"\xc3\xa9\":3}"};
	static const char *const bad[] = {" 1", "1 ", "[1, 2]", "[1,2 ]",
	    "{\"a\": 1}", "{\"b\":1,\"a\":2}", "{\"a\":1,\"a\":1}",
	    "{\"a\":1,\"a\":2}", "{a:1}", "{'a':1}", "[1,]", "[,1]", "", "01",
	    "-0", "+1", "1.0", "1e2", "1E2", "0.5", "0x1", ".5",
	    "9007199254740992", "-9007199254740992", "18446744073709551616",
	    "NaN", "True", "\"\\/\"", "\"\\u0041\"", "\"\\u00e9\"",
	    "\"\\u000a\"", "\"\\ud83d\\udd4a\"", "\"a\nb\"", "\"a\tb\"",
	    "\"\\x41\"", "\"a", "a\"", "1//x", "1/**/"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(parse_value(good[i]), 0);
		assert_true(span_equal(find("a")->value, span_text(good[i])));
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_value(bad[i]), FORMAT_E_MALFORMED);
}

static void text_is_utf_8_without_control_characters(void **state)
{
	/* Truncated, lone, overlong, surrogate, beyond U+10FFFF; NUL, bell,
	 * escape, delete, CR alone, C1; each also as a member's name. */
	static const char *const bad[] = {"\xc3", "\x80", "\xc0\x80",
	    "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xed\xa0\x80",
	    "\xf4\x90\x80\x80", "\xff", "\\u0000", "\\u0007", "\\u001B", "\x7f",
	    "\\r", "a\\rb", "\\b", "\\f", "\xc2\x80", "\xc2\x9b", "\\ud800",
	    "\\udc00\\ud800"};
	char json[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(json, sizeof json, "\"%s\"", bad[i]);
		assert_int_equal(parse_value(json), FORMAT_E_MALFORMED);
		snprintf(json, sizeof json, "{\"%s\":1}", bad[i]);
		assert_int_equal(parse_value(json), FORMAT_E_MALFORMED);
		snprintf(json, sizeof json, "[[\"%s\"]]", bad[i]);
		assert_int_equal(parse_value(json), FORMAT_E_MALFORMED);
	}
	assert_int_equal(parse_value("\"\xc2\xa0 \\t\\r\\n\""), 0);
}

static void values_nest_eight_deep_and_no_deeper(void **state)
{
	static const char *const eight[] = {"[[[[[[[[1]]]]]]]]",
	    "[[[[[[[[]]]]]]]]", "{\"a\":[[[[[[{\"b\":2}]]]]]]}",
	    "[\"[[[[[[[[[[[[{{{\"]"};
	static const char *const nine[] = {"[[[[[[[[[1]]]]]]]]]",
	    "[[[[[[[[[]]]]]]]]]", "{\"a\":[[[[[[[{\"b\":2}]]]]]]]}"};
	struct content_builder *builder = begun_builder();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof eight / sizeof *eight; i++) {
		assert_int_equal(parse_value(eight[i]), 0);
		assert_int_equal(add_json(builder, eight[i]), 0);
	}
	for (i = 0; i < sizeof nine / sizeof *nine; i++) {
		assert_int_equal(parse_value(nine[i]), FORMAT_E_MALFORMED);
		assert_int_equal(
		    add_json(builder, nine[i]), FORMAT_E_MALFORMED);
		assert_non_null(why);
	}
	finish_and_parse(builder);
}

static void a_million_brackets_are_refused_without_recursion(void **state)
{
	struct buf json = {0}, line = {0};
	struct content_builder *builder = new_builder();
	struct content_line parsed;
	uint8_t *room;

	(void)state;
	assert_int_equal(buf_reserve(&json, 1000000, &room), 0);
	memset(room, '[', 1000000);
	json.len = 700000;
	assert_int_equal(content_add(builder, "a", buf_span(&json), &why),
	    FORMAT_E_MALFORMED);
	assert_int_equal(base64_append(&line, BASE64_URL, buf_span(&json)), 0);
	assert_int_equal(content_parse_line(buf_span(&line), &parsed, &why),
	    FORMAT_E_MALFORMED);
	json.len = 1000000;
	line.len = 0;
	assert_int_equal(base64_append(&line, BASE64_URL, buf_span(&json)), 0);
	assert_int_equal(content_parse_line(buf_span(&line), &parsed, &why),
	    FORMAT_E_MALFORMED);
	assert_string_equal(why, "a line is too long");
	content_builder_free(builder);
	buf_free(&json);
	buf_free(&line);
}

static void a_line_is_canonical_base64url(void **state)
{
	struct buf line = {0};
	struct content_line parsed;
	size_t i;

	(void)state;
	put_json(&line, KIND);
	line.len--;
	assert_int_equal(content_parse_line(buf_span(&line), &parsed, &why), 0);
	content_line_free(&parsed);
	for (i = 0; i < line.len; i++)
		assert_int_equal(
		    content_parse_line(span_of(line.data, i), &parsed, &why),
		    FORMAT_E_MALFORMED);
	assert_int_equal(buf_append(&line, "=", 1), 0);
	assert_int_equal(content_parse_line(buf_span(&line), &parsed, &why),
	    FORMAT_E_MALFORMED);
	line.data[line.len - 1] = '\r';
	assert_int_equal(content_parse_line(buf_span(&line), &parsed, &why),
	    FORMAT_E_MALFORMED);
	line.data[line.len - 1] = 0;
	assert_int_equal(content_parse_line(buf_span(&line), &parsed, &why),
	    FORMAT_E_MALFORMED);
	buf_free(&line);
}

static void jansson_takes_and_frees_by_functions_of_ours(void **state)
{
	json_malloc_t allocate;
	json_free_t release;

	(void)state;
	finish_and_parse(begun_builder());
	json_get_alloc_funcs(&allocate, &release);
	assert_ptr_not_equal(allocate, malloc);
	assert_ptr_not_equal(release, free);
}

static struct content_attachment photograph(void)
{
	struct content_attachment attachment = {
	    .file = "صورة 1.jpg", .type = "image/jpeg", .size = 3276000};

	memset(attachment.sha256.bytes, 0x1a, 32);
	memset(attachment.sealed.bytes, 0x2b, 32);
	return attachment;
}

static void an_attachment_is_read_as_it_was_added(void **state)
{
	struct content_attachment added = photograph(), read;
	struct content_builder *builder = begun_builder();
	static const char head[] = "{\"file\":\"صورة 1.jpg\",\"sealed\":\"2b";

	(void)state;
	added.size = (UINT64_C(1) << 53) - 1;
	assert_int_equal(content_add_attachment(builder, &added, &why), 0);
	finish_and_parse(builder);
	assert_int_equal(
	    content_value_attachment(find("attachment")->value, &read), 0);
	assert_memory_equal(&added, &read, sizeof read);
	assert_memory_equal(find("attachment")->value.data, head, strlen(head));
}

static void an_attachment_that_no_reader_takes_is_not_added(void **state)
{
	static const char *const files[] = {"", ".", "..", "a/b", "/a", "a\nb",
	    "a\x1b", "\xff", "\x7f", "\xc2\x85"};
	static const char *const types[] = {"", "image\n", "im\xc3\xa9"};
	struct content_builder *builder = begun_builder();
	struct content_attachment bad;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		bad = photograph();
		snprintf(bad.file, sizeof bad.file, "%s", files[i]);
		assert_int_equal(content_add_attachment(builder, &bad, &why),
		    FORMAT_E_MALFORMED);
	}
	for (i = 0; i < sizeof types / sizeof *types; i++) {
		bad = photograph();
		snprintf(bad.type, sizeof bad.type, "%s", types[i]);
		assert_int_equal(content_add_attachment(builder, &bad, &why),
		    FORMAT_E_MALFORMED);
	}
	bad = photograph();
	bad.size = UINT64_C(1) << 53;
	assert_int_equal(
	    content_add_attachment(builder, &bad, &why), FORMAT_E_MALFORMED);
	bad.size = UINT64_MAX;
	assert_int_equal(
	    content_add_attachment(builder, &bad, &why), FORMAT_E_MALFORMED);
	content_builder_free(builder);
}

static void an_attachment_has_exactly_its_five_keys(void **state)
{
#define SUMS "\"sealed\":\"" H64 "\",\"sha256\":\"" H64 "\""
	static const char good[] =
	    "{\"file\":\"a\"," SUMS ",\"size\":1,\"type\":\"t\"}";
	static const char *const bad[] = {"1", "\"a\"", "[]", "{}",
	    "{" SUMS ",\"size\":1,\"type\":\"t\"}",
	    "{\"file\":\"a\"," SUMS ",\"type\":\"t\"}",
	    "{\"file\":\"a\"," SUMS ",\"size\":1}",
	    "{\"file\":\"a\",\"sha256\":\"" H64 "\",\"size\":1,\"type\":\"t\"}",
	    "{\"a\":1,\"file\":\"a\"," SUMS ",\"size\":1,\"type\":\"t\"}",
	    "{\"file\":\"a\"," SUMS ",\"size\":-1,\"type\":\"t\"}",
	    "{\"file\":\"a\"," SUMS ",\"size\":\"1\",\"type\":\"t\"}",
	    "{\"file\":1," SUMS ",\"size\":1,\"type\":\"t\"}",
	    "{\"file\":\"a\"," SUMS ",\"size\":1,\"type\":null}",
	    "{\"file\":\"../a\"," SUMS ",\"size\":1,\"type\":\"t\"}",
	    "{\"file\":\"a\",\"sealed\":\"AB\",\"sha256\":\"" H64
	    "\",\"size\":1,\"type\":\"t\"}"};
	struct content_attachment read;
	char json[512];
	size_t i;

	(void)state;
	assert_int_equal(content_value_attachment(span_text(good), &read), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(
		    content_value_attachment(span_text(bad[i]), &read),
		    FORMAT_E_MALFORMED);
		snprintf(
		    json, sizeof json, "[\"%%s\",\"attachment\",%s]", bad[i]);
		assert_int_equal(parse_with(json), FORMAT_E_MALFORMED);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, drop_content)
	const struct CMUnitTest tests[] = {
	    TEST(the_digest_of_a_line_is_that_of_rfc_9901),
	    TEST(kind_time_after_and_origin_stand_exactly_once),
	    TEST(a_kind_speaks_of_as_many_entries_as_it_must),
	    TEST(known_names_have_one_grammar),
	    TEST(consent_cannot_say_yes_and_no),
	    TEST(the_origin_is_that_of_a_log),
	    TEST(the_kind_is_one_of_the_table),
	    TEST(the_time_is_a_second_that_exists_in_utc),
	    TEST(after_is_none_or_a_hash),
	    TEST(a_salt_is_the_canonical_form_of_16_bytes),
	    TEST(a_line_has_one_or_three_elements),
	    TEST(names_are_words_joined_by_dots),
	    TEST(json_has_one_spelling),
	    TEST(text_is_utf_8_without_control_characters),
	    TEST(values_nest_eight_deep_and_no_deeper),
	    TEST(a_million_brackets_are_refused_without_recursion),
	    TEST(a_line_is_canonical_base64url),
	    TEST(jansson_takes_and_frees_by_functions_of_ours),
	    TEST(an_attachment_is_read_as_it_was_added),
	    TEST(an_attachment_that_no_reader_takes_is_not_added),
	    TEST(an_attachment_has_exactly_its_five_keys),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
