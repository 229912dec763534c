/*
 * The trees. Only hashes of complete subtrees are stored (log n of them change
 * with an append), so roots and proofs cost O(log n) reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/store/log_tree.h"
#include "proto/format/lines.h"
#include "proto/format/sshsig.h"

struct tree {
	struct database *database;
	int64_t log;
};

static int read_node(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	struct tree *tree = context;
	sqlite3_stmt *row;
	struct span hash;
	int r;

	row = database_query(tree->database, SQL_NODE_GET, "iii", tree->log,
	    (int64_t)level, (int64_t)index);
	r = database_step(row);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	hash = database_column(row, 0);
	if (hash.len == sizeof ret_hash->bytes)
		memcpy(ret_hash->bytes, hash.data, hash.len);
	else
		r = -EIO;
	database_done(row);
	return r < 0 ? r : 0;
}

static int write_node(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	struct tree *tree = context;

	return database_run(tree->database, SQL_NODE_PUT, "iiib", tree->log,
	    (int64_t)level, (int64_t)index, span_of(hash->bytes, 32));
}

void log_row_free(struct log_row *row)
{
	buf_free(&row->checkpoint);
}

static int take_row(sqlite3_stmt *row, struct log_row *ret_row)
{
	struct span author = database_column(row, 1);
	struct span log = database_column(row, 2);
	struct span key = database_column(row, 3);

	memset(ret_row, 0, sizeof *ret_row);
	if (author.len != 32 || log.len != 32 || key.len != 32)
		return -EIO;
	ret_row->id = database_column_int(row, 0);
	memcpy(ret_row->author.bytes, author.data, 32);
	memcpy(ret_row->log.bytes, log.data, 32);
	memcpy(ret_row->key.bytes, key.data, 32);
	ret_row->size = (uint64_t)database_column_int(row, 4);
	ret_row->own = database_column_int(row, 5);
	return buf_append_span(&ret_row->checkpoint, database_column(row, 6));
}

static int take_only(sqlite3_stmt *row, struct log_row *ret_row)
{
	int r = database_step(row);

	if (r <= 0)
		return r < 0 ? r : DATABASE_E_NONE;
	r = take_row(row, ret_row);
	database_done(row);
	return r;
}

int log_tree_find(struct database *database, const struct author_id *author,
    const struct log_id *log, struct log_row *ret_row)
{
	return take_only(
	    database_query(database, SQL_LOG_FIND, "bb",
		span_of(author->bytes, 32), span_of(log->bytes, 32)),
	    ret_row);
}

int log_tree_load(
    struct database *database, int64_t id, struct log_row *ret_row)
{
	return take_only(
	    database_query(database, SQL_LOG_BY_ID, "i", id), ret_row);
}

int log_tree_is_of(
    struct database *database, int64_t id, const struct author_id *author)
{
	struct log_row log = {.id = 0};
	int r;

	r = log_tree_load(database, id, &log);
	if (r == 0)
		r = memcmp(log.author.bytes, author->bytes, 32) == 0;
	log_row_free(&log);
	return r > 1 ? -EIO : r;
}

int log_tree_add(struct database *database, const struct sign_key *key,
    const struct log_id *log, bool own, int64_t via, int64_t *ret_id)
{
	struct author_id author;
	int r;

	sign_key_author(key, &author);
	if (via > 0)
		r = database_run(database, SQL_LOG_ADD, "bbbii",
		    span_of(author.bytes, 32), span_of(log->bytes, 32),
		    span_of(key->bytes, 32), (int64_t)own, via);
	else
		r = database_run(database, SQL_LOG_ADD, "bbbin",
		    span_of(author.bytes, 32), span_of(log->bytes, 32),
		    span_of(key->bytes, 32), (int64_t)own);
	if (r == 0)
		*ret_id = database_last_id(database);
	return r;
}

int log_tree_all(
    struct database *database, struct log_row **ret_rows, size_t *ret_count)
{
	struct log_row *rows = NULL, *more;
	sqlite3_stmt *row = database_query(database, SQL_LOG_ALL, "");
	size_t count = 0;
	int r;

	while ((r = database_step(row)) == 1) {
		more = realloc(rows, (count + 1) * sizeof *rows);
		if (!more) {
			r = -ENOMEM;
			break;
		}
		rows = more;
		r = take_row(row, &rows[count]);
		if (r < 0)
			break;
		count++;
	}
	database_done(row);
	if (r < 0) {
		while (count > 0)
			log_row_free(&rows[--count]);
		free(rows);
		return r;
	}
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

int log_tree_append(
    struct database *database, struct log_row *row, const struct digest *leaf)
{
	struct tree tree = {database, row->id};
	int r;

	r = merkle_append(row->size, leaf, read_node, write_node, &tree);
	if (r == 0)
		r = database_run(database, SQL_LOG_SIZE, "ii",
		    (int64_t)row->size + 1, row->id);
	if (r == 0)
		row->size++;
	return r;
}

int log_tree_leaf(struct database *database, int64_t log, uint64_t place,
    struct digest *ret_leaf)
{
	struct tree tree = {database, log};

	return read_node(&tree, 0, place, ret_leaf);
}

int log_tree_root(struct database *database, int64_t log, uint64_t size,
    struct digest *ret_root)
{
	struct tree tree = {database, log};

	return merkle_root(size, read_node, &tree, ret_root);
}

int log_tree_inclusion(struct database *database, int64_t log, uint64_t index,
    uint64_t size, struct merkle_proof *ret_proof)
{
	struct tree tree = {database, log};

	return merkle_prove_inclusion(index, size, read_node, &tree, ret_proof);
}

int log_tree_consistency(struct database *database, int64_t log, uint64_t old,
    uint64_t size, struct merkle_proof *ret_proof)
{
	struct tree tree = {database, log};

	return merkle_prove_consistency(old, size, read_node, &tree, ret_proof);
}

/* Its second line. It was verified when it was stored; taking it apart again
 * would need memory, and want of that is not a note of no places. */
