/*
 * The worker: the only daemon process that sees plaintext.
 *
 * It has no key, no database, no network and can open no file. It takes one
 * job at a time from the store, works on the descriptors that came with it,
 * answers, and forgets. What it opens goes to the client's descriptor, never
 * to the store. The keeper answers it one question only: unwrap these stanzas.
 *
 * A job that fails is answered by WORK_FAILED with a fixed text. A frame that
 * breaks the protocol ends the process; the supervisor starts a fresh one.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/sandbox.h"
#include "daemon/base/service.h"
#include "daemon/worker/job.h"
#include "proto/format/hash.h"

typedef int (*job_cb)(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);

static const struct {
	enum wire_type type;
	job_cb run;
} jobs[] = {
    {WIRE_WORK_SEAL, seal_record},
    {WIRE_WORK_OPEN, open_content},
    {WIRE_WORK_OPEN_OBJECT, open_object},
    {WIRE_WORK_UNVEIL, check_unveil},
    {WIRE_WORK_HASH, check_hash},
    {WIRE_WORK_VERIFY, check_signatures},
    {WIRE_WORK_BUNDLE_SEAL, bundle_seal},
    {WIRE_WORK_BUNDLE_OPEN, bundle_open},
    {WIRE_WORK_REWRAP, open_rewrap},
};

int job_fail(struct job_fault *fault, enum wire_code code, const char *why)
{
	fault->code = code;
	fault->why = why;
	return JOB_E_FAILED;
}

int job_fail_result(struct job_fault *fault, int result, const char *why)
{
	if (result == JOB_E_FAILED && fault->why)
		return JOB_E_FAILED;
	switch (result) {
	case -ENOSPC:
	case -EDQUOT:
		return job_fail(fault, WIRE_CODE_NO_SPACE, "the disk is full");
	case FORMAT_E_MALFORMED:
	case FORMAT_E_MISMATCH:
	case FORMAT_E_UNKNOWN:
		return job_fail(fault, WIRE_CODE_CORRUPT, why);
	default:
		return job_fail(fault, WIRE_CODE_FAILED, why);
	}
}

static int send_failure(
    struct worker *worker, const struct job_fault *fault, uint64_t job)
{
	struct wire_work_failed failed = {
	    .job = job,
	    .code = fault->code,
	    .input = fault->input,
	    .why = span_text(fault->why),
	};

	return channel_send(worker->store, WIRE_WORK_FAILED, &failed, NULL, 0);
}

int job_run(struct worker *worker, struct wire_frame *frame)
{
	struct job_fault fault = {0};
	uint64_t job = 0;
	size_t i;
	int r;

	for (i = 0; i < sizeof jobs / sizeof *jobs; i++)
		if (jobs[i].type == frame->type)
			break;
	if (i == sizeof jobs / sizeof *jobs)
		return -EPROTO;
	r = jobs[i].run(worker, frame, &fault, &job);
	if (r == JOB_E_FAILED)
		r = send_failure(worker, &fault, job);
	return r;
}

/* A new channel to the store or the keeper. */
static int take_peer(struct worker *worker, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct channel **place;
	struct wire_sup_peer peer;
	int r;

	r = wire_decode(WIRE_SUP_PEER, buf_span(&frame->body), &arena, &peer);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 1)
		return -EPROTO;
	if (peer.role == WIRE_ROLE_STORE)
		place = &worker->store;
	else if (peer.role == WIRE_ROLE_KEEPER)
		place = &worker->keeper;
	else
		return -EPROTO;
	channel_freep(place);
	if (peer.role == WIRE_ROLE_STORE)
		worker->lonely = false;
	return channel_new(wire_frame_take_fd(frame, 0), WIRE_ROLE_WORKER,
	    (enum wire_role)peer.role, place);
}

static int hear_supervisor(struct service *service, struct worker *worker)
{
	struct wire_frame frame;
	int r;

	r = channel_receive(service->supervisor, &frame);
	if (r != 0)
		return r == CHANNEL_E_CLOSED ? -EPIPE : r;
	if (frame.type == WIRE_SUP_PEER)
		r = take_peer(worker, &frame);
	else
		r = frame.type == WIRE_SUP_STOP ? -ESHUTDOWN : -EPROTO;
	wire_frame_free(&frame);
	return r;
}

/* The store may go away and be started anew: that is no fault of ours. One that
 * hung up and lives is met by who starts anew: so we do not wait for long. */
static int hear_store(struct worker *worker)
{
	struct wire_frame frame;
	int r;

	r = channel_receive(worker->store, &frame);
	if (r == 0) {
		r = job_run(worker, &frame);
		wire_frame_free(&frame);
	}
	if (r == CHANNEL_E_CLOSED || r == -EPIPE || r == -ECONNRESET) {
		channel_freep(&worker->store);
		worker->lonely = true;
		r = 0;
	}
	return r;
}

static int serve(struct service *service, struct worker *worker)
{
	struct pollfd fds[2];
	int r = 0, n;

	while (r == 0) {
		fds[0].fd = channel_fd(service->supervisor);
		fds[1].fd = worker->store ? channel_fd(worker->store) : -1;
		fds[0].events = fds[1].events = POLLIN;
		fds[0].revents = fds[1].revents = 0;
		if (!channel_has_frame(service->supervisor) &&
		    !(worker->store && channel_has_frame(worker->store))) {
			n = poll(fds, 2, service_patience(worker->lonely));
			if (n < 0 && errno != EINTR)
				return -errno;
			if (n == 0)
				return -EPIPE;
		}
		if (fds[0].revents || channel_has_frame(service->supervisor))
			r = hear_supervisor(service, worker);
		else if (worker->store &&
			 (fds[1].revents || channel_has_frame(worker->store)))
			r = hear_store(worker);
		/* A keeper that lives brings no other channel to us, but to
		 * one that starts anew. */
		if (r == 0 && worker->keeper &&
		    channel_is_broken(worker->keeper))
			r = -EPIPE;
	}
	return r;
}

int worker_main(void)
{
	struct worker worker = {0};
	struct service service;
	struct digest warm;
	int r;

	log_begin("worker");
	r = service_begin(WIRE_ROLE_WORKER, &service);
	if (r < 0)
		return 1;
	r = hash_sha256(span_text("warm"), &warm);
	if (r == 0)
		r = sandbox_enter(SANDBOX_WORKER, -1);
	if (r == 0)
		r = service_tell(&service, SUP_STATE_READY);
	if (r == 0)
		r = serve(&service, &worker);
	if (r != -ESHUTDOWN && r != -EPIPE)
		log_number(LOG_LEVEL_ERROR, "stopped by an error", r);
	channel_freep(&worker.store);
	channel_freep(&worker.keeper);
	service_end(&service);
	return r == -ESHUTDOWN || r == -EPIPE ? 0 : 1;
}
