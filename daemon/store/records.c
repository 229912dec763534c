/*
 * Rows of records. Nothing here starts or ends a transaction.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/store/records.h"
#include "proto/format/hash.h"

#define BODY_HEAD 4 /* length of the entry, big-endian */
#define SIGNATURE 64

static int pack_body(const struct record_new *record, struct buf *out)
{
	size_t len = record->entry_bytes.len;
	uint8_t head[BODY_HEAD] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
	    (uint8_t)(len >> 8), (uint8_t)len};
	int r;

	if (record->signature.len != SIGNATURE)
		return -EINVAL;
	r = buf_append(out, head, sizeof head);
	if (r == 0)
		r = buf_append_span(out, record->entry_bytes);
	if (r == 0)
		r = buf_append_span(out, record->signature);
	return r == 0 ? buf_append_span(out, record->payload) : r;
}

/* One text of a record, sealed under its key, as a row of its own. */
static int add_sealed(struct records *records, enum sql statement, int64_t id,
    const struct record_key *key, const char *purpose, struct span text)
{
	struct buf sealed = {0};
	int r;

	r = seal_put(key, purpose, text, &sealed);
	if (r == 0)
		r = database_run(
		    records->database, statement, "ib", id, buf_span(&sealed));
	buf_free(&sealed);
	return r;
}

static int add_body(struct records *records, int64_t id,
    const struct record_key *key, const struct record_new *record)
{
	struct buf clear = {0};
	int r;

	r = pack_body(record, &clear);
	if (r == 0)
		r = add_sealed(
		    records, SQL_BODY_ADD, id, key, "body", buf_span(&clear));
	buf_free(&clear);
	return r;
}

int records_add_proof(struct records *records, int64_t record,
    const struct record_key *key, struct span proof)
{
	return add_sealed(records, SQL_PROVEN_ADD, record, key, "proof", proof);
}

static uint64_t total_bytes(const struct entry *entry)
{
	uint64_t total = entry->content.size;
	size_t i;

	for (i = 0; i < entry->attachment_count; i++)
		total += entry->attachments[i].size;
	return total;
}

/* A record beside the telling of its log that is known here has a row's place
 * below 0: some of its id, and its index. An author may have made two that have
 * this much in common, so the next that is free is taken. */
#define BESIDE_BITS 40
#define BESIDE_TRIES 1024
static int place_beside(struct records *records, int64_t log,
    const struct entry_id *id, uint64_t index, int64_t *ret_place)
{
	int64_t some, found;
	int i, r = 0;

	if (index > RECORDS_BESIDE_MAX)
		return -EOVERFLOW;
	some = (id->bytes[0] & 0x7f) << 16 | id->bytes[1] << 8 | id->bytes[2];
	for (i = 0; r == 0 && i < BESIDE_TRIES; i++) {
		*ret_place = -1 - (some << BESIDE_BITS | (int64_t)index);
		r = database_number(records->database, SQL_RECORD_AT, &found,
		    "ii", log, *ret_place);
		some = (some + 1) & 0x7fffff;
	}
	return r == DATABASE_E_NONE ? 0 : r < 0 ? r : -EEXIST;
}

static int row_place(struct records *records, const struct record_new *record,
    int64_t *ret_place)
{
	*ret_place = (int64_t)record->place;
	return record->beside ? place_beside(records, record->log, &record->id,
				    record->place, ret_place)
			      : 0;
}

int records_put_beside(struct records *records, const struct record_row *row)
{
	int64_t place;
	int r;

	r = place_beside(records, row->log, &row->entry, row->place, &place);
	return r == 0 ? database_run(records->database, SQL_RECORD_PLACE, "ii",
			    place, row->id)
		      : r;
}

static void take_place(int64_t place, struct record_row *ret_row)
{
	ret_row->beside = place < 0;
	if (place < 0)
		place = (-1 - place) & (int64_t)RECORDS_BESIDE_MAX;
	ret_row->place = (uint64_t)place;
}

int records_add(struct records *records, const struct record_new *record,
    struct record_key *ret_key, int64_t *ret_id)
{
	struct span id = span_of(record->id.bytes, sizeof record->id.bytes);
	int64_t slot, place, whole = record->entry->attachment_count == 0;
	int r;

