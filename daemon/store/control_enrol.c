/*
 * Organisations and their members.
 *
 *   card organisation   a device: for whom it works, by its own word
 *   enrol               an organisation: this device is mine, or is no more
 *   partner trust       anybody: whom this organisation enrols needs no
 *                       comparing here
 *
 * What an enrolment does once it is here, enrolments.c says.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/control.h"
#include "daemon/store/enrolments.h"
#include "daemon/store/withdraw.h"
#include "proto/format/sshsig.h"

static bool same_id(const struct author_id *a, const struct author_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void control_card_organisation(struct request *request)
{
	const bool named = request->ctl.text.len > 0;
	struct partner partner;
	char author[65] = "";
	int r;

	if (named && !control_partner_find(request, &partner))
		return;
	if (named && !partner.by_people) {
		control_fail(request, 1,
		    "this partner was not compared with its card",
		    "an organisation may speak for this device: first evident "
		    "partner compare NAME; nothing was changed");
		return;
	}
	r = node_set_organisation(
	    request->store, named ? &partner.author : NULL);
	if (r != 0 && r != -EALREADY) {
		control_fail_result(request, r);
		return;
	}
	withdraw_work(request->store, true); /* it may have withdrawn before */
	if (named)
		hex_encode(partner.author.bytes, 32, author);
	control_done(request,
	    json_pack("{s:s, s:b}", "organisation", author, "changed", r == 0));
}

/* --- enrol -------------------------------------------------------------- */

/* The card to be enrolled: 0, or 1 after answering why it cannot be. */
static int take_card(
    struct request *request, struct span *ret_bytes, struct card *ret_card)
{
	struct store *store = request->store;
	const char *why = "it is malformed";
	struct author_id author;
	struct span unused;
	char text[160];
	int r;

	enrolment_split(request->ctl.blob, ret_bytes, &unused);
	r = card_parse(*ret_bytes, ret_card, &why);
	if (r < 0) {
		control_fail_result(request, r);
		return 1;
	}
	if (r > 0) {
		snprintf(
		    text, sizeof text, "this card cannot be used: %s", why);
		control_fail(request, 1, text,
		    "nothing was changed; ask for the card again");
		return 1;
	}
	sign_key_author(&ret_card->author, &author);
	if (same_id(&author, &store->author)) {
		control_fail(request, 1, "this is the node's own card",
		    "nobody enrols itself; nothing was changed");
		return 1;
	}
	if (ret_card->has_organisation &&
	    same_id(&ret_card->organisation, &store->author))
		return 0;
	control_fail(request, 1,
	    "this card does not name this node as its organisation",
	    "on the device: evident card organisation NAME, then bring its new "
	    "card; nothing was changed");
	return 1;
}

static int ask_keeper(struct store *store, const struct wire_keeper_enrol *ask,
    struct buf *out_bytes)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_note answer;
	enum wire_code code;
	int r;

	r = channel_call(store->keeper, WIRE_KEEPER_ENROL, ask, NULL, 0,
	    WIRE_KEEPER_NOTE, &arena, &answer, &code);
	if (r == 0)
		r = buf_append_span(out_bytes, answer.note);
	wire_arena_free(&arena);
	return r > 0 ? -EACCES : r;
}

/* Sign it, and keep it: what was given out here counts here too, and its serial
 * is on disk before anybody sees it. */
static int make_enrolment(struct store *store, const struct card *card,
    bool end, struct buf *out_bytes, uint64_t *ret_serial)
{
	struct wire_keeper_enrol ask = {.ended = end};
	struct enrolment enrolment;
	size_t start = out_bytes->len;
	int r = 0;

	sign_key_author(&card->author, &ask.member);
	if (!end)
		r = card_keys_digest(card, &ask.keys);
	if (r == 0)
		r = enrolments_next_serial(
		    store->database, &store->author, &ask.member, &ask.serial);
	if (r == 0)
		r = ask_keeper(store, &ask, out_bytes);
	if (r == 0)
		r = enrolment_parse(
		    span_of(out_bytes->data + start, out_bytes->len - start),
		    &enrolment, NULL);
	if (r == 0)
		r = database_begin(store->database);
	if (r == 0)
		r = enrolments_put(store->database, &enrolment);
	if (r == 0)
		r = database_commit(store->database);
	if (r != 0)
		return database_rollback(store->database, r > 0 ? -EIO : r);
	*ret_serial = ask.serial;
	return 0;
}

void control_enrol(struct request *request)
{
	struct store *store = request->store;
	struct partner partner = {.by_people = false};
	struct author_id member;
	struct buf file = {0};
	struct span bytes;
	struct card card;
	uint64_t serial = 0;
	int r, differ = 1;

	if (take_card(request, &bytes, &card) != 0)
		return;
	r = buf_append_span(&file, bytes);
	if (r == 0)
		r = make_enrolment(store, &card,
		    request->ctl.flags & CTL_FLAG_END, &file, &serial);
	if (r == 0)
		r = node_tell_courier(store);
	sign_key_author(&card.author, &member);
	if (r == 0)
		r = partners_by_author(store->database, &member, &partner);
	if (r == 0)
		differ = card_keys_differ(&partner.card, &card);
	if (differ < 0)
		r = differ;
	if (r == 0 || r == DATABASE_E_NONE)
		control_done(
		    request, json_pack("{s:s%, s:s, s:I, s:b}", "card",
				 (const char *)file.data, file.len, "name",
				 card.name, "serial", (json_int_t)serial,
				 "compared", partner.by_people && !differ));
	else
		control_fail_result(request, r);
	buf_free(&file);
}

/* --- trust -------------------------------------------------------------- */

void control_partner_trust(struct request *request)
{
	struct store *store = request->store;
	const bool trusts = request->ctl.number != 0;
	struct partner partner;
	int r;

	if (!control_partner_find(request, &partner))
		return;
	if (trusts && !partner.by_people) {
		control_fail(request, 1,
		    "this partner was not compared with its card",
		    "who vouches for others must be compared by people: first "
		    "evident partner compare NAME; nothing was changed");
		return;
	}
	r = partners_set_trust(store->database, partner.id, trusts);
	if (r == 0)
		r = node_tell_courier(store);
	if (r == 0)
		control_done(request, json_pack("{s:b}", "trust", trusts));
	else
		control_fail_result(request, r);
}
