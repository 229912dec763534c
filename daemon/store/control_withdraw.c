/*
 * withdraw: take records back, here and wherever they went; or confirm that
 * what others took back, and what was set aside, is destroyed here.
 *
 * The entry that takes them back is durable before anything is destroyed: so
 * whatever happens, what is gone here is known to be gone by intent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control.h"
#include "daemon/store/withdraw.h"

#define RECORDS_MAX 64 /* in one request */

static int refuse(struct request *request, const char *error, const char *hint)
{
	control_fail(request, 1, error, hint);
	return 1;
}

bool control_is_gone(struct request *request, const struct record_row *row)
{
	if (row->withdrawn == RECORD_IN_FORCE)
		return false;
	if (row->withdrawn == RECORD_SET_ASIDE)
		refuse(request, CTL_SET_ASIDE,
		    "evident withdraw --confirm ID destroys it here; "
		    "evident log ID says who has confirmed");
	else if (row->withdrawn >= RECORD_FORGETTING)
		refuse(request, CTL_FORGOTTEN,
		    "the partners that evident log ID names have it");
	else
		refuse(request, CTL_DESTROYED,
		    "its entry and proof are kept: evident log ID");
	return true;
}

/* Only what somebody recorded can be taken back, by who may. */
static int check_record(struct request *request, const struct record_row *row)
{
	struct store *store = request->store;
	struct log_row log = {.id = 0};
	bool hidden = false;
	int r;

	r = records_is_hidden(&store->records, row, &hidden);
	if (r == 0)
		r = log_tree_load(store->database, row->log, &log);
	if (r == 0)
		r = withdraw_may(store, &log.author, &store->author);
	log_row_free(&log);
	if (r < 0) {
		control_fail_result(request, r);
		return 1;
	}
	if (hidden)
		return refuse(request,
		    "this entry says what was done with records, and stands",
		    "nothing was withdrawn");
	if (row->withdrawn != RECORD_IN_FORCE &&
	    row->withdrawn < RECORD_FORGETTING)
		return refuse(request, "this record was withdrawn already",
		    "evident log ID says who has confirmed it");
	if (r == 0)
		return refuse(request,
		    "this record is neither this node's nor of a device whose "
		    "card names this node as its organisation",
		    "ask its author, or the author's organisation, to withdraw "
		    "it; nothing was withdrawn");
	return 0;
}

/* An organisation may take back what a lost device of its recorded without ever
 * having held it: then the id says it all. */
static int find(
    struct request *request, struct span digits, struct entry_id *ret_id)
{
	struct record_row row;
	int r;

	r = records_by_prefix(&request->store->records, digits, &row);
	if (r == 0) {
		*ret_id = row.entry;
		return check_record(request, &row);
	}
	if (r == DATABASE_E_NONE && digits.len == 64 &&
	    hex_decode(digits, ret_id->bytes, sizeof ret_id->bytes) == 0)
		return 0;
	control_fail_result(request, r);
	return 1;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct entry_id));
}

static void on_recorded(struct store *store, void *context,
    const struct entry_id *id, const struct capture_fault *fault)
{
	struct request *request = context;
	char text[65];

	if (!id) {
		control_fail_code(request, fault->code);
		return;
	}
	if (withdraw_work(store, false) != 0) {
		control_fail(request, 1,
		    "the withdrawal is signed and will go out, but what is "
		    "here could not be destroyed",
		    "lock and unlock this node to try again; look at the disk "
		    "with: evident doctor");
		return;
	}
	hex_encode(id->bytes, sizeof id->bytes, text);
	control_done(request, json_pack("{s:s, s:I}", "id", text, "records",
				  (json_int_t)request->ctl.names.count));
}

static void confirm(struct request *request)
{
	struct record_row row;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < request->ctl.names.count; i++) {
		r = records_by_prefix(&request->store->records,
		    request->ctl.names.items[i], &row);
		if (r == 0 && row.withdrawn != RECORD_SET_ASIDE) {
			refuse(request,
			    "a record is not set aside, so there is nothing to "
			    "confirm",
			    "those named before it are destroyed, the others "
			    "are as they were");
			return;
		}
		if (r == 0 && withdraw_confirm(request->store, &row) != 0) {
			refuse(request,
			    "a record that was set aside could not be "
			    "destroyed",
			    "those named before it are destroyed; lock and "
			    "unlock this node, see what became of it with: "
			    "evident log ID, and look at the disk with: "
			    "evident doctor");
			return;
		}
	}
	if (r == 0)
		control_done(
		    request, json_pack("{s:I}", "records",
				 (json_int_t)request->ctl.names.count));
	else
		control_fail_result(request, r);
}

/* The records that are named, ascending: 0, or 1 after answering why not. */
static int find_all(struct request *request, struct entry_id *ids)
{
	const struct ctl_request *ctl = &request->ctl;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ctl->names.count; i++)
		r = find(request, ctl->names.items[i], &ids[i]);
	if (r != 0)
		return r;
	qsort(ids, ctl->names.count, sizeof *ids, by_bytes);
	for (i = 1; i < ctl->names.count; i++)
		if (by_bytes(&ids[i - 1], &ids[i]) == 0)
			return refuse(request, "a record is named twice",
			    "nothing was withdrawn");
	return 0;
}

void control_withdraw(struct request *request)
{
	const struct ctl_request *ctl = &request->ctl;
	struct entry_id ids[RECORDS_MAX];
	struct capture_fault fault;

	if (ctl->names.count == 0 || ctl->names.count > RECORDS_MAX ||
	    ctl->text.len > 4096 || !utf8_is_valid(ctl->text)) {
		refuse(request,
		    "withdraw takes 1 to 64 records, and a reason of at most "
		    "4096 bytes of UTF-8",
		    "nothing was withdrawn");
		return;
	}
	if (ctl->flags & CTL_FLAG_CONFIRM) {
		confirm(request);
		return;
	}
	if (find_all(request, ids) != 0)
		return;
	if (withdraw_start(request->store, ids, ctl->names.count, ctl->text,
		on_recorded, request, &fault) != 0)
		on_recorded(request->store, request, NULL, &fault);
}
