/*
 * A verdict as one object, claim by claim. A list is filled before it is put in
 * its place, for what finds no place without memory is let go of at once.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/verdict.h"
#include "proto/format/content_json.h"

struct teller {
	const struct bag_claims *claims;
	const struct author_id *exporter;
};

static json_t *hex(const uint8_t bytes[32])
{
	char text[65];

	hex_encode(bytes, 32, text);
	return json_string(text);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* RFC 3339, or nothing for a time that no calendar has. */
static json_t *moment(uint64_t seconds)
{
	const time_t at = (time_t)seconds;
	char text[32];
	struct tm utc;

	if (seconds > INT64_MAX / 2 || !gmtime_r(&at, &utc) ||
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) !=
		BAG_TIME_BYTES)
		return json_null();
	return json_string(text);
}

static json_t *about(const struct bag_claim *claim)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < claim->about_count; i++)
		json_array_append_new(list, hex(claim->about[i].bytes));
	return list;
}

/* --- entries -------------------------------------------------------------- */

static void put_bracket(
    const struct teller *teller, const struct bag_claim *claim, json_t *json)
{
	struct bag_bracket bracket;

	bag_bracket(teller->claims, claim, teller->exporter, &bracket);
	if (bracket.has_until) {
		json_object_set_new(json, "until", moment(bracket.until));
		json_object_set_new(
		    json, "until_by", hex(bracket.until_by.bytes));
		json_object_set_new(
		    json, "until_witnesses", number(bracket.until_count));
	}
	if (bracket.has_since) {
		json_object_set_new(json, "since", json_string(bracket.since));
		json_object_set_new(
		    json, "since_by", hex(bracket.since_by.bytes));
	}
}

