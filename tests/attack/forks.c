/*
 * A log told in two ways: by its author, who is the attacker, in every way it
 * can be told; and by an attacker who would have an honest author look like
 * one that does it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/attack/attack.h"

/* ${size} leaves that are the same in every log of a ${story} until
 * ${until}. */
static void tell(struct forge *forge, const struct persona *author,
    const char *name, uint64_t size, uint64_t until, uint8_t story)
{
	struct digest leaf;
	uint64_t i;

	forge_begin(forge, author, name);
	for (i = 0; i < size; i++) {
		memset(leaf.bytes, (int)i, sizeof leaf.bytes);
		leaf.bytes[31] = i < until ? 0 : story;
		forge_leaf(forge, &leaf);
	}
}

static void bring(struct scene *scene, struct forge *forge, uint64_t start,
    uint64_t count, const char *name)
{
	struct forge_batch batch;
	struct peer peer;

	MUST(meet(scene, &peer));
	forge_bring(forge, start, count, forge->size, &batch);
	peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
	forge_batch_free(&batch);
	settle(&peer, NULL, name);
}

static void offer(struct scene *scene, struct forge *forge, const char *name)
{
	struct peer peer;

	MUST(meet(scene, &peer));
	settle(&peer, forge, name);
}

/* Five places are there; then comes another story. */
static void begin(struct scene *scene, const char *name)
{
	struct forge first;

	tell(&first, &scene->self, name, 5, 5, 0);
	bring(scene, &first, 0, 5, "the-first-story");
	forge_end(&first);
}

static void prove_other(struct scene *scene)
{
	const struct forge_order order = {
	    .fields = {"statement", "another story"},
	    .to = &scene->victim.readers[0],
	};
	struct forge_proven proven;
	struct forge other;
	struct peer peer;

	begin(scene, "fork proven");
	tell(&other, &scene->self, "fork proven", 3, 3, 1);
	forge_append(&other, forge_entry(&other, &order));
	MUST(meet(scene, &peer));
	forge_prove(&other, 3, 4, &proven);
	peer_send(&peer, WIRE_SYNC_PROVEN, &proven.message);
	settle(&peer, NULL, "proven-at-a-place");
	forge_proven_free(&proven);
	forge_end(&other);
}

void attack_forks(struct scene *scene)
{
	struct forge other;

	begin(scene, "fork rewritten");
	tell(&other, &scene->self, "fork rewritten", 5, 3, 1);
	bring(scene, &other, 3, 2, "rewritten-at-a-place");
	forge_end(&other);
	begin(scene, "fork from the beginning");
	tell(&other, &scene->self, "fork from the beginning", 5, 0, 1);
	bring(scene, &other, 0, 5, "rewritten-from-the-beginning");
	forge_end(&other);
	begin(scene, "fork longer");
	tell(&other, &scene->self, "fork longer", 8, 3, 1);
	bring(scene, &other, 5, 3, "longer-by-another-way");
	forge_end(&other);
	begin(scene, "fork shorter");
	tell(&other, &scene->self, "fork shorter", 4, 3, 1);
	offer(scene, &other, "offered-shorter");
	forge_end(&other);
	begin(scene, "fork offered");
	tell(&other, &scene->self, "fork offered", 5, 3, 1);
	offer(scene, &other, "offered-as-long");
	forge_end(&other);
	prove_other(scene);
	begin(scene, "shrunk");
	tell(&other, &scene->self, "shrunk", 2, 2, 0);
	offer(scene, &other, "shrunk-but-the-same");
	forge_end(&other);
}

/* --- of an honest author, by its hub ------------------------------------ */

/* What the author signed, five places, with leaves that lead elsewhere. */
static void bring_falsely(
    struct scene *scene, uint64_t start, uint64_t count, const char *name)
{
	struct forge honest, other;
	struct forge_batch batch;
	struct peer peer;

	tell(&honest, &scene->other, "honest", 5, 5, 0);
	tell(&other, &scene->other, "honest", 5, 1, 1);
	MUST(meet(scene, &peer));
	forge_bring(&other, start, count, 5, &batch);
	buf_free(&batch.note);
	forge_note(&honest, 5, &scene->other, 0, &batch.note);
	batch.message.checkpoint = buf_span(&batch.note);
	peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
	forge_batch_free(&batch);
	settle(&peer, NULL, name);
	forge_end(&honest);
	forge_end(&other);
}

/* Of three places another root, and what the author signed of five. */
static void offer_falsely(struct scene *scene, const char *name)
{
	struct wire_sync_log log = {.size = 3};
	struct wire_sync_frontier frontier = {
	    .logs = {.items = &log, .count = 1}};
	struct buf note = {0};
	struct forge honest;
	struct peer peer;

	tell(&honest, &scene->other, "honest", 5, 5, 0);
	log.author = scene->other.card.author;
	log.log = honest.log;
	memset(log.root.bytes, 1, 32);
	forge_note(&honest, 5, &scene->other, 0, &note);
	log.checkpoint = buf_span(&note);
	MUST(meet(scene, &peer));
	peer_send(&peer, WIRE_SYNC_FRONTIER, &frontier);
	settle(&peer, NULL, name);
	buf_free(&note);
	forge_end(&honest);
}

void attack_framing(struct scene *scene)
{
	struct forge honest;

	tell(&honest, &scene->other, "honest", 3, 3, 0);
	bring(scene, &honest, 0, 3, "the-first-story");
	forge_end(&honest);
	bring_falsely(scene, 3, 2, "false-leaves-to-a-true-end");
	bring_falsely(scene, 1, 3, "false-leaves-within");
	offer_falsely(scene, "a-false-root-with-a-true-end");
	tell(&honest, &scene->other, "honest", 5, 5, 0);
	bring(scene, &honest, 3, 2, "the-truth");
	forge_end(&honest);
}

/* But what the author did sign twice is evidence, whoever shows it. */
void attack_true_fork(struct scene *scene)
{
	struct forge other;

	tell(&other, &scene->other, "honest", 4, 1, 1);
	offer(scene, &other, "signed-twice");
	forge_end(&other);
}
