/*
 * The configuration file: how a node behaves, and nothing secret or
 * identifying.
 */
#ifndef EVIDENT_BASE_CONFIG_H
#define EVIDENT_BASE_CONFIG_H

#include "proto/wire/messages.h"

#define CONFIG_NAME "evident.conf" /* in a home */
#define CONFIG_BYTES_MAX 65536

enum {
	CONFIG_E_REFUSED = 1,
	CONFIG_E_NONE = 2, /* there is no such file */
};

/* Read the file ${name}, relative to ${dir_fd} unless that is AT_FDCWD. 0, or
 * CONFIG_E_NONE, or CONFIG_E_REFUSED after naming file, line and fault on
 * standard error. */
int config_read(
    int dir_fd, const char *name, struct wire_sup_start *ret_settings);
/* That of the home ${dir_fd}, else that of the machine, else the defaults. 0 or
 * CONFIG_E_REFUSED, likewise. */
int config_find(int dir_fd, struct wire_sup_start *ret_settings);

#endif
