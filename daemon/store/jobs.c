/*
 * The queue of jobs. A worker that dies takes its job with it: the job's owner
 * is told and decides; nothing is tried twice by itself, since a file that
 * kills one worker would kill the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/jobs.h"

struct job {
	struct job *next;
	uint64_t number;
	enum wire_type type;
	struct buf body;
	jobs_done_cb done;
	void *context;
	size_t fd_count;
	int fds[];
};

struct worker_slot {
	struct store *store;
	struct channel *channel;
	struct event *readable, *writable;
	struct job *job;
};

struct jobs {
	uint64_t last;
	struct job *first, **end;
	struct worker_slot workers[SERVICE_WORKERS_MAX];
};

static void job_free(struct job *job)
{
	size_t i;

	if (!job)
		return;
	for (i = 0; i < job->fd_count; i++)
		close(job->fds[i]);
	buf_free(&job->body);
	free(job);
}

int jobs_begin(struct store *store)
{
	struct jobs *jobs = calloc(1, sizeof *jobs);

	if (!jobs)
		return -ENOMEM;
	jobs->end = &jobs->first;
	store->jobs = jobs;
	return 0;
}

uint64_t jobs_number(struct store *store)
{
	return ++store->jobs->last;
}

static void drop_worker(struct worker_slot *slot)
{
	struct job *job = slot->job;

	if (slot->readable)
		event_free(slot->readable);
	if (slot->writable)
		event_free(slot->writable);
	channel_free(slot->channel);
	slot->channel = NULL;
	slot->readable = slot->writable = NULL;
	slot->job = NULL;
	if (job)
		job->done(slot->store, job->context, NULL);
	job_free(job);
}

void jobs_end(struct store *store)
{
	struct jobs *jobs = store->jobs;
	struct job *job;
	size_t i;

	if (!jobs)
		return;
	while ((job = jobs->first) != NULL) {
		jobs->first = job->next;
		job->done(store, job->context, NULL);
		job_free(job);
	}
	jobs->end = &jobs->first;
	for (i = 0; i < SERVICE_WORKERS_MAX; i++)
		if (jobs->workers[i].channel)
			drop_worker(&jobs->workers[i]);
	free(jobs);
	store->jobs = NULL;
}

static int give(struct worker_slot *slot, struct job *job)
{
	int r;

	r = channel_send_body(slot->channel, job->type, buf_span(&job->body),
	    job->fds, job->fd_count);
	if (r < 0)
		return r;
	if (channel_wants_write(slot->channel) &&
	    event_add(slot->writable, NULL) < 0)
		store_end_if(slot->store, -ENOMEM);
	buf_free(&job->body);
	slot->job = job;
	return 0;
}

/* Give waiting jobs to idle workers. A worker that cannot be given one has just
 * died, or we have no memory for it: the job was not begun and waits on. No
 * owner is called back from here, for it may still be in the middle of
 * submitting. */
static void dispatch(struct store *store)
{
	struct jobs *jobs = store->jobs;
	struct worker_slot *slot;
	struct job *job;
	size_t i;
	int r;

	for (i = 0; i < SERVICE_WORKERS_MAX && jobs->first; i++) {
		slot = &jobs->workers[i];
		if (!slot->channel || slot->job)
			continue;
		job = jobs->first;
		r = give(slot, job);
		if (r < 0) {
			drop_worker(slot);
			if (r != -EPIPE && r != -ECONNRESET)
				store_end_if(store, r);
			continue;
		}
		jobs->first = job->next;
		job->next = NULL;
		if (!jobs->first)
			jobs->end = &jobs->first;
	}
}

static void finish(struct worker_slot *slot, struct wire_frame *frame)
{
	struct job *job = slot->job;

	slot->job = NULL;
	if (job)
		job->done(slot->store, job->context, frame);
	job_free(job);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct worker_slot *slot = context;
	struct store *store = slot->store;
	struct wire_frame frame;
	int r;

	(void)fd;
	(void)what;
	while (slot->channel && (r = channel_receive(slot->channel, &frame)) !=
				    CHANNEL_E_AGAIN) {
		if (r != 0) {
			if (r < 0)
				log_event(LOG_LEVEL_WARNING,
				    "a worker broke the rules and is cut off");
			drop_worker(slot);
			store_end_if(store, r);
			break;
		}
		finish(slot, &frame);
		wire_frame_free(&frame);
	}
	dispatch(store);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct worker_slot *slot = context;
	int r;

	(void)fd;
	(void)what;
	r = channel_flush(slot->channel);
	if (r == CHANNEL_E_AGAIN)
		r = event_add(slot->writable, NULL);
	if (r < 0)
		drop_worker(slot);
}

int jobs_take_worker(struct store *store, unsigned number, int fd)
{
	struct worker_slot *slot;
	int r;

	if (number >= SERVICE_WORKERS_MAX) {
		close(fd);
		return -EPROTO;
	}
	slot = &store->jobs->workers[number];
	slot->store = store;
	if (slot->channel)
		drop_worker(slot);
	r = channel_new(fd, WIRE_ROLE_STORE, WIRE_ROLE_WORKER, &slot->channel);
	if (r < 0)
		return r;
	channel_set_nonblocking(slot->channel);
	slot->readable = event_new(store->base, channel_fd(slot->channel),
	    EV_READ | EV_PERSIST, on_readable, slot);
	slot->writable = event_new(store->base, channel_fd(slot->channel),
	    EV_WRITE, on_writable, slot);
	if (!slot->readable || !slot->writable ||
	    event_add(slot->readable, NULL) < 0)
		return -ENOMEM;
	dispatch(store);
	return 0;
}

int jobs_submit(struct store *store, uint64_t number, enum wire_type type,
    const void *message, const int *fds, size_t fd_count, jobs_done_cb done,
    void *context)
{
	struct job *job = calloc(1, sizeof *job + fd_count * sizeof *job->fds);
	size_t i;
	int r;

	if (!job || fd_count > WIRE_FDS_MAX) {
		free(job);
		return -ENOMEM;
	}
	job->number = number;
	job->type = type;
	job->done = done;
	job->context = context;
	r = wire_encode_body(type, message, &job->body);
	for (i = 0; r == 0 && i < fd_count; i++) {
		job->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (job->fds[i] < 0)
			r = -errno;
		else
			job->fd_count++;
	}
	if (r < 0) {
		job_free(job);
		return r;
	}
	*store->jobs->end = job;
	store->jobs->end = &job->next;
	dispatch(store);
	return 0;
}

enum wire_code jobs_failure(
    struct wire_frame *answer, char ret_why[256], uint64_t *ret_input)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_failed failed;
	enum wire_code code = WIRE_CODE_FAILED;

	*ret_input = 0;
	snprintf(ret_why, 256, "a worker process ended while it worked");
	if (!answer)
		return WIRE_CODE_FAILED;
	if (answer->type != WIRE_WORK_FAILED)
		return WIRE_CODE_OK;
	if (wire_decode(WIRE_WORK_FAILED, buf_span(&answer->body), &arena,
		&failed) == 0) {
		code = (enum wire_code)failed.code;
		*ret_input = failed.input;
		snprintf(ret_why, 256, "%.*s", (int)failed.why.len,
		    (const char *)failed.why.data);
	}
	wire_arena_free(&arena);
	return code == WIRE_CODE_OK ? WIRE_CODE_FAILED : code;
}
