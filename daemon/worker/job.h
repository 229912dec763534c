/*
 * What the jobs of a worker share: how they fail, and the file keys they ask
 * of the keeper. Each job function answers on the store's channel itself only
 * when it succeeds; otherwise worker.c sends what is in struct job_fault.
 */
#ifndef EVIDENT_WORKER_JOB_H
#define EVIDENT_WORKER_JOB_H

#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

struct job_fault {
	enum wire_code code;
	uint64_t input;  /* which attachment or field, from 1; 0 none */
	const char *why; /* a literal */
};

struct worker {
	struct channel *store;
	struct channel *keeper;
	bool lonely; /* the store is gone, and no other has come */
};

/* Every job: 0 when it answered, 1 when ${fault} says why not, or -errno when
 * a channel broke. */
#define JOB_E_FAILED 1

/* Do what ${frame} asks, and answer the store: 0, or -errno when a channel
 * broke or the frame breaks the protocol. */
int job_run(struct worker *worker, struct wire_frame *frame);

/* Fill in ${fault} and answer JOB_E_FAILED. */
int job_fail(struct job_fault *fault, enum wire_code code, const char *why);
/* The same for what the standard functions and proto/format answer. */
int job_fail_result(struct job_fault *fault, int result, const char *why);

/* Ask the keeper for the file key of header ${number} of ${envelope}:
 * FORMAT_E_MISMATCH when no key of this node opens it. */
int job_file_key(struct worker *worker, struct span envelope, size_t number,
    uint8_t ret_key[AGE_FILE_KEY_BYTES]);

struct content;
/* Answer with what an opened content says to the store (event.c). */
int event_answer(struct worker *worker, const struct content *content,
    uint64_t job, struct job_fault *fault);

int job_make_file_key(uint8_t ret_key[AGE_FILE_KEY_BYTES]);

int seal_record(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int open_content(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int open_object(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int open_rewrap(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int bundle_seal(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int bundle_open(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int check_hash(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int check_unveil(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);
int check_signatures(struct worker *worker, struct wire_frame *frame,
    struct job_fault *fault, uint64_t *ret_job);

#endif
