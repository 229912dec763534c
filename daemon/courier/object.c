/*
 * Attachments between a veiled file and CHUNK frames.
 *
 * The courier has one file's descriptor and that file's veil key; what passes
 * through it is sealed twice over (age, TLS). It checks only that chunks come
 * in order and end where they should: what they are worth, a worker finds out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "daemon/courier/courier.h"
#include "proto/format/file.h"

/* A piece that is cut off in the middle is sent again, so pieces are small: on
 * a line of 20 kbit/s one takes some seconds. */
#define PIECE_BYTES 16384

void object_begin(struct stream *stream)
{
	memset(stream, 0, sizeof *stream);
	stream->fd = -1;
}

void object_end(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	veil_free(stream->veil);
	object_begin(stream);
}

int object_take(
    struct stream *stream, int fd, const struct wire_session_object *object)
{
	int r;

	object_end(stream);
	r = veil_new(object->veil_key.bytes, object->offset, &stream->veil);
	if (r < 0) {
		close(fd);
		return r;
	}
	stream->fd = fd;
	stream->object = object->object;
	stream->offset = stream->stored = object->offset;
	stream->size = object->size;
	return 0;
}

int object_read(struct stream *stream, uint8_t *data, size_t len)
{
	int r = file_read_at(stream->fd, data, len, stream->offset);

	if (r == 0)
		r = veil_apply(stream->veil, data, len, data);
	if (r == 0)
		stream->offset += len;
	return r;
}

int object_append(struct stream *stream, uint8_t *data, size_t len)
{
	int r = veil_apply(stream->veil, data, len, data);

	if (r == 0)
		r = file_write_at(stream->fd, data, len, stream->offset);
	if (r == 0)
		stream->offset += len;
	return r;
}

static int send_chunk(struct link *link, uint8_t *room)
{
	struct stream *out = &link->out;
	struct wire_sync_chunk chunk = {
	    .object = out->object, .offset = out->offset};
	uint64_t left = out->size - out->offset;
	size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
	int r;

	r = object_read(out, room, len);
	chunk.data = span_of(room, len);
	return r == 0 ? turn_send(link, WIRE_SYNC_CHUNK, &chunk) : r;
}

int object_send(struct link *link)
{
	uint8_t *room = malloc(PIECE_BYTES);
	int r = room ? 0 : -ENOMEM;

	while (r == 0 && link->out.offset < link->out.size &&
	       evbuffer_get_length(link->output) < OUTPUT_BYTES)
		r = send_chunk(link, room);
	free(room);
	return r;
}

int object_write(struct stream *stream, const struct wire_sync_chunk *chunk)
{
	struct span data = chunk->data;
	uint64_t held;
	uint8_t *room;
	int r;

	if (chunk->offset > stream->offset || chunk->offset > stream->size ||
	    data.len > stream->size - chunk->offset)
		return FORMAT_E_MALFORMED;
	held = stream->offset - chunk->offset;
	if (held >= data.len)
		return 0; /* this piece came before */
	data = span_of(data.data + held, data.len - (size_t)held);
	room = malloc(data.len);
	if (!room)
		return -ENOMEM;
	memcpy(room, data.data, data.len);
	r = object_append(stream, room, data.len);
	free(room);
	return r;
}
