/*
 * import: many records from a file of JSON lines.
 *
 * Requests are sent ahead by a small window, so that the daemon seals on all
 * cores and commits many records with one fsync. A line out for each line in,
 * in the same order: the id, or "-" for a line that was refused and named on
 * standard error. Every id printed is on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/import_line.h"
#include "client/say.h"

#define WINDOW 32
#define LINE_MAX_BYTES (CTL_FIELDS_BYTES_MAX + 65536)

struct import {
	struct client *client;
	struct control *control;
	FILE *file;
	int dir;
	uint64_t size, line, failed, answered;
	/* Lines not yet answered, in order: true was sent, false refused. */
	bool sent[WINDOW];
	unsigned waiting;
};

/* Send one line's record; a line that is wrong is named and marked. */
static int send_line(struct import *import, const char *text, size_t len)
{
	struct record_error error = {0};
	struct ctl_request request;
	struct record record;
	json_t *root;
	int r;

	record_begin(&record);
	r = import_line_read(text, len, import->dir, &record, &root, &error);
	import->sent[import->waiting] = r == 0;
	if (r == 0) {
		record_request(&record, &request);
		r = control_put(
		    import->control, &request, record.fds, record.fd_count);
		if (r == EXIT_FAILED) { /* of this line nothing was sent */
			say_error_line("this line was not sent", import->line);
			import->sent[import->waiting] = false;
			r = 0;
		}
	} else {
		say_error_line(error.text, import->line);
		if (error.subject)
			say_hint(error.subject);
		r = 0;
	}
	import->waiting++;
	record_free(&record);
	json_decref(root);
	return r;
}

static void print_id(struct import *import, const char *id)
{
	if (import->client->json && id)
		printf("{\"line\":%llu,\"id\":\"%s\"}\n",
		    (unsigned long long)import->answered, id);
	else if (import->client->json)
		printf("{\"line\":%llu,\"id\":null}\n",
		    (unsigned long long)import->answered);
	else
		printf("%s\n", id ? id : "-");
}

/* Take the oldest line's answer: 0 also when the record was refused. */
static int take_answer(struct import *import)
{
	json_t *json = NULL;
	char *error = NULL;
	int r = EXIT_FAILED;

	import->answered++;
	if (import->sent[0])
		r = control_take(import->control, &json, &error);
	memmove(import->sent, import->sent + 1,
	    (WINDOW - 1) * sizeof *import->sent);
	import->waiting--;
	if (error)
		say_error_line(error, import->answered);
	if (r == EXIT_NO_DAEMON || r == EXIT_LOCKED) {
		import->answered--;
		free(error);
		return r;
	}
	import->failed += r != 0;
	print_id(import,
	    r == 0 ? json_string_value(json_object_get(json, "id")) : NULL);
	json_decref(json);
	free(error);
	return 0;
}

/* Of what follows on the last line that was read, nothing was sent. */
static int say_unread(const struct import *import)
{
	say_error_line("from here on this file could not be read, and nothing "
		       "was imported",
	    import->line + 1);
	say_hint("each id that was printed is stored: once the file can be "
		 "read, import the lines from this one on alone");
	return import->answered > import->failed ? EXIT_PARTLY : EXIT_FAILED;
}

/* What was sent ahead may be stored, though nobody heard so. */
static int say_unheard(const struct import *import, int r)
{
	say_error_line(
	    "the lines from here on were not confirmed", import->answered + 1);
	say_hint("each id that was printed is stored, and of these lines up "
		 "to 32 may be: look with evident list before you import them "
		 "again");
	return r;
}

static int run_lines(struct import *import)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	bool unread;
	int r = 0;

	while (r == 0 && (len = getline(&text, &room, import->file)) >= 0) {
		import->line++;
		if (import->waiting == WINDOW)
			r = take_answer(import);
		if (r == 0 && (size_t)len > LINE_MAX_BYTES) {
			say_error_line("this line is too large", import->line);
			import->sent[import->waiting++] = false;
		} else if (r == 0) {
			r = send_line(import, text, (size_t)len);
		}
		say_progress(
		    "importing", (uint64_t)ftell(import->file), import->size);
	}
	unread = r == 0 && !feof(import->file);
	while (r == 0 && import->waiting > 0)
		r = take_answer(import);
	say_progress_end();
	if (text)
		explicit_bzero(text, room);
	free(text);
	if (r == EXIT_NO_DAEMON)
		return say_unheard(import, r);
	return r == 0 && unread ? say_unread(import) : r;
}

static int open_file(struct import *import, const char *path)
{
	char copy[PATH_MAX];
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    strlen(path) >= sizeof copy) {
		say_error("cannot read a regular file", path);
		if (fd >= 0)
			close(fd);
		return EXIT_FAILED;
	}
	import->size = (uint64_t)st.st_size;
	import->file = fdopen(fd, "r");
	snprintf(copy, sizeof copy, "%s", path);
	import->dir = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (import->file && import->dir >= 0)
		return 0;
	say_error("cannot open this file and its folder:", path);
	say_hint("nothing was imported");
	return EXIT_FAILED;
}

int import_run(struct client *client, int argc, char **argv)
{
	struct import import = {.client = client, .dir = -1};
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r == 0 && argc != 2)
		r = say_usage("import takes one file of JSON lines", NULL);
	if (r == 0)
		r = open_file(&import, argv[1]);
	if (r == 0)
		r = control_open(client, true, &import.control);
	if (r == 0)
		r = run_lines(&import);
	if (r == 0 && import.failed > 0)
		r = import.failed == import.answered ? EXIT_FAILED
						     : EXIT_PARTLY;
	control_close(import.control);
	if (import.file)
		fclose(import.file);
	if (import.dir >= 0)
		close(import.dir);
	return r;
}
