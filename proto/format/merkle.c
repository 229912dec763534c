/*
 * Merkle trees: RFC 6962 section 2.1, verification as RFC 9162 sections 2.1.3.2
 * and 2.1.4.2 write it down. Everything is computed from stored hashes of
 * complete subtrees, so the cost is in the depth of the tree, not its size.
 */
#include <errno.h>
#include <string.h>

#include "proto/format/hash.h"
#include "proto/format/merkle.h"

int merkle_leaf(struct span entry, struct digest *ret_hash)
{
	struct hasher *hasher;
	int r;

	r = hasher_new(&hasher);
	if (r < 0)
		return r;
	r = hasher_update(hasher, "\0", 1);
	if (r == 0)
		r = hasher_update(hasher, entry.data, entry.len);
	if (r == 0)
		r = hasher_final(hasher, ret_hash);
	hasher_free(hasher);
	return r;
}

int merkle_node(const struct digest *left, const struct digest *right,
    struct digest *ret_hash)
{
	uint8_t bytes[65] = {1};

	memcpy(bytes + 1, left->bytes, 32);
	memcpy(bytes + 33, right->bytes, 32);
	return hash_sha256(span_of(bytes, sizeof bytes), ret_hash);
}

int merkle_append(uint64_t size, const struct digest *leaf, merkle_read_cb read,
    merkle_write_cb write, void *context)
{
	struct digest hash = *leaf, left;
	uint64_t index = size;
	unsigned level = 0;
	int r;

	r = write(context, 0, size, &hash);
	while (r == 0 && index & 1) {
		r = read(context, level, index - 1, &left);
		if (r == 0)
			r = merkle_node(&left, &hash, &hash);
		level++;
		index >>= 1;
		if (r == 0)
			r = write(context, level, index, &hash);
	}
	return r;
}

/* The largest power of two below ${size}, as an exponent (size > 1). */
static unsigned split_level(uint64_t size)
{
	return 63 - (unsigned)__builtin_clzll(size - 1);
}

/* The hash of the leaves first .. first + count - 1, where first is a multiple
 * of the split that led here. Right parts of the tree that are not complete
 * are folded from their complete subtrees, smallest first. */
static int range_hash(uint64_t first, uint64_t count, merkle_read_cb read,
    void *context, struct digest *ret_hash)
{
	struct digest hash = {{0}}, left;
	uint64_t end = first + count;
	unsigned level;
	bool have = false;
	int r = 0;

	for (level = 0; r == 0 && count > 0; level++) {
		if (!(count >> level & 1))
			continue;
		end -= UINT64_C(1) << level;
		count -= UINT64_C(1) << level;
		r = read(context, level, end >> level, &left);
		if (r == 0 && have)
			r = merkle_node(&left, &hash, &hash);
		else if (r == 0)
			hash = left;
		have = true;
	}
	if (r == 0)
		*ret_hash = hash;
	return r;
}

int merkle_root(
    uint64_t size, merkle_read_cb read, void *context, struct digest *ret_root)
{
	if (size == 0)
		return hash_sha256(span_of("", 0), ret_root);
	return range_hash(0, size, read, context, ret_root);
}

static int push(struct merkle_proof *proof, uint64_t first, uint64_t count,
    merkle_read_cb read, void *context)
{
	if (proof->count == MERKLE_PROOF_MAX)
		return -EINVAL;
	return range_hash(
	    first, count, read, context, &proof->hashes[proof->count++]);
}

static void reverse(struct merkle_proof *proof)
{
	struct digest swap;
	size_t i;

	for (i = 0; i < proof->count / 2; i++) {
		swap = proof->hashes[i];
		proof->hashes[i] = proof->hashes[proof->count - 1 - i];
		proof->hashes[proof->count - 1 - i] = swap;
	}
}

int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_read_cb read,
    void *context, struct merkle_proof *ret_proof)
{
	struct merkle_proof proof = {0};
	uint64_t first = 0, half;
	int r = 0;

	if (index >= size)
		return -EINVAL;
	/* From the root down; the proof runs from the leaf up. */
	while (r == 0 && size > 1) {
		half = UINT64_C(1) << split_level(size);
		if (index - first < half) {
			r = push(
			    &proof, first + half, size - half, read, context);
			size = half;
		} else {
			r = push(&proof, first, half, read, context);
			first += half;
			size -= half;
		}
	}
	reverse(&proof);
	if (r == 0)
		*ret_proof = proof;
	return r;
}

int merkle_prove_consistency(uint64_t old, uint64_t size, merkle_read_cb read,
    void *context, struct merkle_proof *ret_proof)
{
	struct merkle_proof proof = {0};
	uint64_t first = 0, half;
	bool whole = true; /* the old tree is a complete subtree of the new */
	int r = 0;

	if (old > size)
		return -EINVAL;
	if (old == 0 || old == size) {
		*ret_proof = proof;
		return 0;
	}
	while (r == 0 && old != size) {
		half = UINT64_C(1) << split_level(size);
		if (old <= half) {
			r = push(
			    &proof, first + half, size - half, read, context);
			size = half;
		} else {
			r = push(&proof, first, half, read, context);
			first += half;
			old -= half;
			size -= half;
			whole = false;
		}
	}
	if (r == 0 && !whole)
		r = push(&proof, first, size, read, context);
	reverse(&proof);
	if (r == 0)
		*ret_proof = proof;
	return r;
}

