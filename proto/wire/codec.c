/*
 * Messages to and from bytes.
 *
 * Decoding: protobuf-c unpacks into an arena with a budget (a small body can
 * ask for fifty times its size), then every value is held against its row:
 * size, range, count, UTF-8. Anything protobuf-c would let pass (unknown
 * fields, NUL in text, missing values) is refused here, so that no other code
 * ever meets it. Encoding applies the same rows to what we send ourselves.
 */
#include <errno.h>
#include <string.h>

#include "proto/format/entry.h"
#include "proto/wire/codec.h"

struct list {
	void *items;
	size_t count;
};

static int decode_table(const struct codec_table *table,
    const ProtobufCMessage *from, struct wire_arena *arena, void *to);
static int encode_table(const struct codec_table *table, const void *from,
    struct wire_arena *arena, ProtobufCMessage **ret_message);

static void *at(const void *base, size_t offset)
{
	return (uint8_t *)base + offset;
}

static bool length_fits(const struct codec_row *row, struct span value)
{
	bool text = row->kind == CODEC_TEXT || row->kind == CODEC_LIST_TEXT;

	return value.len >= row->min && value.len <= row->max &&
	       (!text || utf8_is_valid(value));
}

/* One value of bytes into its place. */
static void store_bytes(
    const struct codec_row *row, struct span value, void *to)
{
	struct entry_object *object = to;

	switch (row->kind) {
	case CODEC_BYTES:
	case CODEC_TEXT:
	case CODEC_LIST_BYTES:
	case CODEC_LIST_TEXT:
		*(struct span *)to = value;
		return;
	case CODEC_FIXED:
	case CODEC_LIST_FIXED:
		memcpy(to, value.data, value.len);
		return;
	case CODEC_OBJECT:
		memcpy(object->payload.bytes, value.data, 32);
		object->size = u64_decode(value.data + 32);
		return;
	case CODEC_U64:
	case CODEC_LIST_MESSAGE:
		return;
	}
}

static int decode_one(const struct codec_row *row, const void *member, void *to)
{
	const ProtobufCBinaryData *bytes = member;
	struct span value;

	if (row->kind == CODEC_U64) {
		if (*(const uint64_t *)member > row->max)
			return FORMAT_E_MALFORMED;
		*(uint64_t *)to = *(const uint64_t *)member;
		return 0;
	}
	value = span_of(bytes->data, bytes->len);
	if (!length_fits(row, value))
		return FORMAT_E_MALFORMED;
	store_bytes(row, value, to);
	return 0;
}

/* A message that is too large is the sender's fault, no memory is ours. */
static int without_room(const struct wire_arena *arena)
{
	return arena->starved ? -ENOMEM : FORMAT_E_MALFORMED;
}

static int decode_list(const struct codec_row *row,
    const ProtobufCMessage *from, const ProtobufCFieldDescriptor *field,
    struct wire_arena *arena, struct list *to)
{
	size_t i, count = *(const size_t *)at(from, field->quantifier_offset);
	void *const *pointers = *(void *const **)at(from, field->offset);
	const ProtobufCBinaryData *values =
	    *(ProtobufCBinaryData *const *)at(from, field->offset);
	void *item;
	int r = 0;

	to->count = 0;
	to->items = NULL;
	if (count > row->count_max)
		return FORMAT_E_MALFORMED;
	if (count == 0)
		return 0;
	to->items = wire_arena_take(arena, count * row->item_size);
	if (!to->items)
		return without_room(arena);
	for (i = 0; r == 0 && i < count; i++) {
		item = at(to->items, i * row->item_size);
		if (row->kind == CODEC_LIST_MESSAGE)
			r = decode_table(row->sub, pointers[i], arena, item);
		else
			r = decode_one(row, &values[i], item);
	}
	to->count = count;
	return r;
}

static int decode_table(const struct codec_table *table,
    const ProtobufCMessage *from, struct wire_arena *arena, void *to)
{
	const ProtobufCFieldDescriptor *field;
	const struct codec_row *row;
	size_t i;
	int r = 0;

	if (from->n_unknown_fields != 0)
		return FORMAT_E_MALFORMED;
	for (i = 0; r == 0 && i < table->row_count; i++) {
		row = &table->rows[i];
		field = &table->descriptor->fields[i];
		if (row->kind >= CODEC_LIST_BYTES)
			r = decode_list(
			    row, from, field, arena, at(to, row->offset));
		else
			r = decode_one(
			    row, at(from, field->offset), at(to, row->offset));
	}
	return r;
}

static void *arena_alloc(void *context, size_t size)
{
	return wire_arena_take(context, size);
}

static void arena_keep(void *context, void *pointer)
{
	(void)context;
	(void)pointer;
}

int wire_decode(enum wire_type type, struct span body, struct wire_arena *arena,
    void *ret_message)
{
	const struct codec_table *table = messages_table(type);
	ProtobufCAllocator allocator = {arena_alloc, arena_keep, arena};
	ProtobufCMessage *message;

	if (!table || body.len > wire_body_max(type))
		return FORMAT_E_MALFORMED;
	message = protobuf_c_message_unpack(table->descriptor, &allocator,
	    body.len, body.data ? body.data : (const uint8_t *)"");
	if (!message)
		return without_room(arena);
	return decode_table(table, message, arena, ret_message);
}

