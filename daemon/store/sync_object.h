/*
 * Attachments of a meeting: sent, taken in, and judged by their hash.
 */
#ifndef EVIDENT_STORE_SYNC_OBJECT_H
#define EVIDENT_STORE_SYNC_OBJECT_H

#include "daemon/store/sync_session.h"

/* 0 sent, DATABASE_E_NONE not to be had. */
int sync_send_object(
    struct session *session, const struct wire_sync_want *want);
void sync_object_want(
    struct session *session, const struct wire_session_part *part);
void sync_object_stored(
    struct session *session, const struct wire_session_part *part);
/* What becomes of an object if ${session}'s partner brings it: one of these or
 * -errno. */
enum {
	SYNC_OBJECT_GOES_ON,
	SYNC_OBJECT_COMING, /* nothing: another does, or its hash is taken */
	SYNC_OBJECT_ANEW, /* it is the author's, who begins at the beginning */
};
int sync_object_see(struct session *session, int64_t object, int64_t record);

#endif
