/*
 * sync: meet partners one after the other and tell what came of it; recover:
 * the same with one, that brings back what this node wrote.
 *
 * Exit 0 only if every meeting ended in good order and every own record that
 * is addressed to those partners, and is whole here, has its receipt stored.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/store/auto_sync.h"
#include "daemon/store/control.h"
#include "daemon/store/own_log.h"
#include "daemon/store/sync.h"

struct meetings {
	size_t count, at;
	unsigned met, failed;
	uint64_t sent, received, round_trips;
	uint64_t recovered; /* records that were brought back before */
	enum wire_code worst;
	struct author_id partners[];
};

static struct request *waiting; /* one sync command at a time */
/* Until a meeting that nobody asked for is over, or a courier is there. */
static bool stalled;

bool control_sync_is_busy(void)
{
	return waiting;
}

bool control_sync_recovers(const struct author_id *partner)
{
	const struct meetings *meetings = waiting ? waiting->state : NULL;

	return meetings && waiting->ctl.op == CTL_RECOVER &&
	       meetings->at < meetings->count &&
	       memcmp(meetings->partners[meetings->at].bytes, partner->bytes,
		   sizeof partner->bytes) == 0;
}

/* How many records are not known to be delivered; a number that cannot be read
 * is as bad as one. */
static int64_t undelivered(struct store *store, const struct author_id *id)
{
	int64_t number = 0;

	if (store->state != STORE_OPEN ||
	    database_number(store->database, SQL_UNDELIVERED, &number, "bi",
		span_of(id->bytes, 32), INT64_MAX) != 0)
		return 1;
	return number;
}

static void tell(struct request *request, struct meetings *meetings)
{
	int64_t left = 0;
	size_t i;

	for (i = 0; i < meetings->count; i++)
		left += undelivered(request->store, &meetings->partners[i]);
	if (meetings->failed == 0 && request->ctl.op == CTL_RECOVER &&
	    own_log_recovered(request->store) != 0)
		log_event(LOG_LEVEL_ERROR, "a recovery was not noted");
	if (meetings->failed == 0 && left == 0)
		control_done(
		    request, json_pack("{s:i, s:I, s:I, s:I, s:I, s:I}", "met",
				 meetings->met, "undelivered", (json_int_t)left,
				 "sent", (json_int_t)meetings->sent, "received",
				 (json_int_t)meetings->received, "round_trips",
				 (json_int_t)meetings->round_trips, "recovered",
				 (json_int_t)(request->store->recovered -
					      meetings->recovered)));
	else if (meetings->failed == 0)
		control_fail(request, 5,
		    "not every record is known to be delivered yet",
		    "nothing is lost; sync again, and first with whoever "
		    "brought what you shared, for its proof may not have come");
	else if (control_quota_error(meetings->worst))
		control_fail(
		    request, 5, control_quota_error(meetings->worst), NULL);
	else if (meetings->worst == WIRE_CODE_PUT_BACK)
		control_fail(request, 5,
		    "this node was put back to an earlier state, or is a copy: "
		    "the partner holds more of what it wrote",
		    "nothing was lost, and from now on it writes a new log: "
		    "sync again; then evident recover NAME brings back what "
		    "the partner holds");
	else if (meetings->worst == WIRE_CODE_INTERRUPTED || meetings->met > 0)
		control_fail(request, 5, "the sync was cut off before its end",
		    "what came across is kept; sync again to go on");
	else if (meetings->worst == WIRE_CODE_UNREACHABLE)
		control_fail(request, 1, "the partner could not be reached",
		    "nothing was lost; check its address, or try again later");
	else if (meetings->worst == WIRE_CODE_PROXY)
		control_fail(request, 1,
		    "the proxy of this partner could not be reached",
		    "nothing was lost, and no other way was tried; is Tor "
		    "running? evident partner list shows the proxy");
	else if (meetings->worst == WIRE_CODE_UNTRUSTED)
		control_fail(request, 1,
		    "whoever answered at the partner's address is not the "
		    "partner",
		    "nothing was sent; ask the partner whether its keys have "
		    "changed");
	else
		control_fail(request, 1, "the sync was refused or failed",
		    "nothing was lost; see the partner's evident status");
}

static void finish(struct request *request)
{
	struct meetings *meetings = request->state;

	waiting = NULL;
	request->state = NULL;
	tell(request, meetings);
	free(meetings);
}

