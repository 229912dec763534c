/*
 * The whole judge of bags, in this process, on a folder of any files. Of a bag
 * that holds each entry is what its folder and the verdict say, twice over;
 * what follows from it can be said; and nobody else's key vouches for it.
 *
 * Input: 1 when the manifests, bag-info.txt and the documents are made to fit,
 * as somebody would who makes a bag of his own; then files: kind, name, bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/bag/files.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define NAME_MAX_HERE 200

enum kind {
	REGULAR, /* and all others */
	LINK = 250,
	FIFO,
	HARD_LINK,
	FOLDER,
};

static char bag[PARTS_FOLDER_MAX + 8];

/* A name that stays within the bag, with its folders made. */
static bool make_folders(int dir, char *name)
{
	char *slash;

	if (name[0] == 0 || strlen(name) > NAME_MAX_HERE || strstr(name, ".."))
		return false;
	for (slash = name; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		if (name[0])
			mkdirat(dir, name, 0700);
		*slash = '/';
	}
	return name[0] != '/' && name[strlen(name) - 1] != '/';
}

static void write_file(int dir, const char *name, struct span bytes)
{
	int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return;
	if (bytes.len > 0)
		CLAIM(write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
	close(fd);
}

static void put_file(int dir, struct span *rest)
{
	uint8_t kind = parts_byte(rest);
	struct span name = parts_take(rest), bytes = parts_take(rest);
	char path[NAME_MAX_HERE + 1] = "", other[64] = "";

	if (name.len < sizeof path && name.len > 0)
		memcpy(path, name.data, name.len);
	if (!make_folders(dir, path))
		return;
	if (bytes.len > 0)
		memcpy(other, bytes.data, bytes.len < 63 ? bytes.len : 63);
	if (kind == LINK)
		(void)!symlinkat(other, dir, path);
	else if (kind == FIFO)
		mkfifoat(dir, path, 0600);
	else if (kind == HARD_LINK)
		(void)!linkat(dir, "allowed_signers", dir, path, 0);
	else if (kind == FOLDER)
		mkdirat(dir, path, 0700);
	else
		write_file(dir, path, bytes);
}

static void complete(int dir)
{
	static const char *const names[] = {"manifest-sha256.txt",
	    "manifest-sha512.txt", "tagmanifest-sha256.txt",
	    "tagmanifest-sha512.txt"};
	enum bag_reason reason = BAG_GOOD;
	char where[FILES_PATH_MAX] = "";
	struct bag_files files;
	struct buf text = {0};
	int i, round;

	write_file(dir, "bagit.txt", span_text(files_bagit));
	write_file(
	    dir, "FORMAT.md", span_of(documents_format, documents_format_len));
	write_file(
	    dir, "VERIFY.txt", span_of(documents_verify, documents_verify_len));
	/* Manifests of the payload count among the files of the others. */
	for (round = 0; round < 2; round++) {
		memset(&files, 0, sizeof files);
		if (files_walk(dir, &files, &reason, where) == 0 &&
		    files_digest(dir, &files, round == 0, NULL, NULL) == 0) {
			text.len = 0;
			CLAIM(files_info(&files, &text) == 0);
			if (round == 0)
				write_file(
				    dir, "bag-info.txt", buf_span(&text));
			for (i = 2 * round; i < 2 * round + 2; i++) {
				text.len = 0;
				CLAIM(files_manifest(&files, round == 0, i % 2,
					  &text) == 0);
				write_file(dir, names[i], buf_span(&text));
			}
		}
		files_free(&files);
	}
	buf_free(&text);
}

static void check_entry(int dir, const struct bag_claim *claim)
{
	char path[80], id_hex[65];
	struct buf bytes = {0};
	struct entry_id id;
	struct entry entry;

	hex_encode(claim->id.bytes, 32, id_hex);
	snprintf(path, sizeof path, "data/%s/entry", id_hex);
	CLAIM(files_read(dir, path, ENTRY_BYTES_MAX, &bytes) == 0);
	CLAIM(entry_id_of(buf_span(&bytes), &id) == 0);
	CLAIM(memcmp(&id, &claim->id, sizeof id) == 0);
	CLAIM(entry_parse(buf_span(&bytes), &entry, NULL) == 0);
	CLAIM(memcmp(&entry.author, &claim->author, 32) == 0);
	CLAIM(entry.index == claim->index && entry.index < claim->size);
	CLAIM(claim->closed + claim->shown > 0);
	CLAIM(utf8_is_valid(buf_span(&claim->readable)));
	buf_free(&bytes);
}

static void check_claims(const struct bag_claims *claims)
{
	const struct bag_claim **by_place, **by_time, *by;
	struct bag_bracket bracket;
	struct bag_log *logs;
	struct buf text = {0};
	size_t count, i;

	CLAIM(bag_by_place(claims, &by_place) == 0);
	CLAIM(bag_by_time(claims, &by_time) == 0);
	CLAIM(bag_logs(claims, by_place, &logs, &count) == 0);
	CLAIM(count >= 1 && count <= claims->count);
	for (i = 0; i < claims->count; i++) {
		CLAIM(bag_claims_find(claims, &claims->items[i].id) ==
		      &claims->items[i]);
		bag_is_withdrawn(claims, &claims->items[i], &by);
		bag_bracket(claims, &claims->items[i], NULL, &bracket);
		CLAIM(!bracket.has_until); /* nobody came from outside */
	}
	CLAIM(bag_missing(claims, true, &text) == 0);
	CLAIM(bag_missing(claims, false, &text) == 0);
	CLAIM(text.len % 65 == 0);
	text.len = 0;
	CLAIM(bag_timeline(claims, &text) == 0);
	for (i = 0; i < text.len; i++)
		CLAIM(text.data[i] == '\n' ||
		      (text.data[i] >= ' ' && text.data[i] < 0x7f));
	buf_free(&text);
	free(by_place);
	free(by_time);
	free(logs);
}

static void judge(int dir)
{
	struct bag_verdict verdict, other;
	struct buf signers = {0};
	struct sign_key key;
	size_t i;
	int r;

	r = bag_verify(bag, span_of(NULL, 0), NULL, NULL, &verdict);
	if (r == 0) {
		CLAIM(bag_reason_text(verdict.reason));
		CLAIM(memchr(verdict.file, 0, sizeof verdict.file));
		for (i = 0; verdict.file[i]; i++)
			CLAIM(verdict.file[i] > ' ' && verdict.file[i] < 0x7f);
	}
	if (r == 0 && verdict.reason == BAG_GOOD) {
		CLAIM(verdict.self_vouched && verdict.claims.count > 0);
		for (i = 0; i < verdict.claims.count; i++)
			check_entry(dir, &verdict.claims.items[i]);
		check_claims(&verdict.claims);
		parts_author(99, &key);
		CLAIM(sshsig_allowed_signer(&key, &signers) == 0);
		CLAIM(bag_verify(bag, buf_span(&signers), NULL, NULL, &other) ==
		      0);
		CLAIM(other.reason == BAG_NOT_VOUCHED);
		bag_verdict_free(&other);
		buf_free(&signers);
	}
	bag_verdict_free(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	bool whole = parts_byte(&rest) & 1;
	int dir;

	if (!bag[0])
		snprintf(bag, sizeof bag, "%s/bag", parts_folder());
	CLAIM(mkdir(bag, 0700) == 0);
	dir = open(bag, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(dir >= 0);
	while (rest.len > 0)
		put_file(dir, &rest);
	if (whole)
		complete(dir);
	judge(dir);
	close(dir);
	parts_clear(bag);
	return 0;
}
