/*
 * The courier: the only process that faces the network, and the first to parse
 * what strangers send.
 *
 * It can open no file and knows no key but the one it proves itself with on the
 * wire. What it passes to the store is decoded and within its limits; the store
 * checks it all again. When the store is started anew, every session ends, and
 * START comes again. A store that hung up and lives is met by who starts anew:
 * so nobody waits for the next one for long.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "daemon/base/log.h"
#include "daemon/base/sandbox.h"
#include "daemon/courier/bundle.h"
#include "daemon/courier/tls.h"

static void on_lonely(evutil_socket_t fd, short what, void *context)
{
	struct courier *courier = context;

	(void)fd;
	(void)what;
	event_base_loopbreak(courier->base);
}

static void drop_store(struct courier *courier)
{
	const struct timeval patience = {
	    .tv_sec = service_patience(true) / 1000};

	if (courier->store_read)
		event_free(courier->store_read);
	if (courier->store_write)
		event_free(courier->store_write);
	courier->store_read = courier->store_write = NULL;
	channel_freep(&courier->store);
	link_close_all(courier);
	if (courier->lonely && event_add(courier->lonely, &patience) < 0)
		event_base_loopbreak(courier->base);
}

void courier_tell(
    struct courier *courier, enum wire_type type, const void *message)
{
	int r = -EPIPE;

	if (courier->store)
		r = channel_send(courier->store, type, message, NULL, 0);
	if (r == 0 && channel_wants_write(courier->store) &&
	    event_add(courier->store_write, NULL) < 0)
		r = -ENOMEM;
	if (r < 0)
		log_number(LOG_LEVEL_ERROR, "the store cannot be told", r);
	/* It would wait for what it was not told. */
	if (r < 0 && r != -EPIPE)
		event_base_loopbreak(courier->base);
}

const struct peer *courier_find(
    struct courier *courier, const uint8_t transport[32])
{
	size_t i;

	for (i = 0; i < courier->peer_count; i++)
		if (memcmp(courier->peers[i].transport.bytes, transport, 32) ==
		    0)
			return &courier->peers[i];
	return NULL;
}

/* --- START --------------------------------------------------------------- */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int len, void *context)
{
	char source[64] = "?";

	(void)listener;
	getnameinfo(address, (socklen_t)len, source, sizeof source, NULL, 0,
	    NI_NUMERICHOST);
	link_accept(context, fd, source);
}

static uint64_t bound_port(struct courier *courier)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {.v6 = {.sin6_port = 0}};
	socklen_t len = sizeof address;

	if (getsockname(evconnlistener_get_fd(courier->listener), &address.any,
		&len) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
						       : address.v4.sin_port);
}

/* Listen on a numeric address: one is enough, and it stays. */
static enum wire_code listen_on(struct courier *courier, struct span where)
{
	struct sockaddr_storage address;
	char text[CARD_ADDRESS_MAX] = {0};
	int len = sizeof address;

	if (where.len == 0 || courier->listener)
		return WIRE_CODE_OK;
	if (where.len >= sizeof text)
		return WIRE_CODE_INPUT;
	memcpy(text, where.data, where.len);
	if (evutil_parse_sockaddr_port(
		text, (struct sockaddr *)&address, &len) < 0)
		return WIRE_CODE_INPUT;
	courier->listener = evconnlistener_new_bind(courier->base, on_accept,
	    courier,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
	    64, (struct sockaddr *)&address, len);
	return courier->listener ? WIRE_CODE_OK : WIRE_CODE_UNREACHABLE;
}

static void take_peer_row(struct peer *peer, const struct wire_partner *row)
{
	size_t i;

	peer->author = row->author;
	peer->transport = row->transport;
	for (i = 0; i < row->addresses.count && i < 8; i++)
		if (row->addresses.items[i].len < CARD_ADDRESS_MAX)
			memcpy(peer->addresses[peer->address_count++],
			    row->addresses.items[i].data,
			    row->addresses.items[i].len);
	peer->rate = row->rate;
	if (row->proxy.len > 0 && row->proxy.len < sizeof peer->proxy)
		memcpy(peer->proxy, row->proxy.data, row->proxy.len);
}

/* Sessions with who is no longer a partner, has another key, or may only be
 * reached another way by now, end. */
