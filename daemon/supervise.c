/*
 * The supervisor. It holds no secret, parses nothing of a stranger and has
 * nothing to do but to start and end processes:
 *
 *	keeper, store, courier, and one worker for each core.
 *
 * Each is executed from the same binary with one channel, to here. Processes
 * get to know each other by pairs of sockets made here and handed out with
 * SUP_PEER: store and keeper, store and courier, store and each worker, each
 * worker and keeper.
 *
 * Death of the keeper ends all others too: what they were lent must not outlive
 * what lent it; all start anew, locked. Death of another one starts that one
 * anew with new pairs, and the keeper stays unlocked. One that keeps dying is
 * started later each time and at last ends the daemon, with a line that says
 * so. One that does not get ready (libseccomp, for one, spins where it has no
 * memory) is killed, which is a death like others.
 *
 * Locking is the same as the keeper's death, by us: no process is left that
 * held anything. The kernel takes memory back as it is and clears it only when
 * it hands it out again, so who holds keys is told to wipe them and end, and is
 * killed when it does not do so at once.
 *
 * Stopping: the store first, for it finishes what it has begun and it needs the
 * others for that; then the rest.
 *
 *	RUNNING --SIGTERM, STOP--> STOPPING_STORE --store ended-->
 *	    STOPPING_REST --all ended--> DONE
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/child.h"
#include "daemon/base/log.h"
#include "daemon/base/service.h"
#include "daemon/supervise.h"

#define CHILDREN_MAX (3 + SERVICE_WORKERS_MAX)
#define PAUSE_MS 1000  /* when there is no memory, or no room for a process */
#define DELAY_MS 100   /* before a second start, doubled each time */
#define READY_MS 15000 /* from a start until it serves */
#define STOP_STORE_MS 30000
#define STOP_REST_MS 5000
#define WIPE_MS 2000 /* a keeper that derives a key is not waited for */
#define LOCKED_BYTES_WANTED (256 * 1024) /* for keys, in keeper and store */

enum phase {
	PHASE_RUNNING,
	PHASE_STOPPING_STORE,
	PHASE_STOPPING_REST,
	PHASE_DONE,
	PHASE_FAILED,
};

struct supervisor {
	struct home *home;
	int signal_fd;
	enum phase phase;
	int64_t deadline; /* of stopping, in ms */
	struct wire_sup_start settings;
	size_t count;
	struct child children[CHILDREN_MAX]; /* keeper, store, courier, ... */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Which two talk to each other. */
static bool roles_are_linked(enum wire_role a, enum wire_role b)
{
	if (a == WIRE_ROLE_STORE)
		return b != WIRE_ROLE_STORE;
	if (b == WIRE_ROLE_STORE)
		return true;
	return (a == WIRE_ROLE_KEEPER && b == WIRE_ROLE_WORKER) ||
	       (a == WIRE_ROLE_WORKER && b == WIRE_ROLE_KEEPER);
}

/* Who locks a node means it: only a daemon that starts is opened by a key. */
static void forget_key(struct home *home)
{
	if (home->key_fd >= 0)
		close(home->key_fd);
	home->key_fd = -1;
}

/* Start ${child} and connect it to all that run. What fails here shows as the
 * child's death; there may be no room for another process yet. */
static void start_child(struct supervisor *supervisor, struct child *child)
{
	size_t i;
	int r;

	child->ready_by = now_ms() + READY_MS;
	r = child_start(child, supervisor->home, &supervisor->settings);
	if (child->role == WIRE_ROLE_STORE)
		forget_key(supervisor->home);
	for (i = 0; r == 0 && i < supervisor->count; i++) {
		struct child *peer = &supervisor->children[i];

		if (peer != child && peer->channel &&
		    roles_are_linked(child->role, peer->role))
			r = child_connect(child, peer);
	}
	if (r == 0)
		return;
	log_number(LOG_LEVEL_ERROR, "cannot start a process", r);
	if (child->pid > 0)
		kill(child->pid, SIGKILL); /* reap() sees it */
	else
		child->start_at = now_ms() + PAUSE_MS;
}

/* The keeper, which is the first, is gone before any other is touched. */
static void end_all(struct supervisor *supervisor)
{
	size_t i;

	for (i = 0; i < supervisor->count; i++)
		child_end(&supervisor->children[i]);
}

/* Whether ${child} may still hold keys. */
static bool may_hold_keys(struct child *child)
{
	if (child->pid <= 0 || child->role == WIRE_ROLE_WORKER)
		return false;
	if (waitpid(child->pid, NULL, WNOHANG) == child->pid)
		child->pid = 0;
	return child->pid > 0;
}

static void wipe_keys(struct supervisor *supervisor)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const int64_t deadline = now_ms() + WIPE_MS;
	bool waiting = true;
	size_t i;

