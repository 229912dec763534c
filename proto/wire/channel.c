/*
 * Frames and descriptors over a Unix stream socket.
 *
 * A frame's descriptors are sent with the first byte of its header. The kernel
 * ends a recvmsg() at the border of bytes that carry descriptors, so those that
 * arrive belong to the frame whose header begins with that read: they are kept
 * in the order in which they came and handed to the headers that announce them.
 * More than announced, or fewer, is a protocol error, and everything is closed.
 *
 * Once a question's answer is lost on the way in, the next question must not
 * get it: what failed to be sent or received whole is broken, and used no more.
 *
 * Invariant: ${in} holds bytes from a frame's border on; ${in_fds} the
 * descriptors of those frames, oldest first.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/format/ids.h"
#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

#define READ_BYTES 65536
#define IN_FDS_MAX (4 * WIRE_FDS_MAX)

/* Something to send: bytes, and descriptors that go with the first of them. */
struct outgoing {
	struct outgoing *next;
	struct buf bytes;
	size_t sent;
	size_t fd_count;
	int fds[];
};

struct channel {
	int fd;
	enum wire_role self, peer;
	bool nonblocking;
	bool broken;
	struct buf in;
	size_t in_start;
	size_t in_fd_count;
	int in_fds[IN_FDS_MAX];
	struct outgoing *out, **out_end;
	size_t out_bytes;
};

