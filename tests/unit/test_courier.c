/*
 * A courier of its own for each test: a real process in its sandbox, with the
 * test in the place of supervisor and store, and of who knocks at its port.
 * Whole meetings are for the scenarios; here stands what a store or a
 * stranger may get wrong, and that the courier then lives on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/service.h"
#include "daemon/courier/limits.h"
#include "tests/attack/peer.h"
#include "tests/unit/service_scene.h"

static struct {
	pid_t pid;
	struct channel *supervisor, *store;
	struct wire_arena arena;
} scene;

/* Tell the courier of its store, or of whom it should have none. */
static struct channel *introduce(enum wire_role role)
{
	return introduce_peer(
	    scene.supervisor, WIRE_ROLE_COURIER, role, WIRE_ROLE_STORE);
}

static int make_scene(void **state)
{
	const struct wire_sup_start start = {.workers = 1};
	struct wire_frame frame;

	(void)state;
	memset(&scene, 0, sizeof scene);
	scene.arena.budget = WIRE_ARENA_BUDGET;
	scene.pid =
	    start_service(courier_main, WIRE_ROLE_COURIER, &scene.supervisor);
	assert_int_equal(
	    channel_send(scene.supervisor, WIRE_SUP_START, &start, NULL, 0), 0);
	scene.store = introduce(WIRE_ROLE_STORE);
	assert_int_equal(channel_receive(scene.supervisor, &frame), 0);
	assert_int_equal(frame.type, WIRE_SUP_STATE);
	wire_frame_free(&frame);
	return 0;
}

/* How the courier ended, when all its channels are gone. */
static int wait_courier(void)
{
	int status = -1;

	channel_freep(&scene.supervisor);
	channel_freep(&scene.store);
	assert_int_equal(waitpid(scene.pid, &status, 0), scene.pid);
	scene.pid = 0;
	return status;
}

static int end_scene(void **state)
{
	(void)state;
	if (scene.pid > 0)
		assert_int_equal(wait_courier(), 0);
	wire_arena_free(&scene.arena);
	return 0;
}

static void say(enum wire_type type, const void *message)
{
	assert_int_equal(channel_send(scene.store, type, message, NULL, 0), 0);
}

static void say_with_file(enum wire_type type, const void *message)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(null >= 0);
	assert_int_equal(channel_send(scene.store, type, message, &null, 1), 0);
	close(null);
}

static void hear(enum wire_type type, void *ret_message)
{
	struct wire_frame frame;

	assert_int_equal(channel_receive(scene.store, &frame), 0);
	assert_int_equal(frame.type, type);
	assert_int_equal(
	    wire_decode(type, buf_span(&frame.body), &scene.arena, ret_message),
	    0);
	wire_frame_free(&frame);
}

/* One ${partner}. */
static struct wire_courier_started start_with(
    const char *listen, struct wire_partner *partner, uint8_t seed)
{
	struct wire_courier_started started;
	struct wire_courier_start message = {
	    .listen = span_text(listen),
	    .partners = {.items = partner, .count = 1},
	};

	memset(message.transport_seed.bytes, seed, 32);
	say(WIRE_COURIER_START, &message);
	hear(WIRE_COURIER_STARTED, &started);
	return started;
}

/* One partner, of author 0x11..., with ${address}. */
static struct wire_courier_started start(
    const char *listen, const char *address, uint8_t seed)
{
	struct span addresses[] = {span_text(address)};
	struct wire_partner partner = {
	    .addresses = {.items = addresses, .count = *address ? 1 : 0}};

	memset(partner.author.bytes, 0x11, 32);
	memset(partner.transport.bytes, 0x22, 32);
	return start_with(listen, &partner, seed);
}

static void dial(uint8_t author)
{
	struct wire_courier_dial message;

	memset(message.partner.bytes, author, 32);
	say(WIRE_COURIER_DIAL, &message);
}

static struct wire_courier_ended hear_end(void)
{
	struct wire_courier_ended ended;

	hear(WIRE_COURIER_ENDED, &ended);
	return ended;
}

