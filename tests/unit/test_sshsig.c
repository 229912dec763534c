/*
 * Keys and signatures as OpenSSH writes them. That ssh-keygen agrees is tried
 * in tests/interop; here are the standards' vectors and everything refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/sshsig.h"

#define NAME SSHSIG_NAMESPACE_ENTRY

/* RFC 8032, 7.1, TEST 1 to 3. */
static const struct {
	const char *seed, *public, *message, *signature;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8"
	"821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	"72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085a"
	"c1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	"af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff"
	"9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

/* What ssh-keygen 9.2 -Y sign -n evident-entry-v1 writes for "hello" and LF
 * under the key of TEST 1. */
static const char golden[] =
    "-----BEGIN SSH SIGNATURE-----\n"
    "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg11qYAYKxCrfVS/7TyWQHOg7hcv\n"
    "PapiMlrwIaaPcHURoAAAAQZXZpZGVudC1lbnRyeS12MQAAAAAAAAAGc2hhNTEyAAAAUwAA\n"
    "AAtzc2gtZWQyNTUxOQAAAEBCx8WUq87dpAWcsyUiIHkxbK2/thEG7dzUUN/FswE3MCtlT8\n"
    "4bK3oPwBNtliUkqhl7dn8ufeYlH3GI88w30HUA\n"
    "-----END SSH SIGNATURE-----\n";
static const char golden_key[] =
    "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
static const char golden_author[] =
    "6db5e9b8a1bace1cdd9a7c6adb9e9396acc5073465d9fe8e3a0ef6d9c60d6d4f";
/* A point of order eight, and TEST 1's key with it added. */
static const char torsion[] =
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";

static uint8_t seed[32];
static struct sign_key key;

static void from_hex(const char *text, void *out)
{
	assert_int_equal(hex_decode(span_text(text), out, strlen(text) / 2), 0);
}

static int make_key(void **state)
{
	(void)state;
	if (sodium_init() < 0)
		return -1;
	from_hex(rfc8032[0].seed, seed);
	from_hex(rfc8032[0].public, key.bytes);
	return 0;
}

static struct sign_key key_of(const char *text)
{
	struct sign_key result;

	from_hex(text, result.bytes);
	return result;
}

static void the_primitive_agrees_with_rfc_8032(void **state)
{
	uint8_t secret[64], public[32], one[32], want[64], got[64], text[2];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof rfc8032 / sizeof *rfc8032; i++) {
		from_hex(rfc8032[i].seed, one);
		from_hex(rfc8032[i].signature, want);
		from_hex(rfc8032[i].message, text);
		len = strlen(rfc8032[i].message) / 2;
		crypto_sign_seed_keypair(public, secret, one);
		crypto_sign_detached(got, NULL, text, len, secret);
		assert_memory_equal(got, want, sizeof want);
		assert_int_equal(
		    crypto_sign_verify_detached(want, text, len, public), 0);
	}
}

static void each_seed_signs_for_its_public_key_only(void **state)
{
	struct span message = span_text("said");
	uint8_t one[32], signature[64];
	struct sign_key other;
	size_t i, k;

	(void)state;
	for (i = 0; i < 3; i++) {
		from_hex(rfc8032[i].seed, one);
		assert_int_equal(sshsig_sign(one, NAME, message, signature), 0);
		for (k = 0; k < 3; k++) {
			other = key_of(rfc8032[k].public);
			assert_int_equal(sign_key_check(&other), 0);
			assert_int_equal(
			    sshsig_verify(&other, NAME, message, signature),
			    i == k ? 0 : FORMAT_E_MISMATCH);
		}
	}
}

