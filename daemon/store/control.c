/*
 * The control socket.
 *
 * Whoever connects must be the user this daemon runs as (SO_PEERCRED). Requests
 * of a connection are answered in order; captures may run side by side, any
 * other request waits until all before it are answered, so that it sees what
 * they did. A connection that sends garbage is closed.
 *
 * A request is a sign that a person is here, who wants the node open, and stays
 * one until it is answered or the client is gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/control.h"
#include "proto/format/content_json.h"

#define CONNECTIONS_MAX 32
#define REQUESTS_MAX 48 /* of one connection, read ahead */

struct connection {
	struct connection *next;
	struct store *store;
	struct channel *channel;
	struct event *readable, *writable;
	struct request *first, **end;
	size_t requests;
	struct entry_id
	    opened;          /* the record whose opening was recorded last, */
	uint64_t opened_for; /* and what for: enum ctl_open */
	bool pumping;        /* pump() is at work: freeing waits for it */
	bool closed;
};

struct control {
	struct event *accept, *waiting;
	struct connection *connections;
	size_t count;
};

static const struct {
	enum ctl_op op;
	bool open; /* needs an unlocked store */
	size_t fds_min, fds_max;
	control_handle_cb handle;
} handlers[] = {
    {CTL_STATUS, false, 0, 0, control_status},
    {CTL_INIT, false, 1, 1, control_init},
    {CTL_UNLOCK, false, 1, 1, control_unlock},
    {CTL_LOCK, false, 0, 0, control_lock},
    {CTL_STOP, false, 0, 0, control_stop},
    {CTL_CAPTURE, true, 1, 1 + CTL_ATTACHMENTS_MAX, control_capture},
    {CTL_LIST, true, 0, 0, control_list},
    {CTL_RECORD, true, 0, 0, control_record},
    {CTL_OPEN, true, 1, 1, control_open},
    {CTL_OPEN_OBJECT, true, 1, 1, control_open_object},
    {CTL_SEALED, true, 2, 2, control_sealed},
    {CTL_READERS, true, 0, 0, control_readers},
    {CTL_KEY, true, 2, 2, control_key},
    {CTL_CARD, true, 0, 0, control_card},
    {CTL_CARD_ADD_READER, true, 0, 0, control_add_reader},
    {CTL_PARTNER_ADD, true, 0, 0, control_partner_add},
    {CTL_PARTNER_COMPARE, true, 0, 0, control_partner_compare},
    {CTL_PARTNER_LIST, true, 0, 0, control_partner_list},
    {CTL_PARTNER_REMOVE, true, 0, 0, control_partner_remove},
    {CTL_PARTNER_PROXY, true, 0, 0, control_partner_proxy},
    {CTL_SYNC, true, 0, 0, control_sync},
    {CTL_BUNDLE_WRITE, true, 1, 1, control_bundle_write},
    {CTL_BUNDLE_READ, true, 1, 1, control_bundle_read},
    {CTL_PARTNER_LIMIT, true, 0, 0, control_partner_limit},
    {CTL_SHARE, true, 0, 0, control_share},
    {CTL_SIGNERS, true, 0, 0, control_signers},
    {CTL_CARD_ORGANISATION, true, 0, 0, control_card_organisation},
    {CTL_ENROL, true, 0, 0, control_enrol},
    {CTL_PARTNER_TRUST, true, 0, 0, control_partner_trust},
    {CTL_PARTNER_QUOTA, true, 0, 0, control_partner_quota},
    {CTL_WITHDRAW, true, 0, 0, control_withdraw},
    {CTL_LOG, true, 0, 0, control_log},
    {CTL_LEAVES, true, 1, 1, control_leaves},
    {CTL_RECOVER, true, 0, 0, control_sync},
};

static void pump(struct connection *connection);

static void request_free(struct request *request)
{
	wire_frame_free(&request->frame);
	wire_arena_free(&request->arena);
	buf_free(&request->reply);
	free(request);
}

static void free_event(struct event *event_or_null)
{
	if (event_or_null)
		event_free(event_or_null);
}

static void free_connection(struct connection *connection)
{
	free_event(connection->readable);
	free_event(connection->writable);
	channel_free(connection->channel);
	free(connection);
}

/* Forget a connection. Requests that still run lose it and are freed when
 * they are answered. */
static void close_connection(struct connection *connection)
{
	struct control *control = connection->store->control;
	struct connection **at;
	struct request *request;

	for (at = &control->connections; *at != connection; at = &(*at)->next)
		;
	*at = connection->next;
	control->count--;
	while ((request = connection->first) != NULL) {
		connection->first = request->next;
		request->connection = NULL;
		if (request->answered || !request->started)
			request_free(request);
	}
	event_del(connection->readable);
	event_del(connection->writable);
	connection->closed = true;
	if (!connection->pumping)
		free_connection(connection);
}