static void expect_answers(void)
{
	struct wire_courier_ended ended;

	dial(0x99);
	ended = hear_end();
	assert_int_equal(ended.code, WIRE_CODE_NOT_FOUND);
	assert_int_equal(ended.partner.bytes[0], 0x99);
	assert_int_equal(ended.session, 0);
}

/* A port of the loopback that nobody listens on, or that is listened on
 * without an answer. */
static int make_port(bool listening, char ret_address[32])
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	if (listening)
		assert_int_equal(listen(fd, 128), 0);
	snprintf(ret_address, 32, "127.0.0.1:%u", ntohs(address.sin_port));
	return fd;
}

static void test_it_answers_before_it_is_started(void **state)
{
	(void)state;
	expect_answers();
}

static void test_it_says_where_it_cannot_listen(void **state)
{
	char address[32], long_one[CARD_ADDRESS_MAX + 1];
	int fd = make_port(true, address);

	(void)state;
	memset(long_one, '1', CARD_ADDRESS_MAX);
	long_one[CARD_ADDRESS_MAX] = 0;
	assert_int_equal(start("", "", 1).code, WIRE_CODE_OK);
	assert_int_equal(start("here", "", 1).code, WIRE_CODE_INPUT);
	assert_int_equal(start(long_one, "", 1).code, WIRE_CODE_INPUT);
	assert_int_equal(start(address, "", 1).code, WIRE_CODE_UNREACHABLE);
	close(fd);
	assert_int_equal(start(address, "", 1).code, WIRE_CODE_OK);
	assert_int_equal(
	    start("", "", 1).port, strtoul(strchr(address, ':') + 1, NULL, 10));
}

static void test_a_call_that_reaches_nobody_says_why(void **state)
{
	char silent[32];
	int fd = make_port(false, silent);

	(void)state;
	start("", silent, 1);
	dial(0x11);
	assert_int_equal(hear_end().code, WIRE_CODE_UNREACHABLE);
	start("", "127.0.0.1:70000", 1);
	dial(0x11);
	assert_int_equal(hear_end().code, WIRE_CODE_UNREACHABLE);
	start("",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    ".onion:7440",
	    1);
	dial(0x11);
	assert_int_equal(hear_end().code, WIRE_CODE_PROXY);
	expect_answers();
	close(fd);
}

static void test_calls_are_counted_and_end_with_their_partner(void **state)
{
	char silent[32];
	int i, fd = make_port(true, silent);

	(void)state;
	start("", silent, 1);
	for (i = 0; i < LINKS_MAX; i++)
		dial(0x11);
	dial(0x11);
	assert_int_equal(hear_end().code, WIRE_CODE_BUSY);
	{
		/* Nobody is a partner any more. */
		struct wire_courier_start message = {.listen = span_text("")};

		memset(message.transport_seed.bytes, 1, 32);
		say(WIRE_COURIER_START, &message);
	}
	for (i = 0; i < LINKS_MAX; i++)
		assert_int_equal(hear_end().code, WIRE_CODE_REFUSED);
	close(fd);
}

static void test_a_bundle_of_a_stranger_is_not_begun(void **state)
{
	struct wire_courier_bundle bundle = {.carrier = WIRE_CARRIER_READ};
	struct wire_courier_ended ended;

	(void)state;
	start("", "", 1);
	say_with_file(WIRE_COURIER_BUNDLE, &bundle);
	ended = hear_end();
	assert_int_equal(ended.code, WIRE_CODE_NOT_FOUND);
	assert_int_equal(ended.carrier, WIRE_CARRIER_READ);
	expect_answers();
}

static void test_words_for_a_session_that_is_over_are_dropped(void **state)
{
	const struct wire_session_message message = {
	    .session = 7, .type = WIRE_SYNC_DONE, .body = {NULL, 0}};
	const struct wire_session_step step = {.session = 7};
	const struct wire_session_object object = {.session = 7, .size = 1};
	const struct wire_failed failed = {.job = 7, .code = WIRE_CODE_REFUSED};

	(void)state;
	start("", "", 1);
	say(WIRE_SESSION_MESSAGE, &message);
	say(WIRE_SESSION_ACK, &step);
	say(WIRE_SESSION_CLOSE, &step);
	say(WIRE_FAILED, &failed);
	say_with_file(WIRE_SESSION_OBJECT, &object);
	say_with_file(WIRE_SESSION_TAKE, &object);
	expect_answers();
}

