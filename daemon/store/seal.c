/*
 * XChaCha20-Poly1305 (libsodium) with a random nonce before the ciphertext.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "daemon/store/seal.h"

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

int seal_make_key(struct record_key *ret_key)
{
	randombytes_buf(ret_key->bytes, sizeof ret_key->bytes);
	return 0;
}

void seal_wipe(struct record_key *key)
{
	sodium_memzero(key, sizeof *key);
}

int seal_put(const struct record_key *key, const char *purpose,
    struct span clear, struct buf *out)
{
	uint8_t *room;
	int r;

	r = buf_reserve(out, clear.len + SEAL_OVERHEAD, &room);
	if (r < 0)
		return r;
	randombytes_buf(room, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(room + NONCE, NULL,
	    clear.data, clear.len, (const uint8_t *)purpose, strlen(purpose),
	    NULL, room, key->bytes);
	out->len += clear.len + SEAL_OVERHEAD;
	return 0;
}

int seal_open(const struct record_key *key, const char *purpose,
    struct span sealed, struct buf *out)
{
	uint8_t *room;
	int r;

	if (sealed.len < SEAL_OVERHEAD)
		return FORMAT_E_MISMATCH;
	r = buf_reserve(out, sealed.len, &room);
	if (r < 0)
		return r;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL,
		sealed.data + NONCE, sealed.len - NONCE,
		(const uint8_t *)purpose, strlen(purpose), sealed.data,
		key->bytes) != 0)
		return FORMAT_E_MISMATCH;
	out->len += sealed.len - SEAL_OVERHEAD;
	return 0;
}
