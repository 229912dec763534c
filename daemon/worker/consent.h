/*
 * What the witness consented to, held against what is to be done.
 */
#ifndef EVIDENT_WORKER_CONSENT_H
#define EVIDENT_WORKER_CONSENT_H

#include "daemon/worker/job.h"
#include "proto/format/content.h"

/* 0, or JOB_E_FAILED with REFUSED and why: the consent has expired, or is for
 * other purposes. */
int consent_check(const struct content *content,
    const struct wire_consent *consent, struct job_fault *fault);
/* The same where it does not name this partner. */
int consent_check_reader(const struct content *content,
    const struct wire_consent *consent, const struct author_id *reader,
    struct job_fault *fault);
/* Append {"shown","withheld"}: of the names in ${asked}, a JSON list, those
 * that the record has, without and with what the witness did not let be shown.
 * For "all" it is every name, and "all" again where nothing is withheld. */
int consent_shown(const struct content *content,
    const struct wire_consent *consent, struct span asked, struct buf *out,
    struct job_fault *fault);
/* Add to what is made of a record the lines of its consent, but those of names
 * that are given there already, and consent.share, which says to whom each is
 * sealed. Where that leaves none and the record speaks of consent, it is for
 * ${node} alone: else anybody could be given it. As content_add(). */
int consent_inherit(const struct content *content, const struct author_id *node,
    struct content_builder *builder, const char **ret_why);

#endif
