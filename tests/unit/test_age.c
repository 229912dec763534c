/*
 * age files (C2SP age.md): the header that wraps a file key, and the payload in
 * chunks. The known file is the testkit's (C2SP CCTV) `x25519`; the other files
 * of the kit, and age itself, are in tests/interop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/hash.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define SEALED_CHUNK (AGE_CHUNK_BYTES + AGE_TAG_BYTES)

#define V1 "age-encryption.org/v1\n"
#define SHARE "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"
#define BODY "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE"
#define STANZA "-> X25519 " SHARE "\n" BODY "\n"
#define MAC "WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg"
#define END "--- " MAC "\n"
#define DIGITS_64 \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char kit_header[] = V1 STANZA END;
static const char kit_identity[] =
    "AGE-SECRET-KEY-"
    "1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
static const char kit_payload[] = "eecf62c7ce91b433274e68d4f2f9134c"
				  "b74c5bfef7beaa52c8f0bc0e992c1e8331fb66";
static const uint8_t kit_file_key[] = "YELLOW SUBMARINE";

static uint8_t file_key[AGE_FILE_KEY_BYTES];
static struct age_identity one, two, stranger;
static struct age_recipient to[AGE_RECIPIENTS_MAX + 1];
static uint8_t *plain; /* three chunks of it */

static int begin(void **state)
{
	size_t i, len = 3 * AGE_CHUNK_BYTES;

	(void)state;
	plain = malloc(len);
	if (!plain || sodium_init() < 0)
		return -1;
	randombytes_buf(plain, len);
	randombytes_buf(file_key, sizeof file_key);
	age_identity_generate(&one);
	age_identity_generate(&two);
	age_identity_generate(&stranger);
	if (age_identity_recipient(&one, &to[0]) != 0 ||
	    age_identity_recipient(&two, &to[1]) != 0)
		return -1;
	for (i = 2; i < COUNT(to); i++)
		to[i] = to[i % 2];
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(plain);
	return 0;
}

static int parse_text(const char *text, struct age_header *header)
{
	return age_header_parse(span_text(text), header);
}

/* The stanza of ${header} that ${identity} opens, or -1. */
static int find_stanza(const struct age_header *header,
    const struct age_identity *identity, uint8_t *key)
{
	size_t i;

	for (i = 0; i < header->stanza_count; i++)
		if (age_stanza_unwrap(identity, &header->stanzas[i], key) == 0)
			return (int)i;
	return -1;
}

/* The header */

static void test_the_kits_file_opens(void **state)
{
	uint8_t payload[35], key[AGE_FILE_KEY_BYTES];
	struct span file = span_text(kit_header);
	struct age_header header;
	struct age_identity identity;
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    age_identity_parse(span_text(kit_identity), &identity), 0);
	assert_int_equal(age_header_parse(file, &header), 0);
	assert_int_equal(header.length, file.len);
	assert_int_equal(header.signed_length, file.len - 45);
	assert_int_equal(header.stanza_count, 1);
	assert_int_equal(
	    age_stanza_unwrap(&identity, &header.stanzas[0], key), 0);
	assert_memory_equal(key, kit_file_key, sizeof key);
	assert_int_equal(age_header_verify(file, &header, key), 0);
	assert_int_equal(
	    hex_decode(span_text(kit_payload), payload, sizeof payload), 0);
	assert_int_equal(
	    age_payload_open(key, span_of(payload, sizeof payload), &out), 0);
	assert_true(span_equal(buf_span(&out), span_text("age")));
	buf_free(&out);
}

static void test_each_recipient_unwraps_and_nobody_else(void **state)
{
	uint8_t key[AGE_FILE_KEY_BYTES];
	struct age_header header;
	struct buf out = {0};
	struct span file;

	(void)state;
	assert_int_equal(buf_append_text(&out, "before"), 0);
	assert_int_equal(age_header_build(file_key, to, 2, &out), 0);
	assert_int_equal(buf_append_text(&out, "after"), 0);
	file = span_of(out.data + 6, out.len - 6);
	assert_int_equal(age_header_parse(file, &header), 0);
	assert_int_equal(header.length, file.len - 5);
	assert_int_equal(find_stanza(&header, &one, key), 0);
	assert_memory_equal(key, file_key, sizeof key);
	assert_int_equal(find_stanza(&header, &two, key), 1);
	assert_memory_equal(key, file_key, sizeof key);
	memset(key, 7, sizeof key);
	assert_int_equal(find_stanza(&header, &stranger, key), -1);
	assert_int_equal(key[0], 7);
	assert_int_equal(age_header_verify(file, &header, file_key), 0);
	buf_free(&out);
}

