/*
 * Records in a real sealed database: kept whole, found by their ids, and opened
 * by their own key alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/unit/store_scene.h"

#include "daemon/store/custody.h"

static struct entry entry;
static int64_t log_number;
static unsigned failing_syncs; /* how many more the disk refuses */
static unsigned failing_sync;  /* the how manyth whole sync it refuses */

/* In place of the C library's. */
int fsync(int fd)
{
	if (failing_sync == 0 || --failing_sync > 0)
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

/* Not static: the C library declares pread() inline. */
extern bool halving;
bool halving; /* it reads half of what it is asked for */

ssize_t pread(int fd, void *to, size_t len, off_t at)
{
	if (halving && len > 1)
		len /= 2;
	return (ssize_t)syscall(SYS_pread64, fd, to, len, at);
}

int fdatasync(int fd)
{
	if (failing_syncs == 0)
		return (int)syscall(SYS_fdatasync, fd);
	failing_syncs--;
	errno = EIO;
	return -1;
}

static sqlite3_mem_methods memory; /* SQLite's own */
static bool lacking;               /* it gets no large piece of it */

static void *take_memory(int size)
{
	return lacking && size >= 32768 ? NULL : memory.xMalloc(size);
}

static int begin(void **state)
{
	struct sign_key key = {{5}};
	struct log_id log = {{6}};

	return scene_begin(state) ||
	       log_tree_add(scene.database, &key, &log, true, 0, &log_number);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, scene_end)

/* A record whose id begins with two given bytes. */
static int64_t add(
    uint8_t first, uint8_t second, uint64_t place, struct record_key *ret_key)
{
	struct record_new record = {
	    .log = log_number,
	    .place = place,
	    .id = {{first, second, 3, 4, 5}},
	    .entry = &entry,
	    .entry_bytes = span_text("the entry"),
	    .signature = SCENE_SIGNATURE,
	    .payload = span_text("the payload"),
	};
	int64_t id;

	assert_int_equal(database_begin(scene.database), 0);
	assert_int_equal(records_add(&scene, &record, ret_key, &id), 0);
	assert_int_equal(record_keys_sync(scene.keys), 0);
	assert_int_equal(database_commit(scene.database), 0);
	return id;
}

static void test_a_record_comes_back_after_reopening(void **state)
{
	struct record_body body;
	struct record_row row;
	struct record_key key;
	int64_t id;

	(void)state;
	id = add(1, 2, 0, &key);
	scene_close();
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(records_load(&scene, id, &row), 0);
	assert_int_equal(records_body(&scene, &row, &body), 0);
	assert_true(span_equal(body.entry, span_text("the entry")));
	assert_true(span_equal(body.payload, span_text("the payload")));
	assert_int_equal(body.signature.len, 64);
	record_body_free(&body);
}

static void test_another_records_key_opens_nothing(void **state)
{
	struct record_key first, second;
	struct buf sealed = {0}, clear = {0};

	(void)state;
	add(1, 2, 0, &first);
	add(2, 2, 1, &second);
	assert_int_equal(
	    seal_put(&first, "body", span_text("words"), &sealed), 0);
	assert_int_equal(seal_open(&second, "body", buf_span(&sealed), &clear),
	    FORMAT_E_MISMATCH);
	assert_int_equal(seal_open(&first, "veil", buf_span(&sealed), &clear),
	    FORMAT_E_MISMATCH);
	assert_int_equal(
	    seal_open(&first, "body", buf_span(&sealed), &clear), 0);
	buf_free(&sealed);
	buf_free(&clear);
}

static void test_prefixes_find_one_none_or_say_that_there_are_two(void **state)
{
	struct record_row row;
	struct record_key key;

	(void)state;
	add(0xaa, 1, 0, &key);
	add(0xaa, 2, 1, &key);
	assert_int_equal(
	    records_by_prefix(&scene, span_text("aa010304"), &row), 0);
	assert_int_equal(row.place, 0);
	assert_int_equal(records_by_prefix(&scene, span_text("aa030304"), &row),
	    DATABASE_E_NONE);
	assert_int_equal(records_by_prefix(&scene, span_text("aa0103"), &row),
	    DATABASE_E_NONE);
	assert_int_equal(records_by_prefix(&scene, span_text("AA010304"), &row),
	    DATABASE_E_NONE);
}

static void test_a_place_holds_one_record_only(void **state)
{
	struct record_new record = {
	    .log = log_number,
	    .place = 0,
	    .id = {{9}},
	    .entry = &entry,
	    .entry_bytes = span_text("another"),
	    .signature = SCENE_SIGNATURE,
	};
	struct record_key key;
	int64_t id;

	(void)state;
	add(1, 2, 0, &key);
	assert_int_equal(database_begin(scene.database), 0);
	assert_true(records_add(&scene, &record, &key, &id) < 0);
	assert_int_equal(database_rollback(scene.database, -1), -1);
}

/* Their ids begin with the same bytes: an author may see to that. */
static void test_many_stand_beside_one_and_say_their_place(void **state)
{
	struct record_new record = {
	    .log = log_number,
	    .place = 7,
	    .beside = true,
	    .id = {{9, 9, 9}},
	    .entry = &entry,
	    .entry_bytes = span_text("another"),
	    .signature = SCENE_SIGNATURE,
	};
	struct record_row row;
	struct record_key key;
	int64_t id;
	uint8_t i;

	(void)state;
	add(1, 2, 7, &key);
	for (i = 0; i < 20; i++) {
		record.id.bytes[31] = i;
		assert_int_equal(records_add(&scene, &record, &key, &id), 0);
		assert_int_equal(records_load(&scene, id, &row), 0);
		assert_true(row.beside);
		assert_int_equal(row.place, 7);
	}
	assert_int_equal(records_at(&scene, log_number, 7, &row), 0);
	assert_int_equal(records_put_beside(&scene, &row), 0);
	assert_int_equal(
	    records_at(&scene, log_number, 7, &row), DATABASE_E_NONE);
	assert_int_equal(records_load(&scene, row.id, &row), 0);
	assert_true(row.beside);
	assert_int_equal(row.place, 7);
	record.place = RECORDS_BESIDE_MAX + 1;
	assert_true(records_add(&scene, &record, &key, &id) < 0);
}

static void test_an_envelope_is_found_by_its_audience(void **state)
{
	struct author_id first = {{1}}, second = {{2}};
	struct buf out = {0};
	struct record_row row;
	struct record_key key;
	struct digest hash;
	int64_t id;

	(void)state;
	id = add(1, 2, 0, &key);
	assert_int_equal(records_add_envelope(&scene, id, &key, &first,
			     span_text("for the first")),
	    0);
	assert_int_equal(records_load(&scene, id, &row), 0);
	assert_int_equal(
	    records_envelope(&scene, &row, &first, &out, &hash), 0);
	assert_true(span_equal(buf_span(&out), span_text("for the first")));
	assert_int_equal(records_envelope(&scene, &row, &second, &out, &hash),
	    DATABASE_E_NONE);
	buf_free(&out);
}

static void expect_to_try(int64_t id, const char *envelope)
{
	struct author_id self = {{9}};
	struct buf out = {0};
	struct record_row row;

	assert_int_equal(records_load(&scene, id, &row), 0);
	assert_int_equal(records_any_envelope(&scene, &row, &self, &out), 0);
	assert_true(span_equal(buf_span(&out), span_text(envelope)));
	buf_free(&out);
}

/* Whoever brings a record later, or much with it, closes it to nobody. */
static void test_the_envelope_to_try_is_not_for_others_to_choose(void **state)
{
	static const uint8_t much[600000];
	struct author_id self = {{9}}, source = {{7}}, other = {{3}};
	struct record_key key, beside;
	struct record_row row;
	struct buf out = {0};
	int64_t id, padded;

	(void)state;
	assert_int_equal(database_run(scene.database, SQL_PARTNER_ADD, "btbii",
			     span_of(source.bytes, 32), span_text("a source"),
			     span_text("a card"), (int64_t)1, (int64_t)0),
	    0);
	id = add(1, 2, 0, &key);
	padded = add(2, 2, 1, &beside);
	scene_run("UPDATE record SET source=(SELECT id FROM partner)");
	assert_int_equal(records_load(&scene, id, &row), 0);
	assert_int_equal(
	    records_any_envelope(&scene, &row, &self, &out), DATABASE_E_NONE);
	assert_int_equal(
	    records_add_envelope(&scene, id, &key, &other, span_text("other")),
	    0);
	expect_to_try(id, "other");
	assert_int_equal(records_add_envelope(
			     &scene, id, &key, &source, span_text("source")),
	    0);
	expect_to_try(id, "source");
	assert_int_equal(
	    records_add_envelope(&scene, id, &key, &self, span_text("own")), 0);
	expect_to_try(id, "own");
	assert_int_equal(records_add_envelope(&scene, padded, &beside, &source,
			     span_of(much, sizeof much)),
	    0);
	assert_int_equal(records_add_envelope(&scene, padded, &beside, &other,
			     span_text("other")),
	    0);
	expect_to_try(padded, "other");
}

static void test_an_object_keeps_its_veil_and_what_is_missing(void **state)
{
	struct entry_object object = {.payload = {{7}}, .size = 100};
	uint8_t veil[VEIL_KEY_BYTES] = {8};
	struct objects_name name;
	struct object_row row;
	struct record_key key;
	int64_t id;

	(void)state;
	id = add(1, 2, 0, &key);
	assert_int_equal(objects_pick(&name), 0);
	assert_int_equal(records_add_object(
			     &scene, id, &key, 0, &object, &name, veil, false),
	    0);
	assert_int_equal(
	    records_object_by_digest(&scene, &object.payload, 0, &row), 0);
	assert_false(row.whole);
	assert_memory_equal(row.veil_key, veil, sizeof veil);
	assert_string_equal(row.file.text, name.text);
	assert_int_equal(
	    database_run(scene.database, SQL_OBJECT_WHOLE, "i", row.id), 0);
	assert_int_equal(
	    records_object_by_digest(&scene, &object.payload, 0, &row), 0);
	assert_true(row.whole);
	assert_int_equal(row.held, 100);
	assert_int_equal(
	    records_object_by_digest(&scene, &object.payload, row.id, &row),
	    DATABASE_E_NONE);
}

static void test_two_entries_may_name_one_payload(void **state)
{
	struct entry_object object = {.payload = {{9}}, .size = 64};
	uint8_t veil[VEIL_KEY_BYTES] = {3};
	struct objects_name name;
	struct object_row row = {.id = 0};
	struct record_key key;
	int64_t ids[2];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		ids[i] = add(7, (uint8_t)i, (uint64_t)i, &key);
		assert_int_equal(objects_pick(&name), 0);
		assert_int_equal(records_add_object(&scene, ids[i], &key, 0,
				     &object, &name, veil, false),
		    0);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(records_object_by_digest(
				     &scene, &object.payload, row.id, &row),
		    0);
		assert_int_equal(row.record, ids[i]);
	}
	assert_int_equal(
	    records_object_by_digest(&scene, &object.payload, row.id, &row),
	    DATABASE_E_NONE);
}