static void the_signed_bytes_are_those_of_protocol_sshsig(void **state)
{
	/* SHA-512("abc"), FIPS 180-2 C.1. */
	static const char want[] =
	    "535348534947000000046e616d6500000000000000067368613531320000"
	    "0040ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee6"
	    "4b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9a"
	    "c94fa54ca49f";
	char got[sizeof want];
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    sshsig_signed_bytes("name", span_text("abc"), &out), 0);
	assert_int_equal(out.len, sizeof want / 2);
	hex_encode(out.data, out.len, got);
	assert_string_equal(got, want);
	buf_free(&out);
}

static void a_signature_is_armoured_as_ssh_keygen_does(void **state)
{
	uint8_t signature[64];
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    sshsig_sign(seed, NAME, span_text("hello\n"), signature), 0);
	assert_int_equal(sshsig_armour(&key, NAME, signature, &out), 0);
	assert_true(span_equal(buf_span(&out), span_text(golden)));
	buf_free(&out);
}

static void an_armour_gives_key_and_signature_back(void **state)
{
	struct sign_key found;
	uint8_t signature[64];

	(void)state;
	assert_int_equal(
	    sshsig_dearmour(span_text(golden), NAME, &found, signature), 0);
	assert_memory_equal(found.bytes, key.bytes, 32);
	assert_int_equal(
	    sshsig_verify(&found, NAME, span_text("hello\n"), signature), 0);
}

static void a_signature_holds_for_its_namespace_only(void **state)
{
	struct sign_key found;
	uint8_t signature[64];

	(void)state;
	assert_int_equal(
	    sshsig_dearmour(span_text(golden), NAME, &found, signature), 0);
	assert_int_equal(sshsig_verify(&key, SSHSIG_NAMESPACE_CARD,
			     span_text("hello\n"), signature),
	    FORMAT_E_MISMATCH);
	assert_int_equal(sshsig_dearmour(span_text(golden),
			     SSHSIG_NAMESPACE_CARD, &found, signature),
	    FORMAT_E_MALFORMED);
}

static void every_flipped_bit_of_a_signature_is_refused(void **state)
{
	uint8_t signature[64];
	size_t i;

	(void)state;
	assert_int_equal(sshsig_sign(seed, NAME, span_text("m"), signature), 0);
	for (i = 0; i < 512; i++) {
		signature[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(
		    sshsig_verify(&key, NAME, span_text("m"), signature),
		    FORMAT_E_MISMATCH);
		signature[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(
	    sshsig_verify(&key, NAME, span_text("m"), signature), 0);
}

static void a_signature_with_the_order_added_to_s_is_refused(void **state)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
	    0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};
	uint8_t signature[64];

	(void)state;
	assert_int_equal(sshsig_sign(seed, NAME, span_text("m"), signature), 0);
	sodium_add(signature + 32, order, sizeof order);
	assert_int_equal(sshsig_verify(&key, NAME, span_text("m"), signature),
	    FORMAT_E_MISMATCH);
}

/* Sign by hand, with ${extra} (if any) added to R. */
static void sign_with_torsion(const uint8_t *extra, uint8_t *ret_signature)
{
	uint8_t wide[64], secret[32], nonce[32], hash[32], product[32];
	crypto_hash_sha512_state state;
	struct buf bytes = {0};

	assert_int_equal(sshsig_signed_bytes(NAME, span_text("m"), &bytes), 0);
	crypto_hash_sha512(wide, seed, sizeof seed);
	wide[0] &= 248;
	wide[31] = (uint8_t)((wide[31] & 63) | 64);
	memset(wide + 32, 0, 32);
	crypto_core_ed25519_scalar_reduce(secret, wide);
	crypto_core_ed25519_scalar_random(nonce);
	assert_int_equal(
	    crypto_scalarmult_ed25519_base_noclamp(ret_signature, nonce), 0);
	if (extra)
		assert_int_equal(crypto_core_ed25519_add(
				     ret_signature, ret_signature, extra),
		    0);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, ret_signature, 32);
	crypto_hash_sha512_update(&state, key.bytes, 32);
	crypto_hash_sha512_update(&state, bytes.data, bytes.len);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(hash, wide);
	crypto_core_ed25519_scalar_mul(product, hash, secret);
	crypto_core_ed25519_scalar_add(ret_signature + 32, nonce, product);
	buf_free(&bytes);
}

