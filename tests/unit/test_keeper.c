/*
 * The keeper as its peers see it: locked and unlocked, and the entries it
 * signs. What it must refuse, it must refuse.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/format/sshsig.h"
#include "tests/unit/keeper_scene.c"

/* --- locked and unlocked ---------------------------------------------- */

static void test_a_locked_keeper_does_nothing(void **state)
{
	struct age_stanza stanza = {0};
	struct wire_keeper_file_key key;
	struct wire_keeper_signed entries;
	struct wire_keeper_note note;

	(void)state;
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(ask_resume(), WIRE_CODE_LOCKED);
	assert_int_equal(ask_durable(0, 0), WIRE_CODE_LOCKED);
	assert_int_equal(ask_sign(0, 1, &entries), WIRE_CODE_LOCKED);
	assert_int_equal(ask_checkpoint(0, 1, &note), WIRE_CODE_LOCKED);
	assert_int_equal(ask_cosign(span_text("x"), &note), WIRE_CODE_LOCKED);
	assert_int_equal(ask_card("hub", NULL, 0, &note), WIRE_CODE_LOCKED);
	assert_int_equal(ask_unwrap(&stanza, 1, &key), WIRE_CODE_LOCKED);
}

static void test_unlock_answers_what_the_keyring_holds(void **state)
{
	struct keyring_keys keys;
	struct wire_keeper_keys answer;
	struct age_recipient reader;

	(void)state;
	place_keyring(&keys);
	start_keeper();
	assert_int_equal(ask_unlock(PASSPHRASE "\n", &answer), 0);
	assert_memory_equal(answer.storage_key.bytes, keys.storage_key, 32);
	assert_memory_equal(answer.file_id.bytes, keys.file_id, 16);
	assert_memory_equal(
	    answer.transport_seed.bytes, keys.transport_seed, 32);
	assert_memory_equal(answer.log.bytes, keys.log.bytes, 32);
	assert_int_equal(answer.readers.count, 1);
	assert_int_equal(age_identity_recipient(&keys.readers[0], &reader), 0);
	assert_memory_equal(answer.readers.items[0].key, reader.key, 32);
	assert_int_equal(ask_resume(), 0);
}

static void test_a_wrong_passphrase_is_told(void **state)
{
	struct wire_keeper_keys answer;

	(void)state;
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(ask_unlock("wrong", &answer), WIRE_CODE_PASSPHRASE);
	assert_int_equal(ask_unlock("", &answer), WIRE_CODE_INPUT);
	assert_int_equal(ask_resume(), WIRE_CODE_LOCKED);
}

static void test_an_unlocked_keeper_still_tells_a_wrong_one(void **state)
{
	struct wire_keeper_keys answer;

	(void)state;
	start_unlocked(0, &answer);
	assert_int_equal(ask_unlock("wrong", &answer), WIRE_CODE_PASSPHRASE);
	assert_int_equal(ask_unlock(PASSPHRASE, &answer), 0);
	assert_int_equal(ask_resume(), 0);
}

static void test_a_damaged_keyring_is_told(void **state)
{
	struct wire_keeper_keys answer;
	int fd;

	(void)state;
	place_keyring(NULL);
	fd = openat(scene.home, "keyring", O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "xxxx", 4, 1000), 4);
	start_keeper();
	assert_int_equal(ask_unlock(PASSPHRASE, &answer), WIRE_CODE_CORRUPT);
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_int_equal(ask_unlock(PASSPHRASE, &answer), WIRE_CODE_CORRUPT);
	close(fd);
}

static void test_without_a_keyring_there_is_nothing_to_unlock(void **state)
{
	struct wire_keeper_keys answer;

	(void)state;
	start_keeper();
	assert_int_equal(ask_unlock("x", &answer), WIRE_CODE_NOT_FOUND);
	assert_int_equal(ask_commit(), WIRE_CODE_REFUSED);
}

