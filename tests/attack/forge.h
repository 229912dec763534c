/*
 * Logs, entries and checkpoints of whoever's seed is at hand: true ones, which
 * an attack then spoils.
 */
#ifndef EVIDENT_ATTACK_FORGE_H
#define EVIDENT_ATTACK_FORGE_H

#include "proto/format/merkle.h"
#include "proto/format/note.h"
#include "proto/wire/messages.h"
#include "tests/attack/persona.h"

#define FORGE_LEVELS 26 /* a log of up to 2^25 places */

struct forged {
	struct entry entry;
	struct buf bytes, payload, envelope, attachment;
	struct wire_signature signature;
	struct digest leaf;
};

struct forge {
	const struct persona *author;
	struct log_id log;
	uint64_t size;
	struct digest *nodes[FORGE_LEVELS];
	size_t room[FORGE_LEVELS];
	struct forged *entries[64]; /* of the first places; NULL: a leaf */
};

/* What an entry is to hold. */
struct forge_order {
	const char *kind;      /* NULL: testimony */
	const char *fields[8]; /* name, value, ..., NULL */
	const struct age_recipient *to;
	const struct entry_id *withdraws; /* ascending */
	size_t withdraw_count;
	size_t attachment; /* bytes of its one attachment, or 0 */
	size_t payload;    /* bytes of a payload that nobody can open, or 0 */
};

/* A log of ${author} named by a text. */
void forge_begin(
    struct forge *forge, const struct persona *author, const char *name);
void forge_end(struct forge *forge);
/* Make an entry for the next place. */
struct forged *forge_entry(
    const struct forge *forge, const struct forge_order *order);
void forged_free(struct forged *forged);
/* Build, hash and sign ${forged}'s entry anew, as ${author} does. */
void forge_sign(struct forged *forged, const struct persona *author);
/* The next place of the log; an entry is kept by the log from then on. */
void forge_append(struct forge *forge, struct forged *forged);
void forge_leaf(struct forge *forge, const struct digest *leaf);
void forge_random_leaves(struct forge *forge, size_t count);
/* The first ${size} places, signed by ${signer} for the log's author; ${twist}
 * is laid over the root. */
void forge_note(struct forge *forge, uint64_t size,
    const struct persona *signer, uint8_t twist, struct buf *out);
/* ${witness}'s line for such a text. */
void forge_cosign(struct span text, const struct persona *witness,
    uint64_t time, struct buf *out);
void forge_root(struct forge *forge, uint64_t size, struct digest *ret_root);

/* A batch of ${count} places from ${start} on, with the way to ${size}. The
 * caller may spoil it, and frees it. */
struct forge_batch {
	struct wire_sync_entries message;
	struct wire_sync_item *items;
	struct merkle_proof proof;
	struct buf note;
};
void forge_bring(struct forge *forge, uint64_t start, uint64_t count,
    uint64_t size, struct forge_batch *ret_batch);
void forge_batch_free(struct forge_batch *batch);
/* One entry with its proof, likewise. */
struct forge_proven {
	struct wire_sync_proven message;
	struct proof_parts {
		struct merkle_proof inclusion;
		struct buf note, bytes;
	} proof;
};
void forge_prove(struct forge *forge, uint64_t place, uint64_t size,
    struct forge_proven *ret_proven);
/* Once the note or the inclusion was spoilt: the proof again. */
void forge_reprove(struct forge_proven *proven, uint64_t index);
void forge_proven_free(struct forge_proven *proven);

#endif
