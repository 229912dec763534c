/*
 * From a passphrase to keys in memory, and back to none.
 *
 *	locked --CREATE--> pending --COMMIT--> unlocked
 *	  |  <--RESUME, UNLOCK--'                 |
 *	  '-------------UNLOCK------------------->'
 *
 * CREATE writes keyring.new and holds its keys, so that the store can make the
 * database that these keys seal; COMMIT, which the store asks for when that is
 * durable, gives the keyring its name. Until then nothing exists, and a store
 * that comes back (RESUME) finds the keeper locked and nothing half-made.
 *
 * UNLOCK does all of Argon2id's work whatever the state, so an unlocked node
 * still tells a right passphrase from a wrong one, and at the same price.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/keeper/keeper.h"
#include "daemon/keeper/passphrase.h"
#include "proto/format/sshsig.h"

static void derive_sign_key(const uint8_t seed[32], struct sign_key *ret_key)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(ret_key->bytes, secret, seed);
	sodium_memzero(secret, sizeof secret);
}

static int derive_public(
    const struct keyring_keys *keys, struct keeper_public *ret_public)
{
	struct keeper_public public;
	size_t i;
	int r;

	memset(&public, 0, sizeof public);
	derive_sign_key(keys->author_seed, &public.author);
	derive_sign_key(keys->transport_seed, &public.transport);
	sign_key_author(&public.author, &public.author_id);
	r = age_identity_recipient(&keys->bundle, &public.bundle);
	for (i = 0; r == 0 && i < keys->reader_count; i++)
		r = age_identity_recipient(
		    &keys->readers[i], &public.readers[i]);
	if (r == 0)
		*ret_public = public;
	return r;
}

/* Take ${keys} over; they are on trial (pending) until the COMMIT. */
static int adopt_keys(
    struct keeper *keeper, struct keyring_keys **keys, bool pending)
{
	struct keeper_public public;
	int r;

	r = *keys ? derive_public(*keys, &public) : -EINVAL;
	if (r != 0)
		return r < 0 ? r : WIRE_CODE_CORRUPT;
	unlock_forget(keeper);
	keeper->keys = *keys;
	*keys = NULL;
	keeper_touch(keeper);
	keeper->public = public;
	keeper->pending = pending;
	return 0;
}

static int answer_keys(struct keeper *keeper)
{
	struct wire_keeper_keys answer = {
	    .author = keeper->public.author,
	    .transport = keeper->public.transport,
	    .bundle = keeper->public.bundle,
	    .log = keeper->keys->log,
	    .readers = {keeper->public.readers, keeper->keys->reader_count},
	    .flags = keeper->keys->flags,
	};
	int r;

	memcpy(answer.storage_key.bytes, keeper->keys->storage_key, 32);
	memcpy(answer.file_id.bytes, keeper->keys->file_id, 16);
	memcpy(answer.transport_seed.bytes, keeper->keys->transport_seed, 32);
	r = keeper_answer(keeper, WIRE_KEEPER_KEYS, &answer);
	sodium_memzero(&answer, sizeof answer);
	return r;
}

int unlock_answer_changed(struct keeper *keeper)
{
	int r = derive_public(keeper->keys, &keeper->public);

	return r == 0 ? answer_keys(keeper) : r < 0 ? r : WIRE_CODE_CORRUPT;
}

static int read_passphrase(
    struct wire_frame *frame, struct passphrase **ret_passphrase)
{
	int fd = wire_frame_take_fd(frame, 0), r;

	if (fd < 0)
		return WIRE_CODE_BAD_REQUEST;
	r = passphrase_read(fd, ret_passphrase);
	close(fd);
	return r > 0 ? WIRE_CODE_INPUT : r;
}

static struct span passphrase_span(const struct passphrase *passphrase)
{
	return span_of(passphrase->bytes, passphrase->len);
}

static void drop_pending(struct keeper *keeper)
{
	if (!keeper->pending)
		return;
	unlock_forget(keeper);
	keyring_discard_new(keeper->service.home_fd);
}

