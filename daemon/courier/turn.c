/*
 * The session on a connection.
 *
 * Which frames may come is one table by state (allowed[]); anything else ends
 * the connection. Only REFUSED, which ends it too, may come at any time after
 * HELLO. In the peer's turn every message is passed to the store, and
 * nothing more is read until the store is done with it: so a fast or hostile
 * peer can fill one frame's memory and no more. In our turn the store is asked
 * for the next thing whenever there is room to send it.
 */
#include <errno.h>
#include <string.h>

#include <event2/buffer.h>

#include "daemon/base/log.h"
#include "daemon/courier/bundle.h"
#include "daemon/courier/tls.h"

static const struct {
	enum link_state state;
	enum wire_type first, last;
} allowed[] = {
    {LINK_AWAIT_HELLO, WIRE_SYNC_HELLO, WIRE_SYNC_HELLO},
    {LINK_MY_TURN, WIRE_SYNC_HELLO, WIRE_SYNC_HELLO},
    {LINK_PEER_TURN, WIRE_SYNC_HELLO, WIRE_SYNC_PROVEN},
    {LINK_ENDING, WIRE_SYNC_DONE, WIRE_SYNC_DONE},
};

static bool may_come(const struct link *link, enum wire_type type)
{
	size_t i;

	/* HELLO is the first frame and never another. */
	if ((type == WIRE_SYNC_HELLO) == link->heard_hello)
		return false;
	/* Our turn may be refused in its midst, or when we thought it over. */
	if (type == WIRE_SYNC_REFUSED)
		return link->bev && link->state >= LINK_MY_TURN;
	for (i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (allowed[i].state == link->state)
			return type >= allowed[i].first &&
			       type <= allowed[i].last;
	return false;
}

static bool ends_turn(uint64_t type)
{
	return type == WIRE_SYNC_FRONTIER || type == WIRE_SYNC_SUMMARY;
}

/* libevent writes a piece that was queued as one at once, and for all the time
 * that it should have taken by the link's rate, nothing more. */
static size_t piece_of(const struct link *link, size_t left)
{
	return link->bucket && left > RATE_PIECE_BYTES ? RATE_PIECE_BYTES
						       : left;
}

static int send_body(struct link *link, enum wire_type type, struct span body)
{
	struct wire_header header = {
	    .length = (uint32_t)body.len, .type = type};
	uint8_t bytes[WIRE_HEADER_BYTES];
	size_t at, piece;

	wire_header_pack(&header, bytes);
	if (evbuffer_add(link->output, bytes, sizeof bytes) < 0)
		return -ENOMEM;
	for (at = 0; at < body.len; at += piece) {
		piece = piece_of(link, body.len - at);
		if (evbuffer_add(link->output, body.data + at, piece) < 0)
			return -ENOMEM;
	}
	link->sent += sizeof bytes + body.len;
	return 0;
}

int turn_send(struct link *link, enum wire_type type, const void *message)
{
	struct buf body = {0};
	int r;

	r = wire_encode_body(type, message, &body);
	if (r == 0)
		r = send_body(link, type, buf_span(&body));
	buf_free(&body);
	return r;
}

static void send_hello(struct link *link)
{
	struct wire_sync_hello hello = {.version = SYNC_VERSION};

	if (turn_send(link, WIRE_SYNC_HELLO, &hello) < 0)
		link_close(link, WIRE_CODE_FAILED);
}

void turn_open(struct link *link)
{
	struct wire_session_opened opened;

	link->session = ++link->courier->last_session;
	link->opened = true;
	opened.session = link->session;
	opened.partner = link->peer.author;
	opened.carrier = link->carrier;
	courier_tell(link->courier, WIRE_SESSION_OPENED, &opened);
}

/* Ask the store what to send, unless it is asked or there is no room yet. */
void turn_ask(struct link *link)
{
	struct wire_session_step step = {.session = link->session};

	if (link->state != LINK_MY_TURN || link->asked || link->out.fd >= 0)
		return;
	if (evbuffer_get_length(link->output) >= OUTPUT_BYTES) {
		bundle_pump(link); /* a connection calls when it has room */
		return;
	}
	link->asked = true;
	courier_tell(link->courier, WIRE_SESSION_NEXT, &step);
}

void turn_begin(struct link *link)
{
	if (link->carrier == WIRE_CARRIER_DIALLED) {
		link_move(link, LINK_AWAIT_HELLO);
		link_set_deadline(link, FRAME_SECONDS);
		return;
	}
	turn_open(link);
	send_hello(link);
	link_move(link, LINK_MY_TURN);
	link_set_deadline(link, FRAME_SECONDS);
	turn_ask(link);
}

void turn_write(struct link *link)
{
	if (link->state == LINK_CLOSED) {
		link_close(link, link->code);
		return;
	}
	if (link->state != LINK_MY_TURN)
		return;
	link_expect_reading(link, 0);
	if (link->out.fd >= 0) {
		if (object_send(link) < 0) {
			link_close(link, WIRE_CODE_FAILED);
			return;
		}
		if (link->out.offset < link->out.size) {
			bundle_pump(link);
			return;
		}
		object_end(&link->out);
	}
	turn_ask(link);
}

/* Of what went in our turn some may still lie in a kernel or a proxy, and the
 * peer takes the hashes of what came before it answers: seconds. */
static unsigned time_to_answer(const struct link *link)
{
	uint64_t turn = link->sent - link->turn_at;
	uint64_t lying = turn < TRANSIT_BYTES ? turn : TRANSIT_BYTES;

	return (unsigned)(lying / TRANSIT_RATE + turn / HASH_RATE);
}

/* What the store gave us to send. */
void turn_message(struct link *link, const struct wire_session_message *message)
{
	link->asked = false;
	if (link->state != LINK_MY_TURN || message->type < WIRE_SYNC_FRONTIER ||
	    message->type > WIRE_SYNC_PROVEN ||
	    send_body(link, (enum wire_type)message->type, message->body)) {
		link_close(link, WIRE_CODE_FAILED);
		return;
	}
	if (link->carrier == WIRE_CARRIER_WRITE && ends_turn(message->type)) {
		link_finish(link);
		return;
	}
	if (ends_turn(message->type))
		link_move(link, LINK_PEER_TURN);
	else if (message->type == WIRE_SYNC_DONE)
		link_move(link, LINK_ENDING);
	link->round_trips += link->state != LINK_MY_TURN;
	link_expect_reading(
	    link, link->state == LINK_MY_TURN ? 0 : time_to_answer(link));
	bundle_pump(link);
	if (link->state == LINK_MY_TURN)
		turn_ask(link);
	else
		turn_read(link); /* the peer may have been quick */
}

/* The store is done with what was passed to it. */
void turn_ack(struct link *link)
{
	struct wire_empty nothing = {0};

	if (!link->paused)
		return;
	link->paused = false;
	link_set_deadline(link, FRAME_SECONDS);
	if (ends_turn(link->passed) && link->bev) {
		object_end(&link->in);
		link_move(link, LINK_MY_TURN);
		link->turn_at = link->sent;
		turn_ask(link);
	} else if (link->passed == WIRE_SYNC_DONE) {
		if (turn_send(link, WIRE_SYNC_DONE, &nothing) < 0)
			link_close(link, WIRE_CODE_FAILED);
		else
			link_finish(link);
		return;
	}
	turn_read(link);
}

static void pause(struct link *link, enum wire_type passed)
{
	link->paused = true;
	link->passed = passed;
	link_set_deadline(link, 0);
}

static void pass_on(struct link *link, enum wire_type type, struct span body)
{
	struct wire_session_message message = {
	    .session = link->session, .type = type, .body = body};

	pause(link, type);
	courier_tell(link->courier, WIRE_SESSION_MESSAGE, &message);
}

void turn_refuse(struct link *link, enum wire_code code)
{
	if (!link->paused || link->carrier != WIRE_CARRIER_READ ||
	    code != WIRE_CODE_NOT_FOUND) {
		link_close(link, code);
		return;
	}
	link->skipping = true;
	turn_ack(link);
}

/* A piece that does not go on from what is held, in a bundle. */
static bool skip_rest(struct link *link, const struct wire_sync_chunk *chunk)
{
	if (link->carrier != WIRE_CARRIER_READ ||
	    chunk->offset <= link->in.offset)
		return false;
	object_end(&link->in);
	link->skipped = chunk->object;
	link->skipping = true;
	return true;
}

/* True when the frame is used up; false to meet it again after the pause. */
static bool take_chunk(struct link *link, const struct wire_sync_chunk *chunk)
{
	struct wire_session_part part = {
	    .session = link->session,
	    .object = chunk->object,
	    .offset = chunk->offset,
	};
	int r;

	if (link->skipping &&
	    memcmp(link->skipped.bytes, chunk->object.bytes, 32) == 0)
		return true;
	link->skipping = false;
	if (link->in.fd < 0 ||
	    memcmp(link->in.object.bytes, chunk->object.bytes, 32) != 0) {
		object_end(&link->in);
		link->skipped = chunk->object;
		pause(link, WIRE_SYNC_HELLO); /* TAKE or FAILED will come */
		courier_tell(link->courier, WIRE_SESSION_WANT, &part);
		return false;
	}
	if (skip_rest(link, chunk))
		return true;
	r = object_write(&link->in, chunk);
	if (r != 0) {
		link_close(link, r > 0          ? WIRE_CODE_BAD_REQUEST
				 : r == -ENOSPC ? WIRE_CODE_NO_SPACE
						: WIRE_CODE_FAILED);
		return true;
	}
	if (link->in.offset == link->in.size ||
	    link->in.offset - link->in.stored >= STORED_BYTES) {
		part.offset = link->in.stored = link->in.offset;
		/* Nobody may write to what is about to be judged. */
		if (link->in.offset == link->in.size)
			object_end(&link->in);
		pause(link, WIRE_SYNC_CHUNK);
		courier_tell(link->courier, WIRE_SESSION_STORED, &part);
	}
	return true;
}

static void take_hello(struct link *link, const struct wire_sync_hello *hello)
{
	link->heard_hello = true;
	if (hello->version != SYNC_VERSION) {
		link_close(link, WIRE_CODE_BAD_REQUEST);
		return;
	}
	if (link->state == LINK_AWAIT_HELLO) {
		turn_open(link);
		send_hello(link);
		link_move(link, LINK_PEER_TURN);
	}
}

/* The peer says why it takes no more. Of what it may say, only this is worth
 * telling apart: the other codes speak of our own machine. */
static void take_refused(
    struct link *link, const struct wire_sync_refused *refused)
{
	link_close(link, refused->code == WIRE_CODE_QUOTA ? WIRE_CODE_OVER_QUOTA
			 : refused->code == WIRE_CODE_RATE ? WIRE_CODE_OVER_RATE
							   : WIRE_CODE_REFUSED);
}

union sync_message {
	struct wire_sync_hello hello;
	struct wire_sync_chunk chunk;
	struct wire_sync_entries entries;
	struct wire_sync_frontier frontier;
	struct wire_sync_summary summary;
	struct wire_sync_cosign cosign;
	struct wire_sync_proven proven;
	struct wire_sync_refused refused;
	struct wire_empty done;
};

/* A whole frame: decoded, so that the store never meets what does not, and
 * handed on. False when it must stay in the buffer. */
static bool take_frame(struct link *link, enum wire_type type, struct span body)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	union sync_message message;
	bool used = true;
	int r;

	r = wire_decode(type, body, &arena, &message);
	if (r != 0)
		link_close(
		    link, r > 0 ? WIRE_CODE_BAD_REQUEST : WIRE_CODE_FAILED);
	else if (type == WIRE_SYNC_HELLO)
		take_hello(link, &message.hello);
	else if (type == WIRE_SYNC_CHUNK)
		used = take_chunk(link, &message.chunk);
	else if (type == WIRE_SYNC_REFUSED)
		take_refused(link, &message.refused);
	else if (link->state == LINK_ENDING)
		link_finish(link);
	else
		pass_on(link, type, body);
	wire_arena_free(&arena);
	return used;
}

