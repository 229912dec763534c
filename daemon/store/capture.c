/*
 * From fields and files to a durable record.
 *
 *   START --worker seals--> SEALED --keeper signs, one commit--> DURABLE
 *     |                        |                                    |
 *     +-------- failed --------+--- its object files removed ---> told
 *
 * Group commit: whatever was sealed while the last commit ran is signed in one
 * question to the keeper and made durable by one fsync. Nothing is told to be
 * stored before that, and nothing signed leaves the process before it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/capture.h"
#include "daemon/store/custody.h"
#include "daemon/store/jobs.h"
#include "daemon/store/own_log.h"
#include "daemon/store/withdraw.h"
#include "proto/format/file.h"

#define BATCH_MAX 256
#define BATCH_BYTES (1024 * 1024) /* of lists in one question to the keeper */

struct capture {
	struct capture *next;
	struct store *store;
	capture_done_cb done;
	void *context;
	int64_t log; /* whose origin its content has */
	const char *kind;
	bool hidden;
	struct buf label;
	struct capture_grant *grants; /* their envelopes are owned */
	size_t grant_count;
	struct entry_id *subjects;
	size_t subject_count;
	struct buf detail;
	char time[CUSTODY_TIME_BYTES + 1];
	struct buf withdraws; /* packed for the keeper */
	size_t file_count;
	struct objects_name *names; /* of the object files */
	int *fds;                   /* of the object files */
	struct wire_key32 *veil_keys;
	/* Once sealed: */
	struct wire_arena arena;
	struct wire_work_sealed sealed;
	struct buf attachments; /* packed for the keeper */
	/* Once signed: */
	struct entry_id id;
};

struct captures {
	struct capture *sealed, **sealed_end; /* wait for the next commit */
	struct event *commit;
};

static void capture_free(struct capture *capture)
{
	size_t i;

	for (i = 0; i < capture->file_count; i++)
		if (capture->fds[i] >= 0)
			close(capture->fds[i]);
	for (i = 0; i < capture->grant_count; i++)
		free((void *)capture->grants[i].envelope.data);
	free(capture->grants);
	free(capture->subjects);
	buf_free(&capture->detail);
	buf_free(&capture->withdraws);
	if (capture->veil_keys)
		explicit_bzero(capture->veil_keys,
		    capture->file_count * sizeof *capture->veil_keys);
	free(capture->names);
	free(capture->fds);
	free(capture->veil_keys);
	buf_free(&capture->label);
	buf_free(&capture->attachments);
	wire_arena_free(&capture->arena);
	free(capture);
}

static int set_fault(
    struct capture_fault *fault, enum wire_code code, const char *why)
{
	memset(fault, 0, sizeof *fault);
	fault->code = code;
	snprintf(fault->why, sizeof fault->why, "%s", why);
	return 1;
}

/* Remove what a failed capture put on disk, tell, and forget it. */
static void fail(struct capture *capture, const struct capture_fault *fault)
{
	struct store *store = capture->store;
	size_t i;

	/* Of a record that may be there when the database is read again, the
	 * files stay; else they are swept. */
	for (i = 0; i < capture->file_count && !database_is_torn(); i++)
		if (capture->names[i].text[0])
			objects_remove(
			    store->records.objects, capture->names[i].text);
	if (capture->done)
		capture->done(store, capture->context, NULL, fault);
	capture_free(capture);
}

static void fail_result(struct capture *capture, int result)
{
	struct capture_fault fault;

	if (database_is_torn()) {
		set_fault(&fault, WIRE_CODE_FAILED,
		    result == -ENOMEM
			? "memory ran out: whether the record is stored, look "
			  "with evident list"
			: "the disk failed: whether the record is stored, look "
			  "with evident list");
		fault.unsure = true;
	} else if (result == -ENOSPC || result == -EDQUOT) {
		set_fault(&fault, WIRE_CODE_NO_SPACE,
		    "the disk is full; nothing was stored");
	} else {
		set_fault(&fault, WIRE_CODE_FAILED,
		    "the record could not be stored; nothing was stored");
	}
	fail(capture, &fault);
}

/* --- commit ------------------------------------------------------------ */

