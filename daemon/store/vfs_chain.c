/*
 * The running checksum of SQLite's write-ahead log.
 *
 * SQLite ends a log at the first frame whose salts are not those of the
 * header, whose page number is zero, or whose checksum, which runs on from the
 * header through every frame before it, does not fit.  The same is computed
 * here, so that vfs_wal.c knows before SQLite does where that end will be and
 * can tell whether it may be there.  The checksum protects nothing; the seals
 * do that.  Format: https://www.sqlite.org/fileformat2.html, "The Write-Ahead
 * Log".
 */

#include <stddef.h>
#include <string.h>

#include "daemon/store/vfs_chain.h"
#include "daemon/store/vfs_wal.h"

uint32_t vfs_chain_get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static uint32_t get32_little(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[1] << 8 | at[0];
}

static void add(struct vfs_chain *chain, const uint8_t *data, size_t len)
{
	uint32_t (*get)(const uint8_t *) =
	    chain->big_endian ? vfs_chain_get32 : get32_little;
	size_t i;

	for (i = 0; i < len; i += 8) {
		chain->sum[0] += get(data + i) + chain->sum[1];
		chain->sum[1] += get(data + i + 4) + chain->sum[0];
	}
}

void vfs_chain_start(struct vfs_chain *ret_chain, const uint8_t *header)
{
	memset(ret_chain, 0, sizeof(*ret_chain));
	/* the last bit of the magic number tells the order of bytes */
	ret_chain->big_endian = header[3] & 1;
	memcpy(ret_chain->salts, header + 16, sizeof(ret_chain->salts));
	add(ret_chain, header, 24);
}

bool vfs_chain_accept(struct vfs_chain *chain, const uint8_t *frame)
{
	if (memcmp(frame + 8, chain->salts, sizeof(chain->salts)) != 0)
		return false;
	if (vfs_chain_get32(frame) == 0)
		return false;
	add(chain, frame, 8);
	add(chain, frame + VFS_WAL_FRAME_HEADER, VFS_PAGE);
	return chain->sum[0] == vfs_chain_get32(frame + 16) &&
	       chain->sum[1] == vfs_chain_get32(frame + 20);
}
