/*
 * What a bag's files are made of: endings, the editions a verifier knows. Bags
 * as a whole are written and broken in tests/scenario (main_job, bag_corrupt).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/bag/files.h"
#include "proto/bag/tellings.h"
#include "proto/format/merkle.h"
#include "proto/format/note.h"
#include "proto/format/proof.h"

/* SHA-256 of "abc" (FIPS 180-4, example) and of "" */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NIL "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static bool knows(const char *list, const char *name, const char *hash)
{
	struct digest digest;

	assert_int_equal(
	    hex_decode(span_text(hash), digest.bytes, sizeof digest.bytes), 0);
	return editions_know(span_text(list), name, &digest);
}

static void test_an_earlier_edition_is_known(void **state)
{
	static const char list[] = "# FORMAT.md comes first\n\n"
				   "FORMAT.md " ABC "\nVERIFY.txt " NIL "\n";

	(void)state;
	assert_true(knows(list, "FORMAT.md", ABC));
	assert_true(knows(list, "VERIFY.txt", NIL));
	assert_false(knows(list, "FORMAT.md", NIL));
	assert_false(knows(list, "VERIFY.txt", ABC));
	assert_false(knows(list, "FORMAT.m", ABC));
}

static void test_only_whole_lines_count(void **state)
{
	(void)state;
	assert_false(knows("", "FORMAT.md", ABC));
	assert_true(knows("FORMAT.md " ABC, "FORMAT.md", ABC));
	assert_false(knows("FORMAT.md " ABC " \n", "FORMAT.md", ABC));
	assert_false(knows("#FORMAT.md " ABC "\n", "FORMAT.md", ABC));
	assert_false(knows("FORMAT.md\n" ABC "\n", "FORMAT.md", ABC));
	assert_false(knows("FORMAT.md ba7816\n", "FORMAT.md", ABC));
}

static void test_the_list_of_this_release_is_well_formed(void **state)
{
	struct span list = span_of(documents_editions, documents_editions_len);
	const uint8_t *end;

	(void)state;
	assert_true(list.len > 0 && list.data[list.len - 1] == '\n');
	for (; list.len > 0;
	     list.len -= (size_t)(end + 1 - list.data), list.data = end + 1) {
		end = memchr(list.data, '\n', list.len);
		if (*list.data == '#')
			continue;
		assert_true(
		    end - list.data == 9 + 65 || end - list.data == 10 + 65);
	}
}

static void test_endings(void **state)
{
	(void)state;
	assert_string_equal(bag_ending("image/jpeg"), "jpg");
	assert_string_equal(bag_ending("audio/ogg"), "ogg");
	assert_string_equal(bag_ending("text/html"), "bin");
	assert_string_equal(bag_ending("IMAGE/JPEG"), "bin");
	assert_string_equal(bag_ending(""), "bin");
}

/* --- whole bags, of records made here --- */

static const uint8_t seed[32] = {9};
static struct sign_key author;
static struct author_id author_id;
static const struct log_id log_name = {{6}};

struct made {
	struct content content;
	struct buf clear, entry, proof; /* the content's lines are of clear */
	uint8_t signature[64];
};

static void make_content(
    const char *text, struct made *made, struct digest *ret_fields)
{
	struct content_builder *builder;
	char origin[NOTE_ORIGIN_MAX];

	note_origin(&author_id, &log_name, origin);
	assert_int_equal(content_builder_new(&builder), 0);
	content_add_text(builder, "kind", span_text("testimony"), NULL);
	content_add_text(
	    builder, "time", span_text("2026-01-02T03:04:05Z"), NULL);
	content_add_text(builder, "after", span_text("none"), NULL);
	content_add_text(builder, "origin", span_text(origin), NULL);
	content_add_text(builder, "statement", span_text(text), NULL);
	assert_int_equal(content_finish(builder, &made->clear, ret_fields), 0);
	content_builder_free(builder);
	assert_int_equal(
	    content_parse(buf_span(&made->clear), &made->content, NULL), 0);
}

/* The proof of the first leaf of a log of one entry, or of two: the second is
 * any. */