static void fill_item(
    const struct capture *capture, struct wire_keeper_item *item)
{
	memset(item, 0, sizeof *item);
	item->content = capture->sealed.content;
	item->fields = capture->sealed.fields;
	item->attachments = buf_span(&capture->attachments);
	item->withdraws = buf_span(&capture->withdraws);
	item->key_act = ENTRY_KEY_NONE;
}

static int ask_signatures(struct store *store, struct capture *const *batch,
    size_t count, struct wire_arena *arena,
    struct wire_keeper_signed *ret_signed)
{
	struct wire_keeper_sign ask = {.first = store->log.size};
	enum wire_code code;
	size_t i;
	int r;

	ask.items.items = calloc(count, sizeof *ask.items.items);
	if (!ask.items.items)
		return -ENOMEM;
	ask.items.count = count;
	for (i = 0; i < count; i++)
		fill_item(batch[i], &ask.items.items[i]);
	r = channel_call(store->keeper, WIRE_KEEPER_SIGN, &ask, NULL, 0,
	    WIRE_KEEPER_SIGNED, arena, ret_signed, &code);
	free(ask.items.items);
	if (r == 0 && ret_signed->items.count != count)
		r = -EPROTO;
	return r > 0 ? -EACCES : r;
}

static int add_objects(
    struct capture *capture, int64_t record, const struct record_key *key)
{
	const struct wire_sealed_object *object;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < capture->sealed.objects.count; i++) {
		object = &capture->sealed.objects.items[i];
		r = records_add_object(&capture->store->records, record, key, i,
		    &object->object, &capture->names[object->input],
		    capture->veil_keys[object->input].bytes, true);
	}
	return r;
}

static int add_envelopes(
    struct capture *capture, int64_t record, const struct record_key *key)
{
	const struct wire_envelope *envelope;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < capture->sealed.envelopes.count; i++) {
		envelope = &capture->sealed.envelopes.items[i];
		r = records_add_envelope(&capture->store->records, record, key,
		    &envelope->audience, envelope->bytes);
	}
	return r;
}

static int add_grants(struct capture *capture)
{
	const struct capture_grant *grant;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < capture->grant_count; i++) {
		grant = &capture->grants[i];
		r = records_share(&capture->store->records, grant->record,
		    grant->partner, &grant->author, grant->envelope);
	}
	return r;
}

static int add_custody(const struct capture *capture)
{
	struct custody_event event = {
	    .event = capture->id,
	    .actor = capture->store->author,
	    .kind = span_text(capture->kind),
	    .time = span_text(capture->time),
	    .detail = buf_span(&capture->detail),
	};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < capture->subject_count; i++) {
		event.subject = capture->subjects[i];
		r = custody_add(capture->store->database, &event);
	}
	return r;
}

/* The rows of one record; the log grows by its leaf. */
static int add_one(
    struct capture *capture, const struct wire_signed_entry *signed_entry)
{
	struct store *store = capture->store;
	struct record_new record = {
	    .log = store->log.id,
	    .place = store->log.size,
	    .entry_bytes = signed_entry->entry,
	    .signature = span_of(signed_entry->signature.bytes, 64),
	    .payload = capture->sealed.payload,
	    .hidden = capture->hidden,
	    .label = buf_span(&capture->label),
	};
	struct record_key key;
	struct digest leaf;
	struct entry entry;
	int64_t id;
	int r;

	r = entry_parse(signed_entry->entry, &entry, NULL);
	if (r == 0)
		r = entry_id_of(signed_entry->entry, &record.id);
	if (r != 0)
		return r < 0 ? r : -EPROTO;
	record.entry = &entry;
	capture->id = record.id;
	r = records_add(&store->records, &record, &key, &id);
	if (r == 0)
		r = add_envelopes(capture, id, &key);
	if (r == 0)
		r = add_objects(capture, id, &key);
	if (r == 0)
		r = add_grants(capture);
	if (r == 0)
		r = add_custody(capture);
	if (r == 0 && entry.withdraw_count > 0)
		r = withdraw_note(store, id, &entry);
	seal_wipe(&key);
	memcpy(leaf.bytes, record.id.bytes, sizeof leaf.bytes);
	if (r == 0)
		r = log_tree_append(store->database, &store->log, &leaf);
	return r;
}

