/*
 * Whom an attacker can be: keys made of a name, so that every run of the same
 * name is the same partner. No key here is of any use to anybody.
 */
#ifndef EVIDENT_ATTACK_PERSONA_H
#define EVIDENT_ATTACK_PERSONA_H

#include "proto/format/card.h"

struct persona {
	uint8_t seed[32], transport_seed[32];
	struct age_identity bundle, reader;
	struct author_id id;
	struct card card;
};

/* End the program with a line on standard error: what a test needs and does
 * not get is no finding. */
_Noreturn void persona_give_up(const char *why);
#define MUST(condition) \
	do { \
		if (!(condition)) \
			persona_give_up(#condition); \
	} while (0)

void persona_make(const char *name, struct persona *ret_persona);
/* The card file of one with another ${reader}, and with an ${address}, each if
 * not NULL. */
void persona_seal_card(const struct persona *persona, const char *reader,
    const char *address, struct buf *out);
/* A card file, as another node wrote it. */
void persona_read_card(const char *path, struct card *ret_card);

#endif
