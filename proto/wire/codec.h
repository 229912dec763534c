/*
 * The engine behind wire_encode() and wire_decode(): a table of rows per
 * message, walked beside protobuf-c's descriptor of it. Private to this room.
 */
#ifndef EVIDENT_WIRE_CODEC_H
#define EVIDENT_WIRE_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "proto/wire/frame.h"

enum codec_kind {
	CODEC_U64,
	CODEC_BYTES,      /* struct span */
	CODEC_TEXT,       /* struct span of UTF-8 without NUL */
	CODEC_FIXED,      /* a struct of ${max} bytes */
	CODEC_OBJECT,     /* struct entry_object as digest || size */
	CODEC_LIST_BYTES, /* WIRE_LIST(struct span) */
	CODEC_LIST_TEXT,
	CODEC_LIST_FIXED,   /* WIRE_LIST of structs of ${max} bytes */
	CODEC_LIST_MESSAGE, /* WIRE_LIST of structs with a table */
};

struct codec_row {
	enum codec_kind kind;
	size_t offset;     /* in the message's struct */
	uint64_t min, max; /* of the value, or of its length in bytes */
	size_t count_max;  /* of a list */
	size_t item_size;  /* of a list, in memory */
	const struct codec_table *sub;
};

struct codec_table {
	const ProtobufCMessageDescriptor *descriptor;
	const struct codec_row *rows;
	size_t row_count;
};

/* NULL for a type that has no table. */
const struct codec_table *messages_table(enum wire_type type);

/* Zeroed memory, or NULL when the budget is spent. */
void *wire_arena_take(struct wire_arena *arena, size_t size);

#endif
