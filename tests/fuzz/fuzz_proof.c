/*
 * proof_parse(): what it takes, proof_build() writes again to the byte. What
 * verifies stands in the log of the author with mark 1 whose number is zero,
 * and so does what is selected of it.
 */
#include <string.h>

#include "proto/format/proof.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static void check_holds(const struct proof *proof, struct span bytes,
    const struct digest *leaf, const char *origin, const struct sign_key *key)
{
	struct buf selected = {0};
	struct digest other = *leaf;
	struct proof again, moved = *proof;

	other.bytes[31] ^= 1;
	CLAIM(proof_verify(proof, &other, origin, key) == FORMAT_E_MISMATCH);
	moved.index ^= 1;
	CLAIM(proof_verify(&moved, leaf, origin, key) == FORMAT_E_MISMATCH);
	CLAIM(proof_select(bytes, origin, key, NULL, 0, &selected) == 0);
	CLAIM(selected.len <= bytes.len);
	CLAIM(proof_parse(buf_span(&selected), &again) == 0);
	CLAIM(proof_verify(&again, leaf, origin, key) == 0);
	CLAIM(proof_check_lines(&again, origin, key, NULL, 0, NULL, NULL) == 0);
	buf_free(&selected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct log_id log = {{0}};
	struct span bytes = span_of(data, size);
	char origin[NOTE_ORIGIN_MAX];
	struct author_id author;
	struct buf made = {0};
	struct proof proof;
	struct sign_key key;
	struct digest leaf;
	int r = proof_parse(bytes, &proof);

	CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	if (r != 0)
		return 0;
	CLAIM(proof.inclusion.count <= MERKLE_PROOF_MAX);
	CLAIM(proof.index <= FORMAT_INTEGER_MAX);
	CLAIM(proof_build(&proof, &made) == 0);
	CLAIM(span_equal(buf_span(&made), bytes));
	buf_free(&made);
	parts_author(1, &key);
	sign_key_author(&key, &author);
	memset(origin, 0, sizeof origin);
	note_origin(&author, &log, origin);
	CLAIM(merkle_leaf(span_text("entry"), &leaf) == 0);
	r = proof_verify(&proof, &leaf, origin, &key);
	CLAIM(r == 0 || r == FORMAT_E_MALFORMED || r == FORMAT_E_MISMATCH);
	if (r == 0)
		check_holds(&proof, bytes, &leaf, origin, &key);
	return 0;
}
