/*
 * What a batch would add here, held against the quota of whoever brings it.
 *
 * It is asked twice: before a worker checks any signature, so that whoever is
 * over its quota costs little; and in the transaction that stores the batch,
 * before anything else is in it, for only there nothing changes any more.
 *
 * What is here already costs nothing, however often it comes again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/store/sync_quota.h"
#include "daemon/store/withdraw.h"
#include "proto/format/sshsig.h"

#define FREE_BYTES_MAX (128 * 1024) /* of what takes back a record */

/* Whether a record is here, and that envelope is or is passed over. */
static int find_known(struct session *session, const struct author_id *author,
    const struct wire_sync_item *item, bool *ret_record, bool *ret_envelope)
{
	struct author_id audience;
	struct record_row row;
	struct entry_id id;
	int r;

	*ret_record = *ret_envelope = false;
	r = entry_id_of(item->entry, &id);
	if (r == 0)
		r = records_find(&session->store->records, &id, &row);
	if (r != 0)
		return r == DATABASE_E_NONE ? 0 : r;
	*ret_record = true;
	r = sync_find_envelope(
	    session, author, row.id, item->envelope, &audience);
	*ret_envelope = r > 0;
	return r < 0 ? r : 0;
}

/* Add the bytes of one whole entry; *ret_new: it is not here yet. */
static int add_bytes(struct session *session, const struct author_id *author,
    const struct wire_sync_item *item, struct entry *entry,
    struct quota_cost *cost, bool *ret_new)
{
	bool record, envelope;
	size_t i;
	int r;

	r = find_known(session, author, item, &record, &envelope);
	if (r == 0 && !envelope)
		cost->bytes = quota_add(cost->bytes, item->envelope.len);
	*ret_new = r == 0 && !record;
	if (!*ret_new)
		return r;
	r = entry_parse(item->entry, entry, NULL);
	if (r != 0)
		return r;
	cost->bytes =
	    quota_add(cost->bytes, item->entry.len + item->payload.len);
	for (i = 0; i < entry->attachment_count; i++)
		cost->bytes =
		    quota_add(cost->bytes, entry->attachments[i].size);
	return 0;
}

/* A place counts when the log grows by it, or when its record is new. */
int sync_cost_entries(struct session *session,
    const struct sync_arrival *arrival, struct quota_cost *ret_cost)
{
	const struct wire_sync_entries *entries = &session->entries;
	struct entry *entry = calloc(1, sizeof *entry);
	struct quota_cost cost = {.entries = 0};
	bool is_new;
	uint64_t i;
	int r = entry ? 0 : -ENOMEM;

	for (i = arrival->skip; r == 0 && i < entries->items.count; i++) {
		is_new = false;
		if (entries->items.items[i].entry.len > 0)
			r = add_bytes(session, &arrival->author,
			    &entries->items.items[i], entry, &cost, &is_new);
		cost.entries +=
		    is_new || entries->start + i >= arrival->log.size;
	}
	free(entry);
	if (r == 0)
		*ret_cost = cost;
	return r;
}

/* Whether it takes back what is here and in force. Each of these ends a record,
 * so there are no more of them than records, which count. */
static int is_of_use(struct session *session, const struct author_id *author,
    const struct entry *entry, bool *ret_is)
{
	struct store *store = session->store;
	struct log_row log = {.id = 0};
	struct record_row row;
	size_t i;
	int r = 0;

	*ret_is = false;
	for (i = 0; r >= 0 && !*ret_is && i < entry->withdraw_count; i++) {
		r = records_find(&store->records, &entry->withdraws[i], &row);
		if (r != 0 || row.withdrawn != RECORD_IN_FORCE)
			continue;
		r = log_tree_load(store->database, row.log, &log);
		if (r == 0)
			r = withdraw_may(store, &log.author, author);
		*ret_is = r == 1;
		log_row_free(&log);
	}
	return r < 0 ? r : 0;
}

int sync_cost_proven(struct session *session, const struct author_id *author,
    struct quota_cost *ret_cost)
{
	const struct wire_sync_proven *message = &session->proven;
	const struct wire_sync_item item = {
	    .entry = message->entry,
	    .payload = message->payload,
	    .envelope = message->envelope,
	};
	struct entry *entry = calloc(1, sizeof *entry);
	struct quota_cost cost = {.entries = 0};
	bool is_new = false, is_free = false;
	int r = entry ? 0 : -ENOMEM;

	if (r == 0 && memcmp(author->bytes, session->store->author.bytes, 32))
		r = add_bytes(session, author, &item, entry, &cost, &is_new);
	if (r == 0 && is_new) {
		cost.entries = 1;
		cost.bytes = quota_add(cost.bytes, message->proof.len);
	}
	/* A full quota must not keep alive what is taken back, nor be got round
	 * by it: 1024 names and a reason have room in this. */
	if (r == 0 && is_new && cost.bytes <= FREE_BYTES_MAX)
		r = is_of_use(session, author, entry, &is_free);
	if (is_free)
		cost.bytes = cost.entries = 0;
	free(entry);
	if (r == 0)
		*ret_cost = cost;
	return r;
}

int sync_quota_check(struct session *session, const struct quota_cost *cost)
{
	return quota_check(session->store->database, session->partner.id, cost,
	    (int64_t)time(NULL));
}

int sync_quota_charge(struct session *session, const struct quota_cost *cost)
{
	return quota_charge(session->store->database, session->partner.id, cost,
	    (int64_t)time(NULL));
}

/* A partner's own logs have room whoever brings them, and however much others
 * bring. */
static int is_partner(
    struct session *session, const struct author_id *author, bool *ret_is)
{
	struct partner partner;
	int r;

	r = partners_by_author(session->store->database, author, &partner);
	*ret_is = r == 0 && partner.compared;
	return r == DATABASE_E_NONE ? 0 : r;
}

int sync_add_log(struct session *session, const struct sign_key *author,
    const struct log_id *log, int64_t most, int64_t *ret_id)
{
	struct database *database = session->store->database;
	int64_t own = 0, others = 0;
	struct author_id id;
	bool compared;
	int r;

	sign_key_author(author, &id);
	r = is_partner(session, &id, &compared);
	if (r == 0)
		r = database_number(database, SQL_LOG_COUNT_BY, &own, "b",
		    span_of(id.bytes, sizeof id.bytes));
	if (r == 0 && !compared)
		r = database_number(database, SQL_LOG_COUNT_VIA, &others, "i",
		    session->partner.id);
	if (r == 0 && (own >= SYNC_LOGS_OF_MAX || others >= most)) {
		sync_warn(session, SYNC_WARN_LOGS);
		return SYNC_E_LOGS;
	}
	return r == 0 ? log_tree_add(database, author, log, false,
			    session->partner.id, ret_id)
		      : r;
}
