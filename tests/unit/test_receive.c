/*
 * What a partner sends of a log, held against what its author signed and
 * against what is here: anything that does not fit is refused, whoever brings
 * it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_scene.h"

#include "daemon/store/sync_check.h"
#include "proto/format/hash.h"

#define SIZE 5 /* entries of the author's log */

static const uint8_t seed[32] = {1}, other_seed[32] = {2}, own_seed[32] = {3};
static struct sign_key key, other_key, own_key;
static struct store store;
static struct session session;
static struct wire_sync_entries entries;
static struct wire_sync_item items[SIZE];
static struct digest leaves[SIZE], nodes[4][SIZE + 1];
static struct merkle_proof consistency;
static struct buf note;
static struct sync_arrival arrival;

static int read_node(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	(void)context;
	*ret_hash = nodes[level][index];
	return 0;
}

static int write_node(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	(void)context;
	nodes[level][index] = *hash;
	return 0;
}

static void public_of(const uint8_t from[32], struct sign_key *ret_key)
{
	uint8_t secret[64];

	crypto_sign_seed_keypair(ret_key->bytes, secret, from);
}

/* A checkpoint of the log's first ${size} places, signed by ${signer} in the
 * name of ${author}. */
static void sign(uint64_t size, const struct sign_key *author,
    const uint8_t signer[32], unsigned twist)
{
	struct checkpoint checkpoint = {.size = size};
	struct author_id id;
	struct buf text = {0};
	uint8_t signature[64];

	sign_key_author(author, &id);
	note_origin(&id, &entries.log, checkpoint.origin);
	merkle_root(size, read_node, NULL, &checkpoint.root);
	checkpoint.root.bytes[0] ^= (uint8_t)twist;
	checkpoint_build(&checkpoint, &text);
	note_sign(signer, buf_span(&text), signature);
	buf_free(&note);
	note_begin(buf_span(&text), &note);
	note_add_signature(checkpoint.origin, NOTE_ALG_ED25519, author,
	    span_of(signature, sizeof signature), &note);
	buf_free(&text);
	entries.checkpoint = buf_span(&note);
}

/* ${count} places from ${start} on, as leaves, with the way to the end. */
static void bring(uint64_t start, size_t count)
{
	size_t i;

	entries.start = start;
	entries.items.items = items;
	entries.items.count = count;
	for (i = 0; i < count; i++) {
		memset(&items[i], 0, sizeof items[i]);
		items[i].leaf = leaves[start + i];
	}
	merkle_prove_consistency(
	    start + count, SIZE, read_node, NULL, &consistency);
	entries.consistency.items = consistency.hashes;
	entries.consistency.count = consistency.count;
}

static int begin(void **state)
{
	char text[16];
	size_t i;
	int r = scene_begin(state);

	memset(&store, 0, sizeof store);
	memset(&session, 0, sizeof session);
	memset(&entries, 0, sizeof entries);
	public_of(seed, &key);
	public_of(other_seed, &other_key);
	public_of(own_seed, &own_key);
	store.database = scene.database;
	store.records = scene;
	sign_key_author(&own_key, &store.author);
	session.store = &store;
	session.partner.id = 1;
	sign_key_author(&key, &session.partner.author);
	entries.author = key;
	memset(entries.log.bytes, 9, sizeof entries.log.bytes);
	for (i = 0; i < SIZE; i++) {
		snprintf(text, sizeof text, "entry %zu", i);
		merkle_leaf(span_text(text), &leaves[i]);
		merkle_append(i, &leaves[i], read_node, write_node, NULL);
	}
	sign(SIZE, &key, seed, 0);
	bring(0, SIZE);
	return r;
}

static int end(void **state)
{
	log_row_free(&arrival.log);
	buf_free(&note);
	return scene_end(state);
}

static int head(void)
{
	log_row_free(&arrival.log);
	memset(&arrival, 0, sizeof arrival);
	return sync_check_head(&session, &entries, &arrival);
}

static int tree(void)
{
	int r = head();

	return r == 0 ? sync_check_tree(&session, &entries, &arrival) : r;
}

static void test_an_authors_own_log_is_taken(void **state)
{
	(void)state;
	assert_int_equal(tree(), 0);
	bring(0, 3);
	assert_int_equal(tree(), 0);
}

static void test_a_log_of_somebody_else_is_refused(void **state)
{
	(void)state;
	entries.author = other_key;
	sign(SIZE, &other_key, other_seed, 0);
	assert_int_equal(head(), FORMAT_E_MISMATCH);
}