static void watch_writes(struct connection *connection)
{
	if (channel_wants_write(connection->channel) &&
	    event_add(connection->writable, NULL) < 0)
		store_end_if(connection->store, -ENOMEM);
}

static int send_reply(
    struct connection *connection, const struct ctl_reply *reply)
{
	int r;

	r = channel_send(connection->channel, WIRE_CTL_REPLY, reply, NULL, 0);
	watch_writes(connection);
	return r;
}

static int keep_reply(struct request *request, const struct ctl_reply *reply)
{
	int r;

	r = wire_encode_body(WIRE_CTL_REPLY, reply, &request->reply);
	if (r < 0)
		buf_free(&request->reply);
	return r;
}

/* Keep the last reply until all before it are sent. One that cannot be given
 * must not look as if nothing had been done. */
static void answer(struct request *request, const struct ctl_reply *reply)
{
	static const char unsaid[] =
	    "it may be done, and the answer could not be given: look with "
	    "evident list before you try again";
	const struct ctl_reply instead = {
	    .last = 1, .exit = 1, .error = span_text(unsaid)};
	struct connection *connection = request->connection;
	int r;

	request->answered = true;
	if (!connection) {
		request_free(request);
		return;
	}
	r = keep_reply(request, reply);
	if (r < 0) {
		log_number(LOG_LEVEL_ERROR, "an answer could not be given", r);
		r = keep_reply(request, &instead);
	}
	if (r < 0)
		close_connection(connection);
	else
		pump(connection);
}

void control_done_empty(struct request *request)
{
	struct ctl_reply reply = {.last = 1};

	answer(request, &reply);
}

/* An answer from which something is missing would pass for a whole one. What
 * another request lacked meanwhile counts as well: that cannot be told apart.
 */
static int put_whole(
    const struct request *request, const json_t *json_or_null, struct buf *out)
{
	int r = json_or_null ? content_json_dump(json_or_null, out) : -ENOMEM;

	return content_json_lacks() == request->lacks ? r : -ENOMEM;
}

void control_done(struct request *request, json_t *json_or_null)
{
	struct ctl_reply reply = {.last = 1};
	struct buf text = {0};

	if (put_whole(request, json_or_null, &text) == 0) {
		reply.json = buf_span(&text);
		answer(request, &reply);
	} else {
		control_fail(request, 1,
		    "it is done, and there was no memory for the answer: look "
		    "with evident list before you try again",
		    NULL);
	}
	buf_free(&text);
	json_decref(json_or_null);
}

void control_fail(
    struct request *request, unsigned exit, const char *error, const char *hint)
{
	struct ctl_reply reply = {
	    .last = 1,
	    .exit = exit,
	    .error = span_text(error),
	    .hint = span_text(hint ? hint : ""),
	};

	answer(request, &reply);
}

void control_fail_code(struct request *request, enum wire_code code)
{
	switch (code) {
	case WIRE_CODE_LOCKED:
		control_fail(request, 6, "the store is locked",
		    "open it with: evident unlock");
		return;
	case WIRE_CODE_PASSPHRASE:
		control_fail(request, 1, "this passphrase does not open it",
		    "nothing was changed; try again");
		return;
	case WIRE_CODE_CORRUPT:
		control_fail(request, 1,
		    "something stored is damaged and does not verify",
		    "nothing was changed; keep the home as it is, and restore "
		    "from a backup or a partner");
		return;
	case WIRE_CODE_NO_KEY:
		control_fail(request, 1, CTL_NO_KEY,
		    "only the readers it was sealed to can read it");
		return;
	case WIRE_CODE_NO_SPACE:
		control_fail(request, 1, "the disk is full",
		    "nothing was stored and nothing lost; make room and try "
		    "again");
		return;
	case WIRE_CODE_NOT_FOUND:
		control_fail(request, 1, "there is no such thing here", NULL);
		return;
	case WIRE_CODE_OK:
	case WIRE_CODE_FAILED:
	case WIRE_CODE_BAD_REQUEST:
	case WIRE_CODE_REFUSED:
	case WIRE_CODE_INPUT:
	case WIRE_CODE_UNREACHABLE:
	case WIRE_CODE_UNTRUSTED:
	case WIRE_CODE_INTERRUPTED:
	case WIRE_CODE_BUSY:
	case WIRE_CODE_CHANGED:
	case WIRE_CODE_PROXY:
	case WIRE_CODE_QUOTA:
	case WIRE_CODE_RATE:
	case WIRE_CODE_OVER_QUOTA:
	case WIRE_CODE_OVER_RATE:
	case WIRE_CODE_PUT_BACK:
		break;
	}
	control_fail(request, 1, "the daemon could not do this",
	    "nothing acknowledged was lost; try again");
}

