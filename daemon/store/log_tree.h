/*
 * Logs and their Merkle trees as rows.
 */
#ifndef EVIDENT_STORE_LOG_TREE_H
#define EVIDENT_STORE_LOG_TREE_H

#include "daemon/store/database.h"
#include "proto/format/merkle.h"
#include "proto/format/note.h"

struct log_row {
	int64_t id;
	struct author_id author;
	struct log_id log;
	struct sign_key key;
	uint64_t size;
	bool own;
	struct buf checkpoint; /* the newest signed note, or empty; owned */
};

/* Of a log of which only a beginning came, yet or for ever. */
struct log_edge {
	uint64_t old;             /* so many places came, */
	struct merkle_proof more; /* and the consistency proof from those */
	struct buf note;          /* to this, its author's alone; owned */
};

void log_row_free(struct log_row *row);
/* DATABASE_E_NONE when there is none. */
int log_tree_find(struct database *database, const struct author_id *author,
    const struct log_id *log, struct log_row *ret_row);
int log_tree_load(
    struct database *database, int64_t id, struct log_row *ret_row);
/* Whether it is this author's: 1, 0 or -errno. */
int log_tree_is_of(
    struct database *database, int64_t id, const struct author_id *author);
int log_tree_add(struct database *database, const struct sign_key *key,
    const struct log_id *log, bool own, int64_t via, int64_t *ret_id);
/* All logs, by their numbers; the caller frees each row and the array. */
int log_tree_all(
    struct database *database, struct log_row **ret_rows, size_t *ret_count);
/* Append a leaf and count it. Inside a transaction. */
int log_tree_append(
    struct database *database, struct log_row *row, const struct digest *leaf);
int log_tree_leaf(struct database *database, int64_t log, uint64_t place,
    struct digest *ret_leaf);
int log_tree_root(struct database *database, int64_t log, uint64_t size,
    struct digest *ret_root);
int log_tree_inclusion(struct database *database, int64_t log, uint64_t index,
    uint64_t size, struct merkle_proof *ret_proof);
int log_tree_consistency(struct database *database, int64_t log, uint64_t old,
    uint64_t size, struct merkle_proof *ret_proof);
/* With ${old} 0 when there is none. */
int log_tree_edge(
    struct database *database, int64_t log, struct log_edge *ret_edge);
/* Keep it, unless one of as much is kept. */
int log_tree_keep_edge(
    struct database *database, int64_t log, const struct log_edge *edge);
/* To ${edge}'s note; DATABASE_E_NONE when the place is not in its beginning. */
int log_tree_inclusion_beyond(struct database *database, int64_t log,
    uint64_t index, const struct log_edge *edge,
    struct merkle_proof *ret_proof);
/* The size that a stored note speaks of; 0 when it is empty or damaged. */
uint64_t log_tree_note_size(struct span note);
/* Put the newest note; ${row}'s own copy follows. */
int log_tree_set_checkpoint(
    struct database *database, struct log_row *row, struct span note);

#endif
