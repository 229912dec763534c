/*
 * Sessions with partners.
 *
 * A session is turns. In its turn a side sends entries, attachments and
 * cosignatures, and ends it with its frontier: what it holds now and what it
 * lacks. The other side answers from that. When a side has nothing to say that
 * the other does not know, it says DONE instead, and the meeting is over:
 *
 *   acceptor: SUMMARY             (a hash of what it holds)
 *   dialler:  DONE | FRONTIER     (it holds the same | what it holds)
 *   acceptor: ... FRONTIER | DONE
 *   dialler:  ... FRONTIER | DONE   and so on
 *
 * Where there is always news, because records are captured or come to a partner
 * as fast as they go, the dialler says DONE once all that was there at first is
 * confirmed; the rest is for the next meeting.
 *
 * Everything received is durable before it is acknowledged to the courier, and
 * every step can be repeated: a meeting cut at any point is simply met again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/store/auto_sync.h"
#include "daemon/store/control.h"
#include "daemon/store/own_log.h"
#include "daemon/store/sync_object.h"
#include "daemon/store/sync_proven.h"

#define SESSIONS_MAX 64

struct sync {
	struct session *sessions;
	size_t count;
};

int sync_begin(struct store *store)
{
	store->sync = calloc(1, sizeof *store->sync);
	return store->sync ? 0 : -ENOMEM;
}

static void session_free(struct session *session)
{
	struct pending_cosign *cosign;

	while ((cosign = session->cosigns) != NULL) {
		session->cosigns = cosign->next;
		buf_free(&cosign->note);
		free(cosign);
	}
	wire_arena_free(&session->frontier_arena);
	wire_arena_free(&session->held_arena);
	wire_frame_free(&session->held);
	free(session);
}

/* A session that a worker still works for is freed when the answer comes: by
 * then sync_find() no longer knows its number. */
static void drop(struct store *store, struct session *session)
{
	struct session **at;

	for (at = &store->sync->sessions; *at && *at != session;
	     at = &(*at)->next)
		;
	if (*at) {
		*at = session->next;
		store->sync->count--;
	}
	session_free(session);
}

void sync_end(struct store *store)
{
	if (!store->sync)
		return;
	while (store->sync->sessions)
		drop(store, store->sync->sessions);
	free(store->sync);
	store->sync = NULL;
}

void sync_courier_lost(struct store *store)
{
	struct session *session;

	while (store->sync && (session = store->sync->sessions) != NULL)
		drop(store, session);
	auto_sync_lost(store);
	control_sync_lost(store);
	control_bundle_ended(store, WIRE_CODE_INTERRUPTED, 0);
}

struct session *sync_find(struct store *store, uint64_t number)
{
	struct session *session = store->sync ? store->sync->sessions : NULL;

	while (session && session->number != number)
		session = session->next;
	return session;
}

struct session *sync_next_session(struct store *store, struct session *before)
{
	if (before)
		return before->next;
	return store->sync ? store->sync->sessions : NULL;
}

int sync_send(struct session *session, enum wire_type type, const void *message,
    const int *fds, size_t fd_count)
{
	struct store *store = session->store;
	int r;

	r = store_tell_courier(store, type, message, fds, fd_count);
	if (r == -ENOMEM) /* a partner would wait for what was not said */
		store_end_if(store, r);
	return r;
}

int sync_message(
    struct session *session, enum wire_type type, const void *message)
{
	struct wire_session_message wrapped = {
	    .session = session->number,
	    .type = type,
	};
	struct buf body = {0};
	int r;

	r = wire_encode_body(type, message, &body);
	wrapped.body = buf_span(&body);
	if (r == 0)
		r = sync_send(session, WIRE_SESSION_MESSAGE, &wrapped, NULL, 0);
	buf_free(&body);
	return r;
}

int sync_ack(struct session *session)
{
	struct wire_session_step step = {.session = session->number};

	return sync_send(session, WIRE_SESSION_ACK, &step, NULL, 0);
}

void sync_close(struct session *session, enum wire_code code)
{
	struct wire_session_step step = {
	    .session = session->number,
	    .code = code,
	};

	if (session->closing)
		return;
	session->closing = true;
	if (code != WIRE_CODE_OK)
		log_number(
		    LOG_LEVEL_WARNING, "a meeting was ended", (int64_t)code);
	sync_send(session, WIRE_SESSION_CLOSE, &step, NULL, 0);
}

