/*
 * Frames and descriptors between processes: whatever way the bytes are cut, and
 * whatever a peer sends that should not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

static struct channel *store, *client;
static int raw; /* the client's end, when it is not a channel */

static int pair(void **state)
{
	int ends[2];

	(void)state;
	store = client = NULL;
	raw = -1;
	if (channel_pair(ends) < 0)
		return -1;
	raw = ends[1];
	if (channel_new(ends[0], WIRE_ROLE_STORE, WIRE_ROLE_CLIENT, &store))
		return -1;
	channel_set_nonblocking(store);
	return 0;
}

/* Make the other end a channel too. */
static void both(void)
{
	assert_int_equal(
	    channel_new(raw, WIRE_ROLE_CLIENT, WIRE_ROLE_STORE, &client), 0);
	raw = -1;
}

static int unpair(void **state)
{
	(void)state;
	channel_free(store);
	channel_free(client);
	if (raw >= 0)
		close(raw);
	return 0;
}

static int numbered(int number)
{
	int fd = memfd_create("n", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, number), 0);
	return fd;
}

static off_t number_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : -1;
}

static void encode(struct buf *out, size_t fd_count)
{
	struct ctl_request request = {.op = CTL_CAPTURE};

	assert_int_equal(
	    wire_encode(WIRE_CTL_REQUEST, &request, fd_count, out), 0);
}

static void test_descriptors_arrive_in_order_and_close_on_exec(void **state)
{
	struct ctl_request request = {.op = CTL_CAPTURE};
	struct wire_frame frame;
	int fds[101], i;

	(void)state;
	both();
	for (i = 0; i < 101; i++)
		fds[i] = numbered(i + 1);
	assert_int_equal(
	    channel_send(client, WIRE_CTL_REQUEST, &request, fds, 101), 0);
	for (i = 0; i < 101; i++)
		close(fds[i]);
	assert_int_equal(channel_receive(store, &frame), 0);
	assert_int_equal(frame.fd_count, 101);
	for (i = 0; i < 101; i++) {
		assert_int_equal(number_of(frame.fds[i]), i + 1);
		assert_true(fcntl(frame.fds[i], F_GETFD) & FD_CLOEXEC);
	}
	wire_frame_free(&frame);
}

static void test_a_frame_may_come_byte_by_byte(void **state)
{
	struct wire_frame frame;
	struct buf bytes = {0};
	size_t i;

	(void)state;
	encode(&bytes, 0);
	for (i = 0; i < bytes.len; i++) {
		assert_int_equal(
		    channel_receive(store, &frame), CHANNEL_E_AGAIN);
		assert_int_equal(write(raw, bytes.data + i, 1), 1);
	}
	assert_int_equal(channel_receive(store, &frame), 0);
	wire_frame_free(&frame);
	buf_free(&bytes);
}

static void test_joined_frames_come_one_by_one_with_their_own(void **state)
{
	struct ctl_request request = {.op = CTL_CAPTURE};
	struct wire_frame frame;
	int i, fd;

	(void)state;
	both();
	for (i = 1; i <= 20; i++) {
		fd = numbered(i);
		assert_int_equal(
		    channel_send(client, WIRE_CTL_REQUEST, &request, &fd, 1),
		    0);
		close(fd);
	}
	for (i = 1; i <= 20; i++) {
		assert_int_equal(channel_receive(store, &frame), 0);
		assert_int_equal(frame.fd_count, 1);
		assert_int_equal(number_of(frame.fds[0]), i);
		wire_frame_free(&frame);
	}
	assert_int_equal(channel_receive(store, &frame), CHANNEL_E_AGAIN);
}

static void test_a_closed_peer_is_told(void **state)
{
	struct wire_frame frame;

	(void)state;
	close(raw);
	raw = -1;
	assert_int_equal(channel_receive(store, &frame), CHANNEL_E_CLOSED);
}

