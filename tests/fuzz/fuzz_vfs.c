/*
 * The sealed database and its log, changed by somebody without the key, opened
 * by SQLite through the VFS. It is refused, and then not touched; or what it
 * says is what one of its commits said, whole: a count, and as many rows. What
 * was moved out of the log into the database file is never lost; only the
 * newest commits can be cut off unseen (vfs.h). An earlier log that is put in
 * the place of this one, with its own header, is one of the things that cannot
 * be seen from inside: then nothing is claimed but that it is survived.
 *
 * Input: operations on a database and its log that are made when the process
 * begins. Blocks come from them, from an earlier log and from another database.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/vfs.h"
#include "daemon/store/vfs_wal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define SETTLED 12 /* commits in the database file */
#define COMMITS 20 /* with those in its log */
#define OPERATIONS_MAX 16
#define FILE_MAX (256 * 1024)

static const char name[] = "test.db", log_name[] = "test.db-wal";

enum file {
	DATABASE,
	LOG,
	EARLIER_LOG,
	STRANGER,
	STRANGERS_LOG,
	FILES,
};

static struct buf made[FILES];
static bool stale; /* the header of the earlier log was put in */

static const char *path_of(const char *file)
{
	static char path[PARTS_FOLDER_MAX + 32];

	snprintf(path, sizeof path, "%s/%s", parts_folder(), file);
	return path;
}

static void load(const char *file, struct buf *out)
{
	int fd = open(path_of(file), O_RDONLY | O_CLOEXEC);

	out->len = 0;
	if (fd < 0)
		return;
	parts_read(fd, out);
	close(fd);
}

static void commit(sqlite3 *db, int number)
{
	char sql[256];

	snprintf(sql, sizeof sql,
	    "BEGIN; INSERT INTO t VALUES(%d, printf('row %%0700d', %d));"
	    "UPDATE n SET n = %d; COMMIT",
	    number, number, number);
	CLAIM(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

/* ${into}: the database; behind it its log, and the log before its last. */
static void make(uint8_t file_id, enum file into, bool earlier)
{
	struct vfs_keys keys = {.key = {1}, .file_id = {file_id}};
	sqlite3 *db;
	int i;

	CLAIM(vfs_register(&keys) == 0);
	CLAIM(vfs_open_database(path_of(name), true, &db) == 0);
	CLAIM(sqlite3_exec(db,
		  "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
		  "CREATE TABLE n(n); INSERT INTO n VALUES(0)",
		  NULL, NULL, NULL) == SQLITE_OK);
	for (i = 1; i <= SETTLED; i++)
		commit(db, i);
	if (earlier)
		load(log_name, &made[EARLIER_LOG]);
	CLAIM(vfs_scrub(db) == 0);
	for (; i <= COMMITS; i++)
		commit(db, i);
	load(name, &made[into]);
	load(log_name, &made[into + 1]);
	sqlite3_close(db);
	vfs_unregister();
	unlink(path_of(name));
}

static void begin(void)
{
	struct vfs_keys keys = {.key = {1}, .file_id = {1}};

	make(2, STRANGER, false);
	make(1, DATABASE, true);
	CLAIM(made[LOG].len > VFS_WAL_START + VFS_WAL_BLOCK);
	CLAIM(vfs_register(&keys) == 0);
}

/* --- what is done to it -----------------------------------------------------
 */

static size_t number(struct span *rest, size_t below)
{
	size_t value = parts_byte(rest);

	value = value << 8 | parts_byte(rest);
	value = value << 8 | parts_byte(rest);
	return below ? value % below : 0;
}

static size_t blocks(const struct buf *file, bool log)
{
	if (!log)
		return file->len / VFS_PAGE_BLOCK;
	return file->len < VFS_WAL_START
		   ? 0
		   : (file->len - VFS_WAL_START) / VFS_WAL_BLOCK;
}

static struct span block(const struct buf *file, bool log, size_t at)
{
	size_t len = log ? VFS_WAL_BLOCK : VFS_PAGE_BLOCK;

	return span_of(file->data + (log ? VFS_WAL_START : 0) + at * len, len);
}

/* Bytes to a place in ${file}, which grows if need be. */
static void put(struct buf *file, size_t at, struct span bytes)
{
	static const uint8_t zeros[4096];

	while (file->len < at + bytes.len && file->len < FILE_MAX)
		CLAIM(buf_append(file, zeros, sizeof zeros) == 0);
	if (at + bytes.len <= file->len)
		memmove(file->data + at, bytes.data, bytes.len);
}

static void move_block(struct span *rest, struct buf *files)
{
	uint8_t from = parts_byte(rest) % FILES;
	bool log = from != DATABASE && from != STRANGER;
	const struct buf *source = from <= LOG ? &files[from] : &made[from];
	struct buf *target = &files[log ? LOG : DATABASE];
	size_t at = number(rest, blocks(source, log));
	size_t to = number(rest, blocks(target, log) + 2);
	uint8_t copy[VFS_WAL_BLOCK];
	struct span moved;

	if (blocks(source, log) == 0)
		return;
	moved = block(source, log, at);
	memcpy(copy, moved.data, moved.len);
	put(target, (log ? VFS_WAL_START : 0) + to * moved.len,
	    span_of(copy, moved.len));
}

static void operate(struct span *rest, struct buf *files)
{
	uint8_t what = parts_byte(rest);
	struct buf *file = &files[what >> 4 & 1];
	struct span bytes;
	size_t at;

	switch (what % 8) {
	case 0:
		at = number(rest, file->len);
		if (at < file->len)
			file->data[at] ^= parts_byte(rest);
		break;
	case 1:
	case 2:
		move_block(rest, files);
		break;
	case 3:
		file->len = number(rest, file->len + 1);
		break;
	case 4: /* an end at a frame or page */
		at = number(rest, blocks(file, file == &files[LOG]) + 1);
		at = file == &files[LOG] ? VFS_WAL_START + at * VFS_WAL_BLOCK
					 : at * VFS_PAGE_BLOCK;
		file->len = at < file->len ? at : file->len;
		break;
	case 5:
		at = number(rest, file->len + 1);
		bytes = parts_take(rest);
		if (at + bytes.len <= FILE_MAX)
			put(file, at, bytes);
		break;
	case 6: /* the heads of logs */
		at = number(rest, 4);
		stale |= at < 2;
		bytes = span_of(made[at < 2 ? EARLIER_LOG : STRANGERS_LOG].data,
		    VFS_WAL_START);
		put(&files[LOG], at % 2 * VFS_WAL_COPY,
		    span_of(bytes.data + at % 2 * VFS_WAL_COPY, VFS_WAL_COPY));
		break;
	case 7:
		file->len = 0;
		at = number(rest, 2);
		stale |= at == 1;
		CLAIM(buf_append_span(file,
			  buf_span(&made[at == 1 ? EARLIER_LOG : LOG])) == 0);
		break;
	}
}

/* --- what it says then ------------------------------------------------------
 */

/* A number or -1 for what cannot be read. */
static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *row = NULL;
	int64_t answer = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW)
		answer = sqlite3_column_int64(row, 0);
	if (sqlite3_finalize(row) != SQLITE_OK)
		answer = -1;
	return answer;
}

