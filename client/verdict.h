/*
 * How a verdict is told: to a program, to a person at a terminal, and as a page
 * to print. All three say what verdict_json() says.
 */
#ifndef EVIDENT_CLIENT_VERDICT_H
#define EVIDENT_CLIENT_VERDICT_H

#include <jansson.h>
#include <stdio.h>

#include "proto/bag/bag.h"

/* Everything that can be said of a judged bag, as one object the caller
 * releases; NULL without memory. Times of witnesses are RFC 3339 in UTC.
 * ${exporter_or_null} counts as no witness. */
json_t *verdict_json(const struct bag_verdict *verdict,
    const struct author_id *exporter_or_null);
/* For a person, on standard output. */
void verdict_print(const json_t *json);
/* One page (HTML, no script, nothing from elsewhere) to ${file}. -errno. */
int verdict_page(
    const json_t *json, const struct bag_claims *claims, FILE *file);
/* Of such an object or one in it: a text, or "" where there is none; a number;
 * whether something is true. */
const char *verdict_field(const json_t *json, const char *key);
long long verdict_number(const json_t *json, const char *key);
bool verdict_says(const json_t *json, const char *key);
/* "0, 3-5" of pairs of first and last. */
void verdict_ranges(const json_t *ranges, FILE *file);

#endif