static void test_a_header_has_1_to_64_recipients(void **state)
{
	struct age_header header;
	struct buf out = {0};

	(void)state;
	assert_int_equal(age_header_build(file_key, to, 0, &out), -EINVAL);
	assert_int_equal(
	    age_header_build(file_key, to, AGE_RECIPIENTS_MAX + 1, &out),
	    -EINVAL);
	assert_int_equal(out.len, 0);
	assert_int_equal(
	    age_header_build(file_key, to, AGE_RECIPIENTS_MAX, &out), 0);
	assert_int_equal(age_header_parse(buf_span(&out), &header), 0);
	assert_int_equal(header.stanza_count, AGE_RECIPIENTS_MAX);
	buf_free(&out);
}

static void test_nothing_is_wrapped_to_a_weak_key(void **state)
{
	struct age_recipient some[2] = {to[0], {{0}}};
	struct buf out = {0};

	(void)state;
	assert_int_equal(buf_append_text(&out, "before"), 0);
	assert_int_equal(
	    age_header_build(file_key, some, 2, &out), FORMAT_E_MISMATCH);
	assert_true(span_equal(buf_span(&out), span_text("before")));
	buf_free(&out);
}

static void test_a_header_over_its_limit_leaves_the_buffer_alone(void **state)
{
	struct buf out = {0};
	size_t max;
	int r;

	(void)state;
	for (max = 1; max < 200; max++) {
		out.max = max;
		r = age_header_build(file_key, to, 1, &out);
		if (r == 0)
			break;
		assert_int_equal(r, -EMSGSIZE);
		assert_int_equal(out.len, 0);
	}
	assert_int_equal(out.len, max);
	buf_free(&out);
}

static void test_two_headers_of_one_key_share_nothing(void **state)
{
	struct age_header a, b;
	struct buf first = {0}, again = {0};

	(void)state;
	assert_int_equal(age_header_build(file_key, to, 1, &first), 0);
	assert_int_equal(age_header_build(file_key, to, 1, &again), 0);
	assert_int_equal(age_header_parse(buf_span(&first), &a), 0);
	assert_int_equal(age_header_parse(buf_span(&again), &b), 0);
	assert_memory_not_equal(a.stanzas[0].share, b.stanzas[0].share, 32);
	assert_memory_not_equal(a.stanzas[0].body, b.stanzas[0].body, 32);
	assert_memory_not_equal(a.mac, b.mac, 32);
	buf_free(&first);
	buf_free(&again);
}

