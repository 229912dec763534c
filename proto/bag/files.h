/*
 * The files of a bag, and the texts that are made from other texts: written by
 * the writer and made anew, byte for byte, by the verifier. Private to bag/.
 */
#ifndef EVIDENT_BAG_FILES_H
#define EVIDENT_BAG_FILES_H

#include "proto/bag/bag.h"

#define FILES_PATH_MAX 128
#define FILES_MAX 100000
#define FILES_SHA512_BYTES 64
#define FILES_TIMELINE "timeline.svg"

struct bag_file {
	char path[FILES_PATH_MAX]; /* with '/', from the bag's root */
	uint64_t size;
	struct digest sha256;
	uint8_t sha512[FILES_SHA512_BYTES];
};

struct bag_files {
	size_t count, room;
	struct bag_file *items; /* owned */
};

void files_free(struct bag_files *files);
int files_add(struct bag_files *files, const char *path);
void files_sort(struct bag_files *files);
const struct bag_file *files_find(
    const struct bag_files *files, const char *path);

/* Walk the directory. 0, or the reason with the name in ${ret_file} (safe
 * characters only), or -errno. */
int files_walk(int dir, struct bag_files *files, enum bag_reason *ret_reason,
    char ret_file[FILES_PATH_MAX]);
/* Open one for reading: a regular file with one link, no link followed. */
int files_open(int dir, const char *path, int *ret_fd, uint64_t *ret_size);
/* Read a whole small one, at most ${max} bytes, else -EMSGSIZE. */
int files_read(int dir, const char *path, size_t max, struct buf *out);
/* Size and both digests of every payload file, or of every other. */
int files_digest(int dir, struct bag_files *files, bool payload,
    bag_progress_cb progress, void *context);

bool files_is_payload(const char *path);
bool files_is_tag_manifest(const char *path);
/* "HEX  PATH" lines; ${payload} or the tag files; ${sha512} or SHA-256. */
int files_manifest(
    const struct bag_files *files, bool payload, bool sha512, struct buf *out);
int files_info(const struct bag_files *files, struct buf *out);
extern const char files_bagit[]; /* the text of bagit.txt */

/* render.c: made from the disclosed lines, in the order of ${disclosed}. */
int render_readable(
    const struct content_line *lines, size_t count, struct buf *out);
/* "XXXXXXXXXXXXXXXX.EXT" */
void render_attachment(
    const struct content_attachment *attachment, char ret_name[32]);
/* One line an author, ascending by id, none twice. */
int render_signers(const struct sign_key *keys, size_t count, struct buf *out);

/* claims.c: one more, all zero; the array may move. */
int claims_add(struct bag_claims *claims, struct bag_claim **ret_claim);
/* Put them in order, none twice: how many are left. */
size_t claims_sort_ids(struct entry_id *ids, size_t count);
/* Fill in what entry and shown lines say; they must have been checked. */
int claims_fill(struct bag_claim *claim, const struct entry_id *id,
    const struct entry *entry, const struct content_line *lines, size_t count);

/* Whether file ${name} of that digest is of an earlier release, by ${list}: the
 * text of packaging/editions. */
bool editions_know(
    struct span list, const char *name, const struct digest *found);

/* Made at build time from packaging/editions, proto/FORMAT.md and
 * packaging/VERIFY.txt. */
extern const unsigned char documents_editions[], documents_format[],
    documents_verify[];
extern const size_t documents_editions_len, documents_format_len,
    documents_verify_len;

#endif
