/*
 * log: what this node knows of the life of one record: who signed and cosigned
 * it, who has it, what was done with it and by whom, and who has confirmed that
 * it is gone. It opens nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control.h"
#include "daemon/store/custody.h"
#include "daemon/store/proofs.h"
#include "proto/format/content_json.h"
#include "proto/format/proof.h"
#include "proto/format/sshsig.h"

#define DETAIL_BYTES_MAX (1024 * 1024) /* a reply holds no more */

struct account {
	struct store *store;
	const struct record_row *row;
	const struct log_row *log;
	json_t *events, *holders;
	size_t detail_bytes; /* of events, so far */
};

/* In all that follows a value is filled before it is put into another: one that
 * could not be put is gone. */

/* What this node calls an author: itself, a partner, or nothing. */
static int put_who(
    struct store *store, const struct author_id *author, json_t *json)
{
	struct partner partner;
	char text[65];
	int r;

	hex_encode(author->bytes, sizeof author->bytes, text);
	json_object_set_new(json, "author", json_string(text));
	if (memcmp(author->bytes, store->author.bytes, 32) == 0) {
		json_object_set_new(json, "name", json_string(store->name));
		json_object_set_new(json, "own", json_true());
		return 0;
	}
	r = partners_by_author(store->database, author, &partner);
	if (r == 0)
		json_object_set_new(
		    json, "name", json_string(partner.card.name));
	return r == DATABASE_E_NONE ? 0 : r;
}

/* --- events ------------------------------------------------------------- */

static int on_event(void *context, const struct custody_event *event)
{
	struct account *account = context;
	json_t *json = json_object(), *detail = NULL;
	char id[65];
	int r;

	hex_encode(event->event.bytes, sizeof event->event.bytes, id);
	json_object_set_new(json, "entry", json_string(id));
	json_object_set_new(json, "kind",
	    json_stringn((const char *)event->kind.data, event->kind.len));
	json_object_set_new(json, "time",
	    json_stringn((const char *)event->time.data, event->time.len));
	account->detail_bytes += event->detail.len;
	if (account->detail_bytes <= DETAIL_BYTES_MAX &&
	    content_json_read(event->detail, JSON_REJECT_DUPLICATES, &detail) ==
		-ENOMEM) {
		json_decref(json);
		return -ENOMEM;
	}
	if (detail)
		json_object_set_new(json, "detail", detail);
	r = put_who(account->store, &event->actor, json);
	json_array_append_new(account->events, json);
	return r;
}

/* --- holders ------------------------------------------------------------ */

static int put_holder(
    struct account *account, const struct author_id *holder, bool delivered)
{
	json_t *json = json_object();
	int r;

	r = put_who(account->store, holder, json);
	if (r == 0)
		r = custody_is(account->store->database, &account->row->entry,
		    holder, "erased");
	json_object_set_new(json, "delivered", json_boolean(delivered));
	json_object_set_new(json, "erased", json_boolean(r == 1));
	json_array_append_new(account->holders, json);
	return r < 0 ? r : 0;
}

/* Of an own record its audience; and with whom this node shared it. */
static int is_delivered(struct account *account, const struct author_id *holder,
    bool *ret_delivered)
{
	struct database *database = account->store->database;
	struct partner partner;
	int64_t delivered = 0;
	sqlite3_stmt *found;
	int r;

	if (account->row->withdrawn >= RECORD_FORGETTING) {
		*ret_delivered = true;
		return 0;
	}
	found = database_query(database, SQL_ENVELOPE_GET, "ib",
	    account->row->id, span_of(holder->bytes, 32));
	r = database_step(found);
	if (r == 1 && account->log->own)
		delivered = database_column_int(found, 2);
	database_done(found);
	if (r < 0)
		return r;
	r = partners_by_author(database, holder, &partner);
	if (r == 0 && !delivered)
		r = database_number(database, SQL_SHARED_FIND, &delivered, "ii",
		    account->row->id, partner.id);
	*ret_delivered = delivered;
	return r == DATABASE_E_NONE ? 0 : r;
}

static int put_holders(struct account *account)
{
	struct author_id holders[CTL_NAMES_MAX];
	size_t i, count = 0;
	sqlite3_stmt *found;
	struct span author;
	bool delivered;
	int r;

	found = database_query(
	    account->store->database, SQL_HOLDER_OF, "i", account->row->id);
	while (count < CTL_NAMES_MAX && (r = database_step(found)) == 1) {
		author = database_column(found, 0);
		if (author.len == sizeof holders[0].bytes)
			memcpy(holders[count++].bytes, author.data, author.len);
	}
	database_done(found);
	for (i = 0, r = r < 0 ? r : 0; r == 0 && i < count; i++) {
		r = is_delivered(account, &holders[i], &delivered);
		if (r == 0)
			r = put_holder(account, &holders[i], delivered);
	}
	return r;
}

static bool is_listed(
    const struct account *account, const struct author_id *author)
{
	const json_t *holder;
	const char *known; /* NULL where there was no memory for it */
	char text[65];
	size_t i;

	hex_encode(author->bytes, sizeof author->bytes, text);
	for (i = 0; i < json_array_size(account->holders); i++) {
		holder = json_array_get(account->holders, i);
		known = json_string_value(json_object_get(holder, "author"));
		if (known && strcmp(known, text) == 0)
			return true;
	}
	return false;
}

/* What was not written here goes to every mirror, and is there once the mirror
 * has said so. */