static void test_no_flipped_bit_of_a_header_passes(void **state)
{
	struct age_header header;
	struct buf file = {0};
	size_t bit, tried = 0;

	(void)state;
	assert_int_equal(age_header_build(file_key, to, 2, &file), 0);
	for (bit = 0; bit < 8 * file.len; bit++) {
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (age_header_parse(buf_span(&file), &header) == 0) {
			assert_int_equal(age_header_verify(buf_span(&file),
					     &header, file_key),
			    FORMAT_E_MISMATCH);
			tried++;
		}
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(tried > 100);
	assert_int_equal(age_header_parse(buf_span(&file), &header), 0);
	assert_int_equal(
	    age_header_verify(buf_span(&file), &header, file_key), 0);
	file_key[15] ^= 1;
	assert_int_equal(age_header_verify(buf_span(&file), &header, file_key),
	    FORMAT_E_MISMATCH);
	file_key[15] ^= 1;
	assert_int_equal(
	    age_header_verify(span_of(file.data, 10), &header, file_key),
	    -EINVAL);
	buf_free(&file);
}

static void test_a_header_cut_anywhere_is_malformed(void **state)
{
	struct age_header header;
	size_t len;

	(void)state;
	header.stanza_count = 77;
	for (len = 0; len < sizeof kit_header - 1; len++)
		assert_int_equal(
		    age_header_parse(span_of(kit_header, len), &header),
		    FORMAT_E_MALFORMED);
	assert_int_equal(header.stanza_count, 77);
}

static void test_another_version_is_told_from_garbage(void **state)
{
	struct age_header header;

	(void)state;
	assert_int_equal(parse_text("age-encryption.org/v2\nwhatever", &header),
	    FORMAT_E_UNKNOWN);
	assert_int_equal(
	    parse_text("age-encryption.org/v10\n" STANZA END, &header),
	    FORMAT_E_UNKNOWN);
	assert_int_equal(
	    parse_text("age-encryption.org/\n" STANZA END, &header),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text("age-encryption.org/v1\r\n" STANZA END, &header),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text("Age-encryption.org/v1\n" STANZA END, &header),
	    FORMAT_E_MALFORMED);
	assert_int_equal(parse_text("<html>\n", &header), FORMAT_E_MALFORMED);
}

static void test_stanzas_of_any_other_type_are_skipped(void **state)
{
	static const char *const others[] = {"-> a\n\n",
	    "-> ssh-ed25519 xyz abc\nAAAA\n",
	    "-> ! \"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\n\n",
	    "-> x25519 anything\nAA\n", "-> X25519x\n\n",
	    "-> long\n" DIGITS_64 "\n\n",
	    "-> long\n" DIGITS_64 "\n" DIGITS_64 "\nAA\n"};
	struct age_header header;
	struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(others); i++) {
		text.len = 0;
		assert_int_equal(buf_printf(&text, "%s%s%s%s%s", V1, others[i],
				     STANZA, others[i], END),
		    0);
		assert_int_equal(age_header_parse(buf_span(&text), &header), 0);
		assert_int_equal(header.stanza_count, 1);
		assert_int_equal(header.length, text.len);
	}
	buf_free(&text);
}

/* Each stands between the version line and a good last line. */
static const char *const bad_stanzas[] = {
    "",
    "->\n\n",
    "-> \n\n",
    "->a\n\n",
    "->  a\n\n",
    "-> a \n\n",
    "-> a  b\n\n",
    "-> a\tb\n\n",
    "-> a\x7f\n\n",
    "-> \xc3\xa9\n\n",
    "-> a\r\n\n",
    "- > a\n\n",
    "=> a\n\n",
    "\n-> a\n\n",
    " -> a\n\n",
    "-> a\n",
    "-> a\nA\n",
    "-> a\nAA==\n",
    "-> a\nAB\n",
    "-> a\nAA \n",
    "-> a\nAA\r\n",
    "-> a\nA-A_\n",
    "-> a\nAAAA\nAAAA\n",
    "-> a\n\n\n",
    "-> a\n" DIGITS_64 "\n",
    "-> a\n" DIGITS_64 "A\n\n",
    "-> a\n" DIGITS_64 "AAAA\n",
    /* What X25519 asks beyond. */
    "-> X25519\n" BODY "\n",
    "-> X25519 " SHARE " more\n" BODY "\n",
    "-> X25519 " SHARE "=\n" BODY "\n",
    "-> X25519 " SHARE "\n\n",
    "-> X25519 " SHARE "\n" BODY "=\n",
    "-> X25519 " SHARE "\n" DIGITS_64 "\n\n",
    /* 31 and 33 bytes; bits that no byte takes */
    "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" BODY "\n",
    "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" BODY "\n",
    "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n" BODY "\n",
    "-> X25519 " SHARE "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "-> X25519 " SHARE "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "-> X25519 " SHARE "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n",
    /* A good stanza redeems no other. */
    STANZA "-> a\n",
    STANZA "->\n\n",
    STANZA "-> X25519\n" BODY "\n",
    /* scrypt stands alone. */
    "-> scrypt AA 10\nAA\n" STANZA,
    STANZA "-> scrypt AA 10\nAA\n",
    "-> scrypt AA 10\nAA\n-> scrypt AA 10\nAA\n",
    "-> a\n\n-> scrypt\n\n",
};

