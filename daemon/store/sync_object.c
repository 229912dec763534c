/*
 * Attachments on the way: the courier streams between the wire and a file that
 * it gets from here with that file's veil key and no other.
 *
 * What arrived is made durable piece by piece and remembered, so a meeting that
 * is cut goes on where it stopped. Only when a worker has found the whole
 * object to have the hash that the signed entry names is it called whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/jobs.h"
#include "daemon/store/sync_object.h"

/* An object whose hash a worker takes. It goes on when its meeting is over: a
 * large one would never be whole where partners wait less long. */
struct hashing {
	struct hashing *next;
	uint64_t session;
	int64_t partner;
	bool is_void; /* another writes to it meanwhile */
	struct object_row object;
};

/* Whether this partner is in the audience of the object's record. */
static int is_for_partner(
    struct session *session, const struct object_row *object)
{
	struct records *records = &session->store->records;
	struct log_row log = {.id = 0};
	struct buf envelope = {0};
	struct record_row row;
	int r;

	r = records_load(records, object->record, &row);
	if (r == 0)
		r = log_tree_load(session->store->database, row.log, &log);
	if (r == 0)
		r = sync_envelope(session, &log, &row, &envelope);
	buf_free(&envelope);
	log_row_free(&log);
	return r;
}

static int find_for_partner(struct session *session,
    const struct digest *digest, struct object_row *ret_object)
{
	int r;

	ret_object->id = 0;
	do {
		r = records_object_by_digest(&session->store->records, digest,
		    ret_object->id, ret_object);
		if (r != 0)
			return r;
		r = ret_object->whole ? is_for_partner(session, ret_object)
				      : DATABASE_E_NONE;
	} while (r == DATABASE_E_NONE);
	return r;
}

int sync_send_object(struct session *session, const struct wire_sync_want *want)
{
	struct wire_session_object message = {.session = session->number};
	struct object_row object;
	int fd, r;

	r = find_for_partner(session, &want->object, &object);
	if (r == 0 && want->offset >= object.size)
		r = DATABASE_E_NONE;
	if (r == 0)
		r = objects_open(session->store->records.objects,
		    object.file.text, false, &fd);
	if (r == -ENOENT || r == -EIO) {
		/* All else can still be told. */
		log_event(LOG_LEVEL_ERROR, "an object cannot be read");
		r = DATABASE_E_NONE;
	}
	if (r != 0)
		return r;
	message.object = object.digest;
	memcpy(message.veil_key.bytes, object.veil_key, VEIL_KEY_BYTES);
	message.offset = want->offset;
	message.size = object.size;
	r = sync_send(session, WIRE_SESSION_OBJECT, &message, &fd, 1);
	explicit_bzero(&message, sizeof message);
	close(fd);
	return r;
}

static void refuse(struct session *session, enum wire_code code)
{
	struct wire_failed failed = {.code = code, .job = session->number};

	sync_send(session, WIRE_FAILED, &failed, NULL, 0);
}

/* A missing object of a record that this partner brought. */
static int find_missing(struct session *session, const struct digest *digest,
    struct object_row *ret_object)
{
	struct store *store = session->store;
	int64_t found;
	int r;

	ret_object->id = 0;
	do {
		r = records_object_by_digest(
		    &store->records, digest, ret_object->id, ret_object);
		if (r != 0)
			return r;
		r = ret_object->whole
			? DATABASE_E_NONE
			: database_number(store->database, SQL_OWED_TO, &found,
			      "ii", ret_object->record, session->partner.id);
	} while (r == DATABASE_E_NONE);
	return r;
}

static struct hashing *hashing_of(struct store *store, int64_t object)
{
	struct hashing *hashing = store->hashings;

	while (hashing && (hashing->is_void || hashing->object.id != object))
		hashing = hashing->next;
	return hashing;
}

static struct session *writer_of(struct session *session, int64_t object)
{
	struct session *other = NULL;

	while ((other = sync_next_session(session->store, other)) != NULL)
		if (other != session && !other->closing &&
		    other->taking == object)
			return other;
	return NULL;
}

/* 1, 0 or -errno. */
static int is_author(struct session *session, int64_t record)
{
	struct store *store = session->store;
	struct record_row row;
	int r;

	r = records_load(&store->records, record, &row);
	if (r != 0)
		return r < 0 ? r : -EIO;
	return log_tree_is_of(
	    store->database, row.log, &session->partner.author);
}

/*
 * One meeting at a time writes an object, and lets go of it before its hash is
 * taken: else another could write into it when a receipt says that it is whole.
 * Another one that brings it, too, is heard out and what it brings forgotten.
 * But nobody may keep an author from bringing its own: then what another wrote
 * is not counted. And of two meetings with one partner the newer goes on where
 * the older is, whose line may be dead.
 */
