/*
 * What follows from claims: brackets of time, logs, what is missing, the
 * picture. The claims are made here; that they are true of a bag is
 * tests/scenario/auditor.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/bag/claims.h"

#define TIME "2026-01-02T03:04:05Z"

static struct bag_claim *add(struct bag_claims *claims, uint8_t id,
    uint8_t author, uint64_t index, const char *kind, const char *time)
{
	struct bag_claim *claim;

	claims->items =
	    realloc(claims->items, (claims->count + 1) * sizeof *claims->items);
	assert_non_null(claims->items);
	claim = &claims->items[claims->count++];
	memset(claim, 0, sizeof *claim);
	memset(claim->id.bytes, id, 32);
	memset(claim->author.bytes, author, 32);
	claim->index = index;
	claim->size = index + 1;
	claim->anchored = true;
	memcpy(claim->kind, kind, strlen(kind) + 1);
	memcpy(claim->time, time, strlen(time) + 1);
	return claim;
}

static void speak(struct bag_claim *claim, uint8_t id)
{
	claim->about = realloc(
	    claim->about, (claim->about_count + 1) * sizeof *claim->about);
	assert_non_null(claim->about);
	memset(claim->about[claim->about_count++].bytes, id, 32);
}

static void cosign(
    struct bag_claim *claim, uint8_t witness, uint64_t time, bool anchored)
{
	struct bag_cosigned *more;

	more = realloc(
	    claim->cosigned, (claim->cosigned_count + 1) * sizeof *more);
	assert_non_null(more);
	claim->cosigned = more;
	more = &claim->cosigned[claim->cosigned_count++];
	memset(more->witness.bytes, witness, 32);
	more->time = time;
	more->anchored = anchored;
}

static void test_only_foreign_witnesses_count(void **state)
{
	struct bag_claims claims = {0};
	struct bag_claim *claim;
	struct bag_bracket bracket;
	struct author_id exporter;

	(void)state;
	claim = add(&claims, 1, 0xa, 0, "testimony", TIME);
	cosign(claim, 0xa, 100, true);  /* its author */
	cosign(claim, 0xb, 200, false); /* known from the bag alone */
	cosign(claim, 0xc, 400, true);
	cosign(claim, 0xd, 300, true);
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_true(bracket.has_until);
	assert_int_equal(bracket.until, 300);
	assert_int_equal(bracket.until_by.bytes[0], 0xd);
	assert_int_equal(bracket.until_count, 2);
	assert_false(bracket.has_since);

	memset(exporter.bytes, 0xd, 32);
	bag_bracket(&claims, claim, &exporter, &bracket);
	assert_int_equal(bracket.until, 400);
	assert_int_equal(bracket.until_count, 1);

	/* One whose entry says that it exported the record. */
	claim = add(&claims, 2, 0xc, 5, "exported", TIME);
	speak(claim, 1);
	bag_bracket(&claims, &claims.items[0], &exporter, &bracket);
	assert_false(bracket.has_until);
	assert_int_equal(bracket.until_count, 0);

	/* But not one that exported another, or did something else with it. */
	memset(claim->about[0].bytes, 9, 32);
	bag_bracket(&claims, &claims.items[0], &exporter, &bracket);
	assert_int_equal(bracket.until, 400);
	memset(claim->about[0].bytes, 1, 32);
	memcpy(claim->kind, "opened", sizeof "opened");
	bag_bracket(&claims, &claims.items[0], &exporter, &bracket);
	assert_int_equal(bracket.until, 400);
	bag_claims_free(&claims);
}

static void test_an_entry_is_no_older_than_what_it_cites(void **state)
{
	struct bag_claims claims = {0};
	struct bag_claim *claim, *other;
	struct bag_bracket bracket;

	(void)state;
	add(&claims, 1, 0xa, 0, "testimony", "2026-05-05T00:00:00Z");
	add(&claims, 2, 0xb, 3, "received", "2026-03-03T00:00:00Z");
	add(&claims, 3, 0xb, 4, "received", "2026-04-04T00:00:00Z");
	claim = &claims.items[0];
	claim->has_after = true;
	memset(claim->after.bytes, 7, 32);
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_false(bracket.has_since);

	memset(claims.items[1].checkpoint.bytes, 7, 32);
	memset(claims.items[2].checkpoint.bytes, 7, 32);
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_true(bracket.has_since);
	assert_string_equal(bracket.since, "2026-04-04T00:00:00Z");
	assert_int_equal(bracket.since_by.bytes[0], 0xb);

	other = &claims.items[2];
	other->anchored = false;
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_string_equal(bracket.since, "2026-03-03T00:00:00Z");
	claims.items[1].time[0] = 0; /* closed */
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_false(bracket.has_since);
	other->anchored = true;
	memset(other->author.bytes, 0xa, 32); /* its own word */
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_false(bracket.has_since);
	memset(other->author.bytes, 0xb, 32);
	claim->has_after = false;
	bag_bracket(&claims, claim, NULL, &bracket);
	assert_false(bracket.has_since);
	bag_claims_free(&claims);
}

