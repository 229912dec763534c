/*
 * Everything the client writes to standard error, answers for programs, and the
 * escaping of what strangers wrote before it reaches a terminal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"
#include "proto/format/content_json.h"
#include "proto/format/text.h"

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
	fprintf(
	    stderr, "evident: error: line %llu: ", (unsigned long long)line);
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

int say_end(int code, const char *hint)
{
	const bool left = fflush(stdout) == 0;
	const int why = left ? EIO : errno;

	if (left && !ferror(stdout))
		return code;
	say_error("not all of the answer could be printed:", strerror(why));
	say_hint(hint);
	return code == 0 ? EXIT_FAILED : code;
}

static int add_part(const char *part, size_t len, void *out)
{
	return buf_append(out, part, len);
}

/* jansson needs memory as it goes: what is printed as it goes may be cut. */
int say_json(const json_t *json)
{
	struct buf text = {0};
	int r = -1;

	if (json && !content_json_lacked())
		r = json_dump_callback(json, add_part, &text, JSON_COMPACT);
	if (r == 0)
		r = buf_append_text(&text, "\n");
	if (r == 0)
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	if (r == 0)
		return 0;
	say_error(
	    "out of memory for the answer: nothing of it was printed", NULL);
	say_hint("nothing stored is lost, and what was asked may be done: look "
		 "before you try again");
	return EXIT_FAILED;
}

/* Nothing in it has to be escaped, so it can be said without memory. */
static bool is_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '\\')
			return false;
	return true;
}

void say_safely(FILE *stream, const char *text, size_t len, bool lines)
{
	struct buf out = {0};

	if (is_plain(text, len)) {
		fwrite(text, 1, len, stream);
		return;
	}
	/* Nobody may take a part for the whole. */
	if (text_escape(span_of(text, len), lines ? "" : NULL, &out) < 0) {
		fputs("evident: error: out of memory\n", stderr);
		exit(EXIT_FAILED);
	}
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stream);
	buf_free(&out);
}

void say_progress(const char *what, uint64_t done, uint64_t total)
{
	static const char full[] = "##############################";
	const uint64_t width = sizeof full - 1;
	int filled;

	if (!isatty(STDERR_FILENO))
		return;
	if (total == 0) {
		fprintf(
		    stderr, "\r%s %llu\033[K", what, (unsigned long long)done);
	} else {
		filled = (int)(done >= total ? width : done * width / total);
		fprintf(stderr, "\r%s [%-*.*s] %3d%%\033[K", what, (int)width,
		    filled, full,
		    (int)(done >= total ? 100 : done * 100 / total));
	}
	(void)fflush(stderr);
	bar_shown = true;
}