/* The courier drops a store that breaks a rule, and ends: the supervisor brings
 * a store together with none but a new one. */
static void expect_dropped(void)
{
	struct wire_frame frame;

	assert_int_equal(
	    channel_receive(scene.store, &frame), CHANNEL_E_CLOSED);
	assert_int_equal(
	    channel_receive(scene.supervisor, &frame), CHANNEL_E_CLOSED);
	assert_int_equal(wait_courier(), 0);
	wire_arena_free(&scene.arena);
	assert_int_equal(make_scene(NULL), 0);
	start("", "", 1);
	expect_answers();
}

static void test_a_store_that_breaks_a_rule_is_dropped(void **state)
{
	const struct wire_session_object beyond = {.offset = 2, .size = 1};
	const struct wire_courier_bundle bundle = {
	    .carrier = WIRE_CARRIER_DIALLED};
	const struct span nothing = {NULL, 0};
	static const enum wire_type short_ones[] = {WIRE_COURIER_START,
	    WIRE_COURIER_DIAL, WIRE_COURIER_BUNDLE, WIRE_SESSION_OBJECT};
	struct wire_courier_start other = {.listen = span_text("")};
	size_t i;

	(void)state;
	start("", "", 1);
	for (i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
		assert_int_equal(channel_send_body(scene.store, short_ones[i],
				     nothing, NULL, 0),
		    0);
		expect_dropped();
	}
	say_with_file(WIRE_SESSION_OBJECT, &beyond);
	expect_dropped();
	say_with_file(WIRE_COURIER_BUNDLE, &bundle);
	expect_dropped();
	/* Its key is for its life. */
	memset(other.transport_seed.bytes, 2, 32);
	say(WIRE_COURIER_START, &other);
	expect_dropped();
}

static void test_a_new_store_takes_the_place_of_the_old(void **state)
{
	struct channel *old = scene.store;
	struct wire_frame frame;

	(void)state;
	start("", "", 1);
	scene.store = introduce(WIRE_ROLE_STORE);
	assert_int_equal(channel_receive(old, &frame), CHANNEL_E_CLOSED);
	channel_free(old);
	start("", "", 1);
	expect_answers();
}

static void test_who_speaks_no_tls_is_cut_off_and_never_told_of(void **state)
{
	static const char said[] = "GET / HTTP/1.1\r\n\r\n";
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	char answer[256], where[32];
	int fd;

	(void)state;
	close(make_port(false, where));
	address.sin_port = htons((uint16_t)start(where, "", 1).port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(write(fd, said, sizeof said), sizeof said);
	while (read(fd, answer, sizeof answer) > 0)
		;
	close(fd);
	expect_answers(); /* and nothing before it */
}

/* --- a partner that sends more than is read at once ----------------------- */

static void add_proven(struct buf *frames, size_t payload)
{
	uint8_t *room = calloc(1, payload);
	struct span one = {(const uint8_t *)"", 1};
	struct wire_sync_proven proven = {.entry = one,
	    .payload = {room, payload},
	    .envelope = one,
	    .proof = one};

	assert_non_null(room);
	assert_int_equal(wire_encode(WIRE_SYNC_PROVEN, &proven, 0, frames), 0);
	free(room);
}

/* A turn of small and large frames. What follows the first is ${len} bytes: a
 * payload of the last can make it any length. Returns how many are PROVEN. */
static size_t make_turn(size_t len, struct buf *frames)
{
	const struct wire_sync_frontier frontier = {0};
	struct buf end = {0}, last = {0};
	size_t first, large = 900000, count = 1, payload;

	add_proven(frames, 100);
	first = frames->len;
	for (; frames->len - first + large + 2000 < len; count++)
		add_proven(frames, large);
	assert_int_equal(
	    wire_encode(WIRE_SYNC_FRONTIER, &frontier, 0, &end), 0);
	len -= frames->len - first + end.len;
	payload = len - 200;
	add_proven(&last, payload);
	payload += len - last.len;
	add_proven(frames, payload);
	assert_int_equal(buf_append(frames, end.data, end.len), 0);
	buf_free(&end);
	buf_free(&last);
	return count + 1;
}

/* The courier has nothing more to do: seen asleep, and again and again. */
static void wait_until_asleep(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	char name[64], text[256], *state;
	int seen, tries;
	FILE *file;

	snprintf(name, sizeof name, "/proc/%d/stat", (int)scene.pid);
	for (seen = tries = 0; seen < 50; tries++) {
		assert_true(tries < 20000);
		file = fopen(name, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof text, file));
		fclose(file);
		state = strrchr(text, ')');
		assert_non_null(state);
		seen = state[2] == 'S' ? seen + 1 : 0;
		nanosleep(&moment, NULL);
	}
}