static int put_mirrors(struct account *account)
{
	struct partner *partners = NULL;
	size_t i, count = 0;
	int r;

	if (account->log->own)
		return 0;
	r = partners_all(account->store->database, &partners, &count);
	for (i = 0; r == 0 && i < count; i++) {
		if (!partners[i].mirror || !partners[i].compared ||
		    memcmp(partners[i].author.bytes, account->log->author.bytes,
			32) == 0 ||
		    partners[i].id == account->row->source ||
		    is_listed(account, &partners[i].author))
			continue;
		r = custody_is(account->store->database, &account->row->entry,
		    &partners[i].author, "received");
		if (r >= 0)
			r = put_holder(account, &partners[i].author, r == 1);
	}
	free(partners);
	return r;
}

/* --- cosigners ---------------------------------------------------------- */

static int put_cosigner(struct account *account, const struct note *note,
    const struct sign_key *key, json_t *list)
{
	struct author_id author;
	uint64_t time;
	json_t *json;
	int r;

	r = cosignature_verify(note, key, &time);
	if (r != 0)
		return r < 0 ? r : 0;
	sign_key_author(key, &author);
	json = json_pack("{s:I}", "at", (json_int_t)time);
	r = put_who(account->store, &author, json);
	json_array_append_new(list, json);
	return r;
}

static int put_partners(
    struct account *account, const struct note *note, json_t *list)
{
	struct partner *partners = NULL;
	size_t i, count = 0;
	int r;

	r = partners_all(account->store->database, &partners, &count);
	if (r == 0)
		r = put_cosigner(
		    account, note, &account->store->author_key, list);
	for (i = 0; r == 0 && i < count; i++)
		if (partners[i].compared)
			r = put_cosigner(
			    account, note, &partners[i].card.author, list);
	free(partners);
	return r;
}

static int put_cosigners(struct account *account, json_t *list)
{
	struct buf bytes = {0};
	struct proof proof;
	struct note note;
	int r;

	r = proofs_build(account->store, account->row, account->log, &bytes);
	if (r == DATABASE_E_NONE) /* and so nobody cosigned it yet */
		return 0;
	if (r == 0)
		r = proof_parse(buf_span(&bytes), &proof);
	if (r == 0)
		r = note_parse(proof.checkpoint, &note);
	if (r == 0) {
		r = put_partners(account, &note, list);
		note_free(&note);
	}
	buf_free(&bytes);
	return r > 0 ? -EIO : r;
}

/* --- all of it ---------------------------------------------------------- */

static const char *state_of(const struct record_row *row)
{
	if (row->withdrawn == RECORD_SET_ASIDE)
		return "set aside";
	if (row->withdrawn >= RECORD_FORGETTING)
		return "forgotten";
	if (row->withdrawn != RECORD_IN_FORCE)
		return "withdrawn";
	return row->whole ? "whole" : "incomplete";
}

static int put_place(struct account *account, json_t *json)
{
	const struct record_row *row = account->row;
	struct partner source;
	char id[65], log[65];
	int r = 0;

	hex_encode(row->entry.bytes, sizeof row->entry.bytes, id);
	hex_encode(account->log->log.bytes, 32, log);
	json_object_set_new(json, "id", json_string(id));
	json_object_set_new(json, "log", json_string(log));
	json_object_set_new(
	    json, "index", json_integer((json_int_t)row->place));
	json_object_set_new(json, "state", json_string(state_of(row)));
	json_object_set_new(
	    json, "stored_at", json_integer((json_int_t)row->stored));
	if (row->source > 0)
		r = partners_by_id(
		    account->store->database, row->source, &source);
	if (r == 0 && row->source > 0)
		json_object_set_new(
		    json, "received_from", json_string(source.card.name));
	return r;
}

static int describe(struct account *account, json_t *json)
{
	json_t *cosigners = json_array(), *signer = json_object();
	int64_t events = 0;
	int r;

	r = put_place(account, json);
	if (r == 0)
		r = put_who(account->store, &account->log->author, signer);
	if (r == 0)
		r = put_cosigners(account, cosigners);
	if (r == 0)
		r = custody_each(account->store->database, &account->row->entry,
		    on_event, account);
	if (r == 0)
		r = custody_count(
		    account->store->database, &account->row->entry, &events);
	if (events > CUSTODY_EVENTS_MAX)
		json_object_set_new(json, "events_left_out",
		    json_integer(events - CUSTODY_EVENTS_MAX));
	if (r == 0)
		r = put_holders(account);
	if (r == 0)
		r = put_mirrors(account);
	json_object_set_new(json, "signed_by", signer);
	json_object_set_new(json, "cosigned_by", cosigners);
	json_object_set_new(json, "events", account->events);
	json_object_set_new(json, "holders", account->holders);
	return r;
}

void control_log(struct request *request)
{
	struct store *store = request->store;
	struct log_row log = {.id = 0};
	struct record_row row;
	struct account account = {.store = store, .row = &row, .log = &log};
	json_t *json;
	int r;

	r = records_by_prefix(&store->records, request->ctl.text, &row);
	if (r == 0)
		r = log_tree_load(store->database, row.log, &log);
	if (r != 0) {
		control_fail_result(request, r);
		return;
	}
	json = json_object();
	account.events = json_array();
	account.holders = json_array();
	r = describe(&account, json);
	log_row_free(&log);
	if (r == 0) {
		control_done(request, json);
		return;
	}
	json_decref(json);
	control_fail_result(request, r > 0 ? -EIO : r);
}