static int sync_objects(struct capture *capture)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < capture->file_count; i++)
		r = objects_sync(capture->store->records.objects,
		    capture->names[i].text, capture->fds[i]);
	return r;
}

/* All of a batch, or none of it. */
static int commit_batch(
    struct store *store, struct capture *const *batch, size_t count)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_signed answer;
	uint64_t before = store->log.size;
	size_t i;
	int r;

	r = ask_signatures(store, batch, count, &arena, &answer);
	for (i = 0; r == 0 && i < count; i++)
		r = sync_objects(batch[i]);
	if (r == 0)
		r = database_begin(store->database);
	for (i = 0; r == 0 && i < count; i++)
		r = add_one(batch[i], &answer.items.items[i]);
	if (r == 0)
		r = record_keys_sync(store->records.keys);
	if (r == 0)
		r = database_commit(store->database);
	if (r != 0) {
		database_rollback(store->database, r);
		store->log.size = before;
	} else if (node_tell_durable(store, false) < 0) {
		/* What is committed is stored, whatever becomes of the keeper:
		 * without it the node locks, and nothing is taken back. */
		log_event(
		    LOG_LEVEL_WARNING, "the keeper did not hear of a commit");
	}
	wire_arena_free(&arena);
	return r;
}

static void finish_batch(
    struct store *store, struct capture *const *batch, size_t count)
{
	size_t i;
	int r;

	r = commit_batch(store, batch, count);
	if (r != 0)
		log_number(LOG_LEVEL_ERROR, "a commit failed", r);
	for (i = 0; i < count; i++) {
		if (r != 0) {
			fail_result(batch[i], r);
			continue;
		}
		batch[i]->done(store, batch[i]->context, &batch[i]->id, NULL);
		capture_free(batch[i]);
	}
}

/* What was sealed for the log before stands in no other. */
static void fail_parted(struct capture *capture)
{
	struct capture_fault fault;

	set_fault(&fault, WIRE_CODE_FAILED,
	    "this node has just begun a new log; nothing was stored: do it "
	    "again");
	fail(capture, &fault);
}

static void on_commit(evutil_socket_t fd, short what, void *context)
{
	struct store *store = context;
	struct captures *captures = store->captures;
	struct capture *batch[BATCH_MAX], *capture;
	size_t count = 0, bytes = 0;

	(void)fd;
	(void)what;
	while (captures->sealed && count < BATCH_MAX && bytes < BATCH_BYTES) {
		capture = captures->sealed;
		captures->sealed = capture->next;
		if (capture->log != store->log.id) {
			fail_parted(capture);
			continue;
		}
		bytes += capture->attachments.len + 1024;
		batch[count++] = capture;
	}
	if (!captures->sealed)
		captures->sealed_end = &captures->sealed;
	else
		event_active(captures->commit, EV_TIMEOUT, 0);
	if (count > 0)
		finish_batch(store, batch, count);
}

/* --- sealing ----------------------------------------------------------- */

static int pack_attachments(struct capture *capture)
{
	const struct entry_object *object;
	uint8_t size[8];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < capture->sealed.objects.count; i++) {
		object = &capture->sealed.objects.items[i].object;
		u64_encode(object->size, size);
		r = buf_append(&capture->attachments, object->payload.bytes,
		    sizeof object->payload.bytes);
		if (r == 0)
			r = buf_append(
			    &capture->attachments, size, sizeof size);
		if (capture->sealed.objects.items[i].input >=
		    capture->file_count)
			r = -EPROTO;
	}
	return r;
}

static void on_sealed(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct capture *capture = context;
	struct capture_fault fault = {.code = WIRE_CODE_OK};
	int r;

	fault.code = jobs_failure(answer, fault.why, &fault.input);
	if (fault.code != WIRE_CODE_OK) {
		fail(capture, &fault);
		return;
	}
	r = answer->type == WIRE_WORK_SEALED
		? wire_decode(WIRE_WORK_SEALED, buf_span(&answer->body),
		      &capture->arena, &capture->sealed)
		: -EPROTO;
	if (r == 0 && capture->sealed.objects.count != capture->file_count)
		r = -EPROTO;
	if (r == 0)
		r = pack_attachments(capture);
	if (r != 0 || store->state != STORE_OPEN) {
		fail_result(capture, -EPROTO);
		return;
	}
	*store->captures->sealed_end = capture;
	store->captures->sealed_end = &capture->next;
	event_active(store->captures->commit, EV_TIMEOUT, 0);
}

