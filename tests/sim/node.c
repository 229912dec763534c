/*
 * Starting, asking and killing a node (node.h). The simulation is the
 * supervisor: it starts keeper, store and worker as the supervisor does, but
 * from its own program, and hands them their channels. The courier is here, in
 * this process (wires.c).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "daemon/base/service.h"
#include "tests/sim/node.h"

#define QUIET_MS 60000 /* a store that is not quiet by then hangs */

static void become(struct node *node, enum wire_role role, int fd, int step_fd)
{
	int log = open(node->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (log < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(1);
	/* Both out of the way first. */
	fd = fcntl(fd, F_DUPFD, 16);
	step_fd = step_fd >= 0 ? fcntl(step_fd, F_DUPFD, 16) : -1;
	if (dup2(fd, SERVICE_FD) < 0)
		_exit(1);
	if (step_fd >= 0 && dup2(step_fd, SEAM_STEP_FD) < 0)
		_exit(1);
	close_range(step_fd >= 0 ? SEAM_STEP_FD + 1 : SERVICE_FD + 1, ~0U, 0);
	seam_enter(node->seam, node->seed, node->number, role, node->lives);
	if (role == WIRE_ROLE_KEEPER)
		_exit(keeper_main());
	_exit(role == WIRE_ROLE_STORE ? store_main() : worker_main());
}

/* ${fds} go with START. */
static int start(struct node *node, struct child *child, enum wire_role role,
    const int *fds, size_t fd_count)
{
	int pair[2], step[2] = {-1, -1};
	bool steps = role == WIRE_ROLE_STORE;
	int r;

	memset(child, 0, sizeof *child);
	child->role = role;
	node->lives++;
	if (channel_pair(pair) < 0 || (steps && channel_pair(step) < 0))
		return -EMFILE;
	fflush(stdout);
	child->pid = fork();
	if (child->pid == 0)
		become(node, role, pair[1], step[1]);
	close(pair[1]);
	if (steps) {
		close(step[1]);
		node->step_fd = step[0];
		node->begun = false;
	}
	if (child->pid < 0)
		return -EAGAIN;
	r = channel_new(pair[0], WIRE_ROLE_SUPERVISOR, role, &child->channel);
	return r == 0 ? channel_send(child->channel, WIRE_SUP_START,
			    &node->settings, fds, fd_count)
		      : r;
}

static int listen_control(struct node *node)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%.90s.control",
	    node->home);
	unlink(address.sun_path);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 16) < 0)
		return -errno;
	return fd;
}

static int open_home(struct node *node)
{
	return open(node->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int connect_courier(struct node *node)
{
	const struct wire_sup_peer peer = {.role = WIRE_ROLE_COURIER};
	int fds[2], r;

	r = channel_pair(fds);
	if (r < 0)
		return r;
	r = channel_send(node->store.channel, WIRE_SUP_PEER, &peer, &fds[0], 1);
	close(fds[0]);
	return r < 0 ? r : wires_take_store(node->number, fds[1]);
}

static int connect_store(struct node *node)
{
	int r;

	r = child_connect(&node->store, &node->keeper);
	if (r == 0)
		r = child_connect(&node->store, &node->worker);
	if (r == 0)
		r = connect_courier(node);
	return r;
}

int node_start_store(struct node *node)
{
	int fds[2] = {open_home(node), listen_control(node)};
	int r;

	r = fds[0] < 0 || fds[1] < 0
		? -errno
		: start(node, &node->store, WIRE_ROLE_STORE, fds, 2);
	close(fds[0]);
	close(fds[1]);
	if (r < 0)
		return r;
	/* What fails here shows as its death. It may have been quiet before it
	 * was told of all the others. */
	connect_store(node);
	return node_run(node) && node_run(node) ? 0 : -ECHILD;
}

int node_start(struct node *node)
{
	int home = open_home(node);
	int r;

	node->step_fd = -1;
	r = wires_courier_start(node->number);
	if (r == 0)
		r = start(node, &node->keeper, WIRE_ROLE_KEEPER, &home, 1);
	close(home);
	if (r == 0)
		r = start(node, &node->worker, WIRE_ROLE_WORKER, NULL, 0);
	if (r == 0)
		r = child_connect(&node->worker, &node->keeper);
	return r == 0 ? node_start_store(node) : r;
}

static void drop_step(struct node *node)
{
	if (node->step_fd >= 0)
		close(node->step_fd);
	node->step_fd = -1;
	node->seam->crash_at = node->seam->points = 0;
}

void node_kill(struct node *node)
{
	child_end(&node->store);
	child_end(&node->worker);
	child_end(&node->keeper);
	drop_step(node);
	wires_courier_end(node->number);
}

bool node_is_up(const struct node *node)
{
	return node->step_fd >= 0;
}

/* Wait until it is quiet. */
static bool hear_quiet(struct node *node)
{
	struct pollfd poll_fd = {.fd = node->step_fd, .events = POLLIN};
	char word;

	if (poll(&poll_fd, 1, QUIET_MS) <= 0) {
		printf("# node %u hangs\n", node->number);
		fflush(stdout);
		abort();
	}
	return read(node->step_fd, &word, 1) == 1;
}

bool node_run(struct node *node)
{
	int status = 0;

	/* What has just been started runs by itself until it is quiet. */
	if (node->begun && write(node->step_fd, "g", 1) != 1)
		status = 0; /* it is dead: heard below */
	node->begun = true;
	if (hear_quiet(node))
		return true;
	waitpid(node->store.pid, &status, 0);
	node->store.pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != SEAM_CRASHED) {
		printf("# the store of node %u ended by itself: %d\n",
		    node->number, status);
		fflush(stdout);
		abort();
	}
	child_end(&node->store);
	drop_step(node);
	return false;
}

/* --- asking -------------------------------------------------------------- */

void call_begin(struct call *call, struct node *node,
    const struct ctl_request *request, const int *fds, size_t fd_count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(call, 0, sizeof *call);
	call->node = node;
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s.control",
	    node->home);
	if (!node_is_up(node) || fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    channel_new(fd, WIRE_ROLE_CLIENT, WIRE_ROLE_STORE, &call->channel) <
		0 ||
	    channel_send(
		call->channel, WIRE_CTL_REQUEST, request, fds, fd_count) < 0) {
		call->done = call->lost = true;
		if (!call->channel && fd >= 0)
			close(fd);
		return;
	}
	channel_set_nonblocking(call->channel);
}

