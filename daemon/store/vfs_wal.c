/*
 * The write-ahead log.  On disk:
 *
 *	0     header block (32 + 40), copy 0
 *	4096  header block (32 + 40), copy 1
 *	8192  frame 1, frame 2, ... of 24 + 4096 + 4 + 40 bytes
 *
 * A frame is sealed as one unit, since SQLite's checksum in its header is over
 * the clear page: frame header, page, mark.  It opens only at its number and
 * only under the salts of its log's header, so frames of an earlier log, which
 * SQLite leaves lying behind the new ones, are refused.
 *
 * The header.  SQLite starts a log anew by writing over its header, once
 * everything in it is checkpointed and synced.  A header torn by a power cut
 * there would be the same sight as a header damaged while the log holds
 * transactions, and the second must not pass for an empty log.  So there are
 * two copies, and copy 1 is written only once copy 0 is synced.  Copy 0 is
 * believed if it opens, else copy 1: it is either equal, or the header of the
 * old log, whose frames are all still there and all checkpointed, so playing
 * them again changes nothing.  If neither opens, that is damage if there is
 * any frame, and an empty log if there is none.
 *
 * The mark.  Recovery in SQLite ends the log silently at the first frame it
 * cannot accept.  After a power cut that is right: frames of the transaction
 * that was being written may be missing in any order, even its commit frame
 * may be there without an earlier one.  After damage it would drop
 * acknowledged testimony without a word.  To tell the two apart each frame
 * carries, sealed, the number of the last frame that was known durable when it
 * was written (the commit frame of the last transaction that was synced).
 * Recovery checks the whole log itself, as SQLite would: if frames 1..n are
 * valid, then a frame behind n whose mark is beyond n proves that frame n + 1
 * was durable once and is not now.  That is refused.  What cannot be told from
 * a power cut, and is treated as one, is damage in the last transaction of
 * the log, nothing having been written after it.
 *
 * Invariants: frames 1..mark are synced; mark <= commit <= known; frames
 * 1..known are what SQLite wrote last to these places.  When SQLite goes back
 * to overwrite frames of a transaction that was rolled back, mark and commit
 * go back before them.
 *
 * The held frame.  SQLite writes a frame header and its page apart, rewrites
 * pages alone when its cache spills, and headers alone when it renews the
 * checksums of a spilled transaction.  One frame is held in memory; a header
 * waits there for its page and goes to disk with it, or, if anything else
 * comes first, with the page that is on disk already.  Nothing is held back
 * behind a sync.
 *
 *	NONE --header--> HEADER --page--> CLEAN --header--> DIRTY
 *	NONE --read----> CLEAN   HEADER --else--> page read, written, CLEAN
 *	                         DIRTY  --page, else--> written, CLEAN
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/vfs_chain.h"
#include "daemon/store/vfs_wal.h"

struct vfs_wal {
	sqlite3_file *real;
	bool has_header;
	uint8_t header[VFS_WAL_HEADER];

	/* numbers of frames, 0 for none; see the invariants above */
	uint32_t known;
	uint32_t commit;
	uint32_t mark;

	/* the held frame: its number, and what of it is in `unit` */
	uint32_t held;
	bool has_page;
	bool dirty;
	uint8_t unit[VFS_WAL_UNIT];
};

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static struct vfs_seal_place frame_place(
    const struct vfs_wal *wal, uint32_t number)
{
	struct vfs_seal_place place = {
	    .kind = VFS_SEAL_LOG_FRAME,
	    .number = number,
	};

	memcpy(place.salts, wal->header + 16, sizeof(place.salts));
	return place;
}

static struct vfs_seal_place header_place(unsigned int copy)
{
	struct vfs_seal_place place = {
	    .kind = VFS_SEAL_LOG_HEADER,
	    .number = copy,
	};

	return place;
}

static sqlite3_int64 frame_offset(uint32_t number)
{
	return VFS_WAL_START + (sqlite3_int64)(number - 1) * VFS_WAL_BLOCK;
}

static int read_unit(const struct vfs_wal *wal, uint32_t number, uint8_t *unit)
{
	struct vfs_seal_place place = frame_place(wal, number);

	return vfs_seal_read(
	    wal->real, frame_offset(number), &place, unit, VFS_WAL_UNIT);
}