void sync_resume(struct session *session, int result)
{
	if (!session)
		return;
	session->busy = false;
	if (result == 0)
		sync_next(session);
	else
		sync_close(session, WIRE_CODE_FAILED);
}

void sync_warn(struct session *session, enum sync_warning what)
{
	static const char *const texts[] = {
	    [SYNC_WARN_LOGS] = "more logs came than may: no more are taken in",
	    [SYNC_WARN_RECEIPT] =
		"a receipt is not for what is here: it is passed over",
	    [SYNC_WARN_WITHDRAWAL] =
		"a withdrawal is by nobody who may: it is passed over",
	};

	if (session && session->warned & 1U << what)
		return;
	if (session)
		session->warned |= 1U << what;
	log_event(LOG_LEVEL_WARNING, texts[what]);
}

void sync_next_turn(struct session *session)
{
	session->stage = SESSION_RECEIPTS;
	session->told_news = false;
	session->log_at = 0;
	session->entry_at = UINT64_MAX;
	session->want_at = 0;
	session->taking = 0; /* the courier lets go of it as well */
}

void sync_drop_strangers(struct store *store)
{
	struct session *session = store->sync ? store->sync->sessions : NULL;
	struct partner partner;

	for (; session; session = session->next)
		if (partners_by_id(
			store->database, session->partner.id, &partner) != 0 ||
		    !partner.compared)
			sync_close(session, WIRE_CODE_REFUSED);
}

static int on_opened(struct store *store, struct span body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_opened opened;
	struct session *session;
	int r;

	r = wire_decode(WIRE_SESSION_OPENED, body, &arena, &opened);
	wire_arena_free(&arena);
	if (r != 0 || !store->sync || sync_find(store, opened.session))
		return -EPROTO;
	session = calloc(1, sizeof *session);
	if (!session)
		return -ENOMEM;
	session->store = store;
	session->number = opened.session;
	session->carrier = (enum wire_carrier)opened.carrier;
	session->frontier_arena.budget = WIRE_ARENA_BUDGET;
	session->held_arena.budget = WIRE_ARENA_BUDGET;
	session->recover = session->carrier == WIRE_CARRIER_DIALLED &&
			   control_sync_recovers(&opened.partner);
	sync_next_turn(session);
	session->next = store->sync->sessions;
	store->sync->sessions = session;
	store->sync->count++;
	r = store->state == STORE_OPEN ? partners_by_author(store->database,
					     &opened.partner, &session->partner)
				       : DATABASE_E_NONE;
	if (r < 0)
		sync_close(session, WIRE_CODE_FAILED);
	else if (r != 0 || !session->partner.compared ||
		 session->partner.removed)
		sync_close(session, WIRE_CODE_REFUSED);
	else if (store->sync->count > SESSIONS_MAX)
		sync_close(session, WIRE_CODE_BUSY);
	else if (session->carrier == WIRE_CARRIER_WRITE &&
		 sync_recall_frontier(session) != 0)
		sync_close(session, WIRE_CODE_FAILED);
	return 0;
}

static int on_message(struct store *store, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_message message;
	struct session *session;
	struct wire_frame inner = {.fd_count = 0};
	int r;

	r = wire_decode(
	    WIRE_SESSION_MESSAGE, buf_span(&frame->body), &arena, &message);
	session = r == 0 ? sync_find(store, message.session) : NULL;
	if (session && !session->closing && !session->busy &&
	    !sync_pass_over(session, message.type)) {
		session->heard_news |= message.type == WIRE_SYNC_ENTRIES ||
				       message.type == WIRE_SYNC_PROVEN ||
				       message.type == WIRE_SYNC_COSIGN;
		if (message.type == WIRE_SYNC_ENTRIES ||
		    message.type == WIRE_SYNC_PROVEN) {
			r = buf_append_span(&inner.body, message.body);
			if (r == 0 && message.type == WIRE_SYNC_ENTRIES)
				sync_receive_entries(session, &inner);
			else if (r == 0)
				sync_receive_proven(session, &inner);
		} else if (message.type == WIRE_SYNC_FRONTIER) {
			sync_receive_frontier(session, message.body);
		} else if (message.type == WIRE_SYNC_SUMMARY) {
			sync_receive_summary(session, message.body);
		} else if (message.type == WIRE_SYNC_COSIGN) {
			sync_receive_cosign(session, message.body);
		} else if (message.type == WIRE_SYNC_DONE &&
			   session->carrier <= WIRE_CARRIER_DIALLED) {
			sync_ack(session);
		} else {
			sync_close(session, WIRE_CODE_BAD_REQUEST);
		}
	}
	wire_arena_free(&arena);
	return r == 0 ? 0 : -EPROTO;
}