static void test_logs_and_their_places(void **state)
{
	struct bag_claims claims = {0};
	const struct bag_claim **by_place;
	struct bag_log *logs;
	size_t count;

	(void)state;
	add(&claims, 1, 0xb, 4, "testimony", "");
	add(&claims, 2, 0xa, 7, "testimony", "");
	add(&claims, 3, 0xb, 2, "testimony", "")->size = 9;
	add(&claims, 4, 0xb, 2, "testimony", "")->log.bytes[0] = 1;
	assert_int_equal(bag_by_place(&claims, &by_place), 0);
	assert_int_equal(bag_logs(&claims, by_place, &logs, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(logs[0].author.bytes[0], 0xa);
	assert_int_equal(logs[0].size, 8);
	assert_int_equal(logs[1].count, 2);
	assert_int_equal(logs[1].size, 9);
	assert_int_equal(by_place[logs[1].first]->index, 2);
	assert_int_equal(by_place[logs[1].first + 1]->index, 4);
	assert_int_equal(logs[2].log.bytes[0], 1);
	free(by_place);
	free(logs);
	bag_claims_free(&claims);
}

static void test_withdrawn_and_missing(void **state)
{
	struct bag_claims claims = {0};
	const struct bag_claim *by;
	struct bag_claim *claim;
	struct buf missing = {0}, withdrawn = {0};

	(void)state;
	add(&claims, 1, 0xa, 0, "testimony", "");
	claim = add(&claims, 2, 0xa, 1, "withdrawal", "");
	speak(claim, 1);
	speak(claim, 8);
	claim = add(&claims, 3, 0xb, 1, "derivative", "");
	speak(claim, 9);
	claim = add(&claims, 4, 0xb, 2, "opened", "");
	speak(claim, 9);
	speak(claim, 1);
	assert_true(bag_is_withdrawn(&claims, &claims.items[0], &by));
	assert_int_equal(by->id.bytes[0], 2);
	assert_false(bag_is_withdrawn(&claims, &claims.items[2], &by));
	assert_int_equal(bag_missing(&claims, false, &missing), 0);
	assert_int_equal(missing.len, 65); /* 9, once */
	assert_memory_equal(missing.data, "0909", 4);
	assert_int_equal(bag_missing(&claims, true, &withdrawn), 0);
	assert_int_equal(withdrawn.len, 65);
	assert_memory_equal(withdrawn.data, "0808", 4);
	/* Somebody else's word withdraws nothing. */
	memset(claims.items[1].author.bytes, 0xb, 32);
	assert_false(bag_is_withdrawn(&claims, &claims.items[0], &by));
	buf_free(&missing);
	buf_free(&withdrawn);
	bag_claims_free(&claims);
}

static void test_the_picture(void **state)
{
	struct bag_claims claims = {0};
	struct bag_claim *claim;
	struct buf svg = {0};
	const char *text, *first, *second, *third;
	uint8_t id;

	(void)state;
	add(&claims, 3, 0xa, 0, "testimony", "2026-02-02T00:00:00Z");
	claim = add(&claims, 2, 0xb, 1, "received", "2026-01-01T00:00:00Z");
	for (id = 0x10; id < 0x15; id++)
		speak(claim, id);
	add(&claims, 1, 0xc, 2, "erased", "");
	assert_int_equal(bag_timeline(&claims, &svg), 0);
	assert_int_equal(buf_append(&svg, "", 1), 0);
	text = (const char *)svg.data;
	first = strstr(text, "time not shown");
	second = strstr(text, "2026-01-01");
	third = strstr(text, "2026-02-02");
	assert_true(first && second && third);
	assert_true(first < second && second < third);
	assert_non_null(strstr(text, "height=\"160\""));
	assert_non_null(strstr(
	    text, "about 10101010 11111111 12121212 13131313 and more</text>"));
	assert_null(strstr(text, "14141414"));
	assert_non_null(strstr(text, "by 0a0a0a0a0a0a0a0a: entry 03030303<"));
	buf_free(&svg);
	bag_claims_free(&claims);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_foreign_witnesses_count),
	    cmocka_unit_test(test_an_entry_is_no_older_than_what_it_cites),
	    cmocka_unit_test(test_logs_and_their_places),
	    cmocka_unit_test(test_withdrawn_and_missing),
	    cmocka_unit_test(test_the_picture),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
