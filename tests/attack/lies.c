/*
 * Entries that are not what they say: each lie in a log of its own, brought as
 * part of the log and with a proof, and then the same log without the lie, so
 * that nothing but the lie can have been the reason.
 */
#include <stdio.h>
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/sshsig.h"
#include "tests/attack/attack.h"

/* --- in the entry, before it has its place in the log ------------------- */

static void by_another(struct scene *scene, struct forged *forged)
{
	forged->entry.author = scene->other.id;
	forge_sign(forged, &scene->self);
}

static void of_the_victim(struct scene *scene, struct forged *forged)
{
	sign_key_author(&scene->victim.author, &forged->entry.author);
	forge_sign(forged, &scene->self);
}

static void of_another_log(struct scene *scene, struct forged *forged)
{
	forged->entry.log.bytes[0] ^= 1;
	forge_sign(forged, &scene->self);
}

static void of_another_place(struct scene *scene, struct forged *forged)
{
	forged->entry.index ^= 4;
	forge_sign(forged, &scene->self);
}

static void of_another_content(struct scene *scene, struct forged *forged)
{
	forged->entry.content.payload.bytes[0] ^= 1;
	forge_sign(forged, &scene->self);
}

static void signed_by_another(struct scene *scene, struct forged *forged)
{
	forge_sign(forged, &scene->other);
}

static void signed_for_another_use(struct scene *scene, struct forged *forged)
{
	MUST(sshsig_sign(scene->self.seed, SSHSIG_NAMESPACE_BUNDLE,
		 buf_span(&forged->bytes), forged->signature.bytes) == 0);
}

static void signed_amiss(struct scene *scene, struct forged *forged)
{
	(void)scene;
	forged->signature.bytes[63] ^= 1;
}

static void signed_by_nobody(struct scene *scene, struct forged *forged)
{
	(void)scene;
	memset(forged->signature.bytes, 0, 64);
}

/* Its envelope is cut or goes on. */
static void cut_envelope(struct scene *scene, struct forged *forged)
{
	(void)scene;
	forged->envelope.len--;
}

static void long_envelope(struct scene *scene, struct forged *forged)
{
	uint8_t file_key[AGE_FILE_KEY_BYTES] = {1};

	MUST(age_header_build(
		 file_key, &scene->victim.bundle, 1, &forged->envelope) == 0);
}

static const struct {
	const char *name;
	void (*twist)(struct scene *scene, struct forged *forged);
} twists[] = {
    {"by-another-author", by_another},
    {"by-the-victim", of_the_victim},
    {"of-another-log", of_another_log},
    {"of-another-place", of_another_place},
    {"of-another-content", of_another_content},
    {"signed-by-another", signed_by_another},
    {"signed-for-another-use", signed_for_another_use},
    {"signed-amiss", signed_amiss},
    {"signed-by-nobody", signed_by_nobody},
    {"with-a-cut-envelope", cut_envelope},
    {"with-a-long-envelope", long_envelope},
};
#define TWISTS (sizeof twists / sizeof *twists)

static struct forged *some_entry(struct scene *scene, const struct forge *forge)
{
	const struct forge_order order = {
	    .fields = {"statement", "a lie"},
	    .to = &scene->victim.readers[0],
	};

	return forge_entry(forge, &order);
}

/* --- around the entry --------------------------------------------------- */

struct setting {
	struct scene *scene;
	struct forge *forge;
	struct forge_batch *batch;
	struct forge_proven *proven;
};

/* The checkpoint, in whichever of the two it stands. */
static struct buf *note_of(struct setting *setting)
{
	struct buf *note = setting->batch ? &setting->batch->note
					  : &setting->proven->proof.note;

	buf_free(note);
	return note;
}

static void put_note(struct setting *setting)
{
	if (setting->batch)
		setting->batch->message.checkpoint =
		    buf_span(&setting->batch->note);
	else
		forge_reprove(setting->proven, 0);
}

static void note_by_another(struct setting *setting)
{
	forge_note(
	    setting->forge, 3, &setting->scene->other, 0, note_of(setting));
	put_note(setting);
}

static void note_of_another_root(struct setting *setting)
{
	forge_note(
	    setting->forge, 3, &setting->scene->self, 1, note_of(setting));
	put_note(setting);
}

static void note_of_another_log(struct setting *setting)
{
	setting->forge->log.bytes[0] ^= 1;
	forge_note(
	    setting->forge, 3, &setting->scene->self, 0, note_of(setting));
	setting->forge->log.bytes[0] ^= 1;
	put_note(setting);
}

static void key_of_the_victim(struct setting *setting)
{
	if (setting->batch)
		setting->batch->message.author = setting->scene->victim.author;
	else
		setting->proven->message.author = setting->scene->victim.author;
}

static void key_of_another(struct setting *setting)
{
	if (setting->batch)
		setting->batch->message.author =
		    setting->scene->other.card.author;
	else
		setting->proven->message.author =
		    setting->scene->other.card.author;
}

