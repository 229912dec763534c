/*
 * Sealing a new record.
 *
 * Attachments first, because the content names each of them by the hash of its
 * payload; then the content. Every object gets a file key of its own, and every
 * audience an envelope of its own: one age header an object, in the order of
 * the entry's lines. File keys live on this stack frame's heap block only and
 * are wiped with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/worker/consent.h"
#include "daemon/worker/fields.h"
#include "daemon/worker/opening.h"
#include "daemon/worker/stream.h"
#include "proto/format/hash.h"

struct sealed_file {
	uint8_t file_key[AGE_FILE_KEY_BYTES];
	struct content_attachment line;
	struct wire_sealed_object object;
};

struct sealing {
	struct wire_work_seal request;
	struct fields fields;
	struct opening *original; /* what it stands beside, or NULL */
	uint8_t content_key[AGE_FILE_KEY_BYTES];
	struct buf payload;
	struct wire_work_sealed answer;
	struct buf *envelopes; /* one an audience */
	struct sealed_file files[CTL_ATTACHMENTS_MAX];
};

static void sealing_free(struct sealing *sealing)
{
	size_t i;

	fields_free(&sealing->fields);
	opening_free(sealing->original);
	buf_free(&sealing->payload);
	for (i = 0; sealing->envelopes && i < sealing->answer.envelopes.count;
	     i++)
		buf_free(&sealing->envelopes[i]);
	free(sealing->envelopes);
	free(sealing->answer.envelopes.items);
	free(sealing->answer.objects.items);
	explicit_bzero(sealing, sizeof *sealing);
	free(sealing);
}

int job_make_file_key(uint8_t ret_key[AGE_FILE_KEY_BYTES])
{
	if (getrandom(ret_key, AGE_FILE_KEY_BYTES, 0) != AGE_FILE_KEY_BYTES)
		return -EIO;
	return 0;
}

/* Seal attachment number ${i}, and say of it what the content will say. */
static int seal_file(struct sealing *sealing, struct wire_frame *frame,
    size_t i, struct job_fault *fault)
{
	struct sealed_file *file = &sealing->files[i];
	const struct fields_attachment *given = &sealing->fields.attachments[i];
	int r;

	r = job_make_file_key(file->file_key);
	if (r < 0)
		return r;
	r = stream_seal(frame->fds[1 + 2 * i], frame->fds[2 + 2 * i],
	    file->file_key, &sealing->request.veil_keys.items[i],
	    &file->object.object, &file->line.sha256, &file->line.size, fault);
	if (r != 0) {
		fault->input = i + 1;
		return r;
	}
	memcpy(file->line.file, given->file, sizeof file->line.file);
	memcpy(file->line.type, given->type, sizeof file->line.type);
	file->line.sealed = file->object.object.payload;
	file->object.input = i;
	return 0;
}

static int by_payload(const void *a, const void *b)
{
	const struct sealed_file *x = a, *y = b;

	return memcmp(x->object.object.payload.bytes,
	    y->object.object.payload.bytes,
	    sizeof x->object.object.payload.bytes);
}

static int seal_files(
    struct sealing *sealing, struct wire_frame *frame, struct job_fault *fault)
{
	size_t i, count = sealing->fields.attachment_count;
	int r;

	for (i = 0; i < count; i++) {
		r = seal_file(sealing, frame, i, fault);
		if (r != 0)
			return r;
	}
	qsort(sealing->files, count, sizeof *sealing->files, by_payload);
	sealing->answer.objects.items =
	    calloc(count + 1, sizeof *sealing->answer.objects.items);
	if (!sealing->answer.objects.items)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		sealing->answer.objects.items[i] = sealing->files[i].object;
	sealing->answer.objects.count = count;
	return 0;
}

/* The lines that every content has. */
static int add_own_lines(struct sealing *sealing, const char **why)
{
	struct content_builder *builder = sealing->fields.builder;
	struct wire_work_seal *request = &sealing->request;
	char id[65];
	size_t i;
	int r;

	r = content_add_text(builder, "kind", request->kind, why);
	if (r == 0)
		r = content_add_text(builder, "time", request->time, why);
	if (r == 0)
		r = content_add_text(builder, "after", request->after, why);
	if (r == 0)
		r = content_add_text(builder, "origin", request->origin, why);
	if (r == 0 && request->previous.len > 0)
		r = content_add_text(
		    builder, "previous", request->previous, why);
	if (r == 0 && request->subject.len > 0)
		r = content_add_text(builder, "subject", request->subject, why);
	for (i = 0; r == 0 && i < request->consented.count; i++) {
		hex_encode(request->consented.items[i].bytes, 32, id);
		r = content_add_text(
		    builder, "consent.share", span_text(id), why);
	}
	if (r == 0 && sealing->original)
		r = consent_inherit(&sealing->original->content,
		    &request->audiences.items[0].id, builder, why);
	for (i = 0; r == 0 && i < sealing->fields.attachment_count; i++)
		r = content_add_attachment(
		    builder, &sealing->files[i].line, why);
	return r;
}

