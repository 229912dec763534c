/*
 * note_parse(), and checkpoint_parse() on its text. What is taken is written
 * again to the byte, and what is selected of it holds by itself.
 */
#include <string.h>

#include "proto/format/proof.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static size_t count_lines(struct span bytes)
{
	size_t i, count = 0;

	for (i = 0; i < bytes.len; i++)
		count += bytes.data[i] == '\n';
	return count;
}

/* Lines of a kind that is longer than any known here are passed over. */
static void check_again(const struct note *note, struct span bytes)
{
	struct span rest = span_of(
	    bytes.data + note->text.len + 1, bytes.len - note->text.len - 1);
	struct note one = *note;
	struct buf made = {0};
	size_t i;

	CLAIM(note->text.data == bytes.data && note->text.len < bytes.len);
	CLAIM(bytes.len <= NOTE_BYTES_MAX);
	CLAIM(note->signature_count <= NOTE_SIGNATURES_MAX);
	CLAIM(note_begin(note->text, &made) == 0);
	one.signature_count = 1;
	for (i = 0; i < note->signature_count; i++) {
		one.signatures = &note->signatures[i];
		CLAIM(one.signatures->length > 0);
		CLAIM(note_copy(&one, one.signatures->name, &made) == 0);
	}
	CLAIM(count_lines(rest) >= note->signature_count);
	if (count_lines(rest) == note->signature_count)
		CLAIM(span_equal(buf_span(&made), bytes));
	else
		CLAIM(made.len < bytes.len);
	buf_free(&made);
}

static int count_witness(void *context, const struct sign_key *key, uint64_t t)
{
	(void)key;
	(void)t;
	*(size_t *)context += 1;
	return 0;
}

/* Of the author with mark 1, whose witness has mark 2. */
static void check_selected(
    const struct note *note, struct span bytes, const char *origin)
{
	struct proof proof = {.index = 0};
	struct sign_key author, witness;
	struct buf kept = {0};
	size_t count = 0;
	uint64_t time;
	int r;

	parts_author(1, &author);
	parts_author(2, &witness);
	r = proof_select_note(bytes, origin, &author, &witness, 1, &kept);
	CLAIM((r == 0) == (note_verify(note, origin, &author) == 0));
	if (r == 0) {
		proof.checkpoint = buf_span(&kept);
		CLAIM(proof_check_lines(&proof, origin, &author, &witness, 1,
			  count_witness, &count) == 0);
		CLAIM(
		    count == (cosignature_verify(note, &witness, &time) == 0));
		CLAIM(proof_check_lines(&proof, origin, &witness, &author, 1,
			  count_witness, &count) == FORMAT_E_MISMATCH);
	}
	buf_free(&kept);
}

static void check_text(const struct note *note, struct span bytes)
{
	char origin[NOTE_ORIGIN_MAX];
	struct checkpoint checkpoint;
	struct author_id author;
	struct buf made = {0};
	struct log_id log;

	if (checkpoint_parse(note->text, &checkpoint) != 0)
		return;
	CLAIM(checkpoint.size <= FORMAT_INTEGER_MAX);
	CLAIM(checkpoint_build(&checkpoint, &made) == 0);
	CLAIM(span_equal(buf_span(&made), note->text));
	buf_free(&made);
	if (note_parse_origin(checkpoint.origin, &author, &log) == 0) {
		memset(origin, 0, sizeof origin);
		note_origin(&author, &log, origin);
		CLAIM(strcmp(origin, checkpoint.origin) == 0);
	}
	check_selected(note, bytes, checkpoint.origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct note note;
	int r = note_parse(bytes, &note);

	CLAIM(r == 0 || r == FORMAT_E_MALFORMED);
	if (r != 0)
		return 0;
	check_again(&note, bytes);
	check_text(&note, bytes);
	note_free(&note);
	return 0;
}
