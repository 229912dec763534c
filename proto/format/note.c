/*
 * Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint).
 * Cosignatures are in cosignature.c.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/hash.h"
#include "proto/format/lines.h"
#include "proto/format/note.h"

#define ORIGIN_PREFIX "evident/log/"
#define WITNESS_PREFIX "evident/witness/"
/* A signature of a kind that this program does not know. */
#define NOTE_E_LONGER 41

#define SIGNATURE_PREFIX "\xe2\x80\x94 " /* em dash, space */

static void put_hex(char *out, const uint8_t bytes[32])
{
	hex_encode(bytes, 32, out);
}

void note_origin(const struct author_id *author, const struct log_id *log,
    char ret_origin[NOTE_ORIGIN_MAX])
{
	const size_t prefix = strlen(ORIGIN_PREFIX);

	memcpy(ret_origin, ORIGIN_PREFIX, prefix);
	put_hex(ret_origin + prefix, author->bytes);
	ret_origin[prefix + 64] = '/';
	put_hex(ret_origin + prefix + 65, log->bytes);
}

int note_parse_origin(
    const char *origin, struct author_id *ret_author, struct log_id *ret_log)
{
	const size_t prefix = strlen(ORIGIN_PREFIX);
	struct author_id author = {{0}};
	struct log_id log = {{0}};

	if (strlen(origin) != prefix + 129 ||
	    memcmp(origin, ORIGIN_PREFIX, prefix) != 0 ||
	    origin[prefix + 64] != '/' ||
	    hex_decode(span_of(origin + prefix, 64), author.bytes, 32) != 0 ||
	    hex_decode(span_of(origin + prefix + 65, 64), log.bytes, 32) != 0)
		return FORMAT_E_MALFORMED;
	*ret_author = author;
	*ret_log = log;
	return 0;
}

void note_witness_name(
    const struct author_id *author, char ret_name[NOTE_ORIGIN_MAX])
{
	memcpy(ret_name, WITNESS_PREFIX, strlen(WITNESS_PREFIX));
	put_hex(ret_name + strlen(WITNESS_PREFIX), author->bytes);
}

int note_key_hash(const char *name, uint8_t alg, const struct sign_key *key,
    uint8_t ret_hash[4])
{
	struct buf bytes = {0};
	struct digest digest;
	int r;

	r = buf_append_text(&bytes, name);
	if (r == 0)
		r = buf_append_text(&bytes, "\n");
	if (r == 0)
		r = buf_append(&bytes, &alg, 1);
	if (r == 0)
		r = buf_append(&bytes, key->bytes, sizeof key->bytes);
	if (r == 0)
		r = hash_sha256(buf_span(&bytes), &digest);
	buf_free(&bytes);
	if (r == 0)
		memcpy(ret_hash, digest.bytes, 4);
	return r;
}

int note_verifier_key(
    const char *name, uint8_t alg, const struct sign_key *key, struct buf *out)
{
	uint8_t hash[4], bytes[33];
	int r;

	bytes[0] = alg;
	memcpy(bytes + 1, key->bytes, sizeof key->bytes);
	r = note_key_hash(name, alg, key, hash);
	if (r == 0)
		r = buf_append_text(out, name);
	if (r == 0)
		r = buf_append_text(out, "+");
	if (r == 0)
		r = buf_append_hex(out, hash, sizeof hash);
	if (r == 0)
		r = buf_append_text(out, "+");
	if (r == 0)
		r = base64_append(
		    out, BASE64_STANDARD, span_of(bytes, sizeof bytes));
	return r;
}

int checkpoint_build(const struct checkpoint *checkpoint, struct buf *out)
{
	int r;

	if (checkpoint->size > FORMAT_INTEGER_MAX)
		return FORMAT_E_MALFORMED;
	r = buf_printf(out, "%s\n%llu\n", checkpoint->origin,
	    (unsigned long long)checkpoint->size);
	if (r == 0)
		r = base64_append(
		    out, BASE64_STANDARD, span_of(checkpoint->root.bytes, 32));
	return r == 0 ? buf_append_text(out, "\n") : r;
}

static int take_root(struct lines *lines, struct digest *ret_root)
{
	struct buf bytes = {0};
	struct span line;
	int r;

	r = lines_next_raw(lines, &line);
	if (r == 0)
		r = base64_decode(line, BASE64_STANDARD, &bytes);
	if (r == 0 && bytes.len != sizeof ret_root->bytes)
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		memcpy(ret_root->bytes, bytes.data, sizeof ret_root->bytes);
	buf_free(&bytes);
	return r;
}

int checkpoint_parse(struct span text, struct checkpoint *ret_checkpoint)
{
	struct checkpoint checkpoint;
	struct lines lines;
	struct span line;
	int r;

	memset(&checkpoint, 0, sizeof checkpoint);
	lines_begin(&lines, text);
	if (lines_next_raw(&lines, &line) != 0 || line.len == 0 ||
	    line.len >= sizeof checkpoint.origin ||
	    memchr(line.data, 0, line.len))
		return FORMAT_E_MALFORMED;
	memcpy(checkpoint.origin, line.data, line.len);
	if (lines_next_raw(&lines, &line) != 0 ||
	    decimal_decode(line, &checkpoint.size) != 0)
		return FORMAT_E_MALFORMED;
	r = take_root(&lines, &checkpoint.root);
	if (r == 0 && !lines_at_end(&lines))
		r = FORMAT_E_MALFORMED;
	if (r != 0)
		return r;
	*ret_checkpoint = checkpoint;
	return 0;
}

/* Where the text ends: the last empty line (signatures hold none). */
static int split(
    struct span bytes, struct span *ret_text, struct span *ret_rest)
{
	size_t i;

