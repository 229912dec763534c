/*
 * The root of a tree by its recursive definition, to hold ours against.
 */
#ifndef EVIDENT_TESTS_NAIVE_TREE_H
#define EVIDENT_TESTS_NAIVE_TREE_H

#include "proto/format/hash.h"
#include "proto/format/merkle.h"

/* RFC 6962, 2.1, word by word. */
static struct digest naive_root(const struct digest *leaves, size_t count)
{
	struct digest left, right, hash;
	size_t k = 1;

	if (count == 0)
		assert_int_equal(hash_sha256(span_of("", 0), &hash), 0);
	if (count == 0)
		return hash;
	if (count == 1)
		return leaves[0];
	while (2 * k < count)
		k *= 2;
	left = naive_root(leaves, k);
	right = naive_root(leaves + k, count - k);
	assert_int_equal(merkle_node(&left, &right, &hash), 0);
	return hash;
}

#endif
