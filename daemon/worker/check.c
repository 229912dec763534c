/*
 * Work without keys: hashing objects, lifting veils, checking signatures.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/job.h"
#include "daemon/worker/stream.h"
#include "proto/format/sshsig.h"

int check_hash(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_hashed answer = {0};
	struct wire_work_hash request;
	int r;

	r = wire_decode(
	    WIRE_WORK_HASH, buf_span(&frame->body), &arena, &request);
	if (r != 0 || frame->fd_count != 1) {
		wire_arena_free(&arena);
		return -EPROTO;
	}
	*ret_job = answer.job = request.job;
	r = stream_unveil(frame->fds[0], -1, request.head, &request.veil_key,
	    request.size, &answer.digest, fault);
	wire_arena_free(&arena);
	explicit_bzero(&request, sizeof request);
	if (r != 0)
		return r;
	return channel_send(worker->store, WIRE_WORK_HASHED, &answer, NULL, 0);
}

int check_unveil(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_hashed answer = {0};
	struct wire_work_unveil request;
	int r;

	r = wire_decode(
	    WIRE_WORK_UNVEIL, buf_span(&frame->body), &arena, &request);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 2)
		return -EPROTO;
	*ret_job = answer.job = request.job;
	r = stream_unveil(frame->fds[0], frame->fds[1], span_of("", 0),
	    &request.veil_key, request.size, &answer.digest, fault);
	explicit_bzero(&request, sizeof request);
	if (r != 0)
		return r;
	return channel_send(worker->store, WIRE_WORK_HASHED, &answer, NULL, 0);
}

int check_signatures(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_verified answer = {0};
	struct wire_work_verify request;
	const struct wire_verify_item *item;
	uint8_t *results;
	size_t i;
	int r, held = 0;

	r = wire_decode(
	    WIRE_WORK_VERIFY, buf_span(&frame->body), &arena, &request);
	if (r != 0) {
		wire_arena_free(&arena);
		return -EPROTO;
	}
	*ret_job = answer.job = request.job;
	results = calloc(request.items.count + 1, 1);
	for (i = 0; results && held >= 0 && i < request.items.count; i++) {
		item = &request.items.items[i];
		held = sshsig_verify(&item->key, SSHSIG_NAMESPACE_ENTRY,
		    item->entry, item->signature.bytes);
		results[i] = held == 0;
	}
	answer.results = span_of(results, request.items.count);
	/* Without memory nothing is false. */
	r = results && held >= 0
		? channel_send(
		      worker->store, WIRE_WORK_VERIFIED, &answer, NULL, 0)
		: job_fail_result(fault, -ENOMEM, "out of memory");
	free(results);
	wire_arena_free(&arena);
	return r;
}