/* One step up the way of the last leaf that is here: ${node} becomes the node
 * of the next level, ${sibling} what it was joined with. 1, 0 where it stands
 * alone at the tree's right edge, or -errno. */
static int climb(unsigned level, uint64_t edge, uint64_t last,
    const struct digest *beyond, merkle_read_cb read, void *context,
    struct digest *node, struct digest *sibling)
{
	int r;

	if (edge & 1) {
		r = read(context, level, edge - 1, sibling);
		if (r == 0)
			r = merkle_node(sibling, node, node);
	} else if (edge == last) {
		return 0;
	} else if (!beyond) {
		return -EINVAL;
	} else {
		*sibling = *beyond;
		r = merkle_node(node, sibling, node);
	}
	return r == 0 ? 1 : r;
}

int merkle_prove_beyond(uint64_t index, uint64_t old, uint64_t size,
    const struct merkle_proof *consistency, merkle_read_cb read, void *context,
    struct merkle_proof *ret_proof)
{
	struct merkle_proof proof = {0};
	struct digest node, before, sibling;
	uint64_t edge = old - 1, last = size - 1;
	size_t used = (old & (old - 1)) != 0; /* the first is the old edge's */
	bool begun = false;
	unsigned level;
	int joined, r;

	if (index >= old || old > size)
		return -EINVAL;
	r = read(context, 0, edge, &node);
	for (level = 0; r == 0 && last > 0; level++) {
		before = node;
		joined = climb(level, edge, last,
		    used < consistency->count ? &consistency->hashes[used]
					      : NULL,
		    read, context, &node, &sibling);
		if (joined < 0)
			return joined;
		begun |= !(edge & 1);
		used += joined && begun;
		if ((index ^ 1) == edge)
			proof.hashes[proof.count++] = before;
		else if (index != edge)
			r = read(context, level, index ^ 1,
			    &proof.hashes[proof.count++]);
		else if (joined)
			proof.hashes[proof.count++] = sibling;
		index >>= 1;
		edge >>= 1;
		last >>= 1;
	}
	if (r == 0)
		*ret_proof = proof;
	return r;
}

static bool equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int merkle_verify_inclusion(const struct digest *leaf, uint64_t index,
    uint64_t size, const struct merkle_proof *proof, const struct digest *root)
{
	uint64_t fn = index, sn;
	struct digest hash = *leaf;
	size_t i;
	int r = 0;

	if (index >= size)
		return FORMAT_E_MISMATCH;
	sn = size - 1;
	for (i = 0; r == 0 && i < proof->count; i++) {
		if (sn == 0)
			return FORMAT_E_MISMATCH;
		if (fn & 1 || fn == sn) {
			r = merkle_node(&proof->hashes[i], &hash, &hash);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = merkle_node(&hash, &proof->hashes[i], &hash);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (r < 0)
		return r;
	return sn == 0 && equal(&hash, root) ? 0 : FORMAT_E_MISMATCH;
}

/* RFC 9162 2.1.4.2, steps 3 to 7; ${i} is the first hash not yet used. */
static int fold_consistency(uint64_t fn, uint64_t sn,
    const struct merkle_proof *proof, size_t i, struct digest *fr,
    struct digest *sr)
{
	const struct digest *hash;
	int r = 0;

	for (; r == 0 && i < proof->count; i++) {
		hash = &proof->hashes[i];
		if (sn == 0)
			return FORMAT_E_MISMATCH;
		if (fn & 1 || fn == sn) {
			r = merkle_node(hash, fr, fr);
			if (r == 0)
				r = merkle_node(hash, sr, sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = merkle_node(sr, hash, sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return r == 0 && sn != 0 ? FORMAT_E_MISMATCH : r;
}

int merkle_verify_consistency(uint64_t old, uint64_t size,
    const struct merkle_proof *proof, const struct digest *old_root,
    const struct digest *root)
{
	uint64_t fn, sn;
	struct digest fr, sr;
	size_t i = 0;
	int r;

	if (old > size)
		return FORMAT_E_MISMATCH;
	if (old == size)
		return proof->count == 0 && equal(old_root, root)
			   ? 0
			   : FORMAT_E_MISMATCH;
	if (old == 0)
		return proof->count == 0 ? 0 : FORMAT_E_MISMATCH;
	if (proof->count == 0)
		return FORMAT_E_MISMATCH;
	fn = old - 1;
	sn = size - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	/* The old root begins the path itself when it is a whole subtree. */
	fr = sr = (old & (old - 1)) == 0 ? *old_root : proof->hashes[i++];
	r = fold_consistency(fn, sn, proof, i, &fr, &sr);
	if (r != 0)
		return r;
	return equal(&fr, old_root) && equal(&sr, root) ? 0 : FORMAT_E_MISMATCH;
}
