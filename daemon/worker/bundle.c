/*
 * Bundles: one age file around the frames of a meeting (FORMAT.md, 10).
 *
 * Sealing joins three pieces: the lines in front, the frames, which the courier
 * wrote to a veiled file, and the signature. Opening takes them apart again:
 * the frames go to a veiled file, and what must be known before anybody reads
 * them goes to the store: who wrote it, for whom, the hash and the signature.
 * A worker has no card and so judges none of that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/veil.h"
#include "daemon/worker/job.h"
#include "daemon/worker/stream.h"
#include "proto/format/bundle.h"
#include "proto/format/file.h"
#include "proto/format/hash.h"

/* What both directions need. */
struct parcel {
	struct age_stream *age;
	struct veil *veil;
	struct hasher *hasher;
	uint8_t *clear;  /* AGE_CHUNK_BYTES, wiped */
	uint8_t *sealed; /* AGE_CHUNK_BYTES + AGE_TAG_BYTES */
	size_t fill;     /* of ${clear}, sealing */
	int out;

	/* opening */
	struct bundle_head head;
	size_t head_len;
	uint64_t at, end; /* of the plaintext; where the tail begins */
	struct buf tail;
};

static int parcel_begin(
    struct parcel *parcel, const struct wire_key32 *veil_key, int out)
{
	parcel->out = out;
	parcel->clear = malloc(AGE_CHUNK_BYTES);
	parcel->sealed = malloc(AGE_CHUNK_BYTES + AGE_TAG_BYTES);
	if (!parcel->clear || !parcel->sealed)
		return -ENOMEM;
	return veil_new(veil_key->bytes, 0, &parcel->veil);
}

static void parcel_free(struct parcel *parcel)
{
	age_stream_free(parcel->age);
	veil_free(parcel->veil);
	hasher_free(parcel->hasher);
	if (parcel->clear)
		explicit_bzero(parcel->clear, AGE_CHUNK_BYTES);
	free(parcel->clear);
	free(parcel->sealed);
	buf_free(&parcel->tail);
}

/* --- sealing ------------------------------------------------------------ */

static int seal_chunk(struct parcel *parcel, bool last)
{
	int r;

	r = age_stream_seal_chunk(
	    parcel->age, parcel->clear, parcel->fill, last, parcel->sealed);
	if (r == 0)
		r = file_write(
		    parcel->out, parcel->sealed, parcel->fill + AGE_TAG_BYTES);
	parcel->fill = 0;
	return r;
}

/* A full chunk waits until it is known whether it is the last. */
static int put(struct parcel *parcel, const uint8_t *data, size_t len)
{
	size_t take;
	int r = 0;

	while (r == 0 && len > 0) {
		if (parcel->fill == AGE_CHUNK_BYTES)
			r = seal_chunk(parcel, false);
		take = AGE_CHUNK_BYTES - parcel->fill;
		take = take < len ? take : len;
		memcpy(parcel->clear + parcel->fill, data, take);
		parcel->fill += take;
		data += take;
		len -= take;
	}
	return r;
}

static int put_frames(struct parcel *parcel, int in, uint64_t size)
{
	uint8_t *room = malloc(AGE_CHUNK_BYTES);
	size_t want, have;
	int r = room ? 0 : -ENOMEM;

	while (r == 0 && size > 0) {
		want = size < AGE_CHUNK_BYTES ? (size_t)size : AGE_CHUNK_BYTES;
		r = file_read(in, room, want, &have);
		if (r == 0 && have < want)
			r = -EIO;
		if (r == 0)
			r = veil_apply(parcel->veil, room, want, room);
		if (r == 0)
			r = put(parcel, room, want);
		size -= want;
	}
	free(room);
	return r;
}

