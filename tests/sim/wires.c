/*
 * The couriers of all nodes, in one process, each with its own event loop, and
 * the wires between them (wires.h).
 *
 * courier.c is taken in as text, for the functions behind its main loop; link,
 * turn, bundle and object are linked as they are. In place of tls.c stands what
 * follows here: who a partner is is known by the same pins, without a
 * handshake. A wire is two pairs of bufferevents:
 *
 *	courier A: near end <-> far end ~~~ far end <-> near end :courier B
 */
#include <event2/buffer.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "daemon/courier/courier.c"
#include "tests/sim/wires.h"

struct tls {
	uint8_t seed[32];
	struct sign_key key;
};

struct end {
	struct bufferevent *near, *far;
	struct link *link;
	unsigned node;
	bool closed; /* by the courier */
};

struct wire {
	bool used, cut;
	struct end ends[2];
	uint64_t budget; /* or 0 */
};

#define WIRES_MAX 64

struct wires_weather wires_weather;
static struct courier *couriers[SIM_NODES_MAX];
static struct wire wires[WIRES_MAX];
static unsigned lives;

/* --- in place of tls.c --------------------------------------------------- */

int tls_new(
    struct courier *courier, const uint8_t seed[32], struct tls **ret_tls)
{
	struct tls *tls = calloc(1, sizeof *tls);
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	(void)courier;
	if (!tls)
		return -ENOMEM;
	memcpy(tls->seed, seed, sizeof tls->seed);
	crypto_sign_seed_keypair(tls->key.bytes, secret, seed);
	*ret_tls = tls;
	return 0;
}

void tls_free(struct tls *tls)
{
	free(tls);
}

bool tls_has_seed(const struct tls *tls, const uint8_t seed[32])
{
	return memcmp(tls->seed, seed, sizeof tls->seed) == 0;
}

bool tls_was_refused(struct link *link)
{
	(void)link;
	return false;
}

/* Nothing is held here but by libevent. */
void tls_read_on(struct link *link)
{
	(void)link;
}

static unsigned node_of(const struct courier *courier)
{
	unsigned node = 0;

	while (node < SIM_NODES_MAX && couriers[node] != courier)
		node++;
	return node;
}

static struct end *find_end(const struct bufferevent *near)
{
	size_t i;

	for (i = 0; i < WIRES_MAX * 2; i++)
		if (wires[i / 2].used && wires[i / 2].ends[i % 2].near == near)
			return &wires[i / 2].ends[i % 2];
	return NULL;
}

static struct wire *accepting; /* whose second end is being made */

static struct wire *free_wire(void)
{
	size_t i;

	for (i = 0; i < WIRES_MAX; i++)
		if (!wires[i].used)
			return &wires[i];
	return NULL;
}

struct bufferevent *tls_wrap(struct link *link, int fd)
{
	struct wire *wire = accepting ? accepting : free_wire();
	struct end *end = wire ? &wire->ends[accepting != NULL] : NULL;
	struct bufferevent *pair[2];

	(void)fd;
	if (!end || bufferevent_pair_new(
			link->courier->base, BEV_OPT_DEFER_CALLBACKS, pair) < 0)
		return NULL;
	if (!accepting)
		memset(wire, 0, sizeof *wire);
	wire->used = true;
	end->near = pair[0];
	end->far = pair[1];
	end->link = link;
	end->node = node_of(link->courier);
	bufferevent_enable(end->far, EV_READ | EV_WRITE);
	return end->near;
}

