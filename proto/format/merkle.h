/*
 * Merkle trees of RFC 6962 (section 2.1) over entries.
 *
 * The tree is read through a callback that answers stored hashes of complete
 * subtrees: level 0 are the leaves, node (level, index) covers the leaves
 * index << level .. ((index + 1) << level) - 1. So a proof costs O(log n).
 */
#ifndef EVIDENT_FORMAT_MERKLE_H
#define EVIDENT_FORMAT_MERKLE_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define MERKLE_PROOF_MAX 64

struct merkle_proof {
	size_t count;
	struct digest hashes[MERKLE_PROOF_MAX];
};

typedef int (*merkle_read_cb)(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash);
typedef int (*merkle_write_cb)(
    void *context, unsigned level, uint64_t index, const struct digest *hash);

int merkle_leaf(struct span entry, struct digest *ret_hash);
int merkle_node(const struct digest *left, const struct digest *right,
    struct digest *ret_hash);
/* Append leaf number ${size}: writes the leaf and every subtree it completes.
 */
int merkle_append(uint64_t size, const struct digest *leaf, merkle_read_cb read,
    merkle_write_cb write, void *context);
/* The root of the first ${size} leaves; of none it is SHA-256(""). */
int merkle_root(
    uint64_t size, merkle_read_cb read, void *context, struct digest *ret_root);
/* -EINVAL when index >= size or old > size. */
int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_read_cb read,
    void *context, struct merkle_proof *ret_proof);
int merkle_prove_consistency(uint64_t old, uint64_t size, merkle_read_cb read,
    void *context, struct merkle_proof *ret_proof);
/* The same as merkle_prove_inclusion() where only the first ${old} leaves are
 * here: ${consistency}, which was verified, leads from those to all ${size}.
 * -EINVAL when index >= old, old > size or the proof is too short. */
int merkle_prove_beyond(uint64_t index, uint64_t old, uint64_t size,
    const struct merkle_proof *consistency, merkle_read_cb read, void *context,
    struct merkle_proof *ret_proof);
/* 0 or FORMAT_E_MISMATCH. */
int merkle_verify_inclusion(const struct digest *leaf, uint64_t index,
    uint64_t size, const struct merkle_proof *proof, const struct digest *root);
/* old = 0 needs an empty proof; old = size an empty proof and equal roots. */
int merkle_verify_consistency(uint64_t old, uint64_t size,
    const struct merkle_proof *proof, const struct digest *old_root,
    const struct digest *root);

#endif