	for (i = 0; i < supervisor->count; i++)
		if (may_hold_keys(&supervisor->children[i]))
			child_stop(&supervisor->children[i]);
	while (waiting && now_ms() < deadline) {
		waiting = false;
		for (i = 0; i < supervisor->count; i++)
			waiting |= may_hold_keys(&supervisor->children[i]);
		if (waiting)
			nanosleep(&pause, NULL);
	}
}

static void lock_all(struct supervisor *supervisor)
{
	size_t i;
	int64_t now;

	wipe_keys(supervisor);
	end_all(supervisor);
	now = now_ms();
	for (i = 0; i < supervisor->count; i++)
		supervisor->children[i].start_at = now;
	log_event(LOG_LEVEL_INFO, "locked");
}

static void begin_stop(struct supervisor *supervisor)
{
	size_t i;

	if (supervisor->phase != PHASE_RUNNING)
		return;
	log_event(LOG_LEVEL_INFO, "stopping");
	supervisor->phase = PHASE_STOPPING_STORE;
	supervisor->deadline = now_ms() + STOP_STORE_MS;
	for (i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].role == WIRE_ROLE_STORE)
			child_stop(&supervisor->children[i]);
}

static bool runs(const struct supervisor *supervisor, bool only_store)
{
	size_t i;

	for (i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].pid > 0 &&
		    (!only_store ||
			supervisor->children[i].role == WIRE_ROLE_STORE))
			return true;
	return false;
}

/* Go on with stopping as far as it goes now. */
static void step_stop(struct supervisor *supervisor)
{
	const bool late = now_ms() >= supervisor->deadline;
	size_t i;

	if (supervisor->phase == PHASE_STOPPING_STORE &&
	    (late || !runs(supervisor, true))) {
		if (late)
			log_event(LOG_LEVEL_WARNING,
			    "the store did not stop in time");
		supervisor->phase = PHASE_STOPPING_REST;
		supervisor->deadline = now_ms() + STOP_REST_MS;
		for (i = 0; i < supervisor->count; i++)
			child_stop(&supervisor->children[i]);
		return;
	}
	if (supervisor->phase == PHASE_STOPPING_REST &&
	    (late || !runs(supervisor, false))) {
		end_all(supervisor);
		supervisor->phase = PHASE_DONE;
	}
}

/* ${child} ended by itself while it should run. */
static void child_died(
    struct supervisor *supervisor, struct child *child, int status)
{
	const int64_t now = now_ms();
	unsigned deaths;

	child_log_death(child, status);
	deaths = child_count_death(child, now);
	if (deaths >= CHILD_DEATHS_MAX) {
		log_event(LOG_LEVEL_ERROR, "a process keeps ending, giving up");
		supervisor->phase = PHASE_FAILED;
		return;
	}
	if (child->role == WIRE_ROLE_KEEPER)
		lock_all(supervisor);
	child->start_at = now;
	if (deaths > 1)
		child->start_at += (int64_t)DELAY_MS << (deaths - 2);
}

static void reap(struct supervisor *supervisor)
{
	size_t i;
	int status;

	for (i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (child->pid <= 0 ||
		    waitpid(child->pid, &status, WNOHANG) != child->pid)
			continue;
		child->pid = 0;
		channel_freep(&child->channel);
		if (supervisor->phase == PHASE_RUNNING)
			child_died(supervisor, child, status);
	}
}

