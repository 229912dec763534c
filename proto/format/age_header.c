/*
 * age headers (C2SP age.md): building ours, and reading anybody's.
 *
 * Reading is strict: every stanza's grammar is checked, whatever its type. Of
 * the types only X25519 is taken; scrypt is known only for its rule, that it
 * must stand alone. Wrapping is HKDF-SHA-256 and ChaCha20-Poly1305 with a zero
 * nonce, which is safe because each wrap key is used once.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/hash.h"

#define VERSION_PREFIX "age-encryption.org/"
#define VERSION VERSION_PREFIX "v1"
#define X25519_INFO "age-encryption.org/v1/X25519"
#define WRAPPED_BYTES (AGE_FILE_KEY_BYTES + AGE_TAG_BYTES)
#define BODY_COLUMNS 64

static const uint8_t zero_nonce[12];

static int wrap_key(const uint8_t shared[32], const uint8_t share[32],
    const uint8_t recipient[32], uint8_t ret_key[32])
{
	uint8_t salt[64];

	memcpy(salt, share, 32);
	memcpy(salt + 32, recipient, 32);
	return hash_hkdf_sha256(span_of(shared, 32), span_of(salt, sizeof salt),
	    span_text(X25519_INFO), ret_key, 32);
}

static int wrap(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct age_recipient *recipient, struct age_stanza *ret_stanza)
{
	uint8_t secret[32], shared[32], key[32];
	int r;

	randombytes_buf(secret, sizeof secret);
	r = crypto_scalarmult_base(ret_stanza->share, secret) == 0 &&
		    crypto_scalarmult(shared, secret, recipient->key) == 0
		? 0
		: FORMAT_E_MISMATCH;
	if (r == 0)
		r = wrap_key(shared, ret_stanza->share, recipient->key, key);
	if (r == 0)
		crypto_aead_chacha20poly1305_ietf_encrypt(ret_stanza->body,
		    NULL, file_key, AGE_FILE_KEY_BYTES, NULL, 0, NULL,
		    zero_nonce, key);
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(shared, sizeof shared);
	sodium_memzero(key, sizeof key);
	return r;
}

static int mac_of(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    struct span signed_bytes, uint8_t ret_mac[32])
{
	uint8_t key[32];
	int r;

	r = hash_hkdf_sha256(span_of(file_key, AGE_FILE_KEY_BYTES),
	    span_of("", 0), span_text("header"), key, sizeof key);
	if (r == 0)
		r = hash_hmac_sha256(
		    span_of(key, sizeof key), signed_bytes, ret_mac);
	sodium_memzero(key, sizeof key);
	return r;
}

static int put_stanza(const uint8_t *file_key,
    const struct age_recipient *recipient, struct buf *out)
{
	struct age_stanza stanza;
	int r;

	r = wrap(file_key, recipient, &stanza);
	if (r == 0)
		r = buf_append_text(out, "-> X25519 ");
	if (r == 0)
		r = base64_append(out, BASE64_RAW, span_of(stanza.share, 32));
	if (r == 0)
		r = buf_append_text(out, "\n");
	if (r == 0)
		r = base64_append(out, BASE64_RAW, span_of(stanza.body, 32));
	return r == 0 ? buf_append_text(out, "\n") : r;
}

int age_header_build(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct age_recipient *recipients, size_t count, struct buf *out)
{
	size_t i, start = out->len;
	uint8_t mac[32];
	int r;

	if (count == 0 || count > AGE_RECIPIENTS_MAX)
		return -EINVAL;
	r = buf_append_text(out, VERSION "\n");
	for (i = 0; r == 0 && i < count; i++)
		r = put_stanza(file_key, &recipients[i], out);
	if (r == 0)
		r = buf_append_text(out, "---");
	if (r == 0)
		r = mac_of(file_key,
		    span_of(out->data + start, out->len - start), mac);
	if (r == 0)
		r = buf_append_text(out, " ");
	if (r == 0)
		r = base64_append(out, BASE64_RAW, span_of(mac, sizeof mac));
	if (r == 0)
		r = buf_append_text(out, "\n");
	if (r != 0)
		out->len = start;
	return r;
}

/* The next line of a header, without its LF, moving ${rest} past it. */
static int next_line(struct span *rest, struct span *ret_line)
{
	const uint8_t *end =
	    rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	size_t len;

	if (!end)
		return FORMAT_E_MALFORMED;
	len = (size_t)(end - rest->data);
	*ret_line = span_of(rest->data, len);
	rest->data += len + 1;
	rest->len -= len + 1;
	return 0;
}

/* The next argument: one or more of VCHAR, one SP before it. */
static int next_argument(struct span *rest, struct span *ret_word)
{
	size_t i;

	if (rest->len < 2 || rest->data[0] != ' ')
		return FORMAT_E_MALFORMED;
	for (i = 1; i < rest->len && rest->data[i] != ' '; i++)
		if (rest->data[i] < 0x21 || rest->data[i] > 0x7e)
			return FORMAT_E_MALFORMED;
	if (i == 1)
		return FORMAT_E_MALFORMED;
	*ret_word = span_of(rest->data + 1, i - 1);
	rest->data += i;
	rest->len -= i;
	return 0;
}

/* A body: full lines of 64 digits, then one shorter, maybe empty. */
static int take_body(struct span *rest, struct buf *out)
{
	struct buf digits = {0};
	struct span line;
	int r;

	do {
		r = next_line(rest, &line);
		if (r == 0 && line.len > BODY_COLUMNS)
			r = FORMAT_E_MALFORMED;
		if (r == 0)
			r = buf_append_span(&digits, line);
	} while (r == 0 && line.len == BODY_COLUMNS);
	if (r == 0)
		r = base64_decode(buf_span(&digits), BASE64_RAW, out);
	buf_free(&digits);
	return r;
}

