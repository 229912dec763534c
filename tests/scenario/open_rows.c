/*
 * Records by their rows: the daemon's own code reads them, with the home's
 * storage key, and age's identities of all homes open what it can.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/store/seal.h"
#include "daemon/store/vfs.h"
#include "tests/scenario/open_rows.h"

/* --- reading ------------------------------------------------------------ */

static void add_opened(
    struct pool *pool, size_t home, const char *name, const struct buf *bytes)
{
	pool_add(pool, PIECE_OPENED, home, name, buf_span(bytes));
}

static void read_slot(
    const struct pool *pool, struct found *found, int64_t slot)
{
	const size_t at = (size_t)slot * sizeof found->slot;
	const struct piece *piece;
	size_t i;

	for (i = 0; i < pool->count; i++) {
		piece = pool->pieces[i];
		if (piece->home == found->home && piece->kind == PIECE_FILE &&
		    strncmp(piece->name, "./keys.", 7) == 0 &&
		    strcmp(piece->name, "./keys.wrap") != 0 &&
		    at + sizeof found->slot <= piece->len)
			memcpy(
			    found->slot, piece->bytes + at, sizeof found->slot);
	}
}

static void read_object(
    struct pool *pool, struct found *found, const struct object_row *row)
{
	struct found_object *object = &found->objects[found->object_count];
	struct veil *veil;
	char name[64];
	uint8_t *room;
	size_t i;

	snprintf(name, sizeof name, "./objects/%s", row->file.text);
	for (i = 0; i < pool->count; i++)
		if (pool->pieces[i]->home == found->home &&
		    strcmp(pool->pieces[i]->name, name) == 0)
			break;
	if (i == pool->count || found->object_count == OBJECTS_MAX)
		return;
	found->object_count++;
	memcpy(object->veil, row->veil_key, sizeof object->veil);
	pool_add(pool, PIECE_OPENED, found->home, "veil",
	    span_of(object->veil, sizeof object->veil));
	if (buf_append(&object->veiled, pool->pieces[i]->bytes,
		pool->pieces[i]->len) != 0 ||
	    buf_reserve(&object->payload, object->veiled.len, &room) != 0 ||
	    veil_new(object->veil, 0, &veil) != 0 ||
	    veil_apply(veil, object->veiled.data, object->veiled.len, room))
		stop("a veil is not lifted");
	object->payload.len = object->veiled.len;
	veil_free(veil);
	add_opened(pool, found->home, "object", &object->payload);
}

static void read_envelopes(
    struct pool *pool, struct records *records, struct found *found, int64_t id)
{
	sqlite3_stmt *row;
	struct buf *out;

	row = database_query(records->database, SQL_ENVELOPE_ALL, "i", id);
	while (
	    database_step(row) == 1 && found->envelope_count < ENVELOPES_MAX) {
		out = &found->envelopes[found->envelope_count];
		if (seal_open(&found->key, "envelope", database_column(row, 1),
			out) != 0)
			continue;
		found->envelope_count++;
		add_opened(pool, found->home, "envelope", out);
	}
	database_done(row);
}

static void read_body(
    struct pool *pool, struct records *records, struct found *found, int64_t id)
{
	struct span body;
	sqlite3_stmt *row;
	size_t head;

	row = database_query(records->database, SQL_BODY_GET, "i", id);
	if (database_step(row) == 1 &&
	    (buf_append_span(&found->row, database_column(row, 0)) != 0 ||
		seal_open(&found->key, "body", buf_span(&found->row),
		    &found->body) != 0))
		stop("a body does not open");
	database_done(row);
	if (found->body.len == 0)
		return;
	add_opened(pool, found->home, "body", &found->body);
	body = buf_span(&found->body);
	head = 4 + ((size_t)body.data[2] << 8 | body.data[3]) + 64;
	if (body.data[0] || body.data[1] || head > body.len ||
	    buf_append(&found->payload, body.data + head, body.len - head) != 0)
		stop("a body is not one");
}

static void read_record(
    struct pool *pool, struct records *records, struct found *found, int64_t id)
{
	struct object_row object;
	struct record_row row;
	uint64_t i;

	if (records_load(records, id, &row) != 0)
		stop("a row does not load");
	found->id = row.entry;
	/* Of what was erased there is no key: the rows are asked all the same.
	 */
	if (record_keys_get(records->keys, row.slot, &found->key) != 0)
		return;
	read_slot(pool, found, row.slot);
	read_body(pool, records, found, id);
	read_envelopes(pool, records, found, id);
	for (i = 0; i < row.attachments; i++)
		if (records_object(records, &row, i, &object) == 0)
			read_object(pool, found, &object);
}

