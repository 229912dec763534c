/*
 * A partner's words in a meeting, as the courier passes them on, to a store
 * with a real database: decoded, held against what is here, checked by a worker
 * and stored. Every answer is a message as it should be. The own log does not
 * grow, and each log that is here afterwards is what its author signed.
 *
 * Input: how the meeting came about; then words: their type, their body.
 */
#include <string.h>

#include "daemon/store/sync_session.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/node.h"
#include "tests/fuzz/parts.h"

#define WORDS_MAX 12

static void hear(struct node *node, enum wire_type type, const void *message)
{
	struct wire_frame frame = {.type = type};

	if (wire_encode_body(type, message, &frame.body) == 0)
		CLAIM(sync_hear(node->store, &frame) == 0);
	wire_frame_free(&frame);
}

static void open_meeting(struct node *node, uint8_t carrier)
{
	struct wire_session_opened opened = {
	    .session = 1, .carrier = carrier % (WIRE_CARRIER_WRITE + 1)};
	struct sign_key key;

	parts_author(NODE_PARTNER, &key);
	sign_key_author(&key, &opened.partner);
	hear(node, WIRE_SESSION_OPENED, &opened);
}

static void say(struct node *node, struct span *rest)
{
	uint8_t what = parts_byte(rest) % 12;
	struct wire_session_message message = {
	    .session = 1, .type = WIRE_SYNC_HELLO + what};
	struct wire_session_step step = {.session = 1};
	struct wire_session_part part = {.session = 1};

	if (what == 9) {
		hear(node, WIRE_SESSION_NEXT, &step);
	} else if (what > 9) {
		part.object.bytes[0] = parts_byte(rest);
		part.offset = parts_byte(rest);
		hear(node, what == 10 ? WIRE_SESSION_WANT : WIRE_SESSION_STORED,
		    &part);
	} else {
		message.body = parts_take(rest);
		hear(node, WIRE_SESSION_MESSAGE, &message);
	}
}

/* What the store sends to the courier, and through it to the partner. */
static void check_answers(struct node *node)
{
	_Alignas(16) uint8_t message[4096], inner[4096];
	struct wire_session_message *said = (void *)message;
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_frame frame;

	while (channel_receive(node->courier, &frame) == 0) {
		CLAIM(wire_decode(frame.type, buf_span(&frame.body), &arena,
			  message) == 0);
		if (frame.type == WIRE_SESSION_MESSAGE)
			CLAIM(wire_decode((enum wire_type)said->type,
				  said->body, &arena, inner) == 0);
		wire_frame_free(&frame);
		wire_arena_free(&arena);
	}
}

/* Its author's, by the functions of proto/format alone. */
static void read_checkpoint(
    const struct log_row *log, struct checkpoint *ret_checkpoint)
{
	char origin[NOTE_ORIGIN_MAX] = "";
	struct note note;

	note_origin(&log->author, &log->log, origin);
	CLAIM(note_parse(buf_span(&log->checkpoint), &note) == 0);
	CLAIM(note_verify(&note, origin, &log->key) == 0);
	CLAIM(checkpoint_parse(note.text, ret_checkpoint) == 0);
	CLAIM(strcmp(ret_checkpoint->origin, origin) == 0);
	note_free(&note);
}

static void check_log(struct database *database, const struct log_row *log)
{
	struct checkpoint checkpoint;
	struct digest root;

	if (log->own) {
		CLAIM(log->size == 0);
		return;
	}
	if (log->size > 0)
		CLAIM(log_tree_root(database, log->id, log->size, &root) == 0);
	if (log->checkpoint.len == 0)
		return;
	read_checkpoint(log, &checkpoint);
	CLAIM(checkpoint.size >= log->size);
	if (checkpoint.size == log->size && log->size > 0)
		CLAIM(memcmp(&checkpoint.root, &root, sizeof root) == 0);
}

static void check_logs(struct database *database)
{
	struct log_row *logs;
	size_t count, i;

	CLAIM(log_tree_all(database, &logs, &count) == 0);
	CLAIM(count >= 1);
	for (i = 0; i < count; i++) {
		check_log(database, &logs[i]);
		log_row_free(&logs[i]);
	}
	free(logs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct node node;
	int i;

	node_begin(&node);
	open_meeting(&node, parts_byte(&rest));
	for (i = 0; i < WORDS_MAX && rest.len > 0; i++) {
		say(&node, &rest);
		node_run(&node);
		check_answers(&node);
	}
	check_logs(node.store->database);
	node_end(&node);
	return 0;
}