static bool may_read(const struct link *link)
{
	return !link->paused && !link->ended && link->state < LINK_REFUSED &&
	       (link->state != LINK_MY_TURN || link->bev);
}

/* In our turn the peer has nothing to say but HELLO, and that it refuses. What
 * else it sends waits for its own. */
static bool must_wait(const struct link *link, enum wire_type type)
{
	return link->state == LINK_MY_TURN && type != WIRE_SYNC_HELLO &&
	       type != WIRE_SYNC_REFUSED;
}

static void read_frames(struct link *link)
{
	struct evbuffer *input = link->input;
	uint8_t bytes[WIRE_HEADER_BYTES];
	struct wire_header header;
	uint8_t *frame;
	size_t size;

	if (link->state == LINK_REFUSED)
		evbuffer_drain(input, evbuffer_get_length(input));
	while (may_read(link)) {
		if (evbuffer_get_length(input) < sizeof bytes &&
		    !bundle_fill(link, sizeof bytes)) {
			bundle_end_of_file(link);
			return;
		}
		evbuffer_copyout(input, bytes, sizeof bytes);
		if (wire_header_parse(bytes, &header) == 0 &&
		    must_wait(link, header.type))
			return;
		if (wire_header_parse(bytes, &header) != 0 ||
		    header.fd_count != 0 || !may_come(link, header.type)) {
			link_close(link, WIRE_CODE_BAD_REQUEST);
			return;
		}
		size = WIRE_HEADER_BYTES + header.length;
		if (evbuffer_get_length(input) < size &&
		    !bundle_fill(link, size)) {
			bundle_end_of_file(link);
			/* Once a frame, whatever trickles in. */
			if (!link->framing)
				link_set_deadline(link,
				    FRAME_SECONDS + header.length / FRAME_RATE);
			link->framing = true;
			return;
		}
		link->framing = false;
		frame = evbuffer_pullup(input, (ev_ssize_t)size);
		if (!frame) {
			link_close(link, WIRE_CODE_FAILED);
			return;
		}
		link_set_deadline(link, FRAME_SECONDS);
		if (take_frame(link, header.type,
			span_of(frame + WIRE_HEADER_BYTES, header.length))) {
			link->received += size;
			if (!link->ended)
				evbuffer_drain(input, size);
		}
	}
}

/* A full input is held back here: for a mark of its own libevent needs memory,
 * and does not look whether it has it. */
void turn_read(struct link *link)
{
	read_frames(link);
	if (!link->bev || link->ended)
		return;
	if (evbuffer_get_length(link->input) >= INPUT_BYTES) {
		bufferevent_disable(link->bev, EV_READ);
		return;
	}
	if (!(bufferevent_get_enabled(link->bev) & EV_READ))
		bufferevent_enable(link->bev, EV_READ);
	tls_read_on(link);
}
