/*
 * Starting, connecting and ending child processes.
 *
 * A child is executed anew from /proc/self/exe, also when the file of that
 * name was replaced by an update: all processes of a daemon are of one build.
 * It inherits descriptors 0 to 2, of which only the log is of use, and
 * descriptor 3, its channel. The environment is passed on; it belongs to the
 * same user.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/child.h"
#include "daemon/base/log.h"
#include "daemon/base/service.h"

/* In the forked child: become ${role} with ${fd} as descriptor 3. */
static void execute_role(enum wire_role role, int fd)
{
	char *argv[] = {
	    "evidentd", "--role", (char *)wire_role_name(role), NULL};
	sigset_t none;
	int null;

	sigemptyset(&none);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(127);
	if (fd == SERVICE_FD ? fcntl(fd, F_SETFD, 0) < 0
			     : dup2(fd, SERVICE_FD) < 0)
		_exit(127);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static int spawn(struct child *child)
{
	int fds[2], r;
	pid_t pid;

	r = channel_pair(fds);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0)
		execute_role(child->role, fds[1]);
	r = pid < 0 ? -errno : 0;
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		return r;
	}
	child->pid = pid;
	r = channel_new(
	    fds[0], WIRE_ROLE_SUPERVISOR, child->role, &child->channel);
	if (r == 0)
		channel_set_nonblocking(child->channel);
	return r;
}

int child_start(struct child *child, const struct home *home,
    const struct wire_sup_start *settings)
{
	const int fds[3] = {home->dir_fd, home->control_fd, home->key_fd};
	size_t count = 0;
	int r;

	r = spawn(child);
	if (r < 0)
		return r;
	if (child->role == WIRE_ROLE_KEEPER)
		count = 1;
	else if (child->role == WIRE_ROLE_STORE)
		count = home->key_fd >= 0 ? 3 : 2;
	return channel_send(
	    child->channel, WIRE_SUP_START, settings, fds, count);
}

static int send_peer(struct child *child, const struct child *peer, int fd)
{
	const struct wire_sup_peer message = {
	    .role = peer->role, .number = peer->number};

	return channel_send(child->channel, WIRE_SUP_PEER, &message, &fd, 1);
}

int child_connect(struct child *a, struct child *b)
{
	int fds[2], r;

	r = channel_pair(fds);
	if (r < 0)
		return r;
	r = send_peer(a, b, fds[0]);
	if (r == 0) /* a ${b} that just died gets a new pair when it is back */
		send_peer(b, a, fds[1]);
	close(fds[0]);
	close(fds[1]);
	return r;
}

void child_stop(struct child *child)
{
	const struct wire_empty stop = {0};

	if (child->pid <= 0)
		return;
	if (!child->channel ||
	    channel_send(child->channel, WIRE_SUP_STOP, &stop, NULL, 0) < 0)
		kill(child->pid, SIGKILL);
}

void child_end(struct child *child)
{
	channel_freep(&child->channel);
	if (child->pid <= 0)
		return;
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

unsigned child_count_death(struct child *child, int64_t now)
{
	unsigned count = 0;
	int i;

	memmove(&child->deaths[1], &child->deaths[0],
	    (CHILD_DEATHS_MAX - 1) * sizeof child->deaths[0]);
	child->deaths[0] = now;
	for (i = 0; i < CHILD_DEATHS_MAX; i++)
		if (child->deaths[i] &&
		    now - child->deaths[i] < CHILD_DEATHS_MS)
			count++;
	return count;
}

void child_log_death(const struct child *child, int status)
{
	/* The log takes fixed texts only, so here is one for each. */
	static const char *const texts[][2] = {
	    [WIRE_ROLE_KEEPER] = {"keeper ended with code",
		"keeper ended by signal"},
	    [WIRE_ROLE_STORE] = {"store ended with code",
		"store ended by signal"},
	    [WIRE_ROLE_WORKER] = {"worker ended with code",
		"worker ended by signal"},
	    [WIRE_ROLE_COURIER] = {"courier ended with code",
		"courier ended by signal"},
	};

	if (WIFSIGNALED(status))
		log_number(
		    LOG_LEVEL_WARNING, texts[child->role][1], WTERMSIG(status));
	else
		log_number(LOG_LEVEL_WARNING, texts[child->role][0],
		    WEXITSTATUS(status));
}