	r = row_place(records, record, &place);
	if (r == 0)
		r = record_keys_add(records->keys, ret_key, &slot);
	if (r != 0)
		return r;
	if (record->source > 0)
		r = database_run(records->database, SQL_RECORD_ADD, "biiiiiiii",
		    id, record->log, place, slot, (int64_t)time(NULL),
		    record->source, whole,
		    (int64_t)record->entry->attachment_count,
		    (int64_t)total_bytes(record->entry));
	else
		r = database_run(records->database, SQL_RECORD_ADD, "biiiiniii",
		    id, record->log, place, slot, (int64_t)time(NULL),
		    (int64_t)1, (int64_t)record->entry->attachment_count,
		    (int64_t)total_bytes(record->entry));
	if (r < 0)
		return r;
	*ret_id = database_last_id(records->database);
	if (record->hidden)
		r = database_run(
		    records->database, SQL_RECORD_HIDE, "i", *ret_id);
	if (r == 0 && record->label.len > 0)
		r = add_sealed(records, SQL_LABEL_ADD, *ret_id, ret_key,
		    "label", record->label);
	return r == 0 ? add_body(records, *ret_id, ret_key, record) : r;
}

int records_add_envelope(struct records *records, int64_t record,
    const struct record_key *key, const struct author_id *audience,
    struct span envelope)
{
	struct buf sealed = {0};
	struct digest hash;
	int r;

	r = hash_sha256(envelope, &hash);
	if (r == 0)
		r = seal_put(key, "envelope", envelope, &sealed);
	if (r == 0)
		r = database_run(records->database, SQL_ENVELOPE_ADD, "ibbb",
		    record, span_of(audience->bytes, 32), buf_span(&sealed),
		    span_of(hash.bytes, 32));
	buf_free(&sealed);
	return r;
}

int records_add_object(struct records *records, int64_t record,
    const struct record_key *key, uint64_t number,
    const struct entry_object *object, const struct objects_name *file,
    const uint8_t veil_key[VEIL_KEY_BYTES], bool whole)
{
	struct buf sealed = {0};
	int r;

	r = seal_put(key, "veil", span_of(veil_key, VEIL_KEY_BYTES), &sealed);
	if (r == 0)
		r = database_run(records->database, SQL_OBJECT_ADD, "iibiiitb",
		    record, (int64_t)number, span_of(object->payload.bytes, 32),
		    (int64_t)object->size, (int64_t)(whole ? object->size : 0),
		    (int64_t)whole, span_text(file->text), buf_span(&sealed));
	buf_free(&sealed);
	return r;
}

int records_take_row(sqlite3_stmt *row, struct record_row *ret_row)
{
	struct span entry = database_column(row, 1);

	if (entry.len != 32)
		return -EIO;
	memcpy(ret_row->entry.bytes, entry.data, 32);
	ret_row->id = database_column_int(row, 0);
	ret_row->log = database_column_int(row, 2);
	take_place(database_column_int(row, 3), ret_row);
	ret_row->slot = database_column_int(row, 4);
	ret_row->stored = database_column_int(row, 5);
	ret_row->source = database_column_int(row, 6);
	ret_row->whole = database_column_int(row, 7);
	ret_row->attachments = (uint64_t)database_column_int(row, 8);
	ret_row->bytes = (uint64_t)database_column_int(row, 9);
	ret_row->withdrawn =
	    (enum record_withdrawn)database_column_int(row, 10);
	ret_row->withdraws = database_column_int(row, 11);
	return 0;
}

static int take_only(sqlite3_stmt *row, struct record_row *ret_row)
{
	int r = database_step(row);

	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = records_take_row(row, ret_row);
	database_done(row);
	return r;
}

int records_find(struct records *records, const struct entry_id *id,
    struct record_row *ret_row)
{
	return take_only(database_query(records->database, SQL_RECORD_FIND, "b",
			     span_of(id->bytes, 32)),
	    ret_row);
}

int records_load(
    struct records *records, int64_t id, struct record_row *ret_row)
{
	return take_only(
	    database_query(records->database, SQL_RECORD_BY_ID, "i", id),
	    ret_row);
}

int records_at(struct records *records, int64_t log, uint64_t place,
    struct record_row *ret_row)
{
	return take_only(database_query(records->database, SQL_RECORD_AT, "ii",
			     log, (int64_t)place),
	    ret_row);
}

int records_by_prefix(
    struct records *records, struct span digits, struct record_row *ret_row)
{
	char low[65], high[65];
	uint8_t from[32], to[32];
	sqlite3_stmt *row;
	int r;

