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
#define CONTENT_LINES_MIN 16
#define CONTENT_ONCE 3 /* names that stand exactly once */

int content_check_name(struct span name);
/* Which of the names that stand exactly once ${name} is, or CONTENT_ONCE. */
size_t content_find_once(const char *name);
/* Whether ${value} is allowed for a field named ${name}. */
int content_check_value(
    const char *name, const json_t *value, const char **ret_why);
/* The lines that must be there once, no salt twice, enough decoys. */
int content_check_lines(const struct content *content, const char **ret_why);
int content_take_attachment(
    const json_t *json, struct content_attachment *ret_attachment);
/* Whether a content may have so many lines: a power of two, from 16. */
bool content_count_is_valid(size_t count);
/* The length due for a content that is ${used} bytes without padding. */
size_t content_padded_length(size_t used);

#endif
