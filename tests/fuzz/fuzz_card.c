/*
 * card_parse(), and sshsig_read_signers() on the same bytes. A card that is
 * taken is written again to the byte, up to its signature.
 */
#include <string.h>

#include "proto/format/card.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"

static int check_signer(
    void *context, const struct sign_key *key, struct span principal)
{
	(void)context;
	(void)principal;
	CLAIM(sign_key_check(key) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	const char *why = NULL;
	struct buf again = {0};
	struct card card;
	int r;

	r = sshsig_read_signers(
	    bytes, SSHSIG_NAMESPACE_ENTRY, check_signer, NULL);
	CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	if (card_parse(bytes, &card, &why) != 0) {
		CLAIM(why);
		return 0;
	}
	CLAIM(card_build(&card, &again) == 0);
	CLAIM(again.len < size && memcmp(again.data, data, again.len) == 0);
	buf_free(&again);
	return 0;
}