static void test_a_stanza_of_another_grammar_is_malformed(void **state)
{
	struct age_header header;
	struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad_stanzas); i++) {
		text.len = 0;
		assert_int_equal(
		    buf_printf(&text, "%s%s%s", V1, bad_stanzas[i], END), 0);
		assert_int_equal(age_header_parse(buf_span(&text), &header),
		    FORMAT_E_MALFORMED);
	}
	assert_int_equal(age_header_parse(span_of(V1 "-> a\0b\n\n" END,
					      sizeof V1 "-> a\0b\n\n" END - 1),
			     &header),
	    FORMAT_E_MALFORMED);
	buf_free(&text);
}

static void test_scrypt_alone_is_well_formed_and_not_for_us(void **state)
{
	struct age_header header;

	(void)state;
	assert_int_equal(
	    parse_text(V1 "-> scrypt AA 10\nAA\n" END, &header), 0);
	assert_int_equal(header.stanza_count, 0);
}

static void test_a_last_line_of_another_grammar_is_malformed(void **state)
{
	static const char *const wrong[] = {"---\n", "--- \n", "---" MAC "\n",
	    "---  " MAC "\n", "--- " MAC " \n", "--- " MAC "\r\n",
	    "--- " MAC "=\n", "--- " MAC "A\n", "--- " MAC " x\n",
	    "---- " MAC "\n", "-- " MAC "\n", " --- " MAC "\n",
	    "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcN\n",
	    "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNh\n"};
	struct age_header header;
	struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		text.len = 0;
		assert_int_equal(
		    buf_printf(&text, "%s%s%s", V1, STANZA, wrong[i]), 0);
		assert_int_equal(age_header_parse(buf_span(&text), &header),
		    FORMAT_E_MALFORMED);
	}
	buf_free(&text);
}

/* A header of ${count} times ${stanza}. */
static int parse_many(const char *stanza, size_t count, size_t *ret_length)
{
	struct age_header header;
	struct buf text = {0};
	int r;

	assert_int_equal(buf_append_text(&text, V1), 0);
	while (count-- > 0)
		assert_int_equal(buf_append_text(&text, stanza), 0);
	assert_int_equal(buf_append_text(&text, END), 0);
	*ret_length = text.len;
	r = age_header_parse(buf_span(&text), &header);
	buf_free(&text);
	return r;
}

static void test_a_header_has_at_most_128_stanzas_and_64_kib(void **state)
{
	static const char wide[] =
	    "-> a\n" DIGITS_64 "\n" DIGITS_64 "\n" DIGITS_64 "\n" DIGITS_64
	    "\n" DIGITS_64 "\n" DIGITS_64 "\n" DIGITS_64 "\n" DIGITS_64 "\n\n";
	size_t length;

	(void)state;
	assert_int_equal(parse_many(STANZA, 128, &length), 0);
	assert_int_equal(parse_many(STANZA, 129, &length), FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_many("-> a\n\n", 129, &length), FORMAT_E_MALFORMED);
	assert_int_equal(parse_many(wide, 124, &length), 0);
	assert_true(length < AGE_HEADER_MAX);
	assert_int_equal(parse_many(wide, 125, &length), FORMAT_E_MALFORMED);
	assert_true(length > AGE_HEADER_MAX);
}

static void test_a_share_of_small_order_is_malformed(void **state)
{
	struct age_stanza stanza = {{0}, {0}};
	uint8_t key[AGE_FILE_KEY_BYTES] = {7};

	(void)state;
	assert_int_equal(
	    age_stanza_unwrap(&one, &stanza, key), FORMAT_E_MALFORMED);
	stanza.share[0] = 1;
	assert_int_equal(
	    age_stanza_unwrap(&one, &stanza, key), FORMAT_E_MALFORMED);
	assert_int_equal(key[0], 7);
}

/* The payload */

static void test_what_is_sealed_opens_at_every_size(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, AGE_CHUNK_BYTES - 1,
	    AGE_CHUNK_BYTES, AGE_CHUNK_BYTES + 1, 2 * AGE_CHUNK_BYTES - 1,
	    2 * AGE_CHUNK_BYTES, 2 * AGE_CHUNK_BYTES + 1, 3 * AGE_CHUNK_BYTES};
	struct buf sealed = {0}, opened = {0};
	uint64_t size;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sizes); i++) {
		sealed.len = opened.len = 0;
		assert_int_equal(age_payload_seal(file_key,
				     span_of(plain, sizes[i]), &sealed),
		    0);
		assert_int_equal(sealed.len, age_payload_size(sizes[i]));
		assert_int_equal(age_plain_size(sealed.len, &size), 0);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(
		    age_payload_open(file_key, buf_span(&sealed), &opened), 0);
		assert_true(
		    span_equal(buf_span(&opened), span_of(plain, sizes[i])));
	}
	buf_free(&sealed);
	buf_free(&opened);
}

