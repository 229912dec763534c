/*
 * What age_both_ways.sh asks of proto/format, as a program that streams from
 * standard input to standard output and holds no more than a chunk or two.
 *
 *   identity             draw an identity and print it
 *   recipient            the recipient of the identity on standard input
 *   seal RECIPIENT...    an age file of standard input
 *   open IDENTITY-FILE   what is in the age file on standard input
 *
 * Exit 0; 1 when it does not open or is not well-formed; 2 for anything else.
 * Only test keys go here.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/lines.h"

#define SEALED_CHUNK (AGE_CHUNK_BYTES + AGE_TAG_BYTES)
#define INPUT_BYTES (2 * SEALED_CHUNK)

_Static_assert(INPUT_BYTES >= AGE_HEADER_MAX, "a header fits");

/* A window on a file: what is in it was read, and not yet used. */
struct input {
	FILE *file;
	uint8_t data[INPUT_BYTES];
	size_t len;
};

/* Fill the window; true when nothing follows what is in it. */
static bool fill(struct input *input)
{
	size_t n;

	do {
		n = fread(input->data + input->len, 1,
		    sizeof input->data - input->len, input->file);
		input->len += n;
	} while (n > 0);
	return input->len < sizeof input->data;
}

static void drop(struct input *input, size_t len)
{
	input->len -= len;
	memmove(input->data, input->data + len, input->len);
}

static int put(const void *data, size_t len)
{
	return fwrite(data, 1, len, stdout) == len ? 0 : -EIO;
}

static int seal_chunks(struct input *input, struct age_stream *stream)
{
	static uint8_t out[SEALED_CHUNK];
	size_t take;
	bool last;
	int r;

	do {
		last = fill(input) && input->len <= AGE_CHUNK_BYTES;
		take = last ? input->len : AGE_CHUNK_BYTES;
		r = age_stream_seal_chunk(stream, input->data, take, last, out);
		if (r == 0)
			r = put(out, take + AGE_TAG_BYTES);
		drop(input, take);
	} while (r == 0 && !last);
	return r == 0 && ferror(input->file) ? -EIO : r;
}

static int seal(struct input *input, char **texts, int count)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	struct age_recipient recipients[AGE_RECIPIENTS_MAX];
	uint8_t file_key[AGE_FILE_KEY_BYTES], nonce[AGE_NONCE_BYTES];
	struct buf header = {0};
	int i, r = count > AGE_RECIPIENTS_MAX ? -EINVAL : 0;

	for (i = 0; r == 0 && i < count; i++)
		r = age_recipient_parse(span_text(texts[i]), &recipients[i]);
	randombytes_buf(file_key, sizeof file_key);
	if (r == 0)
		r = age_header_build(
		    file_key, recipients, (size_t)count, &header);
	if (r == 0)
		r = put(header.data, header.len);
	buf_free(&header);
	if (r == 0)
		r = age_stream_seal(file_key, nonce, &stream);
	if (r == 0)
		r = put(nonce, sizeof nonce);
	return r == 0 ? seal_chunks(input, stream) : r;
}

/* The first identity in a file as age-keygen writes it. */
static int read_identity(const char *path, struct age_identity *ret_identity)
{
	static struct input file;
	struct lines lines;
	struct span line;

	file.file = fopen(path, "rbe");
	if (!file.file)
		return -errno;
	fill(&file);
	fclose(file.file);
	lines_begin(&lines, span_of(file.data, file.len));
	while (lines_next_raw(&lines, &line) == 0)
		if (age_identity_parse(line, ret_identity) == 0)
			return 0;
	return -EINVAL;
}

static int open_header(
    struct input *input, const struct age_identity *identity, uint8_t *ret_key)
{
	struct span file;
	struct age_header header;
	int r = FORMAT_E_MISMATCH;
	size_t i;

	fill(input);
	file = span_of(input->data, input->len);
	if (age_header_parse(file, &header) != 0)
		return FORMAT_E_MALFORMED;
	for (i = 0; r == FORMAT_E_MISMATCH && i < header.stanza_count; i++)
		r = age_stanza_unwrap(identity, &header.stanzas[i], ret_key);
	if (r == 0)
		r = age_header_verify(file, &header, ret_key);
	if (r == 0)
		drop(input, header.length);
	return r;
}

static int open_chunks(struct input *input, struct age_stream *stream)
{
	static uint8_t out[AGE_CHUNK_BYTES];
	size_t take;
	bool last;
	int r;

	do {
		last = fill(input) && input->len <= SEALED_CHUNK;
		take = last ? input->len : SEALED_CHUNK;
		r = age_stream_open_chunk(stream, input->data, take, last, out);
		if (r == 0)
			r = put(out, take - AGE_TAG_BYTES);
		drop(input, take);
	} while (r == 0 && !last);
	return r;
}

static int open_file(struct input *input, const char *path)
{
	_cleanup_(age_stream_freep) struct age_stream *stream = NULL;
	uint8_t file_key[AGE_FILE_KEY_BYTES], nonce[AGE_NONCE_BYTES];
	struct age_identity identity;
	int r;

	r = read_identity(path, &identity);
	if (r == 0)
		r = open_header(input, &identity, file_key);
	fill(input);
	if (r == 0 && input->len < sizeof nonce)
		r = FORMAT_E_MALFORMED;
	if (r != 0)
		return r;
	memcpy(nonce, input->data, sizeof nonce);
	drop(input, sizeof nonce);
	r = age_stream_open(file_key, nonce, &stream);
	return r == 0 ? open_chunks(input, stream) : r;
}

static int print_recipient(struct input *input)
{
	struct age_identity identity;
	struct age_recipient recipient;
	char text[AGE_RECIPIENT_TEXT];
	size_t len;

	fill(input);
	len = input->len;
	if (len > 0 && input->data[len - 1] == '\n')
		len--;
	if (age_identity_parse(span_of(input->data, len), &identity) != 0 ||
	    age_identity_recipient(&identity, &recipient) != 0)
		return FORMAT_E_MALFORMED;
	age_recipient_format(&recipient, text);
	puts(text);
	return 0;
}

static void print_identity(void)
{
	struct age_identity identity;
	char text[AGE_IDENTITY_TEXT];

	age_identity_generate(&identity);
	age_identity_format(&identity, text);
	puts(text);
}

int main(int argc, char **argv)
{
	static struct input input;
	const char *verb = argc > 1 ? argv[1] : "";
	int r = 0;

	input.file = stdin;
	if (sodium_init() < 0)
		return 2;
	if (strcmp(verb, "identity") == 0 && argc == 2)
		print_identity();
	else if (strcmp(verb, "recipient") == 0 && argc == 2)
		r = print_recipient(&input);
	else if (strcmp(verb, "seal") == 0 && argc > 2)
		r = seal(&input, argv + 2, argc - 2);
	else if (strcmp(verb, "open") == 0 && argc == 3)
		r = open_file(&input, argv[2]);
	else
		r = -EINVAL;
	if (fflush(stdout) != 0)
		r = -EIO;
	return r == 0 ? 0 : r > 0 ? 1 : 2;
}
