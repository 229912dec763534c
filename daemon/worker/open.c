/*
 * The jobs that open what was sealed to this node (opening.c): for a person to
 * read, for the store to know what was done with a record, or for one more
 * partner. An attachment is held against the hash and size that the content
 * names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/consent.h"
#include "daemon/worker/opening.h"
#include "daemon/worker/stream.h"
#include "proto/format/file.h"

static bool line_is(const struct content_line *line, const char *name)
{
	return !line->decoy && strcmp(line->name, name) == 0;
}

static int answer_clear(struct worker *worker, struct opening *opening,
    uint64_t job, int out, struct job_fault *fault)
{
	struct wire_work_opened answer = {.job = job};
	int r;

	r = file_write(out, opening->clear.data, opening->clear.len);
	if (r != 0)
		return job_fail_result(
		    fault, r, "the content could not be handed over");
	return channel_send(worker->store, WIRE_WORK_OPENED, &answer, NULL, 0);
}

/* Whether it may be exported, and what of it is shown. */
static int answer_export(struct worker *worker, struct opening *opening,
    const struct wire_work_open *request, struct job_fault *fault)
{
	struct wire_work_opened answer = {.job = request->job};
	struct buf shown = {0};
	int r;

	r = consent_check(&opening->content, &request->consent, fault);
	if (r == 0)
		r = consent_shown(&opening->content, &request->consent,
		    request->asked, &shown, fault);
	answer.detail = buf_span(&shown);
	if (r == 0)
		r = channel_send(
		    worker->store, WIRE_WORK_OPENED, &answer, NULL, 0);
	buf_free(&shown);
	return r;
}

/* Whether what was made of it may go to others. */
static int check_readers(struct opening *opening,
    const struct wire_work_open *request, struct job_fault *fault)
{
	size_t i;
	int r;

	r = consent_check(&opening->content, &request->consent, fault);
	for (i = 0; r == 0 && i < request->readers.count; i++)
		r = consent_check_reader(&opening->content, &request->consent,
		    &request->readers.items[i], fault);
	return r;
}

int open_content(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct opening *opening = calloc(1, sizeof *opening);
	struct wire_work_open request;
	int r;

	if (!opening)
		return -ENOMEM;
	r = wire_decode(
	    WIRE_WORK_OPEN, buf_span(&frame->body), &arena, &request);
	if (r != 0 || (!request.want_receipt && frame->fd_count != 1)) {
		r = -EPROTO;
		goto out;
	}
	*ret_job = request.job;
	r = opening_begin(worker, request.entry, request.envelopes.items,
	    request.envelopes.count, request.payload, opening, fault);
	if (r == 0 && request.readers.count > 0)
		r = check_readers(opening, &request, fault);
	if (r == 0 && request.to_export)
		r = answer_export(worker, opening, &request, fault);
	else if (r == 0 && request.want_receipt)
		r = event_answer(worker, &opening->content, request.job, fault);
	else if (r == 0)
		r = answer_clear(
		    worker, opening, request.job, frame->fds[0], fault);
out:
	opening_free(opening);
	wire_arena_free(&arena);
	return r;
}

/* The content's line that names the object, and its place in the entry. */
static int find_object(const struct opening *opening,
    const struct digest *object, struct content_attachment *ret_line,
    size_t *ret_number)
{
	struct content_attachment line;
	size_t i, n;
	int r;

	for (n = 0; n < opening->entry.attachment_count; n++)
		if (!memcmp(opening->entry.attachments[n].payload.bytes,
			object->bytes, sizeof object->bytes))
			break;
	if (n == opening->entry.attachment_count)
		return FORMAT_E_MISMATCH;
	for (i = 0; i < opening->content.count; i++) {
		if (!line_is(&opening->content.lines[i], "attachment"))
			continue;
		r = content_value_attachment(
		    opening->content.lines[i].value, &line);
		if (r < 0)
			return r;
		if (r > 0 || memcmp(line.sealed.bytes, object->bytes,
				 sizeof object->bytes) != 0)
			continue;
		*ret_line = line;
		*ret_number = n;
		return 0;
	}
	return FORMAT_E_MISMATCH;
}

static int stream_object(struct worker *worker, struct opening *opening,
    const struct wire_work_open_object *request, const int *fds,
    struct job_fault *fault)
{
	struct wire_work_opened answer = {.job = request->job};
	uint8_t key[AGE_FILE_KEY_BYTES];
	struct content_attachment line;
	size_t number;
	int r;

	r = find_object(opening, &request->object, &line, &number);
	if (r > 0)
		return job_fail(fault, WIRE_CODE_CORRUPT,
		    "the content does not name this attachment");
	if (r == 0)
		r = job_file_key(worker, opening->envelope, number + 1, key);
	if (r > 0)
		return job_fail(fault, WIRE_CODE_CORRUPT,
		    "the envelope does not open this attachment");
	if (r < 0)
		return r;
	r = stream_open(fds[0], fds[1], key, &request->veil_key,
	    opening->entry.attachments[number].size, &line.sha256, line.size,
	    fault);
	explicit_bzero(key, sizeof key);
	if (r != 0)
		return r;
	return channel_send(worker->store, WIRE_WORK_OPENED, &answer, NULL, 0);
}

