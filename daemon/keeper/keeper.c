/*
 * The keeper: the only process that holds the author key and the identities.
 *
 * It listens to the supervisor, to the store and to every worker, one frame of
 * each in turn. Which question a role may ask is wire_may_send()'s table; which
 * need keys, and with what descriptor, is the table below. No channel is ever
 * waited for: a peer that sends half a frame or reads no answer holds up only
 * itself. A peer that breaks the protocol loses its channel.
 *
 * It locks itself when the store has told of no person for as long as it said:
 * the keys are wiped first, then the supervisor is told, which ends everything
 * that was lent some. What partners cause is no sign of a person. The clock is
 * CLOCK_BOOTTIME, which a closed lid does not stop, and it is looked at before
 * any request is.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "daemon/base/log.h"
#include "daemon/base/sandbox.h"
#include "daemon/keeper/keeper.h"

#define IDLE_CHECK_SECONDS 5

static const struct request {
	enum wire_type type;
	size_t fd_count;
	bool needs_keys;
	keeper_handle_cb handle;
} requests[] = {
    {WIRE_KEEPER_CREATE, 1, false, unlock_create},
    {WIRE_KEEPER_COMMIT, 0, false, unlock_commit},
    {WIRE_KEEPER_UNLOCK, 1, false, unlock_open},
    {WIRE_KEEPER_RESUME, 0, false, unlock_resume},
    {WIRE_KEEPER_SIGN, 0, true, sign_entries},
    {WIRE_KEEPER_DURABLE, 0, true, sign_durable},
    {WIRE_KEEPER_CHECKPOINT, 0, true, sign_checkpoint},
    {WIRE_KEEPER_COSIGN, 0, true, sign_cosign},
    {WIRE_KEEPER_CARD, 0, true, sign_card},
    {WIRE_KEEPER_BUNDLE, 0, true, sign_bundle},
    {WIRE_KEEPER_EDIT, 2, true, edit_keys},
    {WIRE_KEEPER_ENROL, 0, true, enrol_sign},
    {WIRE_KEEPER_OPEN_LOG, 0, true, sign_open_log},
    {WIRE_KEEPER_UNWRAP, 0, true, unwrap_stanzas},
};

static int64_t now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

void keeper_touch(struct keeper *keeper)
{
	keeper->last_present = now_seconds();
}

int keeper_answer(
    struct keeper *keeper, enum wire_type type, const void *message)
{
	return channel_send(keeper->asking, type, message, NULL, 0);
}

static int answer_failed(struct keeper *keeper, int r)
{
	struct wire_failed failed = {0};

	if (r > 0)
		failed.code = (uint64_t)r;
	else if (r == -ENOSPC || r == -EDQUOT)
		failed.code = WIRE_CODE_NO_SPACE;
	else
		failed.code = WIRE_CODE_FAILED;
	return keeper_answer(keeper, WIRE_FAILED, &failed);
}

static const struct request *find_request(const struct wire_frame *frame)
{
	size_t i;

	for (i = 0; i < sizeof requests / sizeof *requests; i++)
		if (requests[i].type == frame->type)
			return requests[i].fd_count == frame->fd_count
				   ? &requests[i]
				   : NULL;
	return NULL;
}

/* An honest store asks for no second truth. Who asks for a million gets twenty
 * lines: one each time that the number has doubled. */
static void note_refusal(struct keeper *keeper)
{
	const int64_t count = ++keeper->refused;

	if ((count & (count - 1)) == 0)
		log_number(LOG_LEVEL_WARNING, "signatures were refused", count);
}

static int handle_decoded(struct keeper *keeper, const struct request *request,
    const union keeper_message *message, struct wire_frame *frame)
{
	int r;

	if (request->needs_keys && !keeper->keys)
		r = WIRE_CODE_LOCKED;
	else
		r = request->handle(keeper, message, frame);
	/* With a descriptor comes what a person asks for, and may in vain. */
	if (r == WIRE_CODE_REFUSED && request->needs_keys &&
	    request->fd_count == 0)
		note_refusal(keeper);
	return r == 0 ? 0 : answer_failed(keeper, r);
}

/* Negative when the channel is of no more use. */
static int handle_request(struct keeper *keeper, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	const struct request *request = find_request(frame);
	union keeper_message message;
	int r;

	if (!request)
		return -EPROTO;
	r = wire_decode(frame->type, buf_span(&frame->body), &arena, &message);
	if (r == 0)
		r = handle_decoded(keeper, request, &message, frame);
	else if (r > 0)
		r = -EPROTO;
	wire_arena_free(&arena);
	return r;
}

static void serve_channel(struct keeper *keeper, struct channel **channel)
{
	struct wire_frame frame;
	int r;

	if (!*channel)
		return;
	r = channel_flush(*channel);
	if (r == 0)
		r = channel_receive(*channel, &frame);
	if (r == CHANNEL_E_AGAIN)
		return;
	if (r == 0) {
		keeper->asking = *channel;
		r = handle_request(keeper, &frame);
		keeper->asking = NULL;
		wire_frame_free(&frame);
	}
	if (r != 0 && r != CHANNEL_E_CLOSED)
		log_event(LOG_LEVEL_WARNING,
		    "a process broke the rules and is cut off");
	/* The other end is gone or talks nonsense: the supervisor brings a
	 * new one. */
	if (r != 0)
		channel_freep(channel);
}

