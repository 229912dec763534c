/*
 * Bytes that are no messages: frames of any type and size, bodies that are
 * small and would be large in memory, and connections that never come to an
 * end.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/attack/attack.h"

/* --- frames ------------------------------------------------------------- */

static void send_one(struct scene *scene, const char *name, unsigned type,
    struct span body, uint32_t length)
{
	struct peer peer;

	MUST(meet(scene, &peer));
	peer_send_frame(&peer, type, body, length);
	settle(&peer, NULL, name);
}

/* Every type that is not a partner's to send, and every body that is empty. */
void attack_frames(struct scene *scene)
{
	static const unsigned foreign[] = {0, 1, 16, 17, 32, 33, 34, 48, 50, 53,
	    60, 80, 88, 112, 113, 115, 116, 119, 121, 125, 153, 255, 65535};
	static const enum wire_type empty[] = {WIRE_SYNC_ENTRIES,
	    WIRE_SYNC_CHUNK, WIRE_SYNC_COSIGN, WIRE_SYNC_SUMMARY,
	    WIRE_SYNC_PROVEN, WIRE_SYNC_HELLO, WIRE_SYNC_REFUSED};
	static const enum wire_type all[] = {WIRE_SYNC_FRONTIER,
	    WIRE_SYNC_ENTRIES, WIRE_SYNC_CHUNK, WIRE_SYNC_COSIGN,
	    WIRE_SYNC_DONE, WIRE_SYNC_SUMMARY, WIRE_SYNC_PROVEN,
	    WIRE_SYNC_REFUSED};
	static const uint8_t spare[] = {0, 0, 0, 0, 0, WIRE_SYNC_DONE, 0, 1};
	static const uint8_t fds[] = {0, 0, 0, 0, 0, WIRE_SYNC_DONE, 1, 0};
	struct peer peer;
	size_t i;

	for (i = 0; i < sizeof foreign / sizeof *foreign; i++)
		send_one(
		    scene, "not-a-partners", foreign[i], span_of("", 0), 0);
	for (i = 0; i < sizeof empty / sizeof *empty; i++)
		send_one(scene, "empty", empty[i], span_of("", 0), 0);
	for (i = 0; i < sizeof all / sizeof *all; i++) {
		send_one(scene, "one-byte-too-many", all[i], span_of("", 0),
		    wire_body_max(all[i]) + 1);
		send_one(scene, "four-gigabytes", all[i], span_of("", 0),
		    UINT32_MAX);
	}
	MUST(meet(scene, &peer));
	peer_send_bytes(&peer, spare, sizeof spare);
	settle(&peer, NULL, "a-spare-byte");
	MUST(meet(scene, &peer));
	peer_send_bytes(&peer, fds, sizeof fds);
	settle(&peer, NULL, "a-descriptor");
}

/* --- bombs -------------------------------------------------------------- */

struct bomb {
	const char *name;
	enum wire_type type;
	const char *piece; /* again and again, as much as a body may hold */
	size_t len;
};

#define ZERO8 "\0\0\0\0\0\0\0\0"
#define ZERO32 ZERO8 ZERO8 ZERO8 ZERO8
#define PIECE(text) text, sizeof text - 1
static const struct bomb bombs[] = {
    {"empty-logs", WIRE_SYNC_FRONTIER, PIECE("\x0a\0")},
    {"empty-wishes", WIRE_SYNC_FRONTIER, PIECE("\x12\0")},
    {"wishes", WIRE_SYNC_FRONTIER, PIECE("\x12\x24\x0a\x20" ZERO32 "\x10\0")},
    {"logs", WIRE_SYNC_FRONTIER,
	PIECE("\x0a\x6a\x0a\x20" ZERO32 "\x12\x20" ZERO32 "\x18\0"
	      "\x22\x20" ZERO32 "\x2a\0")},
    {"empty-items", WIRE_SYNC_ENTRIES, PIECE("\x22\0")},
    {"items", WIRE_SYNC_ENTRIES,
	PIECE("\x22\x2a\x0a\x20" ZERO32 "\x12\0\x1a\0\x22\0\x2a\0")},
    {"empty-hashes", WIRE_SYNC_ENTRIES, PIECE("\x2a\0")},
    {"hashes", WIRE_SYNC_ENTRIES, PIECE("\x2a\x20" ZERO32)},
    {"the-same-field", WIRE_SYNC_ENTRIES, PIECE("\x0a\x20" ZERO32)},
    {"unknown-fields", WIRE_SYNC_ENTRIES, PIECE("\x7a\0")},
    {"groups", WIRE_SYNC_ENTRIES, PIECE("\x0b")},
    {"endless-numbers", WIRE_SYNC_ENTRIES, PIECE("\xff")},
    {"nothing-but-zeros", WIRE_SYNC_ENTRIES, PIECE("\0")},
    {"proofs", WIRE_SYNC_PROVEN, PIECE("\x32\0")},
    {"notes", WIRE_SYNC_COSIGN, PIECE("\x1a\0")},
    {"data", WIRE_SYNC_CHUNK, PIECE("\x1a\0")},
    {"unknown-in-done", WIRE_SYNC_DONE, PIECE("\x0a\0")},
};

