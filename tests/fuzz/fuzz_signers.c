/*
 * Files of signers, armoured signatures and public keys. A key that is taken
 * is a safe one and has one text; the line that we write for it is read as
 * nothing but it; an armoured signature that is taken is written to the byte.
 */
#include <string.h>

#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"

static const char *const spaces[] = {SSHSIG_NAMESPACE_ENTRY,
    SSHSIG_NAMESPACE_CARD, SSHSIG_NAMESPACE_ENROLMENT, SSHSIG_NAMESPACE_BUNDLE};

struct found {
	size_t count;
	struct sign_key key;
};

static int take_again(
    void *context, const struct sign_key *key, struct span principal)
{
	struct found *found = context;
	struct author_id id;

	CLAIM(sshsig_speaks_for(key, principal, &id));
	found->key = *key;
	found->count++;
	return 0;
}

static int take_signer(
    void *context, const struct sign_key *key, struct span principal)
{
	struct author_id id, spoken;
	struct found found = {0};
	struct buf line = {0};

	(void)context;
	CLAIM(sign_key_check(key) == 0);
	sign_key_author(key, &id);
	sshsig_speaks_for(key, principal, &spoken);
	CLAIM(memcmp(&id, &spoken, sizeof id) == 0);
	CLAIM(sshsig_allowed_signer(key, &line) == 0);
	CLAIM(sshsig_read_signers(buf_span(&line), SSHSIG_NAMESPACE_BUNDLE,
		  take_again, &found) == 0);
	CLAIM(found.count == 1);
	CLAIM(memcmp(&found.key, key, sizeof *key) == 0);
	buf_free(&line);
	return 0;
}

static void check_armour(struct span text, const char *space)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	struct buf again = {0};
	struct sign_key key;

	if (sshsig_dearmour(text, space, &key, signature) != 0)
		return;
	CLAIM(sshsig_armour(&key, space, signature, &again) == 0);
	CLAIM(span_equal(buf_span(&again), text));
	buf_free(&again);
}

static void check_key(struct span text)
{
	struct buf again = {0};
	struct sign_key key;

	if (sign_key_parse(text, &key) != 0)
		return;
	CLAIM(sign_key_check(&key) == 0);
	CLAIM(sign_key_format(&key, &again) == 0);
	CLAIM(span_equal(buf_span(&again), text));
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	size_t i;
	int r;

	check_key(text);
	for (i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		check_armour(text, spaces[i]);
		r = sshsig_read_signers(text, spaces[i], take_signer, NULL);
		CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	}
	return 0;
}
