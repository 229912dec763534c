/*
 * A partner's frames, over a connection (behind TLS, which OpenSSL reads) or
 * out of a bundle, as the courier's session takes them; the target answers as a
 * store does. The store hears of one thing at a time, and only what decodes; a
 * file never gets more than was asked for; and what goes out are frames.
 *
 * Input: what carries them; what the store answers, a byte each time; the
 * frames, each in a part of its own.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "daemon/base/veil.h"
#include "daemon/courier/bundle.h"
#include "proto/wire/channel.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define OBJECT_BYTES 300
#define ROUNDS_MAX 200
#define BYTES_MAX 65536

static const struct wire_key32 veil_key = {{5}};

struct meeting {
	struct courier courier;
	struct channel *store; /* our end */
	struct span answers;
	int partner; /* its socket, or -1 */
	int object;  /* the file that was given last, or -1 */
	bool ended;
};

static void on_read(struct bufferevent *bev, void *context)
{
	(void)bev;
	turn_read(context);
}

static void on_write(struct bufferevent *bev, void *context)
{
	struct link *link = context;

	(void)bev;
	if (!link->ended)
		turn_write(link);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
	(void)bev;
	(void)what;
	link_close(context, WIRE_CODE_INTERRUPTED);
}

static void begin(struct meeting *meeting)
{
	int fds[2];

	meeting->courier.base = event_base_new();
	CLAIM(meeting->courier.base && channel_pair(fds) == 0);
	CLAIM(channel_new(fds[0], WIRE_ROLE_COURIER, WIRE_ROLE_STORE,
		  &meeting->courier.store) == 0);
	CLAIM(channel_new(fds[1], WIRE_ROLE_STORE, WIRE_ROLE_COURIER,
		  &meeting->store) == 0);
	channel_set_nonblocking(meeting->courier.store);
	channel_set_nonblocking(meeting->store);
	meeting->partner = meeting->object = -1;
}

static void connect_link(struct meeting *meeting, enum wire_carrier carrier)
{
	struct link *link = link_new(&meeting->courier);
	int fds[2];

	CLAIM(link && channel_pair(fds) == 0);
	CLAIM(evutil_make_socket_nonblocking(fds[0]) == 0);
	CLAIM(evutil_make_socket_nonblocking(fds[1]) == 0);
	meeting->partner = fds[1];
	link->bev = bufferevent_socket_new(
	    meeting->courier.base, fds[0], BEV_OPT_CLOSE_ON_FREE);
	link->input = bufferevent_get_input(link->bev);
	link->output = bufferevent_get_output(link->bev);
	link->carrier = carrier;
	link->known = true;
	bufferevent_setcb(link->bev, on_read, on_write, on_event, link);
	bufferevent_setwatermark(link->bev, EV_READ, 0, INPUT_BYTES);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	turn_begin(link);
}

static void read_bundle(struct meeting *meeting, struct span frames)
{
	const struct peer peer = {.author = {{2}}};
	struct wire_courier_bundle bundle = {.carrier = WIRE_CARRIER_READ,
	    .veil_key = veil_key,
	    .size = frames.len};
	struct buf veiled = {0};
	struct veil *veil;

	CLAIM(veil_new(veil_key.bytes, 0, &veil) == 0);
	CLAIM(buf_append_span(&veiled, frames) == 0);
	if (veiled.len > 0)
		CLAIM(veil_apply(veil, veiled.data, veiled.len, veiled.data) ==
		      0);
	veil_free(veil);
	CLAIM(bundle_begin(&meeting->courier, &peer,
		  parts_file(buf_span(&veiled)), &bundle) == 0);
	buf_free(&veiled);
}

/* --- as the store answers ---------------------------------------------------
 */

static void give_file(struct meeting *meeting, struct link *link, bool out)
{
	const struct wire_session_object object = {.veil_key = veil_key,
	    .object = link->skipped,
	    .size = OBJECT_BYTES};
	static const uint8_t bytes[OBJECT_BYTES];
	int fd = parts_file(span_of(bytes, out ? sizeof bytes : 0));

	if (meeting->object >= 0)
		close(meeting->object);
	meeting->object = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	CLAIM(object_take(out ? &link->out : &link->in, fd, &object) == 0);
	if (!out) {
		turn_ack(link);
		return;
	}
	link->asked = false;
	turn_write(link);
}

static void say_next(struct meeting *meeting, struct link *link)
{
	uint8_t answer = parts_byte(&meeting->answers);
	const struct wire_sync_frontier nothing = {.logs = {NULL, 0}};
	struct wire_session_message message = {.type = WIRE_SYNC_DONE};
	struct buf body = {0};

	if (!link->bev) { /* behind a bundle there is nobody to talk to */
		link_close(link, WIRE_CODE_OK);
		return;
	}
	if (answer == 1) {
		give_file(meeting, link, true);
		return;
	}
	if (answer != 2) {
		message.type = WIRE_SYNC_FRONTIER;
		CLAIM(
		    wire_encode_body(WIRE_SYNC_FRONTIER, &nothing, &body) == 0);
	}
	message.body = buf_span(&body);
	turn_message(link, &message);
	buf_free(&body);
}

