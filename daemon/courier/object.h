/*
 * Veiled files as streams: attachments in chunks, bundles in a row.
 */
#ifndef EVIDENT_COURIER_OBJECT_H
#define EVIDENT_COURIER_OBJECT_H

#include "daemon/base/veil.h"
#include "proto/wire/messages.h"

struct link;

/* A file being streamed. */
struct stream {
	int fd; /* -1: none */
	struct veil *veil;
	struct digest object;
	uint64_t offset, size;
	uint64_t stored; /* told to the store so far */
};

void object_begin(struct stream *stream);
void object_end(struct stream *stream);
/* Take over ${fd}. */
int object_take(
    struct stream *stream, int fd, const struct wire_session_object *object);
/* Until the output is full or the object at its end: 0 or -errno. */
int object_send(struct link *link);
/* Write a chunk to the file: 0, or FORMAT_E_MALFORMED when it does not belong
 * there, or -errno. */
int object_write(struct stream *stream, const struct wire_sync_chunk *chunk);

/* The whole file in a row: read or appended at the stream's offset. */
int object_read(struct stream *stream, uint8_t *data, size_t len);
int object_append(struct stream *stream, uint8_t *data, size_t len);

#endif
