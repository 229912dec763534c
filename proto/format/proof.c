/*
 * Proof files (C2SP tlog-proof v1; FORMAT.md, 8).
 */
#include <string.h>

#include "proto/format/lines.h"
#include "proto/format/proof.h"

#define VERSION "c2sp.org/tlog-proof@v1"

int proof_build(const struct proof *proof, struct buf *out)
{
	size_t i;
	int r;

	r = buf_printf(
	    out, VERSION "\nindex %llu\n", (unsigned long long)proof->index);
	for (i = 0; r == 0 && i < proof->inclusion.count; i++) {
		r = base64_append(out, BASE64_STANDARD,
		    span_of(proof->inclusion.hashes[i].bytes, 32));
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	if (r == 0)
		r = buf_append_text(out, "\n");
	return r == 0 ? buf_append_span(out, proof->checkpoint) : r;
}

static int take_hash(struct span line, struct merkle_proof *proof)
{
	struct buf bytes = {0};
	int r;

	if (proof->count == MERKLE_PROOF_MAX)
		return FORMAT_E_MALFORMED;
	r = base64_decode(line, BASE64_STANDARD, &bytes);
	if (r == 0 && bytes.len != 32)
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		memcpy(proof->hashes[proof->count++].bytes, bytes.data, 32);
	buf_free(&bytes);
	return r;
}

int proof_parse(struct span bytes, struct proof *ret_proof)
{
	struct proof proof = {0};
	struct lines lines;
	struct span line;
	int r;

	lines_begin(&lines, bytes);
	if (lines_expect_exact(&lines, VERSION) != 0 ||
	    lines_expect(&lines, "index", &line) != 0 ||
	    decimal_decode(line, &proof.index) != 0)
		return FORMAT_E_MALFORMED;
	for (;;) {
		r = lines_next_raw(&lines, &line);
		if (r != 0 || line.len == 0)
			break;
		r = take_hash(line, &proof.inclusion);
		if (r != 0)
			break;
	}
	if (r != 0)
		return r;
	if (lines_at_end(&lines))
		return FORMAT_E_MALFORMED;
	proof.checkpoint = lines.rest;
	*ret_proof = proof;
	return 0;
}

int proof_verify(const struct proof *proof, const struct digest *leaf,
    const char *origin, const struct sign_key *key)
{
	struct checkpoint checkpoint;
	struct note note;
	int r;

	r = note_parse(proof->checkpoint, &note);
	if (r != 0)
		return r;
	r = note_verify(&note, origin, key);
	if (r == 0)
		r = checkpoint_parse(note.text, &checkpoint);
	if (r == 0 && strcmp(checkpoint.origin, origin) != 0)
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		r = merkle_verify_inclusion(leaf, proof->index, checkpoint.size,
		    &proof->inclusion, &checkpoint.root);
	note_free(&note);
	return r;
}

static bool same_key(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The author's own line, as it verifies. */
static int copy_author(const struct note *note, const char *origin,
    const struct sign_key *author, struct buf *out)
{
	struct note one = *note;
	size_t i;
	int r = FORMAT_E_MISMATCH;

	one.signature_count = 1;
	for (i = 0; r == FORMAT_E_MISMATCH && i < note->signature_count; i++) {
		one.signatures = &note->signatures[i];
		r = note_verify(&one, origin, author);
		if (r == 0)
			r = note_copy(&one, origin, out);
	}
	return r;
}

int proof_select_note(struct span bytes, const char *origin,
    const struct sign_key *author, const struct sign_key *witnesses,
    size_t count, struct buf *out)
{
	struct note note;
	size_t i;
	int r;

	r = note_parse(bytes, &note);
	if (r != 0)
		return r;
	r = note_begin(note.text, out);
	if (r == 0)
		r = copy_author(&note, origin, author, out);
	for (i = 0; r == 0 && i < count; i++) {
		if (same_key(&witnesses[i], author))
			continue;
		r = cosignature_copy(&note, &witnesses[i], out);
		r = r == FORMAT_E_MISMATCH ? 0 : r;
	}
	note_free(&note);
	return r;
}

int proof_select(struct span bytes, const char *origin,
    const struct sign_key *author, const struct sign_key *witnesses,
    size_t count, struct buf *out)
{
	struct buf kept = {0};
	struct proof proof;
	int r;

	r = proof_parse(bytes, &proof);
	if (r == 0)
		r = proof_select_note(
		    proof.checkpoint, origin, author, witnesses, count, &kept);
	proof.checkpoint = buf_span(&kept);
	if (r == 0)
		r = proof_build(&proof, out);
	buf_free(&kept);
	return r;
}

int proof_check_lines(const struct proof *proof, const char *origin,
    const struct sign_key *author, const struct sign_key *keys, size_t count,
    proof_witness_cb each, void *context)
{
	struct buf made = {0};
	struct note note;
	uint64_t time;
	size_t i;
	int r;

	r = note_parse(proof->checkpoint, &note);
	if (r != 0)
		return r;
	r = note_begin(note.text, &made);
	if (r == 0)
		r = copy_author(&note, origin, author, &made);
	for (i = 0; r == 0 && i < count; i++) {
		if (same_key(&keys[i], author))
			continue; /* nobody is a witness of itself */
		r = cosignature_copy(&note, &keys[i], &made);
		if (r == 0)
			r = cosignature_verify(&note, &keys[i], &time);
		if (r == 0)
			r = each(context, &keys[i], time);
		else if (r == FORMAT_E_MISMATCH)
			r = 0;
	}
	/* What is made of lines that hold is all that may be there. */
	if (r == 0 && !span_equal(buf_span(&made), proof->checkpoint))
		r = FORMAT_E_MISMATCH;
	note_free(&note);
	buf_free(&made);
	return r;
}
