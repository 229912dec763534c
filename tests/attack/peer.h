/*
 * A connection to a victim: its TLS, and frames that need not be right.
 */
#ifndef EVIDENT_ATTACK_PEER_H
#define EVIDENT_ATTACK_PEER_H

#include <openssl/ssl.h>

#include "proto/wire/messages.h"
#include "tests/attack/persona.h"

#define PEER_PATIENCE 60 /* seconds for an answer: more is a finding */

struct peer {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	bool gone;               /* the victim closed it */
	struct wire_arena arena; /* of the message read last */
	struct buf body;
};

/* A TCP connection to 127.0.0.1:${port} from 127.0.0.${from}. -1 when it is
 * refused. */
int peer_connect(uint16_t port, unsigned from);
/* Connect and shake hands as ${self}. False: the victim would not. */
bool peer_open(struct peer *peer, const struct persona *self, uint16_t port,
    unsigned from);
/* Wait for one connection to ${listener} and shake hands as the server. */
bool peer_accept(struct peer *peer, const struct persona *self, int listener);
int peer_listen(uint16_t port);
void peer_close(struct peer *peer);

/* Send; what cannot be sent makes the peer gone. */
void peer_send_bytes(struct peer *peer, const void *data, size_t len);
void peer_send(struct peer *peer, enum wire_type type, const void *message);
/* A frame of any type with any body, and a header that says ${length}. */
void peer_send_frame(
    struct peer *peer, unsigned type, struct span body, uint32_t length);
/* The next frame; 0 when the victim ended it, -1 when nothing comes in
 * ${seconds}. */
int peer_read(struct peer *peer, unsigned seconds);
/* Decode what peer_read() found. */
void peer_take(struct peer *peer, enum wire_type type, void *ret_message);

#endif