	if (digits.len < 8 || digits.len > 64)
		return DATABASE_E_NONE;
	memset(low, '0', 64);
	memset(high, 'f', 64);
	memcpy(low, digits.data, digits.len);
	memcpy(high, digits.data, digits.len);
	if (hex_decode(span_of(low, 64), from, 32) != 0 ||
	    hex_decode(span_of(high, 64), to, 32) != 0)
		return DATABASE_E_NONE;
	row = database_query(records->database, SQL_RECORD_PREFIX, "bb",
	    span_of(from, 32), span_of(to, 32));
	r = database_step(row);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = records_take_row(row, ret_row);
	if (r == 0) {
		r = database_step(row);
		r = r == 1 ? -ENOTUNIQ : r;
	}
	database_done(row);
	return r;
}

/* Open one sealed column under the record's key. */
static int open_sealed(struct records *records, int64_t slot,
    const char *purpose, struct span sealed, struct buf *out)
{
	struct record_key key;
	int r;

	r = record_keys_get(records->keys, slot, &key);
	if (r == 0)
		r = seal_open(&key, purpose, sealed, out);
	seal_wipe(&key);
	return r > 0 ? -EIO : r;
}

/* Find the parts in what pack_body() made. */
static int cut_body(struct record_body *body)
{
	const uint8_t *data = body->bytes.data;
	size_t len;

	if (body->bytes.len < BODY_HEAD + SIGNATURE)
		return -EIO;
	len = (size_t)data[0] << 24 | (size_t)data[1] << 16 |
	      (size_t)data[2] << 8 | data[3];
	if (len > body->bytes.len - BODY_HEAD - SIGNATURE)
		return -EIO;
	body->entry = span_of(data + BODY_HEAD, len);
	body->signature = span_of(body->entry.data + len, SIGNATURE);
	body->payload = span_of(body->signature.data + SIGNATURE,
	    body->bytes.len - BODY_HEAD - len - SIGNATURE);
	return 0;
}

/* What is left of a record that was erased: as a body whose payload is the
 * proof that came with it, if one did. */
static int load_kept(struct records *records, const struct record_row *row,
    struct record_body *body)
{
	sqlite3_stmt *found;
	int r;

	found =
	    database_query(records->database, SQL_WITHDRAWN_KEPT, "i", row->id);
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = buf_append_span(&body->bytes, database_column(found, 0));
	database_done(found);
	return r == 0 ? cut_body(body) : r;
}

int records_pack_kept(
    struct records *records, const struct record_row *row, struct buf *out)
{
	struct record_body body = {.entry = {0}};
	struct record_new kept = {.log = 0};
	struct buf proof = {0};
	int r;

	r = records_body(records, row, &body);
	if (r == 0)
		r = records_proof(records, row, &proof);
	if (r == 0 || r == DATABASE_E_NONE) {
		kept.entry_bytes = body.entry;
		kept.signature = body.signature;
		kept.payload = buf_span(&proof);
		r = pack_body(&kept, out);
	}
	record_body_free(&body);
	buf_free(&proof);
	return r;
}

int records_body(struct records *records, const struct record_row *row,
    struct record_body *ret_body)
{
	struct record_body body = {.entry = {0}};
	sqlite3_stmt *found;
	int r;

	if (row->withdrawn >= RECORD_ERASING) {
		r = load_kept(records, row, &body);
		body.payload.len = 0;
	} else {
		found = database_query(
		    records->database, SQL_BODY_GET, "i", row->id);
		r = database_step(found);
		if (r <= 0)
			return r < 0 ? r : DATABASE_E_NONE;
		r = open_sealed(records, row->slot, "body",
		    database_column(found, 0), &body.bytes);
		database_done(found);
		if (r == 0)
			r = cut_body(&body);
	}
	if (r != 0) {
		record_body_free(&body);
		return r;
	}
	*ret_body = body;
	return 0;
}

int records_is_hidden(
    struct records *records, const struct record_row *row, bool *ret_hidden)
{
	int64_t hidden;
	int r;

	r = database_number(
	    records->database, SQL_RECORD_PRIVATE, &hidden, "i", row->id);
	*ret_hidden = r == 0 && hidden;
	return r;
}

void record_body_free(struct record_body *body)
{
	buf_free(&body->bytes);
}

int records_share(struct records *records, int64_t record, int64_t partner,
    const struct author_id *author, struct span envelope)
{
	struct record_key key;
	struct record_row row;
	int r;

	r = records_load(records, record, &row);
	if (r == 0 && row.withdrawn)
		return 0;
	if (r == 0)
		r = record_keys_get(records->keys, row.slot, &key);
	if (r == 0)
		r = records_add_envelope(
		    records, row.id, &key, author, envelope);
	if (r == 0)
		r = database_run(
		    records->database, SQL_SHARED_ADD, "ii", row.id, partner);
	seal_wipe(&key);
	return r;
}