static void start_due(struct supervisor *supervisor)
{
	const int64_t now = now_ms();
	size_t i;

	for (i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].pid == 0 &&
		    supervisor->children[i].start_at <= now)
			start_child(supervisor, &supervisor->children[i]);
}

/* reap() sees them. */
static void end_late(struct supervisor *supervisor)
{
	const int64_t now = now_ms();
	size_t i;

	for (i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (child->pid <= 0 || child->ready_by == 0 ||
		    child->ready_by > now)
			continue;
		log_event(LOG_LEVEL_WARNING, "a process did not get ready");
		child->ready_by = 0;
		kill(child->pid, SIGKILL);
	}
}

/* -EPROTO when this child may not say so. */
static int take_state(struct supervisor *supervisor, struct child *child,
    const struct wire_sup_state *message)
{
	switch (message->state) {
	case SUP_STATE_READY:
		child->ready_by = 0;
		return 0;
	case SUP_STATE_LOCK:
		if (child->role != WIRE_ROLE_STORE &&
		    child->role != WIRE_ROLE_KEEPER)
			return -EPROTO;
		if (supervisor->phase == PHASE_RUNNING)
			lock_all(supervisor);
		return 0;
	case SUP_STATE_STOP:
		if (child->role != WIRE_ROLE_STORE)
			return -EPROTO;
		begin_stop(supervisor);
		return 0;
	}
	return -EPROTO;
}

static int take_frame(struct supervisor *supervisor, struct child *child,
    const struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sup_state message;
	int r;

	if (frame->type != WIRE_SUP_STATE)
		return -EPROTO;
	r = wire_decode(
	    WIRE_SUP_STATE, buf_span(&frame->body), &arena, &message);
	wire_arena_free(&arena);
	if (r == 0)
		r = take_state(supervisor, child, &message);
	return r <= 0 ? r : -EPROTO;
}

/* What there was no memory to hear may have been that the node is to lock. */
static void lock_unheard(struct supervisor *supervisor)
{
	size_t i;

	lock_all(supervisor);
	for (i = 0; i < supervisor->count; i++)
		supervisor->children[i].start_at += PAUSE_MS;
}

/* A child that left its channel or talks nonsense is ended; reap() sees it. */
static void hear_child(struct supervisor *supervisor, struct child *child)
{
	struct wire_frame frame;
	int r;

	if (!child->channel)
		return;
	r = channel_flush(child->channel);
	if (r >= 0)
		r = channel_receive(child->channel, &frame);
	if (r == CHANNEL_E_AGAIN)
		return;
	if (r == 0) {
		r = take_frame(supervisor, child, &frame);
		wire_frame_free(&frame);
	}
	if (r == -ENOMEM && supervisor->phase == PHASE_RUNNING &&
	    (child->role == WIRE_ROLE_STORE || child->role == WIRE_ROLE_KEEPER))
		lock_unheard(supervisor);
	/* lock_all() may have ended this very child. */
	if (r != 0 && child->channel) {
		channel_freep(&child->channel);
		/* One that closes its end may be on its way out. */
		if (r != CHANNEL_E_CLOSED && supervisor->phase == PHASE_RUNNING)
			kill(child->pid, SIGKILL);
	}
}

