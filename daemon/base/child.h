/*
 * A child process as its supervisor sees it: the other side of service.h.
 */
#ifndef EVIDENT_BASE_CHILD_H
#define EVIDENT_BASE_CHILD_H

#include <sys/types.h>

#include "daemon/base/home.h"
#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

#define CHILD_DEATHS_MAX 5    /* this many ... */
#define CHILD_DEATHS_MS 10000 /* ... within so long are too many */

struct child {
	enum wire_role role;
	unsigned number;         /* of a worker, from 0 */
	pid_t pid;               /* 0: does not run */
	struct channel *channel; /* NULL when it closed its end */
	int64_t start_at;        /* milliseconds; when it does not run */
	int64_t ready_by;        /* milliseconds; 0: it is ready */
	int64_t deaths[CHILD_DEATHS_MAX]; /* newest first; 0: none */
};

/* Execute this binary in the child's role and send it START with ${settings}: 0
 * or -errno. After a failure child_end() cleans up. */
int child_start(struct child *child, const struct home *home,
    const struct wire_sup_start *settings);
/* Give both of a fresh pair of sockets to talk to each other: 0 or -errno of
 * ${a}. */
int child_connect(struct child *a, struct child *b);
/* Ask it to stop; one that cannot be asked is killed. */
void child_stop(struct child *child);
/* Kill it if it runs, and wait until it is gone. */
void child_end(struct child *child);
/* Remember that it died at ${now} (milliseconds) and answer how often it did
 * within CHILD_DEATHS_MS. */
unsigned child_count_death(struct child *child, int64_t now);
/* Log how it ended; ${status} is waitpid()'s. */
void child_log_death(const struct child *child, int status);

#endif
