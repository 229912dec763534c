/*
 * The store: the only process that opens the database and the objects.
 *
 * While the node is locked it knows nothing: it answers status, and passes a
 * passphrase on to the keeper unread. When the keeper lends it the storage keys
 * it opens everything; when the node locks, it makes all durable, answers, and
 * is ended by the supervisor with all other processes.
 *
 * Who loses a peer for a reason of its own can get no other channel to it but
 * by starting anew: so the store ends when its own fault cost it one, or when
 * the keeper's did, and the supervisor brings all together again. It ends as
 * well when the disk failed in mid-write: only reading it again tells what is
 * on it.
 *
 * One thread, one event loop. The keeper is asked and waited for (it answers in
 * microseconds); workers, courier and clients are heard as they come.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/base/sandbox.h"
#include "daemon/store/auto_sync.h"
#include "daemon/store/control.h"
#include "daemon/store/jobs.h"
#include "daemon/store/quota.h"
#include "daemon/store/sync.h"
#include "proto/format/hash.h"

void store_end_if(struct store *store, int result)
{
	if (result < 0 && store->fault == 0)
		store->fault = result;
}

/* Until it is told: a keeper that is not ended has its keys. */
static void on_leave(evutil_socket_t fd, short what, void *context)
{
	const struct timeval again = {.tv_usec = 100000};
	struct store *store = context;

	(void)fd;
	(void)what;
	store->untold = service_tell(&store->service, store->leaving) < 0;
	if (store->untold && event_base_once(store->base, -1, EV_TIMEOUT,
				 on_leave, store, &again) < 0)
		store_end_if(store, -ENOMEM);
}

void store_leave(struct store *store, enum sup_state state)
{
	store->leaving = state;
	store->untold = true;
	if (event_base_once(
		store->base, -1, EV_TIMEOUT, on_leave, store, NULL) < 0)
		on_leave(-1, 0, store);
}

int store_tell_courier(struct store *store, enum wire_type type,
    const void *message, const int *fds, size_t fd_count)
{
	int r = -EPIPE;

	if (store->courier)
		r = channel_send(store->courier, type, message, fds, fd_count);
	if (store->courier && channel_wants_write(store->courier) &&
	    event_add(store->courier_write, NULL) < 0)
		store_end_if(store, -ENOMEM);
	return r;
}

static void drop_courier(struct store *store)
{
	if (store->courier_read)
		event_free(store->courier_read);
	if (store->courier_write)
		event_free(store->courier_write);
	store->courier_read = store->courier_write = NULL;
	channel_freep(&store->courier);
	store->port = 0;
	sync_courier_lost(store);
}

static void on_courier(evutil_socket_t fd, short what, void *context)
{
	struct store *store = context;
	struct wire_frame frame;
	int r = 0;

	(void)fd;
	(void)what;
	while (r == 0 && store->courier) {
		r = channel_receive(store->courier, &frame);
		if (r != 0)
			break;
		r = sync_hear(store, &frame);
		wire_frame_free(&frame);
	}
	if (r < 0)
		log_event(LOG_LEVEL_WARNING,
		    "the courier broke the rules and is cut off");
	if (r != 0 && r != CHANNEL_E_AGAIN) {
		drop_courier(store);
		store_end_if(store, r);
	}
}

static void on_courier_writable(evutil_socket_t fd, short what, void *context)
{
	struct store *store = context;
	int r;

	(void)fd;
	(void)what;
	r = channel_flush(store->courier);
	if (r == CHANNEL_E_AGAIN)
		r = event_add(store->courier_write, NULL);
	if (r < 0)
		drop_courier(store);
}

static int take_courier(struct store *store, int fd)
{
	int r;

	if (store->courier)
		drop_courier(store);
	r = channel_new(
	    fd, WIRE_ROLE_STORE, WIRE_ROLE_COURIER, &store->courier);
	if (r < 0)
		return r;
	channel_set_nonblocking(store->courier);
	store->courier_read =
	    event_new(store->base, fd, EV_READ | EV_PERSIST, on_courier, store);
	store->courier_write =
	    event_new(store->base, fd, EV_WRITE, on_courier_writable, store);
	if (!store->courier_read || !store->courier_write ||
	    event_add(store->courier_read, NULL) < 0)
		return -ENOMEM;
	r = store->state == STORE_OPEN ? node_tell_courier(store) : 0;
	if (r == 0) {
		control_bundle_resume();
		control_sync_resume();
	}
	return r;
}

/* Once, at the start of the daemon; whatever comes of it. */
static void open_by_machine(struct store *store)
{
	enum wire_code code = WIRE_CODE_OK;

	if (store->state == STORE_LOCKED)
		code = node_unlock(store, store->service.key_fd);
	close(store->service.key_fd);
	store->service.key_fd = -1;
	if (code == WIRE_CODE_OK && store->state == STORE_OPEN)
		log_event(LOG_LEVEL_INFO, "opened by a machine key");
	else
		log_event(LOG_LEVEL_WARNING,
		    "the machine key does not open this node: it stays locked");
}

