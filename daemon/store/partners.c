/*
 * Partners are rows with their card as it came. The card's signature was
 * checked when it was taken in; it is parsed again on each load, so that a row
 * can never say something its bytes do not. Whether an enrolment vouches for it
 * is asked anew on each load, too (enrolments.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/enrolments.h"
#include "daemon/store/partners.h"
#include "proto/format/sshsig.h"

static int take_row(
    struct database *database, sqlite3_stmt *row, struct partner *ret_partner)
{
	struct span proxy;
	int r;

	memset(ret_partner, 0, sizeof *ret_partner);
	ret_partner->id = database_column_int(row, 0);
	r = card_parse(database_column(row, 1), &ret_partner->card, NULL);
	if (r != 0)
		return r < 0 ? r : -EIO;
	sign_key_author(&ret_partner->card.author, &ret_partner->author);
	ret_partner->by_people = database_column_int(row, 2);
	ret_partner->mirror = database_column_int(row, 3);
	ret_partner->removed = database_column_int(row, 4);
	proxy = database_column(row, 5);
	if (proxy.len >= sizeof ret_partner->proxy)
		return -EIO;
	if (proxy.len > 0)
		memcpy(ret_partner->proxy, proxy.data, proxy.len);
	ret_partner->rate = database_column_int(row, 6);
	ret_partner->met = database_column_int(row, 7);
	ret_partner->trusts = database_column_int(row, 8);
	ret_partner->compared = ret_partner->by_people;
	if (!ret_partner->compared && !ret_partner->removed)
		r = enrolments_vouch(
		    database, &ret_partner->card, &ret_partner->compared);
	return r > 0 ? -EIO : r;
}

static int take_only(
    struct database *database, sqlite3_stmt *row, struct partner *ret_partner)
{
	int r = database_step(row);

	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = take_row(database, row, ret_partner);
	database_done(row);
	return r;
}

int partners_by_name(
    struct database *database, struct span name, struct partner *ret_partner)
{
	return take_only(database,
	    database_query(database, SQL_PARTNER_BY_NAME, "t", name),
	    ret_partner);
}

int partners_by_author(struct database *database,
    const struct author_id *author, struct partner *ret_partner)
{
	return take_only(database,
	    database_query(database, SQL_PARTNER_BY_AUTHOR, "b",
		span_of(author->bytes, 32)),
	    ret_partner);
}

int partners_by_id(
    struct database *database, int64_t id, struct partner *ret_partner)
{
	return take_only(database,
	    database_query(database, SQL_PARTNER_BY_ID, "i", id), ret_partner);
}

int partners_towards(struct database *database, const struct author_id *author,
    int64_t source, struct partner *ret_partner)
{
	int r;

	r = partners_by_author(database, author, ret_partner);
	if (r < 0 || (r == 0 && ret_partner->compared && !ret_partner->removed))
		return r;
	r = source > 0 ? partners_by_id(database, source, ret_partner)
		       : DATABASE_E_NONE;
	if (r == 0 && (!ret_partner->compared || ret_partner->removed))
		r = DATABASE_E_NONE;
	return r;
}

int partners_all(
    struct database *database, struct partner **ret_partners, size_t *ret_count)
{
	sqlite3_stmt *row = database_query(database, SQL_PARTNER_ALL, "");
	struct partner *partners = NULL, *more;
	size_t count = 0;
	int r;

	while ((r = database_step(row)) == 1) {
		more = realloc(partners, (count + 1) * sizeof *partners);
		if (!more) {
			r = -ENOMEM;
			break;
		}
		partners = more;
		r = take_row(database, row, &partners[count]);
		if (r < 0)
			break;
		count++;
	}
	database_done(row);
	if (r < 0) {
		free(partners);
		return r;
	}
	*ret_partners = partners;
	*ret_count = count;
	return 0;
}

static int update(struct database *database, const struct partner *old,
    const struct card *card, struct span bytes, bool mirror)
{
	bool compared;
	int r;

	if (card->serial < old->card.serial && !old->removed)
		return PARTNERS_E_OLD_SERIAL;
	r = card_keys_differ(&old->card, card);
	if (r < 0)
		return r;
	compared = old->by_people && r == 0;
	r = database_run(database, SQL_PARTNER_UPDATE, "tbiiii",
	    span_text(card->name), bytes, (int64_t)card->serial,
	    (int64_t)compared, (int64_t)(mirror || old->mirror), old->id);
	if (r == 0)
		r = database_run(database, SQL_PARTNER_REVIVE, "i", old->id);
	return r;
}

/* The courier tells partners apart by their transport keys: nobody may put
 * another's on a card. */
static int check_transport(struct database *database, const struct card *card,
    const struct author_id *author)
{
	struct partner *partners = NULL;
	size_t i, count = 0;
	int r;

	r = partners_all(database, &partners, &count);
	for (i = 0; r == 0 && i < count; i++)
		if (memcmp(partners[i].card.transport.bytes,
			card->transport.bytes, 32) == 0 &&
		    memcmp(partners[i].author.bytes, author->bytes, 32) != 0)
			r = PARTNERS_E_TRANSPORT_TAKEN;
	free(partners);
	return r;
}

int partners_put(struct database *database, const struct card *card,
    struct span bytes, bool mirror)
{
	struct partner other, old;
	struct author_id author;
	int r;

	sign_key_author(&card->author, &author);
	r = partners_by_name(database, span_text(card->name), &other);
	if (r < 0)
		return r;
	if (r == 0 && memcmp(other.author.bytes, author.bytes, 32) != 0)
		return PARTNERS_E_NAME_TAKEN;
	r = check_transport(database, card, &author);
	if (r != 0)
		return r;
	r = partners_by_author(database, &author, &old);
	if (r < 0)
		return r;
	if (r == 0)
		return update(database, &old, card, bytes, mirror);
	return database_run(database, SQL_PARTNER_ADD, "btbii",
	    span_of(author.bytes, 32), span_text(card->name), bytes,
	    (int64_t)card->serial, (int64_t)mirror);
}

const char *partners_proxy(const struct partner *partner)
{
	size_t i;

	for (i = 0; i < partner->card.address_count && !partner->proxy[0]; i++)
		if (card_address_is_onion(partner->card.addresses[i]))
			return PARTNERS_TOR;
	return partner->proxy;
}

int partners_set_proxy(struct database *database, int64_t id, struct span proxy)
{
	return database_run(database, SQL_PARTNER_PROXY, "ti", proxy, id);
}

int partners_set_rate(struct database *database, int64_t id, int64_t rate)
{
	return database_run(database, SQL_PARTNER_RATE, "ii", rate, id);
}

int partners_set_compared(struct database *database, int64_t id)
{
	return database_run(database, SQL_PARTNER_COMPARED, "i", id);
}

int partners_set_trust(struct database *database, int64_t id, bool trusts)
{
	return database_run(
	    database, SQL_PARTNER_TRUST, "ii", (int64_t)trusts, id);
}

int partners_remove(struct database *database, int64_t id)
{
	int r = database_begin(database);

	if (r == 0)
		r = enrolments_suspend(database, id);
	if (r == 0)
		r = database_run(database, SQL_PARTNER_REMOVE, "i", id);
	if (r == 0)
		r = database_commit(database);
	return r < 0 ? database_rollback(database, r) : r;
}
