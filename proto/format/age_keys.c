/*
 * age's X25519 keys: text forms and the checks that keep a node from sealing to
 * a key whose secret everybody knows.
 */
#include <sodium.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/bech32.h"

#define RECIPIENT_PREFIX "age"
#define IDENTITY_PREFIX "age-secret-key-"

/* Canonical: below 2^255 - 19, little-endian. */
static bool is_canonical(const uint8_t key[32])
{
	size_t i;

	if (key[31] != 0x7f)
		return key[31] < 0x7f;
	for (i = 30; i > 0; i--)
		if (key[i] != 0xff)
			return true;
	return key[0] < 0xed;
}

int age_recipient_check(const struct age_recipient *recipient)
{
	static const uint8_t any[32] = {8};
	uint8_t shared[32];
	int r;

	/* libsodium answers -1 when the result is all zero: small order. */
	r = crypto_scalarmult(shared, any, recipient->key);
	sodium_memzero(shared, sizeof shared);
	return r == 0 && is_canonical(recipient->key) ? 0 : FORMAT_E_MISMATCH;
}

int age_recipient_parse(struct span text, struct age_recipient *ret_recipient)
{
	struct age_recipient recipient;

	if (bech32_decode(text, RECIPIENT_PREFIX, recipient.key) != 0)
		return FORMAT_E_MALFORMED;
	if (age_recipient_check(&recipient) != 0)
		return FORMAT_E_MISMATCH;
	*ret_recipient = recipient;
	return 0;
}

void age_recipient_format(
    const struct age_recipient *recipient, char ret_text[AGE_RECIPIENT_TEXT])
{
	bech32_encode(RECIPIENT_PREFIX, recipient->key, ret_text);
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

int age_identity_parse(struct span text, struct age_identity *ret_identity)
{
	char copy[AGE_IDENTITY_TEXT];
	size_t i;
	int r;

	if (text.len != AGE_IDENTITY_TEXT - 1)
		return FORMAT_E_MALFORMED;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] >= 'a' && text.data[i] <= 'z')
			return FORMAT_E_MALFORMED;
		copy[i] = lower((char)text.data[i]);
	}
	r = bech32_decode(
	    span_of(copy, text.len), IDENTITY_PREFIX, ret_identity->key);
	sodium_memzero(copy, sizeof copy);
	return r;
}

void age_identity_format(
    const struct age_identity *identity, char ret_text[AGE_IDENTITY_TEXT])
{
	size_t i;

	bech32_encode(IDENTITY_PREFIX, identity->key, ret_text);
	for (i = 0; ret_text[i]; i++)
		if (ret_text[i] >= 'a' && ret_text[i] <= 'z')
			ret_text[i] = (char)(ret_text[i] - 32);
}

void age_identity_generate(struct age_identity *ret_identity)
{
	randombytes_buf(ret_identity->key, sizeof ret_identity->key);
}

int age_identity_recipient(
    const struct age_identity *identity, struct age_recipient *ret_recipient)
{
	return crypto_scalarmult_base(ret_recipient->key, identity->key) == 0
		   ? 0
		   : FORMAT_E_MISMATCH;
}
