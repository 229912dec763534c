/*
 * Goal of this test: what the age testkit (C2SP CCTV) says of a file, our
 * reader says too: the same outcome, and the same bytes released before it.
 *
 * testkit DIRECTORY COUNT: the vectors are in DIRECTORY, uncompressed, and
 * COUNT of them must be neither armoured nor with a hybrid identity first;
 * these are run. Output is TAP.
 *
 * Evident opens no passphrase files, so unwrapping a scrypt stanza lives here;
 * that it must stand alone is the business of age_header_parse(). The nonce is
 * read with the header, hence a file that ends in it is a header failure.
 */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/hash.h"
#include "proto/format/lines.h"

#define FILE_MAX (32u << 20)
#define KEYS_MAX 4
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"
#define SCRYPT_WORK_MAX 22
#define SEALED_CHUNK (AGE_CHUNK_BYTES + AGE_TAG_BYTES)

enum outcome {
	OUTCOME_SUCCESS,
	OUTCOME_NO_MATCH,
	OUTCOME_HMAC,
	OUTCOME_HEADER,
	OUTCOME_PAYLOAD,
	OUTCOME_BROKEN, /* the test itself */
};

static const char *const outcome_names[] = {"success", "no match",
    "HMAC failure", "header failure", "payload failure", "broken"};

struct vector {
	struct span expect, payload, file;
	struct span identities[KEYS_MAX], passphrases[KEYS_MAX];
	size_t identity_count, passphrase_count;
	struct span file_key;
	bool other; /* armoured or hybrid */
};

static int read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *room;
	size_t n = 0;
	int r = 0;

	if (!file)
		return -errno;
	do {
		r = buf_reserve(out, 65536, &room);
		if (r < 0)
			break;
		n = fread(room, 1, 65536, file);
		out->len += n;
	} while (n > 0);
	if (ferror(file))
		r = -EIO;
	fclose(file);
	return r;
}

/* "key: value", which may stand up to ${max} times and fills ${list}. */
static bool take_key(struct span line, const char *key, size_t max,
    struct span *list, size_t *count)
{
	size_t len = strlen(key);

	if (line.len < len + 2 || memcmp(line.data, key, len) != 0 ||
	    memcmp(line.data + len, ": ", 2) != 0 || *count == max)
		return false;
	list[(*count)++] = span_of(line.data + len + 2, line.len - len - 2);
	return true;
}

static bool begins(struct span text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.data, with, len) == 0;
}

static int parse_vector(struct span text, struct vector *vector)
{
	struct span line, ignored;
	size_t ones[5] = {0};
	struct lines lines;

	memset(vector, 0, sizeof *vector);
	lines_begin(&lines, text);
	for (;;) {
		if (lines_next_raw(&lines, &line) != 0)
			return -EINVAL;
		if (line.len == 0)
			break;
		if (!take_key(line, "expect", 1, &vector->expect, &ones[0]) &&
		    !take_key(line, "payload", 1, &vector->payload, &ones[1]) &&
		    !take_key(
			line, "file key", 1, &vector->file_key, &ones[2]) &&
		    !take_key(line, "comment", 1, &ignored, &ones[3]) &&
		    !take_key(line, "armored", 1, &ignored, &ones[4]) &&
		    !take_key(line, "identity", KEYS_MAX, vector->identities,
			&vector->identity_count) &&
		    !take_key(line, "passphrase", KEYS_MAX, vector->passphrases,
			&vector->passphrase_count))
			return -EINVAL;
	}
	vector->file = lines.rest;
	vector->other = ones[4] > 0 || (vector->identity_count > 0 &&
					   begins(vector->identities[0],
					       "AGE-SECRET-KEY-PQ-"));
	return ones[0] == 1 && ones[2] == 1 ? 0 : -EINVAL;
}

/* The salt and the wrapped key of "-> scrypt SALT WORK" and its body. */
struct scrypt_stanza {
	struct buf salt, body;
	uint64_t work;
};

static int parse_scrypt(
    struct lines *lines, struct span words, struct scrypt_stanza *ret_stanza)
{
	struct span salt, work, line;
	struct buf digits = {0};
	int r;

	if (words_next(&words, &salt) != 0 || words_next(&words, &work) != 0 ||
	    words.len != 0 || decimal_decode(work, &ret_stanza->work) != 0 ||
	    ret_stanza->work == 0 || ret_stanza->work > SCRYPT_WORK_MAX ||
	    base64_decode(salt, BASE64_RAW, &ret_stanza->salt) != 0 ||
	    ret_stanza->salt.len != 16)
		return FORMAT_E_MALFORMED;
	do {
		r = lines_next_raw(lines, &line);
		if (r == 0)
			r = buf_append_span(&digits, line);
	} while (r == 0 && line.len == 64);
	if (r == 0)
		r = base64_decode(
		    buf_span(&digits), BASE64_RAW, &ret_stanza->body);
	buf_free(&digits);
	return r == 0 && ret_stanza->body.len != 32 ? FORMAT_E_MALFORMED : r;
}