static void test_a_created_keyring_opens_in_another_life(void **state)
{
	struct wire_keeper_keys created, opened;

	(void)state;
	start_keeper();
	assert_int_equal(ask_create(1, &created), 0);
	assert_int_equal(created.readers.count, 1);
	assert_int_equal(ask_commit(), 0);
	assert_int_equal(ask_commit(), WIRE_CODE_REFUSED);
	assert_int_equal(ask_create(0, &opened), WIRE_CODE_REFUSED);
	assert_int_equal(ask_durable(0, 0), 0);
	assert_true(WIFEXITED(wait_keeper()));
	start_keeper();
	assert_int_equal(ask_resume(), WIRE_CODE_LOCKED);
	assert_int_equal(ask_unlock(PASSPHRASE, &opened), 0);
	assert_memory_equal(opened.author.bytes, created.author.bytes, 32);
	assert_memory_equal(
	    opened.storage_key.bytes, created.storage_key.bytes, 32);
	assert_memory_equal(opened.log.bytes, created.log.bytes, 32);
}

static void test_an_uncommitted_creation_leaves_nothing(void **state)
{
	struct wire_keeper_keys created;

	(void)state;
	start_keeper();
	assert_int_equal(ask_create(0, &created), 0);
	assert_int_equal(created.readers.count, 0);
	channel_freep(&scene.store);
	scene.store = introduce(WIRE_ROLE_STORE);
	assert_int_equal(ask_resume(), WIRE_CODE_LOCKED);
	assert_int_equal(ask_commit(), WIRE_CODE_REFUSED);
	assert_int_equal(faccessat(scene.home, "keyring", F_OK, 0), -1);
	assert_int_equal(faccessat(scene.home, "keyring.new", F_OK, 0), -1);
}

static void test_a_new_store_finds_the_keeper_unlocked(void **state)
{
	struct wire_keeper_keys answer;

	(void)state;
	start_unlocked(0, &answer);
	channel_freep(&scene.store);
	scene.store = introduce(WIRE_ROLE_STORE);
	assert_int_equal(ask_resume(), 0);
}

static void test_it_locks_itself_when_idle(void **state)
{
	struct wire_keeper_keys answer;

	(void)state;
	start_unlocked(0, &answer);
	assert_int_equal(ask_durable(0, 1), 0);
	expect_state(SUP_STATE_LOCK);
	assert_int_equal(ask_resume(), WIRE_CODE_LOCKED);
}

static void test_it_ends_when_told_or_left_alone(void **state)
{
	const struct wire_empty stop = {0};

	(void)state;
	start_keeper();
	assert_int_equal(
	    channel_send(scene.supervisor, WIRE_SUP_STOP, &stop, NULL, 0), 0);
	assert_int_equal(wait_keeper(), 0);
	start_keeper();
	assert_true(WIFEXITED(wait_keeper()));
}

/* --- entries ---------------------------------------------------------- */

static void test_it_signs_entries_of_the_own_log(void **state)
{
	static struct entry entry;
	struct wire_keeper_signed answer;
	struct wire_keeper_keys keys;
	struct author_id author;
	size_t i;

	(void)state;
	start_unlocked(5, &keys);
	sign_key_author(&keys.author, &author);
	assert_int_equal(ask_sign(5, 3, &answer), 0);
	assert_int_equal(answer.items.count, 3);
	for (i = 0; i < 3; i++) {
		struct wire_signed_entry *item = &answer.items.items[i];

		assert_int_equal(entry_parse(item->entry, &entry, NULL), 0);
		assert_int_equal(entry.index, 5 + i);
		assert_memory_equal(entry.author.bytes, author.bytes, 32);
		assert_memory_equal(entry.log.bytes, keys.log.bytes, 32);
		assert_int_equal(entry.fields.bytes[0], i + 1);
		assert_int_equal(
		    sshsig_verify(&keys.author, SSHSIG_NAMESPACE_ENTRY,
			item->entry, item->signature.bytes),
		    0);
	}
}