static int place_peer(struct keeper *keeper, const struct wire_sup_peer *peer,
    struct channel ***ret_place)
{
	if (peer->role == WIRE_ROLE_STORE && peer->number == 0)
		*ret_place = &keeper->store;
	else if (peer->role == WIRE_ROLE_WORKER &&
		 peer->number < SERVICE_WORKERS_MAX)
		*ret_place = &keeper->workers[peer->number];
	else
		return -EPROTO;
	return 0;
}

static int take_peer(struct keeper *keeper, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sup_peer peer;
	struct channel **place;
	int r;

	r = wire_decode(WIRE_SUP_PEER, buf_span(&frame->body), &arena, &peer);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 1)
		return -EPROTO;
	r = place_peer(keeper, &peer, &place);
	if (r < 0)
		return r;
	channel_freep(place);
	r = channel_new(wire_frame_take_fd(frame, 0), WIRE_ROLE_KEEPER,
	    (enum wire_role)peer.role, place);
	if (r == 0)
		channel_set_nonblocking(*place);
	return r;
}

/* -ESHUTDOWN when told to stop. */
static int serve_supervisor(struct keeper *keeper)
{
	struct wire_frame frame;
	int r;

	r = channel_receive(keeper->service.supervisor, &frame);
	if (r == CHANNEL_E_AGAIN)
		return 0;
	if (r != 0)
		return r < 0 ? r : -EPIPE;
	if (frame.type == WIRE_SUP_PEER)
		r = take_peer(keeper, &frame);
	else
		r = frame.type == WIRE_SUP_STOP ? -ESHUTDOWN : -EPROTO;
	wire_frame_free(&frame);
	return r;
}

/* Seconds until the keys go: 0 when they must now, -1 for never. */
static int64_t idle_left(const struct keeper *keeper)
{
	int64_t left;

	if (!keeper->keys || keeper->idle_seconds == 0)
		return -1;
	left = keeper->last_present + (int64_t)keeper->idle_seconds -
	       now_seconds();
	return left > 0 ? left : 0;
}

static int lock_when_idle(struct keeper *keeper)
{
	if (idle_left(keeper) != 0)
		return 0;
	unlock_forget(keeper);
	return service_tell(&keeper->service, SUP_STATE_LOCK);
}

/* Who has not read an answer is not asked for the next question. */
static void watch(struct channel *channel, struct pollfd *poll_fd, int *timeout)
{
	poll_fd->fd = channel ? channel_fd(channel) : -1;
	poll_fd->events = POLLIN;
	poll_fd->revents = 0;
	if (channel && channel_wants_write(channel))
		poll_fd->events = POLLOUT;
	else if (channel && channel_has_frame(channel))
		*timeout = 0;
}

static int wait_for_peers(struct keeper *keeper)
{
	struct pollfd fds[2 + SERVICE_WORKERS_MAX];
	const int64_t left = idle_left(keeper);
	int timeout = -1;
	size_t i;

	/* poll() does not count the time that a closed lid took. */
	if (left >= 0)
		timeout = left < IDLE_CHECK_SECONDS ? (int)left * 1000
						    : IDLE_CHECK_SECONDS * 1000;
	watch(keeper->service.supervisor, &fds[0], &timeout);
	watch(keeper->store, &fds[1], &timeout);
	for (i = 0; i < SERVICE_WORKERS_MAX; i++)
		watch(keeper->workers[i], &fds[2 + i], &timeout);
	if (poll(fds, 2 + SERVICE_WORKERS_MAX, timeout) < 0)
		return errno == EINTR ? 0 : -errno;
	return 0;
}

static int serve(struct keeper *keeper)
{
	size_t i;
	int r;

	for (;;) {
		r = wait_for_peers(keeper);
		if (r == 0)
			r = lock_when_idle(keeper);
		if (r == 0)
			r = serve_supervisor(keeper);
		if (r < 0)
			return r == -ESHUTDOWN ? 0 : r;
		serve_channel(keeper, &keeper->store);
		for (i = 0; i < SERVICE_WORKERS_MAX; i++)
			serve_channel(keeper, &keeper->workers[i]);
	}
}

static int begin(struct keeper *keeper)
{
	int r;

	if (sodium_init() < 0)
		return -EIO;
	r = sandbox_enter(SANDBOX_KEEPER, keeper->service.home_fd);
	if (r < 0)
		return r;
	channel_set_nonblocking(keeper->service.supervisor);
	return service_tell(&keeper->service, SUP_STATE_READY);
}

static void end(struct keeper *keeper)
{
	size_t i;

	unlock_forget(keeper);
	channel_freep(&keeper->store);
	for (i = 0; i < SERVICE_WORKERS_MAX; i++)
		channel_freep(&keeper->workers[i]);
	service_end(&keeper->service);
}

int keeper_main(void)
{
	struct keeper keeper;
	int r;

	memset(&keeper, 0, sizeof keeper);
	r = service_begin(WIRE_ROLE_KEEPER, &keeper.service);
	if (r < 0)
		return 1;
	r = begin(&keeper);
	if (r < 0)
		log_number(LOG_LEVEL_ERROR, "cannot begin", r);
	else
		r = serve(&keeper);
	end(&keeper);
	return r < 0 ? 1 : 0;
}
