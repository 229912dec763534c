/*
 * A client's requests over the home's socket, to a store with a real database.
 * Each gets answers that decode, and one that is the last, unless it waits for
 * a process that does not answer here. What begins, ends or locks a node is
 * left to the scenarios.
 *
 * Input: requests: operation, flags, number, how many descriptors, text, blob,
 * how many names and they.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/store/control.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/node.h"
#include "tests/fuzz/parts.h"

#define REQUESTS_MAX 8
#define NAMES_MAX 4
#define FDS_MAX 3

static int connect_client(struct node *node)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CLAIM(getsockname(node->store->service.control_fd,
		  (struct sockaddr *)&name, &len) == 0);
	CLAIM(connect(fd, (struct sockaddr *)&name, len) == 0);
	return fd;
}

static bool is_of_nodes(uint64_t op)
{
	return op == CTL_INIT || op == CTL_UNLOCK || op == CTL_LOCK ||
	       op == CTL_STOP;
}

static void ask(struct channel *client, struct span *rest)
{
	struct ctl_request request = {.op = parts_byte(rest) % 40};
	struct span names[NAMES_MAX];
	int fds[FDS_MAX];
	size_t fd_count, i;

	request.flags = parts_byte(rest);
	request.number = parts_byte(rest);
	fd_count = parts_byte(rest) % (FDS_MAX + 1);
	request.text = parts_take(rest);
	request.blob = parts_take(rest);
	request.names.items = names;
	request.names.count = parts_byte(rest) % (NAMES_MAX + 1);
	for (i = 0; i < request.names.count; i++)
		names[i] = parts_take(rest);
	if (is_of_nodes(request.op))
		return;
	for (i = 0; i < fd_count; i++)
		fds[i] = parts_file(request.blob);
	(void)!channel_send(client, WIRE_CTL_REQUEST, &request, fds, fd_count);
	for (i = 0; i < fd_count; i++)
		close(fds[i]);
}

static void check_answers(struct channel *client)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_frame frame;
	struct ctl_reply reply;
	json_t *json;

	while (channel_receive(client, &frame) == 0) {
		CLAIM(wire_decode(WIRE_CTL_REPLY, buf_span(&frame.body), &arena,
			  &reply) == 0);
		CLAIM(reply.exit == 0 || reply.error.len > 0);
		if (reply.json.len > 0) {
			json = json_loadb((const char *)reply.json.data,
			    reply.json.len, JSON_REJECT_DUPLICATES, NULL);
			CLAIM(json_is_object(json));
			json_decref(json);
		}
		wire_frame_free(&frame);
		wire_arena_free(&arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct channel *client;
	struct node node;
	int i;

	node_begin(&node);
	CLAIM(channel_new(connect_client(&node), WIRE_ROLE_CLIENT,
		  WIRE_ROLE_STORE, &client) == 0);
	channel_set_nonblocking(client);
	for (i = 0; i < REQUESTS_MAX && rest.len > 0; i++) {
		ask(client, &rest);
		node_run(&node);
		check_answers(client);
	}
	CLAIM(node.store->log.size == 0); /* no keeper signed anything */
	channel_free(client);
	node_run(&node);
	node_end(&node);
	return 0;
}
