/*
 * What the keeper signs beside entries, checked by the formats' own verifiers:
 * checkpoints, cosignatures, cards and enrolments; and what it unwraps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/format/enrolment.h"
#include "proto/format/note.h"
#include "proto/format/sshsig.h"
#include "tests/unit/keeper_scene.c"

/* --- checkpoints and cosignatures ------------------------------------- */

static void test_a_checkpoint_is_a_note_of_the_own_log(void **state)
{
	struct wire_keeper_keys keys;
	struct wire_keeper_note answer;
	struct checkpoint checkpoint;
	struct author_id author, origin_author;
	struct log_id origin_log;
	struct note note;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_checkpoint(5, 7, &answer), 0);
	assert_int_equal(note_parse(answer.note, &note), 0);
	assert_int_equal(checkpoint_parse(note.text, &checkpoint), 0);
	assert_int_equal(checkpoint.size, 5);
	assert_int_equal(checkpoint.root.bytes[31], 7);
	assert_int_equal(
	    note_verify(&note, checkpoint.origin, &keys.author), 0);
	assert_int_equal(
	    note_parse_origin(checkpoint.origin, &origin_author, &origin_log),
	    0);
	sign_key_author(&keys.author, &author);
	assert_memory_equal(origin_author.bytes, author.bytes, 32);
	assert_memory_equal(origin_log.bytes, keys.log.bytes, 32);
	note_free(&note);
}

static void test_no_smaller_checkpoint_is_signed(void **state)
{
	struct wire_keeper_keys keys;
	struct wire_keeper_note note;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_checkpoint(4, 1, &note), 0);
	assert_int_equal(ask_checkpoint(5, 2, &note), 0);
	assert_int_equal(ask_checkpoint(4, 1, &note), WIRE_CODE_REFUSED);
}

static void test_one_size_has_one_root(void **state)
{
	struct wire_keeper_keys keys;
	struct wire_keeper_note note;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_checkpoint(5, 1, &note), 0);
	assert_int_equal(ask_checkpoint(5, 2, &note), WIRE_CODE_REFUSED);
	assert_int_equal(ask_checkpoint(5, 1, &note), 0);
}

static void test_no_checkpoint_goes_above_what_is_signed(void **state)
{
	struct wire_keeper_signed entries;
	struct wire_keeper_keys keys;
	struct wire_keeper_note note;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_checkpoint(6, 1, &note), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(5, 1, &entries), 0);
	assert_int_equal(ask_checkpoint(6, 1, &note), 0);
}

static void test_nothing_under_a_checkpoint_is_signed_again(void **state)
{
	struct wire_keeper_signed entries;
	struct wire_keeper_keys keys;
	struct wire_keeper_note note;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_sign(5, 2, &entries), 0);
	assert_int_equal(ask_checkpoint(6, 1, &note), 0);
	assert_int_equal(ask_sign(5, 1, &entries), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(6, 1, &entries), 0);
}

static void make_checkpoint(
    const struct author_id *author, const struct log_id *log, struct buf *out)
{
	struct checkpoint checkpoint = {.size = 9};

	note_origin(author, log, checkpoint.origin);
	assert_int_equal(checkpoint_build(&checkpoint, out), 0);
}

static void test_it_cosigns_the_log_of_somebody_else(void **state)
{
	const struct author_id author = {{1}};
	const struct log_id log = {{2}};
	struct wire_keeper_keys keys;
	struct wire_keeper_note line;
	struct buf whole = {0}, text = {0};
	struct note note;
	uint64_t signed_at = 0;

	(void)state;
	start_unlocked(0, &keys);
	make_checkpoint(&author, &log, &text);
	assert_int_equal(ask_cosign(buf_span(&text), &line), 0);
	assert_int_equal(note_begin(buf_span(&text), &whole), 0);
	assert_int_equal(buf_append_span(&whole, line.note), 0);
	assert_int_equal(note_parse(buf_span(&whole), &note), 0);
	assert_int_equal(note.signature_count, 1);
	assert_int_equal(
	    cosignature_verify(&note, &keys.author, &signed_at), 0);
	assert_true(signed_at > 1700000000);
	note_free(&note);
	buf_free(&whole);
	buf_free(&text);
}

static void test_it_never_cosigns_itself(void **state)
{
	struct wire_keeper_keys keys;
	struct wire_keeper_note line;
	const struct log_id other = {{9}};
	struct author_id author;
	struct buf text = {0};

	(void)state;
	start_unlocked(0, &keys);
	sign_key_author(&keys.author, &author);
	make_checkpoint(&author, &keys.log, &text);
	assert_int_equal(ask_cosign(buf_span(&text), &line), WIRE_CODE_REFUSED);
	buf_free(&text);
	make_checkpoint(&author, &other, &text);
	assert_int_equal(ask_cosign(buf_span(&text), &line), WIRE_CODE_REFUSED);
	buf_free(&text);
}

