/*
 * A link's connection by way of a SOCKS5 proxy (RFC 1928, RFC 1929).
 */
#ifndef EVIDENT_COURIER_SOCKS_H
#define EVIDENT_COURIER_SOCKS_H

#include <stdint.h>

struct link;

/* Have the proxy at ${proxy}, "IP:PORT", connect to ${host}, a name or an
 * address shorter than CARD_ADDRESS_MAX, which the proxy alone looks up.
 * link_proxied() or link_unproxied() follows. 0; -EINVAL: no address of a
 * proxy; -ENOMEM. */
int socks_dial(
    struct link *link, const char *proxy, const char *host, uint16_t port);
/* Give the connection up, if there is one. */
void socks_end(struct link *link);

#endif
