/*
 * Passphrases, read from a descriptor into guarded memory.
 */
#ifndef EVIDENT_KEEPER_PASSPHRASE_H
#define EVIDENT_KEEPER_PASSPHRASE_H

#include "proto/format/bytes.h"

#define PASSPHRASE_MAX 4096

struct passphrase {
	size_t len;
	uint8_t bytes[PASSPHRASE_MAX + 2]; /* room to notice one too long */
};

enum {
	PASSPHRASE_E_BAD = 1, /* empty, too long, or it does not come */
};

/* Read all of ${fd}, a pipe or a memfd (which is read from its start), and cut
 * one LF off its end. 0, PASSPHRASE_E_BAD or -errno. The caller keeps ${fd}. */
int passphrase_read(int fd, struct passphrase **ret_passphrase);
/* Wipes. */
void passphrase_free(struct passphrase *passphrase);
void passphrase_freep(struct passphrase **passphrase);

#endif
