/*
 * verify, of a leaves file.
 */
#ifndef EVIDENT_CLIENT_VERIFY_LEAVES_H
#define EVIDENT_CLIENT_VERIFY_LEAVES_H

#include "client/command.h"

/* Judge the regular file at ${path} by a file of signers, look for a record by
 * its whole id, and print it. An exit code. */
int verify_leaves(struct client *client, const char *path,
    const char *signers_path_or_null, const char *record_or_null);

#endif
