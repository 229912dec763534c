/*
 * What the rooms of sync share: a meeting under way, and what each does for it.
 */
#ifndef EVIDENT_STORE_SYNC_SESSION_H
#define EVIDENT_STORE_SYNC_SESSION_H

#include "daemon/store/sync.h"
#include "daemon/store/sync_put_back.h"

/* What a turn of ours does next, in this order. */
enum session_stage {
	SESSION_RECEIPTS, /* read theirs, write ours */
	SESSION_WITHDRAWALS,
	SESSION_ENTRIES,
	SESSION_PROVEN,
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
	bool has_frontier, has_offered; /* cosignatures that it lacks */
	int64_t apart; /* the log of another that was passed over last */
	struct wire_arena frontier_arena;
	struct wire_sync_frontier frontier;
	bool heard_news; /* its last turn brought more than a frontier */

	/* Our turn. */
	enum session_stage stage;
	bool told_news;
	size_t log_at, want_at; /* which of our logs, and of the peer's wants */
	uint64_t entry_at; /* next index to send of it; UINT64_MAX: not begun */
	size_t batch_bytes; /* of the next batch of entries; 0: none was sent */
	struct {
		int64_t log, place, object; /* the last one put into a bundle */
	} eager;
	int64_t withdrawal_at; /* the last withdrawal sent ahead of all else */
	int64_t proven_at;     /* the last record sent with its proof */
	int64_t proven_object; /* and the last object of those, in a bundle */
	struct digest told_frontier;    /* hash of the last one sent */
	bool has_told, agreed, settled; /* by the summaries; but for news */
	int64_t goal, turns; /* the newest record at their first; of ours */
	struct pending_cosign *cosigns;

	/* A message that waits for a worker. */
	struct wire_frame held;
	struct wire_arena held_arena;
	struct wire_sync_entries entries;
	struct wire_sync_proven proven;
	uint64_t gaps;  /* what a bundle brings and could not be used yet */
	size_t asked;   /* signatures that a worker checks */
	int64_t taking; /* the object that this meeting alone writes, or 0 */
	bool busy;      /* a worker or a receipt works for this session */
	bool withdraws; /* what was stored last takes records back */

	enum session_fork fork;
	enum session_again again;
	bool disowned; /* the partner holds another log of ours than we do */
	bool put_back; /* the partner holds less of its own than we do */
	bool recover, recovered; /* we ask for what we wrote; the partner did */
	bool was_put_back; /* this node: the partner brought what it lacks */
	unsigned warned;   /* of what: bits of enum sync_warning */
};

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
/* Whether a log is offered: 1, 0 or -errno; and what its checkpoint covers. */
int sync_may_offer(const struct session *session, const struct log_row *log);
uint64_t sync_offered_size(const struct log_row *log);
/* The envelope ${session}'s partner gets of a record; DATABASE_E_NONE when it
 * is not in the audience. */
int sync_envelope(struct session *session, const struct log_row *log,
    const struct record_row *row, struct buf *out);
/* sync_summary.c */
int sync_summarise(
    struct session *session, struct wire_sync_summary *ret_summary);
void sync_receive_summary(struct session *session, struct span body);
/* How far ${session}'s partner has brought a log: 0 is not at all. Others may
 * have brought it further, with leaves where this partner has records. */
int sync_get_brought(
    const struct session *session, int64_t log, uint64_t *ret_size);
int sync_set_brought(const struct session *session, int64_t log, uint64_t size);
/* What it last said it holds, and whether something is due (sync_put_back.h):
 * 0, DATABASE_E_NONE when it never did, or what is wrong with it. */
int sync_last_frontier(struct session *session, struct wire_arena *arena,
    struct wire_sync_frontier *ret_frontier, bool *ret_due);
/* A bundle of ours is answered to what the partner last said it holds. */
int sync_recall_frontier(struct session *session);
int sync_build_frontier(struct session *session, struct buf *out_body);
void sync_receive_entries(struct session *session, struct wire_frame *frame);
/* 0 when a VERIFY found all ${asked} signatures to hold, or _E_MISMATCH. */
int sync_all_hold(struct wire_frame *answer, size_t asked);
/* Whose envelope ${session}'s partner brings of a record by ${author}. */
const struct author_id *sync_audience(
    const struct session *session, const struct author_id *author);
/* 1: it brought that envelope; 0: it may, for this audience;
 * DATABASE_E_NONE: it brought too many. */
int sync_find_envelope(struct session *session, const struct author_id *author,
    int64_t record, struct span envelope, struct author_id *ret_audience);
/* Inside a transaction, of a record that ${session}'s partner brought: */
int sync_add_envelope(struct session *session, const struct author_id *author,
    int64_t record, const struct record_key *key, struct span envelope);
int sync_add_objects(struct session *session, const struct entry *entry,
    int64_t record, const struct record_key *key);
int sync_note_arrival(struct session *session, const struct entry *entry,
    struct span envelope, int64_t record);
/* The same for one that is here already. */
int sync_add_known(struct session *session, const struct author_id *author,
    const struct record_row *row, struct span envelope);
/* Done with what was held: acknowledge it, or end the meeting. */
void sync_end_arrival(struct session *session, int result);
void sync_receive_frontier(struct session *session, struct span body);
void sync_receive_cosign(struct session *session, struct span body);
void sync_queue_cosign(struct session *session, struct log_row *log);
/* All under way; NULL behind the last. */
struct session *sync_next_session(struct store *store, struct session *before);

#endif
