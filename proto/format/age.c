/*
 * The payload of an age file: STREAM (Hoang et al.) over ChaCha20-Poly1305 in
 * chunks of 64 KiB. The nonce of a chunk is an 11-byte counter and a byte that
 * is 1 for the last: chunks can be neither moved nor cut off. Bulk work is
 * libcrypto's, which is three times as fast here.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proto/format/age.h"
#include "proto/format/hash.h"

struct age_stream {
	EVP_CIPHER_CTX *context;
	bool sealing, ended, broken;
	uint64_t counter;
};

void age_stream_free(struct age_stream *stream)
{
	if (!stream)
		return;
	EVP_CIPHER_CTX_free(stream->context); /* wipes its key */
	free(stream);
}

void age_stream_freep(struct age_stream **stream)
{
	age_stream_free(*stream);
	*stream = NULL;
}

static int stream_new(const uint8_t *file_key, const uint8_t *nonce,
    bool sealing, struct age_stream **ret_stream)
{
	struct age_stream *stream = calloc(1, sizeof *stream);
	uint8_t key[32];
	int r;

	if (!stream)
		return -ENOMEM;
	stream->sealing = sealing;
	stream->context = EVP_CIPHER_CTX_new();
	r = stream->context ? 0 : -ENOMEM;
	if (r == 0)
		r = hash_hkdf_sha256(span_of(file_key, AGE_FILE_KEY_BYTES),
		    span_of(nonce, AGE_NONCE_BYTES), span_text("payload"), key,
		    sizeof key);
	if (r == 0 &&
	    EVP_CipherInit_ex(stream->context, EVP_chacha20_poly1305(), NULL,
		key, NULL, sealing) != 1)
		r = -ENOMEM;
	explicit_bzero(key, sizeof key);
	if (r < 0) {
		age_stream_free(stream);
		return r;
	}
	*ret_stream = stream;
	return 0;
}

int age_stream_seal(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    uint8_t ret_nonce[AGE_NONCE_BYTES], struct age_stream **ret_stream)
{
	uint8_t nonce[AGE_NONCE_BYTES];
	int r;

	if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
		return -EIO;
	r = stream_new(file_key, nonce, true, ret_stream);
	if (r == 0)
		memcpy(ret_nonce, nonce, sizeof nonce);
	return r;
}

int age_stream_open(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const uint8_t nonce[AGE_NONCE_BYTES], struct age_stream **ret_stream)
{
	return stream_new(file_key, nonce, false, ret_stream);
}

/* Set the nonce of the next chunk, and refuse what may not follow. */
static int next_chunk(struct age_stream *stream, size_t plain, bool last)
{
	uint8_t nonce[12] = {0};
	uint64_t counter = stream->counter;
	int i;

	if (stream->ended || plain > AGE_CHUNK_BYTES ||
	    (!last && plain != AGE_CHUNK_BYTES) ||
	    (plain == 0 && stream->counter != 0))
		return -EINVAL;
	for (i = 10; i >= 3; i--, counter >>= 8)
		nonce[i] = (uint8_t)counter;
	nonce[11] = last;
	stream->counter++;
	stream->ended = last;
	if (EVP_CipherInit_ex(
		stream->context, NULL, NULL, NULL, nonce, stream->sealing) != 1)
		return -EIO;
	return 0;
}

/* Run ${len} bytes through the cipher; opening, the tag is set and checked. */
static bool run(
    struct age_stream *stream, const uint8_t *in, size_t len, uint8_t *out)
{
	int n = 0, more = 0;

	if (len > 0 &&
	    EVP_CipherUpdate(stream->context, out, &n, in, (int)len) != 1)
		return false;
	return EVP_CipherFinal_ex(stream->context, out + n, &more) == 1 &&
	       (size_t)n + (size_t)more == len;
}

int age_stream_seal_chunk(struct age_stream *stream, const uint8_t *in,
    size_t len, bool last, uint8_t *out)
{
	int r;

	if (!stream->sealing || stream->broken)
		return -EINVAL;
	r = next_chunk(stream, len, last);
	if (r == 0 &&
	    (!run(stream, in, len, out) ||
		EVP_CIPHER_CTX_ctrl(stream->context, EVP_CTRL_AEAD_GET_TAG,
		    AGE_TAG_BYTES, out + len) != 1))
		r = -EIO;
	stream->broken = r == -EIO;
	return r;
}

