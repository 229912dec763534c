/*
 * A bag of any content: whatever content can be signed makes a bag that holds,
 * with all of its lines shown or some; and no bag holds any more when one byte
 * of one file was touched.
 *
 * Input: which lines to show, which file to touch, where, how; the content.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/bag/files.h"
#include "proto/format/proof.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static char bag[PARTS_FOLDER_MAX + 8];
static const struct log_id log_name = {{6}};

struct touch {
	size_t file, at;
	uint8_t by;
};

static void make_proof(struct span entry, struct buf *out)
{
	struct proof proof = {.index = 0};
	struct buf note = {0};
	struct digest leaf;

	CLAIM(merkle_leaf(entry, &leaf) == 0);
	parts_note(1, &log_name, 1, &leaf, &note);
	proof.checkpoint = buf_span(&note);
	CLAIM(proof_build(&proof, out) == 0);
	buf_free(&note);
}

static void build_entry(const struct content *content, struct buf *out)
{
	struct entry entry = {
	    .log = log_name,
	    .content = {.payload = {{2}}, .size = 4128},
	};
	struct sign_key key;

	parts_author(1, &key);
	sign_key_author(&key, &entry.author);
	CLAIM(content_commitment(content, &entry.fields) == 0);
	CLAIM(entry_build(&entry, out) == 0);
}

/* Whether the writer took it. */
static bool write_bag(const struct content *content, bool some)
{
	static const char *const names[] = {"kind", "statement", "n"};
	const uint8_t seed[32] = {1};
	uint8_t signature[64];
	struct bag_record record = {
	    .content = content,
	    .signature = signature,
	    .names = some ? names : NULL,
	    .name_count = some ? 3 : 0,
	};
	struct buf entry = {0}, proof = {0};
	struct bag_writer *writer;
	int r;

	parts_author(1, &record.author);
	build_entry(content, &entry);
	make_proof(buf_span(&entry), &proof);
	record.entry = buf_span(&entry);
	record.proof = buf_span(&proof);
	CLAIM(sshsig_sign(
		  seed, SSHSIG_NAMESPACE_ENTRY, record.entry, signature) == 0);
	CLAIM(bag_writer_new(bag, &writer) == 0);
	r = bag_writer_add(writer, &record);
	if (r == 0)
		CLAIM(bag_writer_finish(writer, true) == 0);
	bag_writer_free(writer);
	buf_free(&entry);
	buf_free(&proof);
	return r == 0;
}

static enum bag_reason judge(void)
{
	struct bag_verdict verdict;
	enum bag_reason reason;

	CLAIM(bag_verify(bag, span_of(NULL, 0), NULL, NULL, &verdict) == 0);
	reason = verdict.reason;
	bag_verdict_free(&verdict);
	return reason;
}

static void touch_one(const struct touch *touch)
{
	enum bag_reason reason = BAG_GOOD;
	struct bag_files files = {.count = 0};
	char where[FILES_PATH_MAX] = "";
	struct buf bytes = {0};
	const char *path;
	int dir, fd;

	dir = open(bag, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(files_walk(dir, &files, &reason, where) == 0);
	path = files.items[touch->file % files.count].path;
	CLAIM(files_read(dir, path, 1 << 20, &bytes) == 0);
	CLAIM(bytes.len > 0);
	bytes.data[touch->at % bytes.len] ^= touch->by;
	fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	CLAIM(write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
	close(fd);
	close(dir);
	buf_free(&bytes);
	files_free(&files);
}

static void check(
    const struct content *content, bool some, const struct touch *touch)
{
	enum bag_reason reason;

	if (!write_bag(content, some))
		return;
	reason = judge();
	/* What stands in the content may be of another author or log. */
	CLAIM(reason == BAG_GOOD || reason == BAG_BAD_ORIGIN);
	if (reason == BAG_GOOD && touch->by != 0) {
		touch_one(touch);
		CLAIM(judge() != BAG_GOOD);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	bool some = parts_byte(&rest) & 1;
	struct content content;
	struct touch touch;
	const char *why;

	if (!bag[0])
		snprintf(bag, sizeof bag, "%s/bag", parts_folder());
	touch.file = parts_byte(&rest);
	touch.at = parts_byte(&rest);
	touch.at = touch.at << 8 | parts_byte(&rest);
	touch.by = parts_byte(&rest);
	if (content_parse(rest, &content, &why) != 0)
		return 0;
	check(&content, some, &touch);
	content_free(&content);
	parts_clear(bag);
	return 0;
}
