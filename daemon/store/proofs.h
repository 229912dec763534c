/*
 * Proofs of records' places in their logs (FORMAT.md, section 8).
 */
#ifndef EVIDENT_STORE_PROOFS_H
#define EVIDENT_STORE_PROOFS_H

#include "daemon/store/store.h"

/* Append the proof file of a record of ${log}, with every signature line that
 * is known here. DATABASE_E_NONE when no checkpoint here covers it. Of a log
 * that did not come to its end yet it is proven by its author's line alone. */
int proofs_build(struct store *store, const struct record_row *row,
    const struct log_row *log, struct buf *out);
/* The same with the author's line alone: others would say who its partners
 * are. */
int proofs_build_bare(struct store *store, const struct record_row *row,
    const struct log_row *log, struct buf *out);

#endif
