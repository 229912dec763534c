/*
 * Frame headers and the arena that messages are decoded into.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/format/ids.h"
#include "proto/wire/codec.h"
#include "proto/wire/frame.h"

#define BLOCK_BYTES 16384
#define ALIGNMENT 16

struct wire_block {
	struct wire_block *next;
	size_t size, used;
	uint8_t *data;
};

/* How many descriptors may ride with a type. */
static size_t fds_max(enum wire_type type)
{
	switch (type) {
	case WIRE_CTL_REQUEST:
		return 1 + 100;
	case WIRE_WORK_SEAL:
		return WIRE_FDS_MAX;
	case WIRE_SUP_START:
		return 3;
	case WIRE_KEEPER_EDIT:
	case WIRE_WORK_OPEN_OBJECT:
	case WIRE_WORK_UNVEIL:
	case WIRE_WORK_BUNDLE_SEAL:
	case WIRE_WORK_BUNDLE_OPEN:
		return 2;
	case WIRE_SUP_PEER:
	case WIRE_KEEPER_CREATE:
	case WIRE_KEEPER_UNLOCK:
	case WIRE_WORK_OPEN:
	case WIRE_WORK_HASH:
	case WIRE_SESSION_OBJECT:
	case WIRE_SESSION_TAKE:
	case WIRE_COURIER_BUNDLE:
		return 1;
	default: /* every other type carries none */
		return 0;
	}
}

void wire_header_pack(
    const struct wire_header *header, uint8_t ret_bytes[WIRE_HEADER_BYTES])
{
	uint32_t length = header->length;
	uint16_t type = (uint16_t)header->type;

	ret_bytes[0] = (uint8_t)(length >> 24);
	ret_bytes[1] = (uint8_t)(length >> 16);
	ret_bytes[2] = (uint8_t)(length >> 8);
	ret_bytes[3] = (uint8_t)length;
	ret_bytes[4] = (uint8_t)(type >> 8);
	ret_bytes[5] = (uint8_t)type;
	ret_bytes[6] = header->fd_count;
	ret_bytes[7] = 0;
}

int wire_header_parse(
    const uint8_t bytes[WIRE_HEADER_BYTES], struct wire_header *ret_header)
{
	struct wire_header header;

	header.length = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			(uint32_t)bytes[2] << 8 | bytes[3];
	header.type = (enum wire_type)(bytes[4] << 8 | bytes[5]);
	header.fd_count = bytes[6];
	if (!messages_table(header.type) || bytes[7] != 0 ||
	    header.length > wire_body_max(header.type) ||
	    header.length > WIRE_BODY_MAX ||
	    header.fd_count > fds_max(header.type))
		return FORMAT_E_MALFORMED;
	*ret_header = header;
	return 0;
}

static struct wire_block *add_block(struct wire_arena *arena, size_t size)
{
	struct wire_block *block = calloc(1, sizeof *block);

	if (!block)
		return NULL;
	block->size = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	block->data = calloc(1, block->size);
	if (!block->data) {
		free(block);
		return NULL;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *wire_arena_take(struct wire_arena *arena, size_t size)
{
	struct wire_block *block = arena->blocks;
	void *taken;

	if (size > arena->budget)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size > arena->budget - arena->used)
		return NULL;
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	if (!block) {
		arena->starved = true;
		return NULL;
	}
	taken = block->data + block->used;
	block->used += size;
	arena->used += size;
	return taken;
}

void wire_arena_free(struct wire_arena *arena)
{
	struct wire_block *block;

	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		explicit_bzero(block->data, block->size);
		free(block->data);
		free(block);
	}
	arena->used = 0;
}
