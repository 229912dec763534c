#ifndef EVIDENT_STORE_VFS_CHAIN_H
#define EVIDENT_STORE_VFS_CHAIN_H

/*
 * The checksums by which SQLite decides where its write-ahead log ends.  Part
 * of vfs.h.
 */

#include <stdbool.h>
#include <stdint.h>

/* The state after the frames accepted so far. */
struct vfs_chain {
	bool big_endian;
	uint32_t sum[2];
	uint8_t salts[8];
};

/* Begin `ret_chain` at the 32 bytes of a log's header. */
void vfs_chain_start(struct vfs_chain *ret_chain, const uint8_t *header);

/*
 * Say whether the 24 + 4096 bytes at `frame` are the frame that SQLite accepts
 * next.  After the first that is not, the log has ended and `chain` is void.
 */
bool vfs_chain_accept(struct vfs_chain *chain, const uint8_t *frame);

/* The big-endian number in the four bytes at `at`. */
uint32_t vfs_chain_get32(const uint8_t *at);

#endif
