/*
 * A store's process without the process: a real database with one partner,
 * opened as the store opens it, the same for every input. Its own author has
 * the mark 3, its partner the mark 2. The keeper knows the keys, hears that
 * entries are durable and answers nothing else; a worker does what it can
 * without it.
 */
#ifndef EVIDENT_TESTS_FUZZ_NODE_H
#define EVIDENT_TESTS_FUZZ_NODE_H

#include "daemon/store/store.h"

#define NODE_MARK 3
#define NODE_PARTNER 2

struct node {
	struct store *store;
	struct channel *courier; /* the other ends */
	struct channel *worker;
	int keeper;
	int client; /* where clients connect */
};

void node_begin(struct node *node);
/* Let it do what it can without waiting. */
void node_run(struct node *node);
void node_end(struct node *node);

#endif