static int unwrap_scrypt(const struct scrypt_stanza *stanza,
    struct span passphrase, uint8_t *ret_key)
{
	static const uint8_t nonce[12];
	uint8_t key[32];
	struct buf salt = {0};
	int r;

	r = buf_append_text(&salt, SCRYPT_LABEL);
	if (r == 0)
		r = buf_append_span(&salt, buf_span(&stanza->salt));
	if (r == 0)
		r = crypto_pwhash_scryptsalsa208sha256_ll(passphrase.data,
		    passphrase.len, salt.data, salt.len,
		    UINT64_C(1) << stanza->work, 8, 1, key, sizeof key);
	if (r == 0 &&
	    crypto_aead_chacha20poly1305_ietf_decrypt(ret_key, NULL, NULL,
		stanza->body.data, stanza->body.len, NULL, 0, nonce, key) != 0)
		r = FORMAT_E_MISMATCH;
	buf_free(&salt);
	return r;
}

static enum outcome try_passphrases(
    const struct vector *vector, uint8_t *ret_key)
{
	struct scrypt_stanza stanza = {0};
	enum outcome outcome = OUTCOME_NO_MATCH;
	struct lines lines;
	struct span line;
	size_t i;
	int r;

	lines_begin(&lines, vector->file);
	if (lines_next_raw(&lines, &line) != 0 ||
	    lines_next_raw(&lines, &line) != 0)
		return OUTCOME_BROKEN;
	if (!begins(line, "-> scrypt") || (line.len > 9 && line.data[9] != ' '))
		return OUTCOME_NO_MATCH;
	r = parse_scrypt(&lines,
	    line.len > 10 ? span_of(line.data + 10, line.len - 10)
			  : span_of(NULL, 0),
	    &stanza);
	if (r != 0)
		outcome = OUTCOME_HEADER;
	for (i = 0; r == 0 && i < vector->passphrase_count; i++)
		if (unwrap_scrypt(&stanza, vector->passphrases[i], ret_key) ==
		    0)
			outcome = OUTCOME_SUCCESS;
	buf_free(&stanza.salt);
	buf_free(&stanza.body);
	return outcome;
}

static enum outcome try_identities(const struct vector *vector,
    const struct age_header *header, uint8_t *ret_key)
{
	struct age_identity identity;
	size_t i, k;
	int r;

	for (i = 0; i < vector->identity_count; i++) {
		if (age_identity_parse(vector->identities[i], &identity) != 0)
			return OUTCOME_BROKEN;
		for (k = 0; k < header->stanza_count; k++) {
			r = age_stanza_unwrap(
			    &identity, &header->stanzas[k], ret_key);
			if (r != FORMAT_E_MISMATCH)
				return r == 0 ? OUTCOME_SUCCESS
					      : OUTCOME_HEADER;
		}
	}
	return OUTCOME_NO_MATCH;
}

/* The next chunk of what is left, appended to ${out} if it opens. */
static int open_chunk(struct age_stream *stream, struct span rest, bool last,
    struct buf *out, size_t *ret_taken)
{
	size_t take = rest.len < SEALED_CHUNK ? rest.len : SEALED_CHUNK;
	uint8_t *room;
	int r;

	r = buf_reserve(out, take, &room);
	if (r == 0)
		r = age_stream_open_chunk(stream, rest.data, take, last, room);
	if (r != 0)
		return r;
	out->len += take - AGE_TAG_BYTES;
	*ret_taken = take;
	return 0;
}

static void advance(struct span *rest, size_t by)
{
	rest->data += by;
	rest->len -= by;
}

/* As Evident reads: where the payload ends is known. */
static enum outcome open_known(
    const uint8_t *key, struct span payload, struct buf *out)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	struct span rest = payload;
	size_t taken;
	bool last;

	if (age_stream_open(key, payload.data, &stream) != 0)
		return OUTCOME_BROKEN;
	advance(&rest, AGE_NONCE_BYTES);
	do {
		last = rest.len <= SEALED_CHUNK;
		if (open_chunk(stream, rest, last, out, &taken) != 0)
			return OUTCOME_PAYLOAD;
		advance(&rest, taken);
	} while (!last);
	return OUTCOME_SUCCESS;
}

/* Open all before ${rest} again, and what follows as the last chunk. */
static int open_as_last(const uint8_t *key, struct span payload,
    struct span rest, struct buf *out, size_t *ret_taken)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	struct span again = payload;
	struct buf before = {0};
	size_t taken = 0;
	int r;

	r = age_stream_open(key, payload.data, &stream);
	advance(&again, AGE_NONCE_BYTES);
	while (r == 0 && again.data < rest.data) {
		r = open_chunk(stream, again, false, &before, &taken);
		advance(&again, taken);
	}
	buf_free(&before);
	return r == 0 ? open_chunk(stream, rest, true, out, ret_taken) : r;
}

/*
 * As age reads a pipe: it learns from the chunks alone which is the last, so
 * releases one more before some failures. The kit's hashes are of that.
 */
