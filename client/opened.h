/*
 * A record as the daemon hands it out: what is signed, and its opened content.
 */
#ifndef EVIDENT_CLIENT_OPENED_H
#define EVIDENT_CLIENT_OPENED_H

#include "client/control.h"
#include "proto/format/content.h"
#include "proto/format/entry.h"
#include "proto/format/sshsig.h"

struct opened {
	struct buf entry_bytes;
	struct buf proof; /* tlog-proof file */
	struct entry entry;
	struct entry_id id;
	char id_text[65];
	struct sign_key author;
	size_t witness_count;
	struct sign_key *witnesses; /* whom this node knows, owned */
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	enum ctl_open what; /* it was opened for */
	struct buf clear;   /* the content's bytes; empty until opened */
	struct content content;
};

/* Ask for the record of ${id} (64 digits or at least the first 8): what is
 * public of it. An exit code. */
int opened_fetch(
    struct control *control, const char *id, struct opened **ret_opened);
/* What the log of this node shall say of an act, of what is given and not NULL;
 * NULL when that is nothing. The caller frees it. An exit code. */
int opened_detail(const char *purpose, const char *recipient,
    const char *override, const json_t *fields, char **ret_detail);
/* Have a worker open the content into ${opened}->clear and parse it, once the
 * log of this node says so. ${ret_withheld}, if not NULL, gets the names of
 * lines that must not be shown; the caller's to release. */
int opened_read(struct control *control, struct opened *opened,
    enum ctl_open what, const char *detail_or_null, json_t **ret_withheld);
/* The same of what only says what was done with a record (the log of this node
 * then says nothing): 0, 1 without a word where this node refuses or is not
 * able to open it, or -1 after saying what failed. */
int opened_try(struct control *control, struct opened *opened);
/* Have a worker write the plaintext of an attachment to ${fd}, for what the
 * record was opened for. */
int opened_attachment(struct control *control, const struct opened *opened,
    const struct digest *sealed, int fd);
/* Write the age file of object ${number} (0: the content, else an attachment
 * in the entry's order) to ${fd}, which must be open for appending, once the
 * log of this node says that they are given out. */
int opened_sealed(struct control *control, const struct opened *opened,
    uint64_t number, const char *detail_or_null, int fd);
void opened_free(struct opened *opened);

#endif
