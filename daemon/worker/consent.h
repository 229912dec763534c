/*
 * What the witness consented to, held against what is to be done.
 */
#ifndef EVIDENT_WORKER_CONSENT_H
#define EVIDENT_WORKER_CONSENT_H

#include "daemon/worker/job.h"
#include "proto/format/content.h"

/* 0, or JOB_E_FAILED with REFUSED and why: the consent has expired, is for
 * other purposes, or names one of ${audiences} not. */
int consent_check(const struct content *content,
    const struct wire_consent *consent, const struct wire_audience *audiences,
    size_t count, struct job_fault *fault);
/* Append a JSON list of the names of lines that an export keeps closed. */
int consent_withheld(const struct content *content,
    const struct wire_consent *consent, struct buf *out);

#endif
