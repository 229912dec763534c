/*
 * Frames out of a real socket between two processes of a node, with
 * descriptors. What is received is what was sent, of a type that the sender may
 * send, and no descriptor is left behind.
 *
 * Input: which two, how many descriptors ride with the first byte, the bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/wire/channel.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define FDS_MAX 4
#define BYTES_MAX 65536

static void send_all(int fd, struct span bytes, size_t fd_count)
{
	int fds[FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char control[CMSG_SPACE(sizeof fds)] = {0};
	struct iovec part = {(void *)bytes.data, bytes.len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *head;
	size_t i;

	for (i = 0; i < FDS_MAX; i++)
		fds[i] = null;
	if (fd_count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
		memcpy(CMSG_DATA(head), fds, fd_count * sizeof *fds);
	}
	CLAIM(sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)bytes.len);
	close(null);
}

/* It is what comes next in ${rest}. */
static void check_frame(const struct wire_frame *frame, enum wire_role from,
    enum wire_role to, struct span *rest)
{
	struct wire_header header = {
	    .length = (uint32_t)frame->body.len,
	    .type = frame->type,
	    .fd_count = (uint8_t)frame->fd_count,
	};
	uint8_t head[WIRE_HEADER_BYTES];
	size_t i;

	wire_header_pack(&header, head);
	CLAIM(wire_may_send(from, to, frame->type));
	CLAIM(rest->len >= sizeof head + frame->body.len);
	CLAIM(memcmp(rest->data, head, sizeof head) == 0);
	CLAIM(span_equal(buf_span(&frame->body),
	    span_of(rest->data + sizeof head, frame->body.len)));
	for (i = 0; i < frame->fd_count; i++)
		CLAIM(fcntl(frame->fds[i], F_GETFD) == FD_CLOEXEC);
	rest->data += sizeof head + frame->body.len;
	rest->len -= sizeof head + frame->body.len;
}

static void receive(struct channel *channel, enum wire_role from,
    enum wire_role to, struct span bytes)
{
	struct wire_frame frame;
	int r;

	channel_set_nonblocking(channel);
	while ((r = channel_receive(channel, &frame)) == 0) {
		check_frame(&frame, from, to, &bytes);
		wire_frame_free(&frame);
	}
	CLAIM(r == CHANNEL_E_AGAIN || r == CHANNEL_E_CLOSED || r == -EPROTO);
}

/* The lowest descriptor that is free. */
static int lowest(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	uint8_t who = parts_byte(&rest), count = parts_byte(&rest);
	enum wire_role from = who % WIRE_ROLE_PARTNER;
	enum wire_role to = who / WIRE_ROLE_PARTNER % WIRE_ROLE_PARTNER;
	int fds[2], before = lowest();
	struct channel *channel;

	if (rest.len == 0 || rest.len > BYTES_MAX)
		return 0;
	CLAIM(channel_pair(fds) == 0);
	send_all(fds[0], rest, count % (FDS_MAX + 1));
	close(fds[0]);
	CLAIM(channel_new(fds[1], to, from, &channel) == 0);
	receive(channel, from, to, rest);
	channel_free(channel);
	CLAIM(lowest() == before);
	return 0;
}