static int seal_content(struct sealing *sealing, struct job_fault *fault)
{
	const char *why = "the record is too large";
	struct buf clear = {0};
	int r;

	r = add_own_lines(sealing, &why);
	if (r == 0)
		r = content_finish(
		    sealing->fields.builder, &clear, &sealing->answer.fields);
	if (r == -EMSGSIZE || r == FORMAT_E_MALFORMED)
		r = job_fail(fault, WIRE_CODE_INPUT, why);
	if (r == 0)
		r = job_make_file_key(sealing->content_key);
	if (r == 0)
		r = age_payload_seal(
		    sealing->content_key, buf_span(&clear), &sealing->payload);
	buf_free(&clear);
	if (r != 0)
		return r;
	sealing->answer.payload = buf_span(&sealing->payload);
	sealing->answer.content.size = sealing->payload.len;
	return hash_sha256(
	    buf_span(&sealing->payload), &sealing->answer.content.payload);
}

/* All headers for one audience, one after the other. */
static int build_envelope(const struct sealing *sealing,
    const struct wire_audience *audience, struct buf *out)
{
	const struct age_recipient *to = audience->recipients.items;
	size_t i, count = audience->recipients.count;
	int r;

	r = age_header_build(sealing->content_key, to, count, out);
	for (i = 0; r == 0 && i < sealing->answer.objects.count; i++)
		r = age_header_build(
		    sealing->files[i].file_key, to, count, out);
	return r;
}

static int build_envelopes(struct sealing *sealing)
{
	size_t i, count = sealing->request.audiences.count;
	const struct wire_audience *audience;
	int r = 0;

	sealing->envelopes = calloc(count, sizeof *sealing->envelopes);
	sealing->answer.envelopes.items =
	    calloc(count, sizeof *sealing->answer.envelopes.items);
	if (!sealing->envelopes || !sealing->answer.envelopes.items)
		return -ENOMEM;
	sealing->answer.envelopes.count = count;
	for (i = 0; r == 0 && i < count; i++) {
		audience = &sealing->request.audiences.items[i];
		r = build_envelope(sealing, audience, &sealing->envelopes[i]);
		sealing->answer.envelopes.items[i].audience = audience->id;
		sealing->answer.envelopes.items[i].bytes =
		    buf_span(&sealing->envelopes[i]);
	}
	return r;
}

static int check_request(const struct sealing *sealing,
    const struct wire_frame *frame, struct job_fault *fault)
{
	const struct wire_work_seal *request = &sealing->request;
	size_t i, files = sealing->fields.attachment_count;

	/* What a withdrawal says, its entry says in the open. */
	if (sealing->fields.field_count == 0 && files == 0 &&
	    !span_equal(request->kind, span_text("withdrawal")))
		return job_fail(
		    fault, WIRE_CODE_INPUT, "there is nothing to capture");
	if (request->veil_keys.count != files ||
	    frame->fd_count != 1 + 2 * files || files > CTL_ATTACHMENTS_MAX)
		return job_fail(fault, WIRE_CODE_INPUT,
		    "the attachments named and the files given differ");
	if (request->audiences.count == 0)
		return job_fail(fault, WIRE_CODE_INPUT,
		    "nobody could ever open this record");
	for (i = 0; i < request->audiences.count; i++)
		if (request->audiences.items[i].recipients.count == 0)
			return job_fail(
			    fault, WIRE_CODE_INPUT, "a partner has no reader");
	return 0;
}

/* What it stands beside says what the witness consented to. */
static int open_original(
    struct worker *worker, struct sealing *sealing, struct job_fault *fault)
{
	const struct wire_original *original = &sealing->request.original;

	if (original->entry.len == 0)
		return 0;
	sealing->original = calloc(1, sizeof *sealing->original);
	return sealing->original
		   ? opening_begin(worker, original->entry,
			 original->envelopes.items, original->envelopes.count,
			 original->payload, sealing->original, fault)
		   : -ENOMEM;
}

static int seal_all(struct worker *worker, struct sealing *sealing,
    struct wire_frame *frame, struct job_fault *fault)
{
	const char *why;
	int r;

	r = fields_read(frame->fds[0], &sealing->fields, &fault->input, &why);
	if (r == FORMAT_E_MALFORMED || r == -EMSGSIZE)
		return job_fail(fault, WIRE_CODE_INPUT, why);
	if (r == 0)
		r = check_request(sealing, frame, fault);
	if (r == 0)
		r = open_original(worker, sealing, fault);
	if (r == 0)
		r = seal_files(sealing, frame, fault);
	if (r == 0)
		r = seal_content(sealing, fault);
	if (r == 0)
		r = build_envelopes(sealing);
	return r;
}

int seal_record(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct sealing *sealing;
	int r;

	sealing = calloc(1, sizeof *sealing);
	if (!sealing)
		return -ENOMEM;
	r = wire_decode(
	    WIRE_WORK_SEAL, buf_span(&frame->body), &arena, &sealing->request);
	if (r == 0) {
		*ret_job = sealing->answer.job = sealing->request.job;
		r = seal_all(worker, sealing, frame, fault);
		if (r != 0 && r != JOB_E_FAILED)
			r = job_fail_result(
			    fault, r, "the record could not be sealed");
	} else {
		r = -EPROTO;
	}
	if (r == 0)
		r = channel_send(
		    worker->store, WIRE_WORK_SEALED, &sealing->answer, NULL, 0);
	sealing_free(sealing);
	wire_arena_free(&arena);
	return r;
}
