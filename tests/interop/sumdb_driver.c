/*
 * What sumdb.sh asks of proto/format, as a program: logs for Go's sumdb to
 * check, and the check of logs that sumdb made (sumdb/main.go says which files
 * are what).
 *
 *   write DIR         a log of 56 entries, with a proof of each entry at each
 *                     size and a consistency proof of each size with each; and
 *                     four places in a log of 100000
 *   check DIR         verify all that is there; prints how many proofs
 *   key ORIGIN KEY    the verifier key of an author key in SSH's form
 *
 * Exit 0; 1 when something does not verify; 2 for anything else. The key is
 * drawn, used and forgotten here.
 */
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/lines.h"
#include "proto/format/note.h"
#include "proto/format/proof.h"
#include "proto/format/sshsig.h"

#define SMALL 56 /* 1596 proofs */
#define LARGE UINT64_C(100000)
#define LEVELS 18
#define FILE_MAX 65536

/* A log in memory: its complete subtrees, level by level. */
struct log {
	char origin[NOTE_ORIGIN_MAX];
	struct sign_key key;
	uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* the seed, then the key */
	struct digest *levels[LEVELS];
};

static const char *directory;

static int put_file(const char *name, const struct buf *bytes)
{
	char path[PATH_MAX];
	FILE *file;
	int r = 0;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = fopen(path, "wbxe");
	if (!file)
		return -errno;
	if (fwrite(bytes->data, 1, bytes->len, file) != bytes->len)
		r = -EIO;
	return fclose(file) == 0 ? r : -EIO;
}

static int get_file(const char *name, struct buf *out)
{
	char path[PATH_MAX];
	uint8_t *room;
	FILE *file;
	int r;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = fopen(path, "rbe");
	if (!file)
		return -errno;
	r = buf_reserve(out, FILE_MAX, &room);
	if (r == 0)
		out->len += fread(room, 1, FILE_MAX, file);
	fclose(file);
	return r;
}

/* --- write ------------------------------------------------------------ */

static int read_node(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	struct log *log = context;

	if (level >= LEVELS || index >= (LARGE >> level))
		return -EINVAL;
	*ret_hash = log->levels[level][index];
	return 0;
}

static int write_node(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	struct log *log = context;

	if (level >= LEVELS || index >= (LARGE >> level))
		return -EINVAL;
	log->levels[level][index] = *hash;
	return 0;
}

static int entry_text(uint64_t index, struct buf *out)
{
	return buf_printf(out, "entry %llu\n", (unsigned long long)index);
}

static int grow(struct log *log)
{
	struct buf text = {0};
	struct digest leaf;
	uint64_t i;
	int r = 0;

	for (i = 0; r == 0 && i < LEVELS; i++) {
		log->levels[i] =
		    calloc((LARGE >> i) + 1, sizeof(struct digest));
		r = log->levels[i] ? 0 : -ENOMEM;
	}
	for (i = 0; r == 0 && i < LARGE; i++) {
		text.len = 0;
		r = entry_text(i, &text);
		if (r == 0)
			r = merkle_leaf(buf_span(&text), &leaf);
		if (r == 0)
			r = merkle_append(i, &leaf, read_node, write_node, log);
	}
	buf_free(&text);
	return r;
}

static int put_key(const struct log *log)
{
	struct buf text = {0};
	int r;

	r = note_verifier_key(log->origin, NOTE_ALG_ED25519, &log->key, &text);
	if (r == 0)
		r = buf_append_text(&text, "\n");
	if (r == 0)
		r = put_file("key", &text);
	buf_free(&text);
	return r;
}

static int put_entry(uint64_t index)
{
	struct buf text = {0};
	char name[64];
	int r;

	snprintf(name, sizeof name, "entry-%llu", (unsigned long long)index);
	r = entry_text(index, &text);
	if (r == 0)
		r = put_file(name, &text);
	buf_free(&text);
	return r;
}

static int sign_size(struct log *log, uint64_t size, struct buf *out)
{
	struct checkpoint checkpoint = {.size = size};
	uint8_t signature[64];
	struct buf text = {0};
	int r;

	snprintf(
	    checkpoint.origin, sizeof checkpoint.origin, "%s", log->origin);
	r = merkle_root(size, read_node, log, &checkpoint.root);
	if (r == 0)
		r = checkpoint_build(&checkpoint, &text);
	if (r == 0)
		r = note_sign(log->secret, buf_span(&text), signature);
	if (r == 0)
		r = note_begin(buf_span(&text), out);
	if (r == 0)
		r = note_add_signature(log->origin, NOTE_ALG_ED25519, &log->key,
		    span_of(signature, sizeof signature), out);
	buf_free(&text);
	return r;
}

static int put_checkpoint(struct log *log, uint64_t size, struct buf *out)
{
	char name[64];
	int r;

	snprintf(
	    name, sizeof name, "checkpoint-%llu", (unsigned long long)size);
	r = sign_size(log, size, out);
	return r == 0 ? put_file(name, out) : r;
}

