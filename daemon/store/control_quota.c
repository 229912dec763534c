/*
 * partner quota: what a partner may bring, and what it brought.
 */
#include <errno.h>
#include <time.h>

#include "daemon/store/control.h"
#include "daemon/store/quota.h"

static json_t *pack(const struct quota *quota)
{
	return json_pack("{s:I, s:I, s:I}", "bytes", (json_int_t)quota->bytes,
	    "entries", (json_int_t)quota->entries, "rate",
	    (json_int_t)quota->rate);
}

int control_quota_describe(
    struct database *database, int64_t partner, json_t *json)
{
	struct quota quota, used;
	int r;

	r = quota_effective(database, partner, &quota);
	if (r == 0)
		r = quota_used(database, partner, (int64_t)time(NULL), &used);
	if (r != 0)
		return r;
	json_object_set_new(json, "quota", pack(&quota));
	json_object_set_new(json, "used", pack(&used));
	return 0;
}

const char *control_quota_error(enum wire_code code)
{
	if (code == WIRE_CODE_OVER_QUOTA)
		return "the partner's quota for this node is used up: what was "
		       "captured is safe here; ask the partner to raise it, "
		       "then sync again";
	if (code == WIRE_CODE_OVER_RATE)
		return "the partner's quota for this node is used up for this "
		       "hour: what was captured is safe here; sync again "
		       "later, or ask the partner to raise it";
	if (code == WIRE_CODE_QUOTA || code == WIRE_CODE_RATE)
		return "the partner has used up its quota here: what it brings "
		       "is safe there; raise it with evident partner quota, "
		       "then sync again";
	return NULL;
}

/* One limit: NULL in *ret_given for "", which leaves it. */
static bool take(struct span text, uint64_t *value, const uint64_t **ret_given)
{
	*ret_given = NULL;
	if (text.len == 0)
		return true;
	*ret_given = value;
	return decimal_decode(text, value) == 0;
}

/* 0, or 1 after answering why not. */
static int set(struct request *request, const struct partner *partner)
{
	const struct span *given = request->ctl.names.items;
	const uint64_t *bytes, *entries, *rate;
	uint64_t values[3];
	int r = -ERANGE;

	if (take(given[0], &values[0], &bytes) &&
	    take(given[1], &values[1], &entries) &&
	    take(given[2], &values[2], &rate))
		r = quota_set(request->store->database, partner->id, bytes,
		    entries, rate);
	if (r == -ERANGE)
		control_fail(request, 2, "a limit is no number or is too large",
		    "nothing was changed; 0 is no limit");
	else if (r != 0)
		control_fail_result(request, r);
	return r == 0 ? 0 : 1;
}

void control_partner_quota(struct request *request)
{
	struct partner partner;
	json_t *json;
	int r;

	if (!control_partner_find(request, &partner) ||
	    (request->ctl.names.count == 3 && set(request, &partner) != 0))
		return;
	json = json_object();
	r = control_quota_describe(request->store->database, partner.id, json);
	if (r == 0) {
		control_done(request, json);
		return;
	}
	json_decref(json);
	control_fail_result(request, r);
}
