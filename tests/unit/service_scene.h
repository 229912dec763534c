/*
 * A service of the daemon as a real process, for a test that stands in the
 * place of its supervisor and of its peers.
 */
#ifndef EVIDENT_TESTS_SERVICE_SCENE_H
#define EVIDENT_TESTS_SERVICE_SCENE_H

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include "daemon/base/service.h"

/* Start ${service}, a ${role}. The test holds the supervisor's end of its
 * channel: channel_free(). */
static pid_t start_service(
    int (*service)(void), enum wire_role role, struct channel **ret_supervisor)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(channel_pair(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (fds[1] == SERVICE_FD)
			fcntl(fds[1], F_SETFD, 0);
		else if (dup2(fds[1], SERVICE_FD) < 0)
			_exit(90);
		close_range(SERVICE_FD + 1, ~0U, 0);
		_exit(service());
	}
	close(fds[1]);
	assert_int_equal(
	    channel_new(fds[0], WIRE_ROLE_SUPERVISOR, role, ret_supervisor), 0);
	return pid;
}

/* Tell the service at ${supervisor}, a ${role}, of a ${peer}; the test holds
 * the other end, as ${self}. */
static struct channel *introduce_peer(struct channel *supervisor,
    enum wire_role role, enum wire_role peer, enum wire_role self)
{
	const struct wire_sup_peer news = {.role = peer};
	struct channel *channel;
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(
	    channel_send(supervisor, WIRE_SUP_PEER, &news, &fds[1], 1), 0);
	close(fds[1]);
	assert_int_equal(channel_new(fds[0], self, role, &channel), 0);
	return channel;
}

#endif
