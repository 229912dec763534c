/*
 * Proof files (C2SP tlog-proof): built, parsed, verified, and nothing else
 * taken.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "proto/format/proof.h"
#include "proto/format/sshsig.h"

static const uint8_t seed[32] = {7};
static struct sign_key key;
static struct digest leaves[2], root;
static char origin[NOTE_ORIGIN_MAX];
static struct buf note, file;

/* A log of two leaves, its signed checkpoint, the proof of leaf 1. */
static int build(void **state)
{
	struct checkpoint checkpoint = {.size = 2};
	struct proof proof = {.index = 1, .inclusion = {.count = 1}};
	struct log_id log = {{3}};
	struct author_id author;
	struct buf text = {0};
	uint8_t secret[64], signature[64];

	(void)state;
	if (sodium_init() < 0)
		return -1;
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	sign_key_author(&key, &author);
	note_origin(&author, &log, origin);
	merkle_leaf(span_text("a"), &leaves[0]);
	merkle_leaf(span_text("b"), &leaves[1]);
	merkle_node(&leaves[0], &leaves[1], &root);
	memcpy(checkpoint.origin, origin, sizeof origin);
	checkpoint.root = root;
	checkpoint_build(&checkpoint, &text);
	note_sign(seed, buf_span(&text), signature);
	note_begin(buf_span(&text), &note);
	note_add_signature(
	    origin, NOTE_ALG_ED25519, &key, span_of(signature, 64), &note);
	buf_free(&text);
	proof.inclusion.hashes[0] = leaves[0];
	proof.checkpoint = buf_span(&note);
	return proof_build(&proof, &file);
}

static int clean(void **state)
{
	(void)state;
	buf_free(&note);
	buf_free(&file);
	return 0;
}

static int verify(struct span bytes, const struct digest *leaf)
{
	struct proof proof;
	int r = proof_parse(bytes, &proof);

	return r == 0 ? proof_verify(&proof, leaf, origin, &key) : r;
}

static void test_a_proof_holds_for_its_leaf_and_no_other(void **state)
{
	(void)state;
	assert_int_equal(verify(buf_span(&file), &leaves[1]), 0);
	assert_int_equal(
	    verify(buf_span(&file), &leaves[0]), FORMAT_E_MISMATCH);
}

static void test_another_origin_or_key_is_refused(void **state)
{
	struct sign_key other = key;
	struct proof proof;
	char wrong[NOTE_ORIGIN_MAX];

	(void)state;
	assert_int_equal(proof_parse(buf_span(&file), &proof), 0);
	memcpy(wrong, origin, sizeof wrong);
	wrong[20] = wrong[20] == 'a' ? 'b' : 'a';
	assert_int_equal(
	    proof_verify(&proof, &leaves[1], wrong, &key), FORMAT_E_MISMATCH);
	other.bytes[0] ^= 1;
	assert_int_equal(proof_verify(&proof, &leaves[1], origin, &other),
	    FORMAT_E_MISMATCH);
}

static void test_no_flipped_bit_holds(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < file.len; i++) {
		file.data[i] ^= 1;
		assert_int_not_equal(verify(buf_span(&file), &leaves[1]), 0);
		file.data[i] ^= 1;
	}
}

static void test_no_truncation_holds(void **state)
{
	size_t len;

	(void)state;
	for (len = 0; len < file.len; len++)
		assert_int_not_equal(
		    verify(span_of(file.data, len), &leaves[1]), 0);
}

static void test_an_extra_line_is_refused(void **state)
{
	static const char head[] = "c2sp.org/tlog-proof@v1\n";
	struct buf with = {0};
	struct proof proof;

	(void)state;
	buf_append_text(&with, head);
	buf_append_text(&with, "extra aGVsbG8=\n");
	buf_append(&with, file.data + strlen(head), file.len - strlen(head));
	assert_int_equal(
	    proof_parse(buf_span(&with), &proof), FORMAT_E_MALFORMED);
	buf_free(&with);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_proof_holds_for_its_leaf_and_no_other),
	    cmocka_unit_test(test_another_origin_or_key_is_refused),
	    cmocka_unit_test(test_no_flipped_bit_holds),
	    cmocka_unit_test(test_no_truncation_holds),
	    cmocka_unit_test(test_an_extra_line_is_refused),
	};

	return cmocka_run_group_tests(tests, build, clean);
}