int sync_object_see(struct session *session, int64_t object, int64_t record)
{
	struct session *other = writer_of(session, object);
	struct hashing *hashing = hashing_of(session->store, object);
	int r;

	if (hashing && hashing->partner == session->partner.id)
		return SYNC_OBJECT_COMING;
	if (!hashing && (!other || other->partner.id == session->partner.id))
		return SYNC_OBJECT_GOES_ON;
	r = is_author(session, record);
	if (r < 0)
		return r;
	return r == 1 ? SYNC_OBJECT_ANEW : SYNC_OBJECT_COMING;
}

/* Whoever was at an object is no more. Where another was, what counts is as far
 * as the author was asked for it. */
static int take_over(struct session *session, struct object_row *object,
    bool anew, uint64_t offset)
{
	struct session *other = writer_of(session, object->id);
	struct hashing *hashing = hashing_of(session->store, object->id);

	if (other)
		sync_close(other, WIRE_CODE_BUSY);
	if (hashing)
		hashing->is_void = true;
	if (!anew)
		return 0;
	object->held = offset;
	return database_run(session->store->database, SQL_OBJECT_HELD, "ii",
	    (int64_t)offset, object->id);
}

static int open_for(struct session *session, struct object_row *object,
    uint64_t offset, int *ret_fd)
{
	int r;

	session->taking = 0;
	r = sync_object_see(session, object->id, object->record);
	if (r == SYNC_OBJECT_COMING) {
		session->gaps += session->carrier == WIRE_CARRIER_READ;
		return objects_create_unnamed(
		    session->store->records.objects, ret_fd);
	}
	if (r >= 0)
		r = take_over(session, object, r == SYNC_OBJECT_ANEW, offset);
	if (r == 0)
		r = objects_open(session->store->records.objects,
		    object->file.text, true, ret_fd);
	if (r == 0)
		session->taking = object->id;
	return r;
}

void sync_object_want(
    struct session *session, const struct wire_session_part *part)
{
	struct wire_session_object message = {.session = session->number};
	struct object_row object;
	int fd, r;

	r = find_missing(session, &part->object, &object);
	if (r == 0 && part->offset > object.held)
		r = DATABASE_E_NONE;
	if (r == 0)
		r = open_for(session, &object, part->offset, &fd);
	if (r != 0) {
		/* A bundle goes on without what is not wanted, and with
		 * nothing else. */
		refuse(session, r == DATABASE_E_NONE ? WIRE_CODE_NOT_FOUND
				: r == -ENOSPC       ? WIRE_CODE_NO_SPACE
						     : WIRE_CODE_FAILED);
		return;
	}
	message.object = object.digest;
	memcpy(message.veil_key.bytes, object.veil_key, VEIL_KEY_BYTES);
	message.offset = object.held;
	message.size = object.size;
	if (sync_send(session, WIRE_SESSION_TAKE, &message, &fd, 1) < 0)
		sync_close(session, WIRE_CODE_FAILED);
	explicit_bzero(&message, sizeof message);
	close(fd);
}

/* --- whole? ------------------------------------------------------------- */

/* Start over: what came was not what the entry names. */
static void discard(struct store *store, const struct object_row *object)
{
	log_event(LOG_LEVEL_WARNING,
	    "an attachment did not have the hash its entry names");
	database_run(
	    store->database, SQL_OBJECT_HELD, "ii", (int64_t)0, object->id);
	objects_remove(store->records.objects, object->file.text);
}

static int mark_whole(struct store *store, const struct object_row *object)
{
	struct database *database = store->database;
	int64_t left = 1;
	int r;

	r = database_begin(database);
	if (r == 0)
		r = database_run(database, SQL_OBJECT_WHOLE, "i", object->id);
	if (r == 0)
		r = database_number(
		    database, SQL_OBJECT_LEFT, &left, "i", object->record);
	if (r == 0 && left == 0) {
		r = database_run(
		    database, SQL_RECORD_WHOLE, "i", object->record);
		if (r == 0)
			r = database_run(
			    database, SQL_RECOVERED_WHOLE, "i", object->record);
	}
	if (r == 0)
		r = database_commit(database);
	return r == 0 ? 0 : database_rollback(database, r);
}

/* Whether it is still lacking, and was not destroyed meanwhile: 1, 0 or
 * -errno. */
static int is_lacking(struct store *store, const struct object_row *object)
{
	struct object_row row = {.id = 0};
	bool lacking;
	int r;

	do {
		r = records_object_by_digest(
		    &store->records, &object->digest, row.id, &row);
	} while (r == 0 && row.id != object->id);
	lacking = r == 0 && !row.whole &&
		  strcmp(row.file.text, object->file.text) == 0;
	explicit_bzero(&row, sizeof row);
	return r == 0 || r == DATABASE_E_NONE ? lacking : r;
}

