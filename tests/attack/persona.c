/*
 * Whom an attacker can be. Seeds are hashes of a name; nothing is stored.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/hash.h"
#include "proto/format/sshsig.h"
#include "tests/attack/persona.h"

_Noreturn void persona_give_up(const char *why)
{
	fprintf(stderr, "partner: %s\n", why);
	exit(3);
}

static void derive(const char *name, const char *what, uint8_t ret_seed[32])
{
	struct digest digest;
	struct buf text = {0};

	MUST(buf_printf(&text, "%s, the attacker's %s", name, what) == 0);
	MUST(hash_sha256(buf_span(&text), &digest) == 0);
	memcpy(ret_seed, digest.bytes, 32);
	buf_free(&text);
}

static void public_of(const uint8_t seed[32], struct sign_key *ret_key)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	MUST(crypto_sign_seed_keypair(ret_key->bytes, secret, seed) == 0);
}

void persona_make(const char *name, struct persona *ret_persona)
{
	struct persona persona = {.card = {.serial = 1}};

	MUST(strlen(name) <= CARD_NAME_MAX);
	memcpy(persona.card.name, name, strlen(name));
	derive(name, "author", persona.seed);
	derive(name, "transport", persona.transport_seed);
	derive(name, "bundle", persona.bundle.key);
	public_of(persona.seed, &persona.card.author);
	public_of(persona.transport_seed, &persona.card.transport);
	MUST(
	    age_identity_recipient(&persona.bundle, &persona.card.bundle) == 0);
	derive(name, "reader", persona.reader.key);
	MUST(age_identity_recipient(
		 &persona.reader, &persona.card.readers[0]) == 0);
	persona.card.reader_count = 1;
	sign_key_author(&persona.card.author, &persona.id);
	*ret_persona = persona;
}

static int by_text(const void *a, const void *b)
{
	char x[AGE_RECIPIENT_TEXT], y[AGE_RECIPIENT_TEXT];

	age_recipient_format(a, x);
	age_recipient_format(b, y);
	return strcmp(x, y);
}

void persona_seal_card(const struct persona *persona, const char *reader,
    const char *address, struct buf *out)
{
	struct card card = persona->card;
	uint8_t signature[64];
	struct buf text = {0};

	if (reader) {
		MUST(age_recipient_parse(span_text(reader),
			 &card.readers[card.reader_count++]) == 0);
		qsort(card.readers, card.reader_count, sizeof *card.readers,
		    by_text);
	}
	if (address) {
		MUST(strlen(address) < CARD_ADDRESS_MAX);
		memcpy(card.addresses[0], address, strlen(address) + 1);
		card.address_count = 1;
	}
	MUST(card_build(&card, &text) == 0);
	MUST(sshsig_sign(persona->seed, SSHSIG_NAMESPACE_CARD, buf_span(&text),
		 signature) == 0);
	MUST(card_seal(&card, signature, out) == 0);
	buf_free(&text);
}

void persona_read_card(const char *path, struct card *ret_card)
{
	uint8_t bytes[CARD_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	const char *why = NULL;
	size_t len;

	MUST(file != NULL);
	len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	if (card_parse(span_of(bytes, len), ret_card, &why) != 0)
		persona_give_up(why ? why : "no card");
}