static int on_step(struct store *store, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_step step;
	struct session *session;
	int r;

	r = wire_decode(frame->type, buf_span(&frame->body), &arena, &step);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	session = sync_find(store, step.session);
	if (session && !session->closing && !session->busy)
		sync_next(session);
	return 0;
}

static int on_part(struct store *store, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_part part;
	struct session *session;
	int r;

	r = wire_decode(frame->type, buf_span(&frame->body), &arena, &part);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	session = sync_find(store, part.session);
	if (!session || session->closing || session->busy)
		return 0;
	session->heard_news = true;
	if (frame->type == WIRE_SESSION_WANT)
		sync_object_want(session, &part);
	else
		sync_object_stored(session, &part);
	return 0;
}

/* When this partner was last met in good order. */
static void remember_meeting(
    struct store *store, const struct wire_courier_ended *ended, int64_t told)
{
	struct partner partner;
	int r;

	if (ended->code != WIRE_CODE_OK || store->state != STORE_OPEN)
		return;
	r = database_run(store->database, SQL_PARTNER_MET, "ib",
	    (int64_t)time(NULL), span_of(ended->partner.bytes, 32));
	if (r == 0)
		r = partners_by_author(
		    store->database, &ended->partner, &partner);
	if (r == 0)
		r = own_log_met(store, partner.id, told);
	/* Nothing that was told hangs on it, but the disk failed. */
	if (r < 0)
		log_event(LOG_LEVEL_ERROR,
		    "that a partner was met could not be noted");
	store_end_if(store, r);
}

static int on_ended(struct store *store, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_courier_ended ended;
	struct session *session;
	uint64_t gaps;
	int64_t told;
	int r;

	r = wire_decode(
	    WIRE_COURIER_ENDED, buf_span(&frame->body), &arena, &ended);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	session = sync_find(store, ended.session);
	gaps = session ? session->gaps : 0;
	told = session ? session->proven_at : 0;
	if (session)
		drop(store, session);
	if (ended.carrier <= WIRE_CARRIER_DIALLED)
		remember_meeting(store, &ended, told);
	if (ended.carrier == WIRE_CARRIER_DIALLED &&
	    !auto_sync_ended(store, &ended.partner, (enum wire_code)ended.code))
		control_sync_ended(store, &ended);
	else if (ended.carrier == WIRE_CARRIER_DIALLED)
		return 0;
	else if (ended.carrier != WIRE_CARRIER_ACCEPTED)
		control_bundle_ended(store, (enum wire_code)ended.code, gaps);
	return 0;
}

static int on_started(struct store *store, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_courier_started started;
	int r;

	r = wire_decode(
	    WIRE_COURIER_STARTED, buf_span(&frame->body), &arena, &started);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	store->port = started.port;
	store->listen_failed = started.code != WIRE_CODE_OK;
	if (store->listen_failed)
		log_event(LOG_LEVEL_ERROR, "cannot listen");
	return 0;
}

int sync_hear(struct store *store, struct wire_frame *frame)
{
	switch (frame->type) {
	case WIRE_SESSION_OPENED:
		return on_opened(store, buf_span(&frame->body));
	case WIRE_SESSION_MESSAGE:
		return on_message(store, frame);
	case WIRE_SESSION_NEXT:
		return on_step(store, frame);
	case WIRE_SESSION_WANT:
	case WIRE_SESSION_STORED:
		return on_part(store, frame);
	case WIRE_COURIER_ENDED:
		return on_ended(store, frame);
	case WIRE_COURIER_STARTED:
		return on_started(store, frame);
	case WIRE_SESSION_CLOSE:
		return 0; /* ENDED follows */
	default:          /* wire_may_send() lets nothing else come */
		return -EPROTO;
	}
}
