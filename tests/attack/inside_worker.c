/*
 * The store, with an attacker in the place of a worker that keeps to all rules
 * and lies. The store has a worker's word for what is sealed, hashed, read and
 * signed. What no word of a worker gets past is what authors have signed of
 * their logs: that the store looks at by itself.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/attack/inside_parts.h"

/* --- a worker ------------------------------------------------------------ */

/* An answer of another kind, of too many or too few, or with other numbers. */
static void test_a_worker_that_answers_amiss_is_believed_nothing(void **state)
{
	const struct wire_work_done done = {.job = 1};
	const struct wire_work_hashed hashed = {.job = 1};
	const size_t counts[] = {0, 2, 8, 1, 1};
	const uint8_t results[] = {1, 1, 1, 0, 2};
	struct forge forge;
	unsigned i;

	(void)state;
	remember_all();
	inside_take_worker();
	make_log(&ally, "judged amiss", TRUTH, 0, &forge);
	for (i = 0; i < 7; i++) {
		meet_as(&ally);
		bring(&forge, TRUTH);
		assert_int_equal(hear(inside.false_worker), WIRE_WORK_VERIFY);
		if (i < 5)
			say_verified(counts[i], results[i]);
		else if (i == 5)
			answer_job(WIRE_WORK_DONE, &done);
		else
			answer_job(WIRE_WORK_HASHED, &hashed);
		/* What nobody judged is no fault of who brought it. */
		expect_close(i < 5 ? WIRE_CODE_CORRUPT : WIRE_CODE_FAILED);
	}
	inside_give_worker();
	forge_end(&forge);
	expect_as_before();
}

/* With the programs that a person has. */
static unsigned run(const char *line, const char *id)
{
	int status;

	setenv("EVIDENT_HOME", inside.path, 1);
	setenv("OUT", inside.path, 1);
	setenv("ID", id, 1);
	status = system(line);
	return WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 99;
}

/* Export it and verify the bag, as a court would; which is what no bag comes to
 * that does not verify. */
static unsigned judge(const struct forged *forged, bool *ret_has_bag)
{
	char id[65];
	unsigned code;

	name_of(forged, id);
	code = run("\"$EVIDENT\" export \"$ID\" --to \"$OUT.bag\" "
		   "--disclose statement >/dev/null 2>\"$OUT.told\"",
	    id);
	*ret_has_bag = run("test -e \"$OUT.bag\"", id) == 0;
	if (code == 0)
		code = run("\"$EVIDENT\" signers >\"$OUT.signers\" && "
			   "\"$EVIDENT\" verify \"$OUT.bag\" --signers "
			   "\"$OUT.signers\" >/dev/null 2>&1",
		    id);
	else if (run("grep -q 'the record does not verify' \"$OUT.told\"", id))
		code = 99;
	run("rm -rf \"$OUT.bag\" \"$OUT.signers\" \"$OUT.told\"", id);
	return code;
}

/* The one thing that is a worker's word alone. The entry is its author's all
 * the same, for it stands in the log that the author signed; but with that
 * signature no bag is made of it, and any partner's worker refuses it. */
static void test_a_worker_lets_in_a_false_signature_and_no_false_entry(
    void **state)
{
	static const char *const names[] = {
	    "signed truly", "by another", "amiss", "by nobody"};
	struct forged *forged[4];
	struct forge forges[4];
	bool has_bag;
	unsigned i;

	(void)state;
	inside_take_worker();
	for (i = 0; i < 4; i++) {
		forged[i] =
		    make_log(&ally, names[i], (enum lie)i, 0, &forges[i]);
		meet_as(&ally);
		bring(&forges[i], (enum lie)i);
		assert_int_equal(hear(inside.false_worker), WIRE_WORK_VERIFY);
		say_verified(1, 1);
		expect_ack();
		end_session(&ally.id);
	}
	inside_give_worker();
	for (i = 0; i < 4; i++) {
		assert_true(is_here(forged[i]));
		assert_int_equal(
		    judge(forged[i], &has_bag), i == TRUTH ? 0 : 4);
		assert_int_equal(has_bag, i == TRUTH);
		forge_end(&forges[i]);
	}
}

/* With what makes it no entry of its author, alone or in its log, no worker is
 * asked. */
static void test_a_worker_does_not_make_an_author_say_it(void **state)
{
	const enum lie lies[] = {NOT_IN_THE_LOG, LOG_SIGNED_BY_ANOTHER};
	struct forge_proven proven;
	struct forge forge;
	unsigned i;

	(void)state;
	remember_all();
	inside_take_worker();
	for (i = 0; i < 2; i++) {
		make_log(&ally, "put into a mouth", lies[i], 0, &forge);
		meet_as(&ally);
		bring(&forge, lies[i]);
		expect_close(WIRE_CODE_CORRUPT);
		meet_as(&ally);
		forge_prove(&forge, 0, 1, &proven);
		buf_free(&proven.proof.note);
		forge_note(
		    &forge, 1, i ? &nobody : &ally, !i, &proven.proof.note);
		forge_reprove(&proven, 0);
		say_wrapped(WIRE_SYNC_PROVEN, &proven.message);
		expect_close(WIRE_CODE_CORRUPT);
		forge_proven_free(&proven);
		forge_end(&forge);
	}
	assert_true(is_silent(inside.false_worker));
	inside_give_worker();
	expect_as_before();
}

