/*
 * The keeper, with an attacker in the place of the store or of a worker. What
 * it refuses is tried, and so is what it cannot know and therefore does: a
 * store that was taken over while the node is open can have two entries signed
 * at one place, but none at a place of which it has said once that it is on
 * disk.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/format/note.h"
#include "proto/format/sshsig.h"
#include "tests/attack/raw.h"
#include "tests/unit/keeper_scene.c"
#include "tests/unit/noise.h"

#define TYPES 160 /* numbers of messages, and more */

static const char cut_line[] = "a process broke the rules and is cut off";
static const char refused_line[] = "signatures were refused: ";
static int log_fd = -1;

/* The keeper's log in a file of its own. */
static void start_logged(uint64_t durable, struct wire_keeper_keys *ret_keys)
{
	const int old = dup(STDERR_FILENO);

	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(old >= 0 && log_fd >= 0);
	assert_int_equal(dup2(log_fd, STDERR_FILENO), STDERR_FILENO);
	start_unlocked(durable, ret_keys);
	assert_int_equal(dup2(old, STDERR_FILENO), STDERR_FILENO);
	close(old);
}

static bool lives(void)
{
	return waitpid(scene.pid, NULL, WNOHANG) == 0;
}

static bool was_cut(struct channel *channel)
{
	char byte;
	ssize_t n = recv(channel_fd(channel), &byte, 1, 0);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void replace(struct channel **channel, enum wire_role role)
{
	channel_freep(channel);
	*channel = introduce(role);
}

/* --- asking for what is another's part ----------------------------------- */

static unsigned ask_all_foreign(struct channel **channel, enum wire_role role)
{
	unsigned type, tried = 0;

	for (type = 0; type < TYPES; type++) {
		if (wire_may_send(role, WIRE_ROLE_KEEPER, (enum wire_type)type))
			continue;
		assert_true(put_frame(*channel, type, NULL, 0, 0));
		assert_true(was_cut(*channel));
		replace(channel, role);
		tried++;
	}
	return tried;
}

static void test_who_asks_for_anothers_part_is_cut_off(void **state)
{
	struct wire_keeper_keys keys;
	unsigned tried;

	(void)state;
	start_logged(0, &keys);
	tried = ask_all_foreign(&scene.store, WIRE_ROLE_STORE);
	assert_int_equal(ask_resume(), 0);
	tried += ask_all_foreign(&scene.worker, WIRE_ROLE_WORKER);
	assert_int_equal(ask_resume(), 0);
	assert_true(lives());
	assert_true(tried > 250);
	assert_int_equal(count_said(log_fd, cut_line), tried);
	print_message("# %u messages of others tried\n", tried);
}

/* --- nonsense ------------------------------------------------------------ */

/* Sent whole or cut off in the middle; the keeper goes on. */
static void try_noise(enum wire_type type, uint32_t len)
{
	static uint8_t noise[WIRE_BODY_MAX + 1];

	noise_fill(noise, len);
	put_frame(scene.store, type, noise, len, 0);
	replace(&scene.store, WIRE_ROLE_STORE);
	assert_int_equal(ask_resume(), 0);
}

static void test_noise_of_every_size_changes_nothing(void **state)
{
	const uint32_t small[] = {0, 1, 2, 7, 32, 64, 500, 4096};
	struct wire_keeper_keys keys;
	struct wire_keeper_signed entries;
	unsigned type, tried = 0;
	size_t i;

	(void)state;
	start_logged(3, &keys);
	for (type = 0; type < TYPES; type++) {
		const enum wire_type t = (enum wire_type)type;

		if (!wire_may_send(WIRE_ROLE_STORE, WIRE_ROLE_KEEPER, t) ||
		    t == WIRE_KEEPER_RESUME)
			continue;
		for (i = 0; i < sizeof small / sizeof *small; i++)
			try_noise(t, small[i]);
		try_noise(t, wire_body_max(t));
		try_noise(t, wire_body_max(t) + 1);
		tried += (unsigned)i + 2;
	}
	assert_true(lives());
	assert_int_equal(ask_sign(2, 1, &entries), WIRE_CODE_REFUSED);
	assert_int_equal(ask_sign(3, 1, &entries), 0);
	print_message("# %u bodies of noise tried\n", tried);
}

static void test_who_floods_holds_up_itself_alone(void **state)
{
	struct age_stanza stanza = {{1}, {2}};
	struct wire_keeper_file_key key;
	struct wire_keeper_keys keys;
	uint8_t resume[8] = {0, 0, 0, 0, 0, WIRE_KEEPER_RESUME};
	char name[64], line[128];
	unsigned sent = 0, pause;
	long pages = 0;
	FILE *file;

	(void)state;
	start_logged(0, &keys);
	for (pause = 0; pause < 50; pause++) {
		while (send(channel_fd(scene.store), resume, sizeof resume,
			   MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof resume)
			sent++;
		usleep(2000);
	}
	assert_true(sent > 100);
	assert_int_equal(ask_unwrap(&stanza, 1, &key), WIRE_CODE_NO_KEY);
	snprintf(name, sizeof name, "/proc/%d/statm", (int)scene.pid);
	file = fopen(name, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof line, file));
	fclose(file);
	assert_int_equal(sscanf(line, "%*d %ld", &pages), 1);
	assert_true(pages * sysconf(_SC_PAGESIZE) < 64 << 20);
	replace(&scene.store, WIRE_ROLE_STORE);
	assert_int_equal(ask_resume(), 0);
	print_message("# %u questions that no answer of was read\n", sent);
}

/* --- descriptors --------------------------------------------------------- */

static int unlock_with(int fd)
{
	const struct wire_empty unlock = {0};
	enum wire_code code = WIRE_CODE_OK;
	struct wire_keeper_keys keys;
	int r;

	assert_true(fd >= 0);
	r = channel_call(scene.store, WIRE_KEEPER_UNLOCK, &unlock, &fd, 1,
	    WIRE_KEEPER_KEYS, &scene.arena, &keys, &code);
	close(fd);
	return r == CHANNEL_E_REFUSED ? (int)code : r;
}

static void test_a_passphrase_from_anything_odd_is_refused(void **state)
{
	int pair[2];

	(void)state;
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(
	    unlock_with(open("/", O_RDONLY | O_DIRECTORY)), WIRE_CODE_INPUT);
	assert_int_equal(
	    unlock_with(open("/dev/zero", O_RDONLY)), WIRE_CODE_INPUT);
	assert_int_equal(
	    unlock_with(open("/dev/null", O_RDWR)), WIRE_CODE_INPUT);
	assert_int_equal(
	    unlock_with(open("/dev/null", O_WRONLY)), WIRE_CODE_INPUT);
	assert_int_equal(unlock_with(memfd_create("", 0)), WIRE_CODE_INPUT);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(unlock_with(pair[0]), WIRE_CODE_INPUT);
	assert_int_equal(
	    ask_unlock(PASSPHRASE, &(struct wire_keeper_keys){0}), 0);
}

static void test_descriptors_are_as_many_as_they_should_be(void **state)
{
	const uint8_t none[8] = {0, 0, 0, 0, 0, WIRE_KEEPER_UNLOCK, 1};
	struct wire_keeper_keys keys;

	(void)state;
	start_logged(0, &keys);
	assert_true(put_frame(scene.store, WIRE_KEEPER_UNLOCK, NULL, 0, 0));
	assert_true(was_cut(scene.store));
	replace(&scene.store, WIRE_ROLE_STORE);
	assert_true(put_raw(scene.store, none, sizeof none)); /* says 1 */
	assert_true(was_cut(scene.store));
	replace(&scene.store, WIRE_ROLE_STORE);
	assert_int_equal(ask_resume(), 0);
	assert_int_equal(count_said(log_fd, cut_line), 2);
}

/* Secret keys are given out to whoever has the passphrase, not to the store. */
static void test_no_key_is_given_out_without_the_passphrase(void **state)
{
	const struct wire_keeper_edit edit = {.act = WIRE_KEY_EXPORT_READERS};
	enum wire_code code = WIRE_CODE_OK;
	struct wire_keeper_keys keys;
	int fds[2];

	(void)state;
	start_logged(0, &keys);
	fds[0] = memfd_create("passphrase", 0);
	fds[1] = memfd_create("out", 0);
	assert_int_equal(write(fds[0], "guessed", 7), 7);
	assert_int_equal(channel_call(scene.store, WIRE_KEEPER_EDIT, &edit, fds,
			     2, WIRE_KEEPER_KEYS, &scene.arena, &keys, &code),
	    CHANNEL_E_REFUSED);
	assert_int_equal(code, WIRE_CODE_PASSPHRASE);
	assert_int_equal(lseek(fds[1], 0, SEEK_END), 0);
	close(fds[0]);
	close(fds[1]);
}

/* --- signatures ---------------------------------------------------------- */

static void test_a_place_told_durable_has_one_truth(void **state)
{
	struct wire_keeper_signed entries;
	struct wire_keeper_keys keys;
	struct wire_keeper_note note;
	uint64_t index;

	(void)state;
	start_logged(5, &keys);
	assert_int_equal(ask_sign(5, 3, &entries), 0);
	/* It cannot know that the first ones were sent to somebody. */
	assert_int_equal(ask_sign(5, 4, &entries), 0);
	assert_int_equal(ask_durable(7, 0), 0);
	for (index = 0; index < 7; index++)
		assert_int_equal(
		    ask_sign(index, 1, &entries), WIRE_CODE_REFUSED);
	assert_int_equal(ask_checkpoint(9, 1, &note), 0);
	for (index = 0; index < 9; index++)
		assert_int_equal(
		    ask_sign(index, 1, &entries), WIRE_CODE_REFUSED);
	for (index = 0; index < 9; index++)
		assert_int_equal(
		    ask_checkpoint(index, 1, &note), WIRE_CODE_REFUSED);
	assert_int_equal(ask_checkpoint(9, 2, &note), WIRE_CODE_REFUSED);
	assert_int_equal(ask_durable(8, 0), WIRE_CODE_REFUSED);
	/* A line for the first, and one each time that there are twice as
	 * many: of 27 the last is of 16. */
	assert_int_equal(count_said(log_fd, refused_line), 5);
	assert_int_equal(
	    count_said(log_fd, "signatures were refused: 16\n"), 1);
	/* Nor does it have the tree: a root above is the store's word, and
	 * whoever cosigned the smaller one finds out. */
	assert_int_equal(ask_sign(9, 1, &entries), 0);
	assert_int_equal(ask_checkpoint(10, 200, &note), 0);
}

/* What goes in is what it says: 2000 changed texts, each refused or a foreign
 * checkpoint still. */
static void test_only_checkpoints_of_others_are_cosigned(void **state)
{
	const struct author_id somebody = {{7}};
	const struct log_id log = {{8}};
	struct checkpoint checkpoint = {.size = 12}, found;
	struct wire_keeper_note line;
	struct wire_keeper_keys keys;
	struct author_id own, author;
	struct buf text = {0};
	unsigned i, signed_count = 0;
	uint8_t *byte, old;

	(void)state;
	start_logged(0, &keys);
	sign_key_author(&keys.author, &own);
	note_origin(&own, &log, checkpoint.origin);
	assert_int_equal(checkpoint_build(&checkpoint, &text), 0);
	assert_int_equal(ask_cosign(buf_span(&text), &line), WIRE_CODE_REFUSED);
	assert_int_equal(count_said(log_fd, "signatures were refused: 1\n"), 1);
	buf_free(&text);
	note_origin(&somebody, &log, checkpoint.origin);
	assert_int_equal(checkpoint_build(&checkpoint, &text), 0);
	for (i = 0; i < 2000; i++) {
		byte = text.data + noise_next() % text.len;
		old = *byte;
		*byte = (uint8_t)(noise_next() % 128);
		if (ask_cosign(buf_span(&text), &line) == 0) {
			signed_count++;
			assert_int_equal(
			    checkpoint_parse(buf_span(&text), &found), 0);
			assert_int_equal(note_parse_origin(found.origin,
					     &author, &(struct log_id){0}),
			    0);
			assert_memory_not_equal(author.bytes, own.bytes, 32);
		}
		*byte = old;
	}
	assert_true(signed_count > 0 && signed_count < 2000);
	print_message(
	    "# of 2000 changed texts %u were checkpoints\n", signed_count);
	buf_free(&text);
}

/* --- a worker ------------------------------------------------------------ */

static void test_a_worker_opens_what_is_this_nodes_alone(void **state)
{
	struct age_stanza stanzas[AGE_STANZAS_MAX];
	struct wire_keeper_file_key key;
	struct wire_keeper_keys keys;
	unsigned i;

	(void)state;
	start_logged(0, &keys);
	for (i = 0; i < 100; i++) {
		noise_fill(stanzas, sizeof stanzas);
		assert_int_equal(ask_unwrap(stanzas, AGE_STANZAS_MAX, &key),
		    WIRE_CODE_NO_KEY);
	}
	print_message("# %u stanzas of others tried\n", i * AGE_STANZAS_MAX);
}

static int begin(void **state)
{
	(void)state;
	noise_begin();
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    KEEPER_TEST(test_who_asks_for_anothers_part_is_cut_off),
	    KEEPER_TEST(test_noise_of_every_size_changes_nothing),
	    KEEPER_TEST(test_who_floods_holds_up_itself_alone),
	    KEEPER_TEST(test_a_passphrase_from_anything_odd_is_refused),
	    KEEPER_TEST(test_descriptors_are_as_many_as_they_should_be),
	    KEEPER_TEST(test_no_key_is_given_out_without_the_passphrase),
	    KEEPER_TEST(test_a_place_told_durable_has_one_truth),
	    KEEPER_TEST(test_only_checkpoints_of_others_are_cosigned),
	    KEEPER_TEST(test_a_worker_opens_what_is_this_nodes_alone),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