static void the_equation_is_checked_without_cofactor(void **state)
{
	uint8_t signature[64], extra[32];

	(void)state;
	from_hex(torsion, extra);
	sign_with_torsion(NULL, signature);
	assert_int_equal(
	    sshsig_verify(&key, NAME, span_text("m"), signature), 0);
	sign_with_torsion(extra, signature);
	assert_int_equal(sshsig_verify(&key, NAME, span_text("m"), signature),
	    FORMAT_E_MISMATCH);
}

static void keys_that_are_unsafe_are_refused(void **state)
{
	/* The eight points of small order, with other spellings; points of
	 * TEST 1's key plus each of them; y of p + 1, p + 3 and 2^255 - 1;
	 * a y that is on no point of the curve. */
	static const char *const unsafe[] = {
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000080",
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0000000000000000000000000000000000000000000000000000000000000080",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	    "9158312a9a8d6e3b34c891d6d61444f8b8211c5117ebad15bdb0bd68b07e0245",
	    "ad38a8f0b22ab7ca46ecee7bbef12b5f336c182652fac34392f859dbd9666a7d",
	    "3b5b475c4b82dd1572799fc546f4c6c03e478c6654aa4c7f945b347ea32af60d",
	    "16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5",
	    "5ca7ced5657291c4cb376e2929ebbb0747dee3aee81452ea424f42974f81fdba",
	    "40c7570f4dd54835b9131184410ed4a0cc93e7d9ad053cbc6d07a62426999582",
	    "b2a4b8a3b47d22ea8d86603ab90b393fc1b87399ab55b3806ba4cb815cd509f2",
	    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	    "0200000000000000000000000000000000000000000000000000000000000000",
	};
	struct sign_key bad;
	struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
		bad = key_of(unsafe[i]);
		assert_int_equal(sign_key_check(&bad), FORMAT_E_MISMATCH);
		assert_int_equal(sign_key_format(&bad, &text), 0);
		assert_int_equal(
		    sign_key_parse(buf_span(&text), &bad), FORMAT_E_MISMATCH);
		buf_free(&text);
	}
}

static void a_key_of_small_order_verifies_nothing(void **state)
{
	struct sign_key identity = {{1}};
	uint8_t signature[64] = {1};

	(void)state;
	assert_int_equal(
	    sshsig_verify(&identity, NAME, span_text("any"), signature),
	    FORMAT_E_MISMATCH);
}

static void a_key_is_written_as_ssh_writes_it(void **state)
{
	struct author_id author;
	struct sign_key found;
	struct buf text = {0};
	char hex[65];

	(void)state;
	assert_int_equal(sign_key_format(&key, &text), 0);
	assert_true(span_equal(buf_span(&text), span_text(golden_key)));
	assert_int_equal(sign_key_parse(buf_span(&text), &found), 0);
	assert_memory_equal(found.bytes, key.bytes, 32);
	sign_key_author(&key, &author);
	hex_encode(author.bytes, 32, hex);
	assert_string_equal(hex, golden_author);
	buf_free(&text);
}

static void every_truncation_and_addition_to_a_key_is_refused(void **state)
{
	static const char *const after[] = {" ", "\n", "A", "=", " comment"};
	struct sign_key found;
	struct buf text = {0};
	size_t i;

	(void)state;
	for (i = 0; i < strlen(golden_key); i++)
		assert_int_equal(sign_key_parse(span_of(golden_key, i), &found),
		    FORMAT_E_MALFORMED);
	for (i = 0; i < sizeof after / sizeof *after; i++) {
		assert_int_equal(
		    buf_printf(&text, "%s%s", golden_key, after[i]), 0);
		assert_int_equal(sign_key_parse(buf_span(&text), &found),
		    FORMAT_E_MALFORMED);
		buf_free(&text);
	}
	assert_int_equal(sign_key_parse(span_text("ssh-rsa AAAA"), &found),
	    FORMAT_E_MALFORMED);
}

