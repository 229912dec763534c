/*
 * Reading the line formats of FORMAT.md strictly: ASCII, LF, one SP between
 * words, a final LF. The reader never copies.
 */
#ifndef EVIDENT_FORMAT_LINES_H
#define EVIDENT_FORMAT_LINES_H

#include "proto/format/bytes.h"

struct lines {
	struct span rest;
	unsigned number; /* of the line read last, from 1 */
};

struct line {
	struct span key;   /* the first word */
	struct span value; /* all after the first SP; empty without one */
};

void lines_begin(struct lines *lines, struct span text);
bool lines_at_end(const struct lines *lines);
/* The whole next line without its LF, any bytes but LF; FORMAT_E_MALFORMED
 * when none is left or no LF ends it. */
int lines_next_raw(struct lines *lines, struct span *ret_line);
/* The next line, printable ASCII (0x20..0x7e) only, split at its first SP;
 * no SP at either end and no two in a row. */
int lines_next(struct lines *lines, struct line *ret_line);
/* Whether the next line's first word is ${key}; consumes nothing. */
bool lines_peek(const struct lines *lines, const char *key);
/* The value of the next line, whose key must be ${key}. */
int lines_expect(struct lines *lines, const char *key, struct span *ret_value);
/* The next line must be exactly ${text}. */
int lines_expect_exact(struct lines *lines, const char *text);
/* Cut the first SP-separated word off ${words}; FORMAT_E_MALFORMED when there
 * is none. */
int words_next(struct span *words, struct span *ret_word);

#endif
