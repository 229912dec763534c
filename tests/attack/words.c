/*
 * False words about the victim's records: that a log was seen, that a record
 * arrived, was opened, erased or is taken back.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attack/attack.h"

/* --- cosignatures ------------------------------------------------------- */

enum {
	SEEN_BY_ANOTHER,
	SIGNED_AMISS,
	OF_ANOTHER_ROOT,
	OF_TWO,
	OF_NO_TIME,
	OF_AN_UNKNOWN_LOG,
	OF_NOBODY,
	COSIGN_LIES,
};

static void cosign_text(const struct seen *seen, struct buf *out, int lie)
{
	struct note note;

	MUST(note_parse(buf_span(&seen->note), &note) == 0);
	MUST(buf_append_span(out, note.text) == 0);
	note_free(&note);
	if (lie == OF_ANOTHER_ROOT) /* a digit of the root, in base64 */
		out->data[out->len - 10] ^= 1;
}

static void cosign(struct scene *scene, int lie, const char *name)
{
	struct wire_sync_cosign message;
	struct buf text = {0}, note = {0};
	struct seen seen = {.has_entry = false};
	struct peer peer;

	meet_and_listen(scene, &peer, &seen);
	MUST(seen.note.len > 0);
	cosign_text(&seen, &text, lie);
	MUST(note_begin(buf_span(&text), &note) == 0);
	if (lie == SEEN_BY_ANOTHER || lie == OF_TWO)
		forge_cosign(buf_span(&text), &scene->other, 7, &note);
	if (lie == OF_NO_TIME)
		forge_cosign(buf_span(&text), &scene->self, UINT64_MAX, &note);
	else if (lie == SIGNED_AMISS) /* signed is something else */
		forge_cosign(span_text("x"), &scene->self, 7, &note);
	else if (lie != SEEN_BY_ANOTHER && lie != OF_NOBODY)
		forge_cosign(buf_span(&text), &scene->self, 7, &note);
	message.author = seen.log.author;
	message.log = seen.log.log;
	if (lie == OF_AN_UNKNOWN_LOG)
		message.log.bytes[0] ^= 1;
	message.note = buf_span(&note);
	peer_send(&peer, WIRE_SYNC_COSIGN, &message);
	settle(&peer, NULL, name);
	buf_free(&text);
	buf_free(&note);
	seen_free(&seen);
}

void attack_cosign(struct scene *scene)
{
	static const char *const names[] = {"seen-by-another", "signed-amiss",
	    "of-another-root", "of-two", "of-no-time", "of-an-unknown-log",
	    "of-nobody"};
	int lie;

	if (scene->argc > 0)
		cosign(scene, COSIGN_LIES, "the-truth");
	for (lie = 0; scene->argc == 0 && lie < COSIGN_LIES; lie++)
		cosign(scene, lie, names[lie]);
}

/* --- receipts ----------------------------------------------------------- */

/* One entry to the victim's own key, alone in a log of ${author}, brought with
 * its proof. */
static void bring_word(struct peer *peer, const struct persona *author,
    const char *log, const struct forge_order *order, const char *name)
{
	struct forge_proven proven;
	struct forge forge;

	forge_begin(&forge, author, log);
	forge_append(&forge, forge_entry(&forge, order));
	forge_prove(&forge, 0, 1, &proven);
	peer_send(peer, WIRE_SYNC_PROVEN, &proven.message);
	settle(peer, NULL, name);
	forge_proven_free(&proven);
	forge_end(&forge);
}

static void receipt(struct scene *scene, const char *name)
{
	struct forge_order order = {
	    .kind = "received", .to = &scene->victim.bundle};
	const struct persona *author = &scene->self;
	char id[65], hash[65], line[132];
	struct seen seen = {.has_entry = false};
	struct peer peer;

	MUST(scene->argc > 0 &&
	     hex_decode(span_text(scene->argv[0]), seen.wanted.bytes, 32) == 0);
	meet_and_listen(scene, &peer, &seen);
	MUST(seen.has_entry);
	if (strcmp(name, "by-another") == 0)
		author = &scene->other;
	if (strcmp(name, "for-another-envelope") == 0)
		seen.envelope.bytes[0] ^= 1;
	if (strcmp(name, "for-no-record") == 0)
		seen.wanted.bytes[0] ^= 1;
	if (strcmp(name, "for-what-it-never-had") == 0)
		MUST(scene->argc > 1 && hex_decode(span_text(scene->argv[1]),
					    seen.wanted.bytes, 32) == 0);
	hex_encode(seen.wanted.bytes, 32, id);
	hex_encode(seen.envelope.bytes, 32, hash);
	snprintf(line, sizeof line, "%s %s", id, hash);
	order.fields[0] = "record";
	order.fields[1] = line;
	bring_word(&peer, author, name, &order, name);
	seen_free(&seen);
}

void attack_receipts(struct scene *scene)
{
	receipt(scene, "by-another");
	receipt(scene, "for-another-envelope");
	receipt(scene, "for-no-record");
	receipt(scene, "for-what-it-never-had");
}

void attack_receipt(struct scene *scene)
{
	receipt(scene, "the-truth");
}