static void check_opened(sqlite3 *db)
{
	int64_t count = ask(db, "SELECT n FROM n"), rows, right, sound;

	rows = ask(db, "SELECT count(*) FROM t");
	right = ask(db, "SELECT count(*) FROM t WHERE v = "
			"printf('row %0700d', id) AND id BETWEEN 1 AND 20");
	sound = ask(db, "SELECT count(*) FROM pragma_integrity_check "
			"WHERE integrity_check = 'ok'");
	if (count < 0 || rows < 0 || right < 0 || sound < 0 || stale)
		return; /* refused where it was read */
	CLAIM(sound == 1);
	CLAIM(count >= SETTLED && count <= COMMITS);
	CLAIM(rows == count && right == count);
}

static void check_untouched(const struct buf *before)
{
	struct buf now = {0};

	load(name, &now);
	CLAIM(span_equal(buf_span(&now), buf_span(&before[DATABASE])));
	load(log_name, &now);
	CLAIM(span_equal(buf_span(&now), buf_span(&before[LOG])));
	buf_free(&now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct buf files[2] = {{0}, {0}};
	sqlite3 *db = NULL;
	int i, r;

	if (made[DATABASE].len == 0)
		begin();
	stale = false;
	CLAIM(
	    buf_append_span(&files[DATABASE], buf_span(&made[DATABASE])) == 0);
	CLAIM(buf_append_span(&files[LOG], buf_span(&made[LOG])) == 0);
	for (i = 0; i < OPERATIONS_MAX && rest.len > 0; i++)
		operate(&rest, files);
	parts_write(name, buf_span(&files[DATABASE]));
	parts_write(log_name, buf_span(&files[LOG]));
	r = vfs_open_database(path_of(name), false, &db);
	CLAIM(r == 0 || r == VFS_E_DAMAGED || r == VFS_E_WRONG_KEY);
	if (r == 0)
		check_opened(db);
	else
		check_untouched(files);
	if (i == 0)
		CLAIM(r == 0 && ask(db, "SELECT n FROM n") == COMMITS);
	sqlite3_close(db);
	unlink(path_of(name));
	unlink(path_of(log_name));
	buf_free(&files[DATABASE]);
	buf_free(&files[LOG]);
	return 0;
}
