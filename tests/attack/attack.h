/*
 * What the attacks share: who attacks whom, and how a meeting goes. Each attack
 * prints one line a variant, `NAME OUTCOME`, and malicious_partner.sh says what
 * it must be.
 */
#ifndef EVIDENT_ATTACK_ATTACK_H
#define EVIDENT_ATTACK_ATTACK_H

#include "tests/attack/forge.h"
#include "tests/attack/peer.h"

struct scene {
	struct persona self;  /* whom the victim compared */
	struct persona other; /* whom it never heard of */
	struct card victim;
	uint16_t port;
	int argc; /* what else was given to the attack */
	char **argv;
};

/* What the victim's first turn showed to a partner that holds nothing. */
struct seen {
	struct entry_id wanted; /* a record: set before it is looked for */
	struct digest envelope; /* that the victim made of it for us */
	bool has_entry;
	struct wire_sync_log log; /* the victim's own */
	struct buf note;          /* what ${log} points into */
};

/* What was given to the attack at ${at}, as a number. */
uint64_t scene_number(struct scene *scene, int at);
/* A new meeting, up to our turn; false when the victim does not meet us. */
bool meet(struct scene *scene, struct peer *peer);
/* Say nothing but that we hold nothing, and hear all that the victim has. */
void meet_and_listen(struct scene *scene, struct peer *peer, struct seen *seen);
void seen_free(struct seen *seen);
/* End our turn with what we hold of ${forge}, or of nothing (NULL), hear the
 * victim out, and say how it ended: "heard", "refused CODE" or "cut". */
void settle(struct peer *peer, struct forge *forge, const char *name);
void say(const char *name, const char *outcome);
/* A cosignature of what the victim never wrote: it is heard, acknowledged, and
 * means nothing. ${note} is what ${ret_message} points into. */
void cosign_nothing(struct scene *scene, struct buf *note,
    struct wire_sync_cosign *ret_message);

void attack_entries(struct scene *scene);
void attack_proven(struct scene *scene);
void attack_forks(struct scene *scene);
void attack_framing(struct scene *scene);
void attack_true_fork(struct scene *scene);
void attack_cosign(struct scene *scene);
void attack_receipts(struct scene *scene);
void attack_receipt(struct scene *scene);
void attack_custody(struct scene *scene);
void attack_withdraw(struct scene *scene);
void attack_envelopes(struct scene *scene);
void attack_ballast(struct scene *scene);
void attack_names(struct scene *scene);
void attack_replay(struct scene *scene);
void attack_flood(struct scene *scene);
void attack_objects(struct scene *scene);
void attack_leaves(struct scene *scene);
void attack_logs(struct scene *scene);
void attack_records(struct scene *scene);
void attack_frames(struct scene *scene);
void attack_bombs(struct scene *scene);
void attack_trickle(struct scene *scene);
void attack_handshakes(struct scene *scene);
void attack_tarpits(struct scene *scene);
void attack_race(struct scene *scene);
void attack_serve(struct scene *scene);

#endif