/* It takes what a capture was of; the client is told that nothing is stored. */
static void test_a_capture_that_is_sealed_amiss_is_told_as_not_stored(
    void **state)
{
	const struct wire_work_done done = {.job = 1};
	struct wire_sealed_object object = {.input = 0};
	struct wire_work_sealed sealed = {
	    .payload = span_text("sealed"),
	    .objects = {&object, 1},
	};
	struct channel *person;
	unsigned i;

	(void)state;
	remember_all();
	inside_take_worker();
	for (i = 0; i < 3; i++) {
		person = capture_begin("ally", SECRET);
		assert_int_equal(hear(inside.false_worker), WIRE_WORK_SEAL);
		if (i == 0)
			answer_job(WIRE_WORK_DONE, &done);
		else if (i == 1)
			answer_job(WIRE_WORK_SEALED, &sealed);
		else
			put_frame(inside.false_worker, WIRE_WORK_SEALED,
			    "\xff\xff\xff", 3, 0);
		assert_int_equal(call_end(person, NULL), 1);
	}
	inside_give_worker();
	expect_as_before();
}

static size_t count_delivered(const char *id)
{
	json_t *record = find_record(id);
	size_t count;

	assert_non_null(record);
	count = json_array_size(json_object_get(record, "delivered"));
	json_decref(record);
	return count;
}

/* Allowed, for nobody but a worker can read a receipt: that it is one, and what
 * of. It must be a partner's entry, and name an envelope that this node made.
 */
static void test_allowed_a_worker_reads_a_receipt_where_none_is(void **state)
{
	struct wire_receipt_record line;
	struct wire_work_opened opened = {
	    .kind = span_text("received"),
	    .time = span_text("2026-01-02T03:04:05Z"),
	    .records = {&line, 1},
	};
	struct forge forge;
	struct told told;
	char id[65];

	(void)state;
	meet_as(&ally);
	say_holds_nothing();
	listen_to(&told);
	sodium_bin2hex(id, sizeof id, captured.bytes, 32);
	assert_int_equal(count_delivered(id), 0);
	make_log(&ally, "no receipt", TRUTH, 0, &forge);
	bring(&forge, TRUTH);
	expect_ack();
	say_holds_nothing();
	inside_take_worker();
	ask_next();
	line.entry = captured;
	line.envelope = told.envelope;
	while (!has_news(inside.courier, 0)) {
		if (!has_news(inside.false_worker, 10))
			continue;
		assert_int_equal(hear(inside.false_worker), WIRE_WORK_OPEN);
		answer_job(WIRE_WORK_OPENED, &opened);
	}
	assert_int_equal(hear_session(), WIRE_SESSION_MESSAGE);
	assert_int_equal(count_delivered(id), 1);
	inside_give_worker();
	forge_end(&forge);
	end_session(&ally.id);
}

/* Allowed, and found when it is opened: a file that a worker calls whole. */
static void test_allowed_a_worker_calls_a_file_whole(void **state)
{
	struct wire_work_hashed hashed = {.job = 1};
	struct wire_session_object object;
	struct forged *forged;
	struct forge forge;
	char id[65];

	(void)state;
	forged = make_log(&ally, "with another file", TRUTH, 5000, &forge);
	meet_as(&ally);
	bring(&forge, TRUTH);
	expect_ack();
	close(take_file(forged, &object));
	inside_take_worker();
	say_stored(&object, object.size);
	assert_int_equal(hear(inside.false_worker), WIRE_WORK_HASH);
	hashed.digest = object.object;
	answer_job(WIRE_WORK_HASHED, &hashed);
	expect_ack();
	inside_give_worker();
	end_session(&ally.id);
	assert_true(is_complete(forged));
	name_of(forged, id);
	assert_int_not_equal(
	    run("\"$EVIDENT\" show \"$ID\" --attachments \"$OUT.files\" "
		">/dev/null 2>&1",
		id),
	    0);
	run("rm -rf \"$OUT.files\"", id);
	forge_end(&forge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_a_worker_that_answers_amiss_is_believed_nothing),
	    cmocka_unit_test(
		test_a_worker_lets_in_a_false_signature_and_no_false_entry),
	    cmocka_unit_test(test_a_worker_does_not_make_an_author_say_it),
	    cmocka_unit_test(
		test_a_capture_that_is_sealed_amiss_is_told_as_not_stored),
	    cmocka_unit_test(
		test_allowed_a_worker_reads_a_receipt_where_none_is),
	    cmocka_unit_test(test_allowed_a_worker_calls_a_file_whole),
	};

	return cmocka_run_group_tests(tests, parts_begin, parts_end);
}
