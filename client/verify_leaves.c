/*
 * verify, of a leaves file: whether a log is whole, and whether a record is in
 * it. It needs no daemon, no key and no network, and writes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "client/say.h"
#include "client/signers_file.h"
#include "client/verify_leaves.h"
#include "proto/bag/leaves.h"
#include "proto/format/content_json.h"

#define PROGRESS_BYTES (1024 * 1024) /* between two drawings of the bar */

static void on_progress(void *context, uint64_t done, uint64_t total)
{
	uint64_t *told = context;

	if (done - *told < PROGRESS_BYTES && done != total)
		return;
	*told = done;
	say_progress("verifying", done, total);
}

/* What holds of it, also when only the record is missing. */
static bool is_whole(const struct leaves_verdict *verdict)
{
	return verdict->reason == LEAVES_GOOD ||
	       verdict->reason == LEAVES_NOT_IN;
}

static void print_whole(const struct leaves_verdict *verdict)
{
	char author[65], log[65];

	hex_encode(verdict->author.bytes, 32, author);
	hex_encode(verdict->log.bytes, 32, log);
	printf("Log: %s\n", log);
	printf("Whole: %llu entries, and nothing else, under the checkpoint "
	       "that %s signed\n",
	    (unsigned long long)verdict->entries, author);
}

static void print_verdict(
    const struct leaves_verdict *verdict, const struct entry_id *record_or_null)
{
	char record[65];

	if (is_whole(verdict))
		print_whole(verdict);
	if (verdict->reason != LEAVES_GOOD) {
		printf("VERDICT: does NOT hold: %s",
		    leaves_reason_text(verdict->reason));
		if (verdict->line > 0)
			printf(
			    " (line %llu)", (unsigned long long)verdict->line);
		putchar('\n');
		return;
	}
	if (record_or_null) {
		hex_encode(record_or_null->bytes, 32, record);
		printf("In its log: record %s index %llu of %llu\n", record,
		    (unsigned long long)verdict->place,
		    (unsigned long long)verdict->entries);
	}
	printf("VERDICT: holds; its author is among the signers given\n");
}

static int print_json(
    const struct leaves_verdict *verdict, const struct entry_id *record_or_null)
{
	const bool holds = verdict->reason == LEAVES_GOOD;
	char hex[65];
	json_t *json;
	int r;

	content_json_begin();
	json = json_pack("{s:b, s:s, s:I}", "holds", holds, "reason",
	    leaves_reason_text(verdict->reason), "line",
	    (json_int_t)verdict->line);
	if (is_whole(verdict)) {
		json_object_set_new(json, "entries",
		    json_integer((json_int_t)verdict->entries));
		hex_encode(verdict->author.bytes, 32, hex);
		json_object_set_new(json, "author", json_string(hex));
		hex_encode(verdict->log.bytes, 32, hex);
		json_object_set_new(json, "log", json_string(hex));
		hex_encode(verdict->root.bytes, 32, hex);
		json_object_set_new(json, "root", json_string(hex));
	}
	if (holds && record_or_null)
		json_object_set_new(
		    json, "index", json_integer((json_int_t)verdict->place));
	r = say_json(json);
	json_decref(json);
	return r;
}

static int tell(struct client *client, const struct leaves_verdict *verdict,
    const struct entry_id *record_or_null)
{
	int told = EXIT_OK;

	if (client->json)
		told = print_json(verdict, record_or_null);
	else
		print_verdict(verdict, record_or_null);
	if (verdict->reason == LEAVES_GOOD)
		return told;
	say_error("the leaves file does not hold:",
	    leaves_reason_text(verdict->reason));
	if (!client->json && verdict->reason == LEAVES_NOT_IN)
		say_hint("the record may be younger than the file: ask for a "
			 "newer one from whoever holds the log");
	else if (!client->json)
		say_hint("do not rely on it; ask for it again from whoever "
			 "holds the log");
	return EXIT_NOT_VERIFIED;
}

static int judge(struct client *client, const char *path, struct span signers,
    const struct entry_id *record_or_null)
{
	struct leaves_verdict verdict;
	uint64_t told = 0;
	int fd = signers_file_open(path), r = -EIO;

	if (fd >= 0) {
		r = leaves_verify(
		    fd, signers, record_or_null, on_progress, &told, &verdict);
		close(fd);
	}
	say_progress_end();
	if (r == 0)
		return tell(client, &verdict, record_or_null);
	if (r == FORMAT_E_MALFORMED)
		say_error("the file of signers is malformed", NULL);
	else
		say_error("this leaves file cannot be read:", path);
	return EXIT_FAILED;
}

int verify_leaves(struct client *client, const char *path,
    const char *signers_path_or_null, const char *record_or_null)
{
	struct buf signers = {0};
	struct entry_id record;
	int r;

	if (!signers_path_or_null) {
		say_error("a leaves file holds no key, and is judged by "
			  "--signers FILE alone:",
		    path);
		say_hint("the signers come from whoever compared the author's "
			 "number: evident signers, on a node that did");
		return EXIT_USAGE;
	}
	if (record_or_null &&
	    hex_decode(span_text(record_or_null), record.bytes, 32) != 0)
		return say_usage(
		    "--record takes a whole id, 64 digits", record_or_null);
	r = signers_file_read(signers_path_or_null, &signers);
	if (r == 0)
		r = judge(client, path, buf_span(&signers),
		    record_or_null ? &record : NULL);
	buf_free(&signers);
	return r;
}
