/*
 * A Unix stream socket that carries frames and descriptors between processes
 * of one machine.
 */
#ifndef EVIDENT_WIRE_CHANNEL_H
#define EVIDENT_WIRE_CHANNEL_H

#include "proto/wire/frame.h"

struct channel;

/* One received frame. The body belongs to the frame, and so do the descriptors
 * (close-on-exec) until taken by setting them to -1. */
struct wire_frame {
	enum wire_type type;
	struct buf body;
	size_t fd_count;
	int fds[WIRE_FDS_MAX];
};
void wire_frame_free(struct wire_frame *frame); /* closes and wipes */
/* Hand over descriptor number ${index}, or -1 when there is none. */
int wire_frame_take_fd(struct wire_frame *frame, size_t index);

enum {
	CHANNEL_E_AGAIN = 1,  /* no whole frame yet */
	CHANNEL_E_CLOSED = 2, /* the other end is gone */
};

/* Take over ${fd}. ${self} and ${peer} are checked against wire_may_send() in
 * both directions: a frame that may not come is FORMAT-level garbage and
 * answered with -EPROTO. */
int channel_new(int fd, enum wire_role self, enum wire_role peer,
    struct channel **ret_channel);
void channel_free(struct channel *channel);
void channel_freep(struct channel **channel);
int channel_fd(const struct channel *channel);
/* One that cannot be is broken. */
void channel_set_nonblocking(struct channel *channel);

/* Queue a message; ${fds} are duplicated or sent before the call returns, so
 * the caller keeps its own. Tries to send at once. 0, -errno, -EPIPE. A queue
 * above CHANNEL_QUEUE_MAX bytes is -ENOBUFS. */
#define CHANNEL_QUEUE_MAX (64 * 1024 * 1024)
int channel_send(struct channel *channel, enum wire_type type,
    const void *message, const int *fds, size_t fd_count);
/* The same for a body that wire_encode_body() made earlier. */
int channel_send_body(struct channel *channel, enum wire_type type,
    struct span body, const int *fds, size_t fd_count);
/* Send what is queued; CHANNEL_E_AGAIN while some is left. */
int channel_flush(struct channel *channel);
bool channel_wants_write(const struct channel *channel);
/* Whether it failed or the other end is gone. It answers -EPIPE or
 * CHANNEL_E_CLOSED from then on. */
bool channel_is_broken(const struct channel *channel);

/* The next frame. Blocking channels wait for it; others answer
 * CHANNEL_E_AGAIN. -EPROTO for a malformed frame: the channel must be closed.
 * Descriptors beyond those announced are closed and -EPROTO. */
int channel_receive(struct channel *channel, struct wire_frame *ret_frame);
/* Whether a whole frame is buffered already (poll() would not say so). */
bool channel_has_frame(const struct channel *channel);

/* Send a request and wait for its answer: blocking, for one-question-one-answer
 * channels (store -> keeper, worker -> keeper). The answer must be of type
 * ${answer}; WIRE_FAILED is answered as FORMAT-level positive code below and
 * put in ${ret_failed_code}. */
#define CHANNEL_E_REFUSED 3
int channel_call(struct channel *channel, enum wire_type type,
    const void *message, const int *fds, size_t fd_count, enum wire_type answer,
    struct wire_arena *arena, void *ret_answer,
    enum wire_code *ret_failed_code);

/* A connected pair, close-on-exec. */
int channel_pair(int ret_fds[2]);

#endif