static void test_nothing_is_signed_before_the_log_is_known(void **state)
{
	struct wire_keeper_signed answer;
	struct wire_keeper_keys keys;
	struct wire_keeper_note note;

	(void)state;
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(ask_unlock(PASSPHRASE, &keys), 0);
	assert_int_equal(ask_sign(0, 1, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_checkpoint(0, 1, &note), WIRE_CODE_REFUSED);
}

static void test_no_index_below_the_durable_size_is_signed(void **state)
{
	struct wire_keeper_signed answer;
	struct wire_keeper_keys keys;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_sign(4, 1, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(0, 8, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(5, 2, &answer), 0);
	assert_int_equal(ask_durable(7, 0), 0);
	assert_int_equal(ask_sign(6, 1, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(7, 1, &answer), 0);
}

static void test_no_gap_is_signed(void **state)
{
	struct wire_keeper_signed answer;
	struct wire_keeper_keys keys;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_sign(6, 1, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(5, 1, &answer), 0);
	assert_int_equal(ask_sign(6, 1, &answer), 0);
}

static void test_what_did_not_become_durable_is_signed_again(void **state)
{
	struct wire_keeper_signed answer;
	struct wire_keeper_keys keys;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_sign(5, 4, &answer), 0);
	assert_int_equal(ask_sign(5, 1, &answer), 0);
	/* ... and what came after it is void */
	assert_int_equal(ask_sign(7, 1, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(6, 1, &answer), 0);
}

static void test_the_durable_size_only_grows_over_signed_entries(void **state)
{
	struct wire_keeper_signed answer;
	struct wire_keeper_keys keys;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_durable(4, 0), WIRE_CODE_REFUSED);
	assert_int_equal(ask_durable(6, 0), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(5, 2, &answer), 0);
	assert_int_equal(ask_durable(8, 0), WIRE_CODE_REFUSED);
	assert_int_equal(ask_durable(7, 0), 0);
	assert_int_equal(ask_durable(5, 0), WIRE_CODE_REFUSED);
}

/* A node that was put back goes on in a log that the keeper drew, and in no
 * other; and never again in the one before. */
static void test_another_log_is_drawn_and_written_from_then_on(void **state)
{
	struct wire_keeper_signed answer;
	struct wire_keeper_note note;
	struct wire_keeper_keys keys;
	struct log_id first, other, drawn;
	struct entry entry;

	(void)state;
	start_unlocked(5, &keys);
	assert_int_equal(ask_sign(5, 1, &answer), 0);
	first = scene.log;
	memset(other.bytes, 7, sizeof other.bytes);
	scene.log = other;
	assert_int_equal(ask_durable(0, 0), WIRE_CODE_REFUSED);
	assert_int_equal(ask_open_log(&other), 0);
	assert_int_equal(ask_open_log(&drawn), 0);
	scene.log = other; /* not the newest */
	assert_int_equal(ask_durable(0, 0), WIRE_CODE_REFUSED);
	scene.log = drawn;
	assert_int_equal(ask_durable(1, 0), WIRE_CODE_REFUSED);
	assert_int_equal(ask_durable(0, 0), 0);
	assert_int_equal(ask_sign(5, 1, &answer), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(0, 1, &answer), 0);
	assert_int_equal(
	    entry_parse(answer.items.items[0].entry, &entry, NULL), 0);
	assert_memory_equal(entry.log.bytes, drawn.bytes, 32);
	assert_int_equal(ask_checkpoint(1, 3, &note), 0);
	scene.log = first;
	assert_int_equal(ask_durable(5, 0), WIRE_CODE_REFUSED);
	assert_int_equal(ask_durable(0, 0), WIRE_CODE_REFUSED);
}

static void test_no_log_is_drawn_before_one_is_known(void **state)
{
	struct wire_keeper_keys keys;
	struct log_id drawn;

	(void)state;
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(ask_open_log(&drawn), WIRE_CODE_LOCKED);
	assert_int_equal(ask_unlock(PASSPHRASE, &keys), 0);
	assert_int_equal(ask_open_log(&drawn), WIRE_CODE_REFUSED);
}

static void test_entries_that_break_a_rule_are_not_signed(void **state)
{
	uint8_t lists[80];
	struct wire_keeper_item item;
	struct wire_keeper_keys keys;

	(void)state;
	start_unlocked(0, &keys);
	item = some_item(1);
	item.attachments = span_of(lists, 41);
	assert_int_equal(ask_sign_item(&item), WIRE_CODE_BAD_REQUEST);
	memset(lists, 0, sizeof lists); /* twice the same */
	item.attachments = span_of(lists, 80);
	assert_int_equal(ask_sign_item(&item), WIRE_CODE_BAD_REQUEST);
	item = some_item(1);
	item.withdraws = span_of(lists, 33);
	assert_int_equal(ask_sign_item(&item), WIRE_CODE_BAD_REQUEST);
	item.withdraws = span_of(lists, 64);
	assert_int_equal(ask_sign_item(&item), WIRE_CODE_BAD_REQUEST);
	item = some_item(1);
	item.content.size = 17;
	assert_int_equal(ask_sign_item(&item), WIRE_CODE_BAD_REQUEST);
	item = some_item(1);
	assert_int_equal(ask_sign_item(&item), 0);
}

/* --- who may ask ------------------------------------------------------ */

static void test_a_worker_that_asks_for_a_signature_is_cut_off(void **state)
{
	struct wire_keeper_item item = some_item(1);
	const struct wire_keeper_sign sign = {.first = 0, .items = {&item, 1}};
	struct wire_keeper_keys keys;
	struct wire_frame frame;
	struct buf bytes = {0};

	(void)state;
	start_unlocked(0, &keys);
	assert_int_equal(wire_encode(WIRE_KEEPER_SIGN, &sign, 0, &bytes), 0);
	assert_int_equal(
	    write(channel_fd(scene.worker), bytes.data, bytes.len), bytes.len);
	buf_free(&bytes);
	assert_int_equal(
	    channel_receive(scene.worker, &frame), CHANNEL_E_CLOSED);
	assert_int_equal(ask_resume(), 0);
}

static void test_half_a_frame_holds_nobody_else_up(void **state)
{
	struct wire_keeper_keys keys;

	(void)state;
	start_unlocked(0, &keys);
	assert_int_equal(write(channel_fd(scene.worker), "\0\0\0\x10\0", 5), 5);
	assert_int_equal(ask_resume(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    KEEPER_TEST(test_a_locked_keeper_does_nothing),
	    KEEPER_TEST(test_unlock_answers_what_the_keyring_holds),
	    KEEPER_TEST(test_a_wrong_passphrase_is_told),
	    KEEPER_TEST(test_an_unlocked_keeper_still_tells_a_wrong_one),
	    KEEPER_TEST(test_a_damaged_keyring_is_told),
	    KEEPER_TEST(test_without_a_keyring_there_is_nothing_to_unlock),
	    KEEPER_TEST(test_a_created_keyring_opens_in_another_life),
	    KEEPER_TEST(test_an_uncommitted_creation_leaves_nothing),
	    KEEPER_TEST(test_a_new_store_finds_the_keeper_unlocked),
	    KEEPER_TEST(test_it_locks_itself_when_idle),
	    KEEPER_TEST(test_it_ends_when_told_or_left_alone),
	    KEEPER_TEST(test_it_signs_entries_of_the_own_log),
	    KEEPER_TEST(test_nothing_is_signed_before_the_log_is_known),
	    KEEPER_TEST(test_no_index_below_the_durable_size_is_signed),
	    KEEPER_TEST(test_no_gap_is_signed),
	    KEEPER_TEST(test_what_did_not_become_durable_is_signed_again),
	    KEEPER_TEST(test_the_durable_size_only_grows_over_signed_entries),
	    KEEPER_TEST(test_another_log_is_drawn_and_written_from_then_on),
	    KEEPER_TEST(test_no_log_is_drawn_before_one_is_known),
	    KEEPER_TEST(test_entries_that_break_a_rule_are_not_signed),
	    KEEPER_TEST(test_a_worker_that_asks_for_a_signature_is_cut_off),
	    KEEPER_TEST(test_half_a_frame_holds_nobody_else_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
