/*
 * Enrolments: one spelling, a signature by the organisation that the text
 * names, and whether one is of a card.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/format/enrolment.h"
#include "proto/format/sshsig.h"

static const uint8_t seed_office[32] = {7}, seed_device[32] = {8};
static struct sign_key office, device;
static struct enrolment enrolment, found;
static const char *why;

static int begin(void **state)
{
	uint8_t secret[64];

	(void)state;
	if (sodium_init() < 0)
		return -1;
	crypto_sign_seed_keypair(office.bytes, secret, seed_office);
	crypto_sign_seed_keypair(device.bytes, secret, seed_device);
	memset(&enrolment, 0, sizeof enrolment);
	sign_key_author(&office, &enrolment.organisation);
	sign_key_author(&device, &enrolment.member);
	enrolment.serial = 4;
	memset(enrolment.keys.bytes, 0xab, 32);
	return 0;
}

/* ${text} with its signature in ${name_space} by ${seed}. */
static void sign_text(struct span text, const uint8_t *seed,
    const char *name_space, struct buf *out)
{
	uint8_t signature[64], secret[64];
	struct sign_key key;

	crypto_sign_seed_keypair(key.bytes, secret, seed);
	assert_int_equal(sshsig_sign(seed, name_space, text, signature), 0);
	assert_int_equal(buf_append_span(out, text), 0);
	assert_int_equal(sshsig_armour(&key, name_space, signature, out), 0);
}

/* How the text parses when the office signed it rightly. */
static int parse_text(const char *text)
{
	struct buf out = {0};
	int r;

	sign_text(
	    span_text(text), seed_office, SSHSIG_NAMESPACE_ENROLMENT, &out);
	why = NULL;
	r = enrolment_parse(buf_span(&out), &found, &why);
	if (r != 0)
		assert_non_null(why);
	buf_free(&out);
	return r;
}

static void build(struct buf *out)
{
	struct buf text = {0};

	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	sign_text(
	    buf_span(&text), seed_office, SSHSIG_NAMESPACE_ENROLMENT, out);
	buf_free(&text);
}

/* The text of ${enrolment}, with the first ${from} replaced by ${to}. */
static char *changed(const char *from, const char *to)
{
	static char out[2048];
	struct buf text = {0};
	const char *at;

	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	assert_int_equal(buf_append(&text, "", 1), 0);
	at = strstr((char *)text.data, from);
	assert_non_null(at);
	snprintf(out, sizeof out, "%.*s%s%s", (int)(at - (char *)text.data),
	    (char *)text.data, to, at + strlen(from));
	buf_free(&text);
	return out;
}

static void what_parses_is_what_was_built(void **state)
{
	struct buf out = {0};

	(void)state;
	build(&out);
	assert_int_equal(enrolment_parse(buf_span(&out), &found, &why), 0);
	assert_memory_equal(
	    found.organisation.bytes, enrolment.organisation.bytes, 32);
	assert_memory_equal(found.member.bytes, enrolment.member.bytes, 32);
	assert_memory_equal(found.keys.bytes, enrolment.keys.bytes, 32);
	assert_int_equal(found.serial, 4);
	assert_false(found.ended);
	buf_free(&out);
}

static void the_text_has_the_lines_of_the_format(void **state)
{
	char want[512], hex[3][65];
	struct buf text = {0};

	(void)state;
	hex_encode(enrolment.organisation.bytes, 32, hex[0]);
	hex_encode(enrolment.member.bytes, 32, hex[1]);
	hex_encode(enrolment.keys.bytes, 32, hex[2]);
	snprintf(want, sizeof want,
	    "evident enrolment v1\norganisation %s\nmember %s\nserial 4\n"
	    "keys %s\n",
	    hex[0], hex[1], hex[2]);
	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.data, want, text.len);
	buf_free(&text);
	enrolment.ended = true;
	snprintf(want, sizeof want,
	    "evident enrolment v1\norganisation %s\nmember %s\nserial 4\n"
	    "keys none\n",
	    hex[0], hex[1]);
	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.data, want, text.len);
	buf_free(&text);
}

static void sealing_is_the_text_and_its_armour(void **state)
{
	struct buf text = {0}, sealed = {0}, want = {0};
	uint8_t signature[64];

	(void)state;
	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	sshsig_sign(seed_office, SSHSIG_NAMESPACE_ENROLMENT, buf_span(&text),
	    signature);
	assert_int_equal(
	    enrolment_seal(&enrolment, &office, signature, &sealed), 0);
	build(&want);
	assert_true(span_equal(buf_span(&sealed), buf_span(&want)));
	assert_true(sealed.len <= ENROLMENT_BYTES_MAX);
	buf_free(&text);
	buf_free(&sealed);
	buf_free(&want);
}

