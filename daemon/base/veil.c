/*
 * The veil: ChaCha20 of RFC 8439 with a zero nonce, by libcrypto.
 *
 * Keys are drawn for one object and never used for a second one, so the nonce
 * may be constant. Byte n of an object is XORed with byte n of the keystream,
 * whoever computes it and in whatever pieces: block n / 64, byte n % 64.
 *
 * The block counter has 32 bits. Past block 2^32 - 1 implementations differ
 * (some carry into the nonce), and a wrapped counter would use a keystream
 * twice: veil_apply() refuses to go there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "daemon/base/veil.h"

#define VEIL_BLOCK_BYTES 64
#define VEIL_END (UINT64_C(1) << 38)
#define VEIL_STEP_MAX ((size_t)1 << 30) /* libcrypto counts in int */

struct veil {
	EVP_CIPHER_CTX *cipher;
	uint64_t left; /* bytes of keystream before the counter would wrap */
};

/* libcrypto's IV: 4 bytes counter, little-endian, then the 12-byte nonce. */
static void pack_iv(uint64_t block, uint8_t ret_iv[16])
{
	int i;

	memset(ret_iv, 0, 16);
	for (i = 0; i < 4; i++)
		ret_iv[i] = (uint8_t)(block >> (8 * i));
}

static int start_cipher(struct veil *veil, const uint8_t *key, uint64_t offset)
{
	uint8_t iv[16], skipped[VEIL_BLOCK_BYTES] = {0};
	int len, r = -EIO;

	veil->cipher = EVP_CIPHER_CTX_new();
	if (!veil->cipher)
		return -ENOMEM;
	pack_iv(offset / VEIL_BLOCK_BYTES, iv);
	if (EVP_EncryptInit_ex(veil->cipher, EVP_chacha20(), NULL, key, iv) ==
		1 &&
	    EVP_EncryptUpdate(veil->cipher, skipped, &len, skipped,
		(int)(offset % VEIL_BLOCK_BYTES)) == 1)
		r = 0;
	OPENSSL_cleanse(skipped, sizeof skipped);
	return r;
}

int veil_make_key(uint8_t ret_key[VEIL_KEY_BYTES])
{
	uint8_t key[VEIL_KEY_BYTES];

	/* Up to 256 bytes come whole, and no signal interrupts. */
	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		return -EIO;
	memcpy(ret_key, key, sizeof key);
	OPENSSL_cleanse(key, sizeof key);
	return 0;
}

int veil_new(
    const uint8_t key[VEIL_KEY_BYTES], uint64_t offset, struct veil **ret_veil)
{
	struct veil *veil;
	int r;

	if (offset >= VEIL_END)
		return -EINVAL;
	veil = calloc(1, sizeof *veil);
	if (!veil)
		return -ENOMEM;
	veil->left = VEIL_END - offset;
	r = start_cipher(veil, key, offset);
	if (r != 0) {
		veil_free(veil);
		return r;
	}
	*ret_veil = veil;
	return 0;
}

int veil_apply(struct veil *veil, const uint8_t *in, size_t len, uint8_t *out)
{
	if (len > veil->left)
		return -EFBIG;
	veil->left -= len;
	while (len > 0) {
		size_t step = len < VEIL_STEP_MAX ? len : VEIL_STEP_MAX;
		int done;

		if (EVP_EncryptUpdate(
			veil->cipher, out, &done, in, (int)step) != 1 ||
		    (size_t)done != step)
			return -EIO;
		in += step;
		out += step;
		len -= step;
	}
	return 0;
}

void veil_free(struct veil *veil)
{
	if (!veil)
		return;
	EVP_CIPHER_CTX_free(veil->cipher); /* wipes the key */
	free(veil);
}

void veil_freep(struct veil **veil)
{
	veil_free(*veil);
	*veil = NULL;
}
