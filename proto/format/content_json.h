/*
 * The JSON of contents in its one spelling (FORMAT.md, 4.1). Private to
 * content*.c, but for reading, and for whether jansson lacked memory.
 */
#ifndef EVIDENT_FORMAT_CONTENT_JSON_H
#define EVIDENT_FORMAT_CONTENT_JSON_H

#include <jansson.h>

#include "proto/format/bytes.h"

#define CONTENT_VALUE_DEPTH 8 /* arrays and objects inside one another */

/* Let jansson wipe what it frees and take its seed from us. To be called before
 * values are made; content_json_read() and _load() see to that, too. */
void content_json_begin(void);
/* Whether jansson lacked memory for anything since content_json_begin() was
 * last called: what was made meanwhile may lack it, too. */
bool content_json_lacked(void);
/* The same where several make values by turns: begin, and answer how often
 * jansson lacked memory so far. When that has grown, what was made meanwhile
 * may lack something. */
uint64_t content_json_lacks(void);
/* Parse ${text} with jansson's ${flags}: 0, FORMAT_E_MALFORMED, or -ENOMEM,
 * also where jansson itself would leave out what it had no memory for. The
 * caller owns ${ret_json}. */
int content_json_read(struct span text, size_t flags, json_t **ret_json);
/* Parse ${text} and check it: UTF-8, no U+0000, no real number, integers of at
 * most 2^53-1 either way, no duplicate member, at most ${depth} arrays and
 * objects inside one another. FORMAT_E_MALFORMED when it breaks a rule; any
 * spelling is taken. The caller owns ${ret_json}. */
int content_json_load(struct span text, unsigned depth, json_t **ret_json);
/* Append ${json} in its one spelling. */
int content_json_dump(const json_t *json, struct buf *out);

#endif
