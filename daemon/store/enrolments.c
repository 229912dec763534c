/*
 * Enrolments: of each member the newest one of each organisation.
 *
 * Whom they make a partner is not stored but asked anew on every load
 * (partners.c), of the card and of the organisation as they are then. So trust
 * that rested on an enrolment ends by itself in the moment that its
 * organisation is removed, distrusted or must be compared again, that it is
 * ended, or that the card's keys are others than it names. An organisation
 * which is itself only enrolled vouches for nobody.
 *
 * A row is never deleted: its serial keeps older enrolments from coming back.
 */
#include <errno.h>
#include <string.h>

#include "daemon/store/enrolments.h"
#include "proto/format/sshsig.h"

struct row {
	uint64_t serial;
	bool ended;
	struct digest keys;
};

static struct span id_span(const struct author_id *id)
{
	return span_of(id->bytes, sizeof id->bytes);
}

static int load(struct database *database, const struct author_id *organisation,
    const struct author_id *member, struct row *ret_row)
{
	sqlite3_stmt *found = database_query(database, SQL_ENROLMENT_GET, "bb",
	    id_span(organisation), id_span(member));
	int r = database_step(found);
	struct span keys;

	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	memset(ret_row, 0, sizeof *ret_row);
	ret_row->serial = (uint64_t)database_column_int(found, 0);
	keys = database_column(found, 1);
	ret_row->ended = keys.len == 0;
	r = keys.len == 0 || keys.len == 32 ? 0 : -EIO;
	if (r == 0 && keys.len == 32)
		memcpy(ret_row->keys.bytes, keys.data, 32);
	database_done(found);
	return r;
}

/* May ${enrolment} take the place of ${old}? */
static int check_newer(const struct enrolment *enrolment, const struct row *old)
{
	if (enrolment->serial > old->serial)
		return 0;
	if (enrolment->serial < old->serial)
		return ENROLMENTS_E_OLD;
	if (enrolment->ended)
		return 0;
	return !old->ended &&
		       memcmp(enrolment->keys.bytes, old->keys.bytes, 32) == 0
		   ? 0
		   : ENROLMENTS_E_CONTRADICTS;
}

int enrolments_put(struct database *database, const struct enrolment *enrolment)
{
	struct span organisation = id_span(&enrolment->organisation);
	struct span member = id_span(&enrolment->member);
	int64_t serial = (int64_t)enrolment->serial;
	struct row old;
	int r;

	r = load(database, &enrolment->organisation, &enrolment->member, &old);
	if (r == 0)
		r = check_newer(enrolment, &old);
	else if (r == DATABASE_E_NONE)
		r = 0;
	if (r != 0)
		return r;
	return enrolment->ended ? database_run(database, SQL_ENROLMENT_PUT,
				      "bbin", organisation, member, serial)
				: database_run(database, SQL_ENROLMENT_PUT,
				      "bbib", organisation, member, serial,
				      span_of(enrolment->keys.bytes, 32));
}

int enrolments_vouch(
    struct database *database, const struct card *card, bool *ret_vouched)
{
	struct author_id member;
	struct digest keys;
	int64_t found = 0;
	int r;

	if (!card->has_organisation) {
		*ret_vouched = false;
		return 0;
	}
	sign_key_author(&card->author, &member);
	r = card_keys_digest(card, &keys);
	if (r == 0)
		r = database_number(database, SQL_ENROLMENT_VOUCHES, &found,
		    "bbb", id_span(&card->organisation), id_span(&member),
		    span_of(keys.bytes, 32));
	if (r == 0)
		*ret_vouched = found > 0;
	return r;
}

int enrolments_next_serial(struct database *database,
    const struct author_id *organisation, const struct author_id *member,
    uint64_t *ret_serial)
{
	struct row old = {.serial = 0};
	int r = load(database, organisation, member, &old);

	if (r != 0 && r != DATABASE_E_NONE)
		return r;
	if (old.serial >= FORMAT_INTEGER_MAX)
		return -ERANGE;
	*ret_serial = old.serial + 1;
	return 0;
}

int enrolments_suspend(struct database *database, int64_t partner)
{
	return database_run(database, SQL_ENROLMENT_SUSPEND, "i", partner);
}
