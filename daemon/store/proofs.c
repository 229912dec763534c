/*
 * Proofs are made from the log's tree as it is here. Of a record that was
 * shared with this node alone, or stands in another telling of the log, there
 * is no tree: its proof was kept as it came.
 */
#include <errno.h>

#include "daemon/store/own_log.h"
#include "daemon/store/proofs.h"
#include "proto/format/proof.h"

/* Of an own log the newest checkpoint that somebody cosigned, if it covers the
 * place, else the newest. */
static int own_note(struct store *store, const struct record_row *row,
    const struct log_row *log, struct buf *out)
{
	int r;

	r = own_log_cosigned(store, log, out);
	if (r == 0 && log_tree_note_size(buf_span(out)) > row->place)
		return 0;
	buf_free(out);
	return r == 0 ? own_log_note(store, log, out) : r;
}

/* Of a log that came in part: by what its author signed of more. */
static int from_edge(struct store *store, const struct record_row *row,
    struct merkle_proof *ret_inclusion, struct buf *out_note)
{
	struct log_edge edge;
	int r;

	r = log_tree_edge(store->database, row->log, &edge);
	if (r == 0)
		r = log_tree_inclusion_beyond(store->database, row->log,
		    row->place, &edge, ret_inclusion);
	if (r == 0) {
		out_note->len = 0;
		r = buf_append_span(out_note, buf_span(&edge.note));
	}
	buf_free(&edge.note);
	return r;
}

static int from_tree(struct store *store, const struct record_row *row,
    const struct log_row *log, struct buf *out)
{
	struct proof proof = {.index = row->place};
	struct buf note = {0};
	uint64_t size = 0;
	int r;

	r = log->own ? own_note(store, row, log, &note)
		     : buf_append_span(&note, buf_span(&log->checkpoint));
	if (r == 0)
		size = log_tree_note_size(buf_span(&note));
	if (r == 0 && size <= row->place)
		r = from_edge(store, row, &proof.inclusion, &note);
	else if (r == 0)
		r = log_tree_inclusion(store->database, row->log, row->place,
		    size, &proof.inclusion);
	proof.checkpoint = buf_span(&note);
	if (r == 0)
		r = proof_build(&proof, out);
	buf_free(&note);
	return r;
}

int proofs_build(struct store *store, const struct record_row *row,
    const struct log_row *log, struct buf *out)
{
	int r = DATABASE_E_NONE;

	if (row->beside ||
	    log_tree_note_size(buf_span(&log->checkpoint)) <= row->place)
		r = records_proof(&store->records, row, out);
	if (r == DATABASE_E_NONE && row->beside)
		return -EIO;
	return r == DATABASE_E_NONE ? from_tree(store, row, log, out) : r;
}

int proofs_build_bare(struct store *store, const struct record_row *row,
    const struct log_row *log, struct buf *out)
{
	char origin[NOTE_ORIGIN_MAX];
	struct buf proof = {0};
	int r;

	note_origin(&log->author, &log->log, origin);
	r = proofs_build(store, row, log, &proof);
	if (r != 0)
		return r;
	r = proof_select(buf_span(&proof), origin, &log->key, NULL, 0, out);
	buf_free(&proof);
	return r > 0 ? -EIO : r;
}
