/*
 * Cosignatures (C2SP tlog-cosignature, cosignature/v1): a witness's word that
 * at a time it held a log consistent up to a checkpoint.
 */
#include <sodium.h>
#include <string.h>

#include "proto/format/note.h"
#include "proto/format/sshsig.h"

int cosignature_message(uint64_t time, struct span text, struct buf *out)
{
	int r = buf_printf(
	    out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);

	return r == 0 ? buf_append_span(out, text) : r;
}

void cosignature_pack(uint64_t time, const uint8_t signature[64],
    uint8_t ret_bytes[COSIGNATURE_BYTES])
{
	u64_encode(time, ret_bytes);
	memcpy(ret_bytes + 8, signature, 64);
}

static int verify_one(const struct note *note, const struct sign_key *key,
    const struct note_signature *signature)
{
	struct buf message = {0};
	int r;

	r = cosignature_message(
	    u64_decode(signature->bytes), note->text, &message);
	if (r == 0 && crypto_sign_verify_detached(signature->bytes + 8,
			  message.data, message.len, key->bytes) != 0)
		r = FORMAT_E_MISMATCH;
	buf_free(&message);
	return r;
}

static int find(const struct note *note, const struct sign_key *key,
    const char *name, const struct note_signature **ret_signature)
{
	const struct note_signature *signature;
	uint8_t hash[4];
	size_t i;
	int r;

	r = note_key_hash(name, NOTE_ALG_COSIGNATURE, key, hash);
	if (r < 0)
		return r;
	for (i = 0; i < note->signature_count; i++) {
		signature = &note->signatures[i];
		if (strcmp(signature->name, name) != 0 ||
		    memcmp(signature->key_hash, hash, sizeof hash) != 0 ||
		    signature->length != COSIGNATURE_BYTES)
			continue;
		r = verify_one(note, key, signature);
		if (r == 0)
			*ret_signature = signature;
		if (r <= 0)
			return r;
	}
	return FORMAT_E_MISMATCH;
}

int cosignature_verify(
    const struct note *note, const struct sign_key *key, uint64_t *ret_time)
{
	const struct note_signature *signature;
	char name[NOTE_ORIGIN_MAX];
	struct author_id author;
	int r;

	sign_key_author(key, &author);
	note_witness_name(&author, name);
	r = find(note, key, name, &signature);
	if (r == 0)
		*ret_time = u64_decode(signature->bytes);
	return r;
}

int cosignature_copy(
    const struct note *note, const struct sign_key *key, struct buf *out)
{
	const struct note_signature *signature;
	char name[NOTE_ORIGIN_MAX];
	struct author_id author;
	int r;

	sign_key_author(key, &author);
	note_witness_name(&author, name);
	r = find(note, key, name, &signature);
	return r == 0 ? note_add_signature(name, NOTE_ALG_COSIGNATURE, key,
			    span_of(signature->bytes, signature->length), out)
		      : r;
}
