/*
 * Bech32 (BIP 173) and age's keys in it: one text for one key, by the examples
 * of C2SP age.md and of RFC 7748, and no key that everybody could open.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/bech32.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* C2SP age.md, The X25519 recipient type: the secret is 32 times 0x42. */
#define SPEC_IDENTITY \
	"AGE-SECRET-KEY-" \
	"1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
#define SPEC_RECIPIENT \
	"age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define SPEC_KEY \
	"132c442be010fbd57e72603328aa76e71fccc1503aae219327d14d9c9993f472"

static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static void from_hex(const char *text, uint8_t out[32])
{
	assert_int_equal(hex_decode(span_text(text), out, 32), 0);
}

static void test_a_key_is_written_as_the_standard_writes_it(void **state)
{
	uint8_t key[32];
	char text[AGE_RECIPIENT_TEXT];

	(void)state;
	from_hex(SPEC_KEY, key);
	bech32_encode("age", key, text);
	assert_string_equal(text, SPEC_RECIPIENT);
}

static void test_what_is_written_is_read_back(void **state)
{
	uint8_t key[32], back[32];
	char text[AGE_RECIPIENT_TEXT];
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		memset(key, i, sizeof key);
		key[i % 32] ^= 0x5a;
		bech32_encode("age", key, text);
		assert_int_equal(strlen(text), AGE_RECIPIENT_TEXT - 1);
		assert_int_equal(
		    bech32_decode(span_text(text), "age", back), 0);
		assert_memory_equal(back, key, sizeof key);
	}
}

static void test_no_changed_character_is_taken(void **state)
{
	char text[] = SPEC_RECIPIENT, was;
	uint8_t key[32];
	size_t i, d;

	(void)state;
	for (i = 0; i < strlen(text); i++) {
		was = text[i];
		for (d = 0; d < 32; d++) {
			text[i] = digits[d];
			if (text[i] != was)
				assert_int_equal(
				    bech32_decode(span_text(text), "age", key),
				    FORMAT_E_MALFORMED);
		}
		text[i] = was;
	}
	assert_int_equal(bech32_decode(span_text(text), "age", key), 0);
}

static void test_other_spellings_are_refused(void **state)
{
	static const char *const wrong[] = {"", "age1", "age",
	    /* the checksum of Bech32m */
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73eqf0v7ts",
	    /* right checksums, but a bit set that no byte takes */
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73epp9g8nq",
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73egz8c7s0",
	    /* right checksums, a digit less and a digit more */
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73esfj526",
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73eqqhruuh4",
	    /* another prefix, rightly summed */
	    "ages1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73eqjern5p",
	    "AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ",
	    "Age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
	    "age1Zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
	    " age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n",
	    "age1bvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
	    "age1\xffvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
	    SPEC_IDENTITY};
	struct age_recipient recipient = {{7}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(
		    age_recipient_parse(span_text(wrong[i]), &recipient),
		    FORMAT_E_MALFORMED);
	assert_int_equal(recipient.key[0], 7);
}

static void test_the_standards_identity_has_its_recipient(void **state)
{
	struct age_identity identity;
	struct age_recipient recipient, parsed;
	char text[AGE_RECIPIENT_TEXT], secret[AGE_IDENTITY_TEXT];
	uint8_t forty_two[32];

	(void)state;
	memset(forty_two, 0x42, sizeof forty_two);
	assert_int_equal(
	    age_identity_parse(span_text(SPEC_IDENTITY), &identity), 0);
	assert_memory_equal(identity.key, forty_two, sizeof forty_two);
	assert_int_equal(age_identity_recipient(&identity, &recipient), 0);
	age_recipient_format(&recipient, text);
	assert_string_equal(text, SPEC_RECIPIENT);
	assert_int_equal(
	    age_recipient_parse(span_text(SPEC_RECIPIENT), &parsed), 0);
	assert_memory_equal(&parsed, &recipient, sizeof parsed);
	age_identity_format(&identity, secret);
	assert_string_equal(secret, SPEC_IDENTITY);
}

static void test_a_recipient_is_x25519_of_the_base_point(void **state)
{
	struct age_identity alice;
	struct age_recipient public;
	uint8_t expected[32];

	(void)state; /* RFC 7748, 6.1 */
	from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc099"
		 "2ab177fba51db92c2a",
	    alice.key);
	from_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381a"
		 "f4eba4a98eaa9b4e6a",
	    expected);
	assert_int_equal(age_identity_recipient(&alice, &public), 0);
	assert_memory_equal(public.key, expected, 32);
}

