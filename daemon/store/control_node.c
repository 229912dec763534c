/*
 * Requests about the node itself.
 */
#include <errno.h>
#include <string.h>

#include "daemon/store/auto_sync.h"
#include "daemon/store/control.h"
#include "daemon/store/own_log.h"

static const char *state_name(enum store_state state)
{
	switch (state) {
	case STORE_EMPTY:
		return "empty";
	case STORE_LOCKED:
		return "locked";
	case STORE_CLOSING:
		return "closing";
	case STORE_OPEN:
		return "open";
	}
	return "locked";
}

static json_t *warnings(
    struct store *store, int64_t forks, int64_t aside, bool put_back)
{
	json_t *list = json_array();

	if (store->listen[0] && store->reader_count > 0)
		json_array_append_new(list,
		    json_string("this node listens and reads: whoever takes "
				"it unlocked can read what it holds"));
	if (store->machine_key)
		json_array_append_new(list,
		    json_string("a machine key opens this node without a "
				"person: a locked disk keeps its secrets only "
				"from whoever does not have that key"));
	if (store->listen_failed)
		json_array_append_new(list,
		    json_string("this node cannot listen on its address; is "
				"another program using it?"));
	if (store->service.settings.retain != WIRE_RETAIN_ALWAYS)
		json_array_append_new(
		    list, json_string(
			      "what every partner has confirmed is destroyed "
			      "here (retain): their copies are the only ones, "
			      "and only their readers can read them"));
	if (aside > 0)
		json_array_append_new(list,
		    json_string("one author withdrew many records in a day: "
				"what is set aside waits for a person (evident "
				"list; evident withdraw --confirm ID)"));
	if (put_back)
		json_array_append_new(list,
		    json_string("this node was put back to an earlier state, "
				"or is a copy, and writes a new log: evident "
				"recover NAME brings back what a partner "
				"holds"));
	if (forks > 0)
		json_array_append_new(list,
		    json_string("a log was told in two ways (a fork): the "
				"evidence is kept"));
	return list;
}

static int put_count(
    struct store *store, enum sql which, const char *name, json_t *json)
{
	int64_t number;
	int r;

	r = database_number(store->database, which, &number, "");
	if (r == 0)
		json_object_set_new(
		    json, name, json_integer((json_int_t)number));
	return r;
}

static int put_open(struct store *store, json_t *json)
{
	int64_t forks = 0, aside = 0;
	bool put_back = false;
	int r;

	json_object_set_new(json, "name", json_string(store->name));
	json_object_set_new(
	    json, "reader", json_boolean(store->reader_count > 0));
	json_object_set_new(json, "listen", json_string(store->listen));
	json_object_set_new(
	    json, "port", json_integer((json_int_t)store->port));
	json_object_set_new(
	    json, "automatic_sync", json_boolean(auto_sync_is_on(store)));
	r = put_count(store, SQL_RECORD_COUNT, "records", json);
	if (r == 0)
		r = put_count(store, SQL_RECORD_NEWEST, "newest_stored", json);
	if (r == 0)
		r = put_count(store, SQL_PARTNER_COUNT, "partners", json);
	if (r == 0)
		r = put_count(store, SQL_UNDELIVERED_ALL, "undelivered", json);
	if (r == 0)
		r = database_number(
		    store->database, SQL_FORK_COUNT, &forks, "");
	if (r == 0)
		r = database_number(
		    store->database, SQL_WITHDRAWN_FROZEN, &aside, "");
	if (r == 0)
		r = own_log_is_put_back(store, &put_back);
	json_object_set_new(
	    json, "warnings", warnings(store, forks, aside, put_back));
	return r;
}

void control_status(struct request *request)
{
	struct store *store = request->store;
	json_t *json = json_pack("{s:s}", "state", state_name(store->state));
	int r = 0;

	if (store->state == STORE_OPEN)
		r = put_open(store, json);
	if (r == 0) {
		control_done(request, json);
		return;
	}
	json_decref(json);
	control_fail_result(request, r);
}