static void test_our_own_hub_may_bring_it_and_nobody_our_own(void **state)
{
	struct age_recipient reader = {{7}};

	(void)state;
	entries.author = other_key;
	sign(SIZE, &other_key, other_seed, 0);
	store.readers[0] = session.partner.card.readers[0] = reader;
	store.reader_count = session.partner.card.reader_count = 1;
	assert_int_equal(tree(), 0);
	session.partner.card.readers[0].key[0] ^= 1;
	assert_int_equal(head(), FORMAT_E_MISMATCH);
	session.partner.card.readers[0] = reader;
	entries.author = own_key;
	sign(SIZE, &own_key, own_seed, 0);
	assert_int_equal(head(), FORMAT_E_MISMATCH);
}

static void test_a_checkpoint_the_author_did_not_sign_is_refused(void **state)
{
	(void)state;
	sign(SIZE, &key, other_seed, 0);
	assert_int_equal(head(), FORMAT_E_MISMATCH);
}

static void test_a_checkpoint_of_another_log_is_refused(void **state)
{
	(void)state;
	entries.log.bytes[0] ^= 1;
	assert_int_equal(head(), FORMAT_E_MISMATCH);
}

static void test_a_signed_root_the_places_do_not_lead_to_is_refused(
    void **state)
{
	(void)state;
	sign(SIZE, &key, seed, 1);
	assert_int_equal(tree(), FORMAT_E_MISMATCH);
	bring(0, 3);
	assert_int_equal(tree(), FORMAT_E_MISMATCH);
}

static void test_another_leaf_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < SIZE; i++) {
		items[i].leaf.bytes[31] ^= 1;
		assert_int_equal(tree(), FORMAT_E_MISMATCH);
		items[i].leaf.bytes[31] ^= 1;
	}
	assert_int_equal(tree(), 0);
}

static void test_more_places_than_were_signed_are_refused(void **state)
{
	(void)state;
	sign(SIZE - 1, &key, seed, 0);
	assert_int_equal(head(), FORMAT_E_MALFORMED);
	entries.items.count = 0;
	assert_int_equal(head(), FORMAT_E_MALFORMED);
}

static void test_places_behind_what_is_here_are_a_gap(void **state)
{
	(void)state;
	bring(2, 3);
	assert_int_equal(head(), SYNC_E_GAP);
}

static void test_an_entry_must_have_the_leaf_it_comes_with(void **state)
{
	struct digest leaf;

	(void)state;
	items[0].entry = span_text("entry 0");
	assert_int_equal(sync_leaf_of(&items[0], &leaf), 0);
	items[0].entry = span_text("entry 1");
	assert_int_equal(sync_leaf_of(&items[0], &leaf), FORMAT_E_MISMATCH);
}

/* A worker's answer with these results. */
static int hold(const char *results, size_t len, size_t asked)
{
	struct wire_work_verified verified = {.results = span_of(results, len)};
	struct wire_frame frame = {.type = WIRE_WORK_VERIFIED};
	int r;

	assert_int_equal(
	    wire_encode_body(WIRE_WORK_VERIFIED, &verified, &frame.body), 0);
	r = sync_all_hold(&frame, asked);
	buf_free(&frame.body);
	return r;
}

static void test_all_signatures_must_hold_and_all_be_checked(void **state)
{
	(void)state;
	assert_int_equal(hold("\1\1\1", 3, 3), 0);
	assert_int_equal(hold("\1\0\1", 3, 3), FORMAT_E_MISMATCH);
	assert_int_equal(hold("\1\1\2", 3, 3), FORMAT_E_MISMATCH);
	assert_int_equal(hold("\1\1", 2, 3), FORMAT_E_MISMATCH);
	assert_int_equal(hold("", 0, 3), FORMAT_E_MISMATCH);
	assert_int_equal(hold("\1\1\1\1", 4, 3), FORMAT_E_MISMATCH);
	assert_int_equal(sync_all_hold(NULL, 0), -ECANCELED);
}

/* The log as it is here: ${size} places. */
static struct log_row hold_log(uint64_t size)
{
	struct log_row row;
	int64_t id;
	size_t i;

	assert_int_equal(
	    log_tree_add(scene.database, &key, &entries.log, false, 0, &id), 0);
	assert_int_equal(log_tree_load(scene.database, id, &row), 0);
	for (i = 0; i < size; i++)
		assert_int_equal(
		    log_tree_append(scene.database, &row, &leaves[i]), 0);
	return row;
}