static void drop_held(struct vfs_wal *wal)
{
	wal->held = 0;
	wal->has_page = false;
	wal->dirty = false;
}

/* A header came alone for a frame that is on disk: take the page from there. */
static int complete_held(struct vfs_wal *wal)
{
	uint8_t unit[VFS_WAL_UNIT];
	int rc = SQLITE_IOERR_WRITE;

	if (wal->held <= wal->known)
		rc = read_unit(wal, wal->held, unit);
	if (rc == SQLITE_OK) {
		memcpy(wal->unit + VFS_WAL_FRAME_HEADER,
		    unit + VFS_WAL_FRAME_HEADER, VFS_PAGE);
		wal->has_page = true;
	}
	explicit_bzero(unit, sizeof(unit));
	return rc;
}

/* Write the held frame if it is newer than the disk. */
static int flush(struct vfs_wal *wal)
{
	struct vfs_seal_place place = frame_place(wal, wal->held);
	int rc = SQLITE_OK;

	if (!wal->dirty)
		return SQLITE_OK;
	if (!wal->has_page)
		rc = complete_held(wal);
	if (rc == SQLITE_OK) {
		put32(wal->unit + VFS_WAL_FRAME, wal->mark);
		rc = vfs_seal_write(wal->real, frame_offset(wal->held), &place,
		    wal->unit, VFS_WAL_UNIT);
	}
	if (rc != SQLITE_OK) {
		drop_held(wal);
		return rc;
	}
	wal->dirty = false;
	if (wal->held > wal->known)
		wal->known = wal->held;
	return SQLITE_OK;
}

/* Hold frame `number`, whole and written. */
static int load(struct vfs_wal *wal, uint32_t number)
{
	int rc;

	rc = flush(wal);
	if (rc != SQLITE_OK)
		return rc;
	if (wal->held == number && wal->has_page)
		return SQLITE_OK;
	drop_held(wal);
	rc = read_unit(wal, number, wal->unit);
	if (rc != SQLITE_OK)
		return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : rc;
	wal->held = number;
	wal->has_page = true;
	return SQLITE_OK;
}

/* The frame number and the place in it of a clear offset. */
static bool split(
    sqlite3_int64 offset, int len, uint32_t *ret_number, int *ret_at)
{
	sqlite3_int64 index = (offset - VFS_WAL_HEADER) / VFS_WAL_FRAME;
	int at = (int)((offset - VFS_WAL_HEADER) % VFS_WAL_FRAME);

	if (offset < VFS_WAL_HEADER || index >= UINT32_MAX || len <= 0 ||
	    len > VFS_WAL_FRAME - at)
		return false;
	*ret_number = (uint32_t)index + 1;
	*ret_at = at;
	return true;
}

/* Find the header of the log; none is an outcome, not an error. */
static int load_header(struct vfs_wal *wal)
{
	static const sqlite3_int64 offsets[2] = {0, VFS_WAL_COPY};
	struct vfs_seal_place place;
	unsigned int copy;
	int rc;

	wal->has_header = false;
	for (copy = 0; copy < 2; copy++) {
		place = header_place(copy);
		rc = vfs_seal_read(wal->real, offsets[copy], &place,
		    wal->header, VFS_WAL_HEADER);
		if (rc == SQLITE_OK) {
			wal->has_header = true;
			return SQLITE_OK;
		}
		if (rc != SQLITE_IOERR_DATA && rc != SQLITE_IOERR_SHORT_READ)
			return rc;
	}
	return SQLITE_OK;
}

/*
 * Check frames 1..`count` as recovery in SQLite will.  Set known and commit to
 * what it will find; SQLITE_IOERR_DATA if something durable is missing.
 */
static int check_frames(struct vfs_wal *wal, uint32_t count)
{
	struct vfs_chain chain;
	bool ended = false;
	uint32_t number;
	int rc;

	vfs_chain_start(&chain, wal->header);
	for (number = 1; number <= count; number++) {
		rc = read_unit(wal, number, wal->unit);
		if (rc != SQLITE_OK && rc != SQLITE_IOERR_DATA)
			return rc;
		if (rc != SQLITE_OK ||
		    (!ended && !vfs_chain_accept(&chain, wal->unit)))
			ended = true;
		if (!ended) {
			wal->known = number;
			if (vfs_chain_get32(wal->unit + 4) != 0)
				wal->commit = number;
		} else if (rc == SQLITE_OK &&
			   vfs_chain_get32(wal->unit + VFS_WAL_FRAME) >
			       wal->known) {
			return SQLITE_IOERR_DATA;
		}
	}
	return SQLITE_OK;
}

