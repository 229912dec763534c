/*
 * Leaves files: those of logs of many sizes hold, with roots by the recursive
 * definition, and nothing that differs from one in any way does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/bag/leaves.h"
#include "proto/format/hash.h"
#include "proto/format/merkle.h"
#include "proto/format/note.h"
#include "proto/format/sshsig.h"
#include "tests/unit/naive_tree.h"

#define SIZE_MAX_HERE 3000
#define HEAD "evident leaves v1\nentries "

static const uint8_t seed[32] = {3}, other_seed[32] = {4};
static struct sign_key key, other_key;
static struct author_id author;
static const struct log_id log_name = {{8}};
static struct digest ids[SIZE_MAX_HERE + 2];
static struct buf signers, other_signers;

static int make_all(void **state)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint32_t i;

	(void)state;
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	crypto_sign_seed_keypair(other_key.bytes, secret, other_seed);
	sign_key_author(&key, &author);
	for (i = 0; i < SIZE_MAX_HERE + 2; i++)
		hash_sha256(span_of(&i, sizeof i), &ids[i]);
	assert_int_equal(sshsig_allowed_signer(&other_key, &signers), 0);
	assert_int_equal(sshsig_allowed_signer(&key, &signers), 0);
	assert_int_equal(sshsig_allowed_signer(&other_key, &other_signers), 0);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	buf_free(&signers);
	buf_free(&other_signers);
	return 0;
}

/* The note over the first ${size}, signed by whom. */
static void put_note(size_t size, const struct sign_key *by,
    const uint8_t *with, struct buf *out)
{
	struct checkpoint checkpoint = {.size = size};
	struct buf text = {0};
	uint8_t signature[64];

	note_origin(&author, &log_name, checkpoint.origin);
	checkpoint.root = naive_root(ids, size);
	assert_int_equal(checkpoint_build(&checkpoint, &text), 0);
	note_sign(with, buf_span(&text), signature);
	assert_int_equal(note_begin(buf_span(&text), out), 0);
	assert_int_equal(note_add_signature(checkpoint.origin, NOTE_ALG_ED25519,
			     by, span_of(signature, 64), out),
	    0);
	buf_free(&text);
}

static void put_ids(size_t from, size_t to, struct buf *out)
{
	for (; from < to; from++) {
		assert_int_equal(buf_append_hex(out, ids[from].bytes, 32), 0);
		assert_int_equal(buf_append_text(out, "\n"), 0);
	}
}

static void put_head(size_t number, struct buf *out)
{
	assert_int_equal(buf_printf(out, HEAD "%zu\n", number), 0);
}

static struct buf made(size_t size)
{
	struct buf file = {0};

	put_head(size, &file);
	put_ids(0, size, &file);
	put_note(size, &key, seed, &file);
	return file;
}

static struct leaves_verdict judge_by(
    struct span bytes, struct span by, const struct digest *record)
{
	struct leaves_verdict verdict;
	struct entry_id id;
	int fd = memfd_create("leaves", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.data, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	if (record)
		memcpy(id.bytes, record->bytes, 32);
	assert_int_equal(
	    leaves_verify(fd, by, record ? &id : NULL, NULL, NULL, &verdict),
	    0);
	close(fd);
	return verdict;
}

static enum leaves_reason judge(const struct buf *file)
{
	return judge_by(buf_span(file), buf_span(&signers), NULL).reason;
}

/* Judge and free. */
static enum leaves_reason judge_once(struct buf *file)
{
	enum leaves_reason reason = judge(file);

