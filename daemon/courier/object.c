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

static int read_at(int fd, uint8_t *data, size_t len, uint64_t at)
{
	ssize_t n;

	while (len > 0) {
		n = pread(fd, data, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_at(int fd, const uint8_t *data, size_t len, uint64_t at)
{
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, data, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_chunk(struct link *link, uint8_t *room)
{
	struct stream *out = &link->out;
	struct wire_sync_chunk chunk = {
	    .object = out->object, .offset = out->offset};
	uint64_t left = out->size - out->offset;
	size_t len = left < SYNC_CHUNK_BYTES ? (size_t)left : SYNC_CHUNK_BYTES;
	int r;

	r = read_at(out->fd, room, len, out->offset);
	if (r == 0)
		r = veil_apply(out->veil, room, len, room);
	chunk.data = span_of(room, len);
	if (r == 0)
		r = turn_send(link, WIRE_SYNC_CHUNK, &chunk);
	if (r == 0)
		out->offset += len;
	return r;
}

int object_send(struct link *link)
{
	struct evbuffer *output = bufferevent_get_output(link->bev);
	uint8_t *room = malloc(SYNC_CHUNK_BYTES);
	int r = room ? 0 : -ENOMEM;

	while (r == 0 && link->out.offset < link->out.size &&
	       evbuffer_get_length(output) < OUTPUT_BYTES)
		r = send_chunk(link, room);
	free(room);
	return r;
}

int object_write(struct stream *stream, const struct wire_sync_chunk *chunk)
{
	uint8_t *room;
	int r;

	if (chunk->offset != stream->offset ||
	    chunk->data.len > stream->size - stream->offset)
		return FORMAT_E_MALFORMED;
	room = malloc(chunk->data.len);
	if (!room)
		return -ENOMEM;
	r = veil_apply(stream->veil, chunk->data.data, chunk->data.len, room);
	if (r == 0)
		r = write_at(stream->fd, room, chunk->data.len, stream->offset);
	free(room);
	if (r == 0)
		stream->offset += chunk->data.len;
	return r;
}
