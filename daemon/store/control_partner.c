/*
 * Partners: cards in, numbers compared.
 *
 * A card may bring an enrolment along. It is taken in by itself: it counts
 * even where the card does not, for an organisation that takes its word back
 * must not be stopped by an old card.
 */
#include <errno.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control.h"
#include "daemon/store/withdraw.h"
#include "daemon/store/enrolments.h"
#include "proto/format/sshsig.h"

#define ADD_E_OTHER_KEYS 16 /* the enrolment is not for this card */

/* What came in, parsed and checked. */
struct added {
	struct author_id author;
	struct span bytes; /* of the card */
	struct card card;
	bool enrolled; /* an enrolment came along */
	struct enrolment enrolment;
	bool fits; /* and it is in force and for these keys, or there is none */
};

/* How a partner came to be trusted, in a word. */
static const char *trusted_by(const struct partner *partner)
{
	if (partner->by_people)
		return "people";
	return partner->compared ? "enrolled" : "";
}

static void answer_taken(struct request *request, const struct added *added)
{
	struct database *database = request->store->database;
	struct partner partner = {.compared = false};
	int r;

	node_tell_courier(request->store);
	withdraw_work(
	    request->store, true); /* a card may say for whom it works */
	r = partners_by_author(database, &added->author, &partner);
	if (r != 0 && r != DATABASE_E_NONE) {
		control_fail_result(request, r);
		return;
	}
	control_done(request,
	    json_pack("{s:s, s:b, s:s, s:b}", "name", added->card.name,
		"compared", partner.compared, "by", trusted_by(&partner),
		"ended", added->enrolment.ended));
}

static void answer_added(
    struct request *request, int result, const struct added *added)
{
	switch (result) {
	case 0:
		answer_taken(request, added);
		return;
	case PARTNERS_E_NAME_TAKEN:
		control_fail(request, 1,
		    "another partner has the name on this card",
		    "if the other one is gone: evident partner remove NAME");
		return;
	case PARTNERS_E_OLD_SERIAL:
		control_fail(request, 1,
		    "this card is older than the one already here", NULL);
		return;
	case PARTNERS_E_TRANSPORT_TAKEN:
		control_fail(request, 1,
		    "another partner has the transport key on this card",
		    "nothing was changed; one of the two cards is not genuine");
		return;
	case ENROLMENTS_E_OLD:
		control_fail(request, 1,
		    "this enrolment is older than the one already here",
		    "nothing was changed; ask the organisation for a new one");
		return;
	case ENROLMENTS_E_CONTRADICTS:
		control_fail(request, 1,
		    "this enrolment contradicts the one already here",
		    "nothing was changed; ask the organisation for a new one");
		return;
	case ADD_E_OTHER_KEYS:
		control_fail(request, 1,
		    "this enrolment is for other keys than those on the card",
		    "the card was not taken; ask the device for the card that "
		    "the organisation enrolled");
		return;
	default:
		control_fail_result(request, result);
	}
}

/* Whether it can be used is not known where ${result} is an -errno. */
static void refuse_file(
    struct request *request, int result, const char *what, const char *why)
{
	char text[160];

	if (result < 0) {
		control_fail_result(request, result);
		return;
	}
	snprintf(text, sizeof text, "this %s cannot be used: %s", what, why);
	control_fail(
	    request, 1, text, "nothing was changed; ask for the card again");
}

/* Parse and check what a person gave: 0, or 1 after answering what is wrong
 * with it. */
static int take_file(struct request *request, struct added *ret_added)
{
	struct enrolment *enrolment = &ret_added->enrolment;
	const char *why = "it is malformed";
	struct digest keys;
	struct span rest;
	int r;

	enrolment_split(request->ctl.blob, &ret_added->bytes, &rest);
	r = card_parse(ret_added->bytes, &ret_added->card, &why);
	if (r != 0) {
		refuse_file(request, r, "card", why);
		return 1;
	}
	sign_key_author(&ret_added->card.author, &ret_added->author);
	ret_added->enrolled = rest.len > 0;
	ret_added->fits = true;
	if (!ret_added->enrolled)
		return 0;
	r = enrolment_parse(rest, enrolment, &why);
	if (r != 0) {
		refuse_file(request, r, "enrolment", why);
		return 1;
	}
	r = enrolment_check_card(enrolment, &ret_added->card);
	if (r != 0) {
		refuse_file(request, r, "enrolment",
		    "it is of another device, or by another organisation than "
		    "the card names");
		return 1;
	}
	r = card_keys_digest(&ret_added->card, &keys);
	if (r != 0) {
		control_fail_result(request, r);
		return 1;
	}
	ret_added->fits = !enrolment->ended &&
			  memcmp(keys.bytes, enrolment->keys.bytes, 32) == 0;
	return 0;
}

