/*
 * One connection to the sealed database (vfs.h), its statements and its history
 * of shapes. Migrations are append-only: a database of an older Evident is
 * brought up to date, one of a newer is refused.
 *
 * After an I/O error in writing nothing more is written: whether what was being
 * committed is found when the log is read again, nobody knows before it is. The
 * store ends and opens anew, and nothing that was not committed was ever
 * acknowledged.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/store/database.h"
#include "daemon/store/vfs.h"

static const char *const migrations[] = {
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value BLOB NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE partner(id INTEGER PRIMARY KEY,"
    " author BLOB NOT NULL UNIQUE CHECK(length(author)=32),"
    " name TEXT NOT NULL UNIQUE, card BLOB NOT NULL,"
    " serial INTEGER NOT NULL, compared INTEGER NOT NULL,"
    " mirror INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE log(id INTEGER PRIMARY KEY, author BLOB NOT NULL,"
    " log BLOB NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,"
    " own INTEGER NOT NULL, via INTEGER REFERENCES partner(id),"
    " checkpoint BLOB, seen INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(author, log));"
    "CREATE TABLE fork(log INTEGER NOT NULL REFERENCES log(id),"
    " note BLOB NOT NULL, seen INTEGER NOT NULL, UNIQUE(log, note));"
    "CREATE TABLE node(log INTEGER NOT NULL, level INTEGER NOT NULL,"
    " place INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY(log, level, place)) WITHOUT ROWID;"
    "CREATE TABLE record(id INTEGER PRIMARY KEY,"
    " entry BLOB NOT NULL UNIQUE, log INTEGER NOT NULL REFERENCES log(id),"
    " place INTEGER NOT NULL, slot INTEGER NOT NULL,"
    " stored INTEGER NOT NULL, source INTEGER REFERENCES partner(id),"
    " whole INTEGER NOT NULL, attachments INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, hidden INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(log, place));"
    "CREATE TABLE body(record INTEGER PRIMARY KEY REFERENCES record(id),"
    " sealed BLOB NOT NULL);"
    "CREATE TABLE envelope(record INTEGER NOT NULL REFERENCES record(id),"
    " audience BLOB NOT NULL, sealed BLOB NOT NULL, hash BLOB NOT NULL,"
    " delivered INTEGER NOT NULL, PRIMARY KEY(record, audience))"
    " WITHOUT ROWID;"
    "CREATE INDEX envelope_audience ON envelope(audience, delivered);"
    "CREATE TABLE object(id INTEGER PRIMARY KEY,"
    " record INTEGER NOT NULL REFERENCES record(id),"
    " number INTEGER NOT NULL, digest BLOB NOT NULL,"
    " size INTEGER NOT NULL, held INTEGER NOT NULL,"
    " whole INTEGER NOT NULL, file TEXT NOT NULL UNIQUE,"
    " sealed BLOB NOT NULL, UNIQUE(record, number));"
    "CREATE INDEX object_digest ON object(digest);"
    "CREATE INDEX object_missing ON object(whole, digest);"
    "CREATE TABLE owed(record INTEGER NOT NULL REFERENCES record(id),"
    " partner INTEGER NOT NULL REFERENCES partner(id),"
    " PRIMARY KEY(partner, record)) WITHOUT ROWID;"
    "CREATE TABLE unread(record INTEGER PRIMARY KEY"
    " REFERENCES record(id));",
    /* Which logs of others a partner has offered, beside those it brought. */
    "CREATE TABLE told(log INTEGER NOT NULL REFERENCES log(id),"
    " partner INTEGER NOT NULL REFERENCES partner(id),"
    " PRIMARY KEY(log, partner)) WITHOUT ROWID;"
    /* What a partner last said it holds, as it said it. */
    "CREATE TABLE frontier(partner INTEGER PRIMARY KEY"
    " REFERENCES partner(id), body BLOB NOT NULL);",
    /* IP:PORT of the SOCKS5 proxy by which alone a partner is reached. */
    "ALTER TABLE partner ADD COLUMN proxy TEXT NOT NULL DEFAULT '';",
    /* What this node's own list calls a record; sealed as its body is. */
    "CREATE TABLE label(record INTEGER PRIMARY KEY REFERENCES record(id),"
    " sealed BLOB NOT NULL);",
    /* With whom a record was shared after it was made (delivered: 1 it was
     * confirmed, 0 it is told, 2 it will be once it is whole here); and the
     * proofs of records that were shared with us, whose logs we do not hold. */
    "CREATE TABLE shared(record INTEGER NOT NULL REFERENCES record(id),"
    " partner INTEGER NOT NULL REFERENCES partner(id),"
    " delivered INTEGER NOT NULL, PRIMARY KEY(partner, record))"
    " WITHOUT ROWID;"
    "CREATE INDEX shared_record ON shared(record);"
    "CREATE TABLE proven(record INTEGER PRIMARY KEY REFERENCES record(id),"
    " sealed BLOB NOT NULL);",
    /* Bytes a second, 0 for no limit, -1 for what is configured; and when it
     * was last met in good order, in Unix seconds. */
    "ALTER TABLE partner ADD COLUMN rate INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE partner ADD COLUMN met INTEGER NOT NULL DEFAULT 0;",
    /* How far each partner has brought a log: what others brought of it may
     * have had leaves where this partner has records for us. And every record
     * that came is owed a receipt, which is written once it is whole. */
    "ALTER TABLE told ADD COLUMN size INTEGER NOT NULL DEFAULT 0;"
    "INSERT OR REPLACE INTO told SELECT id,via,size FROM log"
    " WHERE own=0 AND via NOT NULL;"
    "INSERT OR IGNORE INTO owed SELECT id,source FROM record"
    " WHERE whole=0 AND source NOT NULL;",
    /* Organisations whose enrolments count here; and of each member the newest
     * enrolment (keys are NULL when it has ended). */
    "ALTER TABLE partner ADD COLUMN trusts INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE enrolment("
    "organisation BLOB NOT NULL CHECK(length(organisation)=32),"
    " member BLOB NOT NULL CHECK(length(member)=32),"
    " serial INTEGER NOT NULL, keys BLOB, in_force INTEGER NOT NULL,"
    " PRIMARY KEY(organisation, member)) WITHOUT ROWID;",
    /* What a partner may bring (-1: never set) and what it brought so far; of
     * what came before this table, the nearest that can be told. */
    "CREATE TABLE quota(partner INTEGER PRIMARY KEY REFERENCES partner(id),"
    " max_bytes INTEGER NOT NULL DEFAULT -1,"
    " max_entries INTEGER NOT NULL DEFAULT -1,"
    " max_rate INTEGER NOT NULL DEFAULT -1,"
    " bytes INTEGER NOT NULL DEFAULT 0, entries INTEGER NOT NULL DEFAULT 0,"
    " level INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0);"
    "INSERT INTO quota(partner, bytes, entries) SELECT p.id,"
    " (SELECT CAST(min(total(r.bytes + (SELECT total(length(e.sealed))"
    " FROM envelope e WHERE e.record=r.id)), 9007199254740991) AS INTEGER)"
    " FROM record r WHERE r.source=p.id),"
    " (SELECT coalesce(sum(l.size), 0) FROM log l WHERE l.via=p.id)"
    " + (SELECT count(*) FROM proven v JOIN record r ON r.id=v.record"
    " WHERE r.source=p.id) FROM partner p;",
    /* What was done with records, by whom; which records are withdrawn by
     * which entries, held or not; and what became of those that are held. */
    "CREATE TABLE custody(subject BLOB NOT NULL, event BLOB NOT NULL,"
    " kind TEXT NOT NULL, actor BLOB NOT NULL, time TEXT NOT NULL,"
    " detail BLOB NOT NULL, seen INTEGER NOT NULL,"
    " PRIMARY KEY(subject, event)) WITHOUT ROWID;"
    "CREATE TABLE withdrawal(target BLOB NOT NULL,"
    " record INTEGER NOT NULL REFERENCES record(id),"
    " PRIMARY KEY(target, record)) WITHOUT ROWID;"
    "CREATE TABLE withdrawn(record INTEGER PRIMARY KEY REFERENCES record(id),"
    " state INTEGER NOT NULL, at INTEGER NOT NULL,"
    " author BLOB NOT NULL, kept BLOB NOT NULL);",
    /* Who had an own record when it was withdrawn; and to whom this node owes
     * its word that it destroyed one. */
    "CREATE INDEX withdrawal_record ON withdrawal(record);"
    "CREATE TABLE holder(record INTEGER NOT NULL REFERENCES record(id),"
    " author BLOB NOT NULL, PRIMARY KEY(record, author)) WITHOUT ROWID;"
    "CREATE TABLE erasure(partner INTEGER NOT NULL REFERENCES partner(id),"
    " record INTEGER NOT NULL REFERENCES record(id),"
    " PRIMARY KEY(partner, record)) WITHOUT ROWID;",
    /* How many were destroyed lately is asked for each that is withdrawn. */
    "CREATE INDEX withdrawn_lately ON withdrawn(at) WHERE state IN (2,3);",
    /* Own logs that a partner holds otherwise than this node (own_log.h). */
    "CREATE TABLE parted(log INTEGER NOT NULL REFERENCES log(id),"
    " partner INTEGER NOT NULL REFERENCES partner(id),"
    " PRIMARY KEY(log, partner)) WITHOUT ROWID;",
    /* A receipt of before its writer was put back confirms nothing. */
    "ALTER TABLE unread ADD COLUMN void INTEGER NOT NULL DEFAULT 0;",
    /* Its author's checkpoint of more than came before a meeting was cut. */
    "ALTER TABLE log ADD COLUMN ahead BLOB;",
    /* SHA-256 of the envelope that a record came with, where that is known. */
    "ALTER TABLE owed ADD COLUMN hash BLOB;",
    /* By a bundle: what it says must be told again is due at a meeting. */
    "ALTER TABLE frontier ADD COLUMN due INTEGER NOT NULL DEFAULT 0;",
    /* What leads from a beginning that came to a checkpoint of more
     * (log_tree.c). */
    "ALTER TABLE log ADD COLUMN edge BLOB;",
};
#define MIGRATIONS (int)(sizeof migrations / sizeof *migrations)