/* Dial the next partner, or tell the end. */
static void next(struct request *request)
{
	struct meetings *meetings = request->state;
	struct store *store = request->store;
	struct wire_courier_dial dial;
	int r;

	while (meetings->at < meetings->count) {
		stalled = auto_sync_is_busy(store) || !store->courier;
		if (stalled)
			return;
		control_progress(request, meetings->at, meetings->count);
		dial.partner = meetings->partners[meetings->at];
		r = store_tell_courier(
		    store, WIRE_COURIER_DIAL, &dial, NULL, 0);
		stalled = r == -EPIPE; /* it died; the next one is coming */
		if (r == 0 || stalled)
			return;
		meetings->failed++;
		meetings->worst = WIRE_CODE_FAILED;
		meetings->at++;
	}
	finish(request);
}

void control_sync_resume(void)
{
	if (waiting && stalled)
		next(waiting);
}

/* Of several failures the one is told that somebody can do most about. */
static void note_worst(struct meetings *meetings, enum wire_code code)
{
	if (meetings->worst == WIRE_CODE_PUT_BACK)
		return;
	if (control_quota_error(code) || code == WIRE_CODE_PUT_BACK ||
	    (meetings->worst != WIRE_CODE_INTERRUPTED &&
		!control_quota_error(meetings->worst)))
		meetings->worst = code;
}

void control_sync_ended(
    struct store *store, const struct wire_courier_ended *ended)
{
	enum wire_code code = (enum wire_code)ended->code;
	struct meetings *meetings = waiting ? waiting->state : NULL;

	(void)store;
	if (!meetings || meetings->at >= meetings->count ||
	    memcmp(meetings->partners[meetings->at].bytes, ended->partner.bytes,
		sizeof ended->partner.bytes) != 0)
		return;
	meetings->sent += ended->sent;
	meetings->received += ended->received;
	meetings->round_trips += ended->round_trips;
	if (code == WIRE_CODE_OK) {
		meetings->met++;
	} else {
		meetings->failed++;
		note_worst(meetings, code);
	}
	meetings->at++;
	next(waiting);
}

void control_sync_lost(struct store *store)
{
	struct meetings *meetings = waiting ? waiting->state : NULL;
	struct wire_courier_ended ended = {.code = WIRE_CODE_INTERRUPTED};

	if (!meetings || stalled || meetings->at >= meetings->count)
		return;
	ended.partner = meetings->partners[meetings->at];
	control_sync_ended(store, &ended);
}

/* A partner named must be there, compared, and have an address. */
static int add_named(
    struct request *request, struct span name, struct meetings *meetings)
{
	struct partner partner;
	int r;

	r = partners_by_name(request->store->database, name, &partner);
	if (r == DATABASE_E_NONE)
		control_fail(request, 1, "there is no partner of this name",
		    "evident partner list shows them");
	else if (r != 0)
		control_fail_result(request, r);
	else if (!partner.compared)
		control_fail(request, 1,
		    "this partner was not compared with its card",
		    "first: evident partner compare NAME");
	else if (partner.card.address_count == 0)
		control_fail(request, 1, "this partner's card has no address",
		    "it must come to you, or give you a card with one");
	else
		meetings->partners[meetings->count++] = partner.author;
	return r == 0 && meetings->count > 0 ? 0 : 1;
}

static int add_all(struct request *request, struct meetings **meetings)
{
	struct partner *partners = NULL;
	struct meetings *more;
	size_t i, count = 0;
	int r;

	r = partners_all(request->store->database, &partners, &count);
	more = r == 0 ? realloc(*meetings,
			    sizeof *more + (count + 1) * sizeof *more->partners)
		      : NULL;
	if (!more) {
		free(partners);
		control_fail_result(request, r);
		return 1;
	}
	*meetings = more;
	for (i = 0; i < count; i++)
		if (partners[i].compared && partners[i].card.address_count)
			more->partners[more->count++] = partners[i].author;
	free(partners);
	if (more->count > 0)
		return 0;
	control_fail(request, 1, "there is no partner that can be reached",
	    "add one with an address: evident partner add CARD");
	return 1;
}

void control_sync(struct request *request)
{
	struct meetings *meetings;
	int r;

	if (waiting) {
		control_fail(request, 1, "another sync is running already",
		    "wait for it to end");
		return;
	}
	meetings = calloc(1, sizeof *meetings + sizeof *meetings->partners);
	if (!meetings) {
		control_fail_code(request, WIRE_CODE_FAILED);
		return;
	}
	if (request->ctl.names.count > 0)
		r = add_named(request, request->ctl.names.items[0], meetings);
	else
		r = add_all(request, &meetings);
	if (r != 0) {
		free(meetings);
		return;
	}
	meetings->recovered = request->store->recovered;
	request->state = meetings;
	waiting = request;
	next(request);
}
