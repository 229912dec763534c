/*
 * Everything the client writes to standard error, and the escaping of what
 * strangers wrote before it reaches a terminal.
 *
 * A testimony may hold escape sequences, right-to-left overrides or bytes that
 * are no UTF-8. Printed raw, they could hide words from the person who reads
 * or make a terminal act; so each such character is shown as \u{HEX} or \x{HEX}.
 */
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"

static bool bar_shown;

void say_progress_end(void)
{
	if (bar_shown)
		fputs("\r\033[K", stderr);
	bar_shown = false;
}

void say_error(const char *text, const char *subject)
{
	say_progress_end();
	fprintf(stderr, "evident: error: ");
	say_safely(stderr, text, strlen(text), false);
	if (subject) {
		fputs(" '", stderr);
		say_safely(stderr, subject, strlen(subject), false);
		fputc('\'', stderr);
	}
	fputc('\n', stderr);
}

void say_error_line(const char *text, uint64_t line)
{
	say_progress_end();
	fprintf(stderr, "evident: error: line %llu: ",
	    (unsigned long long)line);
	say_safely(stderr, text, strlen(text), false);
	fputc('\n', stderr);
}

void say_hint(const char *text)
{
	fputs("hint: ", stderr);
	say_safely(stderr, text, strlen(text), false);
	fputc('\n', stderr);
}

void say_warning(const char *text)
{
	say_progress_end();
	fputs("evident: warning: ", stderr);
	say_safely(stderr, text, strlen(text), false);
	fputc('\n', stderr);
}

int say_usage(const char *text, const char *subject)
{
	say_error(text, subject);
	return EXIT_USAGE;
}

/* Decode one character: its length, or 0 when the bytes are no UTF-8. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need = s[0] < 0x80 ? 1 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
	    : s[0] >= 0xe0 && s[0] < 0xf0			    ? 3
	    : s[0] >= 0xc2 && s[0] < 0xe0			    ? 2
								    : 0;
	uint32_t point = need == 1 ? s[0] : s[0] & (0x7f >> need);
	size_t i;

	if (need == 0 || need > len)
		return 0;
	for (i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[need] || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret_point = point;
	return need;
}

/* Controls of the terminal and of text direction, and invisible characters. */
static bool acts(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	    point == 0x61c || (point >= 0x200b && point <= 0x200f) ||
	    (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
	    (point >= 0xfff9 && point <= 0xfffb) ||
	    (point >= 0xe0000 && point <= 0xe007f);
}

void say_safely(FILE *stream, const char *text, size_t len, bool lines)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t point;
	size_t n;

	while (len > 0) {
		n = decode(s, len, &point);
		if (n == 0) {
			fprintf(stream, "\\x{%02x}", s[0]);
			n = 1;
		} else if (acts(point) &&
		    !(lines && (point == '\n' || point == '\t'))) {
			fprintf(stream, "\\u{%x}", point);
		} else {
			fwrite(s, 1, n, stream);
		}
		s += n;
		len -= n;
	}
}

void say_progress(const char *what, uint64_t done, uint64_t total)
{
	static const char full[] = "##############################";
	const uint64_t width = sizeof full - 1;
	int filled;

	if (!isatty(STDERR_FILENO))
		return;
	if (total == 0) {
		fprintf(stderr, "\r%s %llu\033[K", what,
		    (unsigned long long)done);
	} else {
		filled = (int)(done >= total ? width
					     : done * width / total);
		fprintf(stderr, "\r%s [%-*.*s] %3d%%\033[K", what, (int)width,
		    filled, full,
		    (int)(done >= total ? 100 : done * 100 / total));
	}
	fflush(stderr);
	bar_shown = true;
}