#define SQL_TEXT(name, text) text,
static const char *const texts[] = {SQL_STATEMENTS(SQL_TEXT)};

static bool torn; /* of the one database that a process has */

static int fault(int sqlite_result)
{
	torn |= sqlite_result == SQLITE_IOERR_WRITE ||
		sqlite_result == SQLITE_IOERR_FSYNC;
	switch (sqlite_result & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	default:
		log_number(LOG_LEVEL_ERROR, "the database answered an error",
		    sqlite_result);
		return -EIO;
	}
}

static int run_text(sqlite3 *db, const char *text)
{
	int r = sqlite3_exec(db, text, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : fault(r);
}

static int read_version(sqlite3 *db, int *ret_version)
{
	sqlite3_stmt *statement;
	int r;

	r = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_step(statement);
	if (r == SQLITE_ROW)
		*ret_version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return r == SQLITE_ROW ? 0 : fault(r);
}

static int migrate(sqlite3 *db)
{
	static const char set[] = "PRAGMA user_version=0";
	char text[sizeof set + 8];
	int version = 0, r;

	r = read_version(db, &version);
	if (r == 0 && version > MIGRATIONS)
		return DATABASE_E_NEWER;
	for (; r == 0 && version < MIGRATIONS; version++) {
		r = run_text(db, "BEGIN IMMEDIATE");
		if (r == 0)
			r = run_text(db, migrations[version]);
		sqlite3_snprintf(
		    sizeof text, text, "PRAGMA user_version=%d", version + 1);
		if (r == 0)
			r = run_text(db, text);
		if (r == 0)
			r = run_text(db, "COMMIT");
		if (r < 0)
			run_text(db, "ROLLBACK");
	}
	return r;
}

static int prepare_all(struct database *database)
{
	size_t i;
	int r;

	for (i = 0; i < SQL_COUNT; i++) {
		r = sqlite3_prepare_v3(database->db, texts[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL);
		if (r != SQLITE_OK)
			return fault(r);
	}
	return 0;
}

int database_open(const char *path, bool create, struct database **ret_database)
{
	struct database *database = calloc(1, sizeof *database);
	int r;

	if (!database)
		return -ENOMEM;
	torn = false;
	r = vfs_open_database(path, create, &database->db);
	if (r == VFS_E_WRONG_KEY || r == VFS_E_DAMAGED)
		r = DATABASE_E_DAMAGED;
	if (r == 0)
		r = migrate(database->db);
	if (r == 0)
		r = prepare_all(database);
	if (r != 0) {
		database_close(database);
		return r;
	}
	*ret_database = database;
	return 0;
}

void database_close(struct database *database)
{
	size_t i;

	if (!database)
		return;
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(database->statements[i]);
	sqlite3_close(database->db);
	free(database);
}

static int bind_one(
    sqlite3_stmt *statement, int place, char type, va_list *args)
{
	struct span value;

	switch (type) {
	case 'i':
		return sqlite3_bind_int64(
		    statement, place, va_arg(*args, int64_t));
	case 'b':
		value = va_arg(*args, struct span);
		return sqlite3_bind_blob64(statement, place,
		    value.data ? (const void *)value.data : "", value.len,
		    SQLITE_STATIC);
	case 't':
		value = va_arg(*args, struct span);
		return sqlite3_bind_text64(statement, place,
		    value.data ? (const char *)value.data : "", value.len,
		    SQLITE_STATIC, SQLITE_UTF8);
	case 'n':
		return sqlite3_bind_null(statement, place);
	}
	return SQLITE_MISUSE;
}

static sqlite3_stmt *bind_all(
    struct database *database, enum sql which, const char *types, va_list *args)
{
	sqlite3_stmt *statement = database->statements[which];
	int i, r = SQLITE_OK;

	sqlite3_reset(statement);
	for (i = 0; r == SQLITE_OK && types[i]; i++)
		r = bind_one(statement, i + 1, types[i], args);
	if (r != SQLITE_OK) {
		fault(r);
		return NULL;
	}
	return statement;
}

sqlite3_stmt *database_query(
    struct database *database, enum sql which, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;

	va_start(args, types);
	statement = bind_all(database, which, types, &args);
	va_end(args);
	return statement;
}

int database_step(sqlite3_stmt *statement)
{
	int r = statement ? sqlite3_step(statement) : SQLITE_NOMEM;

	if (r == SQLITE_ROW)
		return 1;
	database_done(statement);
	return r == SQLITE_DONE ? 0 : fault(r);
}

void database_done(sqlite3_stmt *statement)
{
	if (!statement)
		return;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

int database_run(
    struct database *database, enum sql which, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;
	int r;

	va_start(args, types);
	statement = bind_all(database, which, types, &args);
	va_end(args);
	r = database_step(statement);
	if (r == 1)
		database_done(statement);
	return r < 0 ? r : 0;
}

int database_number(struct database *database, enum sql which,
    int64_t *ret_number, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;
	int r;

	va_start(args, types);
	statement = bind_all(database, which, types, &args);
	va_end(args);
	r = database_step(statement);
	if (r < 0)
		return r;
	if (r == 0)
		return DATABASE_E_NONE;
	*ret_number = sqlite3_column_int64(statement, 0);
	database_done(statement);
	return 0;
}

int64_t database_column_int(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

struct span database_column(sqlite3_stmt *statement, int column)
{
	const void *data = sqlite3_column_blob(statement, column);

	return span_of(data, (size_t)sqlite3_column_bytes(statement, column));
}

int64_t database_last_id(struct database *database)
{
	return sqlite3_last_insert_rowid(database->db);
}

bool database_is_torn(void)
{
	return torn;
}

int database_begin(struct database *database)
{
	return torn ? -EIO : database_run(database, SQL_BEGIN, "");
}

/* SQLite may lack memory for what is on the disk by then, and says so as if it
 * were not. */
int database_commit(struct database *database)
{
	int r = database_run(database, SQL_COMMIT, "");

	torn |= r == -ENOMEM;
	return r;
}

int database_rollback(struct database *database, int result)
{
	if (!sqlite3_get_autocommit(database->db))
		database_run(database, SQL_ROLLBACK, "");
	return result;
}

int database_get(
    struct database *database, const char *name, struct buf *out_value)
{
	sqlite3_stmt *row =
	    database_query(database, SQL_SETTING_GET, "t", span_text(name));
	int r = database_step(row);

	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = buf_append_span(out_value, database_column(row, 0));
	database_done(row);
	return r;
}

int database_put(struct database *database, const char *name, struct span value)
{
	return database_run(
	    database, SQL_SETTING_PUT, "tb", span_text(name), value);
}