int age_stream_open_chunk(struct age_stream *stream, const uint8_t *in,
    size_t len, bool last, uint8_t *out)
{
	size_t plain = len < AGE_TAG_BYTES ? 0 : len - AGE_TAG_BYTES;

	if (stream->sealing)
		return -EINVAL;
	if (!stream->broken && len >= AGE_TAG_BYTES &&
	    next_chunk(stream, plain, last) == 0 &&
	    EVP_CIPHER_CTX_ctrl(stream->context, EVP_CTRL_AEAD_SET_TAG,
		AGE_TAG_BYTES, (void *)(in + plain)) == 1 &&
	    run(stream, in, plain, out))
		return 0;
	/* The cipher wrote before it knew: nobody shall read that. */
	if (plain > 0)
		explicit_bzero(out, plain);
	stream->broken = true;
	return FORMAT_E_MISMATCH;
}

uint64_t age_payload_size(uint64_t plain)
{
	uint64_t chunks = (plain + AGE_CHUNK_BYTES - 1) / AGE_CHUNK_BYTES;

	if (chunks == 0)
		chunks = 1;
	return AGE_NONCE_BYTES + plain + chunks * AGE_TAG_BYTES;
}

int age_plain_size(uint64_t payload, uint64_t *ret_plain)
{
	const uint64_t sealed = AGE_CHUNK_BYTES + AGE_TAG_BYTES;
	uint64_t body, chunks;

	if (payload < AGE_NONCE_BYTES + AGE_TAG_BYTES ||
	    payload > FORMAT_INTEGER_MAX)
		return FORMAT_E_MALFORMED;
	body = payload - AGE_NONCE_BYTES;
	chunks = (body + sealed - 1) / sealed;
	if (age_payload_size(body - chunks * AGE_TAG_BYTES) != payload)
		return FORMAT_E_MALFORMED;
	*ret_plain = body - chunks * AGE_TAG_BYTES;
	return 0;
}

int age_payload_seal(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    struct span plain, struct buf *out)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	size_t start = out->len, done = 0, want;
	uint8_t *room;
	int r;

	r = buf_reserve(out, (size_t)age_payload_size(plain.len), &room);
	if (r == 0)
		r = age_stream_seal(file_key, room, &stream);
	if (r != 0)
		return r;
	out->len += AGE_NONCE_BYTES;
	do {
		want = plain.len - done < AGE_CHUNK_BYTES ? plain.len - done
							  : AGE_CHUNK_BYTES;
		r = age_stream_seal_chunk(stream,
		    want ? plain.data + done : NULL, want,
		    done + want == plain.len, out->data + out->len);
		out->len += want + AGE_TAG_BYTES;
		done += want;
	} while (r == 0 && done < plain.len);
	if (r < 0)
		out->len = start;
	return r;
}

int age_payload_open(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    struct span payload, struct buf *out)
{
	const size_t sealed = AGE_CHUNK_BYTES + AGE_TAG_BYTES;
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	size_t start = out->len, at = AGE_NONCE_BYTES, take;
	uint64_t plain;
	uint8_t *room;
	int r;

	if (age_plain_size(payload.len, &plain) != 0)
		return FORMAT_E_MISMATCH;
	r = buf_reserve(out, (size_t)plain, &room);
	if (r == 0)
		r = age_stream_open(file_key, payload.data, &stream);
	while (r == 0 && at < payload.len) {
		take = payload.len - at < sealed ? payload.len - at : sealed;
		r = age_stream_open_chunk(stream, payload.data + at, take,
		    at + take == payload.len, room);
		room += take - AGE_TAG_BYTES;
		out->len += take - AGE_TAG_BYTES;
		at += take;
	}
	if (r != 0) {
		explicit_bzero(out->data + start, out->len - start);
		out->len = start;
	}
	return r;
}
