/*
 * A node: its processes, its disk, and what a person asks of it.
 */
#ifndef EVIDENT_TESTS_SIM_NODE_H
#define EVIDENT_TESTS_SIM_NODE_H

#include <jansson.h>
#include <sys/types.h>

#include "daemon/base/child.h"
#include "proto/wire/messages.h"
#include "tests/sim/seam.h"
#include "tests/sim/wires.h"

#define NODE_PATH_MAX 256

struct node {
	unsigned number;
	uint64_t seed;
	unsigned lives;
	char home[NODE_PATH_MAX];
	char log[NODE_PATH_MAX];
	struct seam *seam; /* shared with its processes */
	struct wire_sup_start settings;
	struct child keeper, store, worker;
	int step_fd; /* -1 while the store is down */
	bool begun;  /* it was quiet once */
};

/* What a person asked. The answer comes as the world goes on. */
struct call {
	struct node *node;
	struct channel *channel;
	bool done; /* answered, or lost with the store */
	bool lost;
	unsigned exit;
	json_t *json;
	char error[160];
};

/* Start all processes of the home, locked or empty. 0 or -errno. */
int node_start(struct node *node);
/* The store alone anew, after its death; the keeper is as open as it was. */
int node_start_store(struct node *node);
/* kill -9 of all. */
void node_kill(struct node *node);
/* Let the store do what there is to do. False when it died of it. */
bool node_run(struct node *node);
bool node_is_up(const struct node *node);

/* Ask; ${fds} stay the caller's. */
void call_begin(struct call *call, struct node *node,
    const struct ctl_request *request, const int *fds, size_t fd_count);
/* Hear what the store answered, if it did. */
void call_hear(struct call *call);
/* Whether the store has not read it yet. */
bool call_is_told(const struct call *call);
void call_end(struct call *call);

/* Copy a home's files; what is at ${to} goes first. */
int node_copy_home(const char *from, const char *to);
void node_remove_home(const char *path);

#endif
