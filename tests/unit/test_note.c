/*
 * Notes, checkpoints and cosignatures, with the example of the note
 * specification (C2SP signed-note; golang.org/x/mod/sumdb/note).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "proto/format/note.h"
#include "proto/format/sshsig.h"

static const char neumann[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn"
    "NIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
static const char neumann_key[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

static const uint8_t seed[32] = {1, 2, 3};
static struct sign_key key;
static struct author_id author;
static struct log_id log_name = {{9}};
static char origin[NOTE_ORIGIN_MAX];

static int make_key(void **state)
{
	uint8_t secret[64];

	(void)state;
	if (sodium_init() < 0)
		return -1;
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	sign_key_author(&key, &author);
	note_origin(&author, &log_name, origin);
	return 0;
}

static void key_of(const char *text, struct sign_key *ret_key)
{
	struct buf bytes = {0};

	assert_int_equal(base64_decode(span_text(strrchr(text, '+') + 1),
			     BASE64_STANDARD, &bytes),
	    0);
	assert_int_equal(bytes.len, 33);
	memcpy(ret_key->bytes, bytes.data + 1, 32);
	buf_free(&bytes);
}

/* A checkpoint of size 7, signed, with a cosignature of time 1700000000. */
static void build(struct buf *out)
{
	struct checkpoint checkpoint = {.size = 7, .root = {{5}}};
	struct buf text = {0}, message = {0};
	uint8_t signature[64], packed[COSIGNATURE_BYTES];
	char name[NOTE_ORIGIN_MAX];

	memcpy(checkpoint.origin, origin, sizeof origin);
	assert_int_equal(checkpoint_build(&checkpoint, &text), 0);
	assert_int_equal(note_begin(buf_span(&text), out), 0);
	note_sign(seed, buf_span(&text), signature);
	note_add_signature(
	    origin, NOTE_ALG_ED25519, &key, span_of(signature, 64), out);
	cosignature_message(1700000000, buf_span(&text), &message);
	note_sign(seed, buf_span(&message), signature);
	cosignature_pack(1700000000, signature, packed);
	note_witness_name(&author, name);
	note_add_signature(name, NOTE_ALG_COSIGNATURE, &key,
	    span_of(packed, sizeof packed), out);
	buf_free(&text);
	buf_free(&message);
}

static void test_the_specifications_example_verifies(void **state)
{
	struct sign_key peter;
	struct note note;

	(void)state;
	key_of(neumann_key, &peter);
	assert_int_equal(note_parse(span_text(neumann), &note), 0);
	assert_int_equal(note.signature_count, 1);
	assert_int_equal(note_verify(&note, "PeterNeumann", &peter), 0);
	assert_int_equal(
	    note_verify(&note, "Enoch", &peter), FORMAT_E_MISMATCH);
	note_free(&note);
}

static void test_a_verifier_key_is_written_as_the_specification_does(
    void **state)
{
	struct sign_key peter;
	struct buf text = {0};

	(void)state;
	key_of(neumann_key, &peter);
	assert_int_equal(
	    note_verifier_key("PeterNeumann", NOTE_ALG_ED25519, &peter, &text),
	    0);
	assert_true(span_equal(buf_span(&text), span_text(neumann_key)));
	buf_free(&text);
}

static void test_a_signed_checkpoint_round_trips(void **state)
{
	struct checkpoint checkpoint;
	struct buf bytes = {0};
	struct note note;
	uint64_t time;

	(void)state;
	build(&bytes);
	assert_int_equal(note_parse(buf_span(&bytes), &note), 0);
	assert_int_equal(note_verify(&note, origin, &key), 0);
	assert_int_equal(checkpoint_parse(note.text, &checkpoint), 0);
	assert_string_equal(checkpoint.origin, origin);
	assert_int_equal(checkpoint.size, 7);
	assert_int_equal(cosignature_verify(&note, &key, &time), 0);
	assert_int_equal(time, 1700000000);
	note_free(&note);
	buf_free(&bytes);
}

/* Wherever a byte is changed: the note does not parse, or one of the two
 * signatures no longer holds. */
static void test_every_flipped_bit_is_noticed(void **state)
{
	struct buf bytes = {0};
	struct note note;
	uint64_t time;
	size_t i;

	(void)state;
	build(&bytes);
	for (i = 0; i < bytes.len; i++) {
		bytes.data[i] ^= 1;
		if (note_parse(buf_span(&bytes), &note) == 0) {
			assert_true(
			    note_verify(&note, origin, &key) != 0 ||
			    cosignature_verify(&note, &key, &time) != 0);
			note_free(&note);
		}
		bytes.data[i] ^= 1;
	}
	buf_free(&bytes);
}