static void test_what_is_rolled_back_is_gone(void **state)
{
	struct record_row row;
	struct buf value = {0};

	(void)state;
	assert_int_equal(database_begin(scene.database), 0);
	assert_int_equal(database_put(scene.database, "x", span_text("y")), 0);
	assert_int_equal(database_rollback(scene.database, -5), -5);
	assert_int_equal(
	    database_get(scene.database, "x", &value), DATABASE_E_NONE);
	assert_int_equal(records_load(&scene, 1, &row), DATABASE_E_NONE);
}

static void test_a_database_of_a_later_evident_is_refused(void **state)
{
	(void)state;
	scene_run("PRAGMA user_version=999");
	scene_close();
	assert_int_equal(scene_open(false), DATABASE_E_NEWER);
}

static void expect_key(int64_t slot, const struct record_key *key)
{
	struct record_key found;

	assert_int_equal(record_keys_get(scene.keys, slot, &found), 0);
	assert_memory_equal(found.bytes, key->bytes, SEAL_KEY_BYTES);
}

static void test_record_keys_come_back_and_open_under_one_key_only(void **state)
{
	struct record_key made, found, wrong = {{4}};
	struct record_keys *keys;
	int64_t slot;
	int home;

	(void)state;
	assert_int_equal(record_keys_add(scene.keys, &made, &slot), 0);
	assert_int_equal(record_keys_sync(scene.keys), 0);
	scene_close();
	assert_int_equal(scene_open(false), 0);
	expect_key(slot, &made);
	assert_int_not_equal(record_keys_get(scene.keys, slot + 1, &found), 0);
	assert_int_not_equal(record_keys_get(scene.keys, -1, &found), 0);
	home = open(".", O_RDONLY | O_DIRECTORY);
	assert_int_equal(
	    record_keys_open(home, &wrong, false, &keys), FORMAT_E_MISMATCH);
	close(home);
}