/* What the courier has to say, within some seconds. */
static void hear_soon(enum wire_type type, void *ret_message)
{
	struct pollfd ready = {.fd = channel_fd(scene.store), .events = POLLIN};

	if (!channel_has_frame(scene.store))
		assert_int_equal(poll(&ready, 1, 20 * 1000), 1);
	hear(type, ret_message);
}

static void expect_passed(uint64_t session, enum wire_type type, bool slow)
{
	const struct wire_session_step step = {.session = session};
	struct wire_session_message message;

	hear_soon(WIRE_SESSION_MESSAGE, &message);
	assert_int_equal(message.session, session);
	assert_int_equal(message.type, type);
	if (slow)
		wait_until_asleep();
	say(WIRE_SESSION_ACK, &step);
	wire_arena_free(&scene.arena);
}

/* A partner comes, with ${rate}. */
static uint64_t let_in(uint64_t rate, struct peer *ret_peer)
{
	struct wire_partner row = {.rate = rate};
	struct wire_session_opened opened;
	struct wire_session_step step;
	struct persona self;
	char where[32];

	persona_make("a-partner", &self);
	row.author = self.id;
	row.transport = self.card.transport;
	close(make_port(false, where));
	assert_true(peer_open(
	    ret_peer, &self, (uint16_t)start_with(where, &row, 1).port, 1));
	hear_soon(WIRE_SESSION_OPENED, &opened);
	hear_soon(WIRE_SESSION_NEXT, &step);
	return opened.session;
}

static void let_go(struct peer *peer)
{
	struct wire_courier_ended ended;

	peer_close(peer);
	hear_soon(WIRE_COURIER_ENDED, &ended);
}

/* A partner hears our turn to its end and sends all of its own. A ${slow} store
 * is at the first frame until all else has come that may. Not a frame may be
 * left lying then, though nothing comes behind. */
static void meet(uint64_t rate, size_t len, bool slow)
{
	const struct wire_sync_hello hello = {.version = SYNC_VERSION};
	struct wire_session_message turn = {.type = WIRE_SYNC_FRONTIER};
	struct wire_session_step step;
	struct buf frames = {0};
	struct peer peer;
	size_t count;

	turn.session = let_in(rate, &peer);
	say(WIRE_SESSION_MESSAGE, &turn);
	assert_int_equal(peer_read(&peer, 20), WIRE_SYNC_HELLO);
	assert_int_equal(peer_read(&peer, 20), WIRE_SYNC_FRONTIER);
	peer_send(&peer, WIRE_SYNC_HELLO, &hello);
	count = make_turn(len, &frames);
	peer_send_bytes(&peer, frames.data, frames.len);
	for (; count > 0; count--, slow = false)
		expect_passed(turn.session, WIRE_SYNC_PROVEN, slow);
	expect_passed(turn.session, WIRE_SYNC_FRONTIER, false);
	hear_soon(WIRE_SESSION_NEXT, &step);
	let_go(&peer);
	buf_free(&frames);
}

/* What is left in OpenSSL when reading is held back is anything up to a record,
 * by where records end. */
static void meet_often(void **state, uint64_t rate, size_t len, bool slow)
{
	static const size_t beyond[] = {0, 1, 1000, 8000, 15000, 16384, 40000};
	size_t i, count = sizeof beyond / sizeof *beyond;

	for (i = 0; i < count; i++) {
		if (i > 0)
			assert_int_equal(make_scene(state), 0);
		meet(rate, len + beyond[i], slow);
		if (i + 1 < count)
			assert_int_equal(end_scene(state), 0);
	}
}