static void test_every_truncation_is_refused_or_lacks_a_signature(void **state)
{
	struct buf bytes = {0};
	struct note note;
	uint64_t time;
	size_t len;

	(void)state;
	build(&bytes);
	for (len = 0; len < bytes.len; len++) {
		if (note_parse(span_of(bytes.data, len), &note) != 0)
			continue;
		assert_int_not_equal(cosignature_verify(&note, &key, &time), 0);
		note_free(&note);
	}
	buf_free(&bytes);
}

static void test_a_cosignature_is_no_signature_and_the_reverse(void **state)
{
	struct buf bytes = {0};
	struct note note;
	char name[NOTE_ORIGIN_MAX];

	(void)state;
	build(&bytes);
	note_witness_name(&author, name);
	assert_int_equal(note_parse(buf_span(&bytes), &note), 0);
	assert_int_equal(note_verify(&note, name, &key), FORMAT_E_MISMATCH);
	note_free(&note);
	buf_free(&bytes);
}

static void test_malformed_checkpoints_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "o\n",
	    "o\n1\n",
	    "o\n01\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	    "o\n+1\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	    "o\n1\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	    "o\n1\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
	    "o\n1\nBQAAAAAA\n",
	    "\n1\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	    "o\n1\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n",
	    ("o\n9007199254740992\n"
	     "BQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
	    "o\r\n1\r\nBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
	};
	struct checkpoint checkpoint;
	size_t i;

	(void)state;
	assert_int_equal(
	    checkpoint_parse(
		span_text("o\n1\n"
			  "BQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
		&checkpoint),
	    0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_not_equal(
		    checkpoint_parse(span_text(bad[i]), &checkpoint), 0);
}

static void test_origins_round_trip_and_nothing_else_parses(void **state)
{
	struct author_id a;
	struct log_id l;
	char bad[NOTE_ORIGIN_MAX];

	(void)state;
	assert_int_equal(note_parse_origin(origin, &a, &l), 0);
	assert_memory_equal(a.bytes, author.bytes, 32);
	assert_memory_equal(l.bytes, log_name.bytes, 32);
	memcpy(bad, origin, sizeof bad);
	bad[0] = 'E';
	assert_int_not_equal(note_parse_origin(bad, &a, &l), 0);
	memcpy(bad, origin, sizeof bad);
	bad[strlen(bad) - 1] = 0;
	assert_int_not_equal(note_parse_origin(bad, &a, &l), 0);
}

static void test_a_note_of_many_signatures_has_a_limit(void **state)
{
	struct buf bytes = {0};
	struct note note;
	int i;

	(void)state;
	buf_append_text(&bytes, "text\n\n");
	for (i = 0; i < NOTE_SIGNATURES_MAX; i++)
		buf_append_text(&bytes, "\xe2\x80\x94 x AAAAAAAA\n");
	assert_int_equal(note_parse(buf_span(&bytes), &note), 0);
	note_free(&note);
	buf_append_text(&bytes, "\xe2\x80\x94 x AAAAAAAA\n");
	assert_int_not_equal(note_parse(buf_span(&bytes), &note), 0);
	buf_free(&bytes);
}

static void test_only_lines_of_one_name_are_copied(void **state)
{
	struct buf bytes = {0}, kept = {0};
	char name[NOTE_ORIGIN_MAX];
	struct note note, less;
	uint64_t time;

	(void)state;
	note_witness_name(&author, name);
	build(&bytes);
	assert_int_equal(note_parse(buf_span(&bytes), &note), 0);
	assert_int_equal(note.signature_count, 2);
	assert_int_equal(note_begin(note.text, &kept), 0);
	assert_int_equal(note_copy(&note, origin, &kept), 0);
	assert_int_equal(note_parse(buf_span(&kept), &less), 0);
	assert_int_equal(less.signature_count, 1);
	assert_int_equal(note_verify(&less, origin, &key), 0);
	assert_int_equal(
	    cosignature_verify(&less, &key, &time), FORMAT_E_MISMATCH);
	note_free(&less);
	assert_int_equal(note_copy(&note, name, &kept), 0);
	assert_true(span_equal(buf_span(&kept), buf_span(&bytes)));
	note_free(&note);
	buf_free(&bytes);
	buf_free(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_specifications_example_verifies),
	    cmocka_unit_test(
		test_a_verifier_key_is_written_as_the_specification_does),
	    cmocka_unit_test(test_a_signed_checkpoint_round_trips),
	    cmocka_unit_test(test_every_flipped_bit_is_noticed),
	    cmocka_unit_test(
		test_every_truncation_is_refused_or_lacks_a_signature),
	    cmocka_unit_test(
		test_a_cosignature_is_no_signature_and_the_reverse),
	    cmocka_unit_test(test_malformed_checkpoints_are_refused),
	    cmocka_unit_test(test_origins_round_trip_and_nothing_else_parses),
	    cmocka_unit_test(test_a_note_of_many_signatures_has_a_limit),
	    cmocka_unit_test(test_only_lines_of_one_name_are_copied),
	};

	return cmocka_run_group_tests(tests, make_key, NULL);
}