static int put_proof(
    struct log *log, uint64_t size, uint64_t index, struct span checkpoint)
{
	struct proof proof = {.index = index, .checkpoint = checkpoint};
	struct buf text = {0};
	char name[64];
	int r;

	snprintf(name, sizeof name, "proof-%llu-%llu", (unsigned long long)size,
	    (unsigned long long)index);
	r = merkle_prove_inclusion(
	    index, size, read_node, log, &proof.inclusion);
	if (r == 0)
		r = proof_build(&proof, &text);
	if (r == 0)
		r = put_file(name, &text);
	buf_free(&text);
	return r;
}

static int put_consistency(struct log *log, uint64_t old, uint64_t size)
{
	struct merkle_proof proof;
	struct buf text = {0};
	char name[64];
	size_t i;
	int r;

	snprintf(name, sizeof name, "consistency-%llu-%llu",
	    (unsigned long long)old, (unsigned long long)size);
	r = merkle_prove_consistency(old, size, read_node, log, &proof);
	for (i = 0; r == 0 && i < proof.count; i++) {
		r = base64_append(
		    &text, BASE64_STANDARD, span_of(proof.hashes[i].bytes, 32));
		if (r == 0)
			r = buf_append_text(&text, "\n");
	}
	if (r == 0)
		r = put_file(name, &text);
	buf_free(&text);
	return r;
}

/* All that can be said of the log's first ${size} entries. */
static int put_size(struct log *log, uint64_t size)
{
	struct buf checkpoint = {0};
	uint64_t i;
	int r;

	r = put_checkpoint(log, size, &checkpoint);
	for (i = 0; r == 0 && i < size; i++)
		r = put_proof(log, size, i, buf_span(&checkpoint));
	for (i = 1; r == 0 && i <= size; i++)
		r = put_consistency(log, i, size);
	buf_free(&checkpoint);
	return r;
}

static int put_large(struct log *log)
{
	static const struct {
		uint64_t size, index, old;
	} places[] = {
	    {4097, 4096, 4096}, /* alone behind a full tree */
	    {65535, 32768, 4097},
	    {65536, 65535, 1},
	    {LARGE, 77777, 65535},
	};
	struct buf checkpoint = {0};
	size_t i;
	int r = put_checkpoint(log, 4096, &checkpoint);

	for (i = 0; r == 0 && i < sizeof places / sizeof *places; i++) {
		checkpoint.len = 0;
		r = put_checkpoint(log, places[i].size, &checkpoint);
		if (r == 0)
			r = put_proof(log, places[i].size, places[i].index,
			    buf_span(&checkpoint));
		if (r == 0)
			r = put_consistency(log, places[i].old, places[i].size);
		if (r == 0)
			r = put_entry(places[i].index);
	}
	buf_free(&checkpoint);
	return r;
}

static int write_log(void)
{
	static struct log log;
	struct author_id author;
	struct log_id id;
	uint64_t i;
	int r;

	crypto_sign_keypair(log.key.bytes, log.secret);
	sign_key_author(&log.key, &author);
	randombytes_buf(id.bytes, sizeof id.bytes);
	note_origin(&author, &id, log.origin);
	r = grow(&log);
	if (r == 0)
		r = put_key(&log);
	for (i = 0; r == 0 && i < SMALL; i++)
		r = put_entry(i);
	for (i = 1; r == 0 && i <= SMALL; i++)
		r = put_size(&log, i);
	if (r == 0)
		r = put_large(&log);
	for (i = 0; i < LEVELS; i++)
		free(log.levels[i]);
	return r;
}

/* --- check ------------------------------------------------------------ */

/* "NAME+HASH+KEY", and whether it is what we would write for that key. */
static int take_key(struct log *log)
{
	struct buf text = {0}, key = {0}, again = {0};
	const char *plus, *last;
	int r;

	r = get_file("key", &text);
	if (r == 0)
		r = buf_append(&text, "", 1);
	if (r < 0)
		return r;
	plus = strchr((char *)text.data, '+');
	last = plus ? strchr(plus + 1, '+') : NULL;
	if (!last || plus - (char *)text.data >= NOTE_ORIGIN_MAX)
		return FORMAT_E_MALFORMED;
	memcpy(log->origin, text.data, (size_t)(plus - (char *)text.data));
	r = base64_decode(
	    span_of(last + 1, strcspn(last + 1, "\n")), BASE64_STANDARD, &key);
	if (r == 0 && (key.len != 33 || key.data[0] != NOTE_ALG_ED25519))
		r = FORMAT_E_MALFORMED;
	if (r == 0) {
		memcpy(log->key.bytes, key.data + 1, 32);
		r = note_verifier_key(
		    log->origin, NOTE_ALG_ED25519, &log->key, &again);
	}
	if (r == 0)
		r = buf_append(&again, "\n", 2);
	if (r == 0 && !span_equal(buf_span(&again), buf_span(&text)))
		r = FORMAT_E_MISMATCH;
	buf_free(&text);
	buf_free(&key);
	buf_free(&again);
	return r;
}

