/*
 * What a process that was taken over puts on its channels, whatever its code
 * would have sent; and what the other end logs of it.
 */
#ifndef EVIDENT_ATTACK_RAW_H
#define EVIDENT_ATTACK_RAW_H

#include "proto/wire/channel.h"

/* Bytes as they are; true when all left. */
bool put_raw(struct channel *channel, const void *bytes, size_t len);
/* A frame of any type, whose header tells of ${fd_count} descriptors. */
bool put_frame(struct channel *channel, unsigned type, const void *body,
    uint32_t len, unsigned fd_count);
/* How often a log, a file, says so. */
unsigned count_said(int log_fd, const char *line);

#endif
