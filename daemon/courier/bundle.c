/*
 * A meeting on a file: the frames of a bundle, read or written.
 *
 * The store lends a veiled file and its key. Reading, the frames stand in for
 * a partner's turn: they pass the same table, decoder and limits as those of a
 * connection. At the end of the file it is our turn, and the store closes.
 * Writing, they are our turn; the frontier ends it. There is no HELLO, no
 * deadline and nobody to answer.
 *
 * What a bundle brings may have come before, in part or in whole, or may follow
 * on something that never came. An object that the store does not want is
 * passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "daemon/courier/bundle.h"

#define READ_BYTES 65536

static int read_some(struct link *link, uint8_t *room, size_t *ret_len)
{
	struct stream *file = &link->file;
	uint64_t left = file->size - file->offset;
	size_t want = left < READ_BYTES ? (size_t)left : READ_BYTES;
	int r;

	r = object_read(file, room, want);
	*ret_len = want;
	return r;
}

bool bundle_fill(struct link *link, size_t size)
{
	uint8_t *room;
	size_t len;
	int r = 0;

	if (link->carrier != WIRE_CARRIER_READ)
		return false;
	room = malloc(READ_BYTES);
	while (room && r == 0 && evbuffer_get_length(link->input) < size &&
	       link->file.offset < link->file.size) {
		r = read_some(link, room, &len);
		if (r == 0 && evbuffer_add(link->input, room, len) < 0)
			r = -ENOMEM;
	}
	free(room);
	if (!room || r < 0)
		link_close(link, WIRE_CODE_FAILED);
	return !link->ended && evbuffer_get_length(link->input) >= size;
}

void bundle_end_of_file(struct link *link)
{
	if (link->carrier != WIRE_CARRIER_READ || link->ended)
		return;
	if (evbuffer_get_length(link->input) > 0) {
		link_close(link, WIRE_CODE_BAD_REQUEST);
		return;
	}
	object_end(&link->in);
	link_move(link, LINK_MY_TURN);
	turn_ask(link);
}

/* What was queued goes to the file; what could not ends the link. */
static void flush(struct link *link)
{
	struct evbuffer *output = link->output;
	uint8_t *bytes;
	size_t len;
	int r = 0;

	while (r == 0 && (len = evbuffer_get_length(output)) > 0) {
		len = len < READ_BYTES ? len : READ_BYTES;
		bytes = evbuffer_pullup(output, (ev_ssize_t)len);
		r = bytes ? object_append(&link->file, bytes, len) : -ENOMEM;
		if (r == 0)
			evbuffer_drain(output, len);
	}
	if (r < 0)
		link_close(link, r == -ENOSPC || r == -EDQUOT
				     ? WIRE_CODE_NO_SPACE
				     : WIRE_CODE_FAILED);
}

/* Go on, a turn of the loop later: others are served between two pieces. */
static void on_pump(evutil_socket_t fd, short what, void *context)
{
	struct link *link = context;

	(void)fd;
	(void)what;
	if (link->ended)
		return;
	flush(link);
	if (!link->ended)
		turn_write(link);
}

void bundle_pump(struct link *link)
{
	const struct timeval now = {0, 0};

	if (link->pump && evtimer_add(link->pump, &now) < 0)
		event_base_loopbreak(link->courier->base); /* start anew */
}

static int begin(struct link *link, const struct wire_courier_bundle *bundle)
{
	link->known = link->heard_hello = true;
	link->input = link->own_input = evbuffer_new();
	link->output = link->own_output = evbuffer_new();
	link->pump = evtimer_new(link->courier->base, on_pump, link);
	if (!link->input || !link->output || !link->pump)
		return -ENOMEM;
	turn_open(link);
	if (bundle->carrier == WIRE_CARRIER_WRITE) {
		link_move(link, LINK_MY_TURN);
		turn_ask(link);
	} else {
		link_move(link, LINK_PEER_TURN);
		turn_read(link);
	}
	return 0;
}

int bundle_begin(struct courier *courier, const struct peer *peer, int fd,
    const struct wire_courier_bundle *bundle)
{
	struct wire_session_object whole = {
	    .veil_key = bundle->veil_key, .size = bundle->size};
	struct link *link = link_new(courier);
	int r;

	if (!link) {
		close(fd);
		return -ENOMEM;
	}
	link->peer = *peer;
	link->carrier = (enum wire_carrier)bundle->carrier;
	r = object_take(&link->file, fd, &whole);
	explicit_bzero(&whole, sizeof whole);
	if (r == 0)
		r = begin(link, bundle);
	if (r < 0)
		link_close(link, WIRE_CODE_FAILED);
	return 0;
}