static enum outcome open_blind(
    const uint8_t *key, struct span payload, struct buf *out)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	struct span rest = payload;
	size_t taken;

	if (age_stream_open(key, payload.data, &stream) != 0)
		return OUTCOME_BROKEN;
	advance(&rest, AGE_NONCE_BYTES);
	while (rest.len >= SEALED_CHUNK &&
	       open_chunk(stream, rest, false, out, &taken) == 0)
		advance(&rest, taken);
	if (open_as_last(key, payload, rest, out, &taken) != 0 ||
	    taken != rest.len)
		return OUTCOME_PAYLOAD;
	return OUTCOME_SUCCESS;
}

/* All at once: the same outcome, and nothing released on failure. */
static bool whole_agrees(const uint8_t *key, struct span payload,
    enum outcome outcome, const struct buf *released)
{
	struct buf plain = {0};
	uint64_t size = 0;
	int r = age_payload_open(key, payload, &plain);
	bool right = r == FORMAT_E_MISMATCH && plain.len == 0;

	if (outcome == OUTCOME_SUCCESS)
		right = r == 0 &&
			span_equal(buf_span(&plain), buf_span(released)) &&
			age_plain_size(payload.len, &size) == 0 &&
			size == plain.len &&
			age_payload_size(size) == payload.len;
	buf_free(&plain);
	return right;
}

/* All three ways to read end alike; ${out} gets what age would release. */
static enum outcome open_payload(
    const uint8_t *key, struct span payload, struct buf *out)
{
	struct buf known = {0};
	enum outcome outcome = open_blind(key, payload, out);

	if (open_known(key, payload, &known) != outcome ||
	    !whole_agrees(key, payload, outcome, &known) ||
	    (outcome == OUTCOME_SUCCESS && known.len != out->len) ||
	    known.len > out->len ||
	    !span_equal(buf_span(&known), span_of(out->data, known.len)))
		outcome = OUTCOME_BROKEN;
	buf_free(&known);
	return outcome;
}

static enum outcome open_file(const struct vector *vector, struct buf *out)
{
	uint8_t key[AGE_FILE_KEY_BYTES], known[AGE_FILE_KEY_BYTES];
	struct age_header header;
	enum outcome outcome;
	struct span payload;

	if (age_header_parse(vector->file, &header) != 0)
		return OUTCOME_HEADER;
	outcome = vector->passphrase_count > 0
		      ? try_passphrases(vector, key)
		      : try_identities(vector, &header, key);
	if (outcome != OUTCOME_SUCCESS)
		return outcome;
	if (hex_decode(vector->file_key, known, sizeof known) != 0 ||
	    sodium_memcmp(key, known, sizeof key) != 0)
		return OUTCOME_BROKEN;
	if (age_header_verify(vector->file, &header, key) != 0)
		return OUTCOME_HMAC;
	payload = span_of(vector->file.data + header.length,
	    vector->file.len - header.length);
	if (payload.len < AGE_NONCE_BYTES)
		return OUTCOME_HEADER;
	return open_payload(key, payload, out);
}

static bool run_vector(const struct vector *vector, const char *name, int test)
{
	struct buf out = {0};
	enum outcome outcome = open_file(vector, &out);
	struct digest digest = {{0}};
	char released[65] = "";
	bool right = hash_sha256(buf_span(&out), &digest) == 0;

	buf_free(&out);
	hex_encode(digest.bytes, sizeof digest.bytes, released);
	if (!span_equal(vector->expect, span_text(outcome_names[outcome])) ||
	    (vector->payload.len > 0 &&
		!span_equal(vector->payload, span_text(released))))
		right = false;
	printf("%s %d - %s: %.*s\n", right ? "ok" : "not ok", test, name,
	    (int)vector->expect.len, (const char *)vector->expect.data);
	if (!right)
		printf("# %s, released %s\n", outcome_names[outcome], released);
	return right;
}

/* Whether the vector at ${path} came out right, or is none of ours. */
static bool run_path(const char *path, const char *name, int *ran)
{
	struct vector vector;
	struct buf text = {.max = FILE_MAX};
	bool right = false;

	if (read_file(path, &text) < 0 ||
	    parse_vector(buf_span(&text), &vector) < 0)
		printf("not ok %d - %s can be read\n", ++*ran, name);
	else
		right = vector.other || run_vector(&vector, name, ++*ran);
	buf_free(&text);
	return right;
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int i, count, ran = 0, wrong = 0;
	uint64_t expected;
	char path[4096];

	if (argc != 3 || sodium_init() < 0 ||
	    decimal_decode(span_text(argv[2]), &expected) != 0) {
		fprintf(stderr, "usage: testkit DIRECTORY COUNT\n");
		return 2;
	}
	count = scandir(argv[1], &names, NULL, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			wrong += !run_path(path, names[i]->d_name, &ran);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	if (ran != (int)expected)
		wrong++;
	printf("%s %d - as many vectors as there are\n1..%d\n",
	    ran == (int)expected ? "ok" : "not ok", ran + 1, ran + 1);
	return wrong > 0;
}
