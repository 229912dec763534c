/*
 * The store, with an attacker in the place of the courier that keeps to all
 * rules and lies. The store has the courier's word for who is at the other end:
 * so whoever has the courier is any partner that was compared, gets what that
 * one may have, and brings nothing that its author did not sign.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/format/hash.h"
#include "tests/attack/inside_parts.h"

/* --- who is there -------------------------------------------------------- */

static void test_a_meeting_is_opened_once_and_not_too_often(void **state)
{
	const unsigned lines = inside_said(COURIER_LINE);
	struct wire_session_opened again = {.partner = ally.id};
	unsigned i;

	(void)state;
	for (i = 0; i < 64; i++)
		open_session(&ally.id);
	assert_true(is_silent(inside.courier) ||
		    hear(inside.courier) == WIRE_COURIER_START);
	open_session(&ally.id);
	expect_close(WIRE_CODE_BUSY);
	again.session = session_number;
	say_to_store(WIRE_SESSION_OPENED, &again);
	assert_true(was_cut(inside.courier));
	inside_revive();
	assert_int_equal(inside_said(COURIER_LINE), lines + 1);
}

/* --- a courier that says who is there ------------------------------------ */

static void test_who_was_not_compared_is_not_served(void **state)
{
	const struct author_id none = {{0}};
	const struct author_id *ids[] = {&stranger.id, &nobody.id, &none, NULL};
	struct author_id own;
	struct forge forge;
	unsigned i;

	(void)state;
	remember_all();
	assert_int_equal(hash_sha256(span_of(inside.card.author.bytes, 32),
			     (struct digest *)&own),
	    0);
	ids[3] = &own;
	make_log(&stranger, "of a stranger", TRUTH, 0, &forge);
	for (i = 0; i < 4; i++) {
		open_session(ids[i]);
		expect_close(WIRE_CODE_REFUSED);
		ask_next();
		bring(&forge, TRUTH);
		assert_true(is_silent(inside.courier));
	}
	forge_end(&forge);
	expect_as_before();
}

/* What it says, a partner might have said: so it is told what that one may
 * have. That is sealed, and what is another's is a leaf. */
static void test_whom_it_names_gets_sealed_records_of_that_one(void **state)
{
	struct told told;

	(void)state;
	meet_as(&ally);
	say_holds_nothing();
	listen_to(&told);
	assert_int_equal(told.entries, 1);
	assert_int_equal(told.leaves, 1);
	assert_false(told.has_secret);
	end_session(&ally.id);
	assert_true(store_lives());
}

/* Nobody's word counts that was not signed; no worker is even asked. */
static void test_it_speaks_for_nobody_whose_key_it_has_not(void **state)
{
	const enum lie lies[] = {NOT_IN_THE_LOG, LOG_SIGNED_BY_ANOTHER};
	struct forge forge;
	unsigned i;

	(void)state;
	remember_all();
	inside_take_worker();
	for (i = 0; i < 2; i++) {
		make_log(&ally, "what ally never said", lies[i], 0, &forge);
		meet_as(&ally);
		bring(&forge, lies[i]);
		expect_close(WIRE_CODE_CORRUPT);
		forge_end(&forge);
	}
	make_log(&second, "of another partner", TRUTH, 0, &forge);
	meet_as(&ally);
	bring(&forge, TRUTH);
	expect_close(WIRE_CODE_CORRUPT);
	forge_end(&forge);
	assert_true(is_silent(inside.false_worker));
	inside_give_worker();
	expect_as_before();
}

/* --- attachments --------------------------------------------------------- */

/* It is whole when its hash is what was signed, whatever a courier says. */
static void test_a_file_is_whole_only_by_its_hash(void **state)
{
	struct wire_session_object object;
	struct forged *forged;
	struct forge forge;
	int fd;

	(void)state;
	forged = make_log(&ally, "with a file", TRUTH, 5000, &forge);
	meet_as(&ally);
	bring(&forge, TRUTH);
	expect_ack();
	fd = take_file(forged, &object);
	say_stored(&object, object.size + 1); /* beyond its end */
	close(fd);
	expect_close(WIRE_CODE_FAILED);
	meet_as(&ally);
	fd = take_file(forged, &object); /* nothing is written */
	close(fd);
	say_stored(&object, object.size);
	hear_session();
	assert_int_equal(inside.frame.type, WIRE_SESSION_CLOSE);
	meet_as(&ally);
	fd = take_file(forged, &object); /* it grows, and is not the one */
	assert_int_equal(ftruncate(fd, (off_t)object.size * 4), 0);
	close(fd);
	say_stored(&object, object.size);
	expect_close(WIRE_CODE_CORRUPT);
	assert_false(is_complete(forged));
	assert_true(inside_said("did not have the hash its entry names") > 0);
	forge_end(&forge);
}