	buf_free(file);
	return reason;
}

static uint8_t *line_of(struct buf *file, size_t size, size_t place)
{
	struct buf head = {0};
	size_t at;

	put_head(size, &head);
	at = head.len + 65 * place;
	buf_free(&head);
	return file->data + at;
}

/* --- claims ------------------------------------------------------------- */

static void test_whole_logs_hold(void **state)
{
	/* 65-byte lines and 64-KiB reads part in all ways by 3000. */
	static const size_t sizes[] = {1, 2, 3, 7, 8, 1000, SIZE_MAX_HERE};
	struct leaves_verdict verdict;
	struct digest root;
	struct buf file;
	size_t i, place;

	(void)state;
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		file = made(sizes[i]);
		place = sizes[i] / 2;
		verdict =
		    judge_by(buf_span(&file), buf_span(&signers), &ids[place]);
		assert_int_equal(verdict.reason, LEAVES_GOOD);
		assert_int_equal(verdict.entries, sizes[i]);
		assert_int_equal(verdict.place, place);
		root = naive_root(ids, sizes[i]);
		assert_memory_equal(verdict.root.bytes, root.bytes, 32);
		assert_memory_equal(verdict.author.bytes, author.bytes, 32);
		assert_memory_equal(verdict.log.bytes, log_name.bytes, 32);
		buf_free(&file);
	}
}

static void test_a_log_has_an_entry(void **state)
{
	struct buf file = made(0);

	(void)state;
	assert_int_equal(judge_once(&file), LEAVES_BAD_NUMBER);
}

static void test_a_record_is_found_or_not(void **state)
{
	struct buf file = made(8), twice = {0};
	struct leaves_verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		verdict =
		    judge_by(buf_span(&file), buf_span(&signers), &ids[i]);
		assert_int_equal(verdict.reason, LEAVES_GOOD);
		assert_int_equal(verdict.place, i);
	}
	verdict = judge_by(buf_span(&file), buf_span(&signers), &ids[8]);
	assert_int_equal(verdict.reason, LEAVES_NOT_IN);
	buf_free(&file);
	/* Two places, and signed so. */
	ids[3] = ids[1];
	twice = made(4);
	verdict = judge_by(buf_span(&twice), buf_span(&signers), &ids[1]);
	assert_int_equal(verdict.reason, LEAVES_TWICE);
	verdict = judge_by(buf_span(&twice), buf_span(&signers), &ids[2]);
	assert_int_equal(verdict.reason, LEAVES_GOOD);
	buf_free(&twice);
	hash_sha256(span_of(&(uint32_t){3}, 4), &ids[3]);
}

static void test_whoever_signed_must_be_among_the_signers(void **state)
{
	struct buf file = made(7), swapped = {0};

	(void)state;
	assert_int_equal(
	    judge_by(buf_span(&file), buf_span(&other_signers), NULL).reason,
	    LEAVES_NOT_VOUCHED);
	assert_int_equal(judge_by(buf_span(&file), span_text(""), NULL).reason,
	    LEAVES_NOT_VOUCHED);
	/* A key that stands under somebody else's name speaks for nobody. */
	assert_int_equal(buf_append(&swapped, other_signers.data, 64), 0);
	assert_int_equal(buf_append_span(&swapped,
			     span_of(signers.data + other_signers.len + 64,
				 signers.len - other_signers.len - 64)),
	    0);
	assert_int_equal(
	    judge_by(buf_span(&file), buf_span(&swapped), NULL).reason,
	    LEAVES_NOT_VOUCHED);
	buf_free(&swapped);
	buf_free(&file);
}

static void test_another_signature_is_refused(void **state)
{
	struct buf file = {0};

	(void)state;
	/* Under the other's key, and under the author's by the other. */
	put_head(7, &file);
	put_ids(0, 7, &file);
	put_note(7, &other_key, other_seed, &file);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIGNATURE);
	put_head(7, &file);
	put_ids(0, 7, &file);
	put_note(7, &key, other_seed, &file);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIGNATURE);
}

static void test_a_second_line_is_refused(void **state)
{
	char name[NOTE_ORIGIN_MAX] = {0};
	static const uint8_t any[200] = {1};
	struct author_id witness;
	struct buf file = made(7), line = {0};
	const uint8_t *start;

	(void)state;
	sign_key_author(&other_key, &witness);
	note_witness_name(&witness, name);
	note_add_signature(name, NOTE_ALG_COSIGNATURE, &other_key,
	    span_of(any, COSIGNATURE_BYTES), &file);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIGNATURE);
	file = made(7);
	note_add_signature(
	    name, 9, &other_key, span_of(any, sizeof any), &file);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIGNATURE);
	/* The author's own, once more. */
	file = made(7);
	start = (uint8_t *)memrchr(file.data, '\n', file.len - 1) + 1;
	buf_append(&line, start, (size_t)(file.data + file.len - start));
	buf_append_span(&file, buf_span(&line));
	buf_free(&line);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIGNATURE);
}

