/*
 * How every child of the supervisor begins: one channel to the supervisor on
 * descriptor 3, over which all else comes.
 *
 * START carries descriptors by role: keeper: the home directory; store: the
 * home directory, the listening control socket and, at its first start, a
 * machine's key if there is one; worker and courier: none.
 * PEER carries one descriptor, a channel to another process. A new PEER for a
 * role (and number) replaces the old one: that process was started anew.
 */
#ifndef EVIDENT_BASE_SERVICE_H
#define EVIDENT_BASE_SERVICE_H

#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

#define SERVICE_FD 3
#define SERVICE_WORKERS_MAX 16

/* What children tell the supervisor. */
enum sup_state {
	SUP_STATE_READY = 1, /* sandboxed and serving */
	SUP_STATE_LOCK = 2,  /* store (asked to, all is durable) or keeper
				(idle): end all processes and start locked */
	SUP_STATE_STOP = 3,  /* store: asked to stop the daemon */
};

struct service {
	struct channel *supervisor;
	int home_fd;    /* or -1 */
	int control_fd; /* or -1 */
	int key_fd;     /* a machine's key, or -1 */
	unsigned workers;
	struct wire_sup_start settings; /* of the configuration */
};

/* Take descriptor 3, turn off core dumps and ptrace, ignore SIGPIPE, die with
 * the supervisor, and wait for START. */
int service_begin(enum wire_role role, struct service *ret_service);
/* Tell the supervisor a state. */
int service_tell(struct service *service, enum sup_state state);
void service_end(struct service *service);
/* For how many milliseconds a worker or courier waits: whose store hung up
 * (${lonely}), and who hears of no other for so long, ends; -1: for ever. */
int service_patience(bool lonely);

/* Entry points, each in its own room; main.c calls the one its first argument
 * names. They return the process's exit code. */
int keeper_main(void);
int store_main(void);
int worker_main(void);
int courier_main(void);

#endif
