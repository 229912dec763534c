/*
 * Streaming objects in and out.
 *
 * Sealing reads a file once: its SHA-256 (what the content will say), the age
 * chunks, the payload's SHA-256 (what the entry will say) and the veil are all
 * made in that one pass. The file must be as long at the end as it was at the
 * beginning and must not have been written meanwhile: otherwise the testimony
 * would be neither the old nor the new file, and the capture is refused.
 *
 * Opening writes to the client's descriptor before all is verified, because a
 * file may be larger than memory; the client removes what it got when the
 * answer is not 0. Padding must be zero bytes, or two different payloads would
 * open to the same file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/veil.h"
#include "daemon/worker/stream.h"
#include "proto/format/file.h"
#include "proto/format/hash.h"
#include "proto/format/padme.h"

#define SEALED_CHUNK (AGE_CHUNK_BYTES + AGE_TAG_BYTES)

/* One pass: what is read, what becomes of it, and both running hashes. */
struct pass {
	struct age_stream *age;
	struct veil *veil;
	struct hasher *plain;
	struct hasher *payload;
	uint8_t *clear;  /* AGE_CHUNK_BYTES, wiped */
	uint8_t *sealed; /* SEALED_CHUNK */
};

static void pass_free(struct pass *pass)
{
	age_stream_free(pass->age);
	veil_free(pass->veil);
	hasher_free(pass->plain);
	hasher_free(pass->payload);
	if (pass->clear)
		explicit_bzero(pass->clear, AGE_CHUNK_BYTES);
	free(pass->clear);
	free(pass->sealed);
}

static int pass_begin(struct pass *pass, const struct wire_key32 *veil_key)
{
	int r;

	pass->clear = malloc(AGE_CHUNK_BYTES);
	pass->sealed = malloc(SEALED_CHUNK);
	if (!pass->clear || !pass->sealed)
		return -ENOMEM;
	r = veil_new(veil_key->bytes, 0, &pass->veil);
	if (r == 0)
		r = hasher_new(&pass->plain);
	if (r == 0)
		r = hasher_new(&pass->payload);
	return r;
}

/* Hash payload bytes, veil them and write them. */
static int put_payload(struct pass *pass, int out, uint8_t *data, size_t len)
{
	int r;

	r = hasher_update(pass->payload, data, len);
	if (r == 0)
		r = veil_apply(pass->veil, data, len, data);
	if (r == 0)
		r = file_write(out, data, len);
	return r;
}

/* Fill the next chunk of the padded plaintext: file bytes, then zeros. */
static int next_clear(struct pass *pass, int in, uint64_t left, size_t want,
    size_t *ret_file_bytes)
{
	size_t take = left < want ? (size_t)left : want, have;
	int r;

	r = file_read(in, pass->clear, take, &have);
	if (r < 0)
		return r;
	if (have < take)
		return -ESTALE; /* it shrank */
	memset(pass->clear + take, 0, want - take);
	*ret_file_bytes = take;
	return hasher_update(pass->plain, pass->clear, take);
}

static int seal_chunks(struct pass *pass, int in, int out, uint64_t size)
{
	uint64_t padded = padme_length(size), done = 0;
	size_t want, taken;
	bool last;
	int r;

	do {
		want = padded - done < AGE_CHUNK_BYTES ? (size_t)(padded - done)
						       : AGE_CHUNK_BYTES;
		last = done + want == padded;
		r = next_clear(
		    pass, in, done < size ? size - done : 0, want, &taken);
		if (r < 0)
			return r;
		r = age_stream_seal_chunk(
		    pass->age, pass->clear, want, last, pass->sealed);
		if (r == 0)
			r = put_payload(
			    pass, out, pass->sealed, want + AGE_TAG_BYTES);
		if (r < 0)
			return r;
		done += want;
	} while (!last);
	return 0;
}