uint64_t log_tree_note_size(struct span bytes)
{
	struct lines lines;
	struct span line;
	uint64_t size = 0;
	int r;

	lines_begin(&lines, bytes);
	r = lines_next_raw(&lines, &line); /* the origin */
	if (r == 0)
		r = lines_next_raw(&lines, &line);
	if (r == 0)
		r = decimal_decode(line, &size);
	return r == 0 ? size : 0;
}

int log_tree_set_checkpoint(
    struct database *database, struct log_row *row, struct span note)
{
	struct buf copy = {0};
	int r;

	r = database_run(database, SQL_LOG_CHECKPOINT, "bi", note, row->id);
	if (r == 0)
		r = database_run(
		    database, SQL_LOG_SEEN, "ii", (int64_t)time(NULL), row->id);
	if (r == 0)
		r = buf_append_span(&copy, note);
	if (r == 0) {
		buf_free(&row->checkpoint);
		row->checkpoint = copy;
	}
	return r;
}

/* As a row: the size of the beginning (8 bytes, big-endian), how many hashes
 * there are (1), the hashes, the note. */
#define EDGE_HEAD 9
#define HASH_BYTES sizeof((struct digest){0}.bytes)

static int take_edge(struct span bytes, struct log_edge *edge)
{
	size_t i;

	if (bytes.len < EDGE_HEAD)
		return -EIO;
	edge->old = u64_decode(bytes.data);
	edge->more.count = bytes.data[8];
	bytes.data += EDGE_HEAD;
	bytes.len -= EDGE_HEAD;
	if (edge->more.count > MERKLE_PROOF_MAX ||
	    bytes.len < edge->more.count * HASH_BYTES)
		return -EIO;
	for (i = 0; i < edge->more.count; i++) {
		memcpy(edge->more.hashes[i].bytes, bytes.data, HASH_BYTES);
		bytes.data += HASH_BYTES;
		bytes.len -= HASH_BYTES;
	}
	return buf_append_span(&edge->note, bytes);
}

int log_tree_edge(
    struct database *database, int64_t log, struct log_edge *ret_edge)
{
	struct log_edge edge = {.old = 0};
	sqlite3_stmt *row;
	int r;

	*ret_edge = edge;
	row = database_query(database, SQL_LOG_EDGE_GET, "i", log);
	r = database_step(row);
	if (r <= 0)
		return r;
	r = take_edge(database_column(row, 0), &edge);
	database_done(row);
	if (r == 0)
		*ret_edge = edge;
	return r;
}

int log_tree_keep_edge(
    struct database *database, int64_t log, const struct log_edge *edge)
{
	uint8_t head[EDGE_HEAD];
	struct buf bytes = {0};
	struct log_edge known;
	size_t i;
	int r;

	r = log_tree_edge(database, log, &known);
	buf_free(&known.note);
	if (r != 0 || edge->old <= known.old)
		return r;
	u64_encode(edge->old, head);
	head[8] = (uint8_t)edge->more.count;
	r = buf_append(&bytes, head, sizeof head);
	for (i = 0; r == 0 && i < edge->more.count; i++)
		r = buf_append(&bytes, edge->more.hashes[i].bytes, HASH_BYTES);
	if (r == 0)
		r = buf_append_span(&bytes, buf_span(&edge->note));
	if (r == 0)
		r = database_run(
		    database, SQL_LOG_EDGE_PUT, "bi", buf_span(&bytes), log);
	buf_free(&bytes);
	return r;
}

int log_tree_inclusion_beyond(struct database *database, int64_t log,
    uint64_t index, const struct log_edge *edge, struct merkle_proof *ret_proof)
{
	const uint64_t size = log_tree_note_size(buf_span(&edge->note));
	struct tree tree = {database, log};

	if (index >= edge->old || edge->old > size)
		return DATABASE_E_NONE;
	return merkle_prove_beyond(
	    index, edge->old, size, &edge->more, read_node, &tree, ret_proof);
}