static int check_proof(const struct log *log, uint64_t size, uint64_t index)
{
	struct buf entry = {0}, text = {0}, again = {0};
	struct proof proof;
	struct digest leaf;
	char name[64];
	int r;

	snprintf(name, sizeof name, "entry-%llu", (unsigned long long)index);
	r = get_file(name, &entry);
	if (r == 0)
		r = merkle_leaf(buf_span(&entry), &leaf);
	snprintf(name, sizeof name, "proof-%llu-%llu", (unsigned long long)size,
	    (unsigned long long)index);
	if (r == 0)
		r = get_file(name, &text);
	if (r == 0)
		r = proof_parse(buf_span(&text), &proof);
	if (r == 0 && proof.index != index)
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		r = proof_verify(&proof, &leaf, log->origin, &log->key);
	if (r == 0)
		r = proof_build(&proof, &again);
	if (r == 0 && !span_equal(buf_span(&text), buf_span(&again)))
		r = FORMAT_E_MISMATCH;
	buf_free(&entry);
	buf_free(&text);
	buf_free(&again);
	return r;
}

static int get_root(
    const struct log *log, uint64_t size, struct digest *ret_root)
{
	struct checkpoint checkpoint;
	struct buf text = {0};
	struct note note;
	char name[64];
	int r;

	snprintf(
	    name, sizeof name, "checkpoint-%llu", (unsigned long long)size);
	r = get_file(name, &text);
	if (r == 0)
		r = note_parse(buf_span(&text), &note);
	if (r == 0) {
		r = note_verify(&note, log->origin, &log->key);
		if (r == 0)
			r = checkpoint_parse(note.text, &checkpoint);
		note_free(&note);
	}
	buf_free(&text);
	if (r == 0 && checkpoint.size != size)
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		*ret_root = checkpoint.root;
	return r;
}

static int take_hashes(struct span text, struct merkle_proof *ret_proof)
{
	struct buf bytes = {0};
	struct lines lines;
	struct span line;
	int r = 0;

	lines_begin(&lines, text);
	while (r == 0 && !lines_at_end(&lines)) {
		r = lines_next_raw(&lines, &line);
		if (r == 0)
			r = base64_decode(line, BASE64_STANDARD, &bytes);
	}
	ret_proof->count = bytes.len / 32;
	if (r == 0 && (bytes.len % 32 || ret_proof->count > MERKLE_PROOF_MAX))
		r = FORMAT_E_MALFORMED;
	if (r == 0 && bytes.len > 0)
		memcpy(ret_proof->hashes, bytes.data, bytes.len);
	buf_free(&bytes);
	return r;
}

static int check_consistency(const struct log *log, uint64_t old, uint64_t size)
{
	struct digest old_root, root;
	struct merkle_proof proof;
	struct buf text = {0};
	char name[64];
	int r;

	snprintf(name, sizeof name, "consistency-%llu-%llu",
	    (unsigned long long)old, (unsigned long long)size);
	r = get_file(name, &text);
	if (r == 0)
		r = take_hashes(buf_span(&text), &proof);
	if (r == 0)
		r = get_root(log, old, &old_root);
	if (r == 0)
		r = get_root(log, size, &root);
	if (r == 0)
		r = merkle_verify_consistency(
		    old, size, &proof, &old_root, &root);
	buf_free(&text);
	return r;
}

static int check_log(void)
{
	struct log log = {.origin = ""};
	uint64_t size, i;
	struct digest root;
	int r, proofs = 0;

	r = take_key(&log);
	for (size = 1; r == 0; size++) {
		if (get_root(&log, size, &root) == -ENOENT)
			break;
		for (i = 0; r == 0 && i < size; i++, proofs++)
			r = check_proof(&log, size, i);
		for (i = 1; r == 0 && i <= size; i++)
			r = check_consistency(&log, i, size);
	}
	if (r != 0)
		fprintf(stderr, "of size %llu: %d\n",
		    (unsigned long long)size - 1, r);
	else
		printf("%d\n", proofs);
	return r;
}

static int print_key(const char *origin, const char *text)
{
	struct buf out = {0};
	struct sign_key key;
	int r;

	r = sign_key_parse(span_text(text), &key);
	if (r == 0)
		r = note_verifier_key(origin, NOTE_ALG_ED25519, &key, &out);
	if (r == 0)
		printf("%.*s\n", (int)out.len, (char *)out.data);
	buf_free(&out);
	return r;
}

int main(int argc, char **argv)
{
	int r = -EINVAL;

	if (sodium_init() < 0 || argc < 3)
		return 2;
	directory = argv[2];
	if (strcmp(argv[1], "write") == 0 && argc == 3)
		r = write_log();
	else if (strcmp(argv[1], "check") == 0 && argc == 3)
		r = check_log();
	else if (strcmp(argv[1], "key") == 0 && argc == 4)
		r = print_key(argv[2], argv[3]);
	return r == 0 ? 0 : r > 0 ? 1 : 2;
}
