/*
 * Too much of what is right: the same again, what nobody asked for, and more
 * than a quota allows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/attack/attack.h"

static struct forged *some_entry(
    struct scene *scene, const struct forge *forge, size_t attachment)
{
	const struct forge_order order = {
	    .fields = {"statement", "much"},
	    .to = &scene->victim.readers[0],
	    .attachment = attachment,
	};

	return forge_entry(forge, &order);
}

/* --- replays ------------------------------------------------------------ */

static void make_log(struct scene *scene, struct forge *forge, const char *name)
{
	forge_begin(forge, &scene->self, name);
	forge_append(forge, some_entry(scene, forge, 0));
	forge_append(forge, some_entry(scene, forge, 0));
}

/* A whole meeting as it was, byte by byte, in a new connection. */
static void replay_meeting(struct scene *scene, const struct buf *sent)
{
	struct peer peer;
	int type;

	MUST(peer_open(&peer, &scene->self, scene->port, 1));
	MUST(peer_read(&peer, PEER_PATIENCE) == WIRE_SYNC_HELLO);
	peer_send_bytes(&peer, sent->data, sent->len);
	do
		type = peer_read(&peer, PEER_PATIENCE);
	while (type > 0 && type != WIRE_SYNC_DONE);
	say("the-meeting-again", type == 0 ? "cut" : "heard");
	peer_close(&peer);
}

void attack_replay(struct scene *scene)
{
	struct wire_sync_hello hello = {.version = SYNC_VERSION};
	struct wire_sync_frontier frontier = {.logs = {.count = 0}};
	struct wire_empty nothing = {0};
	struct forge_proven proven;
	struct forge_batch batch, older;
	struct buf sent = {0};
	struct forge forge;
	struct peer peer;
	int i;

	make_log(scene, &forge, "replay");
	forge_bring(&forge, 0, 2, 2, &batch);
	forge_bring(&forge, 0, 1, 1, &older);
	forge_prove(&forge, 0, 2, &proven);
	MUST(wire_encode(WIRE_SYNC_HELLO, &hello, 0, &sent) == 0);
	MUST(wire_encode(WIRE_SYNC_ENTRIES, &batch.message, 0, &sent) == 0);
	MUST(wire_encode(WIRE_SYNC_FRONTIER, &frontier, 0, &sent) == 0);
	MUST(wire_encode(WIRE_SYNC_DONE, &nothing, 0, &sent) == 0);
	for (i = 0; i < 3; i++)
		replay_meeting(scene, &sent);
	MUST(meet(scene, &peer));
	for (i = 0; i < 300; i++)
		peer_send(&peer, WIRE_SYNC_ENTRIES,
		    i % 2 ? &older.message : &batch.message);
	settle(&peer, NULL, "the-same-batches");
	MUST(meet(scene, &peer));
	for (i = 0; i < 100; i++)
		peer_send(&peer, WIRE_SYNC_PROVEN, &proven.message);
	settle(&peer, NULL, "the-same-proof");
	buf_free(&sent);
	forge_batch_free(&batch);
	forge_batch_free(&older);
	forge_proven_free(&proven);
	forge_end(&forge);
}

/* --- envelopes ----------------------------------------------------------- */

/* An age header as large as one may be, for nobody; ${n} makes it another. */
static void add_junk(int n, struct buf *out)
{
	char line[66];
	int i;

	MUST(buf_append_text(out, "age-encryption.org/v1\n-> grease\n") == 0);
	for (i = 0; i < 990; i++) {
		snprintf(line, sizeof line, "%064d\n", n);
		MUST(buf_append_text(out, line) == 0);
	}
	snprintf(line, sizeof line, "\n--- %043d\n", 0);
	MUST(buf_append_text(out, line) == 0);
}

static void bring_envelopes(struct scene *scene, struct forge_proven *proven)
{
	struct buf junk;
	struct peer peer;
	int i;

	MUST(meet(scene, &peer));
	for (i = 0; i < 9; i++) {
		junk = (struct buf){0};
		add_junk(i, &junk);
		proven->message.envelope = buf_span(&junk);
		peer_send(&peer, WIRE_SYNC_PROVEN, &proven->message);
		buf_free(&junk);
	}
	settle(&peer, NULL, "envelopes");
}

