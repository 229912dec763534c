/*
 * Leaves files: the entry ids of a whole log and the checkpoint that its author
 * signed over them (FORMAT.md, 11.3).
 */
#ifndef EVIDENT_BAG_LEAVES_H
#define EVIDENT_BAG_LEAVES_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

enum leaves_reason {
	LEAVES_GOOD,
	LEAVES_BAD_HEAD,       /* no leaves file */
	LEAVES_LATER,          /* a version that this program does not know */
	LEAVES_BAD_NUMBER,     /* the line "entries" */
	LEAVES_BAD_LINE,       /* a line that is no entry id */
	LEAVES_CUT,            /* it ends within the ids or before */
	LEAVES_FEWER,          /* the checkpoint comes too early */
	LEAVES_MORE,           /* an id stands where it should come */
	LEAVES_BAD_CHECKPOINT, /* malformed */
	LEAVES_BAD_SIZE,       /* it is of another number of entries */
	LEAVES_BAD_ROOT,       /* it is of other entries */
	LEAVES_NOT_VOUCHED,    /* its author is not among the signers */
	LEAVES_BAD_SIGNATURE,  /* not its author's, or not alone */
	LEAVES_NOT_IN,         /* the record looked for is not in it */
	LEAVES_TWICE,          /* or stands in it twice */
};

struct leaves_verdict {
	enum leaves_reason reason;
	uint64_t line; /* where, from 1; 0: nowhere in particular */
	/* As far as they were read; all of it only of one that holds. */
	uint64_t entries;
	struct author_id author;
	struct log_id log;
	struct digest root;
	uint64_t place; /* of the record looked for */
};

const char *leaves_reason_text(enum leaves_reason reason);

typedef void (*leaves_progress_cb)(
    void *context, uint64_t done, uint64_t total);

/* Judge the leaves file open at ${fd}, from where it stands to its end.
 * ${signers} is an allowed_signers file; ${record_or_null} is looked for. In
 * constant memory. 0: see ${ret_verdict}; FORMAT_E_MALFORMED: the signers' file
 * is; -errno: it could not be read. */
int leaves_verify(int fd, struct span signers,
    const struct entry_id *record_or_null, leaves_progress_cb progress,
    void *context, struct leaves_verdict *ret_verdict);

#endif
