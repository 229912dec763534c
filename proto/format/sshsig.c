/*
 * SSH keys and signatures (PROTOCOL.sshsig, RFC 8709, FORMAT.md 2).
 *
 * Signing is deterministic Ed25519 (RFC 8032) over a blob that names the
 * namespace, so a signature of one kind of text is never one of another.
 * Verification is libsodium's: no cofactor, S below the order, canonical R and
 * key, nothing of small order.
 *
 * Nothing here is repaired: a key or an armour has one text, and whatever is
 * read is written again and compared.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "proto/format/hash.h"
#include "proto/format/lines.h"
#include "proto/format/sshsig.h"

#define ALGORITHM "ssh-ed25519"
#define ARMOUR_COLUMNS 70
#define ARMOUR_BEGIN "-----BEGIN SSH SIGNATURE-----"
#define ARMOUR_END "-----END SSH SIGNATURE-----"
#define ARMOUR_MAX 1024

static int put_u32(struct buf *out, uint32_t value)
{
	uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
	    (uint8_t)(value >> 8), (uint8_t)value};

	return buf_append(out, bytes, sizeof bytes);
}

static int put_string(struct buf *out, const void *data, size_t len)
{
	int r = put_u32(out, (uint32_t)len);

	return r < 0 ? r : buf_append(out, data, len);
}

static int put_text(struct buf *out, const char *text)
{
	return put_string(out, text, strlen(text));
}

/* Whether L times the point is the identity, asked as (L-1)P = -P: libsodium
 * before 2026 takes points with a component of order two for points of the
 * prime-order subgroup (CVE-2025-69277). */
static bool has_prime_order(const struct sign_key *key)
{
	/* RFC 8032, 5.1: L = 2^252 + 2774..., here less one. */
	static const uint8_t order_less_one[32] = {0xec, 0xd3, 0xf5, 0x5c, 0x1a,
	    0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};
	struct sign_key product;

	if (crypto_scalarmult_ed25519_noclamp(
		product.bytes, order_less_one, key->bytes) != 0)
		return false;
	product.bytes[31] ^= 0x80;
	return memcmp(product.bytes, key->bytes, sizeof key->bytes) == 0;
}

int sign_key_check(const struct sign_key *key)
{
	return crypto_core_ed25519_is_valid_point(key->bytes) &&
		       has_prime_order(key)
		   ? 0
		   : FORMAT_E_MISMATCH;
}

void sign_key_blob(
    const struct sign_key *key, uint8_t ret_blob[SSHSIG_BLOB_BYTES])
{
	static const uint8_t head[] = {0, 0, 0, 11, 's', 's', 'h', '-', 'e',
	    'd', '2', '5', '5', '1', '9', 0, 0, 0, 32};

	memcpy(ret_blob, head, sizeof head);
	memcpy(ret_blob + sizeof head, key->bytes, sizeof key->bytes);
}

void sign_key_author(const struct sign_key *key, struct author_id *ret_author)
{
	uint8_t blob[SSHSIG_BLOB_BYTES];

	sign_key_blob(key, blob);
	crypto_hash_sha256(ret_author->bytes, blob, sizeof blob);
}

int sign_key_format(const struct sign_key *key, struct buf *out)
{
	uint8_t blob[SSHSIG_BLOB_BYTES];
	int r;

	sign_key_blob(key, blob);
	r = buf_append_text(out, ALGORITHM " ");
	if (r == 0)
		r = base64_append(
		    out, BASE64_STANDARD, span_of(blob, sizeof blob));
	return r;
}

int sign_key_parse(struct span text, struct sign_key *ret_key)
{
	struct span words = text, algorithm, encoded;
	uint8_t expected[SSHSIG_BLOB_BYTES];
	struct sign_key key;
	struct buf blob = {0};
	int r;

	if (words_next(&words, &algorithm) != 0 ||
	    words_next(&words, &encoded) != 0 || words.len != 0 ||
	    !span_equal(algorithm, span_text(ALGORITHM)))
		return FORMAT_E_MALFORMED;
	r = base64_decode(encoded, BASE64_STANDARD, &blob);
	if (r == 0 && blob.len != SSHSIG_BLOB_BYTES)
		r = FORMAT_E_MALFORMED;
	if (r == 0) {
		memcpy(key.bytes, blob.data + SSHSIG_BLOB_BYTES - 32, 32);
		sign_key_blob(&key, expected);
		if (memcmp(expected, blob.data, sizeof expected) != 0)
			r = FORMAT_E_MALFORMED;
	}
	buf_free(&blob);
	if (r == 0)
		r = sign_key_check(&key);
	if (r == 0)
		*ret_key = key;
	return r;
}

int sshsig_signed_bytes(
    const char *name_space, struct span message, struct buf *out)
{
	uint8_t hash[crypto_hash_sha512_BYTES];
	int r;

	crypto_hash_sha512(hash, message.data, message.len);
	r = buf_append(out, "SSHSIG", 6);
	if (r == 0)
		r = put_text(out, name_space);
	if (r == 0)
		r = put_text(out, "");
	if (r == 0)
		r = put_text(out, "sha512");
	if (r == 0)
		r = put_string(out, hash, sizeof hash);
	return r;
}

