/*
 * What stands in place of a few functions, by the linker (--wrap): time(), the
 * two sources of randomness, the passphrase's hash, the waiting of the event
 * loop and its timers. Everything else of store, keeper and worker is theirs.
 *
 * A store runs only when it is told to, and until it is quiet: nothing to read
 * and no job with the worker. So nothing depends on how fast anything is. It
 * may die at any point where it is about to write, commit, tell or hear.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/sandbox.h"
#include "daemon/store/database.h"
#include "daemon/store/objects.h"
#include "daemon/store/record_keys.h"
#include "daemon/store/vfs_seal.h"
#include "proto/format/card.h"
#include "proto/wire/channel.h"
#include "tests/sim/seam.h"

#define EPOCH 1767225600 /* of the simulation itself */
#define JOB_MS 30000     /* a job that takes longer hangs */

static struct seam *me;
static bool is_store;
static uint8_t chance[crypto_stream_chacha20_KEYBYTES];
static uint64_t drawn;
static int jobs_out, worker_fd;

/* Each by its real name and the linker's. */
#define WRAP(type, name, ...) \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

static void draw(void *out, size_t len)
{
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	drawn++;
	memcpy(nonce, &drawn, sizeof nonce);
	crypto_stream_chacha20(out, len, nonce, chance);
}

static uint32_t draw_number(void)
{
	uint32_t number;

	draw(&number, sizeof number);
	return number;
}

static const char *name_chance(void)
{
	return "simulated";
}

static randombytes_implementation source = {
    .implementation_name = name_chance,
    .random = draw_number,
    .buf = draw,
};

void seam_enter(struct seam *seam_or_null, uint64_t seed, unsigned node,
    enum wire_role role, unsigned life)
{
	const uint64_t words[4] = {seed, node, (uint64_t)role, life};

	me = seam_or_null;
	is_store = me && role == WIRE_ROLE_STORE;
	memcpy(chance, words, sizeof chance);
	drawn = 0;
	jobs_out = 0;
	randombytes_set_implementation(&source);
}

static bool is_ready(int fd, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, ms) > 0;
}

/* A place where the store may die. The worker does its job all the same, and
 * always: else what it draws next would depend on who was faster. */
static void point(void)
{
	if (!is_store || ++me->points != me->crash_at)
		return;
	if (jobs_out > 0)
		is_ready(worker_fd, JOB_MS);
	_exit(SEAM_CRASHED);
}

/* Nothing is kept out here: all processes of a node are one program with the
 * simulation. */
int sandbox_enter(enum sandbox_profile profile, int home_fd)
{
	(void)profile;
	(void)home_fd;
	return 0;
}

WRAP(time_t, time, time_t *out)
{
	time_t now = me ? (time_t)me->clock : EPOCH;

	if (out)
		*out = now;
	return now;
}

WRAP(ssize_t, getrandom, void *out, size_t len, unsigned flags)
{
	(void)flags;
	draw(out, len);
	return (ssize_t)len;
}

/* What a passphrase costs is not what is tried here. */
WRAP(int, crypto_pwhash, unsigned char *out, unsigned long long len,
    const char *passphrase, unsigned long long passphrase_len,
    const unsigned char *salt, unsigned long long ops, size_t memory, int alg)
{
	(void)ops;
	(void)memory;
	(void)alg;
	return crypto_generichash(out, (size_t)len,
	    (const unsigned char *)passphrase, passphrase_len, salt,
	    crypto_pwhash_SALTBYTES);
}

/* A card is looked at with every name that is told. What it says depends on its
 * bytes alone, so one that was parsed needs no second look. */
WRAP(int, card_parse, struct span bytes, struct card *card, const char **why)
{
	static struct {
		uint8_t hash[32];
		struct card card;
	} known[16];
	static size_t count;
	uint8_t hash[32];
	size_t i;
	int r;

	crypto_generichash(hash, sizeof hash, bytes.data, bytes.len, NULL, 0);
	for (i = 0; i < count; i++)
		if (memcmp(known[i].hash, hash, sizeof hash) == 0) {
			*card = known[i].card;
			return 0;
		}
	r = __real_card_parse(bytes, card, why);
	if (r == 0 && count < sizeof known / sizeof *known) {
		memcpy(known[count].hash, hash, sizeof hash);
		known[count++].card = *card;
	}
	return r;
}