static void every_flipped_byte_of_a_key_is_another_key_or_refused(void **state)
{
	uint8_t text[sizeof golden_key];
	struct sign_key found;
	size_t i;

	(void)state;
	for (i = 0; i < strlen(golden_key); i++) {
		memcpy(text, golden_key, sizeof text);
		text[i] ^= 1;
		if (sign_key_parse(span_of(text, strlen(golden_key)), &found) ==
		    0)
			assert_memory_not_equal(found.bytes, key.bytes, 32);
	}
}

static void every_truncated_armour_is_refused(void **state)
{
	struct sign_key found;
	uint8_t signature[64];
	size_t i;

	(void)state;
	for (i = 0; i < strlen(golden); i++)
		assert_int_equal(sshsig_dearmour(span_of(golden, i), NAME,
				     &found, signature),
		    FORMAT_E_MALFORMED);
}

static void every_flipped_byte_of_an_armour_is_refused(void **state)
{
	uint8_t text[sizeof golden], signature[64];
	struct sign_key found;
	size_t i;

	(void)state;
	for (i = 0; i < strlen(golden); i++) {
		memcpy(text, golden, sizeof text);
		text[i] ^= 1;
		assert_true(sshsig_dearmour(span_of(text, strlen(golden)), NAME,
				&found, signature) != 0 ||
			    sshsig_verify(&found, NAME, span_text("hello\n"),
				signature) != 0);
	}
}

/* Replace the first ${from} of the golden armour and expect a refusal. */
static void expect_refused(const char *from, const char *to)
{
	const char *at = strstr(golden, from);
	struct sign_key found;
	uint8_t signature[64];
	struct buf text = {0};

	assert_non_null(at);
	assert_int_equal(buf_append(&text, golden, (size_t)(at - golden)), 0);
	assert_int_equal(buf_printf(&text, "%s%s", to, at + strlen(from)), 0);
	assert_int_equal(
	    sshsig_dearmour(buf_span(&text), NAME, &found, signature),
	    FORMAT_E_MALFORMED);
	buf_free(&text);
}

static void an_armour_has_one_spelling(void **state)
{
	(void)state;
	expect_refused("\n", "\r\n");
	expect_refused("hcv\n", "hcv");
	expect_refused("hcv\nPa", "hc\nvPa");
	expect_refused("hcv\n", "hcv \n");
	expect_refused("-----BEGIN", "\n-----BEGIN");
	expect_refused("-----BEGIN", "-----begin");
	expect_refused("SIGNATURE-----\nU1", "SIGNATURE-----\n\nU1");
	expect_refused("\n-----END", "==\n-----END");
	expect_refused(
	    "-----END SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n\n");
	/* sha512 to sha256, and version 1 to 2 */
	expect_refused("Gc2hhNTEy", "Gc2hhMjU2");
	expect_refused("U1NIU0lHAAAAAQ", "U1NIU0lHAAAAAg");
}

static void an_armour_of_another_key_type_or_huge_is_refused(void **state)
{
	struct sign_key found, small = {{1}};
	uint8_t signature[64] = {0};
	struct buf text = {0};
	uint8_t *room;

	(void)state;
	assert_int_equal(sshsig_armour(&small, NAME, signature, &text), 0);
	assert_int_equal(
	    sshsig_dearmour(buf_span(&text), NAME, &found, signature),
	    FORMAT_E_MISMATCH);
	assert_int_equal(buf_reserve(&text, 1 << 20, &room), 0);
	memset(room, 'A', 1 << 20);
	assert_int_equal(
	    sshsig_dearmour(span_of(room, 1 << 20), NAME, &found, signature),
	    FORMAT_E_MALFORMED);
	buf_free(&text);
}