static void hear_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	while (read(supervisor->signal_fd, &info, sizeof info) ==
	       (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			begin_stop(supervisor);
}

/* When there is something to do with ${child} though nothing is heard, or 0. */
static int64_t due_of(const struct child *child)
{
	return child->pid > 0 ? child->ready_by : child->start_at;
}

/* Milliseconds until something is due, or -1. */
static int time_left(const struct supervisor *supervisor)
{
	const int64_t now = now_ms();
	int64_t due = -1;
	size_t i;

	if (supervisor->phase != PHASE_RUNNING)
		due = supervisor->deadline;
	for (i = 0; supervisor->phase == PHASE_RUNNING && i < supervisor->count;
	     i++) {
		const struct child *child = &supervisor->children[i];
		const int64_t at = due_of(child);

		if ((child->pid == 0 || at > 0) && (due < 0 || at < due))
			due = at;
	}
	if (due < 0)
		return -1;
	return due <= now ? 0 : (int)(due - now);
}

static void wait_for_events(struct supervisor *supervisor)
{
	struct pollfd fds[1 + CHILDREN_MAX];
	size_t i;

	fds[0] = (struct pollfd){supervisor->signal_fd, POLLIN, 0};
	for (i = 0; i < supervisor->count; i++) {
		struct channel *channel = supervisor->children[i].channel;

		fds[1 + i] = (struct pollfd){-1, POLLIN, 0};
		if (!channel)
			continue;
		fds[1 + i].fd = channel_fd(channel);
		if (channel_wants_write(channel))
			fds[1 + i].events |= POLLOUT;
	}
	poll(fds, 1 + (nfds_t)supervisor->count, time_left(supervisor));
}

static void hear_children(struct supervisor *supervisor)
{
	size_t i;

	for (i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		do
			hear_child(supervisor, child);
		while (child->channel && channel_has_frame(child->channel));
	}
}

static void run(struct supervisor *supervisor)
{
	while (supervisor->phase != PHASE_DONE &&
	       supervisor->phase != PHASE_FAILED) {
		if (supervisor->phase == PHASE_RUNNING) {
			start_due(supervisor);
			end_late(supervisor);
		}
		wait_for_events(supervisor);
		hear_signals(supervisor);
		hear_children(supervisor);
		reap(supervisor);
		if (supervisor->phase != PHASE_RUNNING)
			step_stop(supervisor);
	}
	end_all(supervisor);
}

static void list_children(struct supervisor *supervisor)
{
	static const enum wire_role singles[] = {
	    WIRE_ROLE_KEEPER, WIRE_ROLE_STORE, WIRE_ROLE_COURIER};
	uint64_t *workers = &supervisor->settings.workers;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned i;

	for (i = 0; i < sizeof singles / sizeof *singles; i++)
		supervisor->children[supervisor->count++].role = singles[i];
	if (*workers == 0)
		*workers = cores < 1 ? 1 : (uint64_t)cores;
	if (*workers > SERVICE_WORKERS_MAX)
		*workers = SERVICE_WORKERS_MAX;
	for (i = 0; i < *workers; i++) {
		struct child *child =
		    &supervisor->children[supervisor->count++];

		child->role = WIRE_ROLE_WORKER;
		child->number = i;
	}
}

/* As far as may be: where it may not, what needs more says so. */
static void raise_limit(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(resource, &limit);
}

/* Keys must not reach a disk by way of swap. libsodium locks its memory, but
 * does not tell when it could not; the children have our limits. */
static void check_memory(void)
{
	char swaps[512] = "";
	ssize_t len;
	void *probe;
	int fd;

	raise_limit(RLIMIT_MEMLOCK);
	probe = mmap(NULL, LOCKED_BYTES_WANTED, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (probe == MAP_FAILED || mlock(probe, LOCKED_BYTES_WANTED) < 0)
		log_event(LOG_LEVEL_WARNING,
		    "memory for keys cannot be locked, "
		    "it may be written to swap: raise the memlock limit");
	if (probe != MAP_FAILED)
		munmap(probe, LOCKED_BYTES_WANTED);
	fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	len = read(fd, swaps, sizeof swaps - 1);
	close(fd);
	if (len > 0 && memchr(swaps, '\n', (size_t)len - 1))
		log_event(LOG_LEVEL_WARNING,
		    "this machine swaps: testimony that is being worked on "
		    "may reach the disk");
}

static int watch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int supervise_run(struct home *home, const struct wire_sup_start *settings)
{
	struct supervisor supervisor = {.home = home, .settings = *settings};

	log_begin("evidentd");
	/* Children of the same user may not take over who starts them. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return 1;
	supervisor.signal_fd = watch_signals();
	if (supervisor.signal_fd < 0) {
		log_number(LOG_LEVEL_ERROR, "cannot watch signals",
		    supervisor.signal_fd);
		return 1;
	}
	check_memory();
	list_children(&supervisor);
	run(&supervisor);
	close(supervisor.signal_fd);
	log_event(LOG_LEVEL_INFO, "stopped");
	return supervisor.phase == PHASE_DONE ? 0 : 1;
}
