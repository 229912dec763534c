/*
 * SHA-256, HMAC and HKDF through libcrypto's EVP.
 *
 * The algorithm is fetched once a process: fetching by name costs more than
 * hashing a short entry. Nothing here is secret but what callers pass in.
 */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/hash.h"

#define HKDF_BYTES_MAX (255 * 32) /* RFC 5869, 2.3 */

struct hasher {
	EVP_MD_CTX *context;
};

/* NULL without memory, of which libcrypto itself would not notice the want. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *fetched;

	if (!fetched && (OPENSSL_init_crypto(0, NULL) != 1 ||
			    !OSSL_LIB_CTX_get0_global_default()))
		return NULL;
	if (!fetched)
		fetched = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	return fetched ? fetched : EVP_sha256();
}

int hash_sha256(struct span data, struct digest *ret_digest)
{
	struct digest digest;
	unsigned len;

	if (EVP_Digest(data.data ? (const void *)data.data : "", data.len,
		digest.bytes, &len, sha256(), NULL) != 1)
		return -ENOMEM;
	*ret_digest = digest;
	return 0;
}

int hasher_new(struct hasher **ret_hasher)
{
	struct hasher *hasher = calloc(1, sizeof *hasher);

	if (!hasher)
		return -ENOMEM;
	hasher->context = EVP_MD_CTX_new();
	if (!hasher->context ||
	    EVP_DigestInit_ex(hasher->context, sha256(), NULL) != 1) {
		hasher_free(hasher);
		return -ENOMEM;
	}
	*ret_hasher = hasher;
	return 0;
}

int hasher_update(struct hasher *hasher, const void *data, size_t len)
{
	return EVP_DigestUpdate(hasher->context, data, len) == 1 ? 0 : -ENOMEM;
}

int hasher_final(struct hasher *hasher, struct digest *ret_digest)
{
	struct digest digest;

	if (EVP_DigestFinal_ex(hasher->context, digest.bytes, NULL) != 1)
		return -ENOMEM;
	*ret_digest = digest;
	return 0;
}

void hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

void hasher_freep(struct hasher **hasher)
{
	hasher_free(*hasher);
	*hasher = NULL;
}

int hash_hmac_sha256(struct span key, struct span data, uint8_t ret_mac[32])
{
	uint8_t mac[32];
	unsigned len = sizeof mac;

	if (key.len > INT32_MAX)
		return -EINVAL;
	if (!HMAC(sha256(), key.data ? (const void *)key.data : "",
		(int)key.len, data.data, data.len, mac, &len))
		return -ENOMEM;
	memcpy(ret_mac, mac, sizeof mac);
	explicit_bzero(mac, sizeof mac);
	return 0;
}

/* libcrypto refuses a NULL, even of no bytes. */
static OSSL_PARAM octets(const char *name, struct span span)
{
	return OSSL_PARAM_construct_octet_string(
	    name, span.data ? (void *)span.data : (void *)"", span.len);
}

int hash_hkdf_sha256(struct span secret, struct span salt, struct span info,
    void *ret_key, size_t len)
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_DIGEST, (char *)"SHA2-256", 0),
	    octets(OSSL_KDF_PARAM_KEY, secret),
	    octets(OSSL_KDF_PARAM_SALT, salt),
	    octets(OSSL_KDF_PARAM_INFO, info),
	    OSSL_PARAM_construct_end(),
	};
	static EVP_KDF *kdf;
	EVP_KDF_CTX *context;
	int r;

	if (len == 0 || len > HKDF_BYTES_MAX)
		return -EINVAL;
	if (!kdf)
		kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	if (!context)
		return -ENOMEM;
	r = EVP_KDF_derive(context, ret_key, len, params) == 1 ? 0 : -ENOMEM;
	EVP_KDF_CTX_free(context);
	return r;
}