/* Whether the file is still what it was when ${before} was taken. */
static int check_unchanged(int in, const struct stat *before)
{
	struct stat now;
	uint8_t byte;
	size_t more;
	int r;

	r = file_read(in, &byte, 1, &more);
	if (r < 0)
		return r;
	if (fstat(in, &now) < 0)
		return -errno;
	if (more != 0 || now.st_size != before->st_size ||
	    now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return -ESTALE;
	return 0;
}

static int seal_fault(int result, struct job_fault *fault)
{
	if (result == -ESTALE)
		return job_fail(fault, WIRE_CODE_CHANGED,
		    "an attachment changed while it was read");
	return job_fail_result(
	    fault, result, "an attachment could not be sealed");
}

static int seal_pass(
    struct pass *pass, int in, int out, const uint8_t *file_key, uint64_t size)
{
	uint8_t nonce[AGE_NONCE_BYTES];
	int r;

	r = age_stream_seal(file_key, nonce, &pass->age);
	if (r == 0)
		r = put_payload(pass, out, nonce, sizeof nonce);
	if (r == 0)
		r = seal_chunks(pass, in, out, size);
	return r;
}

int stream_seal(int in, int out, const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct wire_key32 *veil_key, struct entry_object *ret_object,
    struct digest *ret_plain, uint64_t *ret_size, struct job_fault *fault)
{
	struct pass pass = {0};
	struct stat before;
	uint64_t size;
	int r;

	if (fstat(in, &before) < 0 || !S_ISREG(before.st_mode))
		return job_fail(fault, WIRE_CODE_INPUT,
		    "an attachment is not a regular file");
	size = (uint64_t)before.st_size;
	if (size > STREAM_BYTES_MAX)
		return job_fail(fault, WIRE_CODE_INPUT,
		    "an attachment is larger than 128 GiB");
	r = lseek(in, 0, SEEK_SET) < 0 ? -errno : pass_begin(&pass, veil_key);
	if (r == 0)
		r = seal_pass(&pass, in, out, file_key, size);
	if (r == 0)
		r = check_unchanged(in, &before);
	if (r == 0 && fsync(out) < 0)
		r = -errno;
	if (r == 0)
		r = hasher_final(pass.plain, ret_plain);
	if (r == 0)
		r = hasher_final(pass.payload, &ret_object->payload);
	pass_free(&pass);
	if (r != 0)
		return seal_fault(r, fault);
	ret_object->size = age_payload_size(padme_length(size));
	*ret_size = size;
	return 0;
}

/* Read exactly ${len} payload bytes and lift their veil. */
static int get_payload(struct pass *pass, int in, uint8_t *data, size_t len)
{
	size_t have = 0;
	int r;

	r = file_read(in, data, len, &have);
	if (r < 0)
		return r;
	if (have < len)
		return FORMAT_E_MISMATCH;
	return veil_apply(pass->veil, data, len, data);
}

static bool all_zero(const uint8_t *data, size_t len)
{
	uint8_t any = 0;

	while (len-- > 0)
		any |= *data++;
	return any == 0;
}

static int open_chunks(
    struct pass *pass, int in, int out, uint64_t padded, uint64_t size)
{
	uint64_t done = 0;
	size_t want, keep;
	bool last;
	int r;

	do {
		want = padded - done < AGE_CHUNK_BYTES ? (size_t)(padded - done)
						       : AGE_CHUNK_BYTES;
		last = done + want == padded;
		r = get_payload(pass, in, pass->sealed, want + AGE_TAG_BYTES);
		if (r == 0)
			r = age_stream_open_chunk(pass->age, pass->sealed,
			    want + AGE_TAG_BYTES, last, pass->clear);
		if (r != 0)
			return r;
		keep = done >= size                   ? 0
		       : size - done < (uint64_t)want ? (size_t)(size - done)
						      : want;
		if (!all_zero(pass->clear + keep, want - keep))
			return FORMAT_E_MISMATCH;
		r = hasher_update(pass->plain, pass->clear, keep);
		if (r == 0)
			r = file_write(out, pass->clear, keep);
		if (r != 0)
			return r;
		done += want;
	} while (!last);
	return 0;
}

static int open_pass(struct pass *pass, int in, int out,
    const uint8_t *file_key, uint64_t payload, uint64_t size)
{
	uint8_t nonce[AGE_NONCE_BYTES];
	uint64_t padded;
	int r;

	if (age_plain_size(payload, &padded) != 0 ||
	    padded != padme_length(size))
		return FORMAT_E_MISMATCH;
	r = get_payload(pass, in, nonce, sizeof nonce);
	if (r == 0)
		r = age_stream_open(file_key, nonce, &pass->age);
	if (r == 0)
		r = open_chunks(pass, in, out, padded, size);
	return r;
}

int stream_open(int in, int out, const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct wire_key32 *veil_key, uint64_t payload,
    const struct digest *plain, uint64_t size, struct job_fault *fault)
{
	struct pass pass = {0};
	struct digest found;
	int r;

	r = lseek(in, 0, SEEK_SET) < 0 ? -errno : pass_begin(&pass, veil_key);
	if (r == 0)
		r = open_pass(&pass, in, out, file_key, payload, size);
	if (r == 0)
		r = hasher_final(pass.plain, &found);
	pass_free(&pass);
	if (r == 0 && memcmp(found.bytes, plain->bytes, sizeof found.bytes))
		r = FORMAT_E_MISMATCH;
	if (r != 0)
		return job_fail_result(fault, r,
		    r > 0 ? "an attachment does not open or does not fit"
			  : "an attachment could not be read or handed over");
	return 0;
}

static int unveil_all(struct pass *pass, int in, int out, uint64_t size)
{
	size_t take;
	int r = 0;

	for (; r == 0 && size > 0; size -= take) {
		take = size < AGE_CHUNK_BYTES ? (size_t)size : AGE_CHUNK_BYTES;
		r = get_payload(pass, in, pass->sealed, take);
		if (r == 0)
			r = hasher_update(pass->payload, pass->sealed, take);
		if (r == 0 && out >= 0)
			r = file_write(out, pass->sealed, take);
	}
	return r;
}

int stream_unveil(int in, int out, struct span head,
    const struct wire_key32 *veil_key, uint64_t size, struct digest *ret_digest,
    struct job_fault *fault)
{
	struct pass pass = {0};
	int r;

	r = lseek(in, 0, SEEK_SET) < 0 ? -errno : pass_begin(&pass, veil_key);
	if (r == 0)
		r = hasher_update(pass.payload, head.data, head.len);
	if (r == 0)
		r = unveil_all(&pass, in, out, size);
	if (r == 0)
		r = hasher_final(pass.payload, ret_digest);
	pass_free(&pass);
	if (r != 0)
		return job_fail_result(
		    fault, r, "a stored object could not be read whole");
	return 0;
}