/* Chunk ${index} as C2SP age.md defines it, by other code than age.c. */
static void assert_chunk(const struct buf *sealed, size_t index, bool last)
{
	static uint8_t out[AGE_CHUNK_BYTES];
	const uint8_t *chunk =
	    sealed->data + AGE_NONCE_BYTES + index * SEALED_CHUNK;
	size_t left = sealed->len - (size_t)(chunk - sealed->data);
	size_t len = left < SEALED_CHUNK ? left : SEALED_CHUNK;
	uint8_t key[32], nonce[12] = {0};

	nonce[10] = (uint8_t)index;
	nonce[11] = last;
	assert_int_equal(hash_hkdf_sha256(span_of(file_key, sizeof file_key),
			     span_of(sealed->data, AGE_NONCE_BYTES),
			     span_text("payload"), key, sizeof key),
	    0);
	assert_int_equal(crypto_aead_chacha20poly1305_ietf_decrypt(
			     out, NULL, NULL, chunk, len, NULL, 0, nonce, key),
	    0);
	assert_memory_equal(
	    out, plain + index * AGE_CHUNK_BYTES, len - AGE_TAG_BYTES);
}

static void test_chunks_are_those_of_the_standard(void **state)
{
	struct buf sealed = {0};

	(void)state;
	assert_int_equal(
	    age_payload_seal(
		file_key, span_of(plain, 2 * AGE_CHUNK_BYTES + 100), &sealed),
	    0);
	assert_chunk(&sealed, 0, false);
	assert_chunk(&sealed, 1, false);
	assert_chunk(&sealed, 2, true);
	buf_free(&sealed);
}

static void test_two_payloads_of_one_key_share_nothing(void **state)
{
	struct buf first = {0}, again = {0};

	(void)state;
	assert_int_equal(
	    age_payload_seal(file_key, span_of(plain, 100), &first), 0);
	assert_int_equal(
	    age_payload_seal(file_key, span_of(plain, 100), &again), 0);
	assert_memory_not_equal(first.data, again.data, AGE_NONCE_BYTES);
	assert_memory_not_equal(first.data + 16, again.data + 16, 100);
	buf_free(&first);
	buf_free(&again);
}

static void test_no_flipped_bit_or_other_key_opens(void **state)
{
	struct buf sealed = {0}, out = {0};
	size_t bit;

	(void)state;
	assert_int_equal(buf_append_text(&out, "before"), 0);
	assert_int_equal(
	    age_payload_seal(file_key, span_of(plain, 24), &sealed), 0);
	for (bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    age_payload_open(file_key, buf_span(&sealed), &out),
		    FORMAT_E_MISMATCH);
		sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(
	    age_payload_open(kit_file_key, buf_span(&sealed), &out),
	    FORMAT_E_MISMATCH);
	assert_true(span_equal(buf_span(&out), span_text("before")));
	buf_free(&sealed);
	buf_free(&out);
}

static void test_a_payload_cut_or_longer_does_not_open(void **state)
{
	static const size_t cuts[] = {0, 1, 15, 16, 17, 31, 32, 33,
	    16 + SEALED_CHUNK - 1, 16 + SEALED_CHUNK, 16 + SEALED_CHUNK + 1,
	    16 + SEALED_CHUNK + 16, 16 + SEALED_CHUNK + 17,
	    16 + 2 * SEALED_CHUNK - 1, 16 + 2 * SEALED_CHUNK + 1,
	    16 + 2 * SEALED_CHUNK + 17};
	struct buf sealed = {0}, out = {0};
	size_t i;

	(void)state;
	assert_int_equal(age_payload_seal(file_key,
			     span_of(plain, 2 * AGE_CHUNK_BYTES), &sealed),
	    0);
	assert_int_equal(buf_append(&sealed, plain, 17), 0);
	for (i = 0; i < COUNT(cuts); i++)
		assert_int_equal(age_payload_open(file_key,
				     span_of(sealed.data, cuts[i]), &out),
		    FORMAT_E_MISMATCH);
	assert_int_equal(out.len, 0);
	assert_int_equal(age_payload_open(file_key,
			     span_of(sealed.data, sealed.len - 17), &out),
	    0);
	buf_free(&sealed);
	buf_free(&out);
}