/* Required fields of all that is not the piece, so that it is looked at. */
static void put_head(enum wire_type type, struct buf *out)
{
	static const char entries[] =
	    "\x0a\x20" ZERO32 "\x12\x20" ZERO32 "\x18\0\x32\x01x";

	if (type == WIRE_SYNC_ENTRIES)
		MUST(buf_append(out, entries, sizeof entries - 1) == 0);
}

void attack_bombs(struct scene *scene)
{
	const struct bomb *bomb;
	struct buf body = {0};
	struct peer peer;
	uint32_t most;
	size_t i;

	for (i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		bomb = &bombs[i];
		most = wire_body_max(bomb->type);
		put_head(bomb->type, &body);
		while (body.len + bomb->len <= most)
			MUST(buf_append(&body, bomb->piece, bomb->len) == 0);
		MUST(meet(scene, &peer));
		peer_send_frame(
		    &peer, bomb->type, buf_span(&body), (uint32_t)body.len);
		settle(&peer, NULL, bomb->name);
		buf_free(&body);
	}
}

/* --- slowly ------------------------------------------------------------- */

/* A good meeting, with a TLS record for each of its bytes. */
void attack_trickle(struct scene *scene)
{
	const struct forge_order order = {
	    .fields = {"statement", "slow"},
	    .to = &scene->victim.readers[0],
	};
	struct forge_batch batch;
	struct buf frame = {0};
	struct forge forge;
	struct peer peer;
	size_t i;

	forge_begin(&forge, &scene->self, "trickle");
	forge_append(&forge, forge_entry(&forge, &order));
	forge_bring(&forge, 0, 1, 1, &batch);
	MUST(wire_encode(WIRE_SYNC_ENTRIES, &batch.message, 0, &frame) == 0);
	MUST(meet(scene, &peer));
	for (i = 0; i < frame.len; i++)
		peer_send_bytes(&peer, frame.data + i, 1);
	settle(&peer, NULL, "byte-by-byte");
	buf_free(&frame);
	forge_batch_free(&batch);
	forge_end(&forge);
}

/* Whether the other end has closed it by now, or does within ${seconds}. */
static bool is_closed(int fd, unsigned seconds)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char byte[4096];
	ssize_t n;

	while (poll(&ready, 1, (int)seconds * 1000) == 1) {
		n = recv(fd, byte, sizeof byte, 0);
		if (n <= 0)
			return true;
	}
	return false;
}

/* ${0} strangers, four from an address, who begin to shake hands and stop. They
 * wait until they are thrown out. */
void attack_handshakes(struct scene *scene)
{
	static const uint8_t begun[] = {0x16, 3, 1, 2, 0, 1, 0, 1};
	const uint64_t count = scene_number(scene, 0);
	size_t i, held = 0, closed = 0;
	int *fds = calloc((size_t)count, sizeof *fds);
	char text[64];

	MUST(fds != NULL);
	for (i = 0; i < count; i++) {
		fds[i] = peer_connect(scene->port, 2 + (unsigned)i / 4);
		if (fds[i] >= 0)
			held += send(fds[i], begun, sizeof begun,
				    MSG_NOSIGNAL) == sizeof begun;
	}
	snprintf(text, sizeof text, "%zu", held);
	say("begun", text);
	for (i = 0; i < count; i++)
		closed += fds[i] < 0 || is_closed(fds[i], PEER_PATIENCE);
	snprintf(text, sizeof text, "%zu", closed);
	say("thrown-out", text);
	for (i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
}

/* What is heard and acknowledged, and means nothing. */
static void say_something(struct scene *scene, struct peer *peer)
{
	struct wire_sync_cosign message;
	struct buf note = {0};

	cosign_nothing(scene, &note, &message);
	peer_send(peer, WIRE_SYNC_COSIGN, &message);
	buf_free(&note);
}

/* ${0} meetings of one partner that stop within a frame or, every other one,
 * behind one that the victim has acknowledged; how many of them are
 * left, until standard input ends; and then, if ${1} is given, until the victim
 * has thrown all of them out. */
void attack_tarpits(struct scene *scene)
{
	const uint64_t count = scene_number(scene, 0);
	struct peer *peers = calloc((size_t)count, sizeof *peers);
	static const uint8_t half[] = {0, 0, 0, 64, 0};
	size_t i, left = 0;
	char text[64];

	MUST(peers != NULL);
	for (i = 0; i < count; i++)
		if (meet(scene, &peers[i])) {
			if (i % 2 == 0)
				peer_send_bytes(&peers[i], half, sizeof half);
			else
				say_something(scene, &peers[i]);
		}
	for (i = 0; i < count; i++)
		left += !peers[i].gone && !is_closed(peers[i].fd, 0);
	snprintf(text, sizeof text, "%zu", left);
	say("left", text);
	while (getchar() != EOF)
		;
	for (i = 0, left = 0; scene->argc > 1 && i < count; i++)
		left += !is_closed(peers[i].fd, 4 * PEER_PATIENCE);
	if (scene->argc > 1)
		say("thrown-out", left == 0 ? "all" : "not all");
	for (i = 0; i < count; i++)
		peer_close(&peers[i]);
	free(peers);
}
