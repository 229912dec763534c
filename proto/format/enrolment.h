/*
 * Enrolments: an organisation's word that a device is its own (FORMAT.md, 9.1).
 */
#ifndef EVIDENT_FORMAT_ENROLMENT_H
#define EVIDENT_FORMAT_ENROLMENT_H

#include "proto/format/card.h"

#define ENROLMENT_BYTES_MAX 1024
#define ENROLLED_CARD_BYTES_MAX (CARD_BYTES_MAX + ENROLMENT_BYTES_MAX)

struct enrolment {
	struct author_id organisation; /* who signs */
	struct author_id member;       /* the device */
	uint64_t serial;               /* of several the highest counts */
	bool ended;                    /* it is the organisation's no more */
	struct digest keys;            /* card_keys_digest(), unless ended */
};

/* Append the text that is signed. FORMAT_E_MALFORMED, nothing appended, for a
 * serial that is no number. */
int enrolment_build(const struct enrolment *enrolment, struct buf *out);
/* Append text and armoured signature by ${key}, the organisation's. */
int enrolment_seal(const struct enrolment *enrolment,
    const struct sign_key *key, const uint8_t signature[64], struct buf *out);
/* Parse all of ${bytes} and check that the organisation it names signed it.
 * FORMAT_E_MALFORMED; FORMAT_E_MISMATCH for a signature that does not hold or
 * is another's; FORMAT_E_UNKNOWN for a later version; ${ret_why}, if not NULL,
 * gets a static text. */
int enrolment_parse(
    struct span bytes, struct enrolment *ret_enrolment, const char **ret_why);
/* Part a card file from the enrolment behind it, which is empty if there is
 * none. Neither is looked at. */
void enrolment_split(
    struct span file, struct span *ret_card, struct span *ret_enrolment);
/* 0 if ${enrolment} is of the card's device, by the organisation which the card
 * names; else FORMAT_E_MISMATCH. Whether it is of these keys, the caller holds
 * against card_keys_digest(). */
int enrolment_check_card(
    const struct enrolment *enrolment, const struct card *card);

#endif