/* OK, or what the meeting that brought it ends with. */
static enum wire_code judge(struct store *store,
    const struct object_row *object, const struct digest *found)
{
	int r = found ? is_lacking(store, object) : -EIO;

	if (r == 0)
		return WIRE_CODE_OK;
	if (r == 1 && memcmp(found->bytes, object->digest.bytes, 32) != 0) {
		discard(store, object);
		return WIRE_CODE_CORRUPT;
	}
	if (r == 1)
		r = mark_whole(store, object);
	return r == 0 ? WIRE_CODE_OK : WIRE_CODE_FAILED;
}

static void forget(struct store *store, struct hashing *hashing)
{
	struct hashing **at = &store->hashings;

	while (*at != hashing)
		at = &(*at)->next;
	*at = hashing->next;
	explicit_bzero(hashing, sizeof *hashing);
	free(hashing);
}

/* Its meeting, if it goes on. */
static struct session *find_bringer(
    struct store *store, const struct hashing *hashing)
{
	struct session *session = sync_find(store, hashing->session);

	return session && session->partner.id == hashing->partner ? session
								  : NULL;
}

static void on_hashed(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_hashed hashed;
	struct hashing *hashing = context;
	struct session *session = find_bringer(store, hashing);
	enum wire_code code = WIRE_CODE_OK;
	bool known;

	known = answer && answer->type == WIRE_WORK_HASHED &&
		wire_decode(WIRE_WORK_HASHED, buf_span(&answer->body), &arena,
		    &hashed) == 0;
	wire_arena_free(&arena);
	if (store->state == STORE_OPEN) {
		if (!hashing->is_void)
			code = judge(store, &hashing->object,
			    known ? &hashed.digest : NULL);
		if (session)
			session->busy = false;
		if (session && !session->closing && code == WIRE_CODE_OK)
			sync_ack(session);
		else if (session)
			sync_close(session, code);
	}
	forget(store, hashing);
}

/* Once a courier has let go of the file nobody is given it for writing again,
 * so what is hashed now is what stays. */
static int check_is_let_go(
    struct session *session, const struct object_row *object)
{
	int r;

	r = objects_is_written(
	    session->store->records.objects, object->file.text);
	if (r == 1)
		log_event(LOG_LEVEL_WARNING,
		    "an attachment was still open when it was called whole");
	return r == 1 ? -EBUSY : r;
}

static int start_hash(struct session *session, const struct object_row *object)
{
	struct wire_work_hash job = {.job = jobs_number(session->store)};
	struct hashing *hashing = calloc(1, sizeof *hashing);
	int fd, r;

	if (!hashing)
		return -ENOMEM;
	hashing->session = session->number;
	hashing->partner = session->partner.id;
	hashing->object = *object;
	hashing->next = session->store->hashings;
	session->store->hashings = hashing;
	memcpy(job.veil_key.bytes, object->veil_key, VEIL_KEY_BYTES);
	job.size = object->size;
	r = objects_open(
	    session->store->records.objects, object->file.text, false, &fd);
	if (r == 0) {
		session->busy = true;
		r = jobs_submit(session->store, job.job, WIRE_WORK_HASH, &job,
		    &fd, 1, on_hashed, hashing);
		close(fd);
	}
	explicit_bzero(&job, sizeof job);
	if (r != 0) {
		session->busy = false;
		forget(session->store, hashing);
	}
	return r;
}

static int keep_part(
    struct session *session, const struct object_row *object, uint64_t offset)
{
	int dir = session->store->records.objects, fd, r;

	r = objects_open(dir, object->file.text, true, &fd);
	if (r != 0)
		return r;
	r = offset == object->size ? objects_sync(dir, object->file.text, fd)
				   : objects_sync_part(fd);
	close(fd);
	/* All of it counts as held only once its hash is known: else a crash
	 * now would leave an object that nobody asks for and nobody checks. */
	if (r == 0 && offset > object->held && offset < object->size)
		r = database_run(session->store->database, SQL_OBJECT_HELD,
		    "ii", (int64_t)offset, object->id);
	return r;
}

void sync_object_stored(
    struct session *session, const struct wire_session_part *part)
{
	struct object_row object;
	int r;

	r = find_missing(session, &part->object, &object);
	if (r == DATABASE_E_NONE || (r == 0 && session->taking != object.id)) {
		/* Another meeting has brought it whole, or is about to. */
		sync_ack(session);
		return;
	}
	if (r == 0 && part->offset > object.size)
		r = -EPROTO;
	if (r == 0)
		r = keep_part(session, &object, part->offset);
	if (r == 0 && part->offset < object.size)
		r = sync_ack(session);
	else if (r == 0)
		r = check_is_let_go(session, &object);
	if (r == 0 && part->offset == object.size)
		r = start_hash(session, &object);
	if (r != 0)
		sync_close(session,
		    r == -ENOSPC ? WIRE_CODE_NO_SPACE : WIRE_CODE_FAILED);
}
