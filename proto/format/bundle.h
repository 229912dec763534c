/*
 * What stands before and behind the frames of a bundle (FORMAT.md, 10).
 */
#ifndef EVIDENT_FORMAT_BUNDLE_H
#define EVIDENT_FORMAT_BUNDLE_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define BUNDLE_HEAD_MAX 256
#define BUNDLE_TAIL_MAX 512

struct bundle_head {
	struct author_id from, to;
	uint64_t size; /* of the frames, in bytes */
};

/* Append the four lines. */
int bundle_build_head(const struct bundle_head *head, struct buf *out);
/* Read them from the beginning of ${bytes}, which goes on behind them;
 * ${ret_len} is their length. FORMAT_E_MALFORMED. */
int bundle_parse_head(
    struct span bytes, struct bundle_head *ret_head, size_t *ret_len);
/* Append what is signed for a bundle whose bytes up to the signature have this
 * SHA-256. */
int bundle_message(const struct digest *digest, struct buf *out);

#endif
