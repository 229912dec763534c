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
/* Whether what ${session}'s partner could bring of an object would be for
 * nothing, for another brings it or its hash is being taken: 1, 0 or -errno. */
int sync_object_is_coming(
    struct session *session, int64_t object, int64_t record);

#endif
