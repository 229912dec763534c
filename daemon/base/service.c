/*
 * How a child of the supervisor begins.
 *
 * The first thing a child does is to make sure that nobody looks into it (no
 * core file, no ptrace by others of the same user) and that it cannot outlive
 * the supervisor. PR_SET_PDEATHSIG misses a supervisor that died before the
 * call, so the parent is compared with the maker of the socket pair that
 * descriptor 3 belongs to: its credentials were recorded when it was made.
 *
 * Signals: the supervisor alone decides when the daemon stops. A terminal or a
 * service manager signals the whole group, so children ignore what would make
 * them end in the wrong order; SIGKILL is the supervisor's means.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/service.h"

#define LONELY_MS 2000

static bool parent_is_alive(void)
{
	struct ucred maker;
	socklen_t len = sizeof maker;

	if (getsockopt(SERVICE_FD, SOL_SOCKET, SO_PEERCRED, &maker, &len) < 0)
		return false;
	return maker.pid == getppid();
}

static int shut_windows(void)
{
	/* SIGIO tells of a lease that somebody outside would break. */
	static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGIO};
	const struct rlimit none = {0, 0};
	size_t i;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	for (i = 0; i < sizeof ignored / sizeof *ignored; i++)
		if (signal(ignored[i], SIG_IGN) == SIG_ERR)
			return -errno;
	if (fcntl(SERVICE_FD, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return parent_is_alive() ? 0 : -ESRCH;
}

static bool count_fits(enum wire_role role, size_t count)
{
	if (role == WIRE_ROLE_STORE)
		return count == 2 || count == 3;
	return count == (role == WIRE_ROLE_KEEPER ? 1 : 0);
}

static int take_start(
    enum wire_role role, struct wire_frame *frame, struct service *service)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sup_start start;
	int r;

	if (frame->type != WIRE_SUP_START || !count_fits(role, frame->fd_count))
		return -EPROTO;
	r = wire_decode(WIRE_SUP_START, buf_span(&frame->body), &arena, &start);
	wire_arena_free(&arena);
	if (r < 0)
		return r;
	if (r > 0 || start.workers < 1 || start.workers > SERVICE_WORKERS_MAX)
		return -EPROTO;
	service->workers = (unsigned)start.workers;
	service->settings = start;
	service->home_fd = wire_frame_take_fd(frame, 0);
	service->control_fd = wire_frame_take_fd(frame, 1);
	service->key_fd = wire_frame_take_fd(frame, 2);
	return 0;
}

int service_begin(enum wire_role role, struct service *ret_service)
{
	struct service service = {
	    .home_fd = -1, .control_fd = -1, .key_fd = -1};
	struct wire_frame frame;
	int r;

	log_begin(wire_role_name(role));
	r = shut_windows();
	if (r < 0)
		return r;
	r = channel_new(
	    SERVICE_FD, role, WIRE_ROLE_SUPERVISOR, &service.supervisor);
	if (r < 0)
		return r;
	r = channel_receive(service.supervisor, &frame);
	if (r == 0) {
		r = take_start(role, &frame, &service);
		wire_frame_free(&frame);
	}
	if (r != 0) {
		service_end(&service);
		return r < 0 ? r : -EPIPE;
	}
	*ret_service = service;
	return 0;
}

int service_tell(struct service *service, enum sup_state state)
{
	struct wire_sup_state message = {.state = state};

	return channel_send(
	    service->supervisor, WIRE_SUP_STATE, &message, NULL, 0);
}

int service_patience(bool lonely)
{
	return lonely ? LONELY_MS : -1;
}

void service_end(struct service *service)
{
	channel_freep(&service->supervisor);
	if (service->home_fd >= 0)
		close(service->home_fd);
	if (service->control_fd >= 0)
		close(service->control_fd);
	if (service->key_fd >= 0)
		close(service->key_fd);
	service->home_fd = service->control_fd = service->key_fd = -1;
}