/* A timer for later never comes: a meeting is as long as it takes. */
WRAP(int, event_add, struct event *event, const struct timeval *after)
{
	if (!after)
		return __real_event_add(event, NULL);
	if (after->tv_sec == 0 && after->tv_usec == 0)
		event_active(event, EV_TIMEOUT, 0);
	return 0;
}

/* Who waits for a store waits for the next step. */
WRAP(int, service_patience, bool lonely)
{
	(void)lonely;
	return -1;
}

/* --- the points ---------------------------------------------------------- */

static bool is_work(enum wire_type type)
{
	return type >= WIRE_WORK_SEAL && type <= WIRE_WORK_REWRAPPED;
}

WRAP(int, channel_send, struct channel *channel, enum wire_type type,
    const void *message, const int *fds, size_t fd_count)
{
	point();
	return __real_channel_send(channel, type, message, fds, fd_count);
}

WRAP(int, channel_send_body, struct channel *channel, enum wire_type type,
    struct span body, const int *fds, size_t fd_count)
{
	int r;

	point();
	r = __real_channel_send_body(channel, type, body, fds, fd_count);
	if (r == 0 && is_work(type)) {
		jobs_out++;
		worker_fd = channel_fd(channel);
	}
	return r;
}

WRAP(int, channel_receive, struct channel *channel, struct wire_frame *frame)
{
	int r = __real_channel_receive(channel, frame);

	if (r == 0) { /* its answer is taken: the worker has done this one */
		jobs_out -= is_store && is_work(frame->type);
		point();
	}
	return r;
}

WRAP(int, database_begin, struct database *database)
{
	point();
	return __real_database_begin(database);
}

WRAP(int, database_commit, struct database *database)
{
	int r;

	point();
	r = __real_database_commit(database);
	point();
	return r;
}

WRAP(int, vfs_seal_write, sqlite3_file *real, sqlite3_int64 offset,
    const struct vfs_seal_place *place, const uint8_t *clear, size_t len)
{
	point();
	return __real_vfs_seal_write(real, offset, place, clear, len);
}

WRAP(int, record_keys_sync, struct record_keys *keys)
{
	point();
	return __real_record_keys_sync(keys);
}

WRAP(int, objects_sync, int dir, const char *name, int fd)
{
	int r;

	point();
	r = __real_objects_sync(dir, name, fd);
	point();
	return r;
}

WRAP(void, objects_remove, int dir, const char *name)
{
	point();
	__real_objects_remove(dir, name);
	point();
}

/* --- waiting ------------------------------------------------------------- */

/* libevent's own: readable when something is ready. */
static int find_epoll(void)
{
	char path[32], target[64];
	ssize_t len;
	int fd;

	for (fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		len = readlink(path, target, sizeof target - 1);
		if (len <= 0)
			continue;
		target[len] = 0;
		if (strcmp(target, "anon_inode:[eventpoll]") == 0)
			return fd;
	}
	return -1;
}

/* Wait until there is something to do, or the simulation says to go on. */
static void wait_for_word(struct event_base *base)
{
	static int epoll = -1;
	char word = 'q';

	if (epoll < 0)
		epoll = find_epoll();
	if (event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE) > 0 ||
	    is_ready(epoll, jobs_out > 0 ? JOB_MS : 0))
		return;
	if (jobs_out > 0)
		abort();
	if (write(SEAM_STEP_FD, &word, 1) != 1 ||
	    read(SEAM_STEP_FD, &word, 1) != 1)
		_exit(SEAM_CRASHED);
}

/* The store's main loop goes through here for each turn. */
WRAP(int, event_base_loop, struct event_base *base, int flags)
{
	if (!is_store)
		return __real_event_base_loop(base, flags);
	wait_for_word(base);
	return __real_event_base_loop(base, flags | EVLOOP_NONBLOCK);
}
