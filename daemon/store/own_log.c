/*
 * Opening another log. The order: the log before gets its last checkpoint, by
 * which all its entries can be proven; the keeper draws the other; one
 * transaction makes it the one that is written; the keeper hears of that, and
 * signs nothing in the one before from then on. Cut off anywhere, the next
 * meeting tells the same again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/store/own_log.h"

/* Settings. */
#define CURRENT "log"
#define PREVIOUS "previous"
#define PUT_BACK "put-back"
#define COSIGNED "cosigned"
#define COSIGNED_NAME (sizeof COSIGNED + 65)

int own_log_load(struct store *store, const struct log_id *first)
{
	struct log_id id = *first;
	struct buf value = {0};
	int r;

	r = database_get(store->database, CURRENT, &value);
	if (r == 0 && value.len != sizeof id.bytes)
		r = -EIO;
	if (r == 0)
		memcpy(id.bytes, value.data, sizeof id.bytes);
	buf_free(&value);
	store->further = r == 0;
	if (r == 0 || r == DATABASE_E_NONE)
		r = log_tree_find(
		    store->database, &store->author, &id, &store->log);
	return r == DATABASE_E_NONE ? -EIO : r;
}

bool own_log_is_current(const struct store *store, const struct log_row *log)
{
	return log->id == store->log.id;
}

bool own_log_is_new(const struct store *store, const struct log_row *log)
{
	return own_log_is_current(store, log) && store->further &&
	       log->size == 0;
}

int own_log_note(
    struct store *store, const struct log_row *log, struct buf *out_note)
{
	if (own_log_is_current(store, log))
		return node_checkpoint(store, out_note);
	return buf_append_span(out_note, buf_span(&log->checkpoint));
}

static void name_cosigned_of(
    const struct log_row *log, char ret_name[COSIGNED_NAME])
{
	memcpy(ret_name, COSIGNED " ", sizeof COSIGNED);
	hex_encode(log->log.bytes, 32, ret_name + sizeof COSIGNED);
}

/* Of the one that is written it has the plain name. */
static void cosigned_name(const struct store *store, const struct log_row *log,
    char ret_name[COSIGNED_NAME])
{
	if (own_log_is_current(store, log))
		memcpy(ret_name, COSIGNED, sizeof COSIGNED);
	else
		name_cosigned_of(log, ret_name);
}

int own_log_keep_cosigned(
    struct store *store, const struct log_row *log, struct span note)
{
	char name[COSIGNED_NAME];

	cosigned_name(store, log, name);
	return database_put(store->database, name, note);
}

int own_log_cosigned(
    struct store *store, const struct log_row *log, struct buf *out_note)
{
	char name[COSIGNED_NAME];
	int r;

	cosigned_name(store, log, name);
	r = database_get(store->database, name, out_note);
	return r == DATABASE_E_NONE ? 0 : r;
}

int own_log_previous(struct store *store, struct buf *out_text)
{
	int r;

	if (store->log.size > 0)
		return 0;
	r = database_get(store->database, PREVIOUS, out_text);
	return r == DATABASE_E_NONE ? 0 : r;
}

/* LOG SIZE ROOT, as the line `previous` has it. */
static int describe(struct store *store, struct buf *out)
{
	struct digest root;
	int r;

	r = log_tree_root(
	    store->database, store->log.id, store->log.size, &root);
	if (r == 0)
		r = buf_append_hex(out, store->log.log.bytes, 32);
	if (r == 0)
		r = buf_printf(
		    out, " %llu ", (unsigned long long)store->log.size);
	return r == 0 ? buf_append_hex(out, root.bytes, 32) : r;
}

static int draw(struct store *store, struct log_id *ret_id)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	const struct wire_empty nothing = {0};
	struct wire_keeper_log answer;
	enum wire_code code;
	int r;

	r = channel_call(store->keeper, WIRE_KEEPER_OPEN_LOG, &nothing, NULL, 0,
	    WIRE_KEEPER_LOG, &arena, &answer, &code);
	if (r == 0)
		*ret_id = answer.log;
	wire_arena_free(&arena);
	return r > 0 ? -EACCES : r;
}