static void close_all(int *fds, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void wire_frame_free(struct wire_frame *frame)
{
	buf_free(&frame->body);
	close_all(frame->fds, frame->fd_count);
	frame->fd_count = 0;
}

int wire_frame_take_fd(struct wire_frame *frame, size_t index)
{
	int fd = -1;

	if (index < frame->fd_count) {
		fd = frame->fds[index];
		frame->fds[index] = -1;
	}
	return fd;
}

int channel_new(int fd, enum wire_role self, enum wire_role peer,
    struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof *channel);
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (!channel || flags < 0) {
		free(channel);
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	channel->fd = fd;
	channel->self = self;
	channel->peer = peer;
	channel->nonblocking = flags & O_NONBLOCK;
	channel->out_end = &channel->out;
	*ret_channel = channel;
	return 0;
}

static void outgoing_free(struct outgoing *item)
{
	close_all(item->fds, item->fd_count);
	buf_free(&item->bytes);
	free(item);
}

void channel_free(struct channel *channel)
{
	struct outgoing *item;

	if (!channel)
		return;
	while ((item = channel->out) != NULL) {
		channel->out = item->next;
		outgoing_free(item);
	}
	close_all(channel->in_fds, channel->in_fd_count);
	buf_free(&channel->in);
	close(channel->fd);
	free(channel);
}

void channel_freep(struct channel **channel)
{
	channel_free(*channel);
	*channel = NULL;
}

int channel_fd(const struct channel *channel)
{
	return channel->fd;
}

void channel_set_nonblocking(struct channel *channel)
{
	int flags = fcntl(channel->fd, F_GETFL);

	if (flags < 0 || fcntl(channel->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		channel->broken = true;
	channel->nonblocking = true;
}

bool channel_is_broken(const struct channel *channel)
{
	return channel->broken;
}

bool channel_wants_write(const struct channel *channel)
{
	return channel->out != NULL;
}

/* Send some of one item: bytes sent, or -errno. */
static ssize_t send_some(struct channel *channel, struct outgoing *item)
{
	struct iovec part = {
	    .iov_base = item->bytes.data + item->sent,
	    .iov_len = item->bytes.len - item->sent,
	};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct cmsghdr *header;
	ssize_t n;

	if (item->sent == 0 && item->fd_count > 0) {
		memset(&control, 0, sizeof control);
		message.msg_control = control.space;
		message.msg_controllen =
		    CMSG_SPACE(sizeof(int) * item->fd_count);
		header = &control.align;
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * item->fd_count);
		memcpy(
		    CMSG_DATA(header), item->fds, sizeof(int) * item->fd_count);
	}
	n = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

/* What was sent may be half a message: both sides hear that it is over, so that
 * neither waits for the other. No error of a socket may pass for one of a disk.
 */
static int end(struct channel *channel, int error)
{
	channel->broken = true;
	shutdown(channel->fd, SHUT_RDWR);
	return error == -EIO ? -ECONNABORTED : error;
}

int channel_flush(struct channel *channel)
{
	struct outgoing *item;
	ssize_t n;

	while ((item = channel->out) != NULL) {
		n = send_some(channel, item);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN || n == -EWOULDBLOCK)
			return CHANNEL_E_AGAIN;
		if (n < 0)
			return end(channel, (int)n);
		item->sent += (size_t)n;
		channel->out_bytes -= (size_t)n;
		if (item->sent < item->bytes.len)
			continue;
		channel->out = item->next;
		if (!channel->out)
			channel->out_end = &channel->out;
		outgoing_free(item);
	}
	return 0;
}

static int make_item(enum wire_type type, struct span body, const int *fds,
    size_t fd_count, struct outgoing **ret_item)
{
	struct wire_header header = {
	    .length = (uint32_t)body.len,
	    .type = type,
	    .fd_count = (uint8_t)fd_count,
	};
	uint8_t head[WIRE_HEADER_BYTES];
	struct outgoing *item;
	size_t i;
	int r;

	if (fd_count > WIRE_FDS_MAX || body.len > wire_body_max(type))
		return -EINVAL;
	item = calloc(1, sizeof *item + fd_count * sizeof *item->fds);
	if (!item)
		return -ENOMEM;
	wire_header_pack(&header, head);
	r = buf_append(&item->bytes, head, sizeof head);
	if (r == 0)
		r = buf_append_span(&item->bytes, body);
	for (i = 0; r == 0 && i < fd_count; i++) {
		item->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (item->fds[i] < 0)
			r = -errno;
		else
			item->fd_count++;
	}
	if (r < 0) {
		outgoing_free(item);
		return r;
	}
	*ret_item = item;
	return 0;
}

int channel_send_body(struct channel *channel, enum wire_type type,
    struct span body, const int *fds, size_t fd_count)
{
	struct outgoing *item;
	int r;

	if (!wire_may_send(channel->self, channel->peer, type))
		return -EINVAL;
	if (channel->broken)
		return -EPIPE;
	r = make_item(type, body, fds, fd_count, &item);
	if (r < 0)
		return r;
	if (channel->out_bytes + item->bytes.len > CHANNEL_QUEUE_MAX) {
		outgoing_free(item);
		return -ENOBUFS;
	}
	channel->out_bytes += item->bytes.len;
	*channel->out_end = item;
	channel->out_end = &item->next;
	r = channel_flush(channel);
	return r < 0 ? r : 0;
}

int channel_send(struct channel *channel, enum wire_type type,
    const void *message, const int *fds, size_t fd_count)
{
	struct buf body = {0};
	int r;

	r = wire_encode_body(type, message, &body);
	if (r == 0)
		r = channel_send_body(
		    channel, type, buf_span(&body), fds, fd_count);
	buf_free(&body);
	return r;
}

/* Keep the descriptors of one recvmsg(); all are closed if they are too many
 * or were cut off by the kernel. */
static int keep_fds(struct channel *channel, struct msghdr *message)
{
	struct cmsghdr *header;
	size_t i, count;
	int fd, r = 0;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof fd;
		for (i = 0; i < count; i++) {
			memcpy(
			    &fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
			if (channel->in_fd_count < IN_FDS_MAX) {
				channel->in_fds[channel->in_fd_count++] = fd;
			} else {
				close(fd);
				r = -EPROTO;
			}
		}
	}
	return message->msg_flags & MSG_CTRUNC ? -EPROTO : r;
}

/* Read once: 0, CHANNEL_E_AGAIN, CHANNEL_E_CLOSED or -errno. */
static int read_some(struct channel *channel)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * 253)];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_len = READ_BYTES};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof control.space,
	};
	uint8_t *room;
	ssize_t n;
	int r;

	r = buf_reserve(&channel->in, READ_BYTES, &room);
	if (r < 0)
		return r;
	part.iov_base = room;
	n = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return CHANNEL_E_AGAIN;
	if (n < 0)
		return errno == ECONNRESET ? CHANNEL_E_CLOSED : -errno;
	r = keep_fds(channel, &message);
	if (r < 0)
		return r;
	channel->in.len += (size_t)n;
	return n == 0 ? CHANNEL_E_CLOSED : 0;
}

/* Cut used bytes off the front, but not for every small frame. */
static void compact(struct channel *channel)
{
	size_t left = channel->in.len - channel->in_start;

	if (left > 0 && channel->in_start < READ_BYTES)
		return;
	if (left > 0)
		memmove(channel->in.data, channel->in.data + channel->in_start,
		    left);
	if (channel->in.data)
		explicit_bzero(channel->in.data + left, channel->in.len - left);
	channel->in.len = left;
	channel->in_start = 0;
}