void control_fail_result(struct request *request, int result)
{
	if (result == -ENOSPC)
		control_fail_code(request, WIRE_CODE_NO_SPACE);
	else if (result == -EIO)
		control_fail_code(request, WIRE_CODE_CORRUPT);
	else if (result == DATABASE_E_NONE)
		control_fail(request, 1, CTL_NO_RECORD,
		    "evident list shows what is here");
	else if (result == -ENOTUNIQ)
		control_fail(request, 1,
		    "more than one record's id begins with this",
		    "give more digits");
	else
		control_fail_code(request, WIRE_CODE_FAILED);
}

void control_progress(struct request *request, uint64_t done, uint64_t total)
{
	struct ctl_reply reply = {.done = done, .total = total};

	if (request->connection && request->connection->first == request)
		send_reply(request->connection, &reply);
}

void control_set_opened(
    struct request *request, const struct entry_id *id, uint64_t what)
{
	if (request->connection) {
		request->connection->opened = *id;
		request->connection->opened_for = what;
	}
}

bool control_has_opened(
    const struct request *request, const struct entry_id *id, uint64_t what)
{
	const struct connection *connection = request->connection;

	return connection && connection->opened_for == what &&
	       memcmp(connection->opened.bytes, id->bytes, sizeof id->bytes) ==
		   0;
}

int control_part(struct request *request, json_t *json_or_null)
{
	struct ctl_reply reply = {.last = 0};
	struct buf text = {0};
	int r;

	r = put_whole(request, json_or_null, &text);
	if (r == 0 && request->connection) {
		reply.json = buf_span(&text);
		r = send_reply(request->connection, &reply);
	}
	buf_free(&text);
	json_decref(json_or_null);
	return r < 0 ? r : 0;
}

/* Somebody waits: not idle. */
static void tell_present(struct store *store)
{
	struct timeval again = {
	    .tv_sec = (time_t)store->service.settings.lock_after / 4,
	    .tv_usec = 250000,
	};

	if (store->state == STORE_OPEN)
		node_tell_durable(store, true);
	if (evtimer_add(store->control->waiting, &again) < 0)
		store_end_if(store, -ENOMEM);
}

static void on_waiting(evutil_socket_t fd, short what, void *context)
{
	struct store *store = context;
	struct connection *connection = store->control->connections;

	(void)fd;
	(void)what;
	while (connection && !connection->first)
		connection = connection->next;
	if (connection)
		tell_present(store);
}

static void start_request(struct request *request)
{
	struct store *store = request->store;
	size_t i, count = sizeof handlers / sizeof *handlers;

	request->started = true;
	request->lacks = content_json_lacks();
	for (i = 0; i < count; i++)
		if (handlers[i].op == request->ctl.op)
			break;
	if (i == count || request->frame.fd_count < handlers[i].fds_min ||
	    request->frame.fd_count > handlers[i].fds_max) {
		control_fail(request, 1,
		    "the daemon does not know this request",
		    "client and daemon are of different versions");
		return;
	}
	if (store->state == STORE_EMPTY && handlers[i].op != CTL_INIT &&
	    handlers[i].op != CTL_STATUS && handlers[i].op != CTL_STOP) {
		control_fail(request, 1, "this home holds no node yet",
		    "make one with: evident init --name NAME");
		return;
	}
	if (handlers[i].open && store->state != STORE_OPEN) {
		control_fail_code(request, WIRE_CODE_LOCKED);
		return;
	}
	tell_present(store);
	handlers[i].handle(request);
}

/* Send what is answered, in order. False when the connection is gone. */
static bool send_answers(struct connection *connection)
{
	struct request *request;
	int r;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): pump() keeps it alive */
	while ((request = connection->first) && request->answered) {
		connection->first = request->next;
		if (!connection->first)
			connection->end = &connection->first;
		connection->requests--;
		r = channel_send_body(connection->channel, WIRE_CTL_REPLY,
		    buf_span(&request->reply), NULL, 0);
		request_free(request);
		if (r < 0) {
			close_connection(connection);
			return false;
		}
	}
	watch_writes(connection);
	return true;
}

/* The next request that may start: captures only behind captures. */
static struct request *next_request(struct connection *connection)
{
	struct request *request;
	bool only_captures = true;