/* Inside a transaction. What was cosigned takes the name of the log that it is
 * of, since another will have the plain one. */
static int put_current(
    struct store *store, const struct log_id *id, struct span previous)
{
	char name[COSIGNED_NAME];
	struct buf cosigned = {0};
	int64_t unused;
	int r;

	name_cosigned_of(&store->log, name);
	r = own_log_cosigned(store, &store->log, &cosigned);
	if (r == 0 && cosigned.len > 0)
		r = database_put(store->database, name, buf_span(&cosigned));
	if (r == 0)
		r = database_put(store->database, COSIGNED, span_of("", 0));
	if (r == 0)
		r = database_put(store->database, PREVIOUS, previous);
	if (r == 0)
		r = log_tree_add(
		    store->database, &store->author_key, id, true, 0, &unused);
	if (r == 0)
		r = database_put(
		    store->database, CURRENT, span_of(id->bytes, 32));
	if (r == 0)
		r = database_put(store->database, PUT_BACK, span_of("1", 1));
	buf_free(&cosigned);
	return r;
}

static int take_current(struct store *store, const struct log_id *id)
{
	struct log_row log = {.id = 0};
	int r;

	r = log_tree_find(store->database, &store->author, id, &log);
	if (r != 0)
		return r < 0 ? r : -EIO;
	log_row_free(&store->log);
	store->log = log;
	store->further = true;
	return node_tell_durable(store, false);
}

/* Write another log from now on. */
static int open_another(struct store *store)
{
	struct buf previous = {0}, note = {0};
	struct log_id id;
	int r = 0;

	if (store->log.size > 0)
		r = node_checkpoint(store, &note);
	if (r == 0)
		r = describe(store, &previous);
	if (r == 0)
		r = draw(store, &id);
	if (r == 0)
		r = database_begin(store->database);
	if (r == 0)
		r = put_current(store, &id, buf_span(&previous));
	if (r == 0)
		r = database_commit(store->database);
	if (r != 0) {
		database_rollback(store->database, r);
	} else {
		r = take_current(store, &id);
		/* Nothing more goes into the one before. */
		store_end_if(store, r);
	}
	buf_free(&previous);
	buf_free(&note);
	return r > 0 ? -EIO : r;
}

int own_log_part(struct store *store, const struct log_row *log,
    const struct partner *partner)
{
	struct database *database = store->database;
	int r = 0;

	if (own_log_is_current(store, log)) {
		log_event(LOG_LEVEL_WARNING,
		    "this node was put back or copied: it opens a new log");
		r = open_another(store);
	}
	if (r == 0)
		r = database_begin(database);
	if (r == 0)
		r = database_run(
		    database, SQL_PARTED_ADD, "ii", log->id, partner->id);
	if (r == 0)
		r = database_run(database, SQL_PARTED_SEND, "iib", log->id,
		    partner->id, span_of(partner->author.bytes, 32));
	if (r == 0)
		r = database_commit(database);
	return r == 0 ? 0 : database_rollback(database, r);
}

int own_log_is_parted(struct store *store, const struct log_row *log,
    int64_t partner, bool *ret_is)
{
	int64_t found;
	int r = DATABASE_E_NONE;

	if (!own_log_is_current(store, log))
		r = database_number(store->database, SQL_PARTED_FIND, &found,
		    "ii", log->id, partner);
	*ret_is = r == 0;
	return r < 0 ? r : 0;
}

int own_log_met(struct store *store, int64_t partner, int64_t told)
{
	int r;

	r = database_run(store->database, SQL_PARTED_TOLD, "ii", partner, told);
	return r == 0 ? database_run(store->database, SQL_RECOVER_TOLD, "ii",
			    partner, told)
		      : r;
}

int own_log_is_put_back(struct store *store, bool *ret_is)
{
	struct buf value = {0};
	int r;

	r = database_get(store->database, PUT_BACK, &value);
	*ret_is = value.len > 0;
	buf_free(&value);
	return r == DATABASE_E_NONE ? 0 : r;
}

int own_log_recovered(struct store *store)
{
	return database_put(store->database, PUT_BACK, span_of("", 0));
}
