/*
 * Meeting partners by itself, one after the other.
 *
 * Contact alone can give a field worker away, so a node that does not listen
 * does this only if it is configured to. Nothing is regular about it: each wait
 * is drawn anew, from half of what is configured to one and a half of it, and
 * from twice that after each failure in a row, up to a day. It never wakes a
 * locked node and never keeps one from locking.
 *
 *	waiting --due--> busy --ended--> waiting, with a new time
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/auto_sync.h"
#include "daemon/store/control.h"

#define WAIT_MAX (24 * 3600)
#define BUSY_SECONDS 5 /* until we look again whether the courier is free */

struct plan {
	struct author_id author;
	int64_t due; /* seconds of CLOCK_BOOTTIME */
	unsigned failures;
};

struct auto_sync {
	struct event *timer;
	size_t count;
	struct plan *plans;
	struct plan *busy; /* the one that is met now */
};

static int64_t now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* From 0 to ${range} - 1; when there is no randomness, nothing is sooner. */
static int64_t draw(int64_t range)
{
	uint64_t number;

	if (range < 1 || getrandom(&number, sizeof number, 0) != sizeof number)
		return range;
	return (int64_t)(number % (uint64_t)range);
}

static int64_t wait_after(const struct store *store, unsigned failures)
{
	int64_t wait = (int64_t)store->service.settings.sync_every;
	const int64_t max = wait > WAIT_MAX ? wait : WAIT_MAX;

	while (failures-- > 0 && wait < max)
		wait *= 2;
	if (wait > max)
		wait = max;
	return wait / 2 + draw(wait + 1);
}

bool auto_sync_is_on(const struct store *store)
{
	const uint64_t mode = store->service.settings.sync;

	return mode == WIRE_SYNC_ON ||
	       (mode == WIRE_SYNC_AUTO && store->listen[0]);
}

bool auto_sync_is_busy(const struct store *store)
{
	return store->auto_sync && store->auto_sync->busy;
}

static void arm(struct store *store)
{
	struct auto_sync *auto_sync = store->auto_sync;
	struct timeval left = {.tv_sec = WAIT_MAX};
	const int64_t now = now_seconds();
	size_t i;

	for (i = 0; i < auto_sync->count; i++)
		if (auto_sync->plans[i].due - now < left.tv_sec)
			left.tv_sec = auto_sync->plans[i].due - now;
	if (left.tv_sec < 1)
		left.tv_sec = 1;
	if (auto_sync->busy || auto_sync->count == 0)
		evtimer_del(auto_sync->timer);
	else if (evtimer_add(auto_sync->timer, &left) < 0)
		store_end_if(store, -ENOMEM);
}

static struct plan *find(
    struct auto_sync *auto_sync, const struct author_id *author)
{
	size_t i;

	for (i = 0; i < auto_sync->count; i++)
		if (memcmp(auto_sync->plans[i].author.bytes, author->bytes,
			sizeof author->bytes) == 0)
			return &auto_sync->plans[i];
	return NULL;
}

/* Dial the one that is most overdue. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct timeval later = {.tv_sec = BUSY_SECONDS};
	struct store *store = context;
	struct auto_sync *auto_sync = store->auto_sync;
	const int64_t now = now_seconds();
	struct wire_courier_dial dial;
	struct plan *next = NULL;
	size_t i;

	(void)fd;
	(void)what;
	if (store->state != STORE_OPEN || !auto_sync_is_on(store))
		return;
	if (control_sync_is_busy() || !store->courier) {
		if (evtimer_add(auto_sync->timer, &later) < 0)
			store_end_if(store, -ENOMEM);
		return;
	}
	for (i = 0; i < auto_sync->count; i++)
		if (auto_sync->plans[i].due <= now &&
		    (!next || auto_sync->plans[i].due < next->due))
			next = &auto_sync->plans[i];
	if (next) {
		dial.partner = next->author;
		auto_sync->busy = next;
		if (store_tell_courier(
			store, WIRE_COURIER_DIAL, &dial, NULL, 0) < 0)
			auto_sync_lost(store);
	}
	arm(store);
}

int auto_sync_begin(struct store *store)
{
	struct auto_sync *auto_sync = calloc(1, sizeof *auto_sync);

	if (!auto_sync)
		return -ENOMEM;
	auto_sync->timer = evtimer_new(store->base, on_timer, store);
	if (!auto_sync->timer) {
		free(auto_sync);
		return -ENOMEM;
	}
	store->auto_sync = auto_sync;
	return 0;
}

void auto_sync_end(struct store *store)
{
	struct auto_sync *auto_sync = store->auto_sync;

	if (!auto_sync)
		return;
	event_free(auto_sync->timer);
	free(auto_sync->plans);
	free(auto_sync);
	store->auto_sync = NULL;
}

/* Keep the times of those who were there; a new one comes within the usual
 * time, and at a moment that says nothing. */
static void fill(struct store *store, const struct partner *partners,
    size_t count, struct plan *plans, size_t *ret_count)
{
	struct auto_sync *auto_sync = store->auto_sync;
	struct plan *old;
	size_t i, used = 0;

	for (i = 0; i < count; i++) {
		if (!partners[i].compared || !partners[i].card.address_count)
			continue;
		old = find(auto_sync, &partners[i].author);
		if (old) {
			plans[used++] = *old;
			continue;
		}
		plans[used].author = partners[i].author;
		plans[used].failures = 0;
		plans[used++].due =
		    now_seconds() +
		    draw((int64_t)store->service.settings.sync_every + 1);
	}
	*ret_count = used;
}

void auto_sync_plan(struct store *store)
{
	struct auto_sync *auto_sync = store->auto_sync;
	struct author_id busy = {{0}};
	struct partner *partners = NULL;
	struct plan *plans = NULL;
	size_t count = 0;

	if (!auto_sync || !auto_sync_is_on(store) ||
	    partners_all(store->database, &partners, &count) < 0)
		return;
	plans = calloc(count + 1, sizeof *plans);
	if (plans) {
		if (auto_sync->busy)
			busy = auto_sync->busy->author;
		fill(store, partners, count, plans, &count);
		free(auto_sync->plans);
		auto_sync->plans = plans;
		auto_sync->count = count;
		if (auto_sync->busy) {
			auto_sync->busy = find(auto_sync, &busy);
			if (!auto_sync->busy) /* who waits for it need not */
				control_sync_resume();
		}
		arm(store);
	}
	free(partners);
}

bool auto_sync_ended(
    struct store *store, const struct author_id *partner, enum wire_code code)
{
	struct auto_sync *auto_sync = store->auto_sync;
	struct plan *plan = auto_sync ? auto_sync->busy : NULL;

	if (!plan || memcmp(plan->author.bytes, partner->bytes,
			 sizeof partner->bytes) != 0)
		return false;
	plan->failures = code == WIRE_CODE_OK ? 0 : plan->failures + 1;
	plan->due = now_seconds() + wait_after(store, plan->failures);
	auto_sync->busy = NULL;
	arm(store);
	control_sync_resume();
	return true;
}

void auto_sync_lost(struct store *store)
{
	struct author_id partner;

	if (!auto_sync_is_busy(store))
		return;
	partner = store->auto_sync->busy->author;
	auto_sync_ended(store, &partner, WIRE_CODE_INTERRUPTED);
}