/* In a transaction. Positive outcomes are refusals of the card; *ret_keep tells
 * whether an enrolment was taken in all the same. */
static int put(
    struct request *request, const struct added *added, bool *ret_keep)
{
	struct database *database = request->store->database;
	struct partner known;
	int r = 0;

	*ret_keep = false;
	if (added->enrolled)
		r = enrolments_put(database, &added->enrolment);
	if (r != 0)
		return r;
	r = partners_by_author(database, &added->author, &known);
	if (r < 0)
		return r;
	*ret_keep = added->enrolled &&
		    (added->enrolment.ended || (r == 0 && !known.removed));
	if (added->enrolment.ended)
		return 0;
	return added->fits ? partners_put(database, &added->card, added->bytes,
				 request->ctl.flags & CTL_FLAG_MIRROR)
			   : ADD_E_OTHER_KEYS;
}

void control_partner_add(struct request *request)
{
	struct store *store = request->store;
	struct added added;
	bool keep = false;
	int r;

	memset(&added, 0, sizeof added);
	if (take_file(request, &added) != 0)
		return;
	if (memcmp(added.author.bytes, store->author.bytes, 32) == 0) {
		control_fail(request, 1, "this is the node's own card", NULL);
		return;
	}
	r = database_begin(store->database);
	if (r == 0)
		r = put(request, &added, &keep);
	if (r == 0 || (r > 0 && keep)) {
		int committed = database_commit(store->database);

		r = committed == 0 ? r : committed;
	}
	if (r != 0)
		database_rollback(store->database, r);
	if (r > 0 && keep)
		node_tell_courier(store);
	answer_added(request, r, &added);
}

bool control_partner_find(struct request *request, struct partner *ret_partner)
{
	int r = partners_by_name(
	    request->store->database, request->ctl.text, ret_partner);

	if (r == DATABASE_E_NONE)
		control_fail(request, 1, "there is no partner of this name",
		    "evident partner list shows them");
	else if (r != 0)
		control_fail_result(request, r);
	return r == 0;
}

/* Digits only: people type groups with or without spaces. */
static size_t only_digits(struct span text, char *out, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < text.len && len < size; i++) {
		if (text.data[i] == ' ')
			continue;
		out[len++] = (char)text.data[i];
	}
	return len;
}

static bool same_number(const char *number, struct span given)
{
	char a[CARD_NUMBER_TEXT], b[CARD_NUMBER_TEXT];
	size_t x = only_digits(span_text(number), a, sizeof a);
	size_t y = only_digits(given, b, sizeof b);

	return x == y && memcmp(a, b, x) == 0;
}

void control_partner_compare(struct request *request)
{
	struct store *store = request->store;
	char number[CARD_NUMBER_TEXT];
	struct partner partner;
	struct buf file = {0};
	struct card own;
	int r;

	if (!control_partner_find(request, &partner))
		return;
	r = node_card(store, &file, &own);
	buf_free(&file);
	if (r == 0)
		r = card_number(&own, &partner.card, number);
	if (r != 0) {
		control_fail_result(request, r);
		return;
	}
	if (request->ctl.names.count == 0) {
		control_done(request, json_pack("{s:s}", "number", number));
		return;
	}
	if (!same_number(number, request->ctl.names.items[0])) {
		control_fail(request, 1,
		    "this is not the number of these two "
		    "cards",
		    "if the other screen shows it, one of the cards is not "
		    "genuine: do not go on; nothing was changed");
		return;
	}
	r = partners_set_compared(store->database, partner.id);
	if (r == 0)
		r = node_tell_courier(store);
	if (r == 0)
		control_done(request, json_pack("{s:b}", "compared", 1));
	else
		control_fail_result(request, r);
}

static int64_t effective_rate(
    const struct store *store, const struct partner *partner)
{
	return partner->rate < 0 ? (int64_t)store->service.settings.rate
				 : partner->rate;
}

