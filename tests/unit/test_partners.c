/*
 * Partners: whose card is taken, when two people must compare again, and when
 * an organisation's enrolment stands for that.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "daemon/store/enrolments.h"
#include "tests/unit/store_scene.h"

static const struct author_id *organisation; /* of the cards made next */

static int put(const char *name, uint8_t who, uint8_t reader, uint64_t serial)
{
	struct buf bytes = {0};
	struct card card;
	int r;

	scene_card(name, who, reader, serial, organisation, &card, &bytes);
	r = partners_put(scene.database, &card, buf_span(&bytes), false);
	buf_free(&bytes);
	return r;
}

static struct partner get(const char *name)
{
	struct partner partner;

	assert_int_equal(
	    partners_by_name(scene.database, span_text(name), &partner), 0);
	return partner;
}

static void test_a_new_partner_is_not_compared(void **state)
{
	(void)state;
	assert_int_equal(put("one", 1, 8, 1), 0);
	assert_false(get("one").compared);
}

static void test_a_newer_card_with_the_same_keys_stays_compared(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	partners_set_compared(scene.database, get("one").id);
	assert_int_equal(put("one", 1, 8, 2), 0);
	assert_true(get("one").compared);
	assert_int_equal(get("one").card.serial, 2);
}

static void test_a_changed_key_must_be_compared_again(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	partners_set_compared(scene.database, get("one").id);
	assert_int_equal(put("one", 1, 16, 2), 0);
	assert_false(get("one").compared);
}

static void test_an_older_card_is_refused(void **state)
{
	(void)state;
	put("one", 1, 8, 5);
	assert_int_equal(put("one", 1, 8, 4), PARTNERS_E_OLD_SERIAL);
	assert_int_equal(get("one").card.serial, 5);
}

static void test_a_name_belongs_to_one_author(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	assert_int_equal(put("one", 2, 8, 1), PARTNERS_E_NAME_TAKEN);
}

static void test_a_removed_partner_must_be_compared_when_it_returns(
    void **state)
{
	struct partner partner;

	(void)state;
	put("one", 1, 8, 1);
	partners_set_compared(scene.database, get("one").id);
	assert_int_equal(partners_remove(scene.database, get("one").id), 0);
	assert_int_equal(
	    partners_by_name(scene.database, span_text("one"), &partner),
	    DATABASE_E_NONE);
	assert_int_equal(put("one", 1, 8, 1), 0);
	assert_false(get("one").compared);
}

static void test_nobody_has_the_transport_key_of_another(void **state)
{
	uint8_t seed[32] = {2}, signature[64];
	struct buf one = {0}, two = {0}, text = {0};
	struct card first, second;

	(void)state;
	scene_card("one", 1, 8, 1, organisation, &first, &one);
	scene_card("two", 2, 8, 1, organisation, &second, &two);
	second.transport = first.transport;
	two.len = 0;
	assert_int_equal(card_build(&second, &text), 0);
	sshsig_sign(seed, SSHSIG_NAMESPACE_CARD, buf_span(&text), signature);
	assert_int_equal(card_seal(&second, signature, &two), 0);
	assert_int_equal(
	    partners_put(scene.database, &first, buf_span(&one), false), 0);
	assert_int_equal(
	    partners_put(scene.database, &second, buf_span(&two), false),
	    PARTNERS_E_TRANSPORT_TAKEN);
	assert_int_equal(
	    partners_put(scene.database, &first, buf_span(&one), false), 0);
	buf_free(&one);
	buf_free(&two);
	buf_free(&text);
}

/* --- enrolments --------------------------------------------------------- */

#define OFFICE 20 /* makes the organisation's author */

static struct author_id author_of(uint8_t who)
{
	uint8_t seed[32] = {who}, secret[64];
	struct author_id author;
	struct sign_key key;

	crypto_sign_seed_keypair(key.bytes, secret, seed);
	sign_key_author(&key, &author);
	return author;
}

