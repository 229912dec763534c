/*
 * Keys by brute force. Each trial decrypts a few bytes and asks whether they
 * are what they should be: microseconds, so that every offset of every page can
 * be tried. Windows that a page had at the same offset in an earlier copy are
 * tried once.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* several times faster than EVP here */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/veil.h"
#include "daemon/store/seal.h"
#include "tests/scenario/open_keys.h"

#define ROW_NONCE 24
#define WRAP_SEALED (8 + SLOT_SEALED)

size_t oracle_bytes(enum oracle_kind kind)
{
	static const size_t bytes[ORACLE_KINDS] = {
	    [ORACLE_PAYLOAD] = 16 + 2 * KNOWN,
	    [ORACLE_ROW] = ROW_NONCE + 2 * KNOWN,
	    [ORACLE_VEIL] = 2 * KNOWN,
	    [ORACLE_SLOT] = ROW_NONCE + 2 * KNOWN,
	};

	return bytes[kind];
}

static void start_hmac(const uint8_t *key, size_t len, SHA256_CTX *ret_inner,
    SHA256_CTX *ret_outer)
{
	uint8_t block[SHA256_CBLOCK] = {0};
	size_t i;

	memcpy(block, key, len);
	for (i = 0; i < sizeof block; i++)
		block[i] ^= 0x36;
	SHA256_Init(ret_inner);
	SHA256_Update(ret_inner, block, sizeof block);
	for (i = 0; i < sizeof block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(ret_outer);
	SHA256_Update(ret_outer, block, sizeof block);
}

static void end_hmac(SHA256_CTX inner, SHA256_CTX outer, const uint8_t *text,
    size_t len, uint8_t ret_mac[32])
{
	SHA256_Update(&inner, text, len);
	SHA256_Final(ret_mac, &inner);
	SHA256_Update(&outer, ret_mac, 32);
	SHA256_Final(ret_mac, &outer);
}

void oracle_prepare(struct oracle *oracle)
{
	start_hmac(oracle->bytes, 16, &oracle->inner, &oracle->outer);
}

/* --- one key ------------------------------------------------------------ */

/* age: HKDF-SHA256(file key, nonce, "payload"), then chunk 0, which may be the
 * last one; the stream's block 1 is the first of the text. */
static bool opens_payload(const uint8_t *key, const struct oracle *oracle)
{
	uint8_t prk[32], stream[32], nonce[12] = {0}, clear[KNOWN];
	SHA256_CTX inner, outer;
	int last;

	end_hmac(oracle->inner, oracle->outer, key, 16, prk);
	start_hmac(prk, sizeof prk, &inner, &outer);
	end_hmac(inner, outer, (const uint8_t *)"payload\1", 8, stream);
	for (last = 0; last < 2; last++) {
		nonce[11] = (uint8_t)last;
		crypto_stream_chacha20_ietf_xor_ic(
		    clear, oracle->bytes + 16, KNOWN, nonce, 1, stream);
		if (memcmp(clear, oracle->bytes + 16 + KNOWN, KNOWN) == 0)
			return true;
	}
	return false;
}

static bool opens_row(const uint8_t *key, const uint8_t *bytes)
{
	uint8_t clear[KNOWN];

	crypto_stream_xchacha20_xor_ic(
	    clear, bytes + ROW_NONCE, KNOWN, bytes, 1, key);
	return memcmp(clear, bytes + ROW_NONCE + KNOWN, KNOWN) == 0;
}

static bool opens_veil(const uint8_t *key, const uint8_t *bytes)
{
	const uint8_t nonce[12] = {0};
	uint8_t clear[KNOWN];

	crypto_stream_chacha20_ietf_xor_ic(clear, bytes, KNOWN, nonce, 0, key);
	return memcmp(clear, bytes + KNOWN, KNOWN) == 0;
}

/* What seal_put() sealed, into ${ret_clear}, or nothing. */
static bool opens(const uint8_t *key, const char *purpose,
    const uint8_t *sealed, size_t len, uint8_t *ret_clear)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_clear, NULL, NULL,
		   sealed + ROW_NONCE, len - ROW_NONCE,
		   (const uint8_t *)purpose, strlen(purpose), sealed, key) == 0;
}

static bool opens_oracle(const uint8_t *key, const struct oracle *oracle)
{
	if (oracle->kind == ORACLE_PAYLOAD)
		return opens_payload(key, oracle);
	if (oracle->kind == ORACLE_VEIL)
		return opens_veil(key, oracle->bytes);
	return opens_row(key, oracle->bytes);
}

