/*
 * A connection to a victim, blocking and plain. The handshake is the one that
 * the victim demands; the victim's key is not looked at, for an attacker does
 * not care.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/attack/peer.h"

static struct sockaddr_in loopback(uint16_t port, unsigned host)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	};

	address.sin_addr.s_addr = htonl(0x7f000000u | host);
	return address;
}

int peer_connect(uint16_t port, unsigned from)
{
	struct sockaddr_in source = loopback(0, from);
	struct sockaddr_in target = loopback(port, 1);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	MUST(bind(fd, (struct sockaddr *)&source, sizeof source) == 0);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&target, sizeof target) == 0)
		return fd;
	close(fd);
	return -1;
}

int peer_listen(uint16_t port)
{
	struct sockaddr_in address = loopback(port, 1);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	MUST(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	MUST(listen(fd, 8) == 0);
	return fd;
}

static int any_key(X509_STORE_CTX *context, void *unused)
{
	(void)unused;
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name;

	MUST(certificate != NULL);
	name = X509_get_subject_name(certificate);
	MUST(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		 (const unsigned char *)"-", 1, -1, 0) == 1);
	MUST(X509_set_version(certificate, 2) == 1 &&
	     X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
	     X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) &&
	     X509_set_issuer_name(certificate, name) == 1 &&
	     X509_set_pubkey(certificate, key) == 1 &&
	     X509_sign(certificate, key, NULL) > 0);
	return certificate;
}

static void prepare(
    struct peer *peer, const struct persona *self, const SSL_METHOD *method)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, self->transport_seed, 32);
	X509 *certificate;

	memset(peer, 0, sizeof *peer);
	peer->arena.budget = WIRE_ARENA_BUDGET;
	MUST(key != NULL);
	certificate = make_certificate(key);
	peer->context = SSL_CTX_new(method);
	MUST(peer->context != NULL);
	SSL_CTX_set_verify(peer->context,
	    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(peer->context, any_key, NULL);
	MUST(SSL_CTX_use_certificate(peer->context, certificate) == 1);
	MUST(SSL_CTX_use_PrivateKey(peer->context, key) == 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
	peer->ssl = SSL_new(peer->context);
	MUST(peer->ssl != NULL);
}

static bool shake_hands(struct peer *peer, int fd, bool server)
{
	struct timeval patience = {.tv_sec = PEER_PATIENCE};

	peer->fd = fd;
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	MUST(SSL_set_fd(peer->ssl, fd) == 1);
	if ((server ? SSL_accept(peer->ssl) : SSL_connect(peer->ssl)) == 1)
		return true;
	peer->gone = true;
	return false;
}

bool peer_open(
    struct peer *peer, const struct persona *self, uint16_t port, unsigned from)
{
	int fd = peer_connect(port, from);

	prepare(peer, self, TLS_client_method());
	if (fd < 0) {
		peer->gone = true;
		peer->fd = -1;
		return false;
	}
	return shake_hands(peer, fd, false);
}

bool peer_accept(struct peer *peer, const struct persona *self, int listener)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};
	int fd;

	prepare(peer, self, TLS_server_method());
	MUST(poll(&ready, 1, PEER_PATIENCE * 1000) == 1);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	MUST(fd >= 0);
	return shake_hands(peer, fd, true);
}

void peer_close(struct peer *peer)
{
	if (!peer->gone)
		(void)SSL_shutdown(peer->ssl);
	SSL_free(peer->ssl);
	SSL_CTX_free(peer->context);
	if (peer->fd >= 0)
		close(peer->fd);
	buf_free(&peer->body);
	wire_arena_free(&peer->arena);
	memset(peer, 0, sizeof *peer);
	peer->gone = true;
	peer->fd = -1;
}

void peer_send_bytes(struct peer *peer, const void *data, size_t len)
{
	if (!peer->gone && len > 0 && SSL_write(peer->ssl, data, (int)len) <= 0)
		peer->gone = true;
}

void peer_send(struct peer *peer, enum wire_type type, const void *message)
{
	struct buf frame = {0};

	MUST(wire_encode(type, message, 0, &frame) == 0);
	peer_send_bytes(peer, frame.data, frame.len);
	buf_free(&frame);
}

void peer_send_frame(
    struct peer *peer, unsigned type, struct span body, uint32_t length)
{
	struct wire_header header = {
	    .length = length, .type = (enum wire_type)type};
	uint8_t bytes[WIRE_HEADER_BYTES];
	struct buf frame = {0};

	wire_header_pack(&header, bytes);
	MUST(buf_append(&frame, bytes, sizeof bytes) == 0);
	MUST(buf_append_span(&frame, body) == 0);
	peer_send_bytes(peer, frame.data, frame.len);
	buf_free(&frame);
}

/* 1, 0 at the end, -1 when nothing comes. */
static int read_all(
    struct peer *peer, uint8_t *data, size_t len, unsigned seconds)
{
	struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
	int n;

	while (len > 0) {
		if (SSL_pending(peer->ssl) == 0 &&
		    poll(&ready, 1, (int)seconds * 1000) == 0)
			return -1;
		n = SSL_read(peer->ssl, data, (int)len);
		if (n <= 0) {
			peer->gone = true;
			return 0;
		}
		data += n;
		len -= (size_t)n;
	}
	return 1;
}

int peer_read(struct peer *peer, unsigned seconds)
{
	uint8_t bytes[WIRE_HEADER_BYTES], *room;
	struct wire_header header;
	int r;

	if (peer->fd < 0 || !peer->ssl)
		return 0;
	wire_arena_free(&peer->arena);
	r = read_all(peer, bytes, sizeof bytes, seconds);
	if (r <= 0)
		return r;
	MUST(wire_header_parse(bytes, &header) == 0);
	peer->body.len = 0;
	MUST(buf_reserve(&peer->body, header.length, &room) == 0);
	r = read_all(peer, room, header.length, PEER_PATIENCE);
	if (r <= 0)
		return r;
	peer->body.len = header.length;
	return (int)header.type;
}

void peer_take(struct peer *peer, enum wire_type type, void *ret_message)
{
	MUST(wire_decode(
		 type, buf_span(&peer->body), &peer->arena, ret_message) == 0);
}