static int scene_begin_office(void **state)
{
	static struct author_id office;

	organisation = NULL;
	if (scene_begin(state) != 0)
		return -1;
	assert_int_equal(put("office", OFFICE, 8, 1), 0);
	partners_set_compared(scene.database, get("office").id);
	partners_set_trust(scene.database, get("office").id, true);
	office = author_of(OFFICE);
	organisation = &office;
	return 0;
}

/* The office's word that ${who} with this ${reader} on its card is its own; a
 * reader of 0 ends it. */
static int enrol(uint8_t who, uint8_t reader, uint64_t serial)
{
	struct enrolment enrolment = {
	    .organisation = *organisation,
	    .member = author_of(who),
	    .serial = serial,
	    .ended = reader == 0,
	};
	struct buf bytes = {0};
	struct card card;

	if (reader > 0) {
		scene_card("any", who, reader, 1, organisation, &card, &bytes);
		card_keys_digest(&card, &enrolment.keys);
	}
	buf_free(&bytes);
	return enrolments_put(scene.database, &enrolment);
}

static void test_an_enrolled_card_counts_as_compared(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	assert_false(get("one").compared);
	assert_int_equal(enrol(1, 8, 1), 0);
	assert_true(get("one").compared);
	assert_false(get("one").by_people);
}

static void test_an_enrolment_may_come_before_its_card(void **state)
{
	(void)state;
	assert_int_equal(enrol(1, 8, 1), 0);
	put("one", 1, 8, 1);
	assert_true(get("one").compared);
	put("one", 1, 8, 2);
	assert_true(get("one").compared);
}

static void test_an_enrolment_is_for_one_device_and_its_keys(void **state)
{
	(void)state;
	assert_int_equal(enrol(1, 8, 1), 0);
	put("one", 1, 16, 1);
	put("two", 2, 8, 1);
	assert_false(get("one").compared);
	assert_false(get("two").compared);
}

static void test_a_card_of_no_organisation_is_not_enrolled(void **state)
{
	(void)state;
	assert_int_equal(enrol(1, 8, 1), 0);
	organisation = NULL;
	put("one", 1, 8, 1);
	assert_false(get("one").compared);
}

static void test_a_changed_key_ends_what_rests_on_an_enrolment(void **state)
{
	(void)state;
	enrol(1, 8, 1);
	put("one", 1, 8, 1);
	put("one", 1, 16, 2);
	assert_false(get("one").compared);
	assert_int_equal(enrol(1, 16, 2), 0);
	assert_true(get("one").compared);
	assert_int_equal(enrol(1, 8, 3), 0);
	assert_false(get("one").compared);
}

static void test_of_several_enrolments_the_newest_counts(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	assert_int_equal(enrol(1, 8, 5), 0);
	assert_int_equal(enrol(1, 16, 4), ENROLMENTS_E_OLD);
	assert_int_equal(enrol(1, 16, 5), ENROLMENTS_E_CONTRADICTS);
	assert_int_equal(enrol(1, 8, 5), 0);
	assert_true(get("one").compared);
	assert_int_equal(enrol(1, 8, FORMAT_INTEGER_MAX), 0);
	assert_int_equal(enrol(1, 8, 6), ENROLMENTS_E_OLD);
}

static void test_what_has_ended_does_not_come_back(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	enrol(1, 8, 5);
	assert_int_equal(enrol(1, 0, 4), ENROLMENTS_E_OLD);
	assert_true(get("one").compared);
	assert_int_equal(enrol(1, 0, 5), 0);
	assert_false(get("one").compared);
	assert_int_equal(enrol(1, 8, 5), ENROLMENTS_E_CONTRADICTS);
	assert_int_equal(enrol(1, 0, 5), 0);
	assert_int_equal(enrol(1, 8, 6), 0);
	assert_true(get("one").compared);
}

