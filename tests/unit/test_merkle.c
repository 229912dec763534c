/*
 * Merkle trees against the published test tree of eight leaves (Certificate
 * Transparency, RFC 6962), against a naive recursive definition for every size
 * up to 70, and against proofs with anything altered.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/format/hash.h"
#include "proto/format/merkle.h"
#include "tests/unit/naive_tree.h"

#define LEAVES 70

static struct digest nodes[8][LEAVES + 1];
static bool written[8][LEAVES + 1];
static struct digest leaves[LEAVES];

static int read_node(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	(void)context;
	if (level >= 8 || index > LEAVES || !written[level][index])
		return -5;
	*ret_hash = nodes[level][index];
	return 0;
}

static int write_node(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	(void)context;
	nodes[level][index] = *hash;
	written[level][index] = true;
	return 0;
}

static void grow(size_t count)
{
	char text[16];
	size_t i;

	memset(written, 0, sizeof written);
	for (i = 0; i < count; i++) {
		snprintf(text, sizeof text, "leaf %zu", i);
		merkle_leaf(span_text(text), &leaves[i]);
		assert_int_equal(
		    merkle_append(i, &leaves[i], read_node, write_node, NULL),
		    0);
	}
}

static bool equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, 32) == 0;
}

static void test_the_published_tree_has_the_published_roots(void **state)
{
	static const char *const inputs[] = {"", "00", "10", "2021", "3031",
	    "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
	static const char *const roots[] = {
	    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct digest leaf, root;
	uint8_t bytes[16];
	char hex[65];
	size_t i, len;

	(void)state;
	memset(written, 0, sizeof written);
	for (i = 0; i < 8; i++) {
		len = strlen(inputs[i]) / 2;
		hex_decode(span_text(inputs[i]), bytes, len);
		merkle_leaf(span_of(bytes, len), &leaf);
		merkle_append(i, &leaf, read_node, write_node, NULL);
		assert_int_equal(merkle_root(i + 1, read_node, NULL, &root), 0);
		hex_encode(root.bytes, 32, hex);
		assert_string_equal(hex, roots[i]);
	}
}

static void test_the_empty_tree_is_the_hash_of_nothing(void **state)
{
	struct digest root;
	char hex[65];

	(void)state;
	assert_int_equal(merkle_root(0, read_node, NULL, &root), 0);
	hex_encode(root.bytes, 32, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
				 "934ca495991b7852b855");
}

static void test_roots_are_those_of_the_naive_definition(void **state)
{
	struct digest root, expected;
	size_t size;

	(void)state;
	grow(LEAVES);
	for (size = 1; size <= LEAVES; size++) {
		merkle_root(size, read_node, NULL, &root);
		expected = naive_root(leaves, size);
		assert_true(equal(&root, &expected));
	}
}

static void test_every_inclusion_proof_holds_and_none_for_another(void **state)
{
	struct merkle_proof proof;
	struct digest root;
	uint64_t size, index;

	(void)state;
	grow(LEAVES);
	for (size = 1; size <= LEAVES; size++) {
		merkle_root(size, read_node, NULL, &root);
		for (index = 0; index < size; index++) {
			assert_int_equal(merkle_prove_inclusion(index, size,
					     read_node, NULL, &proof),
			    0);
			assert_int_equal(merkle_verify_inclusion(&leaves[index],
					     index, size, &proof, &root),
			    0);
			assert_int_equal(merkle_verify_inclusion(
					     &leaves[(index + 1) % LEAVES],
					     index, size, &proof, &root),
			    FORMAT_E_MISMATCH);
			if (size > 1)
				assert_int_equal(
				    merkle_verify_inclusion(&leaves[index],
					index ^ 1, size, &proof, &root),
				    FORMAT_E_MISMATCH);
		}
	}
}

/* Nothing that more than the first ${here} leaves would complete. */
static int read_beginning(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	const uint64_t *here = context;

	return (index + 1) << level <= *here
		   ? read_node(NULL, level, index, ret_hash)
		   : -5;
}

static void test_a_beginning_proves_what_the_whole_does(void **state)
{
	struct merkle_proof edge, expected, proof;
	uint64_t size, old, index;

	(void)state;
	grow(LEAVES);
	for (size = 1; size <= LEAVES; size++)
		for (old = 1; old <= size; old++) {
			merkle_prove_consistency(
			    old, size, read_node, NULL, &edge);
			for (index = 0; index < old; index++) {
				merkle_prove_inclusion(
				    index, size, read_node, NULL, &expected);
				assert_int_equal(
				    merkle_prove_beyond(index, old, size, &edge,
					read_beginning, &old, &proof),
				    0);
				assert_int_equal(proof.count, expected.count);
				assert_memory_equal(proof.hashes,
				    expected.hashes,
				    proof.count * sizeof *proof.hashes);
			}
			assert_int_equal(merkle_prove_beyond(old, old, size,
					     &edge, read_node, NULL, &proof),
			    -EINVAL);
		}
	merkle_prove_consistency(5, 45, read_node, NULL, &edge);
	edge.count--;
	assert_int_equal(
	    merkle_prove_beyond(2, 5, 45, &edge, read_node, NULL, &proof),
	    -EINVAL);
	assert_int_equal(
	    merkle_prove_beyond(0, 0, 45, &edge, read_node, NULL, &proof),
	    -EINVAL);
	assert_int_equal(
	    merkle_prove_beyond(2, 46, 45, &edge, read_node, NULL, &proof),
	    -EINVAL);
}

