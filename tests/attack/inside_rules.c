/*
 * The store, with an attacker in the place of the courier or of a worker that
 * keeps to no rule: what is not its to say, noise, descriptors, answers to what
 * nobody asked. The store says so in one line, ends its own process and goes on
 * in a new one; what it had, it has.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/attack/inside_parts.h"
#include "tests/unit/noise.h"

#define TYPES 160 /* numbers of messages, and more */

static bool may(enum wire_role role, unsigned type)
{
	return wire_may_send(role, WIRE_ROLE_STORE, (enum wire_type)type);
}

/* The channel of whoever ${role} is. */
static struct channel *begin_role(enum wire_role role)
{
	if (role == WIRE_ROLE_COURIER)
		return inside.courier;
	inside_take_worker();
	return inside.false_worker;
}

/* --- what is not its to send --------------------------------------------- */

static unsigned say_all_foreign(enum wire_role role, const char *line)
{
	unsigned type, tried = 0;
	const unsigned lines = inside_said(line);
	struct channel *channel;

	for (type = 0; type < TYPES; type++) {
		if (may(role, type))
			continue;
		channel = begin_role(role);
		put_frame(channel, type, NULL, 0, 0);
		assert_true(was_cut(channel));
		inside_revive();
		assert_int_equal(inside_said(line), lines + ++tried);
	}
	return tried;
}

static void test_what_is_anothers_to_say_is_cut_off(void **state)
{
	unsigned tried;

	(void)state;
	remember_all();
	tried = say_all_foreign(WIRE_ROLE_COURIER, COURIER_LINE);
	tried += say_all_foreign(WIRE_ROLE_WORKER, WORKER_LINE);
	expect_as_before();
	assert_true(tried > 280);
	print_message("# %u messages of others tried\n", tried);
}

/* Either it is passed over or the store cuts it off and starts anew. */
static void say_noise(
    enum wire_role role, unsigned type, uint32_t len, const char *line)
{
	static uint8_t noise[WIRE_BODY_MAX + 1];
	const unsigned lines = inside_said(line);
	struct channel *channel = begin_role(role);
	const bool too_large = len > wire_body_max((enum wire_type)type);

	noise_fill(noise, len);
	if (len < 32) /* numbers of fields that are none */
		memset(noise, 0xff, len);
	put_frame(channel, type, noise, len, 0);
	if (too_large || role == WIRE_ROLE_COURIER) {
		/* A courier's every body is looked at, but of CLOSE, which
		 * asks for nothing. */
		if (type == WIRE_SESSION_CLOSE && !too_large)
			return;
		assert_true(was_cut(channel));
		inside_revive();
		assert_int_equal(inside_said(line), lines + 1);
		return;
	}
	assert_true(is_silent(channel)); /* nothing was asked */
	assert_true(store_lives());
}

static void test_noise_changes_nothing(void **state)
{
	const uint32_t sizes[] = {1, 7, 32, 500, 4096};
	const enum wire_role roles[] = {WIRE_ROLE_COURIER, WIRE_ROLE_WORKER};
	unsigned type, tried = 0;
	size_t i, at;

	(void)state;
	remember_all();
	for (at = 0; at < 2; at++)
		for (type = 0; type < TYPES; type++) {
			const char *line = at ? WORKER_LINE : COURIER_LINE;
			const uint32_t most =
			    wire_body_max((enum wire_type)type);

			if (!may(roles[at], type))
				continue;
			for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
				if (sizes[i] <= most)
					say_noise(
					    roles[at], type, sizes[i], line);
			say_noise(roles[at], type, most, line);
			say_noise(roles[at], type, most + 1, line);
			tried += (unsigned)i + 2;
		}
	inside_give_worker();
	expect_as_before();
	print_message("# %u bodies of noise tried\n", tried);
}

/* --- descriptors --------------------------------------------------------- */

/* No message to the store carries one: so none is looked at, whatever it is of.
 * Each is closed again, or the store would soon have too many. */
