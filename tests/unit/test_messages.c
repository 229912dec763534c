/*
 * Every message there is, filled at random from its own table (the seed is
 * printed), encoded, decoded and encoded again; and every limit passed by one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/codec.h"
#include "proto/wire/messages.h"
#include "tests/unit/noise.h"

#define STRUCT_MAX 4096 /* larger than any message's struct */
#define TYPES_MAX 256

struct list {
	void *items;
	size_t count;
};

static struct wire_arena made = WIRE_ARENA_INIT;

/* Small lengths mostly, now and then the largest that is not huge. */
static size_t random_length(const struct codec_row *row)
{
	uint64_t most = row->max < 2000 ? row->max : 2000;
	uint64_t span = most > row->min ? most - row->min : 0;

	if (noise_next() % 8 == 0)
		return (size_t)most;
	return (size_t)(row->min + (span ? noise_next() % (span + 1) : 0));
}

static struct span random_bytes(size_t len, bool text)
{
	uint8_t *data = wire_arena_take(&made, len + 1);
	size_t i;

	assert_non_null(data);
	for (i = 0; i < len; i++)
		data[i] =
		    (uint8_t)(text ? 'a' + noise_next() % 26 : noise_next());
	return span_of(data, len);
}

static void fill(const struct codec_table *table, uint8_t *to);

static void fill_list(const struct codec_row *row, struct list *list)
{
	size_t i, most = row->count_max < 5 ? row->count_max : 5;
	uint8_t *item;
	bool text = row->kind == CODEC_LIST_TEXT;

	list->count = (size_t)(noise_next() % (most + 1));
	list->items = wire_arena_take(&made, list->count * row->item_size + 1);
	for (i = 0; i < list->count; i++) {
		item = (uint8_t *)list->items + i * row->item_size;
		if (row->kind == CODEC_LIST_MESSAGE)
			fill(row->sub, item);
		else if (row->kind == CODEC_LIST_FIXED)
			memcpy(
			    item, random_bytes(row->max, false).data, row->max);
		else
			*(struct span *)(void *)item =
			    random_bytes(random_length(row), text);
	}
}

static void fill_row(const struct codec_row *row, uint8_t *at)
{
	switch (row->kind) {
	case CODEC_U64:
		*(uint64_t *)(void *)at = row->max == UINT64_MAX
					      ? noise_next()
					      : noise_next() % (row->max + 1);
		return;
	case CODEC_BYTES:
	case CODEC_TEXT:
		*(struct span *)(void *)at =
		    random_bytes(random_length(row), row->kind == CODEC_TEXT);
		return;
	case CODEC_FIXED:
	case CODEC_OBJECT:
		memcpy(at, random_bytes(row->max, false).data, row->max);
		return;
	case CODEC_LIST_BYTES:
	case CODEC_LIST_TEXT:
	case CODEC_LIST_FIXED:
	case CODEC_LIST_MESSAGE:
		fill_list(row, (struct list *)(void *)at);
		return;
	}
}

static void fill(const struct codec_table *table, uint8_t *to)
{
	size_t i;

	for (i = 0; i < table->row_count; i++)
		fill_row(&table->rows[i], to + table->rows[i].offset);
}

static void begin(void)
{
	wire_arena_free(&made);
}

static void test_every_message_round_trips(void **state)
{
	_Alignas(16) uint8_t in[STRUCT_MAX], out[STRUCT_MAX];
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct buf first = {0}, second = {0};
	unsigned type, round, types = 0;

	(void)state;
	for (type = 0; type < TYPES_MAX; type++) {
		if (!messages_table(type))
			continue;
		types++;
		for (round = 0; round < 30; round++) {
			begin();
			memset(in, 0, sizeof in);
			fill(messages_table(type), in);
			first.len = second.len = 0;
			if (wire_encode_body(type, in, &first) != 0) {
				/* only ever because it is too large */
				assert_int_equal(first.len, 0);
				continue;
			}
			assert_int_equal(
			    wire_decode(type, buf_span(&first), &arena, out),
			    0);
			assert_int_equal(
			    wire_encode_body(type, out, &second), 0);
			assert_true(
			    span_equal(buf_span(&first), buf_span(&second)));
			wire_arena_free(&arena);
		}
	}
	assert_true(types > 45);
	buf_free(&first);
	buf_free(&second);
}

