/*
 * A partner that was put back to an earlier state (a backup, a cloned disk):
 * its own log is shorter than what is held of it, or goes on in another way.
 *
 * It has again what was taken back since then, and what this node noted of it,
 * that it heard of that, is no longer true. So every withdrawal that it may
 * have to obey is told to it again, by any carrier; over a connection even when
 * it is then refused because its log is told in two ways.
 */
#ifndef EVIDENT_STORE_SYNC_PUT_BACK_H
#define EVIDENT_STORE_SYNC_PUT_BACK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/log_tree.h"
#include "proto/wire/messages.h"

struct session;

/* The partner's own log contradicts what is held of it. */
enum session_fork {
	SESSION_FORK_NONE,
	SESSION_FORK_FOUND, /* its turn is heard to the end, for nothing */
	SESSION_FORK_TOLD,  /* what is taken back, and nothing after that */
};

/* What has been undone in a meeting of all that it confirmed, to be told again:
 * what comes by no log, and then also what its frontier does not say it has. */
enum session_again {
	SESSION_AGAIN_NONE,
	SESSION_AGAIN_SINGLES,
	SESSION_AGAIN_ALL,
};

/* Keep a note that shows a log told in two ways, if its author signed it: 0,
 * also when it shows nothing, or -errno. ${shown}: that it does was found out
 * otherwise, for a note of more places than are here shows nothing by itself.
 */
int sync_keep_fork(struct session *session, const struct log_row *log,
    struct span note, bool shown);
/* The same, and what follows: 0 when the meeting goes on, without that log if
 * it is a third one's, else for nothing but what is taken back;
 * FORMAT_E_MISMATCH when it ends; -errno. */
int sync_meet_fork(
    struct session *session, const struct log_row *log, struct span note);
/* What ${frontier}'s sender says of a log; NULL when it does not name it. */
const struct wire_sync_log *sync_said_of(
    const struct wire_sync_frontier *frontier, const struct log_row *log);
/* By what the partner says of its own log. */
int sync_look_for_put_back(
    struct session *session, const struct wire_sync_frontier *frontier);
/* By what it last said of them, before this is kept in its place: whoever was
 * put back names another log, or no longer one that it named, or less of that
 * or of a log of ours. Each partner that hears from it notices for itself,
 * whoever told it. ${ret_due}: what a bundle cannot say must still be asked
 * over a connection. */
int sync_compare_frontier(struct session *session,
    const struct wire_sync_frontier *frontier, bool *ret_due);
/* What shows the partner that it was put back goes with our frontier. */
bool sync_shows_put_back(const struct session *session);
/* Of a log that came in part its author's note of more than that is kept, to be
 * shown in place of ${note}. Whether the log, once it is here, is what that was
 * of: 1, 0 (it is kept as evidence) or -errno. */
int sync_keep_ahead(
    struct session *session, const struct log_row *log, struct span note);
int sync_fits_ahead(struct session *session, const struct log_row *log);
int sync_show_ahead(
    struct session *session, const struct log_row *log, struct buf *note);
/* What a partner holds of an own log, as a note: 0 nothing that was not ours
 * here; 1 more than is here of one that is not written any more;
 * SYNC_E_PUT_BACK when it shows that this node was put back, and another log is
 * written from now on; -errno. */
#define SYNC_E_PUT_BACK 33
int sync_hear_own(
    struct session *session, const struct log_row *log, struct span note);
/* The partner asks for what it wrote: once a meeting. */
int sync_recover(
    struct session *session, const struct wire_sync_frontier *frontier);
/* What the partner wrote and does not go on with is not named to it again. */
int sync_leave_behind(
    struct session *session, const struct wire_sync_frontier *frontier);
/* Whether nothing is said but what sync_meet_fork() lets go on. */
bool sync_is_limited(const struct session *session);
/* True when that message needs no more: it is acknowledged, or the meeting is
 * ended. */
bool sync_pass_over(struct session *session, uint64_t type);
/* The next withdrawal to tell in this meeting, or DATABASE_E_NONE. */
int sync_next_withdrawal(struct session *session, int64_t *ret_record);

#endif