int records_envelope(struct records *records, const struct record_row *row,
    const struct author_id *audience, struct buf *out, struct digest *ret_hash)
{
	sqlite3_stmt *found;
	struct span hash;
	int r;

	found = database_query(records->database, SQL_ENVELOPE_GET, "ib",
	    row->id, span_of(audience->bytes, 32));
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	hash = database_column(found, 1);
	if (hash.len == 32)
		memcpy(ret_hash->bytes, hash.data, 32);
	r = open_sealed(
	    records, row->slot, "envelope", database_column(found, 0), out);
	database_done(found);
	return r;
}

int records_any_envelope(struct records *records, const struct record_row *row,
    const struct author_id *self, struct buf *out)
{
	struct author_id audience = {{0}};
	sqlite3_stmt *found;
	struct digest hash;
	struct span bytes;
	int r;

	found = database_query(records->database, SQL_ENVELOPE_TO_TRY, "ibi",
	    row->id, span_of(self->bytes, 32), (int64_t)1);
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	bytes = database_column(found, 0);
	if (bytes.len == sizeof audience.bytes)
		memcpy(audience.bytes, bytes.data, bytes.len);
	database_done(found);
	return records_envelope(records, row, &audience, out, &hash);
}

static int get_sealed(struct records *records, enum sql statement,
    const struct record_row *row, const char *purpose, struct buf *out)
{
	sqlite3_stmt *found;
	int r;

	found = database_query(records->database, statement, "i", row->id);
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = open_sealed(
	    records, row->slot, purpose, database_column(found, 0), out);
	database_done(found);
	return r;
}

int records_label(
    struct records *records, const struct record_row *row, struct buf *out)
{
	int r = get_sealed(records, SQL_LABEL_GET, row, "label", out);

	return r == DATABASE_E_NONE ? 0 : r;
}

int records_proof(
    struct records *records, const struct record_row *row, struct buf *out)
{
	struct record_body kept = {.entry = {0}};
	int r;

	if (row->withdrawn < RECORD_ERASING)
		return get_sealed(records, SQL_PROVEN_GET, row, "proof", out);
	r = load_kept(records, row, &kept);
	if (r == 0)
		r = kept.payload.len > 0 ? buf_append_span(out, kept.payload)
					 : DATABASE_E_NONE;
	record_body_free(&kept);
	return r;
}

static int take_object(
    struct records *records, sqlite3_stmt *found, struct object_row *ret_object)
{
	struct span digest = database_column(found, 3);
	struct span file = database_column(found, 7);
	struct object_row object;
	struct record_row row;
	struct buf key = {0};
	int r;

	memset(&object, 0, sizeof object);
	if (digest.len != 32 || file.len >= sizeof object.file.text)
		return -EIO;
	object.id = database_column_int(found, 0);
	object.record = database_column_int(found, 1);
	object.number = (uint64_t)database_column_int(found, 2);
	memcpy(object.digest.bytes, digest.data, 32);
	object.size = (uint64_t)database_column_int(found, 4);
	object.held = (uint64_t)database_column_int(found, 5);
	object.whole = database_column_int(found, 6);
	memcpy(object.file.text, file.data, file.len);
	r = records_load(records, object.record, &row);
	if (r == 0)
		r = open_sealed(
		    records, row.slot, "veil", database_column(found, 8), &key);
	if (r == 0 && key.len != VEIL_KEY_BYTES)
		r = -EIO;
	if (r == 0) {
		memcpy(object.veil_key, key.data, VEIL_KEY_BYTES);
		*ret_object = object;
	}
	buf_free(&key);
	return r;
}

int records_object(struct records *records, const struct record_row *row,
    uint64_t number, struct object_row *ret_object)
{
	sqlite3_stmt *found;
	int r;

	found = database_query(
	    records->database, SQL_OBJECT_OF, "ii", row->id, (int64_t)number);
	r = database_step(found);
	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = take_object(records, found, ret_object);
	database_done(found);
	return r;
}

int records_object_by_digest(struct records *records,
    const struct digest *digest, int64_t after, struct object_row *ret_object)
{
	sqlite3_stmt *found;
	int r;

	found = database_query(records->database, SQL_OBJECT_BY_DIGEST, "bi",
	    span_of(digest->bytes, 32), after);
	r = database_step(found);
	if (r == 1)
		r = take_object(records, found, ret_object);
	else if (r == 0)
		r = DATABASE_E_NONE;
	database_done(found);
	return r;
}
