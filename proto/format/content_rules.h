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

/* Names whose values have rules; those that are asked for by number. */
enum {
	CONTENT_KIND,
	CONTENT_TIME,
	CONTENT_AFTER,
	CONTENT_ORIGIN,
	CONTENT_SUBJECT,
	CONTENT_RECORD,
	CONTENT_RULES = 14,
};

struct content_kind {
	const char *name;
	size_t subjects_min, subjects_max;
};

int content_check_name(struct span name);
/* The kind of that name, or NULL. */
const struct content_kind *content_kind(struct span name);
/* Whether a value may stand under a name that has rules. */
int content_check_known(
    const char *name, const json_t *value, const char **ret_why);
/* ${found} counts, for each of CONTENT_RULES names, how often it stands. */
bool content_may_stand_again(const size_t *found, const char *name);
void content_count(size_t *found, const char *name);
int content_check_counts(const size_t *found,
    const struct content_kind *kind_or_null, const char **ret_why);
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