/* A record that this partner brings and all those named in the arguments bring
 * again, with envelopes that open nothing. Tells its id. */
void attack_envelopes(struct scene *scene)
{
	struct scene again = *scene;
	struct forge_proven proven;
	struct persona author;
	struct forge forge;
	struct entry_id id;
	struct peer peer;
	char hex[65];
	int i;

	persona_make("an-author", &author);
	forge_begin(&forge, &author, scene->argv[0]);
	forge_append(&forge, some_entry(scene, &forge, 0));
	forge_prove(&forge, 0, 1, &proven);
	MUST(entry_id_of(proven.message.entry, &id) == 0);
	hex_encode(id.bytes, sizeof id.bytes, hex);
	MUST(meet(scene, &peer));
	peer_send(&peer, WIRE_SYNC_PROVEN, &proven.message);
	settle(&peer, NULL, hex);
	for (i = 1; i < scene->argc; i++) {
		persona_make(scene->argv[i], &again.self);
		bring_envelopes(&again, &proven);
	}
	forge_proven_free(&proven);
	forge_end(&forge);
}

/* --- what nobody asked for ---------------------------------------------- */

static void flood_cosignatures(struct scene *scene)
{
	struct wire_sync_cosign message;
	struct buf note = {0};
	struct peer peer;
	int i;

	cosign_nothing(scene, &note, &message);
	MUST(meet(scene, &peer));
	for (i = 0; i < 2000; i++) {
		memcpy(message.log.bytes, &i, sizeof i);
		peer_send(&peer, WIRE_SYNC_COSIGN, &message);
	}
	settle(&peer, NULL, "cosignatures");
	buf_free(&note);
}

/* Turn after turn that says nothing. */
static void flood_frontiers(struct scene *scene)
{
	struct wire_sync_frontier nothing = {.logs = {.count = 0}};
	struct peer peer;
	int i, type = 1;

	MUST(meet(scene, &peer));
	for (i = 0; i < 25 && type > 0 && type != WIRE_SYNC_DONE; i++) {
		peer_send(&peer, WIRE_SYNC_FRONTIER, &nothing);
		do
			type = peer_read(&peer, PEER_PATIENCE);
		while (type > 0 && type != WIRE_SYNC_FRONTIER &&
		       type != WIRE_SYNC_DONE);
	}
	say("turns", type < 0 ? "nothing" : type == 0 ? "cut" : "heard");
	peer_close(&peer);
}

/* As many logs and wishes as a frontier may name, all the same. */
static void flood_one_frontier(struct scene *scene)
{
	struct wire_sync_frontier frontier = {
	    .logs = {.count = 4096}, .wants = {.count = 1024}};
	struct forge forge;
	struct peer peer;
	struct buf note = {0};
	size_t i;

	make_log(scene, &forge, "replay");
	forge_note(&forge, 2, &scene->self, 0, &note);
	frontier.logs.items = calloc(4096, sizeof *frontier.logs.items);
	frontier.wants.items = calloc(1024, sizeof *frontier.wants.items);
	MUST(frontier.logs.items && frontier.wants.items);
	for (i = 0; i < 4096; i++) {
		frontier.logs.items[i].author = scene->self.card.author;
		frontier.logs.items[i].log = forge.log;
		frontier.logs.items[i].checkpoint = buf_span(&note);
	}
	MUST(meet(scene, &peer));
	peer_send(&peer, WIRE_SYNC_FRONTIER, &frontier);
	settle(&peer, NULL, "one-frontier");
	free(frontier.logs.items);
	free(frontier.wants.items);
	buf_free(&note);
	forge_end(&forge);
}

static void send_chunk(
    struct scene *scene, const struct digest *object, const char *name)
{
	static const uint8_t data[1024];
	struct wire_sync_chunk chunk = {
	    .object = *object, .data = span_of(data, sizeof data)};
	struct peer peer;
	int i;

	MUST(meet(scene, &peer));
	for (i = 0; i < 100; i++, chunk.offset += sizeof data)
		peer_send(&peer, WIRE_SYNC_CHUNK, &chunk);
	settle(&peer, NULL, name);
}