static int take_keeper(struct store *store, int fd)
{
	int r;

	channel_freep(&store->keeper);
	r = channel_new(fd, WIRE_ROLE_STORE, WIRE_ROLE_KEEPER, &store->keeper);
	if (r == 0 && store->state == STORE_LOCKED)
		node_resume(store);
	if (r == 0 && store->service.key_fd >= 0)
		open_by_machine(store);
	return r == 0 ? control_listen(store) : r;
}

static int take_peer(struct store *store, struct wire_frame *frame)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sup_peer peer;
	int r;

	r = wire_decode(WIRE_SUP_PEER, buf_span(&frame->body), &arena, &peer);
	wire_arena_free(&arena);
	if (r != 0 || frame->fd_count != 1)
		return -EPROTO;
	if (peer.role == WIRE_ROLE_KEEPER)
		return take_keeper(store, wire_frame_take_fd(frame, 0));
	if (peer.role == WIRE_ROLE_COURIER)
		return take_courier(store, wire_frame_take_fd(frame, 0));
	if (peer.role == WIRE_ROLE_WORKER)
		return jobs_take_worker(
		    store, (unsigned)peer.number, wire_frame_take_fd(frame, 0));
	return -EPROTO;
}

static void on_supervisor(evutil_socket_t fd, short what, void *context)
{
	struct store *store = context;
	struct wire_frame frame;
	int r = 0;

	(void)fd;
	(void)what;
	do {
		r = channel_receive(store->service.supervisor, &frame);
		if (r != 0)
			break;
		if (frame.type == WIRE_SUP_PEER)
			r = take_peer(store, &frame);
		else
			r = -ESHUTDOWN;
		wire_frame_free(&frame);
	} while (r == 0 && channel_has_frame(store->service.supervisor));
	if (r != 0)
		event_base_loopbreak(store->base);
}

/* Load what libraries load late, before the sandbox closes. */
static int warm_up(void)
{
	struct digest digest;
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	tzset();
	return hash_sha256(span_text("warm"), &digest);
}

static int begin(struct store *store)
{
	int r;

	umask(0077);
	quota_set_default(store->service.settings.quota_bytes,
	    store->service.settings.quota_entries);
	if (fchdir(store->service.home_fd) < 0)
		return -errno;
	store->base = event_base_new();
	if (!store->base)
		return -ENOMEM;
	store->state = node_exists(store) ? STORE_LOCKED : STORE_EMPTY;
	r = jobs_begin(store);
	if (r == 0)
		r = captures_begin(store);
	if (r == 0)
		r = sync_begin(store);
	if (r == 0)
		r = auto_sync_begin(store);
	if (r == 0)
		r = control_begin(store);
	if (r == 0)
		r = warm_up();
	if (r == 0)
		r = sandbox_enter(SANDBOX_STORE, store->service.home_fd);
	return r;
}

static int serve(struct store *store)
{
	struct event *supervisor;
	int r;

	supervisor =
	    event_new(store->base, channel_fd(store->service.supervisor),
		EV_READ | EV_PERSIST, on_supervisor, store);
	if (!supervisor || event_add(supervisor, NULL) < 0)
		return -ENOMEM;
	r = service_tell(&store->service, SUP_STATE_READY);
	/* What came together with START is buffered: no event will tell. */
	if (r == 0 && channel_has_frame(store->service.supervisor))
		on_supervisor(-1, 0, store);
	while (r == 0 && !event_base_got_break(store->base)) {
		if (event_base_loop(store->base, EVLOOP_ONCE) < 0)
			r = -EIO;
		else if (store->fault != 0)
			r = store->fault;
		else if (database_is_torn())
			r = -EIO;
		else if (store->keeper && channel_is_broken(store->keeper))
			r = -EPIPE;
	}
	event_free(supervisor);
	return r;
}

/* What was sealed is committed and answered before all is closed. */
static void end(struct store *store)
{
	captures_end(store);
	control_end(store);
	if (store->untold)
		service_tell(&store->service, store->leaving);
	if (store->courier)
		drop_courier(store);
	jobs_end(store);
	sync_end(store);
	auto_sync_end(store);
	node_close(store);
	channel_freep(&store->keeper);
	if (store->base)
		event_base_free(store->base);
	service_end(&store->service);
}

int store_main(void)
{
	struct store *store = calloc(1, sizeof *store);
	int r;

	log_begin("store");
	if (!store)
		return 1;
	r = service_begin(WIRE_ROLE_STORE, &store->service);
	if (r == 0)
		r = begin(store);
	if (r == 0)
		r = serve(store);
	if (r < 0)
		log_number(LOG_LEVEL_ERROR, "stopped by an error", r);
	end(store);
	free(store);
	return r < 0 ? 1 : 0;
}
