/*
 * One connection: made, timed, ended.
 *
 * Every wait has an absolute deadline, whatever trickles in meanwhile. A link
 * that has ended is freed from the event loop, never from within its own
 * callbacks' callers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "daemon/base/log.h"
#include "daemon/courier/bundle.h"
#include "daemon/courier/tls.h"
#include "daemon/courier/socks.h"

#define RATE_TICK_USEC 100000
#define REFUSED_SECONDS 30 /* for the peer to hear it and close */

void link_move(struct link *link, enum link_state state)
{
	log_number(LOG_LEVEL_DEBUG, "a link moved to state", (int64_t)state);
	link->state = state;
}

struct link *link_find(struct courier *courier, uint64_t session)
{
	struct link *link = courier->links;

	while (
	    link && (!link->opened || link->ended || link->session != session))
		link = link->next;
	return link;
}

void link_set_deadline(struct link *link, unsigned seconds)
{
	struct timeval after = {.tv_sec = seconds};

	if (seconds == 0 || link->carrier > WIRE_CARRIER_DIALLED)
		evtimer_del(link->deadline);
	else if (evtimer_add(link->deadline, &after) < 0)
		event_base_loopbreak(link->courier->base); /* start anew */
}

/* What came of an unfinished object is worth keeping. */
static void keep_part(struct link *link)
{
	struct wire_session_part part = {
	    .session = link->session,
	    .object = link->in.object,
	    .offset = link->in.offset,
	};

	if (link->opened && link->in.fd >= 0 && !link->paused &&
	    link->in.offset > link->in.stored &&
	    link->in.offset < link->in.size)
		courier_tell(link->courier, WIRE_SESSION_STORED, &part);
}

void link_expect_reading(struct link *link, unsigned more)
{
	link_set_deadline(link,
	    FRAME_SECONDS + more +
		(unsigned)(evbuffer_get_length(link->output) / FRAME_RATE));
}

static void on_refill(evutil_socket_t fd, short what, void *context)
{
	struct link *link = context;

	(void)fd;
	(void)what;
	if (!link->ended)
		tls_read_on(link);
}

/* Now that it is known who the peer is. What comes and what goes are limited
 * alike; a second's worth may come at once. */
static int limit_rate(struct link *link)
{
	const struct timeval tick = {.tv_usec = RATE_TICK_USEC};
	size_t rate = (size_t)link->peer.rate;
	size_t step = rate / (1000000 / RATE_TICK_USEC);

	if (rate == 0)
		return 0;
	link->bucket = ev_token_bucket_cfg_new(step, rate, step, rate, &tick);
	link->refill =
	    event_new(link->courier->base, -1, EV_PERSIST, on_refill, link);
	if (!link->bucket || !link->refill ||
	    event_add(link->refill, &tick) < 0)
		return -ENOMEM;
	return bufferevent_set_rate_limit(link->bev, link->bucket) < 0 ? -EIO
								       : 0;
}

static void tell_ended(struct link *link)
{
	struct wire_courier_ended ended = {
	    .partner = link->peer.author,
	    .carrier = link->carrier,
	    .session = link->opened ? link->session : 0,
	    .code = link->code,
	    .sent = link->sent,
	    .received = link->received,
	    .round_trips = link->round_trips,
	};

	if (link->carrier != WIRE_CARRIER_ACCEPTED || link->opened)
		courier_tell(link->courier, WIRE_COURIER_ENDED, &ended);
}

/* Freed a turn of the loop later: callers up the stack may still look at it. */
static void on_free(evutil_socket_t fd, short what, void *context)
{
	struct link *link = context, **at = &link->courier->links;

	(void)fd;
	(void)what;
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	event_free(link->deadline);
	if (link->bev)
		bufferevent_free(link->bev);
	if (link->bucket)
		ev_token_bucket_cfg_free(link->bucket);
	if (link->refill)
		event_free(link->refill);
	if (link->pump)
		event_free(link->pump);
	if (link->own_input)
		evbuffer_free(link->own_input);
	if (link->own_output)
		evbuffer_free(link->own_output);
	free(link);
}

void link_close(struct link *link, enum wire_code code)
{
	if (link->ended)
		return;
	link->ended = true;
	link->code = code;
	if (code != WIRE_CODE_OK)
		log_number(LOG_LEVEL_INFO, "a connection ended", code);
	keep_part(link);
	tell_ended(link);
	object_end(&link->in);
	object_end(&link->out);
	object_end(&link->file);
	socks_end(link);
	if (link->refill)
		event_del(link->refill);
	if (link->pump)
		evtimer_del(link->pump);
	if (link->bev)
		bufferevent_disable(link->bev, EV_READ | EV_WRITE);
	event_del(link->deadline);
	if (event_base_once(
		link->courier->base, -1, EV_TIMEOUT, on_free, link, NULL) < 0)
		event_base_loopbreak(link->courier->base); /* start anew */
}