static void test_what_comes_while_the_store_is_slow_is_read(void **state)
{
	meet_often(state, 0, INPUT_BYTES, true);
}

static void test_what_comes_faster_than_its_rate_is_read(void **state)
{
	meet_often(state, 20480, 20480, false);
}

/* Frames come as they are and in no more than 10 seconds each piece. */
static void expect_evenly(struct peer *peer, struct span bytes)
{
	struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
	uint8_t got[1024];
	int n;

	while (bytes.len > 0) {
		if (SSL_pending(peer->ssl) == 0)
			assert_int_equal(poll(&ready, 1, 10 * 1000), 1);
		n = SSL_read(peer->ssl, got,
		    (int)(bytes.len < sizeof got ? bytes.len : sizeof got));
		assert_true(n > 0);
		assert_memory_equal(got, bytes.data, n);
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
}

/* What goes by a rate goes evenly: much does not go at once, to be paid for by
 * a silence that a partner takes for the end. */
static void test_a_slow_rate_is_never_silent(void **state)
{
	struct wire_session_message message = {.type = WIRE_SYNC_PROVEN};
	struct wire_session_step step;
	struct buf frame = {0};
	struct peer peer;
	int i;

	(void)state;
	add_proven(&frame, 20000);
	message.session = let_in(2048, &peer);
	message.body = span_of(
	    frame.data + WIRE_HEADER_BYTES, frame.len - WIRE_HEADER_BYTES);
	for (i = 0; i < 2; i++) {
		say(WIRE_SESSION_MESSAGE, &message);
		hear_soon(WIRE_SESSION_NEXT, &step);
	}
	message.type = WIRE_SYNC_FRONTIER;
	message.body = span_of("", 0);
	say(WIRE_SESSION_MESSAGE, &message);
	assert_int_equal(peer_read(&peer, 20), WIRE_SYNC_HELLO);
	expect_evenly(&peer, buf_span(&frame));
	expect_evenly(&peer, buf_span(&frame));
	assert_int_equal(peer_read(&peer, 10), WIRE_SYNC_FRONTIER);
	buf_free(&frame);
	let_go(&peer);
}

static void test_it_ends_when_its_supervisor_makes_no_sense(void **state)
{
	struct channel *worker = introduce(WIRE_ROLE_WORKER);
	struct wire_frame frame;

	(void)state;
	assert_int_equal(
	    channel_receive(scene.store, &frame), CHANNEL_E_CLOSED);
	assert_int_equal(channel_receive(worker, &frame), CHANNEL_E_CLOSED);
	channel_free(worker);
	assert_int_equal(wait_courier(), 0);
}

#define COURIER_TEST(f) \
	cmocka_unit_test_setup_teardown(f, make_scene, end_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    COURIER_TEST(test_it_answers_before_it_is_started),
	    COURIER_TEST(test_it_says_where_it_cannot_listen),
	    COURIER_TEST(test_a_call_that_reaches_nobody_says_why),
	    COURIER_TEST(test_calls_are_counted_and_end_with_their_partner),
	    COURIER_TEST(test_a_bundle_of_a_stranger_is_not_begun),
	    COURIER_TEST(test_words_for_a_session_that_is_over_are_dropped),
	    COURIER_TEST(test_a_store_that_breaks_a_rule_is_dropped),
	    COURIER_TEST(test_a_new_store_takes_the_place_of_the_old),
	    COURIER_TEST(test_who_speaks_no_tls_is_cut_off_and_never_told_of),
	    COURIER_TEST(test_what_comes_while_the_store_is_slow_is_read),
	    COURIER_TEST(test_what_comes_faster_than_its_rate_is_read),
	    COURIER_TEST(test_a_slow_rate_is_never_silent),
	    COURIER_TEST(test_it_ends_when_its_supervisor_makes_no_sense),
	};

	return cmocka_run_group_tests_name("courier", tests, NULL, NULL);
}