static void check_message(const struct wire_frame *frame)
{
	_Alignas(16) uint8_t inner[4096];
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_session_message message;

	CLAIM(wire_decode(WIRE_SESSION_MESSAGE, buf_span(&frame->body), &arena,
		  &message) == 0);
	CLAIM(
	    message.type != WIRE_SYNC_HELLO && message.type != WIRE_SYNC_CHUNK);
	CLAIM(wire_decode((enum wire_type)message.type, message.body, &arena,
		  inner) == 0);
	wire_arena_free(&arena);
}

static void answer_one(struct meeting *meeting, const struct wire_frame *frame)
{
	struct link *link = meeting->courier.links;
	uint8_t answer;

	CLAIM(!meeting->ended);
	meeting->ended = frame->type == WIRE_COURIER_ENDED;
	if (!link || link->ended)
		return;
	if (frame->type == WIRE_SESSION_NEXT) {
		say_next(meeting, link);
	} else if (frame->type == WIRE_SESSION_WANT) {
		CLAIM(link->paused);
		answer = parts_byte(&meeting->answers);
		if (answer == 1)
			turn_refuse(link, WIRE_CODE_NOT_FOUND);
		else
			give_file(meeting, link, false);
	} else if (frame->type == WIRE_SESSION_MESSAGE ||
		   frame->type == WIRE_SESSION_STORED) {
		CLAIM(link->paused);
		if (frame->type == WIRE_SESSION_MESSAGE)
			check_message(frame);
		answer = parts_byte(&meeting->answers);
		if (answer == 3)
			link_refuse(link, WIRE_CODE_QUOTA);
		else
			turn_ack(link);
	}
}

static bool answer_all(struct meeting *meeting)
{
	struct wire_frame frame;
	bool any = false;
	size_t heard = 0;

	while (channel_receive(meeting->store, &frame) == 0) {
		heard += frame.type == WIRE_SESSION_MESSAGE;
		answer_one(meeting, &frame);
		wire_frame_free(&frame);
		any = true;
	}
	CLAIM(heard <= ROUNDS_MAX);
	return any;
}

/* --- what comes out ---------------------------------------------------------
 */

static void take_frames(struct meeting *meeting, struct buf *out)
{
	uint8_t bytes[4096];
	ssize_t n;

	while (meeting->partner >= 0 && (n = recv(meeting->partner, bytes,
					     sizeof bytes, MSG_DONTWAIT)) > 0)
		CLAIM(buf_append(out, bytes, (size_t)n) == 0);
}

static void check_frames(struct span out)
{
	_Alignas(16) uint8_t message[4096];
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_header header;

	while (out.len >= WIRE_HEADER_BYTES) {
		CLAIM(wire_header_parse(out.data, &header) == 0);
		CLAIM(wire_may_send(
		    WIRE_ROLE_PARTNER, WIRE_ROLE_PARTNER, header.type));
		out = span_of(
		    out.data + WIRE_HEADER_BYTES, out.len - WIRE_HEADER_BYTES);
		if (header.length > out.len)
			return; /* it was cut off */
		CLAIM(wire_decode(header.type, span_of(out.data, header.length),
			  &arena, message) == 0);
		wire_arena_free(&arena);
		out =
		    span_of(out.data + header.length, out.len - header.length);
	}
}

static void loop(struct meeting *meeting, struct buf *out)
{
	int round = 0;

	do {
		event_base_loop(meeting->courier.base, EVLOOP_NONBLOCK);
		take_frames(meeting, out);
	} while (answer_all(meeting) && ++round < ROUNDS_MAX);
}

static void end(struct meeting *meeting)
{
	struct stat st;

	link_close_all(&meeting->courier);
	event_base_loop(meeting->courier.base, EVLOOP_NONBLOCK);
	CLAIM(!meeting->courier.links);
	if (meeting->object >= 0) {
		CLAIM(fstat(meeting->object, &st) == 0);
		CLAIM(st.st_size <= OBJECT_BYTES);
		close(meeting->object);
	}
	if (meeting->partner >= 0)
		close(meeting->partner);
	channel_free(meeting->courier.store);
	channel_free(meeting->store);
	event_base_free(meeting->courier.base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), frames;
	uint8_t carrier = parts_byte(&rest) % 3;
	struct meeting meeting;
	struct buf out = {0};

	memset(&meeting, 0, sizeof meeting);
	begin(&meeting);
	meeting.answers = parts_take(&rest);
	if (carrier == 2)
		read_bundle(&meeting, rest);
	else
		connect_link(&meeting,
		    carrier ? WIRE_CARRIER_DIALLED : WIRE_CARRIER_ACCEPTED);
	loop(&meeting, &out);
	while (carrier != 2 && rest.len > 0) {
		frames = parts_take(&rest);
		if (frames.len > 0 && frames.len <= BYTES_MAX)
			(void)!send(meeting.partner, frames.data, frames.len,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		loop(&meeting, &out);
	}
	check_frames(buf_span(&out));
	buf_free(&out);
	end(&meeting);
	return 0;
}