static void test_an_identity_is_in_upper_case_only(void **state)
{
	char text[] = SPEC_IDENTITY;
	struct age_identity identity = {{7}};
	size_t i;

	(void)state;
	for (i = 0; i < strlen(text); i++) {
		if (text[i] < 'A')
			continue;
		text[i] = (char)(text[i] + 32);
		assert_int_equal(age_identity_parse(span_text(text), &identity),
		    FORMAT_E_MALFORMED);
		text[i] = (char)(text[i] - 32);
	}
	for (i = 0; i < strlen(text); i++)
		if (text[i] >= 'A')
			text[i] = (char)(text[i] + 32);
	assert_int_equal(
	    age_identity_parse(span_text(text), &identity), FORMAT_E_MALFORMED);
	assert_int_equal(identity.key[0], 7);
}

static void test_an_identity_of_another_length_is_refused(void **state)
{
	struct age_identity identity;

	(void)state;
	assert_int_equal(
	    age_identity_parse(span_text(""), &identity), FORMAT_E_MALFORMED);
	assert_int_equal(
	    age_identity_parse(span_text(SPEC_IDENTITY "\n"), &identity),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    age_identity_parse(
		span_of(SPEC_IDENTITY, AGE_IDENTITY_TEXT - 2), &identity),
	    FORMAT_E_MALFORMED);
	assert_int_equal(
	    age_identity_parse(span_text(SPEC_RECIPIENT), &identity),
	    FORMAT_E_MALFORMED);
}

/* The points of small order on the curve and on its twist, p = 2^255 - 19: 0,
 * 1, both of order 8, p - 1; then other spellings of them, and of others. */
static const char *const bad_keys[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    /* not of small order, but not below p: 9, 9 and 18 */
    "0900000000000000000000000000000000000000000000000000000000000080",
    "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_keys_of_small_order_or_misspelt_are_refused(void **state)
{
	struct age_recipient recipient, out = {{7}};
	char text[AGE_RECIPIENT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad_keys); i++) {
		from_hex(bad_keys[i], recipient.key);
		assert_int_equal(
		    age_recipient_check(&recipient), FORMAT_E_MISMATCH);
		age_recipient_format(&recipient, text);
		assert_int_equal(age_recipient_parse(span_text(text), &out),
		    FORMAT_E_MISMATCH);
	}
	assert_int_equal(out.key[0], 7);
}

static void test_the_largest_canonical_keys_are_taken(void **state)
{
	struct age_recipient recipient;

	(void)state;
	memset(recipient.key, 0xff, 32);
	recipient.key[31] = 0x7f;
	recipient.key[0] = 0xeb; /* p - 2 */
	assert_int_equal(age_recipient_check(&recipient), 0);
	recipient.key[0] = 0xff;
	recipient.key[1] = 0xfe;
	assert_int_equal(age_recipient_check(&recipient), 0);
	memset(recipient.key, 0, 32);
	recipient.key[0] = 9;
	assert_int_equal(age_recipient_check(&recipient), 0);
}

static void test_drawn_identities_differ_and_survive_their_text(void **state)
{
	struct age_identity one, two, back;
	char text[AGE_IDENTITY_TEXT];

	(void)state;
	age_identity_generate(&one);
	age_identity_generate(&two);
	assert_memory_not_equal(one.key, two.key, 32);
	age_identity_format(&one, text);
	assert_int_equal(strlen(text), AGE_IDENTITY_TEXT - 1);
	assert_int_equal(age_identity_parse(span_text(text), &back), 0);
	assert_memory_equal(back.key, one.key, 32);
}

static int begin(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_key_is_written_as_the_standard_writes_it),
	    cmocka_unit_test(test_what_is_written_is_read_back),
	    cmocka_unit_test(test_no_changed_character_is_taken),
	    cmocka_unit_test(test_other_spellings_are_refused),
	    cmocka_unit_test(test_the_standards_identity_has_its_recipient),
	    cmocka_unit_test(test_a_recipient_is_x25519_of_the_base_point),
	    cmocka_unit_test(test_an_identity_is_in_upper_case_only),
	    cmocka_unit_test(test_an_identity_of_another_length_is_refused),
	    cmocka_unit_test(test_keys_of_small_order_or_misspelt_are_refused),
	    cmocka_unit_test(test_the_largest_canonical_keys_are_taken),
	    cmocka_unit_test(
		test_drawn_identities_differ_and_survive_their_text),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