struct seen {
	size_t count;
	char principal[80];
	int answer;
};

static int see(
    void *context, const struct sign_key *found, struct span principal)
{
	struct seen *seen = context;

	assert_memory_equal(found->bytes, key_of(rfc8032[0].public).bytes, 32);
	assert_true(principal.len < sizeof seen->principal);
	memcpy(seen->principal, principal.data, principal.len);
	seen->principal[principal.len] = 0;
	seen->count++;
	return seen->answer;
}

static int read_signers(const char *text, struct seen *seen)
{
	memset(seen, 0, sizeof *seen);
	return sshsig_read_signers(span_text(text), NAME, see, seen);
}

static void our_allowed_signers_line_names_author_and_namespaces(void **state)
{
	struct buf line = {0};
	struct seen seen;

	(void)state;
	key = key_of(rfc8032[0].public);
	assert_int_equal(sshsig_allowed_signer(&key, &line), 0);
	assert_int_equal(buf_append(&line, "", 1), 0);
	assert_memory_equal(line.data, golden_author, 64);
	assert_string_equal((char *)line.data + 64,
	    " namespaces=\"evident-entry-v1,evident-card-v1,"
	    "evident-enrolment-v1,evident-bundle-v1\" ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIN"
	    "damAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n");
	assert_int_equal(read_signers((char *)line.data, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.principal, golden_author);
	buf_free(&line);
}

#define KEY \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYj" \
	"Ja8CGmj3B1Ea"
#define SMALL \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAA"
#define RSA "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ"

static void lines_that_count_are_read_and_others_passed_over(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} lines[] = {
	    {"", 0},
	    {"\n \n\t\n\r\n# a " KEY "\n  # a\n", 0},
	    {"a " KEY, 1},
	    {"a " KEY "\r\nb " KEY " comment\nc\t" KEY "\n", 3},
	    {"a namespaces=\"evident-entry-v1\" " KEY "\n", 1},
	    {"a namespaces=\"file,evident-*\" " KEY "\n", 1},
	    {"a namespaces=\"*-v?\" " KEY "\n", 1},
	    {"a namespaces=\"evident-*-v2\" " KEY "\n", 0},
	    {"a namespaces=\"*,!evident-entry-v1\" " KEY "\n", 0},
	    {"a namespaces=\"evident-entry-v11\" " KEY "\n", 0},
	    {"a namespaces=\"\" " KEY "\n", 0},
	    {"a cert-authority " KEY "\n", 0},
	    {"a cert-authority,namespaces=\"*\" " KEY "\n", 0},
	    {"a namespaces=\"file\",valid-after=\"2020\" " KEY "\n", 0},
	    {"a valid-after=\"2020\" " RSA "\n", 0},
	    {"a " RSA "\nb " KEY "\nc sk-ssh-ed25519@openssh.com AAAA\n", 1},
	};
	struct seen seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(read_signers(lines[i].text, &seen), 0);
		assert_int_equal(seen.count, lines[i].count);
	}
}

static void lines_that_cannot_be_judged_are_refused(void **state)
{
	static const char *const lines[] = {
	    "a\n",
	    "a ssh-ed25519\n",
	    "a ssh-ed25519 \n",
	    "a namespaces=\"*\"\n",
	    "a namespaces=\"* " KEY "\n",
	    "a namespaces=* " KEY "\n",
	    "a namespaces=\"*\"x " KEY "\n",
	    "a namespaces=\"*\", " KEY "\n",
	    "a namespaces=\"*\",namespaces=\"*\" " KEY "\n",
	    "a namespaces=\"\\\"\" " KEY "\n",
	    "a namespaces=\"*\\\" " KEY "\n",
	    "a namespaces=\"*,x\\y\" " KEY "\n",
	    "a namespaces=\"*\"xvalid-after=\"1\" " KEY "\n",
	    "a namespaces=\"file\"xcert-authority " KEY "\n",
	    "a unknown " KEY "\n",
	    "a valid-before=\"20300101\" " KEY "\n",
	    "a namespaces=\"*\",valid-after=\"20300101\" " KEY "\n",
	    "a Namespaces=\"*\",Valid-After=\"20300101\" " KEY "\n",
	    "a ssh-ed25519 AAAA\n",
	    "a " KEY "=\n",
	    "a " SMALL "\n",
	};
	struct seen seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(
		    read_signers(lines[i], &seen), FORMAT_E_MALFORMED);
		assert_int_equal(seen.count, 0);
	}
}