static void make_proof(struct made *made, bool two)
{
	struct checkpoint checkpoint = {.size = two ? 2 : 1};
	struct proof proof = {.index = 0};
	struct digest leaf, other = {{1}};
	struct buf text = {0}, note = {0};
	uint8_t signature[64];

	assert_int_equal(merkle_leaf(buf_span(&made->entry), &leaf), 0);
	checkpoint.root = leaf;
	if (two) {
		assert_int_equal(
		    merkle_node(&leaf, &other, &checkpoint.root), 0);
		proof.inclusion.count = 1;
		proof.inclusion.hashes[0] = other;
	}
	note_origin(&author_id, &log_name, checkpoint.origin);
	checkpoint_build(&checkpoint, &text);
	note_sign(seed, buf_span(&text), signature);
	note_begin(buf_span(&text), &note);
	note_add_signature(checkpoint.origin, NOTE_ALG_ED25519, &author,
	    span_of(signature, 64), &note);
	proof.checkpoint = buf_span(&note);
	assert_int_equal(proof_build(&proof, &made->proof), 0);
	buf_free(&text);
	buf_free(&note);
}

static void make(const char *text, bool two, struct made *made)
{
	struct entry entry = {.author = author_id,
	    .log = log_name,
	    .content = {.payload = {{2}}, .size = 4128}};

	memset(made, 0, sizeof *made);
	make_content(text, made, &entry.fields);
	assert_int_equal(entry_build(&entry, &made->entry), 0);
	assert_int_equal(sshsig_sign(seed, SSHSIG_NAMESPACE_ENTRY,
			     buf_span(&made->entry), made->signature),
	    0);
	make_proof(made, two);
}

static void made_free(struct made *made)
{
	content_free(&made->content);
	buf_free(&made->clear);
	buf_free(&made->entry);
	buf_free(&made->proof);
}

static int add(struct bag_writer *writer, const struct made *made)
{
	struct bag_record record = {
	    .entry = buf_span(&made->entry),
	    .signature = made->signature,
	    .author = author,
	    .proof = buf_span(&made->proof),
	    .content = &made->content,
	};

	return bag_writer_add(writer, &record);
}

static enum bag_reason write_and_verify(
    const struct made *records, size_t count)
{
	char path[] = "/tmp/evident-bag.XXXXXX", command[64];
	struct bag_verdict verdict;
	struct bag_writer *writer;
	enum bag_reason reason;
	size_t i;

	assert_non_null(mkdtemp(path));
	assert_int_equal(bag_writer_new(path, &writer), 0);
	for (i = 0; i < count; i++)
		assert_int_equal(add(writer, &records[i]), 0);
	assert_int_equal(bag_writer_finish(writer, false), 0);
	bag_writer_free(writer);
	assert_int_equal(
	    bag_verify(path, span_of(NULL, 0), NULL, NULL, &verdict), 0);
	reason = verdict.reason;
	bag_verdict_free(&verdict);
	snprintf(command, sizeof command, "rm -rf %s", path);
	assert_int_equal(system(command), 0);
	return reason;
}

static void test_a_bag_made_here_holds(void **state)
{
	struct made made;

	(void)state;
	make("I saw it", false, &made);
	assert_int_equal(write_and_verify(&made, 1), BAG_GOOD);
	made_free(&made);
}

static void test_no_bag_is_made_of_two_entries_in_one_place(void **state)
{
	char path[] = "/tmp/evident-bag.XXXXXX";
	struct bag_writer *writer;
	struct made both[2];

	(void)state;
	make("I saw it", false, &both[0]);
	make("I saw nothing", true, &both[1]);
	assert_int_equal(write_and_verify(&both[0], 1), BAG_GOOD);
	assert_int_equal(write_and_verify(&both[1], 1), BAG_GOOD);
	assert_non_null(mkdtemp(path));
	assert_int_equal(bag_writer_new(path, &writer), 0);
	assert_int_equal(add(writer, &both[0]), 0);
	assert_int_equal(add(writer, &both[1]), BAG_E_CONFLICT);
	bag_writer_free(writer); /* and nothing is left of it */
	assert_int_equal(rmdir(path), 0);
	made_free(&both[0]);
	made_free(&both[1]);
}

static int make_author(void **state)
{
	uint8_t secret[64];

	(void)state;
	if (sodium_init() < 0)
		return -1;
	crypto_sign_seed_keypair(author.bytes, secret, seed);
	sign_key_author(&author, &author_id);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_earlier_edition_is_known),
	    cmocka_unit_test(test_only_whole_lines_count),
	    cmocka_unit_test(test_the_list_of_this_release_is_well_formed),
	    cmocka_unit_test(test_endings),
	    cmocka_unit_test(test_a_bag_made_here_holds),
	    cmocka_unit_test(test_no_bag_is_made_of_two_entries_in_one_place),
	};

	return cmocka_run_group_tests_name("bag", tests, make_author, NULL);
}
