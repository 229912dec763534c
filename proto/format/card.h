/*
 * Cards: how partners know each other (FORMAT.md, Card), and the number that
 * two people compare.
 */
#ifndef EVIDENT_FORMAT_CARD_H
#define EVIDENT_FORMAT_CARD_H

#include "proto/format/age.h"
#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define CARD_NAME_MAX 64
#define CARD_READERS_MAX 16
#define CARD_ADDRESSES_MAX 8
#define CARD_ADDRESS_MAX 128
#define CARD_BYTES_MAX 8192
#define CARD_NUMBER_TEXT 72 /* 12 groups of 5 digits, spaces, NUL */

struct card {
	char name[CARD_NAME_MAX + 1]; /* [A-Za-z0-9][A-Za-z0-9._-]* */
	uint64_t serial;
	struct sign_key author;
	struct sign_key transport;
	struct age_recipient bundle;
	bool has_organisation;
	struct author_id organisation; /* may withdraw and revoke for it */
	size_t reader_count;
	struct age_recipient readers[CARD_READERS_MAX]; /* ascending as text */
	size_t address_count;
	char addresses[CARD_ADDRESSES_MAX][CARD_ADDRESS_MAX]; /* ascending */
};

bool card_name_is_valid(struct span name);
/* NAME:PORT or [IPv6]:PORT. A name is labels of letters, digits and inner
 * hyphens joined by dots (an onion name and IPv4 too); port 1..65535. */
bool card_address_is_valid(struct span address);
/* Whether a valid address is one of Tor's (RFC 7686). */
bool card_address_is_onion(const char *address);
/* Append the text that is signed. FORMAT_E_MALFORMED, nothing appended, for a
 * card that breaks a rule (bad name, unsorted list, author equal to transport
 * ...). */
int card_build(const struct card *card, struct buf *out);
/* Append text and armoured signature: the card as a file. */
int card_seal(
    const struct card *card, const uint8_t signature[64], struct buf *out);
/* Parse a card file and check grammar, keys and signature.
 * FORMAT_E_MALFORMED; FORMAT_E_MISMATCH for an unsafe key or a signature that
 * does not hold; FORMAT_E_UNKNOWN for a later version; ${ret_why}, if not NULL,
 * gets a static text. */
int card_parse(struct span bytes, struct card *ret_card, const char **ret_why);
/* 1 if any key (author, transport, bundle, readers) or the organisation
 * differs, 0 if none does, or an -errno when that could not be told. */
int card_keys_differ(const struct card *a, const struct card *b);
/* SHA-256 of those lines: what an enrolment names. */
int card_keys_digest(const struct card *card, struct digest *ret_digest);
/* The number both people compare; the same whichever card is given first. */
int card_number(const struct card *a, const struct card *b,
    char ret_number[CARD_NUMBER_TEXT]);

#endif
