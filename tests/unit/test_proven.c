/*
 * Single entries with their proof, as a partner sends what was shared: every
 * part must fit every other, or nothing is taken.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sync_proven.h"
#include "proto/format/hash.h"
#include "proto/format/sshsig.h"

#define PAYLOAD 4128

static const uint8_t seed[32] = {5}, other_seed[32] = {6};
static struct sign_key key, other_key;
static struct entry *entry;
static struct sync_proven *found;
static struct wire_sync_proven message;
static struct buf entry_bytes, envelope, proof_bytes;
static uint8_t payload[PAYLOAD];

/* A checkpoint over ${size} leaves with ${root}, of ${entry}'s log. */
static void build_note(
    const struct digest *root, const uint8_t *signer, struct buf *out)
{
	struct checkpoint checkpoint = {.size = 2, .root = *root};
	struct author_id author;
	uint8_t signature[64];
	struct buf text = {0};

	sign_key_author(&key, &author);
	note_origin(&author, &entry->log, checkpoint.origin);
	assert_int_equal(checkpoint_build(&checkpoint, &text), 0);
	assert_int_equal(note_sign(signer, buf_span(&text), signature), 0);
	assert_int_equal(note_begin(buf_span(&text), out), 0);
	assert_int_equal(note_add_signature(checkpoint.origin, NOTE_ALG_ED25519,
			     &key, span_of(signature, sizeof signature), out),
	    0);
	buf_free(&text);
}

/* The proof that the entry stands at ${index} of two, signed by ${signer}. */
static void build_proof(uint64_t index, const uint8_t *signer)
{
	struct proof proof = {.index = index, .inclusion = {.count = 1}};
	struct digest leaf, neighbour, root;
	struct buf note = {0};

	merkle_leaf(buf_span(&entry_bytes), &leaf);
	merkle_leaf(span_text("neighbour"), &neighbour);
	merkle_node(&neighbour, &leaf, &root);
	proof.inclusion.hashes[0] = neighbour;
	build_note(&root, signer, &note);
	proof.checkpoint = buf_span(&note);
	buf_free(&proof_bytes);
	assert_int_equal(proof_build(&proof, &proof_bytes), 0);
	message.proof = buf_span(&proof_bytes);
	buf_free(&note);
}

static void build_entry(void)
{
	buf_free(&entry_bytes);
	assert_int_equal(entry_build(entry, &entry_bytes), 0);
	message.entry = buf_span(&entry_bytes);
}

static void build_envelope(size_t headers)
{
	uint8_t file_key[AGE_FILE_KEY_BYTES] = {1};
	struct age_identity reader;
	struct age_recipient recipient;

	age_identity_generate(&reader);
	age_identity_recipient(&reader, &recipient);
	buf_free(&envelope);
	while (headers-- > 0)
		assert_int_equal(
		    age_header_build(file_key, &recipient, 1, &envelope), 0);
	message.envelope = buf_span(&envelope);
}

static int begin(void **state)
{
	uint8_t secret[64];

	(void)state;
	if (sodium_init() < 0)
		return -1;
	entry = calloc(1, sizeof *entry);
	found = calloc(1, sizeof *found);
	if (!entry || !found)
		return -1;
	memset(&message, 0, sizeof message);
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	crypto_sign_seed_keypair(other_key.bytes, secret, other_seed);
	sign_key_author(&key, &entry->author);
	memset(entry->log.bytes, 3, sizeof entry->log.bytes);
	entry->index = 1;
	entry->content.size = PAYLOAD;
	hash_sha256(span_of(payload, PAYLOAD), &entry->content.payload);
	message.author = key;
	message.payload = span_of(payload, PAYLOAD);
	build_entry();
	build_envelope(1);
	build_proof(1, seed);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(entry);
	free(found);
	buf_free(&entry_bytes);
	buf_free(&envelope);
	buf_free(&proof_bytes);
	return 0;
}

static int check(void)
{
	return sync_check_proven(&message, found);
}

static void test_what_fits_is_taken_and_says_where_it_stands(void **state)
{
	struct entry_id id;

	(void)state;
	assert_int_equal(check(), 0);
	entry_id_of(message.entry, &id);
	assert_memory_equal(found->id.bytes, id.bytes, 32);
	assert_memory_equal(found->author.bytes, entry->author.bytes, 32);
	assert_int_equal(found->entry.index, 1);
	assert_int_equal(found->checkpoint.size, 2);
}

static void test_another_authors_key_is_refused(void **state)
{
	(void)state;
	message.author = other_key;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	memset(message.author.bytes, 0, 32);
	assert_true(check() > 0);
}

static void test_a_checkpoint_the_author_did_not_sign_is_refused(void **state)
{
	(void)state;
	build_proof(1, other_seed);
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void test_a_proof_of_another_place_is_refused(void **state)
{
	(void)state;
	build_proof(0, seed);
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	entry->index = 0;
	build_entry();
	build_proof(1, seed);
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void test_an_entry_the_proof_does_not_cover_is_refused(void **state)
{
	(void)state;
	entry->fields.bytes[0] ^= 1;
	build_entry();
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void test_a_proof_of_another_log_is_refused(void **state)
{
	(void)state;
	entry->log.bytes[31] ^= 1;
	build_entry();
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void test_another_payload_is_refused(void **state)
{
	(void)state;
	payload[0] ^= 1;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
	payload[0] ^= 1;
	message.payload.len--;
	assert_int_equal(check(), FORMAT_E_MISMATCH);
}

static void test_an_envelope_with_too_few_or_many_headers_is_refused(
    void **state)
{
	(void)state;
	build_envelope(2);
	assert_int_equal(check(), FORMAT_E_MALFORMED);
	build_envelope(0);
	assert_int_equal(check(), FORMAT_E_MALFORMED);
	build_envelope(1);
	message.envelope.len--;
	assert_int_equal(check(), FORMAT_E_MALFORMED);
}

static void test_an_entry_of_a_later_version_is_told_apart(void **state)
{
	struct buf later = {0};

	(void)state;
	buf_append_span(&later, message.entry);
	later.data[15] = '2';
	message.entry = buf_span(&later);
	assert_int_equal(check(), FORMAT_E_UNKNOWN);
	buf_free(&later);
}

static void test_any_flipped_byte_of_entry_or_proof_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < entry_bytes.len; i++) {
		entry_bytes.data[i] ^= 1;
		assert_true(check() > 0);
		entry_bytes.data[i] ^= 1;
	}
	for (i = 0; i < proof_bytes.len; i++) {
		proof_bytes.data[i] ^= 1;
		assert_true(check() > 0);
		proof_bytes.data[i] ^= 1;
	}
	assert_int_equal(check(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, begin, end)
	const struct CMUnitTest tests[] = {
	    T(what_fits_is_taken_and_says_where_it_stands),
	    T(another_authors_key_is_refused),
	    T(a_checkpoint_the_author_did_not_sign_is_refused),
	    T(a_proof_of_another_place_is_refused),
	    T(an_entry_the_proof_does_not_cover_is_refused),
	    T(a_proof_of_another_log_is_refused),
	    T(another_payload_is_refused),
	    T(an_envelope_with_too_few_or_many_headers_is_refused),
	    T(an_entry_of_a_later_version_is_told_apart),
	    T(any_flipped_byte_of_entry_or_proof_is_refused),
	};

	return cmocka_run_group_tests_name("proven", tests, NULL, NULL);
}
