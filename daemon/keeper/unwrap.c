/*
 * Unwrapping: 64 bytes of a stanza for the file key inside.
 *
 * The keeper sees no age header and no content, only shares and bodies, and
 * answers the first that opens under any of its identities. Which identity it
 * was stays here.
 */
#include <sodium.h>

#include "daemon/keeper/keeper.h"

/* 0, FORMAT_E_* when none fits, or -errno: that is no word on the stanza. */
static int try_identities(const struct keyring_keys *keys,
    const struct age_stanza *stanza, uint8_t ret_key[AGE_FILE_KEY_BYTES])
{
	size_t i;
	int r = FORMAT_E_MISMATCH;

	for (i = 0; r > 0 && i < keys->reader_count; i++)
		r = age_stanza_unwrap(&keys->readers[i], stanza, ret_key);
	if (r > 0)
		r = age_stanza_unwrap(&keys->bundle, stanza, ret_key);
	return r;
}

int unwrap_stanzas(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct wire_keeper_unwrap *request = &message->unwrap;
	struct wire_keeper_file_key answer = {0};
	size_t i;
	int r;

	(void)frame;
	if (request->stanzas.count > AGE_STANZAS_MAX)
		return WIRE_CODE_BAD_REQUEST;
	for (i = 0; i < request->stanzas.count; i++) {
		r = try_identities(
		    keeper->keys, &request->stanzas.items[i], answer.key.bytes);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		answer.stanza = i;
		r = keeper_answer(keeper, WIRE_KEEPER_FILE_KEY, &answer);
		sodium_memzero(&answer, sizeof answer);
		return r;
	}
	return WIRE_CODE_NO_KEY;
}
