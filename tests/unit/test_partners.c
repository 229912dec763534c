/*
 * Partners: whose card is taken, and when two people must compare again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/store_scene.h"

/* A signed card; ${who} makes the author, ${reader} a reader's key. */
static void make_card(const char *name, uint8_t who, uint8_t reader,
    uint64_t serial, struct card *ret_card, struct buf *out)
{
	uint8_t seed[32] = {who}, secret[64], signature[64];
	struct age_identity identity = {{reader}};
	struct buf text = {0};

	memset(ret_card, 0, sizeof *ret_card);
	strcpy(ret_card->name, name);
	ret_card->serial = serial;
	crypto_sign_seed_keypair(ret_card->author.bytes, secret, seed);
	seed[1] = 1;
	crypto_sign_seed_keypair(ret_card->transport.bytes, secret, seed);
	age_identity_recipient(&identity, &ret_card->readers[0]);
	ret_card->reader_count = 1;
	identity.key[0] = 77;
	age_identity_recipient(&identity, &ret_card->bundle);
	seed[1] = 0;
	assert_int_equal(card_build(ret_card, &text), 0);
	sshsig_sign(seed, SSHSIG_NAMESPACE_CARD, buf_span(&text), signature);
	assert_int_equal(card_seal(ret_card, signature, out), 0);
	buf_free(&text);
}

static int put(const char *name, uint8_t who, uint8_t reader, uint64_t serial)
{
	struct buf bytes = {0};
	struct card card;
	int r;

	make_card(name, who, reader, serial, &card, &bytes);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCENE(test_a_new_partner_is_not_compared),
	    SCENE(test_a_newer_card_with_the_same_keys_stays_compared),
	    SCENE(test_a_changed_key_must_be_compared_again),
	    SCENE(test_an_older_card_is_refused),
	    SCENE(test_a_name_belongs_to_one_author),
	    SCENE(test_a_removed_partner_must_be_compared_when_it_returns),
	    SCENE(test_a_logs_tree_is_that_of_its_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
