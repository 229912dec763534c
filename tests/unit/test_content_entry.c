/*
 * A content is that of its entry alone: what another author, log, kind or
 * attachment would make of the same words is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "proto/format/age.h"
#include "tests/unit/content_scene.h"

#define TEST(function) cmocka_unit_test_teardown(function, drop_content)

static struct entry entry;

/* The content of kind ${kind} with what it must have, and its entry. */
static void make(const char *kind, bool subject, bool attachment)
{
	struct content_attachment file = {.file = "photo.jpg",
	    .type = "image/jpeg",
	    .size = 1000,
	    .sha256 = {{3}},
	    .sealed = {{4}}};
	struct content_builder *builder = new_builder();
	struct buf bytes = {0};

	memset(&entry, 0, sizeof entry);
	assert_int_equal(hex_decode(span_text(H64), entry.author.bytes, 32), 0);
	assert_int_equal(hex_decode(span_text(H64), entry.log.bytes, 32), 0);
	assert_int_equal(add(builder, "kind", kind), 0);
	assert_int_equal(add(builder, "time", "2026-01-02T03:04:05Z"), 0);
	assert_int_equal(add(builder, "after", "none"), 0);
	assert_int_equal(add(builder, "origin", LOG_NAME), 0);
	if (subject)
		assert_int_equal(add(builder, "subject", H64), 0);
	if (attachment) {
		assert_int_equal(
		    content_add_attachment(builder, &file, &why), 0);
		entry.attachment_count = 1;
		entry.attachments[0].payload = file.sealed;
		entry.attachments[0].size =
		    age_payload_size(padme_length(file.size));
	}
	assert_int_equal(content_finish(builder, &bytes, &entry.fields), 0);
	content_builder_free(builder);
	assert_int_equal(parse(&bytes), 0);
	buf_free(&bytes);
}

static int check(void)
{
	int r;

	why = NULL;
	r = content_check_entry(&content, &entry, &why);
	assert_int_equal(r == 0, why == NULL);
	return r;
}

static void it_fits_its_own_entry(void **state)
{
	(void)state;
	make("testimony", false, false);
	assert_int_equal(check(), 0);
}

static void words_cannot_be_taken_over_by_another_author(void **state)
{
	(void)state;
	make("testimony", false, false);
	entry.author.bytes[0] ^= 1;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.author.bytes[0] ^= 1;
	entry.log.bytes[31] ^= 1;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void another_commitment_is_refused(void **state)
{
	(void)state;
	make("testimony", false, false);
	entry.fields.bytes[7] ^= 0x10;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void open_lines_and_kind_go_together(void **state)
{
	(void)state;
	make("testimony", false, false);
	entry.withdraw_count = 1;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.withdraw_count = 0;
	entry.key_act = ENTRY_KEY_SUCCESSOR;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	drop_content(NULL);
	make("withdrawal", false, false);
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.withdraw_count = 3;
	assert_int_equal(check(), 0);
	drop_content(NULL);
	make("key", false, false);
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.key_act = ENTRY_KEY_REVOKED;
	assert_int_equal(check(), 0);
}

static void every_attachment_is_named_once_and_has_its_size(void **state)
{
	(void)state;
	make("testimony", false, true);
	assert_int_equal(check(), 0);
	entry.attachments[0].size += 1;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.attachments[0].size -= 1;
	entry.attachments[0].payload.bytes[0] ^= 1;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.attachments[0].payload.bytes[0] ^= 1;
	entry.attachment_count = 2;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry.attachment_count = 0;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

/* What a bag must show. */
static int check_without(const char *name)
{
	struct content_line *lines =
	    calloc(content.count, sizeof *content.lines);
	size_t i, count = 0;
	int r;

	for (i = 0; i < content.count; i++)
		if (!content.lines[i].decoy &&
		    strcmp(content.lines[i].name, name) != 0)
			lines[count++] = content.lines[i];
	r = content_check_shown(lines, count, &entry, NULL);
	free(lines);
	return r;
}

static void what_a_bag_must_show_may_not_be_left_out(void **state)
{
	(void)state;
	make("revision", true, false);
	assert_int_equal(check_without("time"), 0);
	assert_int_equal(check_without("kind"), FORMAT_E_MISMATCH);
	assert_int_equal(check_without("origin"), FORMAT_E_MISMATCH);
	assert_int_equal(check_without("subject"), FORMAT_E_MISMATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_fits_its_own_entry),
	    TEST(words_cannot_be_taken_over_by_another_author),
	    TEST(another_commitment_is_refused),
	    TEST(open_lines_and_kind_go_together),
	    TEST(every_attachment_is_named_once_and_has_its_size),
	    TEST(what_a_bag_must_show_may_not_be_left_out),
	};

	return cmocka_run_group_tests_name("content_entry", tests, begin, NULL);
}
