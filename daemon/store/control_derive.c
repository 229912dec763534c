/*
 * revise, derive: what is made of a record goes where the record may go.
 *
 *   worker (opens the record, holds its consent against the partners that this
 *   one is for) -> the own log says where it goes -> capture
 *
 * A record that no key of this node opens cannot be asked: the client is told.
 * Its author may have what was made of it, for it heard the witness itself.
 */
#include <errno.h>
#include <string.h>

#include "daemon/store/control_custody.h"
#include "daemon/store/control_derive.h"
#include "daemon/store/jobs.h"

/* As all that is handed out: the log says so before it can leave. */
static void record(struct request *request)
{
	struct capturing *capturing = request->state;
	const struct control_act act = {
	    .kind = "disclosed",
	    .detail = capturing->detail,
	    .readers = capturing->audiences,
	    .reader_count = capturing->partner_count,
	    .then = control_capture_now,
	};
	struct record_row row;
	int r;

	r = records_find(&request->store->records, &capturing->about, &row);
	if (r == 0)
		r = control_act(request, &row, &act);
	capturing->recorded = r == 0;
	if (r == -EINVAL)
		control_fail_detail(request, "nothing was stored");
	else if (r != 0)
		control_fail_result(request, r);
}

static void on_tried(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct request *request = context;
	struct capturing *capturing = request->state;
	enum wire_code code;
	uint64_t input;
	char why[256];

	code = jobs_failure(answer, why, &input);
	capturing->unread = code == WIRE_CODE_NO_KEY;
	if (code == WIRE_CODE_REFUSED)
		control_fail_consent(request, why, "nothing was stored");
	else if (code == WIRE_CODE_CORRUPT)
		control_fail(request, 4, why, "nothing was stored");
	else if (code != WIRE_CODE_OK && code != WIRE_CODE_NO_KEY)
		control_fail_code(request, code);
	else if (store->state != STORE_OPEN)
		control_fail_code(request, WIRE_CODE_LOCKED);
	else if (capturing->unread || capturing->partner_count == 0)
		control_capture_now(request);
	else
		record(request);
}

static size_t list_readers(
    const struct capturing *capturing, struct author_id *readers)
{
	size_t i, count = 0;

	for (i = 0; i < capturing->partner_count; i++)
		if (memcmp(capturing->audiences[i].id.bytes,
			capturing->author.bytes, 32) != 0)
			readers[count++] = capturing->audiences[i].id;
	return count;
}

static int submit(struct request *request, const struct record_row *row)
{
	const struct capturing *capturing = request->state;
	struct store *store = request->store;
	struct control_envelopes *envelopes = NULL;
	struct record_body body = {.entry = {0}};
	struct author_id readers[CTL_NAMES_MAX];
	struct wire_work_open job = {
	    .job = jobs_number(store),
	    .want_receipt = 1,
	};
	struct control_consent consent;
	int r;

	r = control_consent(capturing->detail, &consent);
	if (r == 0)
		r = records_body(&store->records, row, &body);
	if (r == 0)
		r = control_envelopes_load(store, row, &envelopes);
	if (r == 0) {
		job.consent = consent.wire;
		job.readers.items = readers;
		job.readers.count = list_readers(capturing, readers);
		job.entry = body.entry;
		job.payload = body.payload;
		job.envelopes.items = envelopes->spans;
		job.envelopes.count = envelopes->count;
		r = jobs_submit(store, job.job, WIRE_WORK_OPEN, &job, NULL, 0,
		    on_tried, request);
	}
	control_envelopes_free(envelopes);
	record_body_free(&body);
	return r;
}

void control_derive(struct request *request)
{
	struct capturing *capturing = request->state;
	struct record_row row;
	int r;

	r = records_find(&request->store->records, &capturing->about, &row);
	if (r == 0)
		r = row.withdrawn == RECORD_IN_FORCE ? submit(request, &row)
						     : DATABASE_E_NONE;
	if (r == DATABASE_E_NONE) {
		capturing->unread = true;
		control_capture_now(request);
	} else if (r == -EINVAL) {
		control_fail_detail(request, "nothing was stored");
	} else if (r != 0) {
		control_fail_result(request, r);
	}
}
