/*
 * The daemon's log: one line an event, to standard error, as the journal takes
 * it ("<4>store: ..."). A line is made of a fixed text and numbers only: no
 * function here accepts a name, a path, an address or bytes, so nothing of
 * that kind can get into a log.
 */
#ifndef EVIDENT_BASE_LOG_H
#define EVIDENT_BASE_LOG_H

#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7, /* only with EVIDENTD_DEBUG set */
};

/* Name the process in every line; ${role} is a literal. */
void log_begin(const char *role);
/* ${text} must be a string literal. */
void log_event(enum log_level level, const char *text);
void log_number(enum log_level level, const char *text, int64_t number);

#endif
