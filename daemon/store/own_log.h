/*
 * The log that this node writes, and those that it wrote before.
 *
 * A node that was put back to an earlier state, or is a copy, would tell its
 * log in two ways by going on in it. It learns of that from a partner, by a
 * checkpoint of its own that its tree never had; from then on it writes another
 * log, whose first entry names the one before (FORMAT.md section 4.1).
 *
 * To that partner the log before is not offered any more. What the partner has
 * not confirmed goes to it entry by entry, each with its proof.
 */
#ifndef EVIDENT_STORE_OWN_LOG_H
#define EVIDENT_STORE_OWN_LOG_H

#include "daemon/store/partners.h"
#include "daemon/store/store.h"

#define OWN_LOG_SIGNATURES_MAX 32 /* of a checkpoint: its own and partners' */

/* Find the one that is written: ${first} is what the keyring was made with. */
int own_log_load(struct store *store, const struct log_id *first);
bool own_log_is_current(const struct store *store, const struct log_row *log);
/* Whether it is a further log, and has no entry yet. */
bool own_log_is_new(const struct store *store, const struct log_row *log);
/* The newest checkpoint of an own log, appended; of the one that is written,
 * signed now if it has grown. */
int own_log_note(
    struct store *store, const struct log_row *log, struct buf *out_note);
/* Remember a checkpoint of it that partners cosigned: what this node does with
 * records makes the log go on, and proofs shall have witnesses. */
int own_log_keep_cosigned(
    struct store *store, const struct log_row *log, struct span note);
/* Appended; nothing when there is none. */
int own_log_cosigned(
    struct store *store, const struct log_row *log, struct buf *out_note);
/* The content line `previous`, appended: nothing but in a further log that has
 * no entry yet. */
int own_log_previous(struct store *store, struct buf *out_text);
/* ${partner} holds more, or something else, of this own log: write another if
 * it is the one that is written. Durable when it answers 0. */
int own_log_part(struct store *store, const struct log_row *log,
    const struct partner *partner);
/* Whether it is not offered to that partner any more. */
int own_log_is_parted(struct store *store, const struct log_row *log,
    int64_t partner, bool *ret_is);
/* A meeting with ${partner} ended in good order, in which single records up to
 * ${told} went out: what is never confirmed was told, and is not told again;
 * nor is what the partner asked for as its own and did not confirm, for it may
 * hold that, or have forgotten it. */
int own_log_met(struct store *store, int64_t partner, int64_t told);
/* Whether another log was opened and nothing brought back since. */
int own_log_is_put_back(struct store *store, bool *ret_is);
int own_log_recovered(struct store *store);

#endif