	for (i = bytes.len; i >= 2; i--)
		if (bytes.data[i - 1] == '\n' && bytes.data[i - 2] == '\n') {
			*ret_text = span_of(bytes.data, i - 1);
			*ret_rest = span_of(bytes.data + i, bytes.len - i);
			return 0;
		}
	return FORMAT_E_MALFORMED;
}

/* UTF-8 without control characters but LF. */
static bool text_is_clean(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 && text.data[i] != '\n')
			return false;
	return utf8_is_valid(text);
}

static bool name_is_clean(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.data[i] <= 0x20 || name.data[i] == '+' ||
		    name.data[i] == 0x7f)
			return false;
	return name.len > 0 && name.len <= NOTE_NAME_MAX;
}

/* "— NAME BASE64" */
static int take_signature(
    struct span line, struct note_signature *ret_signature)
{
	const size_t prefix = strlen(SIGNATURE_PREFIX);
	struct note_signature signature = {.length = 0};
	struct buf bytes = {0};
	struct span words, name;
	int r;

	if (line.len < prefix || memcmp(line.data, SIGNATURE_PREFIX, prefix))
		return FORMAT_E_MALFORMED;
	words = span_of(line.data + prefix, line.len - prefix);
	if (words_next(&words, &name) != 0 || !name_is_clean(name))
		return FORMAT_E_MALFORMED;
	r = base64_decode(words, BASE64_STANDARD, &bytes);
	if (r == 0 && bytes.len < 5)
		r = FORMAT_E_MALFORMED;
	if (r == 0 && bytes.len - 4 > sizeof signature.bytes)
		r = NOTE_E_LONGER;
	if (r == 0) {
		memcpy(signature.name, name.data, name.len);
		memcpy(signature.key_hash, bytes.data, 4);
		signature.length = bytes.len - 4;
		memcpy(signature.bytes, bytes.data + 4, signature.length);
		*ret_signature = signature;
	}
	buf_free(&bytes);
	return r;
}

int note_parse(struct span bytes, struct note *ret_note)
{
	struct note note = {.signature_count = 0};
	struct span rest, line;
	struct lines lines;
	int r;

	if (bytes.len > NOTE_BYTES_MAX || !text_is_clean(bytes) ||
	    split(bytes, &note.text, &rest) != 0 || note.text.len < 2)
		return FORMAT_E_MALFORMED;
	note.signatures = calloc(NOTE_SIGNATURES_MAX, sizeof *note.signatures);
	if (!note.signatures)
		return -ENOMEM;
	lines_begin(&lines, rest);
	do {
		r = note.signature_count < NOTE_SIGNATURES_MAX
			? lines_next_raw(&lines, &line)
			: FORMAT_E_MALFORMED;
		if (r == 0)
			r = take_signature(
			    line, &note.signatures[note.signature_count]);
		if (r == 0)
			note.signature_count++;
		else if (r == NOTE_E_LONGER)
			r = 0;
	} while (r == 0 && !lines_at_end(&lines));
	if (r != 0) {
		note_free(&note);
		return r;
	}
	*ret_note = note;
	return 0;
}

void note_free(struct note *note)
{
	if (!note)
		return;
	free(note->signatures);
	note->signatures = NULL;
	note->signature_count = 0;
}

int note_begin(struct span text, struct buf *out)
{
	int r = buf_append_span(out, text);

	return r == 0 ? buf_append_text(out, "\n") : r;
}

static int put_line(const char *name, const uint8_t hash[4],
    struct span signature, struct buf *out)
{
	struct buf bytes = {0};
	int r;

	r = buf_append(&bytes, hash, 4);
	if (r == 0)
		r = buf_append_span(&bytes, signature);
	if (r == 0)
		r = buf_append_text(out, SIGNATURE_PREFIX);
	if (r == 0)
		r = buf_append_text(out, name);
	if (r == 0)
		r = buf_append_text(out, " ");
	if (r == 0)
		r = base64_append(out, BASE64_STANDARD, buf_span(&bytes));
	buf_free(&bytes);
	return r == 0 ? buf_append_text(out, "\n") : r;
}

int note_add_signature(const char *name, uint8_t alg,
    const struct sign_key *key, struct span signature, struct buf *out)
{
	uint8_t hash[4];
	int r;

	r = note_key_hash(name, alg, key, hash);
	return r == 0 ? put_line(name, hash, signature, out) : r;
}

int note_copy(const struct note *note, const char *name, struct buf *out)
{
	const struct note_signature *signature;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < note->signature_count; i++) {
		signature = &note->signatures[i];
		if (strcmp(signature->name, name) == 0)
			r = put_line(name, signature->key_hash,
			    span_of(signature->bytes, signature->length), out);
	}
	return r;
}

int note_verify(
    const struct note *note, const char *name, const struct sign_key *key)
{
	const struct note_signature *signature;
	uint8_t hash[4];
	size_t i;
	int r;

	r = note_key_hash(name, NOTE_ALG_ED25519, key, hash);
	if (r < 0)
		return r;
	for (i = 0; i < note->signature_count; i++) {
		signature = &note->signatures[i];
		if (strcmp(signature->name, name) == 0 &&
		    memcmp(signature->key_hash, hash, sizeof hash) == 0 &&
		    signature->length == crypto_sign_BYTES &&
		    crypto_sign_verify_detached(signature->bytes,
			note->text.data, note->text.len, key->bytes) == 0)
			return 0;
	}
	return FORMAT_E_MISMATCH;
}

int note_sign(
    const uint8_t seed[32], struct span text, uint8_t ret_signature[64])
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(public, secret, seed);
	crypto_sign_detached(ret_signature, NULL, text.data, text.len, secret);
	sodium_memzero(secret, sizeof secret);
	return 0;
}
