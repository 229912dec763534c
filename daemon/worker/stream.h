/*
 * Attachments as they pass through a worker, one age chunk at a time, so that
 * a file of any size needs no more memory than two chunks.
 */
#ifndef EVIDENT_WORKER_STREAM_H
#define EVIDENT_WORKER_STREAM_H

#include "daemon/worker/job.h"

#define STREAM_BYTES_MAX (UINT64_C(1) << 37) /* of one attachment: 128 GiB */

/* Seal the regular file ${in} into the object ${out}, veiled, padded to its
 * Padmé length, and synced to disk. */
int stream_seal(int in, int out, const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct wire_key32 *veil_key, struct entry_object *ret_object,
    struct digest *ret_plain, uint64_t *ret_size, struct job_fault *fault);

/* Open the object ${in} of ${payload} bytes to ${out} and check that exactly
 * ${size} bytes come out that hash to ${plain}. What was written is only good
 * when the answer is 0. */
int stream_open(int in, int out, const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct wire_key32 *veil_key, uint64_t payload,
    const struct digest *plain, uint64_t size, struct job_fault *fault);

/* Lift the veil of ${size} bytes of ${in}: to ${out} unless that is -1, and
 * answer the SHA-256 of ${head} and them. */
int stream_unveil(int in, int out, struct span head,
    const struct wire_key32 *veil_key, uint64_t size, struct digest *ret_digest,
    struct job_fault *fault);

#endif
