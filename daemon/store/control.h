/*
 * Clients: connections, requests in order, replies.
 */
#ifndef EVIDENT_STORE_CONTROL_H
#define EVIDENT_STORE_CONTROL_H

#include <jansson.h>

#include "daemon/store/capture.h"
#include "daemon/store/store.h"
#include "proto/format/content.h"
#include "proto/wire/control.h"

struct connection;

/* A request that is being answered. It lives until its last reply. */
struct request {
	struct request *next;
	struct connection *connection; /* NULL when the client has gone */
	struct store *store;
	struct wire_frame frame; /* descriptors */
	struct wire_arena arena;
	struct ctl_request ctl;
	bool started, answered;
	uint64_t lacks;   /* content_json_lacks() when it started */
	struct buf reply; /* the last reply's body, until its turn comes */
	void *state;      /* of the handler */
};

typedef void (*control_handle_cb)(struct request *request);

int control_begin(struct store *store);
/* Take in connections: once there is a keeper. What is asked for before would
 * fail, and its sender wait for nothing. */
int control_listen(struct store *store);
/* Close every connection after its replies are sent, as far as it takes. */
void control_end(struct store *store);

/* The last reply: ${exit} is the exit code of the command. NULL says that there
 * was no memory for the answer. So does it when JSON lacked memory since the
 * request started: no handler looks at each member that it puts. */
void control_done_empty(struct request *request);
void control_done(struct request *request, json_t *json_or_null);
void control_fail(struct request *request, unsigned exit, const char *error,
    const char *hint);
/* The same for a wire code that a keeper or worker gave. */
void control_fail_code(struct request *request, enum wire_code code);
void control_fail_result(struct request *request, int result);
/* A reply that is not the last; a part that could not be sent is an -errno. */
void control_progress(struct request *request, uint64_t done, uint64_t total);
int control_part(struct request *request, json_t *json_or_null);

/* Handlers, by room. */
void control_status(struct request *request); /* control_node.c */
void control_init(struct request *request);
void control_unlock(struct request *request);
void control_lock(struct request *request);
void control_stop(struct request *request);
void control_key(struct request *request);
void control_readers(struct request *request);
void control_card(struct request *request);
void control_add_reader(struct request *request);
void control_capture(struct request *request); /* control_capture.c */
/* The readers of the partner of that name: 0, or 1 after answering why it may
 * not have records. */
int control_audience(struct request *request, struct span name,
    struct partner *ret_partner, struct capture_audience *ret_audience);
/* The own readers; there is at least one. */
void control_audience_self(
    struct store *store, struct capture_audience *ret_audience);
void control_share(struct request *request); /* control_share.c */
void control_list(struct request *request);  /* control_read.c */
/* Envelopes of a record that might open it here. */
#define CONTROL_ENVELOPES_MAX 16
#define CONTROL_ENVELOPES_BYTES (1024 * 1024) /* but for the first */
struct control_envelopes {
	struct buf bytes[CONTROL_ENVELOPES_MAX];
	struct span spans[CONTROL_ENVELOPES_MAX];
	size_t count;
};
int control_envelopes_load(struct store *store, const struct record_row *row,
    struct control_envelopes **ret_envelopes);
void control_envelopes_free(struct control_envelopes *envelopes);
void control_record(struct request *request);
void control_open(struct request *request);
void control_open_object(struct request *request);
void control_sealed(struct request *request);
void control_partner_add(struct request *request); /* control_partner.c */
void control_partner_compare(struct request *request);
void control_partner_list(struct request *request);
void control_partner_remove(struct request *request);
void control_partner_proxy(struct request *request);
void control_partner_limit(struct request *request);
/* Find a partner by the request's text, or answer that there is none. */
bool control_partner_find(struct request *request, struct partner *ret_partner);
void control_card_organisation(struct request *request); /* control_enrol.c */
void control_enrol(struct request *request);
void control_partner_trust(struct request *request);
void control_partner_quota(struct request *request); /* control_quota.c */
/* Add what a partner may bring and what it brought: "quota" and "used". */
int control_quota_describe(
    struct database *database, int64_t partner, json_t *json);
/* What is told of a meeting that ended by a quota: the error, or NULL when
 * ${code} is none of a quota's. */
const char *control_quota_error(enum wire_code code);
void control_signers(struct request *request);  /* control_signers.c */
void control_withdraw(struct request *request); /* control_withdraw.c */
void control_log(struct request *request);      /* control_log.c */
void control_leaves(struct request *request);   /* control_leaves.c */
/* The record that was opened last on this connection, and what for: enum
 * ctl_open (control.c). */
void control_set_opened(
    struct request *request, const struct entry_id *id, uint64_t what);
bool control_has_opened(
    const struct request *request, const struct entry_id *id, uint64_t what);
/* Answer that a record was taken back or forgotten, if it was. */
bool control_is_gone(struct request *request, const struct record_row *row);
void control_sync(struct request *request); /* control_sync.c */
/* Whether a person's sync is under way; and go on with it, now that what was in
 * its way is over: another meeting, or that there was no courier. */
bool control_sync_is_busy(void);
/* Whether the meeting with ${partner} is to bring back what this node wrote. */
bool control_sync_recovers(const struct author_id *partner);
void control_sync_resume(void);
/* The courier says that a meeting is over. */
void control_sync_ended(
    struct store *store, const struct wire_courier_ended *ended);
void control_bundle_write(struct request *request); /* control_bundle.c */
void control_bundle_read(struct request *request);
/* Go on with the bundle that waited for a courier, if there is one. */
void control_bundle_resume(void);
/* The courier is done with the frames of the bundle under way, if there is one;
 * ${gaps} of what is in it could not be used yet. */
void control_bundle_ended(
    struct store *store, enum wire_code code, uint64_t gaps);
/* The courier is gone, and with it the meeting under way. */
void control_sync_lost(struct store *store);

#endif
