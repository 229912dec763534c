/*
 * Partners: cards in, numbers compared.
 */
#include <errno.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control.h"
#include "proto/format/sshsig.h"

static void answer_added(
    struct request *request, int result, const struct card *card)
{
	switch (result) {
	case 0:
		node_tell_courier(request->store);
		control_done(request, json_pack("{s:s}", "name", card->name));
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
	default:
		control_fail_result(request, result);
	}
}

void control_partner_add(struct request *request)
{
	struct store *store = request->store;
	const char *why = "it is malformed";
	struct author_id author;
	struct card card;
	char text[160];
	int r;

	if (card_parse(request->ctl.blob, &card, &why) != 0) {
		snprintf(
		    text, sizeof text, "this card cannot be used: %s", why);
		control_fail(request, 1, text,
		    "nothing was changed; ask for the card again");
		return;
	}
	sign_key_author(&card.author, &author);
	if (memcmp(author.bytes, store->author.bytes, 32) == 0) {
		control_fail(request, 1, "this is the node's own card", NULL);
		return;
	}
	r = database_begin(store->database);
	if (r == 0)
		r = partners_put(store->database, &card, request->ctl.blob,
		    request->ctl.flags & CTL_FLAG_MIRROR);
	if (r == 0)
		r = database_commit(store->database);
	if (r != 0)
		database_rollback(store->database, r);
	answer_added(request, r, &card);
}

/* Find a partner by name, or answer that there is none. */
static bool find(struct request *request, struct partner *ret_partner)
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

	if (!find(request, &partner))
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

static json_t *describe(
    const struct store *store, const struct partner *partner)
{
	json_t *addresses = json_array();
	char author[65];
	size_t i;

	hex_encode(partner->author.bytes, 32, author);
	for (i = 0; i < partner->card.address_count; i++)
		json_array_append_new(
		    addresses, json_string(partner->card.addresses[i]));
	return json_pack("{s:s, s:s, s:b, s:b, s:i, s:o, s:s, s:I, s:I}",
	    "name", partner->card.name, "author", author, "compared",
	    partner->compared, "mirror", partner->mirror, "readers",
	    (int)partner->card.reader_count, "addresses", addresses, "proxy",
	    partners_proxy(partner), "limit",
	    (json_int_t)effective_rate(store, partner), "last_met",
	    (json_int_t)partner->met);
}

void control_partner_list(struct request *request)
{
	struct partner *partners = NULL;
	json_t *list = json_array();
	size_t i, count = 0;
	int r;

	r = partners_all(request->store->database, &partners, &count);
	for (i = 0; i < count; i++)
		json_array_append_new(
		    list, describe(request->store, &partners[i]));
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

	if (!find(request, &partner))
		return;
	r = partners_remove(request->store->database, partner.id);
	if (r == 0)
		r = node_tell_courier(request->store);
	if (r == 0)
		control_done(request, NULL);
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

	if (!find(request, &partner))
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

	if (!find(request, &partner))
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