/* What a row's place holds, as bytes; objects are packed into the arena. */
static int load_bytes(const struct codec_row *row, const void *from,
    struct wire_arena *arena, ProtobufCBinaryData *to)
{
	const struct entry_object *object = from;
	struct span value = {0};
	uint8_t *packed;

	if (row->kind == CODEC_OBJECT) {
		packed = wire_arena_take(arena, 40);
		if (!packed)
			return -ENOMEM;
		memcpy(packed, object->payload.bytes, 32);
		u64_encode(object->size, packed + 32);
		value = span_of(packed, 40);
	} else if (row->kind == CODEC_FIXED || row->kind == CODEC_LIST_FIXED) {
		value = span_of(from, (size_t)row->max);
	} else {
		value = *(const struct span *)from;
	}
	if (!length_fits(row, value))
		return -EINVAL;
	to->data = (uint8_t *)value.data;
	to->len = value.len;
	return 0;
}

static int encode_list(const struct codec_row *row, const struct list *from,
    const ProtobufCFieldDescriptor *field, struct wire_arena *arena,
    ProtobufCMessage *to)
{
	bool messages = row->kind == CODEC_LIST_MESSAGE;
	ProtobufCMessage **pointers;
	ProtobufCBinaryData *values;
	size_t i;
	void *room;
	int r = 0;

	if (from->count > row->count_max)
		return -EINVAL;
	room = wire_arena_take(arena,
	    from->count * (messages ? sizeof *pointers : sizeof *values) + 1);
	if (!room)
		return -ENOMEM;
	pointers = room;
	values = room;
	for (i = 0; r == 0 && i < from->count; i++) {
		if (messages)
			r = encode_table(row->sub,
			    at(from->items, i * row->item_size), arena,
			    &pointers[i]);
		else
			r = load_bytes(row, at(from->items, i * row->item_size),
			    arena, &values[i]);
	}
	*(size_t *)at(to, field->quantifier_offset) = from->count;
	*(void **)at(to, field->offset) = room;
	return r;
}

static int encode_one(const struct codec_row *row, const void *from,
    struct wire_arena *arena, void *member)
{
	if (row->kind != CODEC_U64)
		return load_bytes(row, from, arena, member);
	if (*(const uint64_t *)from > row->max)
		return -EINVAL;
	*(uint64_t *)member = *(const uint64_t *)from;
	return 0;
}

/* A number that came later into a message is left out when it is 0: so whoever
 * does not know it reads all else. */
static void mark_there(
    const ProtobufCFieldDescriptor *field, const void *from, void *to)
{
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
		*(protobuf_c_boolean *)at(to, field->quantifier_offset) =
		    *(const uint64_t *)from != 0;
}

static int encode_table(const struct codec_table *table, const void *from,
    struct wire_arena *arena, ProtobufCMessage **ret_message)
{
	const ProtobufCFieldDescriptor *field;
	const struct codec_row *row;
	ProtobufCMessage *message;
	size_t i;
	int r = 0;

	message = wire_arena_take(arena, table->descriptor->sizeof_message);
	if (!message)
		return -ENOMEM;
	protobuf_c_message_init(table->descriptor, message);
	for (i = 0; r == 0 && i < table->row_count; i++) {
		row = &table->rows[i];
		field = &table->descriptor->fields[i];
		if (row->kind >= CODEC_LIST_BYTES)
			r = encode_list(
			    row, at(from, row->offset), field, arena, message);
		else
			r = encode_one(row, at(from, row->offset), arena,
			    at(message, field->offset));
		if (row->kind == CODEC_U64)
			mark_there(field, at(from, row->offset), message);
	}
	*ret_message = message;
	return r;
}

static int pack(enum wire_type type, const void *message,
    struct wire_arena *arena, struct buf *out)
{
	const struct codec_table *table = messages_table(type);
	ProtobufCMessage *packed;
	uint8_t *room;
	size_t size;
	int r;

	if (!table)
		return -EINVAL;
	r = encode_table(table, message, arena, &packed);
	if (r < 0)
		return r;
	size = protobuf_c_message_get_packed_size(packed);
	if (size > wire_body_max(type))
		return -EINVAL;
	r = buf_reserve(out, size, &room);
	if (r < 0)
		return r;
	out->len += protobuf_c_message_pack(packed, room);
	return 0;
}

int wire_encode_body(enum wire_type type, const void *message, struct buf *out)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	int r;

	r = pack(type, message, &arena, out);
	wire_arena_free(&arena);
	return r;
}

int wire_encode(
    enum wire_type type, const void *message, size_t fd_count, struct buf *out)
{
	uint8_t bytes[WIRE_HEADER_BYTES] = {0};
	struct wire_header header = {.type = type};
	size_t start = out->len;
	int r;

	if (fd_count > WIRE_FDS_MAX)
		return -EINVAL;
	r = buf_append(out, bytes, sizeof bytes);
	if (r == 0)
		r = wire_encode_body(type, message, out);
	if (r < 0) {
		out->len = start;
		return r;
	}
	header.length = (uint32_t)(out->len - start - WIRE_HEADER_BYTES);
	header.fd_count = (uint8_t)fd_count;
	wire_header_pack(&header, out->data + start);
	return 0;
}