static int put_header(struct parcel *parcel, const struct wire_key32 *recipient)
{
	uint8_t key[AGE_FILE_KEY_BYTES], nonce[AGE_NONCE_BYTES];
	struct age_recipient to;
	struct buf header = {0};
	int r;

	memcpy(to.key, recipient->bytes, sizeof to.key);
	r = job_make_file_key(key);
	if (r == 0)
		r = age_header_build(key, &to, 1, &header);
	if (r == 0)
		r = age_stream_seal(key, nonce, &parcel->age);
	explicit_bzero(key, sizeof key);
	if (r == 0)
		r = file_write(parcel->out, header.data, header.len);
	if (r == 0)
		r = file_write(parcel->out, nonce, sizeof nonce);
	buf_free(&header);
	return r;
}

static int seal_all(
    struct parcel *parcel, const struct wire_work_bundle_seal *job, int frames)
{
	int r;

	r = lseek(frames, 0, SEEK_SET) < 0 ? -errno : 0;
	if (r == 0)
		r = put_header(parcel, &job->recipient);
	if (r == 0)
		r = put(parcel, job->head.data, job->head.len);
	if (r == 0)
		r = put_frames(parcel, frames, job->size);
	if (r == 0)
		r = put(parcel, job->tail.data, job->tail.len);
	if (r == 0)
		r = seal_chunk(parcel, true);
	if (r == 0 && fsync(parcel->out) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}

int bundle_seal(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_done answer = {.job = 0};
	struct wire_work_bundle_seal job;
	struct parcel parcel = {0};
	int r;

	r = wire_decode(
	    WIRE_WORK_BUNDLE_SEAL, buf_span(&frame->body), &arena, &job);
	if (r != 0 || frame->fd_count != 2) {
		wire_arena_free(&arena);
		return -EPROTO;
	}
	*ret_job = answer.job = job.job;
	r = parcel_begin(&parcel, &job.veil_key, frame->fds[1]);
	if (r == 0)
		r = seal_all(&parcel, &job, frame->fds[0]);
	parcel_free(&parcel);
	explicit_bzero(&job, sizeof job);
	wire_arena_free(&arena);
	if (r != 0)
		return job_fail_result(
		    fault, r, "the bundle could not be written");
	return channel_send(worker->store, WIRE_WORK_DONE, &answer, NULL, 0);
}

/* --- opening ------------------------------------------------------------ */

/* The header: from the file's beginning, which is then left behind it. */
static int take_header(struct worker *worker, int in, size_t *ret_len,
    uint8_t ret_key[AGE_FILE_KEY_BYTES])
{
	uint8_t *bytes = malloc(AGE_HEADER_MAX);
	struct age_header *header = malloc(sizeof *header);
	size_t have = 0;
	int r = bytes && header ? 0 : -ENOMEM;

	if (r == 0)
		r = lseek(in, 0, SEEK_SET) < 0 ? -errno : 0;
	if (r == 0)
		r = file_read(in, bytes, AGE_HEADER_MAX, &have);
	if (r == 0)
		r = age_header_parse(span_of(bytes, have), header);
	if (r == 0)
		r = job_file_key(
		    worker, span_of(bytes, header->length), 0, ret_key);
	if (r == 0 && lseek(in, (off_t)header->length, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		*ret_len = header->length;
	free(bytes);
	free(header);
	return r;
}

/* The lines in front stand in the first chunk, and say how long the rest is. */
static int take_head(struct parcel *parcel, size_t len, uint64_t plain)
{
	uint64_t rest;
	int r;

	r = bundle_parse_head(
	    span_of(parcel->clear, len), &parcel->head, &parcel->head_len);
	if (r != 0)
		return r;
	rest = plain - parcel->head_len;
	if (parcel->head.size >= rest ||
	    rest - parcel->head.size > BUNDLE_TAIL_MAX)
		return FORMAT_E_MALFORMED;
	parcel->end = parcel->head_len + parcel->head.size;
	return 0;
}

/* ${len} bytes of plaintext that begin at ${parcel->at}. */
static int take_clear(struct parcel *parcel, size_t len)
{
	uint64_t left = parcel->end - parcel->at;
	size_t body = parcel->at >= parcel->end ? 0
		      : left < len              ? (size_t)left
						: len;
	size_t skip = parcel->at == 0 ? parcel->head_len : 0;
	uint8_t *frames = parcel->clear + skip;
	int r = 0;

	if (body > 0)
		r = hasher_update(parcel->hasher, parcel->clear, body);
	if (r == 0 && len > body)
		r = buf_append(&parcel->tail, parcel->clear + body, len - body);
	if (r == 0 && body > skip) {
		r = veil_apply(parcel->veil, frames, body - skip, frames);
		if (r == 0)
			r = file_write(parcel->out, frames, body - skip);
	}
	parcel->at += len;
	return r;
}

static int open_chunks(struct parcel *parcel, int in, uint64_t plain)
{
	size_t want, have;
	uint64_t left;
	int r = 0;

	while (r == 0 && parcel->at < plain) {
		left = plain - parcel->at;
		want = left < AGE_CHUNK_BYTES ? (size_t)left : AGE_CHUNK_BYTES;
		r = file_read(in, parcel->sealed, want + AGE_TAG_BYTES, &have);
		if (r == 0 && have < want + AGE_TAG_BYTES)
			r = FORMAT_E_MISMATCH;
		if (r == 0)
			r = age_stream_open_chunk(parcel->age, parcel->sealed,
			    want + AGE_TAG_BYTES, left == want, parcel->clear);
		if (r == 0 && parcel->at == 0)
			r = take_head(parcel, want, plain);
		if (r == 0)
			r = take_clear(parcel, want);
	}
	return r;
}

static int open_all(struct worker *worker, struct parcel *parcel, int in)
{
	uint8_t key[AGE_FILE_KEY_BYTES], nonce[AGE_NONCE_BYTES];
	size_t header, have;
	uint64_t plain;
	struct stat st;
	int r;

	if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode))
		return FORMAT_E_MALFORMED;
	r = take_header(worker, in, &header, key);
	if (r != 0)
		return r;
	r = age_plain_size((uint64_t)st.st_size - header, &plain);
	if (r == 0)
		r = file_read(in, nonce, sizeof nonce, &have);
	if (r == 0)
		r = age_stream_open(key, nonce, &parcel->age);
	explicit_bzero(key, sizeof key);
	if (r == 0)
		r = hasher_new(&parcel->hasher);
	if (r == 0)
		r = plain == 0 ? FORMAT_E_MALFORMED
			       : open_chunks(parcel, in, plain);
	return r;
}

static int answer_opened(
    struct worker *worker, struct parcel *parcel, uint64_t job)
{
	struct wire_work_bundle_opened answer = {
	    .job = job,
	    .from = parcel->head.from,
	    .to = parcel->head.to,
	    .size = parcel->head.size,
	    .tail = buf_span(&parcel->tail),
	};
	int r;

	r = hasher_final(parcel->hasher, &answer.digest);
	return r == 0 ? channel_send(worker->store, WIRE_WORK_BUNDLE_OPENED,
			    &answer, NULL, 0)
		      : r;
}

int bundle_open(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_bundle_open job;
	struct parcel parcel = {0};
	int r;

	r = wire_decode(
	    WIRE_WORK_BUNDLE_OPEN, buf_span(&frame->body), &arena, &job);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 2)
		return -EPROTO;
	*ret_job = job.job;
	r = parcel_begin(&parcel, &job.veil_key, frame->fds[1]);
	if (r == 0)
		r = open_all(worker, &parcel, frame->fds[0]);
	explicit_bzero(&job, sizeof job);
	if (r != 0)
		r = job_fail_result(fault, r,
		    r > 0 ? "this file is no bundle for this node, or was "
			    "damaged"
			  : "this bundle could not be read or unpacked");
	else
		r = answer_opened(worker, &parcel, *ret_job);
	parcel_free(&parcel);
	return r;
}