static void end_strangers(struct courier *courier)
{
	const struct peer *peer;
	struct link *link;

	for (link = courier->links; link; link = link->next) {
		if (!link->known && link->carrier == WIRE_CARRIER_ACCEPTED)
			continue;
		peer = courier_find(courier, link->peer.transport.bytes);
		if (!peer ||
		    memcmp(peer->author.bytes, link->peer.author.bytes, 32) !=
			0 ||
		    (link->carrier == WIRE_CARRIER_DIALLED &&
			strcmp(peer->proxy, link->peer.proxy) != 0))
			link_close(link, WIRE_CODE_REFUSED);
	}
}

static int take_start(
    struct courier *courier, const struct wire_courier_start *start)
{
	struct wire_courier_started started;
	struct peer *peers;
	size_t i;
	int r = 0;

	if (!courier->tls)
		r = tls_new(
		    courier, start->transport_seed.bytes, &courier->tls);
	else if (!tls_has_seed(courier->tls, start->transport_seed.bytes))
		r = -EPROTO;
	peers = calloc(start->partners.count + 1, sizeof *peers);
	if (r < 0 || !peers) {
		free(peers);
		return r < 0 ? r : -ENOMEM;
	}
	for (i = 0; i < start->partners.count; i++)
		take_peer_row(&peers[i], &start->partners.items[i]);
	free(courier->peers);
	courier->peers = peers;
	courier->peer_count = start->partners.count;
	end_strangers(courier);
	started.code = listen_on(courier, start->listen);
	started.port = courier->listener ? bound_port(courier) : 0;
	courier_tell(courier, WIRE_COURIER_STARTED, &started);
	return 0;
}

/* --- the store's messages ------------------------------------------------ */

static int on_start(struct courier *courier, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_courier_start start;
	int r;

	r = wire_decode(
	    WIRE_COURIER_START, buf_span(&frame->body), &arena, &start);
	r = r == 0 ? take_start(courier, &start) : -EPROTO;
	explicit_bzero(&start, sizeof start);
	wire_arena_free(&arena);
	return r;
}

static const struct peer *find_author(
    struct courier *courier, const struct author_id *author)
{
	size_t i;

	for (i = 0; i < courier->peer_count; i++)
		if (memcmp(courier->peers[i].author.bytes, author->bytes, 32) ==
		    0)
			return &courier->peers[i];
	return NULL;
}

static int on_bundle(struct courier *courier, struct wire_frame *frame)
{
	struct wire_courier_ended ended = {.code = WIRE_CODE_NOT_FOUND};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_courier_bundle bundle;
	const struct peer *peer;
	int r;

	r = wire_decode(
	    WIRE_COURIER_BUNDLE, buf_span(&frame->body), &arena, &bundle);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 1 ||
	    bundle.carrier < WIRE_CARRIER_READ)
		return -EPROTO;
	peer = find_author(courier, &bundle.partner);
	r = peer ? bundle_begin(
		       courier, peer, wire_frame_take_fd(frame, 0), &bundle)
		 : -ENOENT;
	if (r < 0) {
		if (r != -ENOENT)
			ended.code = WIRE_CODE_FAILED;
		ended.partner = bundle.partner;
		ended.carrier = bundle.carrier;
		courier_tell(courier, WIRE_COURIER_ENDED, &ended);
	}
	explicit_bzero(&bundle, sizeof bundle);
	return 0;
}

static int on_dial(struct courier *courier, struct wire_frame *frame)
{
	struct wire_courier_ended ended = {.carrier = WIRE_CARRIER_DIALLED};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_courier_dial dial;
	const struct peer *peer;
	int r;

	r = wire_decode(
	    WIRE_COURIER_DIAL, buf_span(&frame->body), &arena, &dial);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	peer = find_author(courier, &dial.partner);
	r = peer && courier->tls ? link_dial(courier, peer) : -ENOENT;
	if (r < 0) {
		ended.partner = dial.partner;
		ended.code = r == -EBUSY    ? WIRE_CODE_BUSY
			     : r == -EPERM  ? WIRE_CODE_PROXY
			     : r == -ENOENT ? WIRE_CODE_NOT_FOUND
					    : WIRE_CODE_FAILED;
		courier_tell(courier, WIRE_COURIER_ENDED, &ended);
	}
	return 0;
}