void attack_flood(struct scene *scene)
{
	const struct digest unknown = {{1}};
	struct wire_sync_summary summary = {.pending = 1};
	struct wire_sync_hello hello = {.version = SYNC_VERSION};
	struct peer peer;

	flood_cosignatures(scene);
	flood_frontiers(scene);
	flood_one_frontier(scene);
	send_chunk(scene, &unknown, "an-object-without-an-entry");
	MUST(meet(scene, &peer));
	peer_send(&peer, WIRE_SYNC_SUMMARY, &summary);
	settle(&peer, NULL, "a-summary-of-whom-dialled");
	MUST(meet(scene, &peer));
	peer_send(&peer, WIRE_SYNC_HELLO, &hello);
	settle(&peer, NULL, "a-second-hello");
}

/* --- objects ------------------------------------------------------------ */

static void bring(struct scene *scene, struct peer *peer, struct forge *forge)
{
	struct forge_batch batch;

	MUST(meet(scene, peer));
	forge_bring(forge, 0, forge->size, forge->size, &batch);
	peer_send(peer, WIRE_SYNC_ENTRIES, &batch.message);
	forge_batch_free(&batch);
}

static void send_object(struct peer *peer, struct forge *forge, size_t from,
    size_t len, uint8_t twist)
{
	struct forged *forged = forge->entries[0];
	struct wire_sync_chunk chunk = {
	    .object = forged->entry.attachments[0].payload, .offset = from};
	size_t piece, end = from + len;
	uint8_t *data = malloc(forged->attachment.len);

	MUST(data != NULL && end <= forged->attachment.len);
	memcpy(data, forged->attachment.data, forged->attachment.len);
	data[from] ^= twist;
	for (; chunk.offset < end; chunk.offset += piece) {
		piece = end - chunk.offset;
		piece = piece > 16384 ? 16384 : piece;
		chunk.data = span_of(data + chunk.offset, piece);
		peer_send(peer, WIRE_SYNC_CHUNK, &chunk);
	}
	free(data);
}

void attack_objects(struct scene *scene)
{
	struct forge forge;
	struct peer peer;
	size_t size;
	int i;

	forge_begin(&forge, &scene->self, "objects");
	forge_append(&forge, some_entry(scene, &forge, 100000));
	size = forge.entries[0]->attachment.len;
	bring(scene, &peer, &forge);
	send_object(&peer, &forge, 5000, 5000, 0);
	settle(&peer, NULL, "not-from-its-beginning");
	for (i = 0; i < 3; i++) {
		bring(scene, &peer, &forge);
		send_object(&peer, &forge, 0, size, 1);
		settle(&peer, NULL, "not-what-was-signed");
	}
	bring(scene, &peer, &forge);
	send_object(&peer, &forge, 0, size / 2, 0);
	settle(&peer, NULL, "half");
	bring(scene, &peer, &forge);
	send_object(&peer, &forge, 0, size, 0);
	settle(&peer, NULL, "the-truth");
	bring(scene, &peer, &forge);
	send_object(&peer, &forge, 0, size, 0);
	settle(&peer, NULL, "once-more");
	forge_end(&forge);
}

/* --- quotas ------------------------------------------------------------- */

/* ${0} places without records, as many at once as a message holds. */
void attack_leaves(struct scene *scene)
{
	const uint64_t total = scene_number(scene, 1), most = 8192;
	struct forge_batch batch;
	uint64_t count, at;
	struct forge forge;
	struct peer peer;

	forge_begin(&forge, &scene->self, scene->argv[0]);
	forge_random_leaves(&forge, (size_t)total);
	MUST(meet(scene, &peer));
	for (at = 0; at < total && !peer.gone; at += count) {
		count = total - at < most ? total - at : most;
		forge_bring(&forge, at, count, total, &batch);
		peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
		forge_batch_free(&batch);
	}
	settle(&peer, NULL, "leaves");
	forge_end(&forge);
}

static void begin_log(
    struct scene *scene, struct peer *peer, struct forge *forge, bool single)
{
	struct forge_proven proven;
	struct forge_batch batch;

