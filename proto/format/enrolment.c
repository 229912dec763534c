/*
 * Enrolments (FORMAT.md, 9.1). One spelling, as with cards: what parses is
 * built again and compared.
 *
 * The armour carries the key of who signed, and the text the author id it must
 * hash to, so an enrolment is checked without knowing the organisation. What it
 * is worth, whoever trusts the organisation decides
 * (daemon/store/enrolments.c).
 */
#include <string.h>

#include "proto/format/enrolment.h"
#include "proto/format/lines.h"
#include "proto/format/sshsig.h"
#include "proto/format/version.h"

#define FORMAT "evident enrolment"
#define CARD_END "-----END SSH SIGNATURE-----\n"

static int put_hash(struct buf *out, const char *word, const uint8_t bytes[32])
{
	int r = buf_append_text(out, word);

	if (r == 0)
		r = buf_append_hex(out, bytes, 32);
	return r == 0 ? buf_append_text(out, "\n") : r;
}

int enrolment_build(const struct enrolment *enrolment, struct buf *out)
{
	size_t start = out->len;
	int r;

	if (enrolment->serial > FORMAT_INTEGER_MAX)
		return FORMAT_E_MALFORMED;
	r = buf_append_text(out, FORMAT " v1\n");
	if (r == 0)
		r = put_hash(
		    out, "organisation ", enrolment->organisation.bytes);
	if (r == 0)
		r = put_hash(out, "member ", enrolment->member.bytes);
	if (r == 0)
		r = buf_printf(out, "serial %llu\n",
		    (unsigned long long)enrolment->serial);
	if (r == 0 && enrolment->ended)
		r = buf_append_text(out, "keys none\n");
	else if (r == 0)
		r = put_hash(out, "keys ", enrolment->keys.bytes);
	if (r != 0)
		out->len = start;
	return r;
}

int enrolment_seal(const struct enrolment *enrolment,
    const struct sign_key *key, const uint8_t signature[64], struct buf *out)
{
	size_t start = out->len;
	int r = enrolment_build(enrolment, out);

	if (r == 0)
		r = sshsig_armour(
		    key, SSHSIG_NAMESPACE_ENROLMENT, signature, out);
	if (r != 0)
		out->len = start;
	return r;
}

static int take_hash(
    struct lines *lines, const char *word, uint8_t ret_bytes[32])
{
	struct span value;
	int r = lines_expect(lines, word, &value);

	return r == 0 ? hex_decode(value, ret_bytes, 32) : r;
}

static int take_keys(struct lines *lines, struct enrolment *enrolment)
{
	struct span value;
	int r = lines_expect(lines, "keys", &value);

	if (r != 0)
		return r;
	enrolment->ended = span_equal(value, span_text("none"));
	return enrolment->ended ? 0
				: hex_decode(value, enrolment->keys.bytes, 32);
}

static int take_text(struct lines *lines, struct enrolment *enrolment)
{
	struct span value;
	int r = version_take(lines, FORMAT);

	if (r == 0)
		r = take_hash(
		    lines, "organisation", enrolment->organisation.bytes);
	if (r == 0)
		r = take_hash(lines, "member", enrolment->member.bytes);
	if (r == 0)
		r = lines_expect(lines, "serial", &value);
	if (r == 0)
		r = decimal_decode(value, &enrolment->serial);
	return r == 0 ? take_keys(lines, enrolment) : r;
}

static int wrong(const char **ret_why, const char *why, int result)
{
	if (ret_why)
		*ret_why = why;
	return result;
}

static int check_signature(const struct enrolment *enrolment, struct span text,
    struct span armour, const char **ret_why)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	struct author_id author;
	struct sign_key key;
	int r;

	r = sshsig_dearmour(
	    armour, SSHSIG_NAMESPACE_ENROLMENT, &key, signature);
	if (r > 0)
		return wrong(
		    ret_why, "the enrolment's signature is malformed", r);
	if (r < 0)
		return r;
	sign_key_author(&key, &author);
	if (memcmp(author.bytes, enrolment->organisation.bytes,
		sizeof author.bytes) != 0)
		return wrong(ret_why,
		    "the enrolment is not signed by the organisation it names",
		    FORMAT_E_MISMATCH);
	r = sshsig_verify(&key, SSHSIG_NAMESPACE_ENROLMENT, text, signature);
	return r > 0 ? wrong(ret_why, "the enrolment's signature does not hold",
			   r)
		     : r;
}

static const char *why_not(int r)
{
	return r == FORMAT_E_UNKNOWN ? "the enrolment is of a version this "
				       "program does not know"
				     : "a line of the enrolment is malformed";
}

int enrolment_parse(
    struct span bytes, struct enrolment *ret_enrolment, const char **ret_why)
{
	struct enrolment enrolment;
	struct buf again = {0};
	struct lines lines;
	struct span text;
	int r;

	memset(&enrolment, 0, sizeof enrolment);
	if (bytes.len > ENROLMENT_BYTES_MAX)
		return wrong(
		    ret_why, "the enrolment is too long", FORMAT_E_MALFORMED);
	lines_begin(&lines, bytes);
	r = take_text(&lines, &enrolment);
	if (r != 0)
		return r < 0 ? r : wrong(ret_why, why_not(r), r);
	text = span_of(bytes.data, bytes.len - lines.rest.len);
	r = enrolment_build(&enrolment, &again);
	if (r == 0 && !span_equal(buf_span(&again), text))
		r = wrong(ret_why, "the enrolment has another spelling",
		    FORMAT_E_MALFORMED);
	if (r == 0)
		r = check_signature(&enrolment, text, lines.rest, ret_why);
	buf_free(&again);
	if (r == 0)
		*ret_enrolment = enrolment;
	return r;
}

void enrolment_split(
    struct span file, struct span *ret_card, struct span *ret_enrolment)
{
	const size_t len = sizeof CARD_END - 1;
	const uint8_t *end;

	*ret_card = *ret_enrolment = file;
	if (file.len == 0)
		return;
	/* A card has one armour, and no line of its text can look like this. */
	end = memmem(file.data, file.len, CARD_END, len);
	if (end)
		ret_card->len = (size_t)(end - file.data) + len;
	*ret_enrolment =
	    span_of(file.data + ret_card->len, file.len - ret_card->len);
}

int enrolment_check_card(
    const struct enrolment *enrolment, const struct card *card)
{
	struct author_id author;

	sign_key_author(&card->author, &author);
	if (!card->has_organisation ||
	    memcmp(card->organisation.bytes, enrolment->organisation.bytes,
		32) != 0 ||
	    memcmp(author.bytes, enrolment->member.bytes, 32) != 0)
		return FORMAT_E_MISMATCH;
	return 0;
}
