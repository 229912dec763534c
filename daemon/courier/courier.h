/*
 * What the courier's files share: courier.c (the process, the store's channel),
 * tls.c (identity and pins; tls.h), link.c (one connection's life and
 * deadlines), socks.c (a connection by way of a proxy; socks.h), turn.c (the
 * session on it), bundle.c (a session on a file) and object.c (attachments as
 * streams).
 */
#ifndef EVIDENT_COURIER_COURIER_H
#define EVIDENT_COURIER_COURIER_H

#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "daemon/base/service.h"
#include "daemon/courier/limits.h"
#include "daemon/courier/object.h"
#include "proto/format/card.h"

struct peer {
	struct author_id author;
	struct sign_key transport;
	size_t address_count;
	char addresses[8][CARD_ADDRESS_MAX];
	char proxy[CARD_ADDRESS_MAX]; /* the only way to it, unless empty */
	uint64_t rate;                /* bytes a second each way; 0: no limit */
};

struct courier {
	struct service service;
	struct event_base *base;
	struct evdns_base *dns;
	struct channel *store;
	struct event *store_read, *store_write;
	struct event *lonely; /* the store is gone, and no other has come */
	struct tls *tls;      /* of tls.c; NULL until START */
	struct evconnlistener *listener;
	struct peer *peers;
	size_t peer_count;
	struct link *links;
	uint64_t last_session;
	uint8_t isolation[32]; /* keys the passwords for proxies */
};

/*
 *            dialler                        acceptor
 *   CONNECTING -> HANDSHAKE            HANDSHAKE
 *        | HELLO comes                      | HELLO goes
 *   AWAIT_HELLO -> PEER_TURN <------->  MY_TURN
 *                     |    FRONTIER        |
 *                     +--------+-----------+
 *                              | DONE
 *                           ENDING -> CLOSED
 */
enum link_state {
	LINK_CONNECTING,
	LINK_HANDSHAKE,
	LINK_AWAIT_HELLO,
	LINK_MY_TURN,
	LINK_PEER_TURN,
	LINK_ENDING,  /* DONE was sent: theirs is awaited */
	LINK_REFUSED, /* REFUSED was sent: the peer will close */
	LINK_CLOSED,  /* all is said; what is queued goes out */
};

struct link {
	struct link *next;
	struct courier *courier;
	struct bufferevent *bev; /* NULL for a bundle */
	struct socks *socks;     /* of socks.c, while a proxy connects */
	struct evbuffer *input, *output;
	struct evbuffer *own_input, *own_output; /* of a bundle */
	struct event *deadline, *pump;
	struct ev_token_bucket_cfg *bucket; /* its rate; NULL: no limit */
	struct event *refill;               /* of the bucket */
	enum link_state state;
	enum wire_carrier carrier;
	bool known;  /* the peer is authenticated */
	bool opened; /* the store knows the session */
	bool heard_hello;
	bool framing;          /* a frame has begun to come */
	bool paused;           /* the store works on what we passed on */
	bool asked;            /* NEXT is out */
	bool ended;            /* ENDED was told */
	enum wire_type passed; /* what the store works on */
	enum wire_code code;   /* why it ended */
	struct peer peer;
	size_t address; /* which one is tried */
	uint64_t session;
	struct stream in, out, file; /* the last: a bundle's frames */
	bool skipping;               /* an object that is not wanted */
	struct digest skipped;
	uint64_t sent, received; /* bytes of frames */
	uint64_t turn_at;        /* sent before our turn */
	uint64_t round_trips;
	char source[64]; /* of an acceptor: to count the unauthenticated */
};

/* courier.c */
void courier_tell(
    struct courier *courier, enum wire_type type, const void *message);
const struct peer *courier_find(
    struct courier *courier, const uint8_t transport[32]);

/* link.c */
struct link *link_new(struct courier *courier);
int link_dial(struct courier *courier, const struct peer *peer);
void link_accept(struct courier *courier, int fd, const char *source);
/* End it: the store is told, what is queued is dropped. */
void link_close(struct link *link, enum wire_code code);
/* Tell the peer why, and end it when the peer has heard it. */
void link_refuse(struct link *link, enum wire_code code);
/* End it in good order once all is sent. */
void link_finish(struct link *link);
struct link *link_find(struct courier *courier, uint64_t session);
void link_set_deadline(struct link *link, unsigned seconds);
/* The peer may take its time with what is queued, and ${more} seconds, but not
 * for ever. */
void link_expect_reading(struct link *link, unsigned more);
void link_close_all(struct courier *courier);
/* The proxy connected ${fd} to the partner, or did not; ${reached}: the proxy
 * itself answered. */
void link_proxied(struct link *link, int fd);
void link_unproxied(struct link *link, bool reached);
/* The newest state; a debug line a move. */
void link_move(struct link *link, enum link_state state);

/* turn.c */
void turn_begin(struct link *link); /* the handshake is done */
void turn_open(struct link *link);  /* tell the store of the session */
void turn_ask(struct link *link);   /* what to send next */
/* The store does not want the object that comes. */
void turn_refuse(struct link *link, enum wire_code code);
void turn_read(struct link *link);  /* bytes came, or the pause is over */
void turn_write(struct link *link); /* there is room to send */
void turn_message(
    struct link *link, const struct wire_session_message *message);
void turn_ack(struct link *link);
int turn_send(struct link *link, enum wire_type type, const void *message);

#endif