static void read_all(
    struct pool *pool, struct records *records, size_t home, struct founds *all)
{
	sqlite3_stmt *rows;

	if (sqlite3_prepare_v2(records->database->db, "SELECT id FROM record",
		-1, &rows, NULL) != SQLITE_OK)
		stop("the records are not listed");
	while (sqlite3_step(rows) == SQLITE_ROW) {
		if (all->count == all->room) {
			all->room = all->room ? all->room * 2 : 64;
			all->items =
			    realloc(all->items, all->room * sizeof *all->items);
		}
		if (!all->items)
			stop("no memory");
		memset(&all->items[all->count], 0, sizeof *all->items);
		all->items[all->count].home = home;
		read_record(pool, records, &all->items[all->count++],
		    sqlite3_column_int64(rows, 0));
	}
	sqlite3_finalize(rows);
}

static void read_home(struct pool *pool, size_t at, struct founds *founds)
{
	const struct home *home = &pool->homes[at];
	struct records records = {.objects = -1};
	struct record_key storage;
	struct vfs_keys keys;
	int fd = open(home->path, O_RDONLY | O_DIRECTORY);

	memcpy(keys.key, home->keys->storage_key, sizeof keys.key);
	memcpy(keys.file_id, home->keys->file_id, sizeof keys.file_id);
	memcpy(storage.bytes, keys.key, sizeof storage.bytes);
	if (fd < 0 || chdir(home->path) < 0 || vfs_register(&keys) != 0 ||
	    record_keys_open(fd, &storage, false, &records.keys) != 0 ||
	    database_open("evident.db", false, &records.database) != 0)
		stop("a store does not open");
	read_all(pool, &records, at, founds);
	database_close(records.database);
	record_keys_close(records.keys);
	vfs_unregister();
	close(fd);
}

void rows_read(struct pool *pool, struct founds *founds)
{
	size_t i;

	for (i = 0; i < pool->home_count; i++)
		read_home(pool, i, founds);
}

/* --- opening ------------------------------------------------------------ */

static void add_file_key(struct pool *pool, size_t home, struct span file,
    const struct age_header *header, const struct age_stanza *stanza,
    const struct age_identity *identity)
{
	uint8_t key[AGE_FILE_KEY_BYTES];

	if (age_stanza_unwrap(identity, stanza, key) == 0 &&
	    age_header_verify(file, header, key) == 0)
		pool_add(pool, PIECE_OPENED, home, "filekey",
		    span_of(key, sizeof key));
}

static void open_header(struct pool *pool, size_t home, struct span file)
{
	struct age_header header;
	struct keyring_keys *keys;
	size_t i, k, reader;

	if (age_header_parse(file, &header) != 0)
		return;
	for (i = 0; i < header.stanza_count; i++)
		for (k = 0; k < pool->home_count; k++) {
			keys = pool->homes[k].keys;
			add_file_key(pool, home, file, &header,
			    &header.stanzas[i], &keys->bundle);
			for (reader = 0; reader < keys->reader_count; reader++)
				add_file_key(pool, home, file, &header,
				    &header.stanzas[i], &keys->readers[reader]);
		}
}

/* Wherever a header begins. */
static void open_headers(struct pool *pool)
{
	static const char begin[] = "age-encryption.org/v1\n";
	const struct piece *piece;
	size_t i, count = pool->count;
	const uint8_t *at, *end;

	for (i = 0; i < count; i++) {
		piece = pool->pieces[i];
		at = piece->bytes;
		end = piece->bytes + piece->len;
		while ((at = memmem(at, (size_t)(end - at), begin,
			    sizeof begin - 1)) != NULL) {
			open_header(
			    pool, piece->home, span_of(at, (size_t)(end - at)));
			at++;
		}
	}
}

static void try_payload(
    struct pool *pool, size_t home, struct span payload, struct buf *out)
{
	size_t i, count = pool->count;

	for (i = 0; out->len == 0 && payload.len > 0 && i < count; i++)
		if (strcmp(pool->pieces[i]->name, "filekey") == 0 &&
		    age_payload_open(pool->pieces[i]->bytes, payload, out) == 0)
			add_opened(pool, home, "text", out);
}

void rows_open(struct pool *pool, struct founds *founds)
{
	struct found *found;
	size_t i, k;

	open_headers(pool);
	for (i = 0; i < founds->count; i++) {
		found = &founds->items[i];
		try_payload(pool, found->home, buf_span(&found->payload),
		    &found->content);
		for (k = 0; k < found->object_count; k++)
			try_payload(pool, found->home,
			    buf_span(&found->objects[k].payload),
			    &found->objects[k].text);
	}
}