/* The header of the next frame: CHANNEL_E_AGAIN while the frame is not whole.
 */
static int next_header(
    const struct channel *channel, struct wire_header *ret_header)
{
	size_t have = channel->in.len - channel->in_start;
	int r;

	if (have < WIRE_HEADER_BYTES)
		return CHANNEL_E_AGAIN;
	r = wire_header_parse(channel->in.data + channel->in_start, ret_header);
	if (r != 0 ||
	    !wire_may_send(channel->peer, channel->self, ret_header->type))
		return -EPROTO;
	return have - WIRE_HEADER_BYTES < ret_header->length ? CHANNEL_E_AGAIN
							     : 0;
}

bool channel_has_frame(const struct channel *channel)
{
	struct wire_header header;

	return next_header(channel, &header) != CHANNEL_E_AGAIN;
}

static int take_frame(struct channel *channel, const struct wire_header *header,
    struct wire_frame *ret_frame)
{
	struct wire_frame *frame = ret_frame;
	size_t count = header->fd_count;
	int r;

	if (channel->in_fd_count < count)
		return -EPROTO;
	memset(&frame->body, 0, sizeof frame->body);
	r = buf_append(&frame->body,
	    channel->in.data + channel->in_start + WIRE_HEADER_BYTES,
	    header->length);
	if (r < 0)
		return r;
	frame->type = header->type;
	frame->fd_count = count;
	memcpy(frame->fds, channel->in_fds, count * sizeof *frame->fds);
	channel->in_fd_count -= count;
	memmove(channel->in_fds, channel->in_fds + count,
	    channel->in_fd_count * sizeof *channel->in_fds);
	channel->in_start += WIRE_HEADER_BYTES + header->length;
	compact(channel);
	if (channel->in.len == 0 && channel->in_fd_count > 0) {
		wire_frame_free(frame);
		return -EPROTO; /* descriptors that no frame announced */
	}
	return 0;
}

static int wait_readable(const struct channel *channel)
{
	struct pollfd wanted = {.fd = channel->fd, .events = POLLIN};

	if (poll(&wanted, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int receive(struct channel *channel, struct wire_frame *ret_frame)
{
	struct wire_header header;
	int r;

	for (;;) {
		r = next_header(channel, &header);
		if (r == 0)
			return take_frame(channel, &header, ret_frame);
		if (r < 0)
			return r;
		r = read_some(channel);
		if (r == CHANNEL_E_AGAIN && !channel->nonblocking)
			r = wait_readable(channel);
		if (r != 0)
			return r;
	}
}

int channel_receive(struct channel *channel, struct wire_frame *ret_frame)
{
	int r;

	if (channel->broken)
		return CHANNEL_E_CLOSED;
	r = receive(channel, ret_frame);
	if (r < 0 || r == CHANNEL_E_CLOSED)
		channel->broken = true;
	return r;
}

static int take_answer(struct wire_frame *frame, enum wire_type answer,
    struct wire_arena *arena, void *ret_answer, enum wire_code *ret_code)
{
	struct wire_failed failed;
	int r;

	if (frame->type == WIRE_FAILED) {
		r = wire_decode(
		    WIRE_FAILED, buf_span(&frame->body), arena, &failed);
		if (r == 0)
			*ret_code = (enum wire_code)failed.code;
		return r == 0 ? CHANNEL_E_REFUSED : -EPROTO;
	}
	if (frame->type != answer)
		return -EPROTO;
	r = wire_decode(answer, buf_span(&frame->body), arena, ret_answer);
	return r == 0 ? 0 : -EPROTO;
}

int channel_call(struct channel *channel, enum wire_type type,
    const void *message, const int *fds, size_t fd_count, enum wire_type answer,
    struct wire_arena *arena, void *ret_answer, enum wire_code *ret_failed_code)
{
	struct wire_frame frame;
	int r;

	r = channel_send(channel, type, message, fds, fd_count);
	if (r < 0)
		return r;
	r = channel_receive(channel, &frame);
	if (r != 0)
		return r < 0 ? r : -EPIPE;
	r = take_answer(&frame, answer, arena, ret_answer, ret_failed_code);
	wire_frame_free(&frame);
	if (r < 0)
		channel->broken = true;
	return r;
}

int channel_pair(int ret_fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return -errno;
	return 0;
}