static int64_t forks(void)
{
	int64_t count = -1;

	database_number(scene.database, SQL_FORK_COUNT, &count, "");
	return count;
}

static void test_only_what_contradicts_is_kept_as_a_fork(void **state)
{
	struct log_row row = hold_log(SIZE);

	(void)state;
	sign(SIZE - 1, &key, seed, 0);
	sync_keep_fork(&session, &row, buf_span(&note), true);
	sign(SIZE, &key, seed, 0);
	sync_keep_fork(&session, &row, buf_span(&note), true);
	assert_int_equal(forks(), 0); /* whoever brought it told lies */
	sign(SIZE, &key, other_seed, 1);
	sync_keep_fork(&session, &row, buf_span(&note), true);
	assert_int_equal(forks(), 0);
	sign(SIZE, &key, seed, 1);
	sync_keep_fork(&session, &row, buf_span(&note), false);
	assert_int_equal(forks(), 1);
	log_row_free(&row);
}

static void test_more_than_is_here_contradicts_only_when_it_was_shown(
    void **state)
{
	struct log_row row = hold_log(SIZE - 2);
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		sign(SIZE, &key, seed, i);
		sync_keep_fork(&session, &row, buf_span(&note), false);
	}
	assert_int_equal(forks(), 0);
	sync_keep_fork(&session, &row, buf_span(&note), true);
	assert_int_equal(forks(), 1);
	log_row_free(&row);
}

static void test_a_few_forks_prove_as_much_as_many(void **state)
{
	struct log_row row = hold_log(SIZE);
	unsigned i;

	(void)state;
	for (i = 1; i <= 20; i++) {
		sign(SIZE, &key, seed, i);
		sync_keep_fork(&session, &row, buf_span(&note), false);
	}
	assert_int_equal(forks(), 16);
	log_row_free(&row);
}

static void test_evidence_that_cannot_be_kept_is_not_called_kept(void **state)
{
	struct log_row row = hold_log(SIZE);

	(void)state;
	sign(SIZE, &key, seed, 1);
	scene_run("ALTER TABLE fork RENAME TO lost");
	assert_true(sync_keep_fork(&session, &row, buf_span(&note), true) < 0);
	assert_true(sync_meet_fork(&session, &row, buf_span(&note)) < 0);
	assert_int_equal(session.fork, SESSION_FORK_NONE);
	log_row_free(&row);
}

/* What came again of a record whose key is gone from this disk. */
static void test_a_key_that_is_damaged_here_is_no_fault_of_a_partner(
    void **state)
{
	static struct entry entry;
	struct record_new record = {
	    .id = {{1, 2, 3}},
	    .entry = &entry,
	    .entry_bytes = span_text("the entry"),
	    .signature = SCENE_SIGNATURE,
	};
	const uint8_t nothing[72] = {0};
	struct log_row log = hold_log(0);
	struct record_key made;
	struct record_row row;
	int64_t id;
	int fd;

	(void)state;
	record.log = log.id;
	assert_int_equal(records_add(&scene, &record, &made, &id), 0);
	assert_int_equal(records_load(&scene, id, &row), 0);
	fd = open("keys.0", O_WRONLY);
	assert_int_equal(
	    pwrite(fd, nothing, sizeof nothing, row.slot * 72), sizeof nothing);
	close(fd);
	assert_true(sync_add_known(&session, &session.partner.author, &row,
			span_text("an envelope")) < 0);
	log_row_free(&log);
}

static void cosign(const struct sign_key *witness, const uint8_t from[32],
    struct span text, struct buf *out)
{
	uint8_t packed[COSIGNATURE_BYTES], signature[64];
	struct author_id author;
	struct buf asked = {0};
	char name[NOTE_ORIGIN_MAX];

	cosignature_message(7, text, &asked);
	note_sign(from, buf_span(&asked), signature);
	cosignature_pack(7, signature, packed);
	sign_key_author(witness, &author);
	note_witness_name(&author, name);
	note_add_signature(name, NOTE_ALG_COSIGNATURE, witness,
	    span_of(packed, sizeof packed), out);
	buf_free(&asked);
}

/* What a partner sends with its cosignature of our checkpoint in ${note}:
 * first a line that is of no kind of this version. */
static void receive_cosignature(struct buf *sent)
{
	struct wire_sync_cosign message = {
	    .author = key,
	    .log = entries.log,
	    .note = buf_span(sent),
	};
	struct buf body = {0};

	assert_int_equal(
	    wire_encode_body(WIRE_SYNC_COSIGN, &message, &body), 0);
	sync_receive_cosign(&session, buf_span(&body));
	buf_free(&body);
}

