/*
 * Opening what was sealed to this node.
 *
 * A worker parses the envelope (a stranger may have written it) and asks the
 * keeper only for 64-byte stanzas. What opens is then held against the signed
 * entry: the payload's hash, the header's MAC, the commitment to all lines, and
 * for attachments the hash and size that the content names. age is not
 * key-committing, so only this makes one signed entry have one truth.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/consent.h"
#include "daemon/worker/stream.h"
#include "proto/format/content.h"
#include "proto/format/hash.h"

/* A record on its way open. */
struct opening {
	struct entry entry;
	struct buf clear;
	struct content content;
	struct span envelope; /* the one that opened */
};

static void opening_free(struct opening *opening)
{
	content_free(&opening->content);
	buf_free(&opening->clear);
	free(opening);
}

/* Header number ${number} of an envelope. */
static int find_header(struct span envelope, size_t number,
    struct span *ret_bytes, struct age_header *ret_header)
{
	for (;;) {
		if (age_header_parse(envelope, ret_header) != 0)
			return FORMAT_E_MALFORMED;
		if (number-- == 0)
			break;
		envelope.data += ret_header->length;
		envelope.len -= ret_header->length;
	}
	*ret_bytes = span_of(envelope.data, ret_header->length);
	return 0;
}

int job_file_key(struct worker *worker, struct span envelope, size_t number,
    uint8_t ret_key[AGE_FILE_KEY_BYTES])
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_file_key answer;
	struct wire_keeper_unwrap question;
	struct age_header header;
	enum wire_code code;
	struct span bytes;
	int r;

	r = find_header(envelope, number, &bytes, &header);
	if (r != 0)
		return r;
	if (header.stanza_count == 0)
		return FORMAT_E_MISMATCH;
	if (!worker->keeper)
		return -ENOTCONN;
	question.stanzas.items = header.stanzas;
	question.stanzas.count = header.stanza_count;
	r = channel_call(worker->keeper, WIRE_KEEPER_UNWRAP, &question, NULL, 0,
	    WIRE_KEEPER_FILE_KEY, &arena, &answer, &code);
	if (r == CHANNEL_E_REFUSED)
		r = code == WIRE_CODE_NO_KEY ? FORMAT_E_MISMATCH : -EIO;
	if (r == 0)
		r = age_header_verify(bytes, &header, answer.key.bytes);
	if (r == 0)
		memcpy(ret_key, answer.key.bytes, AGE_FILE_KEY_BYTES);
	explicit_bzero(&answer, sizeof answer);
	wire_arena_free(&arena);
	return r;
}

/* Try one envelope: FORMAT_E_MISMATCH when it is not for this node, and
 * FORMAT_E_MALFORMED when it is and does not open all of the record. Anybody
 * can make one for a reader whose key is on a card. */
static int try_envelope(struct worker *worker, struct opening *opening,
    struct span envelope, struct span payload)
{
	uint8_t key[AGE_FILE_KEY_BYTES];
	size_t i;
	int r;

	r = job_file_key(worker, envelope, 0, key);
	if (r == 0) {
		r = age_payload_open(key, payload, &opening->clear);
		if (r == FORMAT_E_MISMATCH)
			r = FORMAT_E_MALFORMED;
	}
	for (i = 0; r == 0 && i < opening->entry.attachment_count; i++)
		if (job_file_key(worker, envelope, i + 1, key) != 0)
			r = FORMAT_E_MALFORMED;
	explicit_bzero(key, sizeof key);
	if (r == 0)
		opening->envelope = envelope;
	else
		buf_free(&opening->clear);
	return r;
}

/* Hold the opened content against the signed entry. */
static int check_content(struct opening *opening, struct job_fault *fault)
{
	const char *why = "the content does not open";
	int r;

	r = content_parse(buf_span(&opening->clear), &opening->content, &why);
	if (r == 0)
		r = content_check_entry(
		    &opening->content, &opening->entry, &why);
	return r > 0 ? job_fail(fault, WIRE_CODE_CORRUPT, why) : r;
}

static int check_payload(
    struct opening *opening, struct span payload, struct job_fault *fault)
{
	struct digest found;
	int r;

	r = hash_sha256(payload, &found);
	if (r == 0 &&
	    (payload.len != opening->entry.content.size ||
		memcmp(found.bytes, opening->entry.content.payload.bytes,
		    sizeof found.bytes) != 0))
		r = job_fail(fault, WIRE_CODE_CORRUPT,
		    "the stored content is not the one that was signed");
	return r;
}