/* Both ends know each other by their pins, or not. */
static void introduce(struct wire *wire)
{
	struct end *a = &wire->ends[0], *b = &wire->ends[1];
	struct courier *from = couriers[a->node], *to = couriers[b->node];
	const struct peer *peer;

	a->link->known =
	    memcmp(a->link->peer.transport.bytes, to->tls->key.bytes, 32) == 0;
	peer = courier_find(to, from->tls->key.bytes);
	if (peer && a->link->known) {
		b->link->peer = *peer;
		b->link->known = true;
	}
	bufferevent_trigger_event(
	    a->near, BEV_EVENT_CONNECTED, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_trigger_event(b->near,
	    b->link->known ? BEV_EVENT_CONNECTED : BEV_EVENT_ERROR,
	    BEV_TRIG_DEFER_CALLBACKS);
}

int __wrap_bufferevent_socket_connect_hostname(struct bufferevent *near,
    struct evdns_base *dns, int family, const char *host, int port);
int __wrap_bufferevent_socket_connect_hostname(struct bufferevent *near,
    struct evdns_base *dns, int family, const char *host, int port)
{
	struct end *end = find_end(near);
	struct wire *wire = NULL;
	unsigned to = (unsigned)port - 1;
	size_t i;

	(void)dns;
	(void)family;
	(void)host;
	for (i = 0; i < WIRES_MAX; i++)
		if (&wires[i].ends[0] == end)
			wire = &wires[i];
	if (wire && !wires_weather.down && to < SIM_NODES_MAX && couriers[to] &&
	    couriers[to]->tls) {
		wire->budget = wires_weather.budget;
		accepting = wire;
		link_accept(couriers[to], -1, "a wire");
		accepting = NULL;
	}
	if (wire && wire->ends[1].near)
		introduce(wire);
	else
		bufferevent_trigger_event(
		    near, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
	return 0;
}

static bool is_loaded(const struct wire *wire, unsigned from)
{
	const struct end *end = &wire->ends[from];

	return wire->used && !wire->cut && end->far &&
	       evbuffer_get_length(bufferevent_get_input(end->far)) > 0;
}

/* Their end is told when all that was on its way has come. */
static void tell_closed(struct wire *wire, unsigned end)
{
	struct end *other = &wire->ends[!end];

	if (other->near && !other->closed &&
	    (wire->cut || !is_loaded(wire, end)))
		bufferevent_trigger_event(other->near,
		    BEV_EVENT_EOF | BEV_EVENT_READING,
		    BEV_TRIG_DEFER_CALLBACKS);
}

void __real_bufferevent_free(struct bufferevent *bev);
void __wrap_bufferevent_free(struct bufferevent *bev);

static void end_wire_if_unused(struct wire *wire)
{
	unsigned i;

	for (i = 0; i < 2; i++)
		if (wire->ends[i].near && !wire->ends[i].closed)
			return;
	for (i = 0; i < 2; i++)
		if (wire->ends[i].far)
			__real_bufferevent_free(wire->ends[i].far);
	memset(wire, 0, sizeof *wire);
}

void __wrap_bufferevent_free(struct bufferevent *bev)
{
	struct end *end = find_end(bev);
	size_t i;

	__real_bufferevent_free(bev);
	for (i = 0; end && i < WIRES_MAX * 2; i++) {
		if (&wires[i / 2].ends[i % 2] != end)
			continue;
		end->closed = true;
		end->near = NULL;
		end->link = NULL;
		tell_closed(&wires[i / 2], i % 2);
		end_wire_if_unused(&wires[i / 2]);
	}
}

/* --- wires --------------------------------------------------------------- */

static struct wire *loaded(size_t at, unsigned *ret_from)
{
	size_t i;

	for (i = 0; i < WIRES_MAX * 2; i++)
		if (is_loaded(&wires[i / 2], i % 2) && at-- == 0) {
			*ret_from = i % 2;
			return &wires[i / 2];
		}
	return NULL;
}

size_t wires_count_loaded(void)
{
	size_t count = 0;
	unsigned from;

	while (loaded(count, &from))
		count++;
	return count;
}

size_t wires_load(size_t at)
{
	unsigned from;
	struct wire *wire = loaded(at, &from);

	return wire ? evbuffer_get_length(
			  bufferevent_get_input(wire->ends[from].far))
		    : 0;
}

static void cut(struct wire *wire)
{
	wire->cut = true;
	tell_closed(wire, 0);
	tell_closed(wire, 1);
}

size_t wires_carry(size_t at, size_t len, unsigned *ret_from, unsigned *ret_to)
{
	unsigned from = 0;
	struct wire *wire = loaded(at, &from);
	struct end *a, *b;

	if (!wire)
		return 0;
	a = &wire->ends[from];
	b = &wire->ends[!from];
	*ret_from = a->node;
	*ret_to = b->node;
	if (wire->budget && len >= wire->budget)
		len = (size_t)wire->budget;
	if (b->near && !b->closed)
		evbuffer_remove_buffer(bufferevent_get_input(a->far),
		    bufferevent_get_output(b->far), len);
	else
		evbuffer_drain(bufferevent_get_input(a->far), len);
	if (wire->budget && (wire->budget -= len) == 0)
		cut(wire);
	else if (a->closed)
		tell_closed(wire, from);
	return len;
}

void wires_cut_all(void)
{
	size_t i;

	for (i = 0; i < WIRES_MAX; i++)
		if (wires[i].used && !wires[i].cut)
			cut(&wires[i]);
}

/* --- couriers ------------------------------------------------------------ */

/* As begin() does, without a sandbox and name servers. */
int wires_courier_start(unsigned node)
{
	struct courier *courier = calloc(1, sizeof *courier);

	if (!courier)
		return -ENOMEM;
	courier->last_session = (uint64_t)++lives << 16;
	courier->base = event_base_new();
	if (!courier->base)
		return -ENOMEM;
	couriers[node] = courier;
	return 0;
}

/* What was on its way from a courier that is gone is lost. */
static void cut_node(unsigned node)
{
	struct end *end;
	size_t i;

	for (i = 0; i < WIRES_MAX * 2; i++) {
		end = &wires[i / 2].ends[i % 2];
		if (!wires[i / 2].used || !end->far || end->node != node)
			continue;
		__real_bufferevent_free(end->far);
		end->far = NULL;
		cut(&wires[i / 2]);
	}
}

void wires_courier_end(unsigned node)
{
	struct courier *courier = couriers[node];

	if (!courier)
		return;
	drop_store(courier);
	cut_node(node);
	wires_courier_run(node); /* what it had open is closed now */
	tls_free(courier->tls);
	free(courier->peers);
	if (courier->lonely)
		event_free(courier->lonely);
	event_base_free(courier->base);
	free(courier);
	couriers[node] = NULL;
}

int wires_take_store(unsigned node, int fd)
{
	return take_store(couriers[node], fd);
}

static bool has_word(const struct courier *courier)
{
	struct pollfd poll_fd = {.events = POLLIN};

	if (!courier->store)
		return false;
	poll_fd.fd = channel_fd(courier->store);
	if (channel_wants_write(courier->store))
		poll_fd.events |= POLLOUT;
	return poll(&poll_fd, 1, 0) > 0;
}

bool wires_courier_is_ready(unsigned node)
{
	struct courier *courier = couriers[node];

	return courier && (event_base_get_num_events(
			       courier->base, EVENT_BASE_COUNT_ACTIVE) > 0 ||
			      has_word(courier));
}

bool wires_store_is_told(unsigned node)
{
	struct courier *courier = couriers[node];
	int left = 0;

	return courier && courier->store &&
	       ioctl(channel_fd(courier->store), SIOCOUTQ, &left) == 0 &&
	       left > 0;
}

void wires_courier_run(unsigned node)
{
	while (wires_courier_is_ready(node))
		event_base_loop(
		    couriers[node]->base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
}