/* --- what was done ------------------------------------------------------ */

static void tell(struct scene *scene, const struct persona *author,
    const char *kind, const char *subject, const char *name)
{
	const struct forge_order order = {
	    .kind = kind,
	    .fields = {"subject", subject},
	    .to = &scene->victim.bundle,
	};
	struct peer peer;
	char log[128];

	snprintf(log, sizeof log, "%s %s", name, subject);
	MUST(meet(scene, &peer));
	bring_word(&peer, author, log, &order, name);
}

/* Of the record that was given: by itself, and by whom nobody knows. */
void attack_custody(struct scene *scene)
{
	MUST(scene->argc > 0);
	tell(scene, &scene->self, "erased", scene->argv[0], "erased");
	tell(scene, &scene->other, "erased", scene->argv[0],
	    "erased-by-another");
	tell(scene, &scene->self, "opened", scene->argv[0], "opened");
	tell(scene, &scene->other, "exported", scene->argv[0],
	    "exported-by-another");
}

/* --- taking back -------------------------------------------------------- */

static void withdraw(struct scene *scene, const struct persona *author,
    const char *id, bool proven, const char *name)
{
	struct entry_id target;
	const struct forge_order order = {
	    .kind = "withdrawal",
	    .to = &scene->victim.bundle,
	    .withdraws = &target,
	    .withdraw_count = 1,
	};
	struct forge_batch batch;
	struct forge forge;
	struct peer peer;
	char log[128];

	snprintf(log, sizeof log, "%s %s", name, id);
	MUST(hex_decode(span_text(id), target.bytes, 32) == 0);
	MUST(meet(scene, &peer));
	if (proven) {
		bring_word(&peer, author, log, &order, name);
		return;
	}
	forge_begin(&forge, author, log);
	forge_append(&forge, forge_entry(&forge, &order));
	forge_bring(&forge, 0, 1, 1, &batch);
	peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
	settle(&peer, NULL, name);
	forge_batch_free(&batch);
	forge_end(&forge);
}

/* Each record that was given, which is none of the attacker's. */
void attack_withdraw(struct scene *scene)
{
	int i;

	for (i = 0; i < scene->argc; i++) {
		withdraw(
		    scene, &scene->self, scene->argv[i], false, "in-a-log");
		withdraw(scene, &scene->self, scene->argv[i], true, "proven");
		withdraw(
		    scene, &scene->other, scene->argv[i], true, "by-another");
	}
}

/* A record, and what takes it back with ${2} bytes of ballast, which comes with
 * its proof alone, as past a full quota. */
void attack_ballast(struct scene *scene)
{
	const struct forge_order record = {
	    .fields = {"statement", "to be taken back"},
	    .to = &scene->victim.readers[0],
	};
	struct entry_id target;
	struct forge_order order = {
	    .kind = "withdrawal",
	    .to = &scene->victim.bundle,
	    .withdraws = &target,
	    .withdraw_count = 1,
	};
	struct forge_proven proven;
	struct forge forge;
	struct peer peer;
	char id[65];

	order.payload = (size_t)scene_number(scene, 1);
	forge_begin(&forge, &scene->self, scene->argv[0]);
	forge_append(&forge, forge_entry(&forge, &record));
	MUST(entry_id_of(buf_span(&forge.entries[0]->bytes), &target) == 0);
	forge_append(&forge, forge_entry(&forge, &order));
	MUST(meet(scene, &peer));
	forge_prove(&forge, 0, 2, &proven);
	peer_send(&peer, WIRE_SYNC_PROVEN, &proven.message);
	forge_proven_free(&proven);
	forge_prove(&forge, 1, 2, &proven);
	peer_send(&peer, WIRE_SYNC_PROVEN, &proven.message);
	forge_proven_free(&proven);
	hex_encode(target.bytes, 32, id);
	settle(&peer, NULL, id);
	forge_end(&forge);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct entry_id));
}

/* Withdrawals of ${number} times 1024 records that nobody holds. */
void attack_names(struct scene *scene)
{
	struct entry_id *names = calloc(ENTRY_WITHDRAWALS_MAX, sizeof *names);
	struct forge_order order = {
	    .kind = "withdrawal",
	    .to = &scene->victim.bundle,
	    .withdraws = names,
	    .withdraw_count = ENTRY_WITHDRAWALS_MAX,
	    .payload = 4096,
	};
	struct forge_batch batch;
	struct forge forge;
	struct peer peer;
	const uint64_t count = scene_number(scene, 1);
	size_t i;

	MUST(names != NULL);
	forge_begin(&forge, &scene->self, scene->argv[0]);
	for (i = 0; i < count; i++) {
		randombytes_buf(names, ENTRY_WITHDRAWALS_MAX * sizeof *names);
		qsort(names, ENTRY_WITHDRAWALS_MAX, sizeof *names, by_bytes);
		forge_append(&forge, forge_entry(&forge, &order));
	}
	MUST(meet(scene, &peer));
	for (i = 0; i < count; i++) {
		forge_bring(&forge, i, 1, count, &batch);
		peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
		forge_batch_free(&batch);
	}
	settle(&peer, NULL, "names");
	forge_end(&forge);
	free(names);
}