static int make_objects(struct capture *capture, size_t count)
{
	size_t i;
	int r = 0;

	capture->names = calloc(count + 1, sizeof *capture->names);
	capture->fds = calloc(count + 1, sizeof *capture->fds);
	capture->veil_keys = calloc(count + 1, sizeof *capture->veil_keys);
	if (!capture->names || !capture->fds || !capture->veil_keys)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		capture->fds[i] = -1;
	capture->file_count = count;
	for (i = 0; r == 0 && i < count; i++) {
		r = objects_create(capture->store->records.objects,
		    &capture->names[i], &capture->fds[i]);
		if (r == 0)
			r = veil_make_key(capture->veil_keys[i].bytes);
	}
	return r;
}

static int submit(struct capture *capture, const struct capture_order *order)
{
	const struct capture_audience *audiences = order->audiences;
	size_t audience_count = order->audience_count;
	struct wire_audience *lists = calloc(audience_count, sizeof *lists);
	struct author_id consented[256];
	struct wire_work_seal seal = {.job = 0};
	struct buf previous = {0};
	int fds[1 + 2 * CTL_ATTACHMENTS_MAX];
	char after[65], origin[NOTE_ORIGIN_MAX], subject[65];
	time_t now = time(NULL);
	struct tm utc;
	size_t i;
	int r;

	if (!gmtime_r(&now, &utc) ||
	    strftime(capture->time, sizeof capture->time, "%Y-%m-%dT%H:%M:%SZ",
		&utc) == 0)
		r = -EOVERFLOW;
	else
		r = lists ? node_after(capture->store, after) : -ENOMEM;
	if (r == 0)
		r = own_log_previous(capture->store, &previous);
	for (i = 0; r == 0 && i < audience_count; i++) {
		lists[i].id = audiences[i].id;
		lists[i].recipients.items =
		    (struct age_recipient *)audiences[i].recipients;
		lists[i].recipients.count = audiences[i].count;
	}
	seal.job = jobs_number(capture->store);
	seal.kind = span_text(capture->kind);
	seal.time = span_text(capture->time);
	seal.after = span_text(r == 0 ? after : "none");
	note_origin(&capture->store->author, &capture->store->log.log, origin);
	seal.origin = span_text(origin);
	seal.previous = buf_span(&previous);
	capture->log = capture->store->log.id;
	seal.consented.items = consented;
	for (i = 0; order->consents && i < audience_count && i < 256; i++)
		if (memcmp(audiences[i].id.bytes, capture->store->author.bytes,
			32) != 0)
			consented[seal.consented.count++] = audiences[i].id;
	if (order->about) {
		hex_encode(order->about->bytes, 32, subject);
		seal.subject = span_text(subject);
	}
	seal.original = order->original;
	seal.audiences.items = lists;
	seal.audiences.count = audience_count;
	seal.veil_keys.items = capture->veil_keys;
	seal.veil_keys.count = capture->file_count;
	fds[0] = order->fields_fd;
	for (i = 0; i < capture->file_count; i++) {
		fds[1 + 2 * i] = order->files[i];
		fds[2 + 2 * i] = capture->fds[i];
	}
	if (r == 0)
		r = jobs_submit(capture->store, seal.job, WIRE_WORK_SEAL, &seal,
		    fds, 1 + 2 * capture->file_count, on_sealed, capture);
	buf_free(&previous);
	free(lists);
	return r;
}

static int copy_grants(
    struct capture *capture, const struct capture_order *order)
{
	struct buf copy;
	size_t i;
	int r = 0;

	if (order->grant_count == 0)
		return 0;
	capture->grants = calloc(order->grant_count, sizeof *capture->grants);
	if (!capture->grants)
		return -ENOMEM;
	for (i = 0; r == 0 && i < order->grant_count; i++) {
		memset(&copy, 0, sizeof copy);
		r = buf_append_span(&copy, order->grants[i].envelope);
		capture->grants[i] = order->grants[i];
		capture->grants[i].envelope = buf_span(&copy);
		capture->grant_count++;
	}
	return r;
}

