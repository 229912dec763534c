/*
 * The attacker as a hub that a device dials. It prints its port, serves one
 * meeting in the way it was told, and ends.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/attack/attack.h"

static void hear_hello(struct peer *peer)
{
	struct wire_sync_hello hello = {.version = SYNC_VERSION};

	peer_send(peer, WIRE_SYNC_HELLO, &hello);
	MUST(peer_read(peer, PEER_PATIENCE) == WIRE_SYNC_HELLO);
}

/* Say that something is to be told, and hear the device's turn. */
static void hear_turn(struct peer *peer)
{
	struct wire_sync_summary summary = {.pending = 1};
	int type;

	hear_hello(peer);
	peer_send(peer, WIRE_SYNC_SUMMARY, &summary);
	do
		type = peer_read(peer, PEER_PATIENCE);
	while (type > 0 && type != WIRE_SYNC_FRONTIER);
}

static void say_nothing(struct peer *peer)
{
	hear_hello(peer);
	peer_send_frame(peer, WIRE_SYNC_FRONTIER, span_of("", 0), 1000);
}

static void another_version(struct peer *peer)
{
	struct wire_sync_hello hello = {.version = UINT64_MAX};

	peer_send(peer, WIRE_SYNC_HELLO, &hello);
}

static void two_summaries(struct peer *peer)
{
	struct wire_sync_summary summary = {.pending = 1};

	hear_turn(peer);
	peer_send(peer, WIRE_SYNC_SUMMARY, &summary);
}

/* A log of the device's own, as if it had signed another. */
static void its_own_log(struct peer *peer)
{
	struct wire_sync_frontier frontier;
	struct forge_batch batch;
	struct persona stranger;
	struct forge forge;

	hear_turn(peer);
	peer_take(peer, WIRE_SYNC_FRONTIER, &frontier);
	MUST(frontier.logs.count > 0);
	persona_make("a-stranger", &stranger);
	forge_begin(&forge, &stranger, "own");
	forge.log = frontier.logs.items[0].log;
	forge_random_leaves(&forge, 3);
	forge_bring(&forge, 0, 3, 3, &batch);
	batch.message.author = frontier.logs.items[0].author;
	peer_send(peer, WIRE_SYNC_ENTRIES, &batch.message);
	forge_batch_free(&batch);
	forge_end(&forge);
}

/* It says that it holds more of the device's log than there is, and other. */
static void more_than_there_is(struct peer *peer)
{
	struct wire_sync_frontier frontier;
	struct wire_sync_log log;

	hear_turn(peer);
	peer_take(peer, WIRE_SYNC_FRONTIER, &frontier);
	MUST(frontier.logs.count > 0);
	log = frontier.logs.items[0];
	log.root.bytes[0] ^= 1;
	frontier.logs.items = &log;
	frontier.logs.count = 1;
	frontier.wants.count = 0;
	peer_send(peer, WIRE_SYNC_FRONTIER, &frontier);
}

static void an_object(struct peer *peer)
{
	struct wire_sync_chunk chunk = {.data = span_text("nobody asked")};

	hear_turn(peer);
	peer_send(peer, WIRE_SYNC_CHUNK, &chunk);
}

static void too_large(struct peer *peer)
{
	hear_turn(peer);
	peer_send_frame(peer, WIRE_SYNC_ENTRIES, span_of("", 0),
	    wire_body_max(WIRE_SYNC_ENTRIES) + 1);
}

static void refuse(struct peer *peer)
{
	struct wire_sync_refused refused = {.code = WIRE_CODE_QUOTA};

	hear_turn(peer);
	peer_send(peer, WIRE_SYNC_REFUSED, &refused);
}

static const struct {
	const char *name;
	void (*serve)(struct peer *peer);
} ways[] = {
    {"cut-in-a-frame", say_nothing},
    {"another-version", another_version},
    {"two-summaries", two_summaries},
    {"its-own-log", its_own_log},
    {"its-log-told-otherwise", more_than_there_is},
    {"an-object", an_object},
    {"too-large", too_large},
    {"refused", refuse},
};

void attack_serve(struct scene *scene)
{
	struct peer peer;
	int listener, type;
	size_t i;

	MUST(scene->argc > 0);
	for (i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(ways[i].name, scene->argv[0]) == 0)
			break;
	MUST(i < sizeof ways / sizeof *ways);
	listener = peer_listen(scene->port);
	say("listens", "now");
	MUST(peer_accept(&peer, &scene->self, listener));
	ways[i].serve(&peer);
	if (strcmp(ways[i].name, "cut-in-a-frame") != 0)
		do
			type = peer_read(&peer, PEER_PATIENCE);
		while (type > 0 && type != WIRE_SYNC_FRONTIER);
	peer_close(&peer);
	close(listener);
}