int sshsig_sign(const uint8_t seed[SSHSIG_SEED_BYTES], const char *name_space,
    struct span message, uint8_t ret_signature[SSHSIG_SIGNATURE_BYTES])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	struct buf bytes = {0};
	int r;

	r = sshsig_signed_bytes(name_space, message, &bytes);
	if (r == 0) {
		crypto_sign_seed_keypair(public, secret, seed);
		crypto_sign_detached(
		    ret_signature, NULL, bytes.data, bytes.len, secret);
	}
	sodium_memzero(secret, sizeof secret);
	buf_free(&bytes);
	return r;
}

int sshsig_verify(const struct sign_key *key, const char *name_space,
    struct span message, const uint8_t signature[SSHSIG_SIGNATURE_BYTES])
{
	struct buf bytes = {0};
	int r;

	r = sshsig_signed_bytes(name_space, message, &bytes);
	if (r == 0 && crypto_sign_verify_detached(
			  signature, bytes.data, bytes.len, key->bytes) != 0)
		r = FORMAT_E_MISMATCH;
	buf_free(&bytes);
	return r;
}

/* The blob inside the armour. */
static int build_blob(const struct sign_key *key, const char *name_space,
    const uint8_t *signature, struct buf *out)
{
	uint8_t public[SSHSIG_BLOB_BYTES];
	int r;

	sign_key_blob(key, public);
	r = buf_append(out, "SSHSIG", 6);
	if (r == 0)
		r = put_u32(out, 1);
	if (r == 0)
		r = put_string(out, public, sizeof public);
	if (r == 0)
		r = put_text(out, name_space);
	if (r == 0)
		r = put_text(out, "");
	if (r == 0)
		r = put_text(out, "sha512");
	if (r == 0)
		r = put_u32(out, 4 + 11 + 4 + SSHSIG_SIGNATURE_BYTES);
	if (r == 0)
		r = put_text(out, ALGORITHM);
	if (r == 0)
		r = put_string(out, signature, SSHSIG_SIGNATURE_BYTES);
	return r;
}

int sshsig_armour(const struct sign_key *key, const char *name_space,
    const uint8_t signature[SSHSIG_SIGNATURE_BYTES], struct buf *out)
{
	struct buf blob = {0}, text = {0};
	size_t i, len, start = out->len;
	int r;

	r = build_blob(key, name_space, signature, &blob);
	if (r == 0)
		r = base64_append(&text, BASE64_STANDARD, buf_span(&blob));
	if (r == 0)
		r = buf_append_text(out, ARMOUR_BEGIN "\n");
	for (i = 0; r == 0 && i < text.len; i += len) {
		len = text.len - i < ARMOUR_COLUMNS ? text.len - i
						    : ARMOUR_COLUMNS;
		r = buf_append(out, text.data + i, len);
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	if (r == 0)
		r = buf_append_text(out, ARMOUR_END "\n");
	if (r != 0)
		out->len = start;
	buf_free(&blob);
	buf_free(&text);
	return r;
}

/* Join the armour's lines into their bytes. */
static int open_armour(struct span text, struct buf *out)
{
	struct lines lines;
	struct span line;
	struct buf joined = {0};
	int r;

	lines_begin(&lines, text);
	r = lines_expect_exact(&lines, ARMOUR_BEGIN);
	while (r == 0) {
		r = lines_next_raw(&lines, &line);
		if (r != 0 || span_equal(line, span_text(ARMOUR_END)))
			break;
		r = buf_append_span(&joined, line);
	}
	if (r == 0 && !lines_at_end(&lines))
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		r = base64_decode(buf_span(&joined), BASE64_STANDARD, out);
	buf_free(&joined);
	return r;
}

int sshsig_dearmour(struct span text, const char *name_space,
    struct sign_key *ret_key, uint8_t ret_signature[SSHSIG_SIGNATURE_BYTES])
{
	struct buf blob = {0}, again = {0};
	struct sign_key key;
	const uint8_t *signature;
	int r;

	if (text.len > ARMOUR_MAX)
		return FORMAT_E_MALFORMED;
	r = open_armour(text, &blob);
	if (r == 0 &&
	    blob.len < 10 + 4 + SSHSIG_BLOB_BYTES + SSHSIG_SIGNATURE_BYTES)
		r = FORMAT_E_MALFORMED;
	if (r == 0) {
		memcpy(key.bytes, blob.data + 14 + SSHSIG_BLOB_BYTES - 32, 32);
		signature = blob.data + blob.len - SSHSIG_SIGNATURE_BYTES;
		r = sshsig_armour(&key, name_space, signature, &again);
	}
	/* One spelling: what we would write is all that is accepted. */
	if (r == 0 && !span_equal(text, buf_span(&again)))
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		r = sign_key_check(&key);
	if (r == 0) {
		*ret_key = key;
		memcpy(ret_signature, signature, SSHSIG_SIGNATURE_BYTES);
	}
	buf_free(&blob);
	buf_free(&again);
	return r;
}