static void test_no_descriptor_is_taken_of_anybody(void **state)
{
	const enum wire_type of_worker[] = {WIRE_WORK_HASHED, WIRE_WORK_DONE};
	const enum wire_type of_courier[] = {
	    WIRE_SESSION_NEXT, WIRE_SESSION_STORED};
	const unsigned told[] = {0, 1, 2, 201};
	int kinds[5], many[200], fifo[2], pair[2];
	struct channel *channel;
	unsigned i, k, lines, tried = 0;

	(void)state;
	remember_all();
	assert_int_equal(pipe2(fifo, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	kinds[0] = fifo[0];
	kinds[1] = fifo[1];
	kinds[2] = pair[0];
	kinds[3] = make_memfd("unsealed", 8);
	kinds[4] = make_memfd("sealed", 6);
	assert_int_equal(fcntl(kinds[4], F_ADD_SEALS, F_SEAL_WRITE), 0);
	for (i = 0; i < 200; i++)
		many[i] = kinds[i % 5];
	for (i = 0; i < 2 * 2 * 4; i++) {
		const bool worker = i & 1;
		const enum wire_type type =
		    worker ? of_worker[i >> 1 & 1] : of_courier[i >> 1 & 1];
		const char *line = worker ? WORKER_LINE : COURIER_LINE;

		lines = inside_said(line);
		channel =
		    begin_role(worker ? WIRE_ROLE_WORKER : WIRE_ROLE_COURIER);
		k = told[i >> 2];
		assert_true(put_fds(channel, type, k, many,
		    k == 0    ? 3
		    : k == 2  ? 1
		    : k > 200 ? 200
			      : k));
		assert_true(was_cut(channel));
		inside_revive();
		assert_int_equal(inside_said(line), lines + 1);
		tried++;
	}
	for (i = 0; i < 5; i++)
		close(kinds[i]);
	close(pair[1]);
	expect_as_before();
	print_message("# %u ways to send descriptors tried\n", tried);
}

/* --- answers to what nobody asked ---------------------------------------- */

static void test_answers_to_no_question_are_passed_over(void **state)
{
	const struct wire_session_step step = {.session = 4711};
	const struct wire_session_part part = {.session = 4711, .offset = 1};
	const struct wire_courier_started started = {.code = 0, .port = 1};
	const struct wire_work_hashed hashed = {.job = 1};
	const struct wire_work_opened opened = {
	    .job = 1, .kind = span_text("received")};
	const struct wire_work_verified verified = {
	    .job = 1, .results = span_text("\1")};
	const struct wire_work_done done = {.job = 1};
	struct wire_courier_ended ended = {.session = 4711};
	struct wire_session_message message = {.session = 4711};
	unsigned i;

	(void)state;
	remember_all();
	inside_take_worker();
	for (i = 0; i < 100; i++) {
		say_to_store(WIRE_SESSION_NEXT, &step);
		say_to_store(WIRE_SESSION_CLOSE, &step);
		say_to_store(WIRE_SESSION_WANT, &part);
		say_to_store(WIRE_SESSION_STORED, &part);
		say_to_store(WIRE_COURIER_STARTED, &started);
		message.type = i % 2 ? WIRE_SYNC_FRONTIER : WIRE_SYNC_ENTRIES;
		say_to_store(WIRE_SESSION_MESSAGE, &message);
		ended.partner = nobody.id;
		ended.carrier = i % 4;
		say_to_store(WIRE_COURIER_ENDED, &ended);
		answer_job(WIRE_WORK_HASHED, &hashed);
		answer_job(WIRE_WORK_OPENED, &opened);
		answer_job(WIRE_WORK_VERIFIED, &verified);
		answer_job(WIRE_WORK_DONE, &done);
	}
	assert_true(is_silent(inside.false_worker));
	assert_true(store_lives());
	inside_give_worker();
	expect_as_before();
}

static int begin(void **state)
{
	noise_begin();
	return parts_begin(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_anothers_to_say_is_cut_off),
	    cmocka_unit_test(test_noise_changes_nothing),
	    cmocka_unit_test(test_no_descriptor_is_taken_of_anybody),
	    cmocka_unit_test(test_answers_to_no_question_are_passed_over),
	};

	return cmocka_run_group_tests(tests, begin, parts_end);
}
