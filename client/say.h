/*
 * How the client speaks: one line on standard error for what went wrong, an
 * optional hint, a bar while long work runs, and never a byte that could act
 * on the terminal.
 */
#ifndef EVIDENT_CLIENT_SAY_H
#define EVIDENT_CLIENT_SAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* "evident: error: TEXT 'SUBJECT'"; ${subject} may be NULL. */
void say_error(const char *text, const char *subject);
void say_error_line(const char *text, uint64_t line);
void say_hint(const char *text);
void say_warning(const char *text);
/* As say_error(), answering EXIT_USAGE. */
int say_usage(const char *text, const char *subject);
/* At the end: ${code}, or EXIT_FAILED and why when not all that was printed
 * has left. ${hint} is what stays true all the same, and what to do. */
int say_end(int code, const char *hint);

/* Print ${json} and a line feed; EXIT_FAILED after saying why, with nothing
 * printed, when it is NULL or lacks what there was no memory for. */
int say_json(const json_t *json);

/* Write text of others to ${stream}: control characters, bidirectional
 * controls and bad UTF-8 come out as visible escapes. LF is kept only where
 * ${lines} is set. */
void say_safely(FILE *stream, const char *text, size_t len, bool lines);

/* A bar on standard error when that is a terminal, else nothing. */
void say_progress(const char *what, uint64_t done, uint64_t total);
void say_progress_end(void);

#endif