static int on_message(struct courier *courier, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_message message;
	struct link *link;
	int r;

	r = wire_decode(
	    WIRE_SESSION_MESSAGE, buf_span(&frame->body), &arena, &message);
	link = r == 0 ? link_find(courier, message.session) : NULL;
	if (link)
		turn_message(link, &message);
	wire_arena_free(&arena);
	return r == 0 ? 0 : -EPROTO;
}

static int on_step(struct courier *courier, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_step step;
	struct link *link;
	int r;

	r = wire_decode(frame->type, buf_span(&frame->body), &arena, &step);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	link = link_find(courier, step.session);
	if (link && frame->type == WIRE_SESSION_ACK)
		turn_ack(link);
	else if (link &&
		 (step.code == WIRE_CODE_QUOTA || step.code == WIRE_CODE_RATE))
		link_refuse(link, (enum wire_code)step.code);
	else if (link)
		link_close(link, (enum wire_code)step.code);
	return 0;
}

/* OBJECT: send this file. TAKE: write what comes to this file. */
static int on_object(struct courier *courier, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_object object;
	bool out = frame->type == WIRE_SESSION_OBJECT;
	struct link *link;
	int r;

	r = wire_decode(frame->type, buf_span(&frame->body), &arena, &object);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 1 || object.offset > object.size)
		return -EPROTO;
	link = link_find(courier, object.session);
	if (link) {
		r = object_take(out ? &link->out : &link->in,
		    wire_frame_take_fd(frame, 0), &object);
		if (r < 0) {
			link_close(link, WIRE_CODE_FAILED);
		} else if (out) {
			link->asked = false;
			turn_write(link);
		} else {
			turn_ack(link);
		}
	}
	explicit_bzero(&object, sizeof object);
	return 0;
}

/* An object the store does not want: the peer sent what was not asked for. */
static int on_failed(struct courier *courier, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_failed failed;
	struct link *link;
	int r;

	r = wire_decode(WIRE_FAILED, buf_span(&frame->body), &arena, &failed);
	wire_arena_free(&arena);
	if (r != 0)
		return -EPROTO;
	link = link_find(courier, failed.job);
	if (link)
		turn_refuse(link, (enum wire_code)failed.code);
	return 0;
}

static const struct {
	enum wire_type type;
	int (*handle)(struct courier *courier, struct wire_frame *frame);
} handlers[] = {
    {WIRE_COURIER_START, on_start},
    {WIRE_COURIER_DIAL, on_dial},
    {WIRE_COURIER_BUNDLE, on_bundle},
    {WIRE_SESSION_MESSAGE, on_message},
    {WIRE_SESSION_ACK, on_step},
    {WIRE_SESSION_CLOSE, on_step},
    {WIRE_SESSION_OBJECT, on_object},
    {WIRE_SESSION_TAKE, on_object},
    {WIRE_FAILED, on_failed},
};

static int hear_store(struct courier *courier, struct wire_frame *frame)
{
	size_t i;

	for (i = 0; i < sizeof handlers / sizeof *handlers; i++)
		if (handlers[i].type == frame->type)
			return handlers[i].handle(courier, frame);
	return -EPROTO;
}

static void on_store(evutil_socket_t fd, short what, void *context)
{
	struct courier *courier = context;
	struct wire_frame frame;
	int r = 0;

	(void)fd;
	(void)what;
	while (r == 0 && courier->store) {
		r = channel_receive(courier->store, &frame);
		if (r != 0)
			break;
		r = hear_store(courier, &frame);
		wire_frame_free(&frame);
	}
	if (r == 0 || r == CHANNEL_E_AGAIN)
		return;
	drop_store(courier);
	if (r != CHANNEL_E_CLOSED)
		event_base_loopbreak(courier->base);
}

static void on_store_writable(evutil_socket_t fd, short what, void *context)
{
	struct courier *courier = context;
	int r;

	(void)fd;
	(void)what;
	r = channel_flush(courier->store);
	if (r == CHANNEL_E_AGAIN)
		r = event_add(courier->store_write, NULL);
	if (r < 0)
		drop_store(courier);
}