static void test_chunks_cannot_change_places(void **state)
{
	struct buf sealed = {0}, out = {0};
	uint8_t *first, *second, byte;
	size_t i;

	(void)state;
	assert_int_equal(age_payload_seal(file_key,
			     span_of(plain, 3 * AGE_CHUNK_BYTES), &sealed),
	    0);
	first = sealed.data + AGE_NONCE_BYTES;
	second = first + SEALED_CHUNK;
	for (i = 0; i < SEALED_CHUNK; i++) {
		byte = first[i];
		first[i] = second[i];
		second[i] = byte;
	}
	assert_int_equal(age_payload_open(file_key, buf_span(&sealed), &out),
	    FORMAT_E_MISMATCH);
	buf_free(&sealed);
	buf_free(&out);
}

static void test_a_sealing_stream_refuses_what_may_not_follow(void **state)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	static uint8_t out[SEALED_CHUNK + 1];
	uint8_t nonce[AGE_NONCE_BYTES];

	(void)state;
	assert_int_equal(age_stream_seal(file_key, nonce, &stream), 0);
	assert_int_equal(
	    age_stream_seal_chunk(stream, plain, 100, false, out), -EINVAL);
	assert_int_equal(
	    age_stream_seal_chunk(stream, NULL, 0, false, out), -EINVAL);
	assert_int_equal(age_stream_seal_chunk(
			     stream, plain, AGE_CHUNK_BYTES + 1, true, out),
	    -EINVAL);
	assert_int_equal(
	    age_stream_open_chunk(stream, plain, 100, true, out), -EINVAL);
	assert_int_equal(
	    age_stream_seal_chunk(stream, plain, AGE_CHUNK_BYTES, false, out),
	    0);
	assert_int_equal(
	    age_stream_seal_chunk(stream, NULL, 0, true, out), -EINVAL);
	assert_int_equal(age_stream_seal_chunk(stream, plain, 1, true, out), 0);
	assert_int_equal(
	    age_stream_seal_chunk(stream, plain, 1, true, out), -EINVAL);
}

static void test_a_chunk_that_fails_leaves_nothing_and_ends_it(void **state)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	static uint8_t out[AGE_CHUNK_BYTES], zeros[AGE_CHUNK_BYTES];
	struct buf sealed = {0};
	uint8_t *chunk;

	(void)state;
	assert_int_equal(age_payload_seal(file_key,
			     span_of(plain, AGE_CHUNK_BYTES + 1), &sealed),
	    0);
	chunk = sealed.data + AGE_NONCE_BYTES;
	assert_int_equal(age_stream_open(file_key, sealed.data, &stream), 0);
	assert_int_equal(
	    age_stream_seal_chunk(stream, plain, 1, true, out), -EINVAL);
	memset(out, 0xee, sizeof out);
	chunk[SEALED_CHUNK - 1] ^= 1;
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk, SEALED_CHUNK, false, out),
	    FORMAT_E_MISMATCH);
	assert_memory_equal(out, zeros, sizeof out);
	/* The next chunk is sound, and opens no more. */
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk + SEALED_CHUNK, 17, true, out),
	    FORMAT_E_MISMATCH);
	buf_free(&sealed);
}

