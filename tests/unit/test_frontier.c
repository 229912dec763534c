/*
 * A frontier of a hub that holds more logs than one message names: it can be
 * said all the same, and what the two of the meeting wrote is always in it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_scene.h"

#include "daemon/store/sync_session.h"
#include "proto/format/note.h"

static struct sign_key key, partner_key;
static struct store store;
static struct session session;

static void name_log(uint64_t number, struct log_id *ret_log)
{
	memset(ret_log, 7, sizeof *ret_log);
	memcpy(ret_log->bytes, &number, sizeof number);
}

static void add_line(
    const char *name, uint8_t algorithm, size_t bytes, struct buf *note)
{
	static const uint8_t signature[COSIGNATURE_BYTES];

	assert_int_equal(note_add_signature(name, algorithm, &key,
			     span_of(signature, bytes), note),
	    0);
}

/* One place, and a checkpoint with as many lines as are handed on. */
static void add_log(uint64_t number, const struct sign_key *author)
{
	struct checkpoint checkpoint = {.size = 1, .root = {{1}}};
	const struct digest leaf = {{1}};
	struct buf text = {0}, note = {0};
	struct author_id id;
	struct log_row log;
	struct log_id name;
	char witness[NOTE_ORIGIN_MAX];
	int64_t row;

	name_log(number, &name);
	sign_key_author(author, &id);
	assert_int_equal(
	    log_tree_add(scene.database, author, &name, false, 0, &row), 0);
	assert_int_equal(log_tree_load(scene.database, row, &log), 0);
	assert_int_equal(log_tree_append(scene.database, &log, &leaf), 0);
	note_origin(&id, &name, checkpoint.origin);
	assert_int_equal(checkpoint_build(&checkpoint, &text), 0);
	assert_int_equal(note_begin(buf_span(&text), &note), 0);
	add_line(checkpoint.origin, NOTE_ALG_ED25519, 64, &note);
	note_witness_name(&store.author, witness);
	add_line(witness, NOTE_ALG_COSIGNATURE, COSIGNATURE_BYTES, &note);
	note_witness_name(&session.partner.author, witness);
	add_line(witness, NOTE_ALG_COSIGNATURE, COSIGNATURE_BYTES, &note);
	assert_int_equal(
	    log_tree_set_checkpoint(scene.database, &log, buf_span(&note)), 0);
	assert_int_equal(sync_set_brought(&session, row, 1), 0);
	log_row_free(&log);
	buf_free(&text);
	buf_free(&note);
}

static int begin(void **state)
{
	int r = scene_begin(state);

	memset(&store, 0, sizeof store);
	memset(&session, 0, sizeof session);
	memset(key.bytes, 5, sizeof key.bytes);
	memset(partner_key.bytes, 6, sizeof partner_key.bytes);
	store.database = scene.database;
	store.records = scene;
	session.store = &store;
	session.partner.mirror = true;
	sign_key_author(&partner_key, &session.partner.author);
	if (r == 0)
		r = database_run(store.database, SQL_PARTNER_ADD, "btbii",
		    span_of(session.partner.author.bytes, 32),
		    span_text("mirror"), span_text("card"), (int64_t)1,
		    (int64_t)1);
	session.partner.id = database_last_id(store.database);
	return r;
}

static void test_what_one_message_holds_is_named_and_own_logs_first(
    void **state)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_frontier frontier;
	struct buf body = {0};
	uint64_t i;

	(void)state;
	assert_int_equal(database_begin(scene.database), 0);
	for (i = 0; i < SYNC_LOGS_MAX; i++)
		add_log(i, &key);
	add_log(i, &partner_key);
	assert_int_equal(database_commit(scene.database), 0);
	assert_int_equal(sync_build_frontier(&session, &body), 0);
	assert_true(body.len <= wire_body_max(WIRE_SYNC_FRONTIER));
	assert_true(body.len > wire_body_max(WIRE_SYNC_FRONTIER) * 8 / 10);
	assert_int_equal(
	    wire_decode(WIRE_SYNC_FRONTIER, buf_span(&body), &arena, &frontier),
	    0);
	assert_true(frontier.logs.count < SYNC_LOGS_MAX);
	assert_memory_equal(
	    frontier.logs.items[0].author.bytes, partner_key.bytes, 32);
	assert_memory_equal(frontier.logs.items[1].author.bytes, key.bytes, 32);
	wire_arena_free(&arena);
	buf_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_one_message_holds_is_named_and_own_logs_first, begin,
		scene_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
