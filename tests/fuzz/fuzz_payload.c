/*
 * An age payload under a key that its maker has: opened whole, chunk by chunk,
 * and as a veiled object by a worker. All three agree, nothing that was cut or
 * touched opens, and what is sealed here opens to what it was.
 *
 * Input: two bytes of the size that the content tells, the payload.
 */
#include <string.h>
#include <unistd.h>

#include "daemon/base/veil.h"
#include "daemon/worker/stream.h"
#include "proto/format/hash.h"
#include "proto/format/padme.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static const uint8_t file_key[AGE_FILE_KEY_BYTES] = "known to us here";
static const struct wire_key32 veil_key = {{7}};

static int open_chunks(struct span payload, struct buf *out)
{
	uint8_t chunk[AGE_CHUNK_BYTES];
	struct age_stream *stream;
	size_t take;
	int r;

	if (payload.len < AGE_NONCE_BYTES + AGE_TAG_BYTES)
		return FORMAT_E_MISMATCH;
	CLAIM(age_stream_open(file_key, payload.data, &stream) == 0);
	payload = span_of(
	    payload.data + AGE_NONCE_BYTES, payload.len - AGE_NONCE_BYTES);
	do {
		take = payload.len < sizeof chunk + AGE_TAG_BYTES
			   ? payload.len
			   : sizeof chunk + AGE_TAG_BYTES;
		r = take < AGE_TAG_BYTES
			? FORMAT_E_MISMATCH
			: age_stream_open_chunk(stream, payload.data, take,
			      take == payload.len, chunk);
		if (r == 0)
			CLAIM(
			    buf_append(out, chunk, take - AGE_TAG_BYTES) == 0);
		payload.data += take;
		payload.len -= take;
	} while (r == 0 && payload.len > 0);
	age_stream_free(stream);
	return r;
}

static int open_veiled(struct span payload, uint64_t size, struct span plain)
{
	int in, out = parts_file(span_of("", 0)), r;
	struct job_fault fault = {0};
	struct buf veiled = {0}, found = {0};
	struct digest digest;
	struct veil *veil;

	CLAIM(veil_new(veil_key.bytes, 0, &veil) == 0);
	CLAIM(buf_append_span(&veiled, payload) == 0);
	CLAIM(veil_apply(veil, veiled.data, veiled.len, veiled.data) == 0);
	veil_free(veil);
	in = parts_file(buf_span(&veiled));
	CLAIM(hash_sha256(span_of(plain.data, size < plain.len ? size : 0),
		  &digest) == 0);
	r = stream_open(
	    in, out, file_key, &veil_key, payload.len, &digest, size, &fault);
	if (r == 0) {
		parts_read(out, &found);
		CLAIM(span_equal(
		    buf_span(&found), span_of(plain.data, (size_t)size)));
	} else {
		CLAIM(r == JOB_E_FAILED && fault.why);
	}
	close(in);
	close(out);
	buf_free(&veiled);
	buf_free(&found);
	return r;
}

static bool is_padded(struct span plain, uint64_t size)
{
	if (plain.len != padme_length(size))
		return false;
	for (; size < plain.len; size++)
		if (plain.data[size])
			return false;
	return true;
}

static void check_opening(struct span payload, uint64_t size)
{
	struct buf whole = {0}, chunks = {0};
	uint64_t plain;
	int r;

	r = age_payload_open(file_key, payload, &whole);
	CLAIM(r == 0 || r == FORMAT_E_MISMATCH);
	CLAIM((open_chunks(payload, &chunks) == 0) == (r == 0));
	if (r == 0) {
		CLAIM(span_equal(buf_span(&whole), buf_span(&chunks)));
		CLAIM(age_plain_size(payload.len, &plain) == 0);
		CLAIM(plain == whole.len);
		CLAIM((open_veiled(payload, size, buf_span(&whole)) == 0) ==
		      is_padded(buf_span(&whole), size));
	} else {
		CLAIM(whole.len == 0);
		CLAIM(open_veiled(payload, size, span_of("", 0)) != 0);
	}
	buf_free(&whole);
	buf_free(&chunks);
}

static void check_sealing(struct span plain, uint64_t place)
{
	struct buf sealed = {0}, opened = {0};

	CLAIM(age_payload_seal(file_key, plain, &sealed) == 0);
	CLAIM(sealed.len == age_payload_size(plain.len));
	CLAIM(age_payload_open(file_key, buf_span(&sealed), &opened) == 0);
	CLAIM(span_equal(buf_span(&opened), plain));
	opened.len = 0;
	sealed.data[place % sealed.len] ^= 1;
	CLAIM(age_payload_open(file_key, buf_span(&sealed), &opened) ==
	      FORMAT_E_MISMATCH);
	sealed.data[place % sealed.len] ^= 1;
	sealed.len = place % sealed.len;
	CLAIM(age_payload_open(file_key, buf_span(&sealed), &opened) ==
	      FORMAT_E_MISMATCH);
	CLAIM(opened.len == 0);
	buf_free(&sealed);
	buf_free(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	uint64_t number = parts_byte(&rest);

	number = number << 8 | parts_byte(&rest);
	check_opening(rest, number);
	check_sealing(rest, number);
	return 0;
}
