/*
 * Records: a signed entry, what it seals, for whom, and its objects.
 *
 * What opens a record (entry bytes, content, envelopes, veil keys) is sealed in
 * its rows under the record's own key (record_keys.h).
 */
#ifndef EVIDENT_STORE_RECORDS_H
#define EVIDENT_STORE_RECORDS_H

#include "daemon/base/veil.h"
#include "daemon/store/database.h"
#include "daemon/store/objects.h"
#include "daemon/store/record_keys.h"
#include "proto/format/entry.h"

/* The highest index that an entry beside another can have here. */
#define RECORDS_BESIDE_MAX ((UINT64_C(1) << 40) - 1)

/* What became of a record that is withdrawn or forgotten (withdraw.h). */
enum record_withdrawn {
	RECORD_IN_FORCE,
	RECORD_SET_ASIDE, /* closed to everybody until a person confirms */
	RECORD_ERASING,   /* its rows are gone, its key may not be */
	RECORD_ERASED,
	RECORD_FORGETTING, /* the same of an own one that was delivered, */
	RECORD_FORGOTTEN,  /* where the node is told to keep none */
};

struct record_row {
	int64_t id;
	struct entry_id entry;
	int64_t log;
	uint64_t place;
	bool beside; /* in another telling of the log than is known here */
	int64_t slot;
	int64_t stored; /* Unix seconds */
	int64_t source; /* partner it came from, 0: made here */
	bool whole;     /* all its objects are here */
	uint64_t attachments;
	uint64_t bytes; /* of content and attachments, sealed */
	enum record_withdrawn withdrawn;
	bool withdraws; /* its entry withdraws others */
};

/* The signed part with the content's payload, which is empty when the record
 * was erased; all spans into ${bytes}. */
struct record_body {
	struct buf bytes; /* owned */
	struct span entry;
	struct span signature; /* 64 bytes */
	struct span payload;
};

struct object_row {
	int64_t id;
	int64_t record;
	uint64_t number; /* which attachment line, from 0 */
	struct digest digest;
	uint64_t size;
	uint64_t held; /* bytes durable so far */
	bool whole;
	struct objects_name file;
	uint8_t veil_key[VEIL_KEY_BYTES];
};

struct records {
	struct database *database;
	struct record_keys *keys;
	int objects; /* directory */
};

/* What records_add() stores. */
struct record_new {
	int64_t log;
	uint64_t place;
	bool beside; /* it has a proof, and the log's tree has not this entry */
	struct entry_id id;
	const struct entry *entry;
	struct span entry_bytes;
	struct span signature;
	struct span payload;
	int64_t source;
	bool hidden;       /* not listed: receipts and custody */
	struct span label; /* for the list of this node alone, or empty */
};

/* All inside the caller's transaction. The key is made in the keys file, which
 * the caller must record_keys_sync() before it commits. */
int records_add(struct records *records, const struct record_new *record,
    struct record_key *ret_key, int64_t *ret_id);
int records_add_envelope(struct records *records, int64_t record,
    const struct record_key *key, const struct author_id *audience,
    struct span envelope);
/* ${held} and ${whole} say how much of the file is there. */
int records_add_object(struct records *records, int64_t record,
    const struct record_key *key, uint64_t number,
    const struct entry_object *object, const struct objects_name *file,
    const uint8_t veil_key[VEIL_KEY_BYTES], bool whole);

int records_take_row(sqlite3_stmt *row, struct record_row *ret_row);
/* DATABASE_E_NONE when there is none. */
int records_find(struct records *records, const struct entry_id *id,
    struct record_row *ret_row);
int records_load(
    struct records *records, int64_t id, struct record_row *ret_row);
int records_at(struct records *records, int64_t log, uint64_t place,
    struct record_row *ret_row);
/* From now on it stands beside the one at its place in the log. */
int records_put_beside(struct records *records, const struct record_row *row);
/* By 8 to 64 hex digits; -ENOTUNIQ when more than one begins so. */
int records_by_prefix(
    struct records *records, struct span digits, struct record_row *ret_row);
int records_body(struct records *records, const struct record_row *row,
    struct record_body *ret_body);
void record_body_free(struct record_body *body);
/* What of a record outlives its erasure, as the row `kept` holds it: entry,
 * signature, and the proof that came with it. */
int records_pack_kept(
    struct records *records, const struct record_row *row, struct buf *out);
/* Whether it is left out of lists: what says what was done with others. */
int records_is_hidden(
    struct records *records, const struct record_row *row, bool *ret_hidden);
/* From now on the partner, with its author id, is sent a record: inside the
 * caller's transaction. What was withdrawn meanwhile goes to nobody more. */
int records_share(struct records *records, int64_t record, int64_t partner,
    const struct author_id *author, struct span envelope);
/* The envelope for ${audience}, appended, with its SHA-256. */
int records_envelope(struct records *records, const struct record_row *row,
    const struct author_id *audience, struct buf *out, struct digest *ret_hash);
/* For whom is not asked (a record that came from a mirror): that which is worth
 * trying first, of a node whose author is ${self}. */
int records_any_envelope(struct records *records, const struct record_row *row,
    const struct author_id *self, struct buf *out);
/* A proof that came with the record; in the caller's transaction. */
int records_add_proof(struct records *records, int64_t record,
    const struct record_key *key, struct span proof);
/* DATABASE_E_NONE when none came. */
int records_proof(
    struct records *records, const struct record_row *row, struct buf *out);
/* The label it was given here, appended; nothing when it has none. */
int records_label(
    struct records *records, const struct record_row *row, struct buf *out);
int records_object(struct records *records, const struct record_row *row,
    uint64_t number, struct object_row *ret_object);
/* The next object with this payload after the one of number ${after} (0 at
 * first), or DATABASE_E_NONE: nothing keeps two entries from naming one. */
int records_object_by_digest(struct records *records,
    const struct digest *digest, int64_t after, struct object_row *ret_object);

#endif
