/*
 * The courier's TLS 1.3: its identity, and partners pinned by raw key.
 */
#ifndef EVIDENT_COURIER_TLS_H
#define EVIDENT_COURIER_TLS_H

#include <stdbool.h>
#include <stdint.h>

struct bufferevent;
struct courier;
struct link;
struct tls;

/* An identity and context made of ${seed}, the transport key's; *ret_tls is
 * freed by tls_free(). 0, -ENOMEM, or -EIO when OpenSSL fails. */
int tls_new(
    struct courier *courier, const uint8_t seed[32], struct tls **ret_tls);
void tls_free(struct tls *tls);
bool tls_has_seed(const struct tls *tls, const uint8_t seed[32]);
/* A bufferevent for ${fd}, or an unconnected one for -1. ${link}->peer says
 * whom to expect when dialling, and is filled in when accepting. */
struct bufferevent *tls_wrap(struct link *link, int fd);
bool tls_was_refused(struct link *link);
/* Call it whenever reading may go on that was held back, by a full input or by
 * a rate: part of a record may be left in OpenSSL, and would stay there. */
void tls_read_on(struct link *link);

#endif
