/*
 * Run a fuzz target without libFuzzer: on every file of a folder, on each
 * file cut at every byte (of a long one, at some), and on a fixed number of
 * changed copies. The changes come from a fixed seed, so a run repeats.
 *
 * replay FOLDER [CHANGES [CUTS]]. Output is TAP.
 */
#include <dirent.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/format/bytes.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (2u << 20)

static uint64_t seed = 0x9e3779b97f4a7c15;

static size_t draw(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

/* The input that is tried, in hex: CI keeps nothing but what is printed. */
static struct span tried;

static void on_abort(int number)
{
	size_t i;

	(void)number;
	dprintf(STDERR_FILENO, "# by these %zu bytes:\n", tried.len);
	for (i = 0; i < tried.len && i < INPUT_MAX; i++)
		dprintf(STDERR_FILENO, "%02x", tried.data[i]);
	dprintf(STDERR_FILENO, "\n");
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* A copy of its own, so that a sanitizer sees reads beyond its end. */
static void run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	CLAIM(copy);
	if (len)
		memcpy(copy, data, len);
	tried = span_of(copy, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

/* Flip a bit, set a byte, drop one, double a stretch, or move one. */
static void change(struct buf *bytes)
{
	static const uint8_t telling[] = "\0\n\r \"\\[]{}=0919Aa-._\x7f\xff";
	size_t at = draw(bytes->len), len = 1 + draw(16);
	uint8_t stretch[16];

	if (len > bytes->len - at)
		len = bytes->len - at;
	memcpy(stretch, bytes->data + at, len);
	switch (draw(5)) {
	case 0:
		bytes->data[at] ^= (uint8_t)(1 << draw(8));
		break;
	case 1:
		bytes->data[at] = telling[draw(sizeof telling - 1)];
		break;
	case 2:
		memmove(bytes->data + at, bytes->data + at + len,
		    bytes->len - at - len);
		bytes->len -= len;
		break;
	case 3:
		CLAIM(buf_append(bytes, stretch, len) == 0);
		memmove(bytes->data + at + len, bytes->data + at,
		    bytes->len - at - len);
		memcpy(bytes->data + at, stretch, len);
		break;
	case 4:
		at = draw(bytes->len - len + 1);
		memcpy(bytes->data + at, stretch, len);
		break;
	}
}

static void run_changed(struct span input, size_t count)
{
	struct buf copy = {0};
	size_t times;

	for (; input.len > 0 && count > 0; count--) {
		copy.len = 0;
		CLAIM(buf_append_span(&copy, input) == 0);
		for (times = 1 + draw(4); times > 0 && copy.len > 0; times--)
			change(&copy);
		run(copy.data, copy.len);
	}
	buf_free(&copy);
}

static int run_file(const char *path, size_t changes, size_t cuts)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *file = fopen(path, "re");
	size_t len, i;

	if (!data || !file)
		return -1;
	len = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	run(data, len);
	for (i = 0; i < len; i += 1 + len / cuts)
		run(data, i);
	run_changed(span_of(data, len), changes);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	size_t changes = 2000, cuts = 4096;
	struct dirent *item;
	char path[4096];
	unsigned count = 0, failed = 0;
	DIR *folder;
	FILE *tap;

	if (argc < 2 || sodium_init() < 0)
		return 2;
	if (argc > 2 && sscanf(argv[2], "%zu", &changes) != 1)
		return 2;
	if (argc > 3 && (sscanf(argv[3], "%zu", &cuts) != 1 || cuts == 0))
		return 2;
	/* What a library prints meanwhile is none of it (libconfuse's lexer
	 * echoes what it does not know). */
	tap = fdopen(dup(STDOUT_FILENO), "w");
	if (!tap || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return 2;
	signal(SIGABRT, on_abort);
	folder = opendir(argv[1]);
	if (!folder)
		return 2;
	while ((item = readdir(folder))) {
		if (item->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], item->d_name);
		count++;
		if (run_file(path, changes, cuts) == 0) {
			fprintf(tap, "ok %u - %s\n", count, item->d_name);
		} else {
			fprintf(tap, "not ok %u - %s\n", count, item->d_name);
			failed++;
		}
	}
	closedir(folder);
	fprintf(tap, "1..%u\n", count);
	fclose(tap);
	return failed || count == 0 ? 1 : 0;
}
