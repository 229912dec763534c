/*
 * The supervisor: starts the daemon's processes, connects them, and decides
 * what the death of one means.
 */
#ifndef EVIDENT_SUPERVISE_H
#define EVIDENT_SUPERVISE_H

#include "daemon/base/home.h"
#include "proto/wire/messages.h"

/* Run until told to stop. Answers the exit code: 0 for a clean stop, 1 when
 * the processes cannot be kept alive. The caller keeps
 * ${home}; its key goes to the first store and to no other. */
int supervise_run(struct home *home, const struct wire_sup_start *settings);

#endif