static int count_frames(
    const struct vfs_wal *wal, bool *ret_empty, uint32_t *ret_count)
{
	sqlite3_int64 size;
	sqlite3_int64 count = 0;
	int rc;

	rc = wal->real->pMethods->xFileSize(wal->real, &size);
	if (rc != SQLITE_OK)
		return rc;
	if (size > VFS_WAL_START)
		count = (size - VFS_WAL_START) / VFS_WAL_BLOCK;
	if (count >= UINT32_MAX)
		return SQLITE_IOERR_FSTAT;
	*ret_empty = size == 0;
	*ret_count = (uint32_t)count;
	return SQLITE_OK;
}

/* Start of a recovery: learn the log from the disk. */
static int scan(struct vfs_wal *wal)
{
	uint32_t count;
	bool empty;
	int rc;

	rc = flush(wal);
	if (rc == SQLITE_OK)
		rc = count_frames(wal, &empty, &count);
	if (rc == SQLITE_OK)
		rc = load_header(wal);
	if (rc != SQLITE_OK)
		return rc;
	drop_held(wal);
	wal->known = wal->commit = wal->mark = 0;
	if (!wal->has_header)
		return count > 0 ? SQLITE_IOERR_DATA : SQLITE_OK;
	rc = check_frames(wal, count);
	explicit_bzero(wal->unit, sizeof(wal->unit));
	if (rc != SQLITE_OK || wal->commit == 0)
		return rc;
	/* A killed process may have left frames that are only in the page
	 * cache.  They are about to count as committed: make it true, or their
	 * successors could not be marked. */
	rc = wal->real->pMethods->xSync(wal->real, SQLITE_SYNC_NORMAL);
	if (rc == SQLITE_OK)
		wal->mark = wal->commit;
	return rc;
}

static int read_header(
    struct vfs_wal *wal, void *buf, int len, sqlite3_int64 offset)
{
	int rc = SQLITE_OK;

	if (offset < 0 || len <= 0 || len > VFS_WAL_HEADER - offset)
		return SQLITE_IOERR_READ;
	if (len == VFS_WAL_HEADER)
		rc = scan(wal);
	if (rc == SQLITE_OK && wal->has_header)
		memcpy(buf, wal->header + offset, (size_t)len);
	return rc;
}

int vfs_wal_read(struct vfs_wal *wal, void *buf, int len, sqlite3_int64 offset)
{
	uint32_t number;
	int at;
	int rc;

	if (len > 0)
		memset(buf, 0, (size_t)len);
	if (offset < VFS_WAL_HEADER)
		return read_header(wal, buf, len, offset);
	if (!split(offset, len, &number, &at))
		return SQLITE_IOERR_READ;
	if (number > wal->known && number != wal->held)
		return len == VFS_WAL_FRAME ? SQLITE_OK : SQLITE_IOERR_DATA;
	rc = load(wal, number);
	if (rc == SQLITE_OK)
		memcpy(buf, wal->unit + at, (size_t)len);
	return rc;
}

/* A new log begins; all frames of the old one are checkpointed and synced. */
static int write_header(struct vfs_wal *wal, const uint8_t *header)
{
	sqlite3_file *real = wal->real;
	struct vfs_seal_place place;
	uint32_t count;
	bool empty;
	int rc;

	drop_held(wal);
	wal->has_header = false;
	wal->known = wal->commit = wal->mark = 0;
	rc = count_frames(wal, &empty, &count);
	if (rc != SQLITE_OK)
		return rc;
	place = header_place(0);
	rc = vfs_seal_write(real, 0, &place, header, VFS_WAL_HEADER);
	if (rc == SQLITE_OK && !empty)
		rc = real->pMethods->xSync(real, SQLITE_SYNC_NORMAL);
	if (rc != SQLITE_OK)
		return rc;
	place = header_place(1);
	rc = vfs_seal_write(real, VFS_WAL_COPY, &place, header, VFS_WAL_HEADER);
	if (rc != SQLITE_OK)
		return rc;
	memcpy(wal->header, header, VFS_WAL_HEADER);
	wal->has_header = true;
	return SQLITE_OK;
}