static int copy_custody(
    struct capture *capture, const struct capture_order *order)
{
	if (order->subject_count > 0) {
		capture->subjects =
		    calloc(order->subject_count, sizeof *capture->subjects);
		if (!capture->subjects)
			return -ENOMEM;
		memcpy(capture->subjects, order->subjects,
		    order->subject_count * sizeof *capture->subjects);
		capture->subject_count = order->subject_count;
	}
	return buf_append_span(&capture->detail, order->detail);
}

static int copy_withdraws(
    struct capture *capture, const struct capture_order *order)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < order->withdraw_count; i++)
		r = buf_append(
		    &capture->withdraws, order->withdraws[i].bytes, 32);
	return r;
}

static int check_files(
    const int *files, size_t count, struct capture_fault *fault)
{
	struct stat st;
	size_t i;

	if (count > CTL_ATTACHMENTS_MAX)
		return set_fault(
		    fault, WIRE_CODE_INPUT, "there are too many attachments");
	for (i = 0; i < count; i++)
		if (fstat(files[i], &st) < 0 || !S_ISREG(st.st_mode))
			return set_fault(fault, WIRE_CODE_INPUT,
			    "an attachment is not a regular file");
	return 0;
}

int capture_fields(const struct buf *pairs, int *ret_fd)
{
	struct buf text = {0};
	int fd = -1, r;

	r = buf_append_text(&text, "{\"fields\":[");
	if (r == 0)
		r = buf_append_span(&text, buf_span(pairs));
	if (r == 0)
		r = buf_append_text(&text, "]}");
	if (r == 0) {
		fd = memfd_create("fields", MFD_CLOEXEC);
		r = fd < 0 ? -errno : file_write(fd, text.data, text.len);
	}
	buf_free(&text);
	if (r == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return r;
}

int capture_start(struct store *store, const struct capture_order *order,
    struct capture_fault *ret_fault)
{
	struct capture *capture;
	int r;

	if (order->audience_count == 0)
		return set_fault(ret_fault, WIRE_CODE_INPUT,
		    "nobody could ever open this record");
	if (check_files(order->files, order->file_count, ret_fault) != 0)
		return 1;
	capture = calloc(1, sizeof *capture);
	if (!capture)
		return set_fault(ret_fault, WIRE_CODE_FAILED, "out of memory");
	capture->store = store;
	capture->kind = order->kind;
	capture->hidden = order->hidden;
	capture->arena.budget = WIRE_ARENA_BUDGET;
	r = buf_append_span(&capture->label, order->label);
	if (r == 0)
		r = copy_grants(capture, order);
	if (r == 0)
		r = copy_custody(capture, order);
	if (r == 0)
		r = copy_withdraws(capture, order);
	if (r == 0)
		r = make_objects(capture, order->file_count);
	if (r == 0)
		r = submit(capture, order);
	if (r != 0) {
		/* Nobody waits yet: the fault is answered, not called back. */
		set_fault(ret_fault,
		    r == -ENOSPC ? WIRE_CODE_NO_SPACE : WIRE_CODE_FAILED,
		    r == -ENOSPC ? "the disk is full; nothing was stored"
				 : "the record could not be prepared");
		fail(capture, ret_fault);
		return 1;
	}
	capture->done = order->done;
	capture->context = order->context;
	return 0;
}

int captures_begin(struct store *store)
{
	struct captures *captures = calloc(1, sizeof *captures);

	if (!captures)
		return -ENOMEM;
	captures->sealed_end = &captures->sealed;
	captures->commit = event_new(store->base, -1, 0, on_commit, store);
	if (!captures->commit) {
		free(captures);
		return -ENOMEM;
	}
	store->captures = captures;
	return 0;
}

void captures_end(struct store *store)
{
	struct captures *captures = store->captures;
	struct capture *capture;

	if (!captures)
		return;
	/* What is sealed is committed: its client waits for the answer. */
	while (captures->sealed && store->state == STORE_OPEN)
		on_commit(-1, 0, store);
	while ((capture = captures->sealed) != NULL) {
		captures->sealed = capture->next;
		fail_result(capture, -ESHUTDOWN);
	}
	event_free(captures->commit);
	free(captures);
	store->captures = NULL;
}
