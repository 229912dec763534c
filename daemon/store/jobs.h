/*
 * Work for the workers: each takes one job at a time, the rest wait in order.
 */
#ifndef EVIDENT_STORE_JOBS_H
#define EVIDENT_STORE_JOBS_H

#include "daemon/store/store.h"

/* The worker's answer, or NULL when the worker died: nothing was done. The
 * frame is the caller's only for the call. */
typedef void (*jobs_done_cb)(
    struct store *store, void *context, struct wire_frame *answer);

int jobs_begin(struct store *store);
void jobs_end(struct store *store);
/* A number for the job's message. */
uint64_t jobs_number(struct store *store);
/* Queue a job; ${fds} are duplicated. 0 or -errno (then ${done} never runs). */
int jobs_submit(struct store *store, uint64_t number, enum wire_type type,
    const void *message, const int *fds, size_t fd_count, jobs_done_cb done,
    void *context);
/* A worker's new channel. */
int jobs_take_worker(struct store *store, unsigned number, int fd);
/* The failure in an answer: WIRE_CODE_OK when it is none. ${ret_why} is a text
 * of a worker's own literals, copied. */
enum wire_code jobs_failure(
    struct wire_frame *answer, char ret_why[256], uint64_t *ret_input);

#endif