static int create_keyring(struct keeper *keeper,
    const struct keyring_keys *keys, const struct passphrase *passphrase)
{
	uint8_t image[KEYRING_BYTES];
	int r;

	r = keyring_seal(
	    keys, passphrase_span(passphrase), keyring_default_cost(), image);
	if (r != 0)
		return r;
	return keyring_store_new(keeper->service.home_fd, image);
}

int unlock_create(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	_cleanup_(passphrase_freep) struct passphrase *passphrase = NULL;
	_cleanup_(keyring_keys_freep) struct keyring_keys *keys = NULL;
	int r;

	if (keyring_exists(keeper->service.home_fd))
		return WIRE_CODE_REFUSED;
	drop_pending(keeper);
	r = read_passphrase(frame, &passphrase);
	if (r != 0)
		return r;
	keys = keyring_keys_new();
	if (!keys)
		return -ENOMEM;
	keyring_keys_draw(keys, message->create.with_reader != 0);
	r = create_keyring(keeper, keys, passphrase);
	if (r == 0)
		r = adopt_keys(keeper, &keys, true);
	return r == 0 ? answer_keys(keeper) : r;
}

int unlock_commit(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct wire_empty done = {0};
	int r;

	(void)message;
	(void)frame;
	if (!keeper->pending)
		return WIRE_CODE_REFUSED;
	r = keyring_commit_new(keeper->service.home_fd);
	if (r < 0)
		return r;
	keeper->pending = false;
	return keeper_answer(keeper, WIRE_KEEPER_DONE, &done);
}

/* Into fresh guarded memory: 0, a wire_code or -errno. */
static int open_keyring(struct keeper *keeper, struct span passphrase,
    struct keyring_keys **ret_keys)
{
	_cleanup_(keyring_keys_freep) struct keyring_keys *keys = NULL;
	uint8_t image[KEYRING_BYTES];
	int r;

	r = keyring_load(keeper->service.home_fd, image);
	if (r == 0) {
		keys = keyring_keys_new();
		if (!keys)
			return -ENOMEM;
		r = keyring_open(image, passphrase, keys);
	}
	switch (r) {
	case 0:
		*ret_keys = keys;
		keys = NULL;
		return 0;
	case KEYRING_E_PASSPHRASE:
		return WIRE_CODE_PASSPHRASE;
	case KEYRING_E_CORRUPT:
		return WIRE_CODE_CORRUPT;
	case KEYRING_E_NONE:
		return WIRE_CODE_NOT_FOUND;
	}
	return r;
}

int unlock_check(struct keeper *keeper, struct span passphrase)
{
	_cleanup_(keyring_keys_freep) struct keyring_keys *keys = NULL;

	return open_keyring(keeper, passphrase, &keys);
}

int unlock_open(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	_cleanup_(passphrase_freep) struct passphrase *passphrase = NULL;
	_cleanup_(keyring_keys_freep) struct keyring_keys *keys = NULL;
	int r;

	(void)message;
	drop_pending(keeper);
	r = read_passphrase(frame, &passphrase);
	if (r == 0)
		r = open_keyring(keeper, passphrase_span(passphrase), &keys);
	/* Keys that are held already stay, with what is known of the log. */
	if (r == 0 && !keeper->keys)
		r = adopt_keys(keeper, &keys, false);
	return r == 0 ? answer_keys(keeper) : r;
}

int unlock_resume(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	(void)message;
	(void)frame;
	drop_pending(keeper);
	return keeper->keys ? answer_keys(keeper) : WIRE_CODE_LOCKED;
}

void unlock_forget(struct keeper *keeper)
{
	keyring_keys_freep(&keeper->keys);
	keeper->pending = false;
	memset(&keeper->public, 0, sizeof keeper->public);
	memset(&keeper->log, 0, sizeof keeper->log);
	keeper->has_drawn = false;
}