static void test_a_chunk_opens_only_as_what_it_is(void **state)
{
	static uint8_t out[AGE_CHUNK_BYTES];
	struct age_stream *stream = NULL;
	struct buf sealed = {0};
	uint8_t *chunk;

	(void)state;
	assert_int_equal(age_payload_seal(file_key,
			     span_of(plain, AGE_CHUNK_BYTES + 1), &sealed),
	    0);
	chunk = sealed.data + AGE_NONCE_BYTES;
	assert_int_equal(age_stream_open(file_key, sealed.data, &stream), 0);
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk, SEALED_CHUNK, true, out),
	    FORMAT_E_MISMATCH);
	age_stream_free(stream);
	assert_int_equal(age_stream_open(file_key, sealed.data, &stream), 0);
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk + SEALED_CHUNK, 17, true, out),
	    FORMAT_E_MISMATCH);
	age_stream_free(stream);
	assert_int_equal(age_stream_open(file_key, sealed.data, &stream), 0);
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk, SEALED_CHUNK, false, out), 0);
	assert_memory_equal(out, plain, AGE_CHUNK_BYTES);
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk + SEALED_CHUNK, 17, true, out),
	    0);
	assert_int_equal(out[0], plain[AGE_CHUNK_BYTES]);
	assert_int_equal(
	    age_stream_open_chunk(stream, chunk + SEALED_CHUNK, 17, true, out),
	    FORMAT_E_MISMATCH);
	age_stream_free(stream);
	age_stream_free(NULL);
	buf_free(&sealed);
}

static void test_a_size_that_no_payload_has_is_malformed(void **state)
{
	static const uint64_t wrong[] = {0, 16, 31, 16 + SEALED_CHUNK + 1,
	    16 + SEALED_CHUNK + 15, 16 + SEALED_CHUNK + 16,
	    16 + 2 * (uint64_t)SEALED_CHUNK + 16, UINT64_C(1) << 53,
	    UINT64_MAX - 15, UINT64_MAX};
	uint64_t size = 7;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(
		    age_plain_size(wrong[i], &size), FORMAT_E_MALFORMED);
	assert_int_equal(
	    age_plain_size(age_payload_size(FORMAT_INTEGER_MAX), &size),
	    FORMAT_E_MALFORMED);
	assert_int_equal(size, 7);
	assert_int_equal(age_plain_size(32, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(age_plain_size(16 + SEALED_CHUNK, &size), 0);
	assert_int_equal(size, AGE_CHUNK_BYTES);
	assert_int_equal(age_plain_size(16 + SEALED_CHUNK + 17, &size), 0);
	assert_int_equal(size, AGE_CHUNK_BYTES + 1);
	assert_int_equal(age_payload_size(UINT64_C(1) << 40),
	    16 + (UINT64_C(1) << 24) * SEALED_CHUNK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_kits_file_opens),
	    cmocka_unit_test(test_each_recipient_unwraps_and_nobody_else),
	    cmocka_unit_test(test_a_header_has_1_to_64_recipients),
	    cmocka_unit_test(test_nothing_is_wrapped_to_a_weak_key),
	    cmocka_unit_test(
		test_a_header_over_its_limit_leaves_the_buffer_alone),
	    cmocka_unit_test(test_two_headers_of_one_key_share_nothing),
	    cmocka_unit_test(test_no_flipped_bit_of_a_header_passes),
	    cmocka_unit_test(test_a_header_cut_anywhere_is_malformed),
	    cmocka_unit_test(test_another_version_is_told_from_garbage),
	    cmocka_unit_test(test_stanzas_of_any_other_type_are_skipped),
	    cmocka_unit_test(test_a_stanza_of_another_grammar_is_malformed),
	    cmocka_unit_test(test_scrypt_alone_is_well_formed_and_not_for_us),
	    cmocka_unit_test(test_a_last_line_of_another_grammar_is_malformed),
	    cmocka_unit_test(test_a_header_has_at_most_128_stanzas_and_64_kib),
	    cmocka_unit_test(test_a_share_of_small_order_is_malformed),
	    cmocka_unit_test(test_what_is_sealed_opens_at_every_size),
	    cmocka_unit_test(test_chunks_are_those_of_the_standard),
	    cmocka_unit_test(test_two_payloads_of_one_key_share_nothing),
	    cmocka_unit_test(test_no_flipped_bit_or_other_key_opens),
	    cmocka_unit_test(test_a_payload_cut_or_longer_does_not_open),
	    cmocka_unit_test(test_chunks_cannot_change_places),
	    cmocka_unit_test(test_a_sealing_stream_refuses_what_may_not_follow),
	    cmocka_unit_test(
		test_a_chunk_that_fails_leaves_nothing_and_ends_it),
	    cmocka_unit_test(test_a_chunk_opens_only_as_what_it_is),
	    cmocka_unit_test(test_a_size_that_no_payload_has_is_malformed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
