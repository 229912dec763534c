/*
 * Frames: 4-byte big-endian length of the body, 2-byte big-endian type, 1 byte
 * count of descriptors that ride with it (0 on a network), 1 byte zero, body.
 */
#ifndef EVIDENT_WIRE_FRAME_H
#define EVIDENT_WIRE_FRAME_H

#include "proto/format/bytes.h"
#include "proto/wire/types.h"

#define WIRE_HEADER_BYTES 8
#define WIRE_BODY_MAX (2304 * 1024) /* a 1 MiB content with its envelope */
#define WIRE_FDS_MAX 201

struct wire_header {
	uint32_t length;
	enum wire_type type;
	uint8_t fd_count;
};

void wire_header_pack(
    const struct wire_header *header, uint8_t ret_bytes[WIRE_HEADER_BYTES]);
/* FORMAT_E_MALFORMED for an unknown type, a body above the type's own cap
 * (wire_body_max()) or WIRE_BODY_MAX, a non-zero last byte, or descriptors
 * where the type carries none. */
int wire_header_parse(
    const uint8_t bytes[WIRE_HEADER_BYTES], struct wire_header *ret_header);
uint32_t wire_body_max(enum wire_type type);

/*
 * Memory for one decoded message: all of it comes from here, up to ${budget}
 * bytes, and goes with wire_arena_free(). A message that needs more fails to
 * decode. All zero but the budget is an empty arena. Freed memory is wiped.
 */
struct wire_arena {
	size_t budget, used;
	bool starved; /* there was no memory, within the budget */
	struct wire_block *blocks;
};
#define WIRE_ARENA_BUDGET (16 * 1024 * 1024)
#define WIRE_ARENA_INIT \
	{ \
		.budget = WIRE_ARENA_BUDGET \
	}
void wire_arena_free(struct wire_arena *arena);

/* Append a whole frame for the message struct that belongs to ${type}
 * (messages.h). -EINVAL when the message breaks its own limits. */
int wire_encode(
    enum wire_type type, const void *message, size_t fd_count, struct buf *out);
/* Append only the body. */
int wire_encode_body(enum wire_type type, const void *message, struct buf *out);
/* Decode and validate a body into the struct that belongs to ${type}. Every
 * span points into ${arena}. FORMAT_E_MALFORMED when any rule of the message's
 * table is broken (missing, too long, wrong size, bad UTF-8, unknown fields).
 */
int wire_decode(enum wire_type type, struct span body, struct wire_arena *arena,
    void *ret_message);

#endif