/* Every window of every file of the home, tried with ${key}: the keys that are
 * sealed there for ${purpose}. */
static size_t find_keys(const struct record_key *key, const char *purpose,
    size_t head, struct record_key *ret_keys, size_t max)
{
	const size_t size = head + SEAL_KEY_BYTES + SEAL_OVERHEAD;
	struct buf clear = {0};
	struct dirent *item;
	uint8_t *bytes;
	size_t count = 0;
	struct stat st;
	DIR *home = opendir(".");
	off_t at;
	int fd;

	while ((item = readdir(home)) != NULL) {
		if (stat(item->d_name, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		bytes = malloc((size_t)st.st_size + 1);
		fd = open(item->d_name, O_RDONLY);
		assert_int_equal(
		    read(fd, bytes, (size_t)st.st_size), st.st_size);
		close(fd);
		for (at = 0; at + (off_t)size <= st.st_size; at++) {
			if (seal_open(key, purpose, span_of(bytes + at, size),
				&clear) == 0 &&
			    count < max)
				memcpy(ret_keys[count++].bytes,
				    clear.data + head, SEAL_KEY_BYTES);
			buf_free(&clear);
		}
		free(bytes);
	}
	closedir(home);
	return count;
}

static void test_nothing_in_the_home_leads_to_an_erased_key(void **state)
{
	struct record_key made[3], files[8], slots[8], found;
	size_t file_count, count = 0, i;
	int64_t slot[3];

	(void)state;
	for (i = 0; i < 3; i++)
		record_keys_add(scene.keys, &made[i], &slot[i]);
	record_keys_sync(scene.keys);
	assert_int_equal(find_keys(&scene_key, "keys.wrap", 8, files, 8), 1);
	assert_int_equal(find_keys(&files[0], "slot", 0, slots, 8), 3);

	assert_int_equal(record_keys_erase(scene.keys, &slot[1], 1), 0);
	/* With the storage key in hand: every file key, and all they open. */
	file_count = find_keys(&scene_key, "keys.wrap", 8, files, 8);
	assert_int_equal(file_count, 1);
	count = find_keys(&files[0], "slot", 0, slots, 8);
	assert_int_equal(count, 2);
	for (i = 0; i < count; i++)
		assert_memory_not_equal(
		    slots[i].bytes, made[1].bytes, SEAL_KEY_BYTES);

	assert_int_not_equal(record_keys_get(scene.keys, slot[1], &found), 0);
	assert_int_equal(record_keys_erase(scene.keys, &slot[1], 1), 0);
	scene_close();
	assert_int_equal(scene_open(false), 0);
	for (i = 0; i < 3; i += 2) {
		expect_key(slot[i], &made[i]);
	}
	assert_int_not_equal(record_keys_get(scene.keys, slot[1], &found), 0);
	assert_int_equal(record_keys_add(scene.keys, &found, &slot[1]), 0);
	assert_int_equal(slot[1], 3);
}

static void test_a_read_that_brings_less_loses_no_key(void **state)
{
	struct record_key made[5], found;
	int64_t slot[5];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		record_keys_add(scene.keys, &made[i], &slot[i]);
	record_keys_sync(scene.keys);
	halving = true;
	assert_int_equal(record_keys_erase(scene.keys, &slot[0], 1), 0);
	for (i = 1; i < 5; i++) {
		expect_key(slot[i], &made[i]);
	}
	halving = false;
	scene_close();
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(record_keys_get(scene.keys, slot[4], &found), 0);
	assert_int_not_equal(record_keys_get(scene.keys, slot[0], &found), 0);
}

/* When it is uncertain which file a crash would leave in force, it is looked up
 * and gone on with, in the same process. */
static void test_an_erasure_that_failed_can_be_repeated(void **state)
{
	struct record_key made[3], found;
	int64_t slot[3];
	unsigned i;

	(void)state;
	record_keys_add(scene.keys, &made[0], &slot[0]);
	record_keys_sync(scene.keys);
	for (i = 1; i <= 4; i++) {
		record_keys_add(scene.keys, &made[1], &slot[1]);
		record_keys_sync(scene.keys);
		failing_sync = i;
		assert_int_equal(
		    record_keys_erase(scene.keys, &slot[1], 1), -EIO);
		assert_int_equal(failing_sync, 0);
		assert_int_equal(record_keys_erase(scene.keys, &slot[1], 1), 0);
		assert_int_equal(
		    record_keys_add(scene.keys, &made[2], &slot[2]), 0);
		assert_int_equal(record_keys_sync(scene.keys), 0);
		scene_close();
		assert_int_equal(scene_open(false), 0);
		expect_key(slot[0], &made[0]);
		expect_key(slot[2], &made[2]);
		assert_int_not_equal(
		    record_keys_get(scene.keys, slot[1], &found), 0);
	}
}

/* A crash between the new file and the new wrap leaves the old in force, and
 * one after it the new: neither loses a key, and both are tidied. */
static void test_an_interrupted_erasure_is_tidied(void **state)
{
	struct record_key made, found;
	int64_t slot;

	(void)state;
	record_keys_add(scene.keys, &made, &slot);
	record_keys_sync(scene.keys);
	scene_close();
	assert_int_equal(system("cp keys.0 keys.1"), 0);
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(access("keys.1", F_OK), -1);
	assert_int_equal(record_keys_get(scene.keys, slot, &found), 0);
	assert_int_equal(system("cp keys.0 old"), 0);
	slot = 77;
	assert_int_equal(record_keys_erase(scene.keys, &slot, 1), 0);
	scene_close();
	assert_int_equal(system("mv old keys.0"), 0);
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(access("keys.0", F_OK), -1);
	expect_key(0, &made);
}

/* The new file is in force before the old one is overwritten: when that fails,
 * what is added must not go into the old one. */
static void test_an_erasure_that_fails_loses_no_other_key(void **state)
{
	struct record_key made[3], found;
	int64_t slot[3], i;

	(void)state;
	record_keys_add(scene.keys, &made[0], &slot[0]);
	record_keys_add(scene.keys, &made[1], &slot[1]);
	record_keys_sync(scene.keys);
	for (i = 1; i <= 3; i++) {
		failing_syncs = (unsigned)i;
		assert_int_equal(
		    record_keys_erase(scene.keys, &slot[1], 1), -EIO);
		failing_syncs = 0;
		assert_int_equal(
		    record_keys_add(scene.keys, &made[2], &slot[2]), 0);
		assert_int_equal(record_keys_sync(scene.keys), 0);
		scene_close();
		assert_int_equal(scene_open(false), 0);
		expect_key(slot[0], &made[0]);
		expect_key(slot[2], &made[2]);
		assert_int_not_equal(
		    record_keys_get(scene.keys, slot[1], &found), 0);
	}
	assert_int_equal(record_keys_erase(scene.keys, &slot[1], 1), 0);
	assert_int_equal(record_keys_get(scene.keys, slot[0], &found), 0);
}

static void test_a_torn_slot_is_passed_over(void **state)
{
	struct record_key first, second, found;
	int64_t slot;

	(void)state;
	record_keys_add(scene.keys, &first, &slot);
	record_keys_sync(scene.keys);
	scene_close();
	assert_int_equal(system("printf torn >>keys.0"), 0);
	assert_int_equal(scene_open(false), 0);
	assert_int_equal(record_keys_add(scene.keys, &second, &slot), 0);
	assert_int_equal(record_keys_get(scene.keys, slot, &found), 0);
	assert_memory_equal(found.bytes, second.bytes, sizeof found.bytes);
	assert_int_equal(record_keys_get(scene.keys, 0, &found), 0);
	assert_memory_equal(found.bytes, first.bytes, sizeof found.bytes);
}

struct told {
	size_t loud, quiet;
};

static int count_event(void *context, const struct custody_event *event)
{
	struct told *told = context;

	*(event->actor.bytes[0] == 1 ? &told->loud : &told->quiet) += 1;
	return 0;
}

static void test_nobody_talks_down_what_others_did(void **state)
{
	struct custody_event event = {
	    .kind = span_text("opened"),
	    .time = span_text("2026-01-01T00:00:00Z"),
	};
	struct author_id nobody = {{3}};
	struct told told = {0};
	int64_t count;
	size_t i;

	(void)state;
	assert_int_equal(database_begin(scene.database), 0);
	event.actor.bytes[0] = 1;
	for (i = 0; i < CUSTODY_EVENTS_MAX + 10; i++) {
		memcpy(event.event.bytes, &i, sizeof i);
		assert_int_equal(custody_add(scene.database, &event), 0);
	}
	event.actor.bytes[0] = 2;
	event.event.bytes[31] = 0xff;
	event.kind = span_text("erased");
	event.time = span_text("2026-01-02T00:00:00Z");
	assert_int_equal(custody_add(scene.database, &event), 0);
	assert_int_equal(database_commit(scene.database), 0);
	assert_int_equal(
	    custody_each(scene.database, &event.subject, count_event, &told),
	    0);
	assert_int_equal(told.loud, CUSTODY_EVENTS_MAX - 1);
	assert_int_equal(told.quiet, 1);
	assert_int_equal(
	    custody_count(scene.database, &event.subject, &count), 0);
	assert_int_equal(count, CUSTODY_EVENTS_MAX + 11);
	assert_int_equal(
	    custody_is(scene.database, &event.subject, &event.actor, "erased"),
	    1);
	assert_int_equal(
	    custody_is(scene.database, &event.subject, &nobody, "erased"), 0);
}

static bool keep_one(void *context, const char *name)
{
	return strcmp(context, name) == 0;
}

static void test_only_objects_that_a_row_names_are_kept(void **state)
{
	struct objects_name kept, orphan;
	int fd;

	(void)state;
	assert_int_equal(objects_create(scene.objects, &kept, &fd), 0);
	assert_int_equal(objects_sync(scene.objects, kept.text, fd), 0);
	close(fd);
	assert_int_equal(objects_create(scene.objects, &orphan, &fd), 0);
	close(fd);
	assert_int_equal(objects_sweep(scene.objects, keep_one, kept.text), 0);
	assert_int_equal(objects_open(scene.objects, kept.text, false, &fd), 0);
	close(fd);
	assert_int_equal(
	    objects_open(scene.objects, orphan.text, false, &fd), -ENOENT);
}

/* How many frames the log on the disk has. */
static off_t frames(void)
{
	struct stat st;

	assert_int_equal(stat("test.db-wal", &st), 0);
	return (st.st_size - 8192) / 4164;
}

/* SQLite enlarges its index of the log at frame 4063, which is on the disk by
 * then and may be the last of a commit. */
static void test_a_commit_that_lacks_memory_is_not_taken_for_undone(
    void **state)
{
	static const uint8_t bytes[100000];
	char name[16];
	unsigned i;

	(void)state;
	assert_int_equal(database_begin(scene.database), 0);
	for (i = 0; i < 300 && frames() < 3700; i++) {
		snprintf(name, sizeof name, "%u", i);
		assert_int_equal(database_put(scene.database, name,
				     span_of(bytes, sizeof bytes)),
		    0);
	}
	assert_in_range(frames(), 3700, 4062);
	lacking = true;
	assert_int_equal(database_commit(scene.database), -ENOMEM);
	lacking = false;
	assert_true(frames() > 4062);
	database_rollback(scene.database, 0);
	assert_true(database_is_torn());
	assert_int_equal(database_begin(scene.database), -EIO);
}

int main(void)
{
	sqlite3_mem_methods ours;
	const struct CMUnitTest tests[] = {
	    TEST(test_a_record_comes_back_after_reopening),
	    TEST(test_another_records_key_opens_nothing),
	    TEST(test_prefixes_find_one_none_or_say_that_there_are_two),
	    TEST(test_a_place_holds_one_record_only),
	    TEST(test_many_stand_beside_one_and_say_their_place),
	    TEST(test_an_envelope_is_found_by_its_audience),
	    TEST(test_the_envelope_to_try_is_not_for_others_to_choose),
	    TEST(test_an_object_keeps_its_veil_and_what_is_missing),
	    TEST(test_two_entries_may_name_one_payload),
	    TEST(test_what_is_rolled_back_is_gone),
	    TEST(test_a_database_of_a_later_evident_is_refused),
	    TEST(test_record_keys_come_back_and_open_under_one_key_only),
	    TEST(test_nothing_in_the_home_leads_to_an_erased_key),
	    TEST(test_a_read_that_brings_less_loses_no_key),
	    TEST(test_an_erasure_that_failed_can_be_repeated),
	    TEST(test_an_interrupted_erasure_is_tidied),
	    TEST(test_an_erasure_that_fails_loses_no_other_key),
	    TEST(test_a_torn_slot_is_passed_over),
	    TEST(test_nobody_talks_down_what_others_did),
	    TEST(test_only_objects_that_a_row_names_are_kept),
	    TEST(test_a_commit_that_lacks_memory_is_not_taken_for_undone),
	};

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
	ours = memory;
	ours.xMalloc = take_memory;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