static int open_record(struct worker *worker, struct opening *opening,
    struct span entry, const struct span *envelopes, size_t count,
    struct span payload, struct job_fault *fault)
{
	const char *why = "the entry is malformed";
	bool damaged = false;
	size_t i;
	int r;

	r = entry_parse(entry, &opening->entry, &why);
	if (r != 0)
		return r < 0 ? r : job_fail(fault, WIRE_CODE_CORRUPT, why);
	r = check_payload(opening, payload, fault);
	if (r != 0)
		return r;
	/* A bad one does not stand in the way of a good one. */
	for (i = 0, r = 1; r != 0 && i < count; i++) {
		r = try_envelope(worker, opening, envelopes[i], payload);
		if (r < 0)
			return r;
		damaged |= r != 0 && r != FORMAT_E_MISMATCH;
	}
	if (r != 0 && !damaged)
		return job_fail(fault, WIRE_CODE_NO_KEY,
		    "no key of this node opens this record");
	if (r != 0)
		return job_fail_result(
		    fault, r, "the record's envelope or content is damaged");
	return check_content(opening, fault);
}

static bool line_is(const struct content_line *line, const char *name)
{
	return !line->decoy && strcmp(line->name, name) == 0;
}

static int answer_clear(struct worker *worker, struct opening *opening,
    uint64_t job, int out, struct job_fault *fault)
{
	struct wire_work_opened answer = {.job = job};
	int r;

	r = stream_write(out, opening->clear.data, opening->clear.len);
	if (r != 0)
		return job_fail_result(
		    fault, r, "the content could not be handed over");
	return channel_send(worker->store, WIRE_WORK_OPENED, &answer, NULL, 0);
}

/* Whether it may be exported, and what of it stays closed. */
static int answer_export(struct worker *worker, struct opening *opening,
    const struct wire_work_open *request, struct job_fault *fault)
{
	struct wire_work_opened answer = {.job = request->job};
	struct buf withheld = {0};
	int r;

	r = consent_check(&opening->content, &request->consent, NULL, 0, fault);
	if (r != 0)
		return r;
	r = consent_withheld(&opening->content, &request->consent, &withheld);
	answer.detail = buf_span(&withheld);
	if (r == 0)
		r = channel_send(
		    worker->store, WIRE_WORK_OPENED, &answer, NULL, 0);
	else
		r = job_fail_result(fault, r,
		    "more names would have to be withheld than can be");
	buf_free(&withheld);
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
	r = open_record(worker, opening, request.entry, request.envelopes.items,
	    request.envelopes.count, request.payload, fault);
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

	for (n = 0; n < opening->entry.attachment_count; n++)
		if (!memcmp(opening->entry.attachments[n].payload.bytes,
			object->bytes, sizeof object->bytes))
			break;
	if (n == opening->entry.attachment_count)
		return FORMAT_E_MISMATCH;
	for (i = 0; i < opening->content.count; i++) {
		if (!line_is(&opening->content.lines[i], "attachment") ||
		    content_value_attachment(
			opening->content.lines[i].value, &line) != 0 ||
		    memcmp(line.sealed.bytes, object->bytes,
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

	if (find_object(opening, &request->object, &line, &number) != 0)
		return job_fail(fault, WIRE_CODE_CORRUPT,
		    "the content does not name this attachment");
	r = job_file_key(worker, opening->envelope, number + 1, key);
	if (r != 0)
		return job_fail(fault, WIRE_CODE_CORRUPT,
		    "the envelope does not open this attachment");
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
	r = open_record(worker, opening, request.entry, request.envelopes.items,
	    request.envelopes.count, request.payload, fault);
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
	r = open_record(worker, opening, request.entry, request.envelopes.items,
	    request.envelopes.count, request.payload, fault);
	for (i = 0; r == 0 && i < request.audiences.count; i++)
		if (request.audiences.items[i].recipients.count == 0)
			r = job_fail(
			    fault, WIRE_CODE_INPUT, "a partner has no reader");
	if (r == 0)
		r = consent_check(&opening->content, &request.consent,
		    request.audiences.items, request.audiences.count, fault);
	if (r == 0)
		r = rewrap(worker, opening, &request, fault);
out:
	opening_free(opening);
	wire_arena_free(&arena);
	return r;
}
