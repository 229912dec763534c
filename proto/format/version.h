/*
 * The first line of every format: its name and version. Private to this room.
 */
#ifndef EVIDENT_FORMAT_VERSION_H
#define EVIDENT_FORMAT_VERSION_H

#include "proto/format/lines.h"

/* Take the first line, which must be ${name} " v1". FORMAT_E_UNKNOWN when it
 * is ${name} with a later version; FORMAT_E_MALFORMED for anything else. */
int version_take(struct lines *lines, const char *name);

#endif