int open_object(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct opening *opening = calloc(1, sizeof *opening);
	struct wire_work_open_object request;
	int r;

	if (!opening)
		return -ENOMEM;
	r = wire_decode(
	    WIRE_WORK_OPEN_OBJECT, buf_span(&frame->body), &arena, &request);
	if (r != 0 || frame->fd_count != 2) {
		r = -EPROTO;
		goto out;
	}
	*ret_job = request.job;
	r = opening_begin(worker, request.entry, request.envelopes.items,
	    request.envelopes.count, request.payload, opening, fault);
	if (r == 0)
		r = stream_object(worker, opening, &request, frame->fds, fault);
out:
	opening_free(opening);
	wire_arena_free(&arena);
	return r;
}

/* --- for more audiences ------------------------------------------------- */

/* The envelope of all objects of a record, for one audience. */
static int build_envelope(const uint8_t (*keys)[AGE_FILE_KEY_BYTES],
    size_t count, const struct wire_audience *audience, struct buf *out)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < count; i++)
		r = age_header_build(keys[i], audience->recipients.items,
		    audience->recipients.count, out);
	return r;
}

static int answer_rewrapped(struct worker *worker,
    const uint8_t (*keys)[AGE_FILE_KEY_BYTES], size_t count,
    const struct wire_work_rewrap *request)
{
	struct wire_work_rewrapped answer = {.job = request->job};
	size_t i, audiences = request->audiences.count;
	struct buf *envelopes = calloc(audiences + 1, sizeof *envelopes);
	int r = 0;

	answer.envelopes.items =
	    calloc(audiences + 1, sizeof *answer.envelopes.items);
	if (!envelopes || !answer.envelopes.items)
		r = -ENOMEM;
	for (i = 0; r == 0 && i < audiences; i++) {
		r = build_envelope(
		    keys, count, &request->audiences.items[i], &envelopes[i]);
		answer.envelopes.items[i].audience =
		    request->audiences.items[i].id;
		answer.envelopes.items[i].bytes = buf_span(&envelopes[i]);
	}
	answer.envelopes.count = audiences;
	if (r == 0)
		r = channel_send(
		    worker->store, WIRE_WORK_REWRAPPED, &answer, NULL, 0);
	for (i = 0; envelopes && i < audiences; i++)
		buf_free(&envelopes[i]);
	free(envelopes);
	free(answer.envelopes.items);
	return r;
}

/* Every file key of the record, content first. */
static int rewrap(struct worker *worker, struct opening *opening,
    const struct wire_work_rewrap *request, struct job_fault *fault)
{
	size_t i, count = opening->entry.attachment_count + 1;
	uint8_t(*keys)[AGE_FILE_KEY_BYTES] = calloc(count, sizeof *keys);
	int r = keys ? 0 : -ENOMEM;

	for (i = 0; r == 0 && i < count; i++)
		r = job_file_key(worker, opening->envelope, i, keys[i]);
	if (r > 0)
		r = job_fail(fault, WIRE_CODE_CORRUPT,
		    "the envelope does not open every attachment");
	if (r == 0)
		r = answer_rewrapped(worker,
		    (const uint8_t(*)[AGE_FILE_KEY_BYTES])keys, count, request);
	if (keys)
		explicit_bzero(keys, count * sizeof *keys);
	free(keys);
	return r;
}

int open_rewrap(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct opening *opening = calloc(1, sizeof *opening);
	struct wire_work_rewrap request;
	size_t i;
	int r;

	if (!opening)
		return -ENOMEM;
	r = wire_decode(
	    WIRE_WORK_REWRAP, buf_span(&frame->body), &arena, &request);
	if (r != 0 || frame->fd_count != 0) {
		r = -EPROTO;
		goto out;
	}
	*ret_job = request.job;
	r = opening_begin(worker, request.entry, request.envelopes.items,
	    request.envelopes.count, request.payload, opening, fault);
	for (i = 0; r == 0 && i < request.audiences.count; i++)
		if (request.audiences.items[i].recipients.count == 0)
			r = job_fail(
			    fault, WIRE_CODE_INPUT, "a partner has no reader");
	if (r == 0)
		r = consent_check(&opening->content, &request.consent, fault);
	for (i = 0; r == 0 && i < request.audiences.count; i++)
		r = consent_check_reader(&opening->content, &request.consent,
		    &request.audiences.items[i].id, fault);
	if (r == 0)
		r = rewrap(worker, opening, &request, fault);
out:
	opening_free(opening);
	wire_arena_free(&arena);
	return r;
}