static void test_every_consistency_proof_holds(void **state)
{
	struct digest old_root, root;
	struct merkle_proof proof;
	uint64_t size, old;

	(void)state;
	grow(LEAVES);
	for (size = 1; size <= LEAVES; size++)
		for (old = 0; old <= size; old++) {
			merkle_root(size, read_node, NULL, &root);
			merkle_root(old, read_node, NULL, &old_root);
			assert_int_equal(merkle_prove_consistency(old, size,
					     read_node, NULL, &proof),
			    0);
			assert_int_equal(merkle_verify_consistency(old, size,
					     &proof, &old_root, &root),
			    0);
		}
}

/* Any hash changed, one more, one fewer. */
static void test_no_altered_proof_holds(void **state)
{
	struct digest old_root, root;
	struct merkle_proof proof, bad;
	uint64_t size = 45, index, i;

	(void)state;
	grow(LEAVES);
	merkle_root(size, read_node, NULL, &root);
	for (index = 0; index < size; index++) {
		merkle_prove_inclusion(index, size, read_node, NULL, &proof);
		for (i = 0; i < proof.count; i++) {
			bad = proof;
			bad.hashes[i].bytes[i % 32] ^= 1;
			assert_int_equal(merkle_verify_inclusion(&leaves[index],
					     index, size, &bad, &root),
			    FORMAT_E_MISMATCH);
		}
		bad = proof;
		bad.count--;
		assert_int_equal(merkle_verify_inclusion(
				     &leaves[index], index, size, &bad, &root),
		    FORMAT_E_MISMATCH);
		bad = proof;
		bad.hashes[bad.count++] = root;
		assert_int_equal(merkle_verify_inclusion(
				     &leaves[index], index, size, &bad, &root),
		    FORMAT_E_MISMATCH);
	}
	for (index = 1; index < size; index++) {
		merkle_root(index, read_node, NULL, &old_root);
		merkle_prove_consistency(index, size, read_node, NULL, &proof);
		for (i = 0; i < proof.count; i++) {
			bad = proof;
			bad.hashes[i].bytes[i % 32] ^= 1;
			assert_int_equal(merkle_verify_consistency(index, size,
					     &bad, &old_root, &root),
			    FORMAT_E_MISMATCH);
		}
		bad = proof;
		bad.hashes[bad.count++] = root;
		assert_int_equal(merkle_verify_consistency(
				     index, size, &bad, &old_root, &root),
		    FORMAT_E_MISMATCH);
	}
}

static void test_impossible_sizes_are_refused(void **state)
{
	struct merkle_proof proof = {.count = 0};
	struct digest root;

	(void)state;
	grow(4);
	merkle_root(4, read_node, NULL, &root);
	assert_true(merkle_prove_inclusion(4, 4, read_node, NULL, &proof) < 0);
	assert_true(
	    merkle_prove_consistency(5, 4, read_node, NULL, &proof) < 0);
	assert_int_equal(
	    merkle_verify_inclusion(&leaves[0], 4, 4, &proof, &root),
	    FORMAT_E_MISMATCH);
	assert_int_equal(merkle_verify_consistency(5, 4, &proof, &root, &root),
	    FORMAT_E_MISMATCH);
}

static void test_a_leaf_is_never_a_node(void **state)
{
	uint8_t both[64] = {0};
	struct digest left = {{0}}, right = {{0}}, leaf, node;

	(void)state;
	merkle_leaf(span_of(both, sizeof both), &leaf);
	merkle_node(&left, &right, &node);
	assert_false(equal(&leaf, &node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_published_tree_has_the_published_roots),
	    cmocka_unit_test(test_the_empty_tree_is_the_hash_of_nothing),
	    cmocka_unit_test(test_roots_are_those_of_the_naive_definition),
	    cmocka_unit_test(
		test_every_inclusion_proof_holds_and_none_for_another),
	    cmocka_unit_test(test_a_beginning_proves_what_the_whole_does),
	    cmocka_unit_test(test_every_consistency_proof_holds),
	    cmocka_unit_test(test_no_altered_proof_holds),
	    cmocka_unit_test(test_impossible_sizes_are_refused),
	    cmocka_unit_test(test_a_leaf_is_never_a_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
