/*
 * The rules of fields that reading and building share. Private to content*.c.
 */
#ifndef EVIDENT_FORMAT_CONTENT_RULES_H
#define EVIDENT_FORMAT_CONTENT_RULES_H

#include <jansson.h>

#include "proto/format/content.h"

#define CONTENT_SALT_BYTES 16
#define CONTENT_SALT_DIGITS 22
#define CONTENT_DIGEST_DIGITS 43
#define CONTENT_DECOYS_FROM 16 /* the least number of lines */

int content_check_name(struct span name);
/* Whether ${value} is allowed for a field named ${name}. */
int content_check_value(
    const char *name, const json_t *value, const char **ret_why);
/* The lines that must be there once, no salt twice, enough decoys. */
int content_check_lines(
    const struct content *content, const char **ret_why);
int content_take_attachment(
    const json_t *json, struct content_attachment *ret_attachment);
/* The length due for a content that is ${used} bytes without padding. */
size_t content_padded_length(size_t used);

#endif