static int describe(
    const struct store *store, const struct partner *partner, json_t *list)
{
	json_t *addresses = json_array(), *json;
	char author[65];
	size_t i;
	int r;

	hex_encode(partner->author.bytes, 32, author);
	for (i = 0; i < partner->card.address_count; i++)
		json_array_append_new(
		    addresses, json_string(partner->card.addresses[i]));
	json = json_pack("{s:s, s:s, s:b, s:s, s:b, s:b, s:i, s:o, s:s, s:I, "
			 "s:I}",
	    "name", partner->card.name, "author", author, "compared",
	    partner->compared, "by", trusted_by(partner), "trust",
	    partner->trusts, "mirror", partner->mirror, "readers",
	    (int)partner->card.reader_count, "addresses", addresses, "proxy",
	    partners_proxy(partner), "limit",
	    (json_int_t)effective_rate(store, partner), "last_met",
	    (json_int_t)partner->met);
	r = control_quota_describe(store->database, partner->id, json);
	json_array_append_new(list, json);
	return r;
}

void control_partner_list(struct request *request)
{
	struct partner *partners = NULL;
	json_t *list = json_array();
	size_t i, count = 0;
	int r;

	r = partners_all(request->store->database, &partners, &count);
	for (i = 0; r == 0 && i < count; i++)
		r = describe(request->store, &partners[i], list);
	free(partners);
	if (r == 0) {
		control_done(request, json_pack("{s:o}", "partners", list));
		return;
	}
	json_decref(list);
	control_fail_result(request, r);
}

void control_partner_remove(struct request *request)
{
	struct partner partner;
	int r;

	if (!control_partner_find(request, &partner))
		return;
	r = partners_remove(request->store->database, partner.id);
	if (r == 0)
		r = node_tell_courier(request->store);
	if (r == 0)
		control_done_empty(request);
	else
		control_fail_result(request, r);
}

/* A number and a port: a name would have to be looked up. */
static bool is_proxy(struct span text)
{
	char address[CARD_ADDRESS_MAX] = {0};
	struct sockaddr_storage parsed;
	int len = sizeof parsed;

	if (!card_address_is_valid(text))
		return false;
	memcpy(address, text.data, text.len);
	return evutil_parse_sockaddr_port(
		   address, (struct sockaddr *)&parsed, &len) == 0;
}

void control_partner_proxy(struct request *request)
{
	struct store *store = request->store;
	struct span proxy = span_of("", 0);
	struct partner partner;
	int r;

	if (!control_partner_find(request, &partner))
		return;
	if (request->ctl.names.count == 1)
		proxy = request->ctl.names.items[0];
	if (span_equal(proxy, span_text("none")))
		proxy.len = 0;
	else if (!is_proxy(proxy)) {
		control_fail(request, 2,
		    "a proxy is an IP address and a port, or none",
		    "nothing was changed; Tor's is " PARTNERS_TOR);
		return;
	}
	r = partners_set_proxy(store->database, partner.id, proxy);
	if (r == 0)
		r = partners_by_id(store->database, partner.id, &partner);
	if (r == 0)
		r = node_tell_courier(store);
	if (r == 0)
		control_done(request,
		    json_pack("{s:s}", "proxy", partners_proxy(&partner)));
	else
		control_fail_result(request, r);
}

/* KiB a second, none, or default: bytes a second as they are stored. */
static int read_rate(struct span text, int64_t *ret_rate)
{
	uint64_t kib;

	if (span_equal(text, span_text("none")))
		*ret_rate = 0;
	else if (span_equal(text, span_text("default")))
		*ret_rate = -1;
	else if (decimal_decode(text, &kib) != 0 || kib < 1 ||
		 kib > UINT32_MAX / 1024)
		return FORMAT_E_MALFORMED;
	else
		*ret_rate = (int64_t)kib * 1024;
	return 0;
}

void control_partner_limit(struct request *request)
{
	struct store *store = request->store;
	struct partner partner;
	int64_t rate = 0;
	int r;

	if (!control_partner_find(request, &partner))
		return;
	if (request->ctl.names.count != 1 ||
	    read_rate(request->ctl.names.items[0], &rate) != 0) {
		control_fail(request, 2,
		    "a limit is a number of KiB a second, from 1 to 4194303, "
		    "none, or default",
		    "nothing was changed");
		return;
	}
	r = partners_set_rate(store->database, partner.id, rate);
	if (r == 0)
		r = partners_by_id(store->database, partner.id, &partner);
	if (r == 0)
		r = node_tell_courier(store);
	if (r == 0)
		control_done(
		    request, json_pack("{s:I}", "limit",
				 (json_int_t)effective_rate(store, &partner)));
	else
		control_fail_result(request, r);
}