static void test_lines_dropped_added_and_swapped(void **state)
{
	struct buf file = {0};
	uint8_t line[65];
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) { /* one dropped */
		put_head(8, &file);
		put_ids(0, i, &file);
		put_ids(i + 1, 8, &file);
		put_note(8, &key, seed, &file);
		assert_int_equal(judge_once(&file), LEAVES_FEWER);
		put_head(7, &file); /* and the number made to fit */
		put_ids(0, i, &file);
		put_ids(i + 1, 8, &file);
		put_note(8, &key, seed, &file);
		assert_int_equal(judge_once(&file), LEAVES_BAD_SIZE);
	}
	for (i = 0; i <= 8; i++) { /* one added */
		put_head(8, &file);
		put_ids(0, i, &file);
		put_ids(20, 21, &file);
		put_ids(i, 8, &file);
		put_note(8, &key, seed, &file);
		assert_int_equal(judge_once(&file), LEAVES_MORE);
		put_head(9, &file);
		put_ids(0, i, &file);
		put_ids(20, 21, &file);
		put_ids(i, 8, &file);
		put_note(8, &key, seed, &file);
		assert_int_equal(judge_once(&file), LEAVES_BAD_SIZE);
	}
	for (i = 0; i < 7; i++) { /* two swapped */
		file = made(8);
		memcpy(line, line_of(&file, 8, i), 65);
		memmove(line_of(&file, 8, i), line_of(&file, 8, i + 1), 65);
		memcpy(line_of(&file, 8, i + 1), line, 65);
		assert_int_equal(judge_once(&file), LEAVES_BAD_ROOT);
	}
}

static void test_older_and_newer_numbers(void **state)
{
	struct buf file = {0};

	(void)state;
	put_head(7, &file); /* the whole log, an older number */
	put_ids(0, 8, &file);
	put_note(8, &key, seed, &file);
	assert_int_equal(judge_once(&file), LEAVES_MORE);
	put_head(9, &file); /* a newer one */
	put_ids(0, 8, &file);
	put_note(8, &key, seed, &file);
	assert_int_equal(judge_once(&file), LEAVES_FEWER);
	put_head(8, &file); /* an older and a newer checkpoint */
	put_ids(0, 8, &file);
	put_note(7, &key, seed, &file);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIZE);
	put_head(8, &file);
	put_ids(0, 8, &file);
	put_note(9, &key, seed, &file);
	assert_int_equal(judge_once(&file), LEAVES_BAD_SIZE);
}

static void test_digits(void **state)
{
	struct leaves_verdict verdict;
	struct buf file = made(8);
	uint8_t *line = line_of(&file, 8, 5), was;
	size_t i;

	(void)state;
	for (i = 0; i < 64; i++) {
		was = line[i];
		line[i] = was == '0' ? '1' : '0'; /* flipped */
		assert_int_equal(judge(&file), LEAVES_BAD_ROOT);
		line[i] = was >= 'a' ? (uint8_t)(was - 32) : 'g';
		verdict = judge_by(buf_span(&file), buf_span(&signers), NULL);
		assert_int_equal(verdict.reason, LEAVES_BAD_LINE);
		assert_int_equal(verdict.line, 8);
		line[i] = was;
	}
	line[64] = '\r';
	assert_int_equal(judge(&file), LEAVES_BAD_LINE);
	buf_free(&file);
}