/* A cut body is refused, or is a whole one with shorter lists. */
static void test_no_cut_message_is_taken_for_another(void **state)
{
	_Alignas(16) uint8_t in[STRUCT_MAX], out[STRUCT_MAX];
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct buf body = {0}, again = {0};
	unsigned type;
	size_t len;

	(void)state;
	for (type = 0; type < TYPES_MAX; type++) {
		if (!messages_table(type))
			continue;
		begin();
		memset(in, 0, sizeof in);
		fill(messages_table(type), in);
		body.len = 0;
		if (wire_encode_body(type, in, &body) != 0)
			continue;
		for (len = 0; len < body.len; len += 1 + body.len / 400) {
			again.len = 0;
			if (wire_decode(type, span_of(body.data, len), &arena,
				out) == 0) {
				assert_int_equal(
				    wire_encode_body(type, out, &again), 0);
				assert_true(span_equal(
				    buf_span(&again), span_of(body.data, len)));
			}
			wire_arena_free(&arena);
		}
	}
	buf_free(&body);
	buf_free(&again);
}

/* Whatever bytes come: refused, or decoded within the limits. */
static void test_noise_never_does_harm(void **state)
{
	_Alignas(16) uint8_t in[STRUCT_MAX], out[STRUCT_MAX];
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct buf body = {0};
	unsigned type, round;

	(void)state;
	for (type = 0; type < TYPES_MAX; type++) {
		if (!messages_table(type))
			continue;
		for (round = 0; round < 60; round++) {
			begin();
			memset(in, 0, sizeof in);
			fill(messages_table(type), in);
			body.len = 0;
			if (wire_encode_body(type, in, &body) != 0 ||
			    body.len == 0)
				continue;
			body.data[noise_next() % body.len] ^=
			    (uint8_t)(1 + noise_next() % 255);
			wire_decode(type, buf_span(&body), &arena, out);
			wire_arena_free(&arena);
		}
	}
	buf_free(&body);
}

static void test_an_unknown_field_is_refused(void **state)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_hello hello = {.version = 1}, out;
	struct buf body = {0};

	(void)state;
	assert_int_equal(wire_encode_body(WIRE_SYNC_HELLO, &hello, &body), 0);
	assert_int_equal(
	    wire_decode(WIRE_SYNC_HELLO, buf_span(&body), &arena, &out), 0);
	buf_append(&body, "\x78\x01", 2); /* field 15, varint 1 */
	assert_int_equal(
	    wire_decode(WIRE_SYNC_HELLO, buf_span(&body), &arena, &out),
	    FORMAT_E_MALFORMED);
	wire_arena_free(&arena);
	buf_free(&body);
}

static void test_a_missing_field_is_refused(void **state)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_hello out;

	(void)state;
	assert_int_equal(
	    wire_decode(WIRE_SYNC_HELLO, span_of("", 0), &arena, &out),
	    FORMAT_E_MALFORMED);
	wire_arena_free(&arena);
}

static void test_text_with_nul_or_bad_utf8_is_refused(void **state)
{
	struct ctl_request request = {.op = 1};

	struct buf body = {0};

	(void)state;
	request.text = span_of("a\0b", 3);
	assert_true(wire_encode_body(WIRE_CTL_REQUEST, &request, &body) < 0);
	request.text = span_text("\xff");
	assert_true(wire_encode_body(WIRE_CTL_REQUEST, &request, &body) < 0);
	request.text = span_text("ok");
	assert_int_equal(
	    wire_encode_body(WIRE_CTL_REQUEST, &request, &body), 0);
	buf_free(&body);
}

/* Each limit of a table: at it, and past it by one. */
static void test_every_limit_of_length_holds(void **state)
{
	_Alignas(16) uint8_t in[STRUCT_MAX];
	const struct codec_table *table;
	const struct codec_row *row;
	struct buf body = {0};
	unsigned type, tried = 0;
	size_t i;

	(void)state;
	for (type = 0; type < TYPES_MAX; type++) {
		table = messages_table(type);
		for (i = 0; table && i < table->row_count; i++) {
			row = &table->rows[i];
			if (row->max > 100000 || (row->kind != CODEC_BYTES &&
						     row->kind != CODEC_TEXT))
				continue;
			begin();
			memset(in, 0, sizeof in);
			fill(table, in);
			*(struct span *)(void *)(in + row->offset) =
			    random_bytes((size_t)row->max + 1, true);
			body.len = 0;
			assert_true(wire_encode_body(type, in, &body) < 0);
			tried++;
		}
	}
	assert_true(tried > 5);
	buf_free(&body);
}

