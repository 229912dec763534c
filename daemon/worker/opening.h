/*
 * A record that a worker opens: its signed entry, and what was sealed.
 */
#ifndef EVIDENT_WORKER_OPENING_H
#define EVIDENT_WORKER_OPENING_H

#include "daemon/worker/job.h"
#include "proto/format/content.h"

struct opening {
	struct entry entry;
	struct buf clear;
	struct content content;
	struct span envelope; /* the one that opened */
};

/* Open into a zeroed ${opening}, which keeps pointing to the envelopes. 0, or
 * JOB_E_FAILED: with NO_KEY when no key of this node opens it, with CORRUPT
 * when it is not what was signed. */
int opening_begin(struct worker *worker, struct span entry,
    const struct span *envelopes, size_t count, struct span payload,
    struct opening *opening, struct job_fault *fault);
/* One from calloc(), or NULL. */
void opening_free(struct opening *opening);

#endif
