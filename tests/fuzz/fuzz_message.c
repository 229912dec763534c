/*
 * A frame's header and its message, of every type of all three protocols:
 * wire_header_parse() and wire_decode(). What is taken stays within the limits
 * that we hold ourselves to, for it can be sent again; and what is sent again
 * is the shortest spelling there is and comes to the same.
 */
#include <string.h>

#include "proto/wire/codec.h"
#include "proto/wire/messages.h"
#include "tests/fuzz/fuzz.h"

/* Larger than any message's struct. */
struct room {
	_Alignas(16) uint8_t bytes[4096];
};

static void check_again(enum wire_type type, struct span body,
    const struct room *message, struct buf *out_body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct buf twice = {0};
	struct room again;

	CLAIM(wire_encode_body(type, message, out_body) == 0);
	CLAIM(out_body->len <= body.len);
	CLAIM(wire_decode(type, buf_span(out_body), &arena, &again) == 0);
	CLAIM(wire_encode_body(type, &again, &twice) == 0);
	CLAIM(span_equal(buf_span(out_body), buf_span(&twice)));
	wire_arena_free(&arena);
	buf_free(&twice);
}

/* A byte of a field that nobody knows behind it, and it is none. */
static void check_unknown(enum wire_type type, struct buf *body)
{
	static const uint8_t field[] = {0xf8, 0x7f, 1}; /* number 2047 */
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct room message;

	CLAIM(buf_append(body, field, sizeof field) == 0);
	CLAIM(wire_decode(type, buf_span(body), &arena, &message) ==
	      FORMAT_E_MALFORMED);
	wire_arena_free(&arena);
}

static void check_body(enum wire_type type, struct span body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct buf made = {0};
	struct room message;
	int r = wire_decode(type, body, &arena, &message);

	CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	CLAIM(arena.used <= WIRE_ARENA_BUDGET);
	if (r == 0) {
		CLAIM(body.len <= wire_body_max(type));
		check_again(type, body, &message, &made);
		check_unknown(type, &made);
	}
	wire_arena_free(&arena);
	buf_free(&made);
}

static bool somebody_sends(enum wire_type type)
{
	int from, to;

	for (from = 0; from <= WIRE_ROLE_PARTNER; from++)
		for (to = 0; to <= WIRE_ROLE_PARTNER; to++)
			if (wire_may_send(
				(enum wire_role)from, (enum wire_role)to, type))
				return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[WIRE_HEADER_BYTES];
	struct wire_header header;
	int r;

	if (size < WIRE_HEADER_BYTES)
		return 0;
	r = wire_header_parse(data, &header);
	CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	if (r != 0)
		return 0;
	wire_header_pack(&header, again);
	CLAIM(memcmp(again, data, sizeof again) == 0);
	CLAIM(header.length <= WIRE_BODY_MAX);
	CLAIM(header.fd_count <= WIRE_FDS_MAX);
	CLAIM(messages_table(header.type));
	CLAIM(somebody_sends(header.type));
	/* Of whatever length it says it is: cuts are tried as well. */
	check_body(header.type,
	    span_of(data + WIRE_HEADER_BYTES, size - WIRE_HEADER_BYTES));
	return 0;
}