	if (single) {
		forge_append(forge, some_entry(scene, forge, 0));
		forge_prove(forge, 0, 1, &proven);
		peer_send(peer, WIRE_SYNC_PROVEN, &proven.message);
		forge_proven_free(&proven);
	} else {
		forge_random_leaves(forge, 1);
		forge_bring(forge, 0, 1, 1, &batch);
		peer_send(peer, WIRE_SYNC_ENTRIES, &batch.message);
		forge_batch_free(&batch);
	}
}

/* ${1} logs of one place each, in one meeting: of the persona ${2}, or of an
 * author each, whom nobody knows; ${3} "single" entries, or "whole". */
void attack_logs(struct scene *scene)
{
	const uint64_t total = scene_number(scene, 1);
	struct persona author;
	struct forge forge;
	struct peer peer;
	char name[128];
	uint64_t i;

	MUST(scene->argc > 3);
	persona_make(scene->argv[2], &author);
	MUST(meet(scene, &peer));
	for (i = 0; i < total && !peer.gone; i++) {
		snprintf(name, sizeof name, "%s %llu", scene->argv[0],
		    (unsigned long long)i);
		if (strcmp(scene->argv[2], "nobody") == 0)
			persona_make(name, &author);
		forge_begin(&forge, &author, name);
		begin_log(scene, &peer, &forge,
		    strcmp(scene->argv[3], "single") == 0);
		forge_end(&forge);
	}
	settle(&peer, NULL, "logs");
}

/* ${1} records, one a batch. */
void attack_records(struct scene *scene)
{
	const uint64_t total = scene_number(scene, 1);
	struct forge_batch batch;
	struct forge forge;
	struct peer peer;
	uint64_t i;

	forge_begin(&forge, &scene->self, scene->argv[0]);
	for (i = 0; i < total; i++)
		forge_append(&forge, some_entry(scene, &forge, 0));
	MUST(meet(scene, &peer));
	for (i = 0; i < total; i++) {
		forge_bring(&forge, i, 1, total, &batch);
		peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
		forge_batch_free(&batch);
	}
	settle(&peer, NULL, "records");
	forge_end(&forge);
}

/* --- races -------------------------------------------------------------- */

static void race_one(struct scene *scene, struct forge *forge)
{
	struct peer peer;

	if (meet(scene, &peer)) {
		struct forge_batch batch;

		forge_bring(forge, 0, 1, forge->size, &batch);
		peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
		forge_batch_free(&batch);
		send_object(
		    &peer, forge, 0, forge->entries[0]->attachment.len, 0);
	}
	settle(&peer, NULL, NULL);
}

/* The record of race_one() is taken back while others still bring it. */
static void race_against(struct scene *scene, struct forge *forge)
{
	struct forge_batch batch;
	struct peer peer;

	if (meet(scene, &peer)) {
		forge_bring(forge, 0, 2, forge->size, &batch);
		peer_send(&peer, WIRE_SYNC_ENTRIES, &batch.message);
		forge_batch_free(&batch);
	}
	settle(&peer, NULL, NULL);
}

/* Four meetings of one partner at once, many times; then one of them takes the
 * record back. What was signed is in shared memory of the parent alone, so all
 * tell the same. Prints the record's id. */
void attack_race(struct scene *scene)
{
	struct forge forge;
	struct entry_id id;
	struct forge_order order = {
	    .kind = "withdrawal",
	    .to = &scene->victim.bundle,
	    .withdraws = &id,
	    .withdraw_count = 1,
	    .payload = 4096,
	};
	char text[65];
	int i, round;

	MUST(scene->argc > 1);
	forge_begin(&forge, &scene->self, scene->argv[0]);
	forge_append(&forge, some_entry(scene, &forge, 3000000));
	MUST(entry_id_of(buf_span(&forge.entries[0]->bytes), &id) == 0);
	if (strcmp(scene->argv[1], "and-take-back") == 0)
		forge_append(&forge, forge_entry(&forge, &order));
	hex_encode(id.bytes, 32, text);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++) {
			if (fork() != 0)
				continue;
			if (i == 3 && forge.size == 2)
				race_against(scene, &forge);
			else
				race_one(scene, &forge);
			_exit(0);
		}
		while (wait(NULL) > 0)
			;
	}
	race_one(scene, &forge);
	say("race", text);
	forge_end(&forge);
}
