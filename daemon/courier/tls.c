/*
 * TLS 1.3, both sides pinned by raw key.
 *
 * A certificate is only a wrapping for an Ed25519 key: self-signed in memory,
 * with a fixed name and fixed dates, so it tells nothing. Nobody's signature on
 * it is looked at; the key itself must be the partner's transport key from a
 * card that two people compared. No resumption: a resumed session would skip
 * the pin.
 */
#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <event2/bufferevent_struct.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/courier/courier.h"
#include "daemon/courier/tls.h"

#define CERTIFICATES_MAX 4096 /* bytes of the peer's chain */

struct tls {
	SSL_CTX *server, *client;
	uint8_t fingerprint[32]; /* of the seed */
};

static int make_certificate(EVP_PKEY *key, X509 **ret_certificate)
{
	X509 *certificate = X509_new();
	X509_NAME *name;
	bool good;

	if (!certificate)
		return -ENOMEM;
	name = X509_get_subject_name(certificate);
	good = X509_set_version(certificate, 2) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
	       ASN1_TIME_set_string_X509(
		   X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
	       ASN1_TIME_set_string_X509(
		   X509_getm_notAfter(certificate), "99991231235959Z") == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		   (const unsigned char *)"-", 1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, name) == 1 &&
	       X509_set_pubkey(certificate, key) == 1 &&
	       X509_sign(certificate, key, NULL) > 0;
	if (!good) {
		X509_free(certificate);
		return -EIO;
	}
	*ret_certificate = certificate;
	return 0;
}

/* The peer's raw Ed25519 key, if that is what its certificate holds: else why
 * not, of which want of memory is no word on the peer. */
static int raw_key(X509_STORE_CTX *context, uint8_t ret_key[32])
{
	X509 *certificate = X509_STORE_CTX_get0_cert(context);
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
	size_t len = 32;

	if (!key || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519)
		return X509_V_ERR_CERT_REJECTED;
	return EVP_PKEY_get_raw_public_key(key, ret_key, &len) == 1 && len == 32
		   ? X509_V_OK
		   : X509_V_ERR_OUT_OF_MEM;
}

/* Replaces all of OpenSSL's own chain building. */
static int on_verify(X509_STORE_CTX *context, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    context, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct link *link = ssl ? SSL_get_app_data(ssl) : NULL;
	const struct peer *peer;
	uint8_t key[32];
	int r = raw_key(context, key);

	(void)unused;
	X509_STORE_CTX_set_error(
	    context, r == X509_V_OK ? X509_V_ERR_CERT_REJECTED : r);
	if (!link || r != X509_V_OK)
		return 0;
	if (link->carrier == WIRE_CARRIER_DIALLED) {
		if (CRYPTO_memcmp(
			key, link->peer.transport.bytes, sizeof key) != 0)
			return 0;
	} else {
		peer = courier_find(link->courier, key);
		if (!peer)
			return 0;
		link->peer = *peer;
	}
	link->known = true;
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

static int set_limits(SSL_CTX *context)
{
	SSL_CTX_set_verify(
	    context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(context, on_verify, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(
	    context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_max_cert_list(context, CERTIFICATES_MAX);
	return SSL_CTX_set_num_tickets(context, 0) == 1 &&
		       SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ==
			   1 &&
		       SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) ==
			   1 &&
		       SSL_CTX_set1_groups_list(context, "X25519") == 1 &&
		       SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1 &&
		       SSL_CTX_set1_client_sigalgs_list(context, "ed25519") == 1
		   ? 0
		   : -EIO;
}

static int make_context(const SSL_METHOD *method, EVP_PKEY *key,
    X509 *certificate, SSL_CTX **ret_context)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (!context)
		return -ENOMEM;
	if (set_limits(context) < 0 ||
	    SSL_CTX_use_certificate(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(context, key) != 1) {
		SSL_CTX_free(context);
		return -EIO;
	}
	*ret_context = context;
	return 0;
}

static int fingerprint(const uint8_t seed[32], uint8_t ret_print[32])
{
	return EVP_Digest(seed, 32, ret_print, NULL, EVP_sha256(), NULL) == 1
		   ? 0
		   : -EIO;
}

int tls_new(
    struct courier *courier, const uint8_t seed[32], struct tls **ret_tls)
{
	struct tls *tls = calloc(1, sizeof *tls);
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	X509 *certificate = NULL;
	int r;

	(void)courier;
	r = tls && key ? make_certificate(key, &certificate) : -ENOMEM;
	if (r == 0)
		r = make_context(
		    TLS_server_method(), key, certificate, &tls->server);
	if (r == 0)
		r = make_context(
		    TLS_client_method(), key, certificate, &tls->client);
	if (r == 0)
		r = fingerprint(seed, tls->fingerprint);
	X509_free(certificate);
	EVP_PKEY_free(key);
	if (r < 0) {
		tls_free(tls);
		return r;
	}
	*ret_tls = tls;
	return 0;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->server);
	SSL_CTX_free(tls->client);
	free(tls);
}

bool tls_has_seed(const struct tls *tls, const uint8_t seed[32])
{
	uint8_t print[32];

	return fingerprint(seed, print) == 0 &&
	       CRYPTO_memcmp(print, tls->fingerprint, sizeof print) == 0;
}

struct bufferevent *tls_wrap(struct link *link, int fd)
{
	struct tls *tls = link->courier->tls;
	bool dialled = link->carrier == WIRE_CARRIER_DIALLED;
	SSL *ssl;

	ssl = SSL_new(dialled ? tls->client : tls->server);
	if (!ssl)
		return NULL;
	if (SSL_set_app_data(ssl, link) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	/* With this option a failure frees ${ssl}, too. */
	return bufferevent_openssl_socket_new(link->courier->base, fd, ssl,
	    dialled ? BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
}

bool tls_was_refused(struct link *link)
{
	SSL *ssl = bufferevent_openssl_get_ssl(link->bev);

	return ssl && SSL_get_verify_result(ssl) == X509_V_ERR_CERT_REJECTED;
}

/* libevent reads a record's rest only when the socket has more (its issue 854);
 * what ends a turn is followed by nothing. It looks again whether it may. */
void tls_read_on(struct link *link)
{
	SSL *ssl = bufferevent_openssl_get_ssl(link->bev);

	if (ssl && SSL_pending(ssl) > 0)
		event_active(&link->bev->ev_read, EV_READ, 0);
}