static void test_serials_go_on_where_they_were(void **state)
{
	const struct author_id one = author_of(1);
	uint64_t serial;

	(void)state;
	assert_int_equal(
	    enrolments_next_serial(scene.database, organisation, &one, &serial),
	    0);
	assert_int_equal(serial, 1);
	enrol(1, 8, 7);
	scene_close();
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(
	    enrolments_next_serial(scene.database, organisation, &one, &serial),
	    0);
	assert_int_equal(serial, 8);
	enrol(1, 8, FORMAT_INTEGER_MAX);
	assert_int_equal(
	    enrolments_next_serial(scene.database, organisation, &one, &serial),
	    -ERANGE);
}

static void test_trust_ends_with_that_in_the_organisation(void **state)
{
	const struct author_id *office = organisation;
	int64_t id = get("office").id;

	(void)state;
	put("one", 1, 8, 1);
	enrol(1, 8, 1);
	partners_set_trust(scene.database, id, false);
	assert_false(get("one").compared);
	partners_set_trust(scene.database, id, true);
	assert_true(get("one").compared);
	organisation = NULL;
	put("office", OFFICE, 16, 2); /* to be compared again */
	assert_false(get("one").compared);
	partners_set_compared(scene.database, id);
	assert_true(get("one").compared);
	assert_int_equal(partners_remove(scene.database, id), 0);
	assert_false(get("one").compared);
	put("office", OFFICE, 16, 2);
	partners_set_compared(scene.database, id);
	assert_false(get("office").trusts);
	assert_false(get("one").compared);
	organisation = office;
}

static void test_who_was_compared_by_people_stays_so(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	enrol(1, 8, 1);
	partners_set_compared(scene.database, get("one").id);
	assert_true(get("one").by_people);
	enrol(1, 0, 2);
	partners_set_trust(scene.database, get("office").id, false);
	assert_true(get("one").compared);
	put("one", 1, 16, 2);
	assert_false(get("one").compared);
}

static void test_an_enrolled_organisation_vouches_for_nobody(void **state)
{
	struct author_id one;

	(void)state;
	put("one", 1, 8, 1);
	enrol(1, 8, 1);
	assert_true(get("one").compared);
	partners_set_trust(scene.database, get("one").id, true);
	one = author_of(1);
	organisation = &one;
	put("two", 2, 8, 1);
	assert_int_equal(enrol(2, 8, 1), 0);
	assert_false(get("two").compared);
	partners_set_compared(scene.database, get("one").id);
	assert_true(get("two").compared);
}

static void test_a_removed_member_returns_only_by_an_enrolment(void **state)
{
	(void)state;
	put("one", 1, 8, 1);
	enrol(1, 8, 3);
	assert_int_equal(partners_remove(scene.database, get("one").id), 0);
	put("one", 1, 8, 1);
	assert_false(get("one").compared);
	assert_int_equal(enrol(1, 8, 2), ENROLMENTS_E_OLD);
	assert_int_equal(enrol(1, 8, 3), 0);
	assert_true(get("one").compared);
}

static void test_a_removed_row_is_never_compared(void **state)
{
	struct partner partner;
	const struct author_id one = author_of(1);

	(void)state;
	put("one", 1, 8, 1);
	enrol(1, 8, 3);
	partners_remove(scene.database, get("one").id);
	enrol(1, 8, 4);
	assert_int_equal(partners_by_author(scene.database, &one, &partner), 0);
	assert_true(partner.removed);
	assert_false(partner.compared);
}

/* The node itself is the organisation: its own log says who it is. */
static void test_own_enrolments_need_no_trust(void **state)
{
	uint8_t seed[32] = {30}, secret[64];
	struct author_id own = author_of(30);
	struct log_id name = {{2}};
	struct sign_key key;
	int64_t id;

	(void)state;
	organisation = &own;
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	put("one", 1, 8, 1);
	enrol(1, 8, 1);
	assert_false(get("one").compared);
	assert_int_equal(
	    log_tree_add(scene.database, &key, &name, false, 0, &id), 0);
	assert_false(get("one").compared);
	name.bytes[0] = 3;
	assert_int_equal(
	    log_tree_add(scene.database, &key, &name, true, 0, &id), 0);
	assert_true(get("one").compared);
	assert_int_equal(enrol(1, 0, 2), 0);
	assert_false(get("one").compared);
}