static int take_store(struct courier *courier, int fd)
{
	int r;

	if (courier->store)
		drop_store(courier);
	r = channel_new(
	    fd, WIRE_ROLE_COURIER, WIRE_ROLE_STORE, &courier->store);
	if (r < 0)
		return r;
	channel_set_nonblocking(courier->store);
	if (!courier->lonely)
		courier->lonely =
		    evtimer_new(courier->base, on_lonely, courier);
	if (!courier->lonely)
		return -ENOMEM;
	event_del(courier->lonely);
	courier->store_read = event_new(
	    courier->base, fd, EV_READ | EV_PERSIST, on_store, courier);
	courier->store_write =
	    event_new(courier->base, fd, EV_WRITE, on_store_writable, courier);
	if (!courier->store_read || !courier->store_write ||
	    event_add(courier->store_read, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static int take_peer(struct courier *courier, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sup_peer peer;
	int r;

	r = wire_decode(WIRE_SUP_PEER, buf_span(&frame->body), &arena, &peer);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 1 || peer.role != WIRE_ROLE_STORE)
		return -EPROTO;
	return take_store(courier, wire_frame_take_fd(frame, 0));
}

static void on_supervisor(evutil_socket_t fd, short what, void *context)
{
	struct courier *courier = context;
	struct wire_frame frame;
	int r;

	(void)fd;
	(void)what;
	do {
		r = channel_receive(courier->service.supervisor, &frame);
		if (r != 0)
			break;
		r = frame.type == WIRE_SUP_PEER ? take_peer(courier, &frame)
						: -ESHUTDOWN;
		wire_frame_free(&frame);
	} while (r == 0 && channel_has_frame(courier->service.supervisor));
	if (r != 0)
		event_base_loopbreak(courier->base);
}

/* Resolver files and OpenSSL's tables are read now: later there are no files.
 * Session numbers begin at the clock, so a late word meant for a session of a
 * courier that died can meet none of this one. */
static int begin(struct courier *courier)
{
	uint8_t seed[32] = {1};
	struct tls *warm;
	int r;

	courier->last_session = (uint64_t)time(NULL) << 16;
	if (getrandom(courier->isolation, sizeof courier->isolation, 0) !=
	    sizeof courier->isolation)
		return -EIO;
	courier->base = event_base_new();
	if (!courier->base)
		return -ENOMEM;
	courier->dns =
	    evdns_base_new(courier->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
					      EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!courier->dns)
		courier->dns = evdns_base_new(courier->base, 0);
	if (!courier->dns)
		return -ENOMEM;
	r = tls_new(courier, seed, &warm);
	if (r < 0)
		return r;
	tls_free(warm);
	return sandbox_enter(SANDBOX_COURIER, -1);
}

static int serve(struct courier *courier)
{
	struct event *supervisor;
	int r;

	supervisor =
	    event_new(courier->base, channel_fd(courier->service.supervisor),
		EV_READ | EV_PERSIST, on_supervisor, courier);
	if (!supervisor || event_add(supervisor, NULL) < 0)
		return -ENOMEM;
	r = service_tell(&courier->service, SUP_STATE_READY);
	/* What came together with START is buffered: no event will tell. */
	if (r == 0 && channel_has_frame(courier->service.supervisor))
		on_supervisor(-1, 0, courier);
	if (r == 0 && event_base_dispatch(courier->base) < 0)
		r = -EIO;
	event_free(supervisor);
	return r;
}

/* The transport key is wiped with the last session that has it; the kernel
 * closes what else is open. */
static void end(struct courier *courier)
{
	if (courier->base && courier->tls) {
		link_close_all(courier);
		event_base_loop(courier->base, EVLOOP_NONBLOCK);
	}
	tls_free(courier->tls);
}

int courier_main(void)
{
	struct courier *courier = calloc(1, sizeof *courier);
	int r;

	log_begin("courier");
	if (!courier)
		return 1;
	r = service_begin(WIRE_ROLE_COURIER, &courier->service);
	if (r == 0)
		r = begin(courier);
	if (r == 0)
		r = serve(courier);
	if (r < 0)
		log_number(LOG_LEVEL_ERROR, "stopped by an error", r);
	end(courier);
	return r < 0 ? 1 : 0;
}
