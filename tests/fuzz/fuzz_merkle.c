/*
 * Proofs in a tree of 45 leaves: of all lists of its nodes, only the one that
 * merkle_prove_*() makes is taken, for each place and size.
 *
 * Input: kind, first number, size, what is proved; then a node of the tree a
 * byte.
 */
#include <string.h>

#include "proto/format/merkle.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define LEAVES 45
#define LEVELS 7

static struct digest nodes[LEVELS][LEAVES];
static struct digest roots[LEAVES + 1];
static struct digest pool[256]; /* every node, every root, and strangers */

static int read_node(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	(void)context;
	*ret_hash = nodes[level][index];
	return 0;
}

static int write_node(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	(void)context;
	nodes[level][index] = *hash;
	return 0;
}

static void grow(void)
{
	size_t count = 0, i;
	unsigned level;
	struct digest leaf;

	for (i = 0; i < LEAVES; i++) {
		CLAIM(merkle_root(i, read_node, NULL, &roots[i]) == 0);
		CLAIM(merkle_leaf(span_of(&i, 1), &leaf) == 0);
		CLAIM(
		    merkle_append(i, &leaf, read_node, write_node, NULL) == 0);
	}
	CLAIM(merkle_root(LEAVES, read_node, NULL, &roots[LEAVES]) == 0);
	for (level = 0; level < LEVELS; level++)
		for (i = 0; i < (size_t)LEAVES >> level; i++)
			pool[count++] = nodes[level][i];
	for (i = 0; i <= LEAVES; i++)
		pool[count++] = roots[i];
	for (; count < 256; count++)
		pool[count].bytes[0] = (uint8_t)count;
}

static bool same_proof(
    const struct merkle_proof *a, const struct merkle_proof *b)
{
	return a->count == b->count &&
	       memcmp(a->hashes, b->hashes, a->count * sizeof *a->hashes) == 0;
}

static bool same(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static void check_inclusion(uint64_t index, uint64_t size,
    const struct digest *leaf, const struct merkle_proof *proof)
{
	struct merkle_proof right;
	bool holds;

	holds = merkle_verify_inclusion(
		    leaf, index, size, proof, &roots[size]) == 0;
	if (index >= size) {
		CLAIM(!holds);
		return;
	}
	CLAIM(
	    merkle_prove_inclusion(index, size, read_node, NULL, &right) == 0);
	CLAIM(holds ==
	      (same_proof(proof, &right) && same(leaf, &nodes[0][index])));
	CLAIM(merkle_verify_inclusion(
		  &nodes[0][index], index, size, &right, &roots[size]) == 0);
}

static void check_consistency(uint64_t old, uint64_t size,
    const struct digest *old_root, const struct merkle_proof *proof)
{
	struct merkle_proof right;
	bool holds, whole;

	holds = merkle_verify_consistency(
		    old, size, proof, old_root, &roots[size]) == 0;
	if (old > size) {
		CLAIM(!holds);
		return;
	}
	CLAIM(
	    merkle_prove_consistency(old, size, read_node, NULL, &right) == 0);
	whole = same_proof(proof, &right);
	CLAIM(holds == (whole && ((old == 0 && size > 0) ||
				     same(old_root, &roots[old]))));
	CLAIM(merkle_verify_consistency(
		  old, size, &right, &roots[old], &roots[size]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct merkle_proof proof = {.count = 0};
	static bool grown;
	uint64_t first, count;
	uint8_t kind, what;

	if (!grown)
		grow();
	grown = true;
	kind = parts_byte(&rest);
	first = parts_byte(&rest);
	count = parts_byte(&rest) % (LEAVES + 1);
	what = parts_byte(&rest);
	while (rest.len > 0 && proof.count < MERKLE_PROOF_MAX)
		proof.hashes[proof.count++] = pool[parts_byte(&rest)];
	if (kind % 2 == 0)
		check_inclusion(first, count, &pool[what], &proof);
	else
		check_consistency(first, count, &pool[what], &proof);
	return 0;
}
