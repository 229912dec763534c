/*
 * Entries: the public label on the sealed bag (FORMAT.md, Entry).
 *
 * What is signed, stored and hashed is the exact bytes; parsing only reads
 * them. entry_parse(entry_build(x)) is x, and no other bytes parse.
 */
#ifndef EVIDENT_FORMAT_ENTRY_H
#define EVIDENT_FORMAT_ENTRY_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define ENTRY_ATTACHMENTS_MAX 256
#define ENTRY_WITHDRAWALS_MAX 1024
#define ENTRY_BYTES_MAX 131072

struct entry_object {
	struct digest payload; /* SHA-256 of the age payload */
	uint64_t size;         /* of the payload in bytes */
};

enum entry_key_act {
	ENTRY_KEY_NONE,
	ENTRY_KEY_SUCCESSOR, /* ${key_subject} continues this author's work */
	ENTRY_KEY_REVOKED,   /* ${key_subject} is not to be trusted since
				${key_since} (Unix seconds; 0: never was) */
};

struct entry {
	struct author_id author;
	struct log_id log;
	uint64_t index;
	struct entry_object content;
	struct digest fields;
	size_t attachment_count;
	struct entry_object attachments[ENTRY_ATTACHMENTS_MAX]; /* ascending */
	size_t withdraw_count;
	struct entry_id withdraws[ENTRY_WITHDRAWALS_MAX]; /* ascending */
	enum entry_key_act key_act;
	struct author_id key_subject;
	uint64_t key_since;
};

/* Append the entry's bytes. FORMAT_E_MALFORMED, and nothing appended, when a
 * list is too long or not strictly ascending, a number too large, a size one
 * that no padded payload has, or kinds are mixed. */
int entry_build(const struct entry *entry, struct buf *out);
/* FORMAT_E_MALFORMED; FORMAT_E_UNKNOWN for an entry of a later version.
 * ${ret_why}, if not NULL, gets a static text that names what is wrong. */
int entry_parse(
    struct span bytes, struct entry *ret_entry, const char **ret_why);
int entry_id_of(struct span bytes, struct entry_id *ret_id);

#endif