	for (request = connection->first; request; request = request->next) {
		if (!request->started)
			return request == connection->first ||
				       (only_captures &&
					   request->ctl.op == CTL_CAPTURE)
				   ? request
				   : NULL;
		only_captures &= request->ctl.op == CTL_CAPTURE;
	}
	return NULL;
}

/* Answer and start what can be. A handler may answer at once and so come here
 * again from within: the outer call then goes on. */
static void pump(struct connection *connection)
{
	struct request *request;

	if (connection->pumping)
		return;
	connection->pumping = true;
	while (!connection->closed && send_answers(connection)) {
		request = next_request(connection);
		if (!request)
			break;
		start_request(request);
	}
	connection->pumping = false;
	if (connection->closed)
		free_connection(connection);
}

static int take_request(struct connection *connection, struct wire_frame *frame)
{
	struct request *request = calloc(1, sizeof *request);
	int r;

	if (!request) {
		wire_frame_free(frame);
		return -ENOMEM;
	}
	request->store = connection->store;
	request->connection = connection;
	request->frame = *frame;
	request->arena.budget = WIRE_ARENA_BUDGET;
	r = frame->type == WIRE_CTL_REQUEST
		? wire_decode(WIRE_CTL_REQUEST, buf_span(&request->frame.body),
		      &request->arena, &request->ctl)
		: -EPROTO;
	if (r != 0) {
		request_free(request);
		return -EPROTO;
	}
	*connection->end = request;
	connection->end = &request->next;
	connection->requests++;
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	struct wire_frame frame;
	int r = 0;

	(void)fd;
	(void)what;
	while (r == 0 && connection->requests < REQUESTS_MAX) {
		r = channel_receive(connection->channel, &frame);
		if (r == 0)
			r = take_request(connection, &frame);
	}
	if (r != 0 && r != CHANNEL_E_AGAIN) {
		if (r < 0)
			log_event(LOG_LEVEL_WARNING,
			    "a local program broke the rules and is cut off");
		close_connection(connection);
		return;
	}
	pump(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	int r;

	(void)fd;
	(void)what;
	r = channel_flush(connection->channel);
	if (r == CHANNEL_E_AGAIN)
		r = event_add(connection->writable, NULL);
	if (r < 0)
		close_connection(connection);
}

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.uid == geteuid();
}

static int add_connection(struct store *store, int fd)
{
	struct connection *connection = calloc(1, sizeof *connection);
	int r;

	if (!connection) {
		close(fd);
		return -ENOMEM;
	}
	r = channel_new(
	    fd, WIRE_ROLE_STORE, WIRE_ROLE_CLIENT, &connection->channel);
	if (r < 0) {
		free(connection);
		return r;
	}
	channel_set_nonblocking(connection->channel);
	connection->store = store;
	connection->end = &connection->first;
	connection->readable = event_new(
	    store->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->writable =
	    event_new(store->base, fd, EV_WRITE, on_writable, connection);
	if (!connection->readable || !connection->writable ||
	    event_add(connection->readable, NULL) < 0) {
		free_connection(connection);
		return -ENOMEM;
	}
	connection->next = store->control->connections;
	store->control->connections = connection;
	store->control->count++;
	return 0;
}

static void on_accept(evutil_socket_t listener, short what, void *context)
{
	struct store *store = context;
	int fd;

	(void)what;
	/* cppcheck-suppress nullPointer ; nobody asks for the address */
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (!is_ours(fd) || store->control->count >= CONNECTIONS_MAX) {
		log_event(LOG_LEVEL_WARNING, "a local connection was refused");
		close(fd);
		return;
	}
	if (add_connection(store, fd) < 0)
		log_event(LOG_LEVEL_WARNING,
		    "a local connection was refused: out of memory");
}

int control_begin(struct store *store)
{
	struct control *control = calloc(1, sizeof *control);

	if (!control)
		return -ENOMEM;
	store->control = control;
	control->waiting = evtimer_new(store->base, on_waiting, store);
	if (!control->waiting)
		return -ENOMEM;
	evutil_make_socket_nonblocking(store->service.control_fd);
	control->accept = event_new(store->base, store->service.control_fd,
	    EV_READ | EV_PERSIST, on_accept, store);
	return control->accept ? 0 : -ENOMEM;
}

int control_listen(struct store *store)
{
	return event_add(store->control->accept, NULL) < 0 ? -ENOMEM : 0;
}

void control_end(struct store *store)
{
	struct control *control = store->control;

	if (!control)
		return;
	while (control->connections) { /* each is taken off the list */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		channel_flush(control->connections->channel);
		close_connection(control->connections);
	}
	free_event(control->accept);
	free_event(control->waiting);
	free(control);
	store->control = NULL;
}