/* Fill a tree and compare it with one in memory. */
static void test_a_logs_tree_is_that_of_its_leaves(void **state)
{
	struct digest leaves[70], root, found, path;
	struct merkle_proof proof;
	struct sign_key key = {{1}};
	struct log_id name = {{2}};
	struct log_row log;
	int64_t id;
	uint64_t i;

	(void)state;
	assert_int_equal(
	    log_tree_add(scene.database, &key, &name, false, 0, &id), 0);
	assert_int_equal(log_tree_load(scene.database, id, &log), 0);
	for (i = 0; i < 70; i++) {
		merkle_leaf(span_of(&i, sizeof i), &leaves[i]);
		assert_int_equal(
		    log_tree_append(scene.database, &log, &leaves[i]), 0);
	}
	assert_int_equal(log.size, 70);
	assert_int_equal(log_tree_leaf(scene.database, id, 33, &found), 0);
	assert_memory_equal(found.bytes, leaves[33].bytes, 32);
	assert_int_equal(log_tree_root(scene.database, id, 70, &root), 0);
	assert_int_equal(
	    log_tree_inclusion(scene.database, id, 33, 70, &proof), 0);
	assert_int_equal(
	    merkle_verify_inclusion(&leaves[33], 33, 70, &proof, &root), 0);
	assert_int_equal(log_tree_root(scene.database, id, 41, &path), 0);
	assert_int_equal(
	    log_tree_consistency(scene.database, id, 41, 70, &proof), 0);
	assert_int_equal(
	    merkle_verify_consistency(41, 70, &proof, &path, &root), 0);
	log_row_free(&log);
}

#define OFFICE_SCENE(name) \
	cmocka_unit_test_setup_teardown(name, scene_begin_office, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCENE(test_a_new_partner_is_not_compared),
	    SCENE(test_a_newer_card_with_the_same_keys_stays_compared),
	    SCENE(test_a_changed_key_must_be_compared_again),
	    SCENE(test_an_older_card_is_refused),
	    SCENE(test_a_name_belongs_to_one_author),
	    SCENE(test_a_removed_partner_must_be_compared_when_it_returns),
	    SCENE(test_nobody_has_the_transport_key_of_another),
	    OFFICE_SCENE(test_an_enrolled_card_counts_as_compared),
	    OFFICE_SCENE(test_an_enrolment_may_come_before_its_card),
	    OFFICE_SCENE(test_an_enrolment_is_for_one_device_and_its_keys),
	    OFFICE_SCENE(test_a_card_of_no_organisation_is_not_enrolled),
	    OFFICE_SCENE(test_a_changed_key_ends_what_rests_on_an_enrolment),
	    OFFICE_SCENE(test_of_several_enrolments_the_newest_counts),
	    OFFICE_SCENE(test_what_has_ended_does_not_come_back),
	    OFFICE_SCENE(test_serials_go_on_where_they_were),
	    OFFICE_SCENE(test_trust_ends_with_that_in_the_organisation),
	    OFFICE_SCENE(test_who_was_compared_by_people_stays_so),
	    OFFICE_SCENE(test_an_enrolled_organisation_vouches_for_nobody),
	    OFFICE_SCENE(test_a_removed_member_returns_only_by_an_enrolment),
	    OFFICE_SCENE(test_a_removed_row_is_never_compared),
	    OFFICE_SCENE(test_own_enrolments_need_no_trust),
	    SCENE(test_a_logs_tree_is_that_of_its_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