static void test_a_type_that_may_not_come_is_a_breach(void **state)
{
	struct wire_empty nothing = {0};
	struct wire_frame frame;
	struct buf bytes = {0};

	(void)state;
	wire_encode(WIRE_KEEPER_RESUME, &nothing, 0, &bytes);
	assert_int_equal(write(raw, bytes.data, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(channel_receive(store, &frame), -EPROTO);
	buf_free(&bytes);
}

static void test_a_type_that_may_not_go_is_not_sent(void **state)
{
	struct wire_empty nothing = {0};

	(void)state;
	assert_int_equal(
	    channel_send(store, WIRE_KEEPER_RESUME, &nothing, NULL, 0),
	    -EINVAL);
}

static void test_a_huge_length_is_a_breach(void **state)
{
	static const uint8_t head[8] = {0x7f, 0xff, 0xff, 0xff, 0, 16, 0, 0};
	struct wire_frame frame;

	(void)state;
	assert_int_equal(write(raw, head, sizeof head), sizeof head);
	assert_int_equal(channel_receive(store, &frame), -EPROTO);
}

static void send_with_fds(const struct buf *bytes, const int *fds, size_t count)
{
	char control[CMSG_SPACE(sizeof(int) * 8)] = {0};
	struct iovec part = {bytes->data, bytes->len};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = CMSG_SPACE(sizeof(int) * count),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
	assert_true(sendmsg(raw, &message, 0) > 0);
}

static void test_descriptors_that_no_frame_announces_are_a_breach(void **state)
{
	struct wire_frame frame;
	struct buf bytes = {0};
	int fds[2] = {numbered(1), numbered(2)};

	(void)state;
	encode(&bytes, 1);
	send_with_fds(&bytes, fds, 2);
	assert_int_equal(channel_receive(store, &frame), -EPROTO);
	close(fds[0]);
	close(fds[1]);
	buf_free(&bytes);
}

static void test_descriptors_that_are_announced_must_come(void **state)
{
	struct wire_frame frame;
	struct buf bytes = {0};

	(void)state;
	encode(&bytes, 1);
	assert_int_equal(write(raw, bytes.data, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(channel_receive(store, &frame), -EPROTO);
	buf_free(&bytes);
}

/* How many descriptors this process has. */
static int open_count(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_a_freed_channel_keeps_no_descriptor(void **state)
{
	struct ctl_request request = {.op = CTL_CAPTURE};
	int before, fd;

	(void)state;
	both();
	before = open_count();
	fd = numbered(1);
	assert_int_equal(
	    channel_send(client, WIRE_CTL_REQUEST, &request, &fd, 1), 0);
	close(fd);
	channel_freep(&client);
	channel_freep(&store);
	assert_int_equal(open_count(), before - 2);
}

static void test_a_full_socket_queues_up_to_a_limit(void **state)
{
	struct ctl_reply reply = {.last = 1};
	struct buf text = {0};
	int r = 0, sent = 0;

	(void)state;
	while (text.len < 1024 * 1024)
		buf_append_text(&text, "0123456789abcdef");
	reply.json = buf_span(&text);
	while (r == 0 && sent < 200) {
		r = channel_send(store, WIRE_CTL_REPLY, &reply, NULL, 0);
		sent += r == 0;
	}
	assert_int_equal(r, -ENOBUFS);
	assert_in_range(sent, 60, 66);
	assert_true(channel_wants_write(store));
	buf_free(&text);
}

static void test_too_many_descriptors_are_not_sent(void **state)
{
	struct ctl_request request = {.op = CTL_CAPTURE};
	int fds[WIRE_FDS_MAX + 1], i;

	(void)state;
	both();
	for (i = 0; i <= WIRE_FDS_MAX; i++)
		fds[i] = 0;
	assert_int_equal(channel_send(client, WIRE_CTL_REQUEST, &request, fds,
			     WIRE_FDS_MAX + 1),
	    -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair, unpair)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_descriptors_arrive_in_order_and_close_on_exec),
	    TEST(test_a_frame_may_come_byte_by_byte),
	    TEST(test_joined_frames_come_one_by_one_with_their_own),
	    TEST(test_a_closed_peer_is_told),
	    TEST(test_a_type_that_may_not_come_is_a_breach),
	    TEST(test_a_type_that_may_not_go_is_not_sent),
	    TEST(test_a_huge_length_is_a_breach),
	    TEST(test_descriptors_that_no_frame_announces_are_a_breach),
	    TEST(test_descriptors_that_are_announced_must_come),
	    TEST(test_a_freed_channel_keeps_no_descriptor),
	    TEST(test_a_full_socket_queues_up_to_a_limit),
	    TEST(test_too_many_descriptors_are_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
