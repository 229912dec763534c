/*
 * SOCKS5 (RFC 1928) with user name and password (RFC 1929), as a client: one
 * connection by way of a proxy, in practice Tor's.
 *
 * The proxy resolves names: none is ever looked up here. Each partner gets a
 * password of its own, made anew when the courier starts, so that Tor keeps
 * circuits to different partners apart (IsolateSOCKSAuth); a proxy that wants
 * no password is taken as it is. Whatever fails, fails: there is no way from
 * here to a connection that the proxy did not make.
 *
 *	CONNECTING -> METHOD -> [PASSWORD ->] REPLY -> link_proxied()
 *
 * What a proxy answers is taken apart by socks_answer.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <event2/buffer.h>

#include "daemon/base/log.h"
#include "daemon/courier/courier.h"
#include "daemon/courier/socks.h"
#include "daemon/courier/socks_answer.h"
#include "proto/format/hash.h"

#define COMMAND_CONNECT 1

struct socks {
	struct link *link;
	struct bufferevent *bev;
	enum socks_state state;
	char host[CARD_ADDRESS_MAX];
	uint16_t port;
};

void socks_end(struct link *link)
{
	struct socks *socks = link->socks;
	int fd;

	if (!socks)
		return;
	link->socks = NULL;
	fd = bufferevent_getfd(socks->bev);
	bufferevent_disable(socks->bev, EV_READ | EV_WRITE);
	bufferevent_setfd(socks->bev, -1);
	bufferevent_free(socks->bev);
	if (fd >= 0)
		evutil_closesocket(fd);
	free(socks);
}

static void fail(struct socks *socks, const char *why)
{
	struct link *link = socks->link;
	bool reached = socks->state != SOCKS_CONNECTING;

	log_event(LOG_LEVEL_INFO, why);
	socks_end(link);
	link_unproxied(link, reached);
}

/* The tunnel stands: its socket goes back to the link. */
static void succeed(struct socks *socks)
{
	struct link *link = socks->link;
	int fd = bufferevent_getfd(socks->bev);

	bufferevent_disable(socks->bev, EV_READ | EV_WRITE);
	bufferevent_setfd(socks->bev, -1);
	socks_end(link);
	link_proxied(link, fd);
}

static int say(struct socks *socks, const uint8_t *bytes, size_t len)
{
	return bufferevent_write(socks->bev, bytes, len) == 0 ? 0 : -ENOMEM;
}

/* --- what is said -------------------------------------------------------- */

static int say_methods(struct socks *socks)
{
	static const uint8_t methods[] = {
	    SOCKS_VERSION, 2, SOCKS_METHOD_PASSWORD, SOCKS_METHOD_NONE};

	socks->state = SOCKS_METHOD;
	return say(socks, methods, sizeof methods);
}

/* Tells partners apart, and nobody who they are. */
static int say_password(struct socks *socks)
{
	static const char user[] = "evident";
	const struct link *link = socks->link;
	uint8_t mac[32], message[3 + sizeof user - 1 + 2 * sizeof mac];
	char text[2 * sizeof mac + 1];
	int r;

	r = hash_hmac_sha256(
	    span_of(link->courier->isolation, sizeof link->courier->isolation),
	    span_of(link->peer.author.bytes, sizeof link->peer.author.bytes),
	    mac);
	if (r < 0)
		return r;
	hex_encode(mac, sizeof mac, text);
	message[0] = SOCKS_AUTH_VERSION;
	message[1] = sizeof user - 1;
	memcpy(message + 2, user, sizeof user - 1);
	message[2 + sizeof user - 1] = 2 * sizeof mac;
	memcpy(message + 3 + sizeof user - 1, text, 2 * sizeof mac);
	socks->state = SOCKS_PASSWORD;
	return say(socks, message, sizeof message);
}

static size_t put_address(const char *host, uint8_t out[1 + 1 + 255])
{
	size_t len = strlen(host);

	if (inet_pton(AF_INET, host, out + 1) == 1) {
		out[0] = SOCKS_IPV4;
		return 1 + 4;
	}
	if (inet_pton(AF_INET6, host, out + 1) == 1) {
		out[0] = SOCKS_IPV6;
		return 1 + 16;
	}
	out[0] = SOCKS_NAME;
	out[1] = (uint8_t)len; /* shorter than CARD_ADDRESS_MAX */
	memcpy(out + 2, host, len);
	return 2 + len;
}

static int say_request(struct socks *socks)
{
	uint8_t message[3 + 1 + 1 + 255 + 2] = {
	    SOCKS_VERSION, COMMAND_CONNECT, 0};
	size_t len = 3 + put_address(socks->host, message + 3);

	message[len++] = (uint8_t)(socks->port >> 8);
	message[len++] = (uint8_t)socks->port;
	socks->state = SOCKS_REPLY;
	return say(socks, message, len);
}

/* --- what is heard ------------------------------------------------------- */

/* Go on after a whole answer: the reason why not, or NULL. */
static const char *take_answer(struct socks *socks, const uint8_t *answer)
{
	enum socks_step step = SOCKS_SAY_REQUEST;
	const char *why = socks_answer_read(socks->state, answer, &step);
	int r = 0;

	if (why)
		return why;
	switch (step) {
	case SOCKS_SAY_PASSWORD:
		r = say_password(socks);
		break;
	case SOCKS_SAY_REQUEST:
		r = say_request(socks);
		break;
	case SOCKS_CONNECTED:
		succeed(socks);
		break;
	}
	return r == 0 ? NULL : "out of memory";
}

static void on_read(struct bufferevent *bev, void *context)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct socks *socks = context;
	uint8_t answer[SOCKS_ANSWER_MAX];
	const char *why = NULL;
	size_t have, length;

	have = (size_t)evbuffer_copyout(input, answer, sizeof answer);
	length = socks_answer_length(socks->state, answer, have);
	if (length == 0)
		why = "what answers is no SOCKS5 proxy";
	else if (have < length)
		return;
	else if (evbuffer_get_length(input) > length)
		why = "the proxy said more than it should";
	else if (evbuffer_drain(input, length) == 0)
		why = take_answer(socks, answer);
	if (why)
		fail(socks, why);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
	struct socks *socks = context;

	(void)bev;
	if (!(what & BEV_EVENT_CONNECTED))
		fail(socks, socks->state == SOCKS_CONNECTING
				? "the proxy cannot be reached"
				: "the proxy hung up");
	else if (say_methods(socks) < 0)
		fail(socks, "out of memory");
}

int socks_dial(
    struct link *link, const char *proxy, const char *host, uint16_t port)
{
	struct sockaddr_storage address;
	int len = sizeof address;
	struct socks *socks;

	if (evutil_parse_sockaddr_port(
		proxy, (struct sockaddr *)&address, &len) < 0)
		return -EINVAL;
	socks = calloc(1, sizeof *socks);
	if (!socks)
		return -ENOMEM;
	socks->link = link;
	socks->port = port;
	strncpy(socks->host, host, sizeof socks->host - 1);
	socks->bev = bufferevent_socket_new(
	    link->courier->base, -1, BEV_OPT_DEFER_CALLBACKS);
	if (!socks->bev) {
		free(socks);
		return -ENOMEM;
	}
	link->socks = socks;
	bufferevent_setcb(socks->bev, on_read, NULL, on_event, socks);
	bufferevent_enable(socks->bev, EV_READ | EV_WRITE);
	/* Failure is told by the event, too. */
	bufferevent_socket_connect(
	    socks->bev, (struct sockaddr *)&address, len);
	return 0;
}
