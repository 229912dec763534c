/*
 * SHA-256 by the examples of FIPS 180-4, HMAC by RFC 4231, HKDF by RFC 5869
 * (appendix A).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/hash.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void assert_hex(const void *data, size_t len, const char *expected)
{
	char text[2 * 128 + 1];

	assert_true(len <= 128);
	hex_encode(data, len, text);
	assert_string_equal(text, expected);
}

/* ${len} bytes that count up from ${first}. */
static void count_up(uint8_t *out, size_t len, uint8_t first)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

static const struct {
	const char *text, *digest;
} sha256_vectors[] = {
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void test_sha256_is_that_of_fips_180_4(void **state)
{
	struct digest digest;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sha256_vectors); i++) {
		assert_int_equal(
		    hash_sha256(span_text(sha256_vectors[i].text), &digest), 0);
		assert_hex(digest.bytes, 32, sha256_vectors[i].digest);
	}
	assert_int_equal(hash_sha256(span_of(NULL, 0), &digest), 0);
	assert_hex(digest.bytes, 32, sha256_vectors[1].digest);
}

static void test_a_million_a_hash_the_same_in_pieces(void **state)
{
	_cleanup_(hasher_freep) struct hasher *hasher = NULL;
	struct digest digest;
	uint8_t piece[997];
	size_t left = 1000000, take;

	(void)state;
	memset(piece, 'a', sizeof piece);
	assert_int_equal(hasher_new(&hasher), 0);
	for (; left > 0; left -= take) {
		take = left < sizeof piece ? left : sizeof piece;
		assert_int_equal(hasher_update(hasher, piece, take), 0);
	}
	assert_int_equal(hasher_final(hasher, &digest), 0);
	assert_hex(digest.bytes, 32,
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
}

static void test_a_hasher_may_end_where_it_began(void **state)
{
	struct hasher *hasher = NULL;
	struct digest digest;

	(void)state;
	assert_int_equal(hasher_new(&hasher), 0);
	assert_int_equal(hasher_update(hasher, "", 0), 0);
	assert_int_equal(hasher_final(hasher, &digest), 0);
	assert_hex(digest.bytes, 32, sha256_vectors[1].digest);
	hasher_free(hasher);
	hasher_free(NULL);
}

static void test_hmac_is_that_of_rfc_4231(void **state)
{
	uint8_t key[131], mac[32];

	(void)state;
	memset(key, 0x0b, 20); /* case 1 */
	assert_int_equal(
	    hash_hmac_sha256(span_of(key, 20), span_text("Hi There"), mac), 0);
	assert_hex(mac, 32,
	    "b0344c61d8db38535ca8afceaf0bf12b"
	    "881dc200c9833da726e9376c2e32cff7");
	assert_int_equal(hash_hmac_sha256(span_text("Jefe"), /* case 2 */
			     span_text("what do ya want for nothing?"), mac),
	    0);
	assert_hex(mac, 32,
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 131); /* case 6: a key longer than a block */
	assert_int_equal(hash_hmac_sha256(span_of(key, 131),
			     span_text("Test Using Larger Than Block-Size Key "
				       "- Hash Key First"),
			     mac),
	    0);
	assert_hex(mac, 32,
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
}

static void test_hmac_takes_an_empty_key_and_an_empty_message(void **state)
{
	uint8_t mac[32];

	(void)state;
	assert_int_equal(
	    hash_hmac_sha256(span_of(NULL, 0), span_of(NULL, 0), mac), 0);
	assert_hex(mac, 32,
	    "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad");
}

static void test_hkdf_is_that_of_rfc_5869_case_1(void **state)
{
	uint8_t secret[22], salt[13], info[10], key[42];

	(void)state;
	memset(secret, 0x0b, sizeof secret);
	count_up(salt, sizeof salt, 0x00);
	count_up(info, sizeof info, 0xf0);
	assert_int_equal(hash_hkdf_sha256(span_of(secret, sizeof secret),
			     span_of(salt, sizeof salt),
			     span_of(info, sizeof info), key, sizeof key),
	    0);
	assert_hex(key, sizeof key,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865");
}

static void test_hkdf_is_that_of_rfc_5869_case_2(void **state)
{
	uint8_t secret[80], salt[80], info[80], key[82];

	(void)state;
	count_up(secret, sizeof secret, 0x00);
	count_up(salt, sizeof salt, 0x60);
	count_up(info, sizeof info, 0xb0);
	assert_int_equal(hash_hkdf_sha256(span_of(secret, sizeof secret),
			     span_of(salt, sizeof salt),
			     span_of(info, sizeof info), key, sizeof key),
	    0);
	assert_hex(key, sizeof key,
	    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	    "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	    "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

static void test_hkdf_is_that_of_rfc_5869_case_3(void **state)
{
	uint8_t secret[22], key[42];

	(void)state;
	memset(secret, 0x0b, sizeof secret);
	assert_int_equal(hash_hkdf_sha256(span_of(secret, sizeof secret),
			     span_of(NULL, 0), span_of("", 0), key, sizeof key),
	    0);
	assert_hex(key, sizeof key,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8");
}

static void test_hkdf_gives_1_to_8160_bytes(void **state)
{
	uint8_t *key = malloc(8161);
	struct span any = span_text("any");

	(void)state;
	assert_non_null(key);
	assert_int_equal(hash_hkdf_sha256(any, any, any, key, 0), -EINVAL);
	assert_int_equal(hash_hkdf_sha256(any, any, any, key, 8161), -EINVAL);
	assert_int_equal(hash_hkdf_sha256(any, any, any, key, 8160), 0);
	assert_int_equal(hash_hkdf_sha256(any, any, any, key, 1), 0);
	free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sha256_is_that_of_fips_180_4),
	    cmocka_unit_test(test_a_million_a_hash_the_same_in_pieces),
	    cmocka_unit_test(test_a_hasher_may_end_where_it_began),
	    cmocka_unit_test(test_hmac_is_that_of_rfc_4231),
	    cmocka_unit_test(test_hmac_takes_an_empty_key_and_an_empty_message),
	    cmocka_unit_test(test_hkdf_is_that_of_rfc_5869_case_1),
	    cmocka_unit_test(test_hkdf_is_that_of_rfc_5869_case_2),
	    cmocka_unit_test(test_hkdf_is_that_of_rfc_5869_case_3),
	    cmocka_unit_test(test_hkdf_gives_1_to_8160_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
