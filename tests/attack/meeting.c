/*
 * How a meeting goes, seen from the side that dials: HELLO both ways, the
 * victim's SUMMARY, and then turns (daemon/store/sync.c).
 */
#include <stdio.h>
#include <string.h>

#include "proto/format/hash.h"
#include "tests/attack/attack.h"

void say(const char *name, const char *outcome)
{
	printf("%s %s\n", name, outcome);
	fflush(stdout);
}

uint64_t scene_number(struct scene *scene, int at)
{
	uint64_t value = 0;

	MUST(at < scene->argc);
	MUST(decimal_decode(span_text(scene->argv[at]), &value) == 0);
	return value;
}

bool meet(struct scene *scene, struct peer *peer)
{
	struct wire_sync_hello hello = {.version = SYNC_VERSION};

	if (!peer_open(peer, &scene->self, scene->port, 1) ||
	    peer_read(peer, PEER_PATIENCE) != WIRE_SYNC_HELLO)
		return false;
	peer_send(peer, WIRE_SYNC_HELLO, &hello);
	return peer_read(peer, PEER_PATIENCE) == WIRE_SYNC_SUMMARY;
}

static void end_turn(struct peer *peer, struct forge *forge)
{
	struct wire_sync_log log = {.size = 0};
	struct wire_sync_frontier frontier = {.logs = {.count = 0}};
	struct buf note = {0};

	if (forge && forge->size > 0) {
		log.author = forge->author->card.author;
		log.log = forge->log;
		log.size = forge->size;
		forge_root(forge, forge->size, &log.root);
		forge_note(forge, forge->size, forge->author, 0, &note);
		log.checkpoint = buf_span(&note);
		frontier.logs.items = &log;
		frontier.logs.count = 1;
	}
	peer_send(peer, WIRE_SYNC_FRONTIER, &frontier);
	buf_free(&note);
}

static void say_done(struct peer *peer)
{
	struct wire_empty nothing = {0};

	peer_send(peer, WIRE_SYNC_DONE, &nothing);
}

void settle(struct peer *peer, struct forge *forge, const char *name)
{
	struct wire_sync_refused refused;
	char outcome[32] = "cut";
	int type;

	end_turn(peer, forge);
	while ((type = peer_read(peer, PEER_PATIENCE)) > 0) {
		if (type == WIRE_SYNC_FRONTIER) {
			say_done(peer);
		} else if (type == WIRE_SYNC_REFUSED) {
			peer_take(peer, WIRE_SYNC_REFUSED, &refused);
			snprintf(outcome, sizeof outcome, "refused %u",
			    (unsigned)refused.code);
			break;
		} else if (type == WIRE_SYNC_DONE) {
			snprintf(outcome, sizeof outcome, "heard");
			break;
		}
	}
	if (type < 0)
		snprintf(outcome, sizeof outcome, "nothing");
	if (name)
		say(name, outcome);
	peer_close(peer);
}

/* --- listening ---------------------------------------------------------- */

static void look_at_entries(struct peer *peer, struct seen *seen)
{
	struct wire_sync_entries entries;
	const struct wire_sync_item *item;
	struct entry_id id;
	size_t i;

	peer_take(peer, WIRE_SYNC_ENTRIES, &entries);
	for (i = 0; i < entries.items.count; i++) {
		item = &entries.items.items[i];
		if (item->entry.len == 0 ||
		    entry_id_of(item->entry, &id) != 0 ||
		    memcmp(id.bytes, seen->wanted.bytes, 32) != 0)
			continue;
		MUST(hash_sha256(item->envelope, &seen->envelope) == 0);
		seen->has_entry = true;
	}
}

static void look_at_frontier(
    struct scene *scene, struct peer *peer, struct seen *seen)
{
	struct wire_sync_frontier frontier;
	size_t i;

	peer_take(peer, WIRE_SYNC_FRONTIER, &frontier);
	for (i = 0; i < frontier.logs.count; i++) {
		if (memcmp(frontier.logs.items[i].author.bytes,
			scene->victim.author.bytes, 32) != 0)
			continue;
		seen->log = frontier.logs.items[i];
		seen->note.len = 0;
		MUST(buf_append_span(&seen->note, seen->log.checkpoint) == 0);
		seen->log.checkpoint = buf_span(&seen->note);
	}
}

void meet_and_listen(struct scene *scene, struct peer *peer, struct seen *seen)
{
	int type;

	MUST(meet(scene, peer));
	end_turn(peer, NULL);
	do {
		type = peer_read(peer, PEER_PATIENCE);
		MUST(type > 0);
		if (type == WIRE_SYNC_ENTRIES)
			look_at_entries(peer, seen);
	} while (type != WIRE_SYNC_FRONTIER);
	look_at_frontier(scene, peer, seen);
}

void seen_free(struct seen *seen)
{
	buf_free(&seen->note);
}

void cosign_nothing(
    struct scene *scene, struct buf *note, struct wire_sync_cosign *ret_message)
{
	struct wire_sync_cosign message = {.author = scene->self.card.author};

	MUST(note_begin(span_text("x\n"), note) == 0);
	forge_cosign(span_text("x\n"), &scene->self, 7, note);
	message.note = buf_span(note);
	*ret_message = message;
}
