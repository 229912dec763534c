/*
 * verify: judge a bag, claim by claim, or a leaves file (verify_leaves.c). It
 * needs no daemon, no key and no network, and writes nothing. Built alone as
 * evident-verify too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"
#include "client/signers_file.h"
#include "client/verdict.h"
#include "client/verify_leaves.h"

static void on_progress(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	say_progress("verifying", done, total);
}

static int tell_unread(int result, const char *path)
{
	if (result == FORMAT_E_MALFORMED)
		say_error("the file of signers is malformed", NULL);
	else
		say_error("this bag cannot be read:", path);
	return EXIT_FAILED;
}

/* A page beside nothing: what is there already stays. */
static int write_page(
    const char *path, const json_t *json, const struct bag_claims *claims)
{
	FILE *file = NULL;
	int fd, r;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		say_error(errno == EEXIST ? "something is there already:"
					  : "the report cannot be written to",
		    path);
		say_hint("the bag was judged all the same; choose another "
			 "file for the report");
		return EXIT_FAILED;
	}
	file = fdopen(fd, "w");
	r = file ? verdict_page(json, claims, file) : -errno;
	if (file && fflush(file) != 0)
		r = -errno;
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (file)
		fclose(file);
	else
		close(fd);
	if (r == 0)
		return 0;
	unlink(path);
	say_error("the report cannot be written to", path);
	say_hint("the bag was judged all the same; no report was left behind");
	return EXIT_FAILED;
}

/* A report is no file of the bag: there it would spoil it. What cannot be told
 * counts as inside, unless nothing is there. */
static bool is_inside(const char *bag, const char *report)
{
	char folder[PATH_MAX], whole[PATH_MAX], top[PATH_MAX], *slash;
	size_t len;

	if (snprintf(folder, sizeof folder, "%s", report) >= (int)sizeof folder)
		return true;
	slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	if (!realpath(!slash    ? "."
		      : *folder ? folder
				: "/",
		whole) ||
	    !realpath(bag, top))
		return errno != ENOENT && errno != ENOTDIR;
	len = strlen(top);
	return strncmp(whole, top, len) == 0 &&
	       (whole[len] == 0 || whole[len] == '/');
}

struct wishes {
	const char *signers, *report, *exporter;
	struct author_id exporter_id;
};

static int tell(struct client *client, const struct wishes *wishes,
    const struct bag_verdict *verdict)
{
	json_t *json = verdict_json(
	    verdict, wishes->exporter ? &wishes->exporter_id : NULL);
	int r = 0, told = 0;

	if (!json) {
		say_error("out of memory for the verdict", NULL);
		say_hint("nothing was said of the bag, and nothing changed; "
			 "try again");
		return EXIT_FAILED;
	}
	if (client->json)
		told = say_json(json);
	else
		verdict_print(json);
	if (wishes->report)
		r = write_page(wishes->report, json, &verdict->claims);
	json_decref(json);
	if (verdict->reason == BAG_GOOD)
		return r == 0 ? told : r;
	say_error("the bag does not hold:", bag_reason_text(verdict->reason));
	if (!client->json)
		say_hint("do not rely on it; ask for it again from whoever "
			 "exported it");
	return EXIT_NOT_VERIFIED;
}

static int check_wishes(struct wishes *wishes, const char *bag)
{
	if (wishes->exporter && hex_decode(span_text(wishes->exporter),
				    wishes->exporter_id.bytes, 32) != 0)
		return say_usage("--exporter takes an author id, 64 digits",
		    wishes->exporter);
	if (wishes->report && is_inside(bag, wishes->report))
		return say_usage(
		    "a report that is inside the bag, or may be, would spoil "
		    "it:",
		    wishes->report);
	return 0;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int verify_run(struct client *client, int argc, char **argv)
{
	struct wishes wishes = {.signers = NULL};
	const char *record = NULL;
	struct option_spec specs[] = {
	    {.name = "signers", .value = &wishes.signers},
	    {.name = "report", .value = &wishes.report},
	    {.name = "exporter", .value = &wishes.exporter},
	    {.name = "record", .value = &record},
	};
	struct bag_verdict verdict;
	struct buf anchors = {0};
	int r;

	r = command_options(specs, 4, &argc, argv);
	if (r == 0 && argc != 2)
		return say_usage(
		    "verify takes one bag's directory or one leaves file",
		    NULL);
	if (r == 0 && is_file(argv[1])) {
		if (wishes.report || wishes.exporter)
			return say_usage(
			    "--report and --exporter are for a bag", NULL);
		return verify_leaves(client, argv[1], wishes.signers, record);
	}
	if (r == 0 && record)
		return say_usage("--record is for a leaves file", NULL);
	if (r == 0)
		r = check_wishes(&wishes, argv[1]);
	if (r == 0 && wishes.signers)
		r = signers_file_read(wishes.signers, &anchors);
	if (r != 0) {
		buf_free(&anchors);
		return r;
	}
	r = bag_verify(
	    argv[1], buf_span(&anchors), on_progress, NULL, &verdict);
	say_progress_end();
	buf_free(&anchors);
	r = r == 0 ? tell(client, &wishes, &verdict) : tell_unread(r, argv[1]);
	bag_verdict_free(&verdict);
	return r;
}