/* Else it could be changed when a receipt says that it is here. */
static void test_a_file_that_a_courier_holds_on_to_is_not_called_whole(
    void **state)
{
	const char line[] = "still open when it was called whole";
	struct wire_session_object object;
	struct forged *forged;
	struct forge forge;
	void *mapped;
	int fd;

	(void)state;
	forged = make_log(&ally, "held on to", TRUTH, 5000, &forge);
	meet_as(&ally);
	bring(&forge, TRUTH);
	expect_ack();
	fd = take_file(forged, &object);
	write_all(fd, forged, &object);
	say_stored(&object, object.size);
	expect_close(WIRE_CODE_FAILED);
	assert_int_equal(inside_said(line), 1);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(mapped, MAP_FAILED);
	close(fd);
	meet_as(&ally);
	close(take_file(forged, &object));
	say_stored(&object, object.size);
	expect_close(WIRE_CODE_FAILED);
	assert_int_equal(inside_said(line), 2);
	assert_false(is_complete(forged));
	munmap(mapped, 4096);
	meet_as(&ally);
	close(take_file(forged, &object));
	say_stored(&object, object.size);
	expect_ack();
	assert_int_equal(inside_said(line), 2);
	assert_true(is_complete(forged));
	forge_end(&forge);
}

/* Nor by having it given once more while a worker reads it: it is not asked for
 * meanwhile, and what is given then is another, and of no name. */
static void test_a_file_that_is_read_is_not_given_again(void **state)
{
	struct wire_work_hashed hashed = {.job = 1};
	struct wire_session_object object;
	struct told told, told_again;
	struct forged *forged;
	struct stat first, again;
	struct forge forge;
	int fd;

	(void)state;
	forged = make_log(&ally, "given again", TRUTH, 5000, &forge);
	meet_as(&ally);
	bring(&forge, TRUTH);
	expect_ack();
	say_holds_nothing();
	listen_to(&told);
	fd = take_file(forged, &object);
	write_all(fd, forged, &object);
	assert_int_equal(fstat(fd, &first), 0);
	close(fd);
	inside_take_worker();
	say_stored(&object, object.size);
	assert_int_equal(hear(inside.false_worker), WIRE_WORK_HASH);
	meet_as(&ally);
	say_holds_nothing();
	listen_to(&told_again);
	assert_int_equal(told_again.wants, told.wants - 1);
	fd = take_file(forged, &object);
	assert_int_equal(fstat(fd, &again), 0);
	assert_int_equal(first.st_nlink, 1);
	assert_int_equal(again.st_nlink, 0);
	assert_true(first.st_ino != again.st_ino);
	write_all(fd, forged, &object);
	close(fd);
	say_stored(&object, object.size);
	expect_ack();
	assert_false(is_complete(forged));
	hashed.digest = object.object;
	answer_job(WIRE_WORK_HASHED, &hashed);
	session_number--;
	expect_ack();
	inside_give_worker();
	assert_true(is_complete(forged));
	end_session(&ally.id);
	session_number++;
	end_session(&ally.id);
	forge_end(&forge);
}

/* Whoever else is at it gives way to an author, who begins at the beginning: of
 * what another wrote nothing counts. */
static void test_nobody_keeps_an_author_from_bringing_its_own(void **state)
{
	struct wire_session_object object;
	struct forge_proven proven;
	struct forged *forged;
	struct forge forge;
	int junk, fd;

	(void)state;
	forged = make_log(&second, "first by another", TRUTH, 5000, &forge);
	forge_prove(&forge, 0, 1, &proven);
	meet_as(&ally);
	say_wrapped(WIRE_SYNC_PROVEN, &proven.message);
	expect_ack();
	junk = take_file(forged, &object);
	assert_int_equal(ftruncate(junk, (off_t)object.size), 0);
	say_stored(&object, object.size - 1);
	expect_ack();
	meet_as(&second);
	bring(&forge, TRUTH);
	expect_ack();
	ask_for(forged);
	session_number--;
	expect_close(WIRE_CODE_BUSY);
	end_session(&ally.id);
	session_number++;
	close(junk);
	fd = hear_file(&object);
	assert_int_equal(object.offset, 0);
	write_all(fd, forged, &object);
	close(fd);
	say_stored(&object, object.size);
	expect_ack();
	assert_true(is_complete(forged));
	end_session(&second.id);
	forge_proven_free(&proven);
	forge_end(&forge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_meeting_is_opened_once_and_not_too_often),
	    cmocka_unit_test(test_who_was_not_compared_is_not_served),
	    cmocka_unit_test(
		test_whom_it_names_gets_sealed_records_of_that_one),
	    cmocka_unit_test(test_it_speaks_for_nobody_whose_key_it_has_not),
	    cmocka_unit_test(test_a_file_is_whole_only_by_its_hash),
	    cmocka_unit_test(
		test_a_file_that_a_courier_holds_on_to_is_not_called_whole),
	    cmocka_unit_test(test_nobody_keeps_an_author_from_bringing_its_own),
	    cmocka_unit_test(test_a_file_that_is_read_is_not_given_again),
	};

	return cmocka_run_group_tests(tests, parts_begin, parts_end);
}