void control_init(struct request *request)
{
	struct store *store = request->store;
	const struct ctl_request *ctl = &request->ctl;
	struct node_init init = {.name = ctl->text};
	enum wire_code code;

	init.reader = ctl->flags & CTL_FLAG_READER;
	if (ctl->names.count == 2) {
		init.listen = ctl->names.items[0];
		init.address = ctl->names.items[1];
	}
	if (store->state != STORE_EMPTY) {
		control_fail(request, 1, "this home already holds a node",
		    "nothing was changed; choose another --home");
		return;
	}
	if (ctl->names.count != 2 || !card_name_is_valid(init.name) ||
	    (init.listen.len && !card_address_is_valid(init.listen)) ||
	    (init.address.len && !card_address_is_valid(init.address))) {
		control_fail(
		    request, 2, "a name or an address is malformed", NULL);
		return;
	}
	code = node_init(store, &init, request->frame.fds[0]);
	if (code == WIRE_CODE_REFUSED) {
		control_fail(request, 1, "the home directory is not empty",
		    "nothing was changed; choose an empty or new one");
		return;
	}
	if (code != WIRE_CODE_OK) {
		control_fail_code(request, code);
		return;
	}
	store->state = STORE_LOCKED;
	control_done_empty(request);
}

void control_unlock(struct request *request)
{
	struct store *store = request->store;
	enum wire_code code = WIRE_CODE_FAILED;

	if (store->state != STORE_CLOSING)
		code = node_unlock(store, request->frame.fds[0]);
	if (code == WIRE_CODE_OK)
		control_done_empty(request);
	else if (code == WIRE_CODE_CORRUPT && store->state != STORE_OPEN)
		control_fail(request, 1,
		    "the keyring or the store is damaged and does not open",
		    "nothing was changed; keep the home as it is, and restore "
		    "from a backup");
	else
		control_fail_code(request, code);
}

/* Everything is durable before the answer. */
static void close_and_tell(struct request *request, enum sup_state state)
{
	struct store *store = request->store;

	captures_end(store);
	node_close(store);
	store_leave(store, state);
	control_done_empty(request);
}

void control_lock(struct request *request)
{
	if (request->store->state == STORE_OPEN)
		close_and_tell(request, SUP_STATE_LOCK);
	else
		control_done_empty(request);
}

void control_stop(struct request *request)
{
	close_and_tell(request, SUP_STATE_STOP);
}

static json_t *list_readers(const struct store *store)
{
	char text[AGE_RECIPIENT_TEXT];
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < store->reader_count; i++) {
		age_recipient_format(&store->readers[i], text);
		json_array_append_new(list, json_string(text));
	}
	return json_pack("{s:o}", "readers", list);
}

void control_readers(struct request *request)
{
	control_done(request, list_readers(request->store));
}

void control_key(struct request *request)
{
	struct store *store = request->store;
	enum wire_key_act act = (enum wire_key_act)request->ctl.number;
	enum wire_code code;

	if (act == WIRE_KEY_EXPORT_READERS && store->reader_count == 0) {
		control_fail(request, 1, "this node has no reader",
		    "what it captures is read by its partners alone");
		return;
	}
	code = node_edit_keys(store, act, request->frame.fds);
	if (code == WIRE_CODE_OK)
		control_done(request, list_readers(store));
	else if (code == WIRE_CODE_INPUT)
		control_fail(request, 1,
		    "this is not one age identity (AGE-SECRET-KEY-1...)",
		    "nothing was changed; age-keygen makes one");
	else if (code == WIRE_CODE_REFUSED)
		control_fail(request, 1, "this reader is here already",
		    "nothing was changed");
	else if (code == WIRE_CODE_BUSY)
		control_fail(request, 1, "a node has at most 8 readers",
		    "nothing was changed");
	else if (code == WIRE_CODE_FAILED) /* by a keeper that was lost, too */
		control_fail(request, 1, "the daemon could not do this",
		    "nothing acknowledged was lost, and it may be done all "
		    "the same: lock and unlock, and look with evident key "
		    "list, before you try again");
	else
		control_fail_code(request, code);
}

void control_card(struct request *request)
{
	struct buf file = {0};
	struct card card;
	int r;

	r = node_card(request->store, &file, &card);
	if (r == 0)
		control_done(request, json_pack("{s:s%}", "card",
					  (const char *)file.data, file.len));
	else
		control_fail_result(request, r);
	buf_free(&file);
}

void control_add_reader(struct request *request)
{
	struct age_recipient reader;
	int r;

	if (age_recipient_parse(request->ctl.text, &reader) != 0) {
		control_fail(request, 1,
		    "this is no reader that can be trusted",
		    "a reader is an age recipient: age1 and 58 more "
		    "characters");
		return;
	}
	r = node_add_reader(request->store, &reader);
	if (r == -EEXIST)
		control_fail(
		    request, 1, "this reader is on the card already", NULL);
	else if (r == -E2BIG)
		control_fail(
		    request, 1, "a card carries at most 16 readers", NULL);
	else if (r != 0)
		control_fail_result(request, r);
	else
		control_done_empty(request);
}