/* A megabyte of empty sub-messages asks for fifty times its size. */
static void test_the_budget_bounds_what_a_message_costs(void **state)
{
	struct wire_arena arena = {.budget = 1024 * 1024};
	struct wire_sync_frontier out;
	struct buf body = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 500000; i++)
		buf_append(&body, "\x0a\x00", 2);
	assert_int_equal(
	    wire_decode(WIRE_SYNC_FRONTIER, buf_span(&body), &arena, &out),
	    FORMAT_E_MALFORMED);
	assert_true(arena.used <= arena.budget);
	wire_arena_free(&arena);
	buf_free(&body);
}

/* A frontier of before `recover` is an empty body here: it is kept for each
 * partner, and travels in bundles. */
static void test_a_frontier_of_before_is_read_and_written_alike(void **state)
{
	struct wire_sync_frontier frontier = {.recover = 1};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct buf body = {0};

	(void)state;
	assert_int_equal(
	    wire_decode(WIRE_SYNC_FRONTIER, buf_span(&body), &arena, &frontier),
	    0);
	assert_int_equal(frontier.recover, 0);
	assert_int_equal(
	    wire_encode_body(WIRE_SYNC_FRONTIER, &frontier, &body), 0);
	assert_int_equal(body.len, 0);
	frontier.recover = 1;
	assert_int_equal(
	    wire_encode_body(WIRE_SYNC_FRONTIER, &frontier, &body), 0);
	assert_true(span_equal(buf_span(&body), span_of("\x18\x01", 2)));
	wire_arena_free(&arena);
	buf_free(&body);
}

static void test_headers_have_one_form(void **state)
{
	struct wire_header header = {
	    .length = 2, .type = WIRE_SYNC_HELLO, .fd_count = 0};
	uint8_t bytes[WIRE_HEADER_BYTES];

	(void)state;
	wire_header_pack(&header, bytes);
	assert_int_equal(wire_header_parse(bytes, &header), 0);
	bytes[7] = 1;
	assert_int_not_equal(wire_header_parse(bytes, &header), 0);
	bytes[7] = 0;
	bytes[6] = 1; /* a HELLO carries no descriptor */
	assert_int_not_equal(wire_header_parse(bytes, &header), 0);
	bytes[6] = 0;
	bytes[2] = 1; /* a HELLO has at most 64 bytes */
	assert_int_not_equal(wire_header_parse(bytes, &header), 0);
	bytes[2] = 0;
	bytes[5] = 250;
	assert_int_not_equal(wire_header_parse(bytes, &header), 0);
}

static void test_only_those_may_send_who_should(void **state)
{
	(void)state;
	assert_true(wire_may_send(
	    WIRE_ROLE_WORKER, WIRE_ROLE_KEEPER, WIRE_KEEPER_UNWRAP));
	assert_false(wire_may_send(
	    WIRE_ROLE_WORKER, WIRE_ROLE_KEEPER, WIRE_KEEPER_SIGN));
	assert_false(wire_may_send(
	    WIRE_ROLE_COURIER, WIRE_ROLE_KEEPER, WIRE_KEEPER_UNWRAP));
	assert_false(wire_may_send(
	    WIRE_ROLE_STORE, WIRE_ROLE_KEEPER, WIRE_KEEPER_UNWRAP));
	assert_false(wire_may_send(
	    WIRE_ROLE_COURIER, WIRE_ROLE_STORE, WIRE_CTL_REQUEST));
	assert_false(
	    wire_may_send(WIRE_ROLE_CLIENT, WIRE_ROLE_STORE, WIRE_KEEPER_KEYS));
	assert_false(wire_may_send(
	    WIRE_ROLE_PARTNER, WIRE_ROLE_PARTNER, WIRE_SESSION_OBJECT));
}

static int seed_random(void **state)
{
	(void)state;
	noise_begin();
	return 0;
}

static int clean(void **state)
{
	(void)state;
	wire_arena_free(&made);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_message_round_trips),
	    cmocka_unit_test(test_no_cut_message_is_taken_for_another),
	    cmocka_unit_test(test_noise_never_does_harm),
	    cmocka_unit_test(test_an_unknown_field_is_refused),
	    cmocka_unit_test(test_a_missing_field_is_refused),
	    cmocka_unit_test(test_text_with_nul_or_bad_utf8_is_refused),
	    cmocka_unit_test(test_every_limit_of_length_holds),
	    cmocka_unit_test(test_the_budget_bounds_what_a_message_costs),
	    cmocka_unit_test(
		test_a_frontier_of_before_is_read_and_written_alike),
	    cmocka_unit_test(test_headers_have_one_form),
	    cmocka_unit_test(test_only_those_may_send_who_should),
	};

	return cmocka_run_group_tests(tests, seed_random, clean);
}