/* --- every window ------------------------------------------------------- */

struct window_trial {
	struct trial *trial;
	bool wide; /* 32 bytes, else 16 */
};

static void try_window(void *context, const struct piece *piece, size_t at)
{
	const struct window_trial *window = context;
	const struct oracle *oracle;
	size_t i;

	for (i = 0; i < window->trial->count; i++) {
		oracle = &window->trial->oracles[i];
		if (window->wide == (oracle->kind != ORACLE_PAYLOAD) &&
		    (!window->wide || piece->kind == PIECE_OPENED ||
			oracle->home == piece->home) &&
		    opens_oracle(piece->bytes + at, oracle))
			window->trial->hits[oracle->record][oracle->kind]++;
	}
}

void keys_try_windows(const struct pool *pool, struct trial *trial)
{
	struct window_trial narrow = {.trial = trial},
			    wide = {.trial = trial, .wide = true};
	size_t i;

	for (i = 0; i < pool->count; i++) {
		if (pool->pieces[i]->kind == PIECE_FILE)
			continue;
		trial->windows +=
		    pool_windows(pool->pieces[i], 16, try_window, &narrow);
		trial->windows +=
		    pool_windows(pool->pieces[i], 32, try_window, &wide);
	}
}

/* --- keys of the keys file ---------------------------------------------- */

static bool is_small_file(const struct piece *piece)
{
	return piece->kind == PIECE_FILE && !strstr(piece->name, "objects/") &&
	       !strstr(piece->name, ".db");
}

static void open_windows(struct pool *pool, size_t home, const uint8_t *key,
    const char *purpose, size_t head)
{
	const size_t size = head + SLOT_SEALED;
	uint8_t clear[8 + SEAL_KEY_BYTES];
	const struct piece *piece;
	size_t i, at, count = pool->count;

	for (i = 0; i < count; i++) {
		piece = pool->pieces[i];
		if (piece->home != home || !is_small_file(piece))
			continue;
		for (at = 0; at + size <= piece->len; at++)
			if (opens(key, purpose, piece->bytes + at, size, clear))
				pool_add(pool, PIECE_OPENED, home, purpose,
				    span_of(clear + head, SEAL_KEY_BYTES));
	}
}

void keys_open_slots(struct pool *pool)
{
	size_t home, i, count;

	for (home = 0; home < pool->home_count; home++) {
		count = pool->count;
		open_windows(pool, home, pool->homes[home].keys->storage_key,
		    "keys.wrap", 8);
		for (i = count; i < pool->count; i++)
			if (strcmp(pool->pieces[i]->name, "keys.wrap") == 0)
				open_windows(pool, home, pool->pieces[i]->bytes,
				    "slot", 0);
	}
}

/* --- rows --------------------------------------------------------------- */

struct carving {
	struct pool *pool;
	const uint8_t *key; /* of a record */
	size_t texts;
};

/* The text that may begin here, as far as this page goes. */
static void carve_at(void *context, const struct piece *piece, size_t at)
{
	static const char entry[] = "evident entry v1",
			  header[] = "age-encryption.org/v1";
	struct carving *carving = context;
	const uint8_t *sealed = piece->bytes + at;
	size_t len = piece->len - at - ROW_NONCE;
	uint8_t head[32], *clear;

	crypto_stream_xchacha20_xor_ic(
	    head, sealed + ROW_NONCE, sizeof head, sealed, 1, carving->key);
	if (memcmp(head + 4, entry, sizeof entry - 1) != 0 &&
	    memcmp(head, header, sizeof header - 1) != 0)
		return;
	clear = malloc(len);
	if (!clear)
		stop("no memory");
	crypto_stream_xchacha20_xor_ic(
	    clear, sealed + ROW_NONCE, len, sealed, 1, carving->key);
	pool_add(carving->pool, PIECE_OPENED, piece->home, "carved",
	    span_of(clear, len));
	free(clear);
	carving->texts++;
}

size_t keys_carve(struct pool *pool)
{
	struct carving carving = {.pool = pool};
	size_t i, k, count = pool->count;

	for (k = 0; k < count; k++) {
		if (strcmp(pool->pieces[k]->name, "slot") != 0)
			continue;
		carving.key = pool->pieces[k]->bytes;
		for (i = 0; i < count; i++)
			if (pool->pieces[i]->kind == PIECE_PAGE &&
			    pool->pieces[i]->home == pool->pieces[k]->home)
				pool_windows(pool->pieces[i], ROW_NONCE + 32,
				    carve_at, &carving);
	}
	return carving.texts;
}
