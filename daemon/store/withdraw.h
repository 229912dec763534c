/*
 * Withdrawals: which entry takes back which record, whom it binds, and the
 * destruction of what is taken back (FORMAT.md, section 3).
 *
 *   noted, with the entry that says so -> judged -> set aside, or rows gone
 *   (ERASING) -> key gone (ERASED) -> partners told by an entry of kind
 * `erased`
 *
 * What is forgotten goes the same way, but for the word to others.
 *
 * What is destroyed keeps its entry, signature and proof, and its place in
 * every log. All of it stands in tables, so a crash between any two steps
 * repeats.
 */
#ifndef EVIDENT_STORE_WITHDRAW_H
#define EVIDENT_STORE_WITHDRAW_H

#include "daemon/store/capture.h"

/* Inside a transaction: ${record} is here, and its entry withdraws others. */
int withdraw_note(
    struct store *store, int64_t record, const struct entry *entry);
/* Whether an entry can be taken back at all: what takes back others cannot, and
 * what speaks of keys cannot. */
bool withdraw_can(const struct entry *entry);
/* 1 when an entry that is here takes ${id}, of ${author}, back with effect; 0
 * when none does. */
int withdraw_binds(struct store *store, const struct entry_id *id,
    const struct author_id *author);
/* Have the withdrawal of ${id}, of ${author}, go to ${whom}, who has the
 * record, if that is a partner and did not say so itself. */
int withdraw_tell(struct store *store, const struct entry_id *id,
    const struct author_id *author, const struct author_id *whom);
/* Whether ${by} may take back what ${author} recorded: 1, 0 or -errno. */
int withdraw_may(struct store *store, const struct author_id *author,
    const struct author_id *by);
/* Whether ${entry} names a record that is here and in force, and that its
 * author may not take back: 1, 0 or -errno. */
int withdraw_oversteps(struct store *store, const struct entry *entry);
/* Judge what was noted since the last time and do what follows, outside of a
 * transaction; or ${all} that is noted, since a card may say otherwise now.
 * When it answers 0, what had to be destroyed is. */
int withdraw_work(struct store *store, bool all);
/* What failed of that since, before ${store} says at a meeting what is
 * destroyed here. Tells of its own failure. */
void withdraw_again(struct store *store);
/* A person confirms that what was set aside goes: DATABASE_E_NONE when it was
 * not set aside. */
int withdraw_confirm(struct store *store, const struct record_row *row);
/* Of own records that every partner they are for has confirmed, keep only entry
 * and proof, if the node is told to (retain, evident.conf(5)). */
int withdraw_forget(struct store *store);
/* Make the entry that takes these back (ascending), for all partners to see. 0
 * when ${done} will be called, else the fault is in ${ret_fault}. */
int withdraw_start(struct store *store, const struct entry_id *ids,
    size_t count, struct span reason, capture_done_cb done, void *context,
    struct capture_fault *ret_fault);

#endif