static void another_payload(struct setting *setting)
{
	if (setting->batch)
		setting->batch->items[0].payload =
		    setting->batch->items[1].payload;
	else
		setting->proven->message.payload =
		    buf_span(&setting->forge->entries[1]->payload);
}

static void another_leaf(struct setting *setting)
{
	if (setting->batch)
		setting->batch->items[0].leaf.bytes[0] ^= 1;
	else
		setting->proven->proof.inclusion.hashes[0].bytes[0] ^= 1;
	if (setting->proven)
		forge_reprove(setting->proven, 0);
}

static void no_way_to_the_end(struct setting *setting)
{
	if (setting->batch)
		setting->batch->proof.hashes[0].bytes[0] ^= 1;
	else
		setting->proven->proof.inclusion.count--;
	if (setting->proven)
		forge_reprove(setting->proven, 0);
}

static void not_its_place(struct setting *setting)
{
	if (setting->batch)
		setting->batch->message.start = 1;
	else
		forge_reprove(setting->proven, 1);
}

static void no_signature(struct setting *setting)
{
	if (setting->batch)
		setting->batch->items[0].signature.len = 63;
	else
		memset(setting->proven->message.signature.bytes, 0xff, 64);
}

static const struct {
	const char *name;
	void (*spoil)(struct setting *setting);
} spoils[] = {
    {"a-checkpoint-by-another", note_by_another},
    {"a-checkpoint-of-another-root", note_of_another_root},
    {"a-checkpoint-of-another-log", note_of_another_log},
    {"under-the-victims-key", key_of_the_victim},
    {"under-the-key-of-another", key_of_another},
    {"another-payload", another_payload},
    {"another-leaf", another_leaf},
    {"no-way-to-the-end", no_way_to_the_end},
    {"not-its-place", not_its_place},
    {"no-signature", no_signature},
};
#define SPOILS (sizeof spoils / sizeof *spoils)

/* --- how they are brought ----------------------------------------------- */

/* Two entries and a leaf; the first entry may be a lie. */
static void make_log(struct scene *scene, struct forge *forge,
    const char *prefix, const char *name, size_t twist)
{
	struct forged *first;
	struct digest leaf = {{7}};
	char text[128];

	snprintf(text, sizeof text, "%s%s", prefix, name);
	forge_begin(forge, &scene->self, text);
	first = some_entry(scene, forge);
	if (twist < TWISTS)
		twists[twist].twist(scene, first);
	forge_append(forge, first);
	forge_append(forge, some_entry(scene, forge));
	forge_leaf(forge, &leaf);
}

static void bring(struct scene *scene, bool proven, struct forge *forge,
    size_t spoil, const char *name)
{
	struct setting setting = {.scene = scene, .forge = forge};
	struct forge_proven one;
	struct forge_batch batch;
	struct peer peer;

	MUST(meet(scene, &peer));
	if (proven) {
		forge_prove(forge, 0, 3, &one);
		setting.proven = &one;
	} else {
		forge_bring(forge, 0, 2, 3, &batch);
		setting.batch = &batch;
	}
	if (spoil < SPOILS)
		spoils[spoil].spoil(&setting);
	if (proven)
		peer_send(&peer, WIRE_SYNC_PROVEN, &one.message);
	else
		peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
	if (proven)
		forge_proven_free(&one);
	else
		forge_batch_free(&batch);
	settle(&peer, NULL, name);
}

/* The lie, and then what is no lie, so that it was the lie. */
static void bring_both(struct scene *scene, bool proven, const char *name,
    size_t twist, size_t spoil)
{
	const char *prefix = proven ? "proven " : "log ";
	struct forge forge;

	make_log(scene, &forge, prefix, name, twist);
	bring(scene, proven, &forge, spoil, name);
	forge_end(&forge);
	make_log(scene, &forge, prefix, name, TWISTS);
	bring(scene, proven, &forge, SPOILS, "the-truth");
	forge_end(&forge);
}

static void bring_all(struct scene *scene, bool proven)
{
	size_t i;

	for (i = 0; i < TWISTS; i++)
		bring_both(scene, proven, twists[i].name, i, SPOILS);
	for (i = 0; i < SPOILS; i++)
		bring_both(scene, proven, spoils[i].name, TWISTS, i);
}

/* Of somebody else, and true: but who brings it is no hub of the victim's. */
static void bring_foreign(struct scene *scene)
{
	struct digest leaf = {{7}};
	struct forge forge;

	forge_begin(&forge, &scene->other, "foreign");
	forge_append(&forge, some_entry(scene, &forge));
	forge_append(&forge, some_entry(scene, &forge));
	forge_leaf(&forge, &leaf);
	bring(scene, false, &forge, SPOILS, "the-log-of-another");
	forge_end(&forge);
}

void attack_entries(struct scene *scene)
{
	bring_all(scene, false);
	bring_foreign(scene);
}

void attack_proven(struct scene *scene)
{
	bring_all(scene, true);
}
