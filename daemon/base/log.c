/*
 * The log: fixed texts and numbers to standard error.
 *
 * A line is composed in one buffer and written by one write(), so that the
 * lines of several processes on one descriptor never mix. The level in front,
 * "<4>", is what the journal takes for the priority. Nothing here allocates
 * or fails: a log that cannot be written is given up in silence, since no
 * testimony must be lost over it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/log.h"

#define LOG_LINE_MAX 256

static const char *log_role = "evidentd";
static bool log_debug;

static bool log_is_wanted(enum log_level level)
{
	return level < LOG_LEVEL_DEBUG || log_debug;
}

static void write_line(char *line, int len)
{
	ssize_t done;

	if (len < 0)
		return;
	if (len >= LOG_LINE_MAX) {
		len = LOG_LINE_MAX - 1;
		line[len - 1] = '\n';
	}
	done = write(STDERR_FILENO, line, (size_t)len);
	(void)done;
}

void log_begin(const char *role)
{
	log_role = role;
	log_debug = getenv("EVIDENTD_DEBUG") != NULL;
}

void log_event(enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX];

	if (!log_is_wanted(level))
		return;
	write_line(line, snprintf(line, sizeof line, "<%d>%s: %s\n", (int)level,
			     log_role, text));
}

void log_number(enum log_level level, const char *text, int64_t number)
{
	char line[LOG_LINE_MAX];

	if (!log_is_wanted(level))
		return;
	write_line(line, snprintf(line, sizeof line, "<%d>%s: %s: %lld\n",
			     (int)level, log_role, text, (long long)number));
}
