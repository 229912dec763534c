/*
 * What fails in the middle is taken for nothing else: it is there the next
 * time, and is tried again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/store_scene.h"

#include "daemon/store/jobs.h"
#include "daemon/store/receipts.h"
#include "daemon/store/withdraw.h"

static struct store store;
static struct session session;
static struct channel *worker;
static struct card card;

static void make_partner(void)
{
	struct buf bytes = {0};

	scene_card("hub", 1, 7, 1, NULL, &card, &bytes);
	assert_int_equal(
	    partners_put(scene.database, &card, buf_span(&bytes), false), 0);
	assert_int_equal(partners_by_name(scene.database, span_text("hub"),
			     &session.partner),
	    0);
	assert_int_equal(
	    partners_set_compared(scene.database, session.partner.id), 0);
	buf_free(&bytes);
}

static int begin(void **state)
{
	int fds[2], r = scene_begin(state);

	memset(&store, 0, sizeof store);
	memset(&session, 0, sizeof session);
	store.database = scene.database;
	store.records = scene;
	store.state = STORE_OPEN;
	store.base = event_base_new();
	session.store = &store;
	session.number = 1;
	if (r != 0 || jobs_begin(&store) != 0 || channel_pair(fds) != 0 ||
	    jobs_take_worker(&store, 0, fds[0]) != 0 ||
	    channel_new(fds[1], WIRE_ROLE_WORKER, WIRE_ROLE_STORE, &worker) !=
		0)
		return -1;
	make_partner();
	return 0;
}

static int end(void **state)
{
	jobs_end(&store);
	channel_freep(&worker);
	event_base_free(store.base);
	return scene_end(state);
}

/* A record of the partner's own log that may be a receipt. */
static int64_t add_unread(void)
{
	static struct entry entry;
	const struct log_id log = {{6}};
	struct record_new record = {
	    .id = {{1, 2, 3}},
	    .entry = &entry,
	    .entry_bytes = span_text("the entry"),
	    .signature = SCENE_SIGNATURE,
	    .payload = span_text("the payload"),
	    .source = session.partner.id,
	};
	struct record_key key;
	int64_t id;

	assert_int_equal(log_tree_add(scene.database, &card.author, &log, false,
			     session.partner.id, &record.log),
	    0);
	assert_int_equal(records_add(&scene, &record, &key, &id), 0);
	assert_int_equal(
	    records_add_envelope(&scene, id, &key, &session.partner.author,
		span_text("the envelope")),
	    0);
	assert_int_equal(
	    database_run(scene.database, SQL_UNREAD_ADD, "i", id), 0);
	return id;
}

/* The worker says that it is a receipt. */
static void answer_received(void)
{
	const struct wire_work_opened opened = {
	    .job = 1,
	    .kind = span_text("received"),
	    .time = span_text("2026-11-29T00:00:00Z"),
	};
	struct wire_frame frame;

	assert_int_equal(channel_receive(worker, &frame), 0);
	assert_int_equal(frame.type, WIRE_WORK_OPEN);
	wire_frame_free(&frame);
	assert_int_equal(
	    channel_send(worker, WIRE_WORK_OPENED, &opened, NULL, 0), 0);
	event_base_loop(store.base, EVLOOP_ONCE);
}

static bool is_unread(void)
{
	int64_t found;

	return database_number(scene.database, SQL_UNREAD_NEXT, &found, "i",
		   (int64_t)1) == 0;
}

static void test_a_receipt_whose_log_cannot_be_read_stays_unread(void **state)
{
	struct record_row row;
	bool hidden;
	int64_t id;

	(void)state;
	id = add_unread();
	assert_int_equal(receipts_read(&session), 0);
	scene_run("ALTER TABLE log RENAME TO lost");
	answer_received();
	scene_run("ALTER TABLE lost RENAME TO log");
	assert_true(is_unread());
	assert_int_equal(receipts_read(&session), 0);
	answer_received();
	assert_false(is_unread());
	assert_int_equal(records_load(&scene, id, &row), 0);
	assert_int_equal(records_is_hidden(&scene, &row, &hidden), 0);
	assert_true(hidden);
}

static void test_what_is_not_destroyed_is_tried_again_whatever_else_goes(
    void **state)
{
	(void)state;
	store.service.settings.retain = WIRE_RETAIN_UNTIL_DELIVERED;
	store.withdrawing = true;
	assert_int_equal(withdraw_forget(&store), 0);
	assert_true(store.withdrawing);
	withdraw_again(&store);
	assert_false(store.withdrawing);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, begin, end)
	const struct CMUnitTest tests[] = {
	    T(a_receipt_whose_log_cannot_be_read_stays_unread),
	    T(what_is_not_destroyed_is_tried_again_whatever_else_goes),
	};

	return cmocka_run_group_tests_name("failing", tests, NULL, NULL);
}