static int take_x25519(
    struct span share, struct span body, struct age_header *header)
{
	struct age_stanza *stanza = &header->stanzas[header->stanza_count];
	struct buf bytes = {0};
	int r;

	r = base64_decode(share, BASE64_RAW, &bytes);
	if (r == 0 && (bytes.len != 32 || body.len != WRAPPED_BYTES))
		r = FORMAT_E_MALFORMED;
	if (r == 0) {
		memcpy(stanza->share, bytes.data, 32);
		memcpy(stanza->body, body.data, WRAPPED_BYTES);
		header->stanza_count++;
	}
	buf_free(&bytes);
	return r;
}

/* One stanza; ${line} is all after "->". */
static int take_stanza(struct span line, struct span *rest,
    struct age_header *header, bool *ret_scrypt)
{
	struct span type, argument = {0}, word;
	struct buf body = {0};
	size_t arguments = 0;
	int r;

	r = next_argument(&line, &type);
	while (r == 0 && line.len > 0) {
		r = next_argument(&line, &word);
		if (arguments++ == 0)
			argument = word;
	}
	if (r == 0)
		r = take_body(rest, &body);
	if (r == 0 && span_equal(type, span_text("X25519")))
		r = arguments == 1
			? take_x25519(argument, buf_span(&body), header)
			: FORMAT_E_MALFORMED;
	if (r == 0)
		*ret_scrypt = span_equal(type, span_text("scrypt"));
	buf_free(&body);
	return r;
}

static int take_mac(struct span line, struct age_header *header)
{
	struct buf mac = {0};
	int r;

	if (line.len < 5 || line.data[3] != ' ')
		return FORMAT_E_MALFORMED;
	r = base64_decode(
	    span_of(line.data + 4, line.len - 4), BASE64_RAW, &mac);
	if (r == 0 && mac.len != sizeof header->mac)
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		memcpy(header->mac, mac.data, mac.len);
	buf_free(&mac);
	return r;
}

static int take_lines(
    struct span file, struct span *rest, struct age_header *header)
{
	size_t count = 0, scrypts = 0;
	struct span line;
	bool scrypt;
	int r;

	for (;;) {
		r = next_line(rest, &line);
		if (r != 0)
			return r;
		if (line.len >= 3 && memcmp(line.data, "---", 3) == 0)
			break;
		if (line.len < 2 || memcmp(line.data, "->", 2) != 0 ||
		    count++ == AGE_STANZAS_MAX)
			return FORMAT_E_MALFORMED;
		r = take_stanza(span_of(line.data + 2, line.len - 2), rest,
		    header, &scrypt);
		if (r != 0)
			return r;
		scrypts += scrypt;
	}
	header->signed_length = (size_t)(line.data - file.data) + 3;
	if (count == 0 || (scrypts > 0 && count > 1))
		return FORMAT_E_MALFORMED;
	return take_mac(line, header);
}

/* "age-encryption.org/" 1*VCHAR; what follows another version is not ours. */
static int take_version(struct span *rest)
{
	size_t i = strlen(VERSION_PREFIX);
	struct span line;

	if (next_line(rest, &line) != 0 || line.len <= i ||
	    memcmp(line.data, VERSION_PREFIX, i) != 0)
		return FORMAT_E_MALFORMED;
	if (span_equal(line, span_text(VERSION)))
		return 0;
	for (; i < line.len; i++)
		if (line.data[i] < 0x21 || line.data[i] > 0x7e)
			return FORMAT_E_MALFORMED;
	return FORMAT_E_UNKNOWN;
}

int age_header_parse(struct span file, struct age_header *ret_header)
{
	struct age_header header = {0};
	struct span rest = span_of(
	    file.data, file.len < AGE_HEADER_MAX ? file.len : AGE_HEADER_MAX);
	int r;

	r = take_version(&rest);
	if (r == 0)
		r = take_lines(file, &rest, &header);
	if (r != 0)
		return r;
	header.length = (size_t)(rest.data - file.data);
	*ret_header = header;
	return 0;
}

int age_stanza_unwrap(const struct age_identity *identity,
    const struct age_stanza *stanza, uint8_t ret_key[AGE_FILE_KEY_BYTES])
{
	uint8_t public[32], shared[32], key[32], file_key[AGE_FILE_KEY_BYTES];
	int r = 0;

	/* libsodium answers -1 when the secret is all zero: small order. */
	if (crypto_scalarmult_base(public, identity->key) != 0 ||
	    crypto_scalarmult(shared, identity->key, stanza->share) != 0)
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		r = wrap_key(shared, stanza->share, public, key);
	if (r == 0 && crypto_aead_chacha20poly1305_ietf_decrypt(file_key, NULL,
			  NULL, stanza->body, sizeof stanza->body, NULL, 0,
			  zero_nonce, key) != 0)
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		memcpy(ret_key, file_key, sizeof file_key);
	sodium_memzero(shared, sizeof shared);
	sodium_memzero(key, sizeof key);
	sodium_memzero(file_key, sizeof file_key);
	return r;
}

int age_header_verify(struct span file, const struct age_header *header,
    const uint8_t file_key[AGE_FILE_KEY_BYTES])
{
	uint8_t mac[32];
	int r;

	if (header->signed_length > file.len)
		return -EINVAL;
	r = mac_of(file_key, span_of(file.data, header->signed_length), mac);
	if (r == 0 && sodium_memcmp(mac, header->mac, sizeof mac) != 0)
		r = FORMAT_E_MISMATCH;
	return r;
}
