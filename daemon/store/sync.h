/*
 * Meetings with partners: what is asked of the store through the courier.
 *
 *   sync.c          sessions, the courier's messages, turns
 *   sync_summary.c  the beginning: is there anything to tell?
 *   sync_send.c     our turn: what to send next
 *   sync_receive.c  their turn: entries, checked and stored
 *   sync_object.c   attachments, in and out
 *   receipts.c      reading theirs, writing ours
 */
#ifndef EVIDENT_STORE_SYNC_H
#define EVIDENT_STORE_SYNC_H

#include "daemon/store/store.h"

/* Logs that a node knows, its own and its partners'. */
#define SYNC_LOGS_MAX 4096

/* What a turn of ours does next, in this order. */
enum session_stage {
	SESSION_RECEIPTS, /* read theirs, write ours */
	SESSION_ENTRIES,
	SESSION_OBJECTS,
	SESSION_COSIGNATURES,
	SESSION_FRONTIER,
};

struct pending_cosign {
	struct pending_cosign *next;
	struct sign_key author;
	struct log_id log;
	struct buf note;
};

struct session {
	struct session *next;
	struct store *store;
	uint64_t number;
	struct partner partner;
	enum wire_carrier carrier;
	bool closing;

	/* The peer's newest frontier. */
	bool has_frontier;
	struct wire_arena frontier_arena;
	struct wire_sync_frontier frontier;
	bool heard_news; /* its last turn brought more than a frontier */

	/* Our turn. */
	enum session_stage stage;
	bool told_news;
	size_t log_at;     /* which of our logs */
	uint64_t entry_at; /* next index to send of it; UINT64_MAX: not begun */
	size_t want_at;    /* which of the peer's wants */
	struct {
		int64_t log, place, object; /* the last one put into a bundle */
	} eager;
	struct digest told_frontier; /* hash of the last one sent */
	bool has_told;
	bool agreed; /* by the summaries there is nothing to tell */
	struct pending_cosign *cosigns;

	/* A message that waits for a worker. */
	struct wire_frame held;
	struct wire_arena held_arena;
	struct wire_sync_entries entries;
	uint64_t gaps; /* batches of a bundle that follow on nothing held */
	bool busy;     /* a worker or a receipt works for this session */
};

int sync_begin(struct store *store);
void sync_end(struct store *store);
/* A message of the courier. -EPROTO ends the courier's channel. */
int sync_hear(struct store *store, struct wire_frame *frame);
/* The courier is gone: all meetings are. */
void sync_courier_lost(struct store *store);

/* For the rooms of sync: */
struct session *sync_find(struct store *store, uint64_t number);
int sync_send(struct session *session, enum wire_type type, const void *message,
    const int *fds, size_t fd_count);
/* A sync message, in its wrapping. */
int sync_message(
    struct session *session, enum wire_type type, const void *message);
int sync_ack(struct session *session);
void sync_close(struct session *session, enum wire_code code);
/* Our turn goes on: send the next thing (sync_send.c). */
void sync_next(struct session *session);
void sync_next_turn(struct session *session);
bool sync_may_offer(const struct session *session, const struct log_row *log);
/* The envelope ${session}'s partner gets of a record; DATABASE_E_NONE when it
 * is not in the audience. */
int sync_envelope(struct session *session, const struct log_row *log,
    const struct record_row *row, struct buf *out);
/* sync_summary.c */
int sync_summarise(
    struct session *session, struct wire_sync_summary *ret_summary);
void sync_receive_summary(struct session *session, struct span body);
/* Whether both sides know that the other knows this log. */
bool sync_is_mutual(const struct session *session, const struct log_row *log);
/* A bundle of ours is answered to what the partner last said it holds. */
int sync_recall_frontier(struct session *session);
int sync_build_frontier(struct session *session, struct buf *out_body);
void sync_receive_entries(struct session *session, struct wire_frame *frame);
void sync_receive_frontier(struct session *session, struct span body);
void sync_receive_cosign(struct session *session, struct span body);
void sync_queue_cosign(struct session *session, const struct log_row *log);
/* sync_object.c: 0 sent, DATABASE_E_NONE not to be had. */
int sync_send_object(
    struct session *session, const struct wire_sync_want *want);
void sync_object_want(
    struct session *session, const struct wire_session_part *part);
void sync_object_stored(
    struct session *session, const struct wire_session_part *part);
/* receipts.c: false while work is under way; sync_next() is called after. */
bool receipts_work(struct session *session);
/* Inside a transaction: a record from a partner is whole. */
int receipts_owe(struct store *store, int64_t record, int64_t partner);

#endif