static void an_end_has_no_keys(void **state)
{
	struct buf out = {0};

	(void)state;
	enrolment.ended = true;
	build(&out);
	assert_int_equal(enrolment_parse(buf_span(&out), &found, &why), 0);
	assert_true(found.ended);
	buf_free(&out);
	assert_int_equal(
	    parse_text(changed("none", "NONE")), FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("none", "none ")), FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("keys none\n", "")), FORMAT_E_MALFORMED);
}

static void serials_are_numbers(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_int_equal(parse_text(changed("serial 4", "serial 0")), 0);
	assert_int_equal(
	    parse_text(changed("serial 4", "serial 9007199254740991")), 0);
	assert_int_equal(found.serial, FORMAT_INTEGER_MAX);
	assert_int_equal(
	    parse_text(changed("serial 4", "serial 9007199254740992")),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("serial 4", "serial 04")), FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("serial 4", "serial -4")), FORMAT_E_MALFORMED);
	enrolment.serial = FORMAT_INTEGER_MAX + 1;
	assert_int_equal(enrolment_build(&enrolment, &out), FORMAT_E_MALFORMED);
	assert_int_equal(out.len, 0);
}

static void each_line_must_be_there_once_and_in_its_place(void **state)
{
	(void)state;
	assert_int_equal(
	    parse_text(changed("serial 4\n", "")), FORMAT_E_MALFORMED);
	assert_int_equal(parse_text(changed("serial 4\n", "serial 4\n"
							  "serial 4\n")),
	    FORMAT_E_MALFORMED);
	assert_int_equal(parse_text(changed("member ", "organisation ")),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("serial 4\n", "serial 4\nname x\n")),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("serial 4", "serial  4")), FORMAT_E_MALFORMED);
	assert_int_equal(
	    parse_text(changed("abab", "ABab")), FORMAT_E_MALFORMED);
}

static void a_later_version_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(parse_text(changed("v1", "v2")), FORMAT_E_UNKNOWN);
	assert_int_equal(parse_text(changed("v1", "v0")), FORMAT_E_MALFORMED);
}

static void every_truncation_is_refused(void **state)
{
	struct buf out = {0};
	size_t i;

	(void)state;
	build(&out);
	for (i = 0; i < out.len; i++)
		assert_true(
		    enrolment_parse(span_of(out.data, i), &found, &why) > 0);
	assert_int_equal(buf_append_text(&out, "\n"), 0);
	assert_int_equal(
	    enrolment_parse(buf_span(&out), &found, &why), FORMAT_E_MALFORMED);
	buf_free(&out);
}

static void every_flipped_byte_is_refused(void **state)
{
	struct buf out = {0};
	size_t i;

	(void)state;
	build(&out);
	for (i = 0; i < out.len; i++) {
		out.data[i] ^= 1;
		assert_true(enrolment_parse(buf_span(&out), &found, &why) > 0);
		out.data[i] ^= 1;
	}
	assert_int_equal(enrolment_parse(buf_span(&out), &found, &why), 0);
	buf_free(&out);
}

static void only_the_organisation_it_names_can_sign_it(void **state)
{
	struct buf text = {0}, out = {0};

	(void)state;
	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	sign_text(
	    buf_span(&text), seed_device, SSHSIG_NAMESPACE_ENROLMENT, &out);
	assert_int_equal(
	    enrolment_parse(buf_span(&out), &found, &why), FORMAT_E_MISMATCH);
	assert_string_equal(
	    why, "the enrolment is not signed by the organisation it names");
	buf_free(&out);
	sign_text(buf_span(&text), seed_office, SSHSIG_NAMESPACE_CARD, &out);
	assert_true(enrolment_parse(buf_span(&out), &found, &why) > 0);
	buf_free(&out);
	buf_free(&text);
}

static void a_signature_of_another_serial_is_refused(void **state)
{
	struct buf text = {0}, out = {0};
	uint8_t signature[64];

	(void)state;
	assert_int_equal(enrolment_build(&enrolment, &text), 0);
	sshsig_sign(seed_office, SSHSIG_NAMESPACE_ENROLMENT, buf_span(&text),
	    signature);
	enrolment.serial++;
	assert_int_equal(
	    enrolment_seal(&enrolment, &office, signature, &out), 0);
	assert_int_equal(
	    enrolment_parse(buf_span(&out), &found, &why), FORMAT_E_MISMATCH);
	assert_string_equal(why, "the enrolment's signature does not hold");
	buf_free(&text);
	buf_free(&out);
}

static void what_is_too_long_is_refused_unread(void **state)
{
	uint8_t much[ENROLMENT_BYTES_MAX + 1] = {0};

	(void)state;
	assert_int_equal(
	    enrolment_parse(span_of(much, sizeof much), &found, &why),
	    FORMAT_E_MALFORMED);
	assert_string_equal(why, "the enrolment is too long");
}