bool call_is_told(const struct call *call)
{
	int left = 0;

	return !call->done &&
	       ioctl(channel_fd(call->channel), SIOCOUTQ, &left) == 0 &&
	       left > 0;
}

/* What comes before the last reply is added to it. */
static void take_reply(struct call *call, const struct ctl_reply *reply)
{
	json_t *part = NULL;

	if (reply->json.len > 0)
		part = json_loadb(
		    (const char *)reply->json.data, reply->json.len, 0, NULL);
	if (call->json && part)
		json_array_extend(json_object_get(call->json, "records"),
		    json_object_get(part, "records"));
	else if (part)
		call->json = json_incref(part);
	json_decref(part);
	if (!reply->last)
		return;
	call->done = true;
	call->exit = (unsigned)reply->exit;
	snprintf(call->error, sizeof call->error, "%.*s", (int)reply->error.len,
	    (const char *)reply->error.data);
}

void call_hear(struct call *call)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_frame frame;
	struct ctl_reply reply;
	int r = 0;

	while (!call->done && r == 0) {
		r = channel_receive(call->channel, &frame);
		if (r != 0)
			break;
		r = wire_decode(
		    WIRE_CTL_REPLY, buf_span(&frame.body), &arena, &reply);
		if (r == 0)
			take_reply(call, &reply);
		wire_arena_free(&arena);
		wire_frame_free(&frame);
	}
	if (!call->done && r != CHANNEL_E_AGAIN)
		call->done = call->lost = true;
}

void call_end(struct call *call)
{
	channel_freep(&call->channel);
	json_decref(call->json);
	call->json = NULL;
}

/* --- disks --------------------------------------------------------------- */

static int copy_file(int from, int to, const char *name)
{
	int in = openat(from, name, O_RDONLY | O_CLOEXEC);
	int out =
	    openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = -1;

	if (in >= 0 && out >= 0)
		while (
		    (n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
			;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n == 0 ? 0 : -EIO;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int copy_folder(const char *from, const char *to)
{
	DIR *list = opendir(from);
	int in = list ? dirfd(list) : -1, out, r = 0;
	char a[NODE_PATH_MAX * 2], b[NODE_PATH_MAX * 2];
	struct dirent *item;

	if (!list || mkdir(to, 0700) < 0)
		return -errno;
	out = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (r == 0 && (item = readdir(list)) != NULL) {
		if (is_dots(item->d_name))
			continue;
		snprintf(a, sizeof a, "%s/%s", from, item->d_name);
		snprintf(b, sizeof b, "%s/%s", to, item->d_name);
		r = item->d_type == DT_DIR ? copy_folder(a, b)
					   : copy_file(in, out, item->d_name);
	}
	closedir(list);
	close(out);
	return r;
}

void node_remove_home(const char *path)
{
	DIR *list = opendir(path);
	char name[NODE_PATH_MAX * 2];
	struct dirent *item;

	while (list && (item = readdir(list)) != NULL) {
		if (is_dots(item->d_name))
			continue;
		snprintf(name, sizeof name, "%s/%s", path, item->d_name);
		if (item->d_type == DT_DIR)
			node_remove_home(name);
		else
			unlink(name);
	}
	if (list)
		closedir(list);
	rmdir(path);
}

int node_copy_home(const char *from, const char *to)
{
	node_remove_home(to);
	return copy_folder(from, to);
}