static void test_it_cosigns_nothing_but_checkpoints_of_logs(void **state)
{
	static const char *const texts[] = {
	    "evident entry v1\n",
	    ("example.com/log\n9\n"
	     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
	    "x",
	};
	struct wire_keeper_keys keys;
	struct wire_keeper_note line;
	size_t i;

	(void)state;
	start_unlocked(0, &keys);
	for (i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_not_equal(ask_cosign(span_text(texts[i]), &line), 0);
}

/* --- cards ------------------------------------------------------------ */

static void test_a_card_carries_the_own_keys(void **state)
{
	static struct card card;
	struct age_recipient readers[2];
	struct age_identity identity;
	struct wire_keeper_keys keys;
	struct wire_keeper_note answer;
	const char *why = NULL;
	size_t i, found = 0;

	(void)state;
	start_unlocked(0, &keys);
	age_identity_generate(&identity);
	assert_int_equal(age_identity_recipient(&identity, &readers[0]), 0);
	readers[1] = keys.readers.items[0]; /* named twice is on it once */
	assert_int_equal(ask_card("hub", readers, 2, &answer), 0);
	assert_int_equal(card_parse(answer.note, &card, &why), 0);
	assert_string_equal(card.name, "hub");
	assert_int_equal(card.serial, 3);
	assert_memory_equal(card.author.bytes, keys.author.bytes, 32);
	assert_memory_equal(card.transport.bytes, keys.transport.bytes, 32);
	assert_memory_equal(card.bundle.key, keys.bundle.key, 32);
	assert_int_equal(card.address_count, 2);
	assert_int_equal(card.reader_count, 2);
	for (i = 0; i < 2; i++) {
		found += memcmp(card.readers[i].key, readers[0].key, 32) == 0;
		found += memcmp(card.readers[i].key, readers[1].key, 32) == 0;
	}
	assert_int_equal(found, 2);
}

static void test_a_card_with_a_bad_name_is_refused(void **state)
{
	struct wire_keeper_keys keys;
	struct wire_keeper_note answer;

	(void)state;
	start_unlocked(0, &keys);
	assert_int_equal(ask_card("-hub", NULL, 0, &answer), WIRE_CODE_INPUT);
	assert_int_equal(ask_card("h\nub", NULL, 0, &answer), WIRE_CODE_INPUT);
}

/* --- organisations ---------------------------------------------------- */

static int ask_card_of(struct span organisation, struct card *ret_card)
{
	const struct wire_keeper_card ask = {
	    .name = span_text("device"),
	    .serial = 3,
	    .organisation = organisation,
	};
	struct wire_keeper_note answer;
	int r;

	r = ask_store(WIRE_KEEPER_CARD, &ask, WIRE_KEEPER_NOTE, &answer);
	if (r == 0)
		assert_int_equal(card_parse(answer.note, ret_card, NULL), 0);
	return r;
}

static void test_a_card_names_an_organisation_that_is_somebody_else(
    void **state)
{
	uint8_t id[33] = {1, 2, 3};
	struct wire_keeper_keys keys;
	struct author_id own;
	struct card card;

	(void)state;
	start_unlocked(0, &keys);
	assert_int_equal(ask_card_of(span_of(id, 0), &card), 0);
	assert_false(card.has_organisation);
	assert_int_equal(ask_card_of(span_of(id, 32), &card), 0);
	assert_true(card.has_organisation);
	assert_memory_equal(card.organisation.bytes, id, 32);
	assert_int_equal(ask_card_of(span_of(id, 31), &card), WIRE_CODE_INPUT);
	sign_key_author(&keys.author, &own);
	assert_int_equal(
	    ask_card_of(span_of(own.bytes, 32), &card), WIRE_CODE_INPUT);
}

static int ask_enrol(
    const struct wire_keeper_enrol *ask, struct enrolment *ret_enrolment)
{
	struct wire_keeper_note answer;
	int r;

	r = ask_store(WIRE_KEEPER_ENROL, ask, WIRE_KEEPER_NOTE, &answer);
	if (r == 0)
		assert_int_equal(
		    enrolment_parse(answer.note, ret_enrolment, NULL), 0);
	return r;
}

static void test_an_enrolment_is_by_this_node_of_somebody_else(void **state)
{
	struct wire_keeper_enrol ask = {.member = {{5}}, .serial = 2};
	struct wire_keeper_keys keys;
	struct enrolment enrolment;
	struct author_id own;

	(void)state;
	start_unlocked(0, &keys);
	sign_key_author(&keys.author, &own);
	memset(ask.keys.bytes, 6, 32);
	assert_int_equal(ask_enrol(&ask, &enrolment), 0);
	assert_memory_equal(enrolment.organisation.bytes, own.bytes, 32);
	assert_memory_equal(enrolment.member.bytes, ask.member.bytes, 32);
	assert_memory_equal(enrolment.keys.bytes, ask.keys.bytes, 32);
	assert_int_equal(enrolment.serial, 2);
	assert_false(enrolment.ended);
	ask.serial = FORMAT_INTEGER_MAX;
	assert_int_equal(ask_enrol(&ask, &enrolment), 0);
	ask.member = own;
	assert_int_equal(ask_enrol(&ask, &enrolment), WIRE_CODE_REFUSED);
}

static void test_an_enrolment_that_ends_names_no_keys(void **state)
{
	struct wire_keeper_enrol ask = {
	    .member = {{5}}, .serial = 1, .ended = 1};
	struct wire_keeper_keys keys;
	struct enrolment enrolment;

	(void)state;
	start_unlocked(0, &keys);
	assert_int_equal(ask_enrol(&ask, &enrolment), 0);
	assert_true(enrolment.ended);
	ask.keys.bytes[31] = 1;
	assert_int_equal(ask_enrol(&ask, &enrolment), WIRE_CODE_BAD_REQUEST);
	ask.keys.bytes[31] = 0;
	ask.serial = 0;
	assert_int_equal(ask_enrol(&ask, &enrolment), WIRE_CODE_BAD_REQUEST);
}

static void test_nobody_is_enrolled_while_it_is_locked(void **state)
{
	struct wire_keeper_enrol ask = {.member = {{5}}, .serial = 1};
	struct enrolment enrolment;

	(void)state;
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(ask_enrol(&ask, &enrolment), WIRE_CODE_LOCKED);
}

/* --- unwrapping ------------------------------------------------------- */

static struct age_stanza wrap(
    const uint8_t file_key[16], const struct age_recipient *recipient)
{
	static struct age_header header;
	struct age_stanza stanza;
	struct buf bytes = {0};

	assert_int_equal(age_header_build(file_key, recipient, 1, &bytes), 0);
	assert_int_equal(age_header_parse(buf_span(&bytes), &header), 0);
	assert_int_equal(header.stanza_count, 1);
	stanza = header.stanzas[0];
	buf_free(&bytes);
	return stanza;
}

static void test_it_unwraps_for_its_readers_and_its_bundle(void **state)
{
	const uint8_t file_key[16] = "0123456789abcde";
	struct wire_keeper_file_key key;
	struct wire_keeper_keys keys;
	struct age_identity foreign;
	struct age_recipient recipient;
	struct age_stanza stanzas[3] = {0}; /* the first: a share of 0 */

	(void)state;
	start_unlocked(0, &keys);
	age_identity_generate(&foreign);
	assert_int_equal(age_identity_recipient(&foreign, &recipient), 0);
	stanzas[1] = wrap(file_key, &recipient);
	stanzas[2] = wrap(file_key, &keys.readers.items[0]);
	assert_int_equal(ask_unwrap(stanzas, 3, &key), 0);
	assert_int_equal(key.stanza, 2);
	assert_memory_equal(key.key.bytes, file_key, 16);
	stanzas[0] = wrap(file_key, &keys.bundle);
	assert_int_equal(ask_unwrap(stanzas, 1, &key), 0);
	assert_int_equal(key.stanza, 0);
	assert_memory_equal(key.key.bytes, file_key, 16);
}

static void test_a_foreign_stanza_does_not_open(void **state)
{
	const uint8_t file_key[16] = {0};
	struct wire_keeper_file_key key;
	struct wire_keeper_keys keys;
	struct age_identity foreign;
	struct age_recipient recipient;
	struct age_stanza stanza;

	(void)state;
	start_unlocked(0, &keys);
	age_identity_generate(&foreign);
	assert_int_equal(age_identity_recipient(&foreign, &recipient), 0);
	stanza = wrap(file_key, &recipient);
	assert_int_equal(ask_unwrap(&stanza, 1, &key), WIRE_CODE_NO_KEY);
	assert_int_equal(ask_unwrap(&stanza, 0, &key), WIRE_CODE_NO_KEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    KEEPER_TEST(test_a_checkpoint_is_a_note_of_the_own_log),
	    KEEPER_TEST(test_no_smaller_checkpoint_is_signed),
	    KEEPER_TEST(test_one_size_has_one_root),
	    KEEPER_TEST(test_no_checkpoint_goes_above_what_is_signed),
	    KEEPER_TEST(test_nothing_under_a_checkpoint_is_signed_again),
	    KEEPER_TEST(test_it_cosigns_the_log_of_somebody_else),
	    KEEPER_TEST(test_it_never_cosigns_itself),
	    KEEPER_TEST(test_it_cosigns_nothing_but_checkpoints_of_logs),
	    KEEPER_TEST(test_a_card_carries_the_own_keys),
	    KEEPER_TEST(test_a_card_with_a_bad_name_is_refused),
	    KEEPER_TEST(
		test_a_card_names_an_organisation_that_is_somebody_else),
	    KEEPER_TEST(test_an_enrolment_is_by_this_node_of_somebody_else),
	    KEEPER_TEST(test_an_enrolment_that_ends_names_no_keys),
	    KEEPER_TEST(test_nobody_is_enrolled_while_it_is_locked),
	    KEEPER_TEST(test_it_unwraps_for_its_readers_and_its_bundle),
	    KEEPER_TEST(test_a_foreign_stanza_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