void link_finish(struct link *link)
{
	link->code = WIRE_CODE_OK;
	link_move(link, LINK_CLOSED);
	link_expect_reading(link, 0);
	if (evbuffer_get_length(link->output) == 0)
		link_close(link, WIRE_CODE_OK);
	else
		bundle_pump(link);
}

/* Closing now, with bytes of the peer unread, would reset the connection and
 * the peer might never see why: so it is read on, for nothing, until the peer
 * closes. */
void link_refuse(struct link *link, enum wire_code code)
{
	struct wire_sync_refused refused = {.code = code};

	if (link->ended)
		return;
	if (link->state != LINK_PEER_TURN || !link->bev ||
	    turn_send(link, WIRE_SYNC_REFUSED, &refused) < 0) {
		link_close(link, code);
		return;
	}
	link->code = code;
	object_end(&link->in);
	link_move(link, LINK_REFUSED);
	link_set_deadline(link, REFUSED_SECONDS);
	turn_read(link);
}

void link_close_all(struct courier *courier)
{
	struct link *link;

	for (link = courier->links; link; link = link->next)
		link_close(link, WIRE_CODE_INTERRUPTED);
}

static void on_read(struct bufferevent *bev, void *context)
{
	(void)bev;
	turn_read(context);
}

static void on_write(struct bufferevent *bev, void *context)
{
	struct link *link = context;

	(void)bev;
	if (!link->ended && link->state >= LINK_AWAIT_HELLO)
		turn_write(link);
}

static void try_next_address(struct link *link, enum wire_code code);
static void keep_share(struct link *newest);

static enum wire_code failure(struct link *link)
{
	if (link->state == LINK_REFUSED)
		return link->code;
	if (tls_was_refused(link))
		return WIRE_CODE_UNTRUSTED;
	if (link->state == LINK_CONNECTING)
		return WIRE_CODE_UNREACHABLE;
	if (link->state == LINK_AWAIT_HELLO)
		return WIRE_CODE_REFUSED; /* they do not know us */
	return link->state == LINK_HANDSHAKE ? WIRE_CODE_UNTRUSTED
					     : WIRE_CODE_INTERRUPTED;
}

static void begin_turns(struct link *link)
{
	if (link->carrier == WIRE_CARRIER_ACCEPTED)
		keep_share(link);
	turn_begin(link);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
	struct link *link = context;
	enum wire_code code;

	(void)bev;
	if (link->ended)
		return;
	if (what & BEV_EVENT_CONNECTED) {
		if (!link->known)
			link_close(link, WIRE_CODE_UNTRUSTED);
		else if (limit_rate(link) < 0)
			link_close(link, WIRE_CODE_FAILED);
		else
			begin_turns(link);
		return;
	}
	if (link->state == LINK_CLOSED || link->state == LINK_ENDING) {
		/* They had said all: DONE was read, or is lost with the rest.
		 */
		link_close(link, link->state == LINK_CLOSED
				     ? WIRE_CODE_OK
				     : WIRE_CODE_INTERRUPTED);
		return;
	}
	code = failure(link);
	if (code == WIRE_CODE_UNREACHABLE)
		try_next_address(link, code);
	else
		link_close(link, code);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct link *link = context;

	(void)fd;
	(void)what;
	link_close(link, link->state == LINK_CONNECTING ? WIRE_CODE_UNREACHABLE
			 : link->state == LINK_REFUSED  ? link->code
						       : WIRE_CODE_INTERRUPTED);
}

struct link *link_new(struct courier *courier)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->courier = courier;
	object_begin(&link->in);
	object_begin(&link->out);
	object_begin(&link->file);
	link->deadline = evtimer_new(courier->base, on_deadline, link);
	if (!link->deadline) {
		free(link);
		return NULL;
	}
	link->next = courier->links;
	courier->links = link;
	return link;
}

static int wrap(struct link *link, int fd)
{
	if (link->bev)
		bufferevent_free(link->bev);
	link->bev = tls_wrap(link, fd);
	if (!link->bev)
		return -ENOMEM;
	link->input = bufferevent_get_input(link->bev);
	link->output = bufferevent_get_output(link->bev);
	bufferevent_setcb(link->bev, on_read, on_write, on_event, link);
	bufferevent_setwatermark(link->bev, EV_WRITE, OUTPUT_BYTES / 2, 0);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	link_set_deadline(link, HANDSHAKE_SECONDS);
	return 0;
}

/* HOST:PORT or [IPv6]:PORT, as card_address_is_valid() let it pass. */
static int split_address(
    const char *address, char host[CARD_ADDRESS_MAX], uint16_t *ret_port)
{
	const char *colon = strrchr(address, ':');
	uint64_t port;
	size_t len;

	if (!colon || decimal_decode(span_text(colon + 1), &port) != 0 ||
	    port > 65535)
		return -EINVAL;
	len = (size_t)(colon - address);
	if (len > 2 && address[0] == '[') {
		address++;
		len -= 2;
	}
	memcpy(host, address, len);
	host[len] = 0;
	*ret_port = (uint16_t)port;
	return 0;
}

