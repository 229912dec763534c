/*
 * The store's own state and its rooms: what the files of this folder share.
 *
 *   store.c    the process: channels, event loop, states
 *   node.c     init, unlock, lock: opening and closing all that is stored
 *   jobs.c     work for the workers
 *   capture.c  new records: seal by a worker, sign by the keeper, group commit
 *   control*.c what clients ask
 *   sync*.c    what partners ask, through the courier
 *   auto_sync.c  meetings that nobody asked for
 */
#ifndef EVIDENT_STORE_STORE_H
#define EVIDENT_STORE_STORE_H

#include <event2/event.h>

#include "daemon/base/service.h"
#include "daemon/store/log_tree.h"
#include "daemon/store/partners.h"
#include "daemon/store/records.h"

enum store_state {
	STORE_EMPTY, /* no keyring: only INIT */
	STORE_LOCKED,
	STORE_OPEN,
	STORE_CLOSING, /* locked again; waits to be ended */
};

struct auto_sync;
struct jobs;
struct captures;
struct control;
struct sync;

struct store {
	struct service service;
	struct event_base *base;
	enum store_state state;
	enum sup_state leaving; /* what the supervisor is told when we close */
	bool untold;            /* and was not yet */
	int fault; /* of our own, 0 or -errno: the process is to end */
	struct channel *keeper;
	struct channel *courier;
	struct event *courier_read, *courier_write;
	struct jobs *jobs;
	struct captures *captures;
	struct control *control;
	struct sync *sync;
	struct hashing *hashings; /* of sync_object.c */
	struct auto_sync *auto_sync;

	/* Only while open: */
	struct database *database;
	struct records records;
	struct author_id author;
	struct sign_key author_key, transport_key;
	struct age_recipient bundle;
	struct age_recipient readers[8];
	size_t reader_count;
	bool machine_key;   /* opens the keyring without a person */
	struct log_row log; /* the own one that is written (own_log.h) */
	bool further;       /* and others were before */
	uint64_t recovered; /* records that partners brought back */
	char name[CARD_NAME_MAX + 1];
	char listen[CARD_ADDRESS_MAX];
	char address[CARD_ADDRESS_MAX];
	uint64_t port; /* that the courier listens on */
	bool listen_failed;
	int64_t judged;   /* withdrawals up to this record were (withdraw.h) */
	bool withdrawing; /* something failed, and is tried again */
};

/* store.c */
/* End the process when it is done with what it is at, if ${result} is an
 * -errno: what cost us a peer is our own fault. */
void store_end_if(struct store *store, int result);
/* A message to the courier, which goes out as it reads: -EPIPE when there is
 * none, or it hung up; else as channel_send(). */
int store_tell_courier(struct store *store, enum wire_type type,
    const void *message, const int *fds, size_t fd_count);
/* The supervisor ends all processes, so that no key is left in any memory. It
 * is told from the event loop, when the answer has left. */
void store_leave(struct store *store, enum sup_state state);

/* node.c */
/* Whether there is a keyring in the home. */
bool node_exists(struct store *store);
/* What INIT asks for. */
struct node_init {
	struct span name, listen, address;
	bool reader;
};
/* 0, or a wire code that says why not. */
enum wire_code node_init(
    struct store *store, const struct node_init *init, int passphrase_fd);
enum wire_code node_unlock(struct store *store, int passphrase_fd);
/* Open if the keeper is unlocked (the store was started anew). */
void node_resume(struct store *store);
void node_close(struct store *store);
/* Tell the keeper how far the own log is on disk; ${present} that it is a
 * person who keeps it awake. */
int node_tell_durable(struct store *store, bool present);
/* Tell the courier whom to talk to, and end meetings with whom not. */
int node_tell_courier(struct store *store);
/* The own card's fields, for comparing and sealing. ${card} is parsed from the
 * file, appended to ${out_file}. */
int node_card(struct store *store, struct buf *out_file, struct card *ret_card);
/* Have the keeper change the keyring; readers and card follow. */
enum wire_code node_edit_keys(
    struct store *store, enum wire_key_act act, const int fds[2]);
int node_add_reader(struct store *store, const struct age_recipient *reader);
/* Name the organisation on the own card, or none for NULL. -EALREADY when that
 * is what it says. */
int node_set_organisation(
    struct store *store, const struct author_id *organisation);
/* The own log's newest signed checkpoint, signed now if it has grown;
 * appended. */
int node_checkpoint(struct store *store, struct buf *out_note);
/* The line `after` of a content made now: 64 hex digits or "none". */
int node_after(struct store *store, char ret_after[65]);

#endif