static void test_heads(void **state)
{
	static const struct {
		const char *head;
		enum leaves_reason reason;
	} heads[] = {
	    {"", LEAVES_BAD_HEAD},
	    {"\n", LEAVES_BAD_HEAD},
	    {"evident leaves\n", LEAVES_BAD_HEAD},
	    {"Evident leaves v1\nentries 8\n", LEAVES_BAD_HEAD},
	    {"evident leaves v1\r\nentries 8\n", LEAVES_BAD_HEAD},
	    {"evident leaves v1 \nentries 8\n", LEAVES_BAD_HEAD},
	    {"evident leaves v01\nentries 8\n", LEAVES_BAD_HEAD},
	    {"evident leaves v\nentries 8\n", LEAVES_BAD_HEAD},
	    {"evident leaves v2\nentries 8\n", LEAVES_LATER},
	    {"evident leaves v10\nwhatever\n", LEAVES_LATER},
	    {"evident leaves v1\n\nentries 8\n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries  8\n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries 8 \n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries 08\n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries +8\n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries 0\n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries \n", LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries 9007199254740992\n",
		LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries 9007199254740991\n", LEAVES_FEWER},
	    {"evident leaves v1\nentries 99999999999999999999999\n",
		LEAVES_BAD_NUMBER},
	    {"evident leaves v1\nentries 8\n\n", LEAVES_BAD_LINE},
	};
	struct buf file = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof heads / sizeof *heads; i++) {
		buf_append_text(&file, heads[i].head);
		put_ids(0, 8, &file);
		put_note(8, &key, seed, &file);
		assert_int_equal(judge_once(&file), heads[i].reason);
	}
}

/* Truncated anywhere, and any byte changed: nothing holds. */
static void test_every_cut_and_every_byte(void **state)
{
	struct buf file = made(7);
	struct span cut = buf_span(&file);
	size_t i;

	(void)state;
	for (i = 0; i < file.len; i++) {
		cut.len = i;
		assert_int_not_equal(
		    judge_by(cut, buf_span(&signers), NULL).reason,
		    LEAVES_GOOD);
		file.data[i] ^= 1;
		assert_int_not_equal(judge(&file), LEAVES_GOOD);
		file.data[i] ^= 1;
	}
	assert_int_equal(judge(&file), LEAVES_GOOD);
	buf_free(&file);
}

static void test_trailing_bytes(void **state)
{
	static const char *const tails[] = {"\n", " ", "x", "x\n", "\n\n"};
	struct buf file = {0}, filler = {0};
	uint8_t *room;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof tails / sizeof *tails; i++) {
		file = made(7);
		buf_append_text(&file, tails[i]);
		assert_int_equal(judge_once(&file), LEAVES_BAD_CHECKPOINT);
	}
	file = made(7);
	buf_append(&file, "\0", 1);
	assert_int_equal(judge_once(&file), LEAVES_BAD_CHECKPOINT);
	/* More than any checkpoint holds. */
	file = made(7);
	assert_int_equal(buf_reserve(&filler, 1 << 20, &room), 0);
	memset(room, 'x', 1 << 20);
	filler.len = 1 << 20;
	buf_append_span(&file, buf_span(&filler));
	buf_free(&filler);
	assert_int_equal(judge_once(&file), LEAVES_BAD_CHECKPOINT);
	file = made(7); /* itself again */
	filler = made(7);
	buf_append_span(&file, buf_span(&filler));
	buf_free(&filler);
	assert_int_equal(judge_once(&file), LEAVES_BAD_CHECKPOINT);
}

static void test_what_cannot_be_judged(void **state)
{
	struct leaves_verdict verdict;
	struct buf file = made(3);
	int fd = memfd_create("leaves", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, file.data, file.len), (ssize_t)file.len);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(leaves_verify(fd, span_text("no signers\n"), NULL,
			     NULL, NULL, &verdict),
	    FORMAT_E_MALFORMED);
	close(fd);
	assert_true(leaves_verify(fd, buf_span(&signers), NULL, NULL, NULL,
			&verdict) < 0);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole_logs_hold),
	    cmocka_unit_test(test_a_log_has_an_entry),
	    cmocka_unit_test(test_a_record_is_found_or_not),
	    cmocka_unit_test(test_whoever_signed_must_be_among_the_signers),
	    cmocka_unit_test(test_another_signature_is_refused),
	    cmocka_unit_test(test_a_second_line_is_refused),
	    cmocka_unit_test(test_lines_dropped_added_and_swapped),
	    cmocka_unit_test(test_older_and_newer_numbers),
	    cmocka_unit_test(test_digits),
	    cmocka_unit_test(test_heads),
	    cmocka_unit_test(test_every_cut_and_every_byte),
	    cmocka_unit_test(test_trailing_bytes),
	    cmocka_unit_test(test_what_cannot_be_judged),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