/* --- cards -------------------------------------------------------------- */

static void make_card(struct card *out)
{
	struct age_identity identity = {{9}};
	uint8_t seed[32] = {10}, secret[64];

	memset(out, 0, sizeof *out);
	memcpy(out->name, "device", 7);
	out->serial = 1;
	out->author = device;
	crypto_sign_seed_keypair(out->transport.bytes, secret, seed);
	age_identity_recipient(&identity, &out->bundle);
	out->has_organisation = true;
	out->organisation = enrolment.organisation;
	out->address_count = 1;
	memcpy(out->addresses[0], "a.example:1", 12);
}

static void it_is_of_the_device_whose_card_names_the_organisation(void **state)
{
	struct card card;

	(void)state;
	make_card(&card);
	assert_int_equal(enrolment_check_card(&enrolment, &card), 0);
	card.organisation.bytes[31] ^= 1;
	assert_int_equal(
	    enrolment_check_card(&enrolment, &card), FORMAT_E_MISMATCH);
	make_card(&card);
	card.has_organisation = false;
	assert_int_equal(
	    enrolment_check_card(&enrolment, &card), FORMAT_E_MISMATCH);
	make_card(&card);
	card.author = office;
	assert_int_equal(
	    enrolment_check_card(&enrolment, &card), FORMAT_E_MISMATCH);
}

/* The lines as they stand in a card, hashed by another library. */
static void the_keys_are_the_hash_of_the_compared_lines(void **state)
{
	uint8_t want[32];
	struct digest got, other;
	struct buf text = {0};
	const char *from, *to;
	struct card card;

	(void)state;
	make_card(&card);
	assert_int_equal(card_build(&card, &text), 0);
	assert_int_equal(buf_append(&text, "", 1), 0);
	from = strstr((char *)text.data, "author ");
	to = strstr((char *)text.data, "address ");
	crypto_hash_sha256(
	    want, (const uint8_t *)from, (unsigned long long)(to - from));
	assert_int_equal(card_keys_digest(&card, &got), 0);
	assert_memory_equal(got.bytes, want, 32);
	card.serial++;
	card.address_count = 0;
	card_keys_digest(&card, &other);
	assert_memory_equal(got.bytes, other.bytes, 32);
	card.organisation.bytes[0] ^= 1;
	card_keys_digest(&card, &other);
	assert_memory_not_equal(got.bytes, other.bytes, 32);
	buf_free(&text);
}

static void a_file_is_parted_behind_the_cards_signature(void **state)
{
	struct span card_bytes, rest;
	struct buf text = {0}, file = {0}, alone = {0};
	uint8_t signature[64];
	struct card card, again;

	(void)state;
	make_card(&card);
	assert_int_equal(card_build(&card, &text), 0);
	sshsig_sign(
	    seed_device, SSHSIG_NAMESPACE_CARD, buf_span(&text), signature);
	assert_int_equal(card_seal(&card, signature, &file), 0);
	buf_append_span(&alone, buf_span(&file));
	build(&file);
	enrolment_split(buf_span(&file), &card_bytes, &rest);
	assert_true(span_equal(card_bytes, buf_span(&alone)));
	assert_int_equal(card_parse(card_bytes, &again, &why), 0);
	assert_int_equal(enrolment_parse(rest, &found, &why), 0);
	enrolment_split(buf_span(&alone), &card_bytes, &rest);
	assert_true(span_equal(card_bytes, buf_span(&alone)));
	assert_int_equal(rest.len, 0);
	enrolment_split(span_text("neither"), &card_bytes, &rest);
	assert_int_equal(card_bytes.len, 7);
	assert_int_equal(rest.len, 0);
	enrolment_split(span_of(NULL, 0), &card_bytes, &rest);
	assert_int_equal(card_bytes.len + rest.len, 0);
	buf_free(&text);
	buf_free(&file);
	buf_free(&alone);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
	    T(what_parses_is_what_was_built),
	    T(the_text_has_the_lines_of_the_format),
	    T(sealing_is_the_text_and_its_armour),
	    T(an_end_has_no_keys),
	    T(serials_are_numbers),
	    T(each_line_must_be_there_once_and_in_its_place),
	    T(a_later_version_is_unknown),
	    T(every_truncation_is_refused),
	    T(every_flipped_byte_is_refused),
	    T(only_the_organisation_it_names_can_sign_it),
	    T(a_signature_of_another_serial_is_refused),
	    T(what_is_too_long_is_refused_unread),
	    T(it_is_of_the_device_whose_card_names_the_organisation),
	    T(the_keys_are_the_hash_of_the_compared_lines),
	    T(a_file_is_parted_behind_the_cards_signature),
	};

	return cmocka_run_group_tests_name("enrolment", tests, NULL, NULL);
}
