/*
 * The sealed database, on a real disk: what stands there, what is refused, and
 * what is still there after kill -9.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/store/vfs.h"

#define BLOCK 4136
#define WAL_HEAD 72
#define WAL_FRAME 4160
#define MARKER "Qzmarkedword"

static char dir[] = "/tmp/evident-vfs.XXXXXX";
static const struct vfs_keys keys = {.key = {1, 2, 3}, .file_id = {4}};
static sqlite3 *db;

static bool blind; /* nothing can be looked at */

/* In place of the C library's. */
int lstat(const char *path, struct stat *ret)
{
	if (!blind)
		return fstatat(AT_FDCWD, path, ret, AT_SYMLINK_NOFOLLOW);
	errno = EIO;
	return -1;
}

static void run(const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int open_with(const struct vfs_keys *with, const char *name, bool create)
{
	int r;

	r = vfs_register(with);
	if (r == 0)
		r = vfs_open_database(name, create, &db);
	if (r != 0)
		vfs_unregister();
	return r;
}

static void close_all(void)
{
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	db = NULL;
	vfs_unregister();
}

static void begin(void)
{
	assert_int_equal(system("rm -f ./*"), 0);
	assert_int_equal(open_with(&keys, "test.db", true), 0);
	run("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
}

static int64_t count(void)
{
	sqlite3_stmt *statement;
	int64_t number = -1;

	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &statement,
		NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

static bool is_sound(void)
{
	sqlite3_stmt *statement;
	bool sound = false;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement,
		NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		sound = strcmp((const char *)sqlite3_column_text(statement, 0),
			    "ok") == 0;
	sqlite3_finalize(statement);
	return sound;
}

static bool file_holds(const char *name, const char *text)
{
	char command[256];

	snprintf(command, sizeof command, "grep -qa '%s' %s", text, name);
	return system(command) == 0;
}

static void change(const char *name, off_t at)
{
	uint8_t byte;
	int fd = open(name, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void copy_block(
    const char *from, off_t source, const char *to, off_t target)
{
	uint8_t block[BLOCK];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY);

	assert_int_equal(pread(in, block, BLOCK, source), BLOCK);
	assert_int_equal(pwrite(out, block, BLOCK, target), BLOCK);
	close(in);
	close(out);
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : -1;
}

static void fill(int rows)
{
	char sql[128];
	int i;

	for (i = 0; i < rows; i++) {
		snprintf(sql, sizeof sql,
		    "INSERT INTO t(v) VALUES('" MARKER "' || %d)", i);
		run(sql);
	}
}

static void test_no_clear_word_stands_in_database_or_log(void **state)
{
	(void)state;
	begin();
	fill(50);
	assert_true(size_of("test.db-wal") > 0);
	assert_false(file_holds("test.db", MARKER));
	assert_false(file_holds("test.db-wal", MARKER));
	assert_false(file_holds("test.db-wal", "CREATE TABLE"));
	close_all();
	assert_false(file_holds("test.db", MARKER));
	assert_false(file_holds("test.db", "SQLite format"));
}

static void test_what_was_written_is_there_after_closing(void **state)
{
	(void)state;
	begin();
	fill(500);
	close_all();
	assert_int_equal(open_with(&keys, "test.db", false), 0);
	assert_int_equal(count(), 500);
	assert_true(is_sound());
	close_all();
}

static void test_another_key_or_file_id_does_not_open(void **state)
{
	struct vfs_keys other = keys;

	(void)state;
	begin();
	close_all();
	other.key[0] ^= 1;
	assert_int_equal(open_with(&other, "test.db", false), VFS_E_WRONG_KEY);
	other = keys;
	other.file_id[0] ^= 1;
	assert_int_equal(open_with(&other, "test.db", false), VFS_E_WRONG_KEY);
	assert_int_equal(open_with(&keys, "test.db", false), 0);
	close_all();
}

static void test_making_over_a_database_is_refused(void **state)
{
	(void)state;
	begin();
	fill(3);
	close_all();
	assert_int_equal(open_with(&keys, "test.db", true), -EEXIST);
	blind = true;
	assert_int_equal(open_with(&keys, "test.db", true), -EIO);
	blind = false;
	assert_int_equal(open_with(&keys, "test.db", false), 0);
	assert_int_equal(count(), 3);
	close_all();
}

/* Each page flipped in turn: opening, or reading all of it, is refused. */
static void test_every_flipped_page_is_noticed(void **state)
{
	off_t at, size;

	(void)state;
	begin();
	fill(300);
	run("VACUUM");
	close_all();
	size = size_of("test.db");
	for (at = 100; at < size; at += BLOCK) {
		change("test.db", at);
		if (open_with(&keys, "test.db", false) == 0) {
			assert_false(count() == 300 && is_sound());
			sqlite3_close(db);
			vfs_unregister();
		}
		change("test.db", at);
	}
	assert_int_equal(open_with(&keys, "test.db", false), 0);
	assert_int_equal(count(), 300);
	close_all();
}

static void test_a_page_moved_to_another_place_is_refused(void **state)
{
	(void)state;
	begin();
	fill(300);
	run("VACUUM");
	close_all();
	assert_true(size_of("test.db") >= 4 * BLOCK);
	copy_block("test.db", 2 * BLOCK, "test.db", 3 * BLOCK);
	if (open_with(&keys, "test.db", false) == 0) {
		assert_false(count() == 300 && is_sound());
		sqlite3_close(db);
		vfs_unregister();
	}
}

static void test_a_page_of_another_database_is_refused(void **state)
{
	struct vfs_keys other = keys;

	(void)state;
	begin();
	fill(300);
	run("VACUUM");
	close_all();
	other.file_id[3] = 9;
	assert_int_equal(open_with(&other, "other.db", true), 0);
	run("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
	fill(300);
	run("VACUUM");
	close_all();
	copy_block("other.db", 2 * BLOCK, "test.db", 2 * BLOCK);
	if (open_with(&keys, "test.db", false) == 0) {
		assert_false(count() == 300 && is_sound());
		sqlite3_close(db);
		vfs_unregister();
	}
}

/* A child commits and reports each commit through a pipe until it is killed. */
static void commit_until_killed(int report)
{
	char sql[96];
	int i;

	if (open_with(&keys, "test.db", false) != 0)
		_exit(1);
	sqlite3_exec(db, "PRAGMA cache_size=5", NULL, NULL, NULL);
	for (i = 0;; i++) {
		snprintf(sql, sizeof sql,
		    "BEGIN; INSERT INTO t(v) VALUES(randomblob(3000));"
		    "UPDATE t SET v=v WHERE id%%7=%d; COMMIT",
		    i % 7);
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
			_exit(2);
		if (write(report, "x", 1) != 1)
			_exit(3);
	}
}

static void test_kill_9_loses_no_commit_that_was_told(void **state)
{
	int64_t told = 0, before;
	struct timespec late = {0};
	int round, ends[2];
	char buffer[4096];
	ssize_t n;
	pid_t child;

	(void)state;
	begin();
	close_all();
	for (round = 0; round < 8; round++) {
		before = told;
		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0)
			commit_until_killed(ends[1]);
		close(ends[1]);
		/* Some commits later, at no particular point. */
		while (told < before + 3 + round &&
		       (n = read(ends[0], buffer, 1)) > 0)
			told += n;
		late.tv_nsec = randombytes_uniform(8000) * 1000L;
		nanosleep(&late, NULL);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while ((n = read(ends[0], buffer, sizeof buffer)) > 0)
			told += n;
		close(ends[0]);
		assert_int_equal(open_with(&keys, "test.db", false), 0);
		assert_true(count() >= told);
		assert_true(count() <= told + 1);
		assert_true(is_sound());
		told = count();
		close_all();
	}
}

/* Leave a log behind as a crash does: copy both files while they are open. */
static void crash_copy(void)
{
	assert_int_equal(
	    system("cp test.db crash.db && cp test.db-wal crash.db-wal"), 0);
}

static void test_a_torn_last_frame_loses_only_what_was_not_told(void **state)
{
	off_t size;
	int64_t rows;

	(void)state;
	begin();
	fill(20);
	crash_copy();
	close_all();
	size = size_of("crash.db-wal");
	assert_int_equal(truncate("crash.db-wal", size - 1000), 0);
	assert_int_equal(open_with(&keys, "crash.db", false), 0);
	rows = count();
	assert_true(rows == 19 || rows == 18);
	assert_true(is_sound());
	close_all();
}

static void test_a_flipped_frame_before_later_ones_is_refused(void **state)
{
	int r;

	(void)state;
	begin();
	fill(20);
	crash_copy();
	close_all();
	change("crash.db-wal", WAL_HEAD + 5 * WAL_FRAME + 200);
	r = open_with(&keys, "crash.db", false);
	if (r == 0) {
		assert_int_equal(count(), -1);
		sqlite3_close(db);
		vfs_unregister();
	}
}

static void test_no_other_file_ever_appears(void **state)
{
	struct dirent *item;
	DIR *list;

	(void)state;
	begin();
	run("BEGIN");
	fill(300);
	run("CREATE TABLE u AS SELECT * FROM t ORDER BY v");
	list = opendir(".");
	while ((item = readdir(list)) != NULL)
		assert_true(item->d_name[0] == '.' ||
			    strcmp(item->d_name, "test.db") == 0 ||
			    strcmp(item->d_name, "test.db-wal") == 0);
	closedir(list);
	run("ROLLBACK");
	close_all();
}

static void test_a_scrubbed_log_is_empty(void **state)
{
	(void)state;
	begin();
	fill(20);
	assert_true(size_of("test.db-wal") > 0);
	assert_int_equal(vfs_scrub(db), 0);
	assert_int_equal(size_of("test.db-wal"), 0);
	assert_int_equal(count(), 20);
	close_all();
}

static void test_a_truncated_database_is_refused(void **state)
{
	(void)state;
	begin();
	fill(300);
	close_all();
	assert_int_equal(truncate("test.db", 3 * BLOCK), 0);
	if (open_with(&keys, "test.db", false) == 0) {
		assert_false(count() == 300 && is_sound());
		sqlite3_close(db);
		vfs_unregister();
	}
}

static int enter(void **state)
{
	(void)state;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_clear_word_stands_in_database_or_log),
	    cmocka_unit_test(test_what_was_written_is_there_after_closing),
	    cmocka_unit_test(test_another_key_or_file_id_does_not_open),
	    cmocka_unit_test(test_making_over_a_database_is_refused),
	    cmocka_unit_test(test_every_flipped_page_is_noticed),
	    cmocka_unit_test(test_a_page_moved_to_another_place_is_refused),
	    cmocka_unit_test(test_a_page_of_another_database_is_refused),
	    cmocka_unit_test(test_kill_9_loses_no_commit_that_was_told),
	    cmocka_unit_test(
		test_a_torn_last_frame_loses_only_what_was_not_told),
	    cmocka_unit_test(test_a_flipped_frame_before_later_ones_is_refused),
	    cmocka_unit_test(test_no_other_file_ever_appears),
	    cmocka_unit_test(test_a_scrubbed_log_is_empty),
	    cmocka_unit_test(test_a_truncated_database_is_refused),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