static int write_frame_header(
    struct vfs_wal *wal, uint32_t number, const uint8_t *header)
{
	int rc;

	if (wal->held != number) {
		rc = flush(wal);
		if (rc != SQLITE_OK)
			return rc;
		drop_held(wal);
		wal->held = number;
	}
	memcpy(wal->unit, header, VFS_WAL_FRAME_HEADER);
	wal->dirty = true;
	if (wal->commit >= number)
		wal->commit = number - 1;
	if (wal->mark >= number)
		wal->mark = number - 1;
	if (vfs_chain_get32(header + 4) != 0)
		wal->commit = number;
	return SQLITE_OK;
}

static int write_frame_page(
    struct vfs_wal *wal, uint32_t number, const uint8_t *page)
{
	int rc;

	if (wal->held != number) {
		/* a page written again alone: its header is on disk */
		if (number > wal->known)
			return SQLITE_IOERR_WRITE;
		rc = load(wal, number);
		if (rc != SQLITE_OK)
			return rc;
	}
	memcpy(wal->unit + VFS_WAL_FRAME_HEADER, page, VFS_PAGE);
	wal->has_page = true;
	wal->dirty = true;
	if (wal->mark >= number)
		wal->mark = number - 1;
	return flush(wal);
}

int vfs_wal_write(
    struct vfs_wal *wal, const void *buf, int len, sqlite3_int64 offset)
{
	uint32_t number;
	int at;

	if (offset == 0 && len == VFS_WAL_HEADER)
		return write_header(wal, buf);
	if (!wal->has_header || !split(offset, len, &number, &at))
		return SQLITE_IOERR_WRITE;
	if (at == 0 && len == VFS_WAL_FRAME_HEADER)
		return write_frame_header(wal, number, buf);
	if (at == VFS_WAL_FRAME_HEADER && len == VFS_PAGE)
		return write_frame_page(wal, number, buf);
	return SQLITE_IOERR_WRITE;
}

int vfs_wal_truncate(struct vfs_wal *wal, sqlite3_int64 size)
{
	sqlite3_file *real = wal->real;
	sqlite3_int64 count = 0;
	sqlite3_int64 cut = 0;
	int rc;

	if (size >= VFS_WAL_HEADER) {
		count = (size - VFS_WAL_HEADER) / VFS_WAL_FRAME;
		cut = VFS_WAL_START + count * VFS_WAL_BLOCK;
	}
	rc = flush(wal);
	if (rc != SQLITE_OK && cut != 0)
		return rc;
	rc = real->pMethods->xTruncate(real, cut);
	if (rc != SQLITE_OK)
		return rc;
	drop_held(wal);
	if (wal->known > count)
		wal->known = (uint32_t)count;
	if (wal->commit > wal->known)
		wal->commit = wal->known;
	if (wal->mark > wal->commit)
		wal->mark = wal->commit;
	if (cut == 0)
		wal->has_header = false;
	/* SQLite does not sync a truncation; an erasure counts on it. */
	return real->pMethods->xSync(real, SQLITE_SYNC_NORMAL);
}

int vfs_wal_sync(struct vfs_wal *wal, int flags)
{
	int rc;

	rc = flush(wal);
	if (rc == SQLITE_OK)
		rc = wal->real->pMethods->xSync(wal->real, flags);
	if (rc == SQLITE_OK)
		wal->mark = wal->commit;
	return rc;
}

int vfs_wal_size(struct vfs_wal *wal, sqlite3_int64 *ret_size)
{
	uint32_t count;
	bool empty;
	int rc;

	rc = count_frames(wal, &empty, &count);
	if (rc != SQLITE_OK)
		return rc;
	/* A header without frames, torn or not, is as good as no log. */
	*ret_size =
	    empty ? 0 : VFS_WAL_HEADER + (sqlite3_int64)count * VFS_WAL_FRAME;
	return SQLITE_OK;
}

struct vfs_wal *vfs_wal_new(sqlite3_file *real)
{
	struct vfs_wal *wal = calloc(1, sizeof(*wal));

	if (wal)
		wal->real = real;
	return wal;
}

void vfs_wal_free(struct vfs_wal *wal)
{
	if (!wal)
		return;
	explicit_bzero(wal, sizeof(*wal));
	free(wal);
}