static void what_the_callback_answers_ends_the_reading(void **state)
{
	struct seen seen = {.answer = 7};

	(void)state;
	assert_int_equal(
	    sshsig_read_signers(
		span_text("a " KEY "\nb " KEY "\n"), NAME, see, &seen),
	    7);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.principal, "a");
}

static bool speaks(const struct sign_key *one, const char *before, int digits,
    const char *after)
{
	struct author_id id;
	char hex[65], list[200];

	sign_key_author(one, &id);
	hex_encode(id.bytes, sizeof id.bytes, hex);
	snprintf(list, sizeof list, "%s%.*s%s", before, digits, hex, after);
	return sshsig_speaks_for(one, span_text(list), &id);
}

static void a_key_speaks_for_its_own_id_by_name_only(void **state)
{
	struct sign_key one;

	(void)state;
	assert_int_equal(sign_key_parse(span_text(KEY), &one), 0);
	assert_true(speaks(&one, "", 64, ""));
	assert_true(speaks(&one, "a,", 64, ",b"));
	assert_false(speaks(&one, "", 0, "*"));
	assert_false(speaks(&one, "", 60, "*"));
	assert_false(speaks(&one, "", 63, "?"));
	assert_false(speaks(&one, "\"", 64, "\""));
	assert_false(speaks(&one, "a,!", 64, ""));
	assert_false(speaks(&one, "", 64, ",!a"));
	assert_false(speaks(&one, "", 0, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_speaks_for_its_own_id_by_name_only),
	    cmocka_unit_test(the_primitive_agrees_with_rfc_8032),
	    cmocka_unit_test(each_seed_signs_for_its_public_key_only),
	    cmocka_unit_test(the_signed_bytes_are_those_of_protocol_sshsig),
	    cmocka_unit_test(a_signature_is_armoured_as_ssh_keygen_does),
	    cmocka_unit_test(an_armour_gives_key_and_signature_back),
	    cmocka_unit_test(a_signature_holds_for_its_namespace_only),
	    cmocka_unit_test(every_flipped_bit_of_a_signature_is_refused),
	    cmocka_unit_test(a_signature_with_the_order_added_to_s_is_refused),
	    cmocka_unit_test(the_equation_is_checked_without_cofactor),
	    cmocka_unit_test(keys_that_are_unsafe_are_refused),
	    cmocka_unit_test(a_key_of_small_order_verifies_nothing),
	    cmocka_unit_test(a_key_is_written_as_ssh_writes_it),
	    cmocka_unit_test(every_truncation_and_addition_to_a_key_is_refused),
	    cmocka_unit_test(
		every_flipped_byte_of_a_key_is_another_key_or_refused),
	    cmocka_unit_test(every_truncated_armour_is_refused),
	    cmocka_unit_test(every_flipped_byte_of_an_armour_is_refused),
	    cmocka_unit_test(an_armour_has_one_spelling),
	    cmocka_unit_test(an_armour_of_another_key_type_or_huge_is_refused),
	    cmocka_unit_test(
		our_allowed_signers_line_names_author_and_namespaces),
	    cmocka_unit_test(lines_that_count_are_read_and_others_passed_over),
	    cmocka_unit_test(lines_that_cannot_be_judged_are_refused),
	    cmocka_unit_test(what_the_callback_answers_ends_the_reading),
	};

	return cmocka_run_group_tests(tests, make_key, NULL);
}
