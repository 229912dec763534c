/*
 * verify: judge a bag, claim by claim. It needs no daemon, no key and no
 * network, and writes nothing. Built alone as evident-verify too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "client/command.h"
#include "client/say.h"
#include "proto/bag/bag.h"

#define SIGNERS_MAX (1024 * 1024)

static void on_progress(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	say_progress("verifying", done, total);
}

/* ${out} is left with data, also when the file is empty. */
static int read_signers(const char *path, struct buf *out)
{
	struct stat st;
	uint8_t *room;
	ssize_t n;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > SIGNERS_MAX) {
		if (fd >= 0)
			close(fd);
		say_error("cannot read a file of signers", path);
		return EXIT_FAILED;
	}
	r = buf_reserve(out, SIGNERS_MAX + 1, &room);
	while (r == 0 && out->len <= SIGNERS_MAX &&
	       (n = read(fd, room + out->len, SIGNERS_MAX + 1 - out->len)) > 0)
		out->len += (size_t)n;
	close(fd);
	return r == 0 ? 0 : EXIT_FAILED;
}

static void print_lines(const char *what, struct span lines)
{
	const uint8_t *end;

	while (lines.len > 0 &&
	       (end = memchr(lines.data, '\n', lines.len)) != NULL) {
		printf("%s%.*s\n", what, (int)(end - lines.data),
		    (const char *)lines.data);
		lines.len -= (size_t)(end - lines.data) + 1;
		lines.data = end + 1;
	}
}

static void print_verdict(const struct bag_verdict *verdict)
{
	if (verdict->reason != BAG_GOOD) {
		printf("VERDICT: does NOT hold: %s%s%s%s\n",
		    bag_reason_text(verdict->reason),
		    verdict->file[0] ? " (" : "", verdict->file,
		    verdict->file[0] ? ")" : "");
		return;
	}
	printf("Unchanged: every file is as it was when the bag was made.\n");
	print_lines("Signed by: author ", buf_span(&verdict->authors));
	printf("Records: %llu, with %llu attachments shown.\n",
	    (unsigned long long)verdict->records,
	    (unsigned long long)verdict->attachments);
	print_lines("In its log: record ", buf_span(&verdict->places));
	if (verdict->cosignatures > 0)
		printf(
		    "Seen by witnesses: %llu cosignatures; whose they are is "
		    "for you to know.\n",
		    (unsigned long long)verdict->cosignatures);
	printf("Lines shown: %llu. Lines that stay closed (decoys among them): "
	       "%llu.\n",
	    (unsigned long long)verdict->shown,
	    (unsigned long long)verdict->closed);
	if (verdict->self_vouched)
		printf("VERDICT: holds, SELF-VOUCHED: whose keys these are is "
		       "said by this bag alone\n");
	else
		printf("VERDICT: holds; all authors are among the signers "
		       "given\n");
}

static void print_json(const struct bag_verdict *verdict)
{
	json_t *json;

	json = json_pack("{s:b, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I}",
	    "holds", verdict->reason == BAG_GOOD, "self_vouched",
	    verdict->self_vouched, "reason", bag_reason_text(verdict->reason),
	    "file", verdict->file, "records", (json_int_t)verdict->records,
	    "attachments", (json_int_t)verdict->attachments, "shown",
	    (json_int_t)verdict->shown, "cosignatures",
	    (json_int_t)verdict->cosignatures, "closed",
	    (json_int_t)verdict->closed);
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

static int tell_unread(int result, const char *path)
{
	if (result == FORMAT_E_MALFORMED)
		say_error("the file of signers is malformed", NULL);
	else
		say_error("this bag cannot be read:", path);
	return EXIT_FAILED;
}

int verify_run(struct client *client, int argc, char **argv)
{
	const char *signers = NULL;
	struct option_spec specs[] = {{.name = "signers", .value = &signers}};
	struct bag_verdict verdict;
	struct buf anchors = {0};
	int r;

	r = command_options(specs, 1, &argc, argv);
	if (r == 0 && argc != 2)
		return say_usage("verify takes one bag's directory", NULL);
	if (r == 0 && signers)
		r = read_signers(signers, &anchors);
	if (r != 0) {
		buf_free(&anchors);
		return r;
	}
	r = bag_verify(
	    argv[1], buf_span(&anchors), on_progress, NULL, &verdict);
	say_progress_end();
	buf_free(&anchors);
	if (r != 0) {
		bag_verdict_free(&verdict);
		return tell_unread(r, argv[1]);
	}
	if (client->json)
		print_json(&verdict);
	else
		print_verdict(&verdict);
	r = verdict.reason == BAG_GOOD ? EXIT_OK : EXIT_NOT_VERIFIED;
	if (r != 0) {
		say_error(
		    "the bag does not hold:", bag_reason_text(verdict.reason));
		if (!client->json)
			say_hint("do not rely on it; ask for it again from "
				 "whoever exported it");
	}
	bag_verdict_free(&verdict);
	return r;
}