static int connect_to(struct link *link, const char *host, uint16_t port)
{
	int r;

	if (link->peer.proxy[0]) {
		link_set_deadline(link, PROXY_SECONDS);
		return socks_dial(link, link->peer.proxy, host, port);
	}
	r = wrap(link, -1);
	if (r == 0 && bufferevent_socket_connect_hostname(link->bev,
			  link->courier->dns, AF_UNSPEC, host, port) < 0)
		r = -EIO;
	return r;
}

static void try_address(struct link *link)
{
	char host[CARD_ADDRESS_MAX] = {0};
	uint16_t port;

	link_move(link, LINK_CONNECTING);
	if (link->address >= link->peer.address_count ||
	    split_address(link->peer.addresses[link->address], host, &port) ||
	    connect_to(link, host, port) < 0)
		link_close(link, WIRE_CODE_UNREACHABLE);
}

static void try_next_address(struct link *link, enum wire_code code)
{
	if (++link->address < link->peer.address_count)
		try_address(link);
	else
		link_close(link, code);
}

void link_proxied(struct link *link, int fd)
{
	if (!link->ended && wrap(link, fd) == 0)
		return;
	evutil_closesocket(fd);
	link_close(link, WIRE_CODE_FAILED);
}

void link_unproxied(struct link *link, bool reached)
{
	if (link->ended)
		return;
	if (reached)
		try_next_address(link, WIRE_CODE_UNREACHABLE);
	else
		link_close(link, WIRE_CODE_PROXY);
}

/* An onion address says that contact must not show, so nothing of that partner
 * is ever looked up or dialled but by a proxy. */
static bool may_dial(const struct peer *peer)
{
	size_t i;

	for (i = 0; i < peer->address_count && !peer->proxy[0]; i++)
		if (card_address_is_onion(peer->addresses[i]))
			return false;
	return true;
}

/* Whoever is no partner yet may wait, and gives way: the oldest that came from
 * ${source}, or from anywhere (NULL). */
static struct link *oldest_new(struct courier *courier, const char *source)
{
	struct link *link, *oldest = NULL;

	for (link = courier->links; link; link = link->next)
		if (link->carrier == WIRE_CARRIER_ACCEPTED && !link->known &&
		    !link->ended &&
		    (!source || strcmp(link->source, source) == 0))
			oldest = link; /* the newest is first */
	return oldest;
}

/* Room for one more. What has ended takes none: it is freed in a moment. */
static bool make_room(struct courier *courier)
{
	struct link *link, *oldest;
	size_t count = 0;

	for (link = courier->links; link; link = link->next)
		count += !link->ended;
	if (count < LINKS_MAX)
		return true;
	oldest = oldest_new(courier, NULL);
	if (oldest)
		link_close(oldest, WIRE_CODE_BUSY);
	return oldest != NULL;
}

/* One partner takes no more than its share, and one whose line broke gets in
 * again: the oldest gives way to the newest. */
static void keep_share(struct link *newest)
{
	struct link *link, *oldest = newest;
	size_t count = 0;

	for (link = newest->courier->links; link; link = link->next) {
		if (link->carrier != WIRE_CARRIER_ACCEPTED || !link->known ||
		    link->ended ||
		    memcmp(link->peer.author.bytes, newest->peer.author.bytes,
			32) != 0)
			continue;
		oldest = link;
		count++;
	}
	if (count > LINKS_PEER_MAX)
		link_close(oldest, WIRE_CODE_BUSY);
}

int link_dial(struct courier *courier, const struct peer *peer)
{
	struct link *link;

	if (!may_dial(peer))
		return -EPERM;
	if (!make_room(courier))
		return -EBUSY;
	link = link_new(courier);
	if (!link)
		return -ENOMEM;
	link->carrier = WIRE_CARRIER_DIALLED;
	link->peer = *peer;
	try_address(link);
	return 0;
}

static size_t count_new(struct courier *courier, const char *source)
{
	struct link *link;
	size_t count = 0;

	for (link = courier->links; link; link = link->next)
		if (link->carrier == WIRE_CARRIER_ACCEPTED && !link->known &&
		    !link->ended && strcmp(link->source, source) == 0)
			count++;
	return count;
}

void link_accept(struct courier *courier, int fd, const char *source)
{
	struct link *link = NULL, *oldest = NULL;

	if (count_new(courier, source) >= LINKS_NEW_MAX)
		oldest = oldest_new(courier, source);
	if (oldest)
		link_close(oldest, WIRE_CODE_BUSY);
	if (courier->tls && make_room(courier))
		link = link_new(courier);
	if (!link) {
		log_event(LOG_LEVEL_INFO, "a connection was turned away");
		close(fd);
		return;
	}
	strncpy(link->source, source, sizeof link->source - 1);
	link_move(link, LINK_HANDSHAKE);
	if (wrap(link, fd) < 0) {
		close(fd);
		link_close(link, WIRE_CODE_FAILED);
	}
}
