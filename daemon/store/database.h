/*
 * The sealed database: opening, migrations, transactions, statements.
 *
 * Outcomes are 0, DATABASE_E_* (apart from FORMAT_E_*) or -errno; a statement's
 * error is logged by its number only. Spans of a row point into it and are good
 * until the next step.
 */
#ifndef EVIDENT_STORE_DATABASE_H
#define EVIDENT_STORE_DATABASE_H

#include <sqlite3.h>

#include "daemon/store/sql.h"
#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define SQL_ENUM(name, text) SQL_##name,
enum sql { SQL_STATEMENTS(SQL_ENUM) SQL_COUNT };

enum {
	DATABASE_E_NONE = 21,    /* no such row */
	DATABASE_E_NEWER = 22,   /* written by a later Evident */
	DATABASE_E_DAMAGED = 23, /* see vfs.h */
};

struct database {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
};

/* Open ${path} (vfs_register() was called), or make it with ${create}; run the
 * migrations that are due. */
int database_open(
    const char *path, bool create, struct database **ret_database);
/* Finish the log into the database and close; NULL is fine. */
void database_close(struct database *database);

/* Bind by ${types}: i int64_t, b struct span as blob, t struct span as text,
 * n NULL. The statement to step, or NULL after an error. */
sqlite3_stmt *database_query(
    struct database *database, enum sql which, const char *types, ...);
/* 1: a row; 0: the end; -errno. The end and errors reset the statement. */
int database_step(sqlite3_stmt *statement);
void database_done(sqlite3_stmt *statement);
/* Run a statement that yields no row. */
int database_run(
    struct database *database, enum sql which, const char *types, ...);
/* Run one that yields a number. */
int database_number(struct database *database, enum sql which,
    int64_t *ret_number, const char *types, ...);
int64_t database_column_int(sqlite3_stmt *statement, int column);
struct span database_column(sqlite3_stmt *statement, int column);
int64_t database_last_id(struct database *database);

/* Whether the disk failed in mid-write, or a commit for want of memory: nothing
 * more is written, and the process is to end. */
bool database_is_torn(void);
int database_begin(struct database *database);
int database_commit(struct database *database);
/* Undo what is open; keeps ${result}, to be returned. */
int database_rollback(struct database *database, int result);

/* Settings: small values by name. DATABASE_E_NONE when never set. */
int database_get(
    struct database *database, const char *name, struct buf *out_value);
int database_put(
    struct database *database, const char *name, struct span value);

#endif
