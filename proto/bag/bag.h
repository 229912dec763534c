/*
 * Bags: what leaves for a court or an archive (FORMAT.md, 11; RFC 8493).
 */
#ifndef EVIDENT_BAG_BAG_H
#define EVIDENT_BAG_BAG_H

#include "proto/bag/claims.h"
#include "proto/format/content.h"
#include "proto/format/entry.h"
#include "proto/format/sshsig.h"

/* The ending a file of media type ${type} gets: fixed by a table, or "bin". */
const char *bag_ending(const char *type);

/* --- writing ----------------------------------------------------------- */

struct bag_writer;

struct bag_record {
	struct span entry;
	const uint8_t *signature; /* 64 bytes */
	struct sign_key author;
	struct span proof;
	const struct content *content;
	/* Names of fields to be shown; NULL shows all. */
	const char *const *names;
	size_t name_count;
	/* Of lines named `record`, only those about these; 0 for all. */
	const struct entry_id *about;
	size_t about_count;
	/* Whose cosignatures stay in the proof: each names a partner. */
	const struct sign_key *witnesses;
	size_t witness_count;
};

/* Begin a bag at ${path}, which must not be there or be an empty directory. It
 * is built beside it as ${path}.partial and renamed when it is finished.
 * -EEXIST when something is there; -errno. */
int bag_writer_new(const char *path, struct bag_writer **ret_writer);
/* Add a record. FORMAT_E_MISMATCH when entry, content, proof and key do not
 * belong together, BAG_E_CONFLICT (tellings.h) when it tells its log otherwise
 * than one before. */
int bag_writer_add(struct bag_writer *writer, const struct bag_record *record);
/* A file, to be written and closed by the caller, for an attachment of record
 * ${id} whose line was shown. */
int bag_writer_attachment(struct bag_writer *writer, const struct entry_id *id,
    const struct content_attachment *attachment, int *ret_fd);
/* Write what belongs to the whole, with the picture of the claimed times if
 * ${timeline}, sync all, and put the bag in its place. */
int bag_writer_finish(struct bag_writer *writer, bool timeline);
/* Free; what was not finished is removed: -errno when some of it stays at
 * ${path}.partial. NULL is fine. */
int bag_writer_free(struct bag_writer *writer);

/* --- verifying --------------------------------------------------------- */

enum bag_reason {
	BAG_GOOD,
	BAG_BAD_NAME,       /* a name that no bag has */
	BAG_BAD_KIND,       /* a link, FIFO, device or hard link */
	BAG_BAD_MISSING,    /* a file that must be there is not */
	BAG_BAD_SIZE,       /* a file larger than its kind can be */
	BAG_BAD_MANIFEST,   /* files and manifests differ */
	BAG_BAD_ENTRY,      /* malformed, or not the one its folder names */
	BAG_BAD_SIGNATURE,  /* malformed or does not hold */
	BAG_BAD_SIGNERS,    /* the list of keys is not that of the entries */
	BAG_BAD_PROOF,      /* the place in the log is not proved */
	BAG_BAD_DIGESTS,    /* not the lines the entry commits to */
	BAG_BAD_DISCLOSED,  /* a shown line is not of this entry */
	BAG_BAD_READABLE,   /* the page for people says something else */
	BAG_BAD_ATTACHMENT, /* not the file the entry names */
	BAG_BAD_DOCUMENT,   /* FORMAT.md or VERIFY.txt of no known release */
	BAG_LATER,          /* a version that this program does not know */
	BAG_BAD_ORIGIN,     /* not of this entry's author, log or kind */
	BAG_BAD_CONFLICT,   /* two checkpoints that cannot both be true */
	BAG_BAD_TIMELINE,   /* the picture says something else */
	BAG_NOT_VOUCHED,    /* an author is not among the signers given */
	BAG_NO_RECORD,
	BAG_UNREADABLE,
};

struct bag_verdict {
	enum bag_reason reason;
	char file[128]; /* where; only safe characters, may be empty */
	bool self_vouched;
	struct bag_claims claims; /* owned; whole only of a bag that holds */
};

const char *bag_reason_text(enum bag_reason reason);

typedef void (*bag_progress_cb)(void *context, uint64_t done, uint64_t total);

/* Judge the bag at ${path}. ${signers} is an allowed_signers file from outside,
 * or empty. Nothing is written. 0: see ${ret_verdict}; FORMAT_E_MALFORMED: the
 * signers' file is; -errno: it could not be read. */
int bag_verify(const char *path, struct span signers, bag_progress_cb progress,
    void *context, struct bag_verdict *ret_verdict);
void bag_verdict_free(struct bag_verdict *verdict);

#endif
