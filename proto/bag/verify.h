/*
 * What verify.c and verify_record.c share. Private to bag/.
 */
#ifndef EVIDENT_BAG_VERIFY_H
#define EVIDENT_BAG_VERIFY_H

#include "proto/bag/files.h"
#include "proto/bag/tellings.h"
#include "proto/format/note.h"

#define VERIFY_E_FAILED 7 /* the verdict says why */

/* Keys, and the author id of each: a hash that is not made twice. */
struct verify_keys {
	size_t count;
	struct sign_key *items;
	struct author_id *ids;
};

struct verification {
	int dir;
	struct bag_verdict *verdict;
	struct bag_files files;
	struct verify_keys keys;    /* of the bag's allowed_signers */
	struct verify_keys used;    /* of entries and witnesses, as met */
	struct verify_keys anchors; /* from outside */
	struct bag_tellings tellings;
};

/* Where the key of that author stands, or the count. */
size_t verify_keys_find(
    const struct verify_keys *keys, const struct author_id *id);
int verify_keys_add(struct verify_keys *keys, const struct sign_key *key,
    const struct author_id *id);

/* Answers VERIFY_E_FAILED. ${file} has only safe characters. */
int verify_fail(
    struct verification *v, enum bag_reason reason, const char *file);
int verify_read(
    struct verification *v, const char *path, size_t max, struct buf *out);
/* The file must be exactly ${made}. */
int verify_same(struct verification *v, const char *path, struct span made,
    enum bag_reason reason);
/* verify_record.c: the record in ${folder} ("data/ID"). */
int verify_record(struct verification *v, const char *folder);

#endif
