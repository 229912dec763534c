/*
 * Passphrases: from --passphrase-fd N, or typed on the terminal unseen. They
 * never stand in an argument, the environment or a file of ours.
 */
#ifndef EVIDENT_CLIENT_PASSPHRASE_H
#define EVIDENT_CLIENT_PASSPHRASE_H

#include "client/command.h"

#define PASSPHRASE_MAX 1024 /* bytes */

/* Answer a pipe that yields the passphrase once, to be handed to the daemon.
 * ${twice} asks for it again, for a new one. An exit code. */
int passphrase_get(const struct client *client, bool twice, int *ret_fd);

#endif