static void test_of_a_cosignature_no_more_is_kept_than_was_checked(void **state)
{
	struct buf text = {0}, sent = {0};
	uint8_t longer[300] = {1};
	struct note ours;

	(void)state;
	store.author_key = key; /* it is our own log now */
	store.log = hold_log(SIZE);
	assert_int_equal(log_tree_set_checkpoint(
			     scene.database, &store.log, buf_span(&note)),
	    0);
	session.partner.card.author = other_key;
	assert_int_equal(note_parse(buf_span(&note), &ours), 0);
	buf_append_span(&text, ours.text);
	note_free(&ours);
	note_begin(buf_span(&text), &sent);
	note_add_signature("junk", NOTE_ALG_ED25519, &other_key,
	    span_of(longer, sizeof longer), &sent);
	cosign(&other_key, other_seed, buf_span(&text), &sent);
	receive_cosignature(&sent);
	assert_int_equal(note_parse(buf_span(&store.log.checkpoint), &ours), 0);
	assert_int_equal(ours.signature_count, 2);
	note_free(&ours);
	assert_null(memmem(
	    store.log.checkpoint.data, store.log.checkpoint.len, "junk", 4));
	log_row_free(&store.log);
	buf_free(&text);
	buf_free(&sent);
}

/* The log of another as it is offered to a mirror: who else has it, and has
 * brought it, is not the mirror's business. */
static void test_a_mirror_hears_of_no_third(void **state)
{
	static const uint8_t mirror_seed[32] = {4};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_frontier frontier;
	struct log_row row = hold_log(SIZE);
	struct sign_key mirror_key;
	struct buf held = {0}, body = {0};
	struct note offered;
	struct span text;
	uint64_t time;

	(void)state;
	public_of(mirror_seed, &mirror_key);
	assert_int_equal(note_parse(buf_span(&note), &offered), 0);
	text = offered.text;
	buf_append_span(&held, buf_span(&note));
	cosign(&other_key, other_seed, text, &held);
	cosign(&own_key, own_seed, text, &held);
	cosign(&mirror_key, mirror_seed, text, &held);
	note_free(&offered);
	assert_int_equal(
	    log_tree_set_checkpoint(scene.database, &row, buf_span(&held)), 0);
	log_row_free(&row);
	session.partner.mirror = true;
	sign_key_author(&mirror_key, &session.partner.author);
	assert_int_equal(sync_build_frontier(&session, &body), 0);
	assert_int_equal(
	    wire_decode(WIRE_SYNC_FRONTIER, buf_span(&body), &arena, &frontier),
	    0);
	assert_int_equal(frontier.logs.count, 1);
	assert_int_equal(
	    note_parse(frontier.logs.items[0].checkpoint, &offered), 0);
	assert_int_equal(offered.signature_count, 3);
	assert_int_not_equal(
	    cosignature_verify(&offered, &other_key, &time), 0);
	assert_int_equal(cosignature_verify(&offered, &own_key, &time), 0);
	assert_int_equal(cosignature_verify(&offered, &mirror_key, &time), 0);
	note_free(&offered);
	wire_arena_free(&arena);
	buf_free(&held);
	buf_free(&body);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, begin, end)
	const struct CMUnitTest tests[] = {
	    T(an_authors_own_log_is_taken),
	    T(a_log_of_somebody_else_is_refused),
	    T(our_own_hub_may_bring_it_and_nobody_our_own),
	    T(a_checkpoint_the_author_did_not_sign_is_refused),
	    T(a_checkpoint_of_another_log_is_refused),
	    T(a_signed_root_the_places_do_not_lead_to_is_refused),
	    T(another_leaf_is_refused),
	    T(more_places_than_were_signed_are_refused),
	    T(places_behind_what_is_here_are_a_gap),
	    T(an_entry_must_have_the_leaf_it_comes_with),
	    T(all_signatures_must_hold_and_all_be_checked),
	    T(only_what_contradicts_is_kept_as_a_fork),
	    T(more_than_is_here_contradicts_only_when_it_was_shown),
	    T(a_few_forks_prove_as_much_as_many),
	    T(evidence_that_cannot_be_kept_is_not_called_kept),
	    T(a_key_that_is_damaged_here_is_no_fault_of_a_partner),
	    T(of_a_cosignature_no_more_is_kept_than_was_checked),
	    T(a_mirror_hears_of_no_third),
	};

	return cmocka_run_group_tests_name("receive", tests, NULL, NULL);
}
