/*
 * The JSON of contents in its one spelling (FORMAT.md, 4.1). Private to
 * content*.c.
 */
#ifndef EVIDENT_FORMAT_CONTENT_JSON_H
#define EVIDENT_FORMAT_CONTENT_JSON_H

#include <jansson.h>

#include "proto/format/bytes.h"

/* Parse ${text} and check it: UTF-8, no U+0000, no real number, no duplicate
 * member, depth at most 8. NULL when it breaks a rule. Any spelling is taken. */
json_t *content_json_load(struct span text);
/* Append ${value} in its one spelling. */
int content_json_dump(const json_t *value, struct buf *out);

#endif
