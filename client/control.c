/*
 * The client's end of the control socket, and starting a daemon.
 *
 * The daemon is $EVIDENTD, else the evidentd beside this program, else the one
 * on PATH. It is started in a session of its own, with nothing of the terminal;
 * it is ready when it answers STATUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/control.h"
#include "client/say.h"
#include "proto/format/content_json.h"
#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

#define START_TRIES 200     /* of 50 ms */
#define STOP_TRIES 800      /* a store may finish what it began for 30 s */
#define E_STRANGER (-EXDEV) /* somebody else listens there */

struct control {
	struct channel *channel;
};

/* Whoever listens gets passphrases and files: nobody but this user. */
static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.uid == geteuid();
}

/* The socket by a path that fits sun_path, however long the home's is. */
static int connect_home(const char *home)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dir, fd, r;

	dir = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	snprintf(address.sun_path, sizeof address.sun_path,
	    "/proc/self/fd/%d/control", dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = fd < 0 ? -errno : 0;
	if (r == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		r = -errno;
	if (r == 0 && !is_ours(fd))
		r = E_STRANGER;
	close(dir);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	return fd;
}

static void find_daemon(char path[PATH_MAX])
{
	const char *given = getenv("EVIDENTD");
	char own[PATH_MAX];
	ssize_t len;
	char *slash;

	if (given && *given) {
		snprintf(path, PATH_MAX, "%s", given);
		return;
	}
	len = readlink("/proc/self/exe", own, sizeof own - 16);
	if (len > 0) {
		own[len] = 0;
		slash = strrchr(own, '/');
		if (slash) {
			memcpy(slash + 1, "evidentd", sizeof "evidentd");
			if (access(own, X_OK) == 0) {
				snprintf(path, PATH_MAX, "%s", own);
				return;
			}
			/* A build tree has client/ and daemon/ side by side. */
			memcpy(slash + 1, "../daemon/evidentd",
			    sizeof "../daemon/evidentd");
		}
		if (access(own, X_OK) == 0) {
			snprintf(path, PATH_MAX, "%s", own);
			return;
		}
	}
	snprintf(path, PATH_MAX, "evidentd");
}

static void exec_daemon(const char *home)
{
	char path[PATH_MAX];
	int null;

	setsid();
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		_exit(127);
	if (!getenv("EVIDENTD_DEBUG") && dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	closefrom(STDERR_FILENO + 1);
	find_daemon(path);
	execlp(path, path, "--home", home, (char *)NULL);
	_exit(127);
}

static void pause_ms(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};

	nanosleep(&t, NULL);
}

/* Start a daemon and wait for its socket: a descriptor or -errno. A child that
 * ends at once may have lost a race against another daemon: then that one's
 * socket is as good. */
static int start_daemon(const char *home)
{
	pid_t child;
	int i, fd = -ECONNREFUSED, status;
	bool ended = false;

	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		exec_daemon(home);
	for (i = 0; i < START_TRIES; i++) {
		fd = connect_home(home);
		if (fd >= 0)
			return fd;
		if (!ended && waitpid(child, &status, WNOHANG) == child) {
			ended = true;
			i = START_TRIES - 20;
		}
		pause_ms(50);
	}
	return fd;
}

static int control_new(int fd, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof *control);
	int r;

	if (!control) {
		close(fd);
		return -ENOMEM;
	}
	r = channel_new(
	    fd, WIRE_ROLE_CLIENT, WIRE_ROLE_STORE, &control->channel);
	if (r < 0) {
		free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

static void say_no_home(const char *home, bool absent)
{
	say_error(absent ? "there is no home directory"
			 : "the home directory cannot be looked at",
	    home);
	say_hint(absent
		     ? "make one with: evident --home DIR init --name NAME"
		     : "nothing was touched, and nothing says that it is gone: "
		       "make no other before this one can be read");
}

int control_open(struct client *client, bool start, struct control **ret)
{
	struct control *control;
	int fd;

	if (access(client->home, F_OK) < 0) {
		say_no_home(client->home, errno == ENOENT || errno == ENOTDIR);
		return start ? EXIT_FAILED : EXIT_NO_DAEMON;
	}
	fd = connect_home(client->home);
	if (fd < 0 && fd != E_STRANGER && start)
		fd = start_daemon(client->home);
	if (fd == E_STRANGER) {
		say_error(
		    "another user's program answers in home", client->home);
		say_hint("nothing was sent to it; use a home that only you "
			 "can write to");
		return EXIT_FAILED;
	}
	if (fd < 0) {
		say_error(start ? "the daemon did not start for home"
				: "no daemon runs for home",
		    client->home);
		say_hint(start ? "run evidentd --home DIR to see why; nothing "
				 "stored was touched"
			       : "start one with: evident unlock");
		return EXIT_NO_DAEMON;
	}
	if (control_new(fd, &control) != 0) {
		say_error("out of memory", NULL);
		return EXIT_FAILED;
	}
	*ret = control;
	return 0;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	channel_free(control->channel);
	free(control);
}

void control_closep(struct control **control)
{
	control_close(*control);
	*control = NULL;
}

int control_put(struct control *control, const struct ctl_request *request,
    const int *fds, size_t fd_count)
{
	int r;

	r = channel_send(
	    control->channel, WIRE_CTL_REQUEST, request, fds, fd_count);
	if (r == -EINVAL) {
		say_error("the request is too large or malformed", NULL);
		return EXIT_FAILED;
	}
	if (r < 0) {
		say_error("the daemon ended before it was asked", NULL);
		return EXIT_NO_DAEMON;
	}
	return 0;
}

/* Of several replies the last that says something is told. */
static void put_text(char **text, char *newer)
{
	free(*text);
	*text = newer;
}

static char *text_of(struct span span)
{
	return strndup((const char *)span.data, span.len);
}

static const char without_memory[] =
    "out of memory for the daemon's answer; what was asked may be done: "
    "look with evident list";

/* One reply; *ret_last tells whether more come. */
static int take_reply(struct control *control, const char *what,
    json_t **ret_json, char **ret_error, char **ret_hint, bool *ret_last)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_frame frame;
	struct ctl_reply reply;
	int r;

	*ret_last = true;
	r = channel_receive(control->channel, &frame);
	if (r != 0) {
		put_text(
		    ret_error, strdup("the daemon ended before it answered"));
		put_text(
		    ret_hint, strdup("what it had acknowledged is stored; look "
				     "with evident list, then try again"));
		return EXIT_NO_DAEMON;
	}
	r = frame.type == WIRE_CTL_REPLY
		? wire_decode(
		      WIRE_CTL_REPLY, buf_span(&frame.body), &arena, &reply)
		: FORMAT_E_MALFORMED;
	if (r == 0 && reply.json.len)
		r = content_json_read(
		    reply.json, JSON_REJECT_DUPLICATES, ret_json);
	if (r != 0) {
		put_text(ret_error,
		    strdup(r < 0 ? without_memory
				 : "the daemon's answer makes no sense"));
		r = EXIT_FAILED;
	} else {
		*ret_last = reply.last;
		if (!reply.last && what)
			say_progress(what, reply.done, reply.total);
		if (reply.last && reply.error.len)
			put_text(ret_error, text_of(reply.error));
		if (reply.last && reply.hint.len)
			put_text(ret_hint, text_of(reply.hint));
		r = (int)reply.exit;
	}
	wire_frame_free(&frame);
	wire_arena_free(&arena);
	return r;
}

/* Lists come in several replies: join their arrays. Negative without memory:
 * a part is no list. */
static int join_json(json_t **into, json_t *more)
{
	const char *key;
	json_t *value;
	int r = 0;

	if (!*into) {
		*into = more;
		return 0;
	}
	json_object_foreach(more, key, value)
	{
		if (r < 0)
			break;
		if (json_is_array(value) &&
		    json_is_array(json_object_get(*into, key)))
			r = json_array_extend(
			    json_object_get(*into, key), value);
		else
			r = json_object_set(*into, key, value);
	}
	json_decref(more);
	return r;
}

static int take_all(struct control *control, const char *what,
    json_t **ret_json, char **ret_error, char **ret_hint)
{
	json_t *json = NULL, *part;
	bool last, whole = true;
	int r;

	do {
		part = NULL;
		r = take_reply(
		    control, what, &part, ret_error, ret_hint, &last);
		if (part && join_json(&json, part) < 0)
			whole = false;
	} while (!last);
	say_progress_end();
	if (r == 0 && !whole) {
		put_text(ret_error, strdup(without_memory));
		r = EXIT_FAILED;
	}
	if (ret_json)
		*ret_json = json;
	else
		json_decref(json);
	return r;
}

int control_take(struct control *control, json_t **ret_json, char **ret_error)
{
	char *hint = NULL;
	int r;

	*ret_error = NULL;
	r = take_all(control, NULL, ret_json, ret_error, &hint);
	free(hint);
	return r;
}

int control_call(struct control *control, const struct ctl_request *request,
    const int *fds, size_t fd_count, const char *what, json_t **ret_json)
{
	char *error = NULL, *hint = NULL;
	int r;

	if (ret_json)
		*ret_json = NULL;
	r = control_put(control, request, fds, fd_count);
	if (r == EXIT_NO_DAEMON)
		say_hint("nothing was stored by this command; try again");
	if (r != 0)
		return r;
	r = take_all(control, what, ret_json, &error, &hint);
	if (r != 0)
		say_error(error ? error : without_memory, NULL);
	if (hint)
		say_hint(hint);
	free(error);
	free(hint);
	return r;
}

bool control_peek_state(struct client *client, char ret_state[16])
{
	struct ctl_request request = {.op = CTL_STATUS};
	struct control *control;
	char *error = NULL;
	json_t *json = NULL;
	const char *state = NULL;
	int fd = connect_home(client->home);

	if (fd < 0 || control_new(fd, &control) != 0)
		return false;
	if (channel_send(
		control->channel, WIRE_CTL_REQUEST, &request, NULL, 0) == 0 &&
	    control_take(control, &json, &error) == 0)
		state = json_string_value(json_object_get(json, "state"));
	if (state)
		snprintf(ret_state, 16, "%s", state);
	free(error);
	control_close(control);
	json_decref(json);
	return state;
}

int control_ask_status(struct control *control, json_t **ret_json)
{
	struct ctl_request request = {.op = CTL_STATUS};

	return control_call(control, &request, NULL, 0, NULL, ret_json);
}

int control_simple(struct client *client, bool start, enum ctl_op op,
    const char *text, json_t **ret_json)
{
	struct ctl_request request = {.op = op};
	struct control *control;
	int r;

	if (text)
		request.text = span_text(text);
	r = control_open(client, start, &control);
	if (r != 0)
		return r;
	r = control_call(control, &request, NULL, 0, NULL, ret_json);
	control_close(control);
	return r;
}

bool control_wait_gone(struct client *client)
{
	int i, fd;

	for (i = 0; i < STOP_TRIES; i++) {
		fd = connect_home(client->home);
		if (fd == -ENOENT || fd == -ECONNREFUSED)
			return true;
		if (fd >= 0)
			close(fd);
		pause_ms(50);
	}
	return false;
}
