/*
 * A node whose store, keeper and worker are real processes, and whose courier
 * is the test; at will a false worker as well. The test is also the supervisor,
 * and a person at the control socket.
 */
#ifndef EVIDENT_ATTACK_INSIDE_SCENE_H
#define EVIDENT_ATTACK_INSIDE_SCENE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "daemon/base/service.h"
#include "tests/attack/forge.h"
#include "tests/attack/raw.h"

struct inside {
	char path[64], socket[80];
	int home, control, log;
	pid_t keeper_pid, worker_pid, store_pid;
	struct channel *keeper, *worker, *store; /* of their supervisor */
	struct channel *courier;                 /* the test's, to the store */
	struct channel *false_worker;            /* likewise, or NULL */
	struct card card;                        /* of the node */
	struct wire_arena arena;                 /* of what was heard */
	struct wire_frame frame;
};
extern struct inside inside;

/* Start all, make a node with a reader and open it. */
void inside_begin(void);
void inside_end(void);
/* The store ended, as it does after a peer of it broke a rule: wait for that,
 * and start it anew with a new courier, open. */
void inside_revive(void);
/* The worker is the test from now on; or the real one again. */
void inside_take_worker(void);
void inside_give_worker(void);
/* How often the log says so. */
unsigned inside_said(const char *line);
/* Files in the home's objects. */
unsigned inside_files(void);

/* What a person asks: the exit code. ${ret_json} may be NULL; else a new
 * reference. call_begin() asks, call_end() waits for the answer. */
struct channel *call_begin(const struct ctl_request *request, int fd);
unsigned call_end(struct channel *channel, json_t **ret_json);
unsigned call(const struct ctl_request *request, int fd, json_t **ret_json);
/* All records as one text that changes with any of them: free(). */
char *list_all(void);
/* What is told of the record ${id}; NULL when it is not there. */
json_t *find_record(const char *id);
void add_partner(const struct persona *persona, bool compare);
/* Begin to capture ${text} for ${name}. */
struct channel *capture_begin(const char *name, const char *text);
int make_memfd(const void *data, size_t len);

/* To the store, a frame whose header tells of ${told} descriptors, with
 * ${count} of them. */
bool put_fds(struct channel *channel, enum wire_type type, unsigned told,
    const int *fds, size_t count);
bool was_cut(struct channel *channel);
/* Whether something comes from the store in ${ms}; and whether nothing has come
 * of all that it was told. */
bool has_news(struct channel *channel, int ms);
bool is_silent(struct channel *channel);
/* The next frame from the store, in inside.frame. */
enum wire_type hear(struct channel *channel);
void take(enum wire_type type, void *ret_message);

#endif
