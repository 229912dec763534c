/*
 * Is a home whole? torture_home HOME, with its passphrase on standard input;
 * no daemon may run on it. The store's own code opens it as a start would.
 *
 * Prints "database" with what SQLite finds wrong or "ok", "objects" with how
 * many files lie there, and a line "ID open FILES" or "ID closed" for each
 * record: open when the record's key opens its body; FILES of its attachments
 * are there.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper/keyring.h"
#include "daemon/store/records.h"
#include "daemon/store/seal.h"
#include "daemon/store/vfs.h"

static size_t object_count;

static _Noreturn void stop(const char *why)
{
	printf("database %s\n", why);
	exit(1);
}

static struct keyring_keys *unlock(int home)
{
	struct keyring_keys *keys = keyring_keys_new();
	uint8_t image[KEYRING_BYTES];
	char line[256];

	if (!fgets(line, sizeof line, stdin))
		stop("has no passphrase");
	line[strcspn(line, "\n")] = 0;
	if (!keys || keyring_load(home, image) != 0 ||
	    keyring_open(image, span_text(line), keys) != 0)
		stop("has a keyring that does not unlock");
	return keys;
}

static void open_records(
    const struct keyring_keys *keys, int home, struct records *records)
{
	struct record_key storage;
	struct vfs_keys vfs;

	memcpy(vfs.key, keys->storage_key, sizeof vfs.key);
	memcpy(vfs.file_id, keys->file_id, sizeof vfs.file_id);
	memcpy(storage.bytes, vfs.key, sizeof storage.bytes);
	if (vfs_register(&vfs) != 0 ||
	    database_open("evident.db", false, &records->database) != 0)
		stop("does not open");
	if (record_keys_open(home, &storage, false, &records->keys) != 0)
		stop("has record keys that do not open");
}

/* The first thing that is wrong, or nothing. */
static void ask(sqlite3 *db, const char *pragma, const char *fine)
{
	sqlite3_stmt *rows = NULL;
	const char *text;

	if (sqlite3_prepare_v2(db, pragma, -1, &rows, NULL) != SQLITE_OK)
		stop("does not answer");
	while (sqlite3_step(rows) == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(rows, 0);
		if (!text || strcmp(text, fine) != 0)
			stop(text ? text : "names nothing");
	}
	if (sqlite3_finalize(rows) != SQLITE_OK)
		stop("breaks off");
}

static bool body_opens(
    struct records *records, int64_t id, const struct record_key *key)
{
	struct buf body = {0};
	bool opens = false;
	sqlite3_stmt *row;

	row = database_query(records->database, SQL_BODY_GET, "i", id);
	if (database_step(row) == 1) {
		opens =
		    seal_open(key, "body", database_column(row, 0), &body) == 0;
		database_done(row);
	}
	buf_free(&body);
	return opens;
}

static void tell(struct records *records, int64_t id)
{
	struct object_row object;
	struct record_key key;
	struct record_row row;
	char name[128];
	unsigned files = 0;
	size_t i;

	if (records_load(records, id, &row) != 0)
		stop("has a row that does not load");
	for (i = 0; i < sizeof row.entry.bytes; i++)
		printf("%02x", row.entry.bytes[i]);
	if (record_keys_get(records->keys, row.slot, &key) != 0 ||
	    !body_opens(records, id, &key)) {
		printf(" closed\n");
		return;
	}
	for (i = 0; i < row.attachments; i++) {
		if (records_object(records, &row, i, &object) != 0)
			continue;
		snprintf(name, sizeof name, "objects/%s", object.file.text);
		files += access(name, R_OK) == 0;
	}
	printf(" open %u\n", files);
}

static int count_file(
    const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)path;
	(void)st;
	(void)place;
	object_count += type == FTW_F;
	return 0;
}

int main(int argc, char **argv)
{
	struct records records = {.objects = -1};
	struct keyring_keys *keys;
	sqlite3_stmt *rows;
	int home;

	if (sodium_init() < 0)
		stop("cannot be looked at");
	home = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	if (home < 0 || fchdir(home) < 0)
		stop("is in no such home");
	keys = unlock(home);
	open_records(keys, home, &records);
	ask(records.database->db, "PRAGMA integrity_check", "ok");
	ask(records.database->db, "PRAGMA foreign_key_check", "");
	if (sqlite3_prepare_v2(records.database->db, "SELECT id FROM record",
		-1, &rows, NULL) != SQLITE_OK)
		stop("does not list its records");
	while (sqlite3_step(rows) == SQLITE_ROW)
		tell(&records, sqlite3_column_int64(rows, 0));
	sqlite3_finalize(rows);
	database_close(records.database);
	record_keys_close(records.keys);
	vfs_unregister();
	keyring_keys_free(keys);
	nftw("objects", count_file, 8, FTW_PHYS);
	printf("objects %zu\ndatabase ok\n", object_count);
	return 0;
}