static json_t *cosigned(const struct bag_claim *claim)
{
	json_t *list = json_array(), *item;
	size_t i;

	for (i = 0; i < claim->cosigned_count; i++) {
		item = json_object();
		json_object_set_new(
		    item, "witness", hex(claim->cosigned[i].witness.bytes));
		json_object_set_new(
		    item, "time", moment(claim->cosigned[i].time));
		json_object_set_new(item, "anchored",
		    json_boolean(claim->cosigned[i].anchored));
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *entry(const struct teller *teller, const struct bag_claim *claim)
{
	const struct bag_claim *withdrawal;
	json_t *json = json_object();

	json_object_set_new(json, "id", hex(claim->id.bytes));
	json_object_set_new(json, "kind", json_string(claim->kind));
	json_object_set_new(json, "author", hex(claim->author.bytes));
	json_object_set_new(json, "anchored", json_boolean(claim->anchored));
	json_object_set_new(json, "log", hex(claim->log.bytes));
	json_object_set_new(json, "index", number(claim->index));
	json_object_set_new(json, "size", number(claim->size));
	if (claim->time[0])
		json_object_set_new(json, "time", json_string(claim->time));
	json_object_set_new(json, "about", about(claim));
	json_object_set_new(json, "attachments", number(claim->attachments));
	json_object_set_new(json, "shown", number(claim->shown));
	json_object_set_new(json, "closed", number(claim->closed));
	json_object_set_new(json, "cosigned", cosigned(claim));
	if (bag_is_withdrawn(teller->claims, claim, &withdrawal))
		json_object_set_new(
		    json, "withdrawn_by", hex(withdrawal->id.bytes));
	put_bracket(teller, claim, json);
	return json;
}

static int put_entries(const struct teller *teller, json_t *json)
{
	json_t *list = json_array();
	const struct bag_claim **sorted = NULL;
	size_t i;
	int r;

	r = bag_by_time(teller->claims, &sorted);
	for (i = 0; r == 0 && i < teller->claims->count; i++)
		json_array_append_new(list, entry(teller, sorted[i]));
	free(sorted);
	json_object_set_new(json, "entries", list);
	return r;
}

/* --- logs ----------------------------------------------------------------- */

static void put_range(json_t *list, uint64_t first, uint64_t last)
{
	json_array_append_new(
	    list, json_pack("[I, I]", (json_int_t)first, (json_int_t)last));
}

/* Which places are here, which of these were withdrawn, which are not here. */
static void put_places(const struct teller *teller, const struct bag_log *log,
    const struct bag_claim *const *by_place, json_t *json)
{
	json_t *shown = json_array(), *gone = json_array();
	json_t *absent = json_array();
	const struct bag_claim *claim, *withdrawal;
	uint64_t next = 0;
	size_t i;

	for (i = log->first; i < log->first + log->count; i++) {
		claim = by_place[i];
		if (claim->index > next)
			put_range(absent, next, claim->index - 1);
		next = claim->index + 1;
		put_range(shown, claim->index, claim->index);
		if (bag_is_withdrawn(teller->claims, claim, &withdrawal))
			put_range(gone, claim->index, claim->index);
	}
	if (log->size > next)
		put_range(absent, next, log->size - 1);
	json_object_set_new(json, "shown", shown);
	json_object_set_new(json, "withdrawn", gone);
	json_object_set_new(json, "not_here", absent);
}

static int put_logs(const struct teller *teller, json_t *json)
{
	const struct bag_claim **by_place = NULL;
	struct bag_log *logs = NULL;
	json_t *list = json_array(), *item;
	size_t i, count = 0;
	int r;

	r = bag_by_place(teller->claims, &by_place);
	if (r == 0)
		r = bag_logs(teller->claims, by_place, &logs, &count);
	for (i = 0; i < count; i++) {
		item = json_object();
		json_object_set_new(item, "author", hex(logs[i].author.bytes));
		json_object_set_new(item, "log", hex(logs[i].log.bytes));
		json_object_set_new(item, "size", number(logs[i].size));
		put_places(teller, &logs[i], by_place, item);
		json_array_append_new(list, item);
	}
	free(logs);
	free(by_place);
	json_object_set_new(json, "logs", list);
	return r;
}

static int put_missing(
    const struct teller *teller, bool withdrawn, const char *name, json_t *json)
{
	json_t *list = json_array();
	struct buf ids = {0};
	size_t i;
	int r;

	r = bag_missing(teller->claims, withdrawn, &ids);
	for (i = 0; r == 0 && i + 64 < ids.len; i += 65)
		json_array_append_new(
		    list, json_stringn((const char *)ids.data + i, 64));
	buf_free(&ids);
	json_object_set_new(json, name, list);
	return r;
}

/* --- who ------------------------------------------------------------------ */

static void put_author(json_t *list, const struct bag_claim *claim)
{
	json_t *id = hex(claim->author.bytes), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (!json_equal(json_object_get(item, "author"), id))
			continue;
		json_decref(id);
		json_object_set_new(item, "entries",
		    json_integer(
			json_integer_value(json_object_get(item, "entries")) +
			1));
		return;
	}
	item = json_object();
	json_object_set_new(item, "author", id);
	json_object_set_new(item, "anchored", json_boolean(claim->anchored));
	json_object_set_new(item, "entries", json_integer(1));
	json_array_append_new(list, item);
}

static void put_totals(const struct bag_claims *claims, json_t *json)
{
	uint64_t attachments = 0, shown = 0, closed = 0, cosignatures = 0;
	json_t *authors = json_array();
	size_t i;

	for (i = 0; i < claims->count; i++) {
		put_author(authors, &claims->items[i]);
		attachments += claims->items[i].attachments;
		shown += claims->items[i].shown;
		closed += claims->items[i].closed;
		cosignatures += claims->items[i].cosigned_count;
	}
	json_object_set_new(json, "records", number(claims->count));
	json_object_set_new(json, "attachments", number(attachments));
	json_object_set_new(json, "shown", number(shown));
	json_object_set_new(json, "closed", number(closed));
	json_object_set_new(json, "cosignatures", number(cosignatures));
	json_object_set_new(json, "signed_by", authors);
}

json_t *verdict_json(
    const struct bag_verdict *verdict, const struct author_id *exporter_or_null)
{
	static const struct bag_claims none;
	const bool holds = verdict->reason == BAG_GOOD;
	const struct teller teller = {
	    .claims = holds ? &verdict->claims : &none,
	    .exporter = exporter_or_null,
	};
	json_t *json;

	content_json_begin();
	json = json_object();
	json_object_set_new(json, "holds", json_boolean(holds));
	json_object_set_new(
	    json, "self_vouched", json_boolean(verdict->self_vouched));
	json_object_set_new(
	    json, "reason", json_string(bag_reason_text(verdict->reason)));
	json_object_set_new(json, "file", json_string(verdict->file));
	put_totals(teller.claims, json);
	if (put_logs(&teller, json) == 0 && put_entries(&teller, json) == 0 &&
	    put_missing(&teller, false, "missing", json) == 0 &&
	    put_missing(&teller, true, "withdrawn_missing", json) == 0 &&
	    !content_json_lacked()) /* nothing may be missing in a verdict */
		return json;
	json_decref(json);
	return NULL;
}

/* --- reading it ----------------------------------------------------------- */

const char *verdict_field(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "";
}

long long verdict_number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

bool verdict_says(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}
