/*
 * Passing on what a partner did with a record, one step towards its author.
 *
 * A desk behind a hub does not know the author: its entry is sealed to the hub.
 * The hub makes an envelope for the author, or for whom the record came from,
 * and sends the entry with its proof as it sends what was shared, until the
 * receipt is here. Whoever gets it does the same.
 *
 * An entry about records of several authors is not passed on: it would tell
 * one of the others'.
 */
#include <errno.h>
#include <string.h>

#include "daemon/store/control.h"
#include "daemon/store/receipts_pass.h"

/* The author of a log, and whether it is this node. */
static int load_author(struct store *store, int64_t id,
    struct author_id *ret_author, bool *ret_own)
{
	struct log_row log = {.id = 0};
	int r;

	r = log_tree_load(store->database, id, &log);
	*ret_author = log.author;
	*ret_own = log.own;
	log_row_free(&log);
	return r;
}

/* Who is a step nearer to the author of one record. */
static int find_towards(struct store *store, const struct entry_id *subject,
    struct partner *ret_partner)
{
	struct author_id author;
	struct record_row row;
	bool own = false;
	int r;

	r = records_find(&store->records, subject, &row);
	if (r == 0)
		r = load_author(store, row.log, &author, &own);
	if (r == 0 && own)
		return DATABASE_E_NONE;
	return r == 0 ? partners_towards(
			    store->database, &author, row.source, ret_partner)
		      : r;
}

int pass_find(struct store *store, const struct record_row *row,
    const struct entry_id *subjects, size_t count, struct pass *ret_pass)
{
	struct author_id actor;
	struct partner partner;
	bool own = false;
	size_t i;
	int r;

	memset(ret_pass, 0, sizeof *ret_pass);
	r = load_author(store, row->log, &actor, &own);
	if (r == 0 && (own || count == 0))
		return DATABASE_E_NONE;
	for (i = 0; r == 0 && i < count; i++) {
		r = find_towards(store, &subjects[i], &partner);
		if (r == 0 && i > 0 && partner.id != ret_pass->partner)
			r = DATABASE_E_NONE;
		if (r == 0)
			ret_pass->partner = partner.id;
	}
	if (r == 0 && (partner.id == row->source ||
			  memcmp(partner.author.bytes, actor.bytes, 32) == 0))
		r = DATABASE_E_NONE;
	if (r != 0) {
		ret_pass->partner = 0;
		return r;
	}
	ret_pass->record = row->id;
	ret_pass->author = partner.author;
	return 0;
}

int pass_submit(struct store *store, const struct pass *pass, jobs_done_cb done,
    void *context)
{
	struct wire_work_rewrap job = {.job = jobs_number(store)};
	struct control_envelopes *envelopes = NULL;
	struct record_body body = {.entry = {0}};
	struct wire_audience audience = {.id = pass->author};
	struct partner partner;
	struct record_row row;
	int r;

	r = partners_by_id(store->database, pass->partner, &partner);
	if (r == 0)
		r = records_load(&store->records, pass->record, &row);
	if (r == 0)
		r = records_body(&store->records, &row, &body);
	if (r == 0)
		r = control_envelopes_load(store, &row, &envelopes);
	if (r == 0) {
		audience.recipients.items = &partner.card.bundle;
		audience.recipients.count = 1;
		job.entry = body.entry;
		job.payload = body.payload;
		job.envelopes.items = envelopes->spans;
		job.envelopes.count = envelopes->count;
		job.audiences.items = &audience;
		job.audiences.count = 1;
		r = jobs_submit(store, job.job, WIRE_WORK_REWRAP, &job, NULL, 0,
		    done, context);
	}
	control_envelopes_free(envelopes);
	record_body_free(&body);
	return r > 0 ? -EIO : r;
}

int pass_take(struct pass *pass, struct wire_frame *answer)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_rewrapped rewrapped;
	enum wire_code code;
	uint64_t input;
	char why[256];
	int r;

	code = jobs_failure(answer, why, &input);
	if (code == WIRE_CODE_NO_KEY || code == WIRE_CODE_CORRUPT ||
	    code == WIRE_CODE_REFUSED)
		return 0;
	if (code != WIRE_CODE_OK || answer->type != WIRE_WORK_REWRAPPED)
		return -EIO;
	r = wire_decode(
	    WIRE_WORK_REWRAPPED, buf_span(&answer->body), &arena, &rewrapped);
	if (r == 0 && rewrapped.envelopes.count != 1)
		r = -EPROTO;
	if (r == 0)
		r = buf_append_span(
		    &pass->envelope, rewrapped.envelopes.items[0].bytes);
	wire_arena_free(&arena);
	return r > 0 ? -EPROTO : r;
}

int pass_settle(struct store *store, const struct pass *pass)
{
	return pass->envelope.len > 0
		   ? records_share(&store->records, pass->record, pass->partner,
			 &pass->author, buf_span(&pass->envelope))
		   : 0;
}

void pass_free(struct pass *pass)
{
	buf_free(&pass->envelope);
}
