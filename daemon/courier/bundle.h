/*
 * A session on a file of frames, instead of a connection.
 */
#ifndef EVIDENT_COURIER_BUNDLE_H
#define EVIDENT_COURIER_BUNDLE_H

#include "daemon/courier/courier.h"

/* Begin one with ${peer} on the veiled file ${fd}, which is taken over. 0 or
 * -errno. */
int bundle_begin(struct courier *courier, const struct peer *peer, int fd,
    const struct wire_courier_bundle *bundle);
/* Have ${size} bytes of a bundle ready to be read; false at its end. */
bool bundle_fill(struct link *link, size_t size);
void bundle_end_of_file(struct link *link);
/* Write out what is queued, and go on. */
void bundle_pump(struct link *link);

#endif
