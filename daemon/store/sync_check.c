/*
 * Is it true? What can be found out of a batch without a worker.
 *
 *   may this partner bring this log? -> checkpoint signed by the author? ->
 * does the batch continue what the partner brought, and lead to the
 * checkpoint's root? -> does each entry stand where it says, and have the
 * content and envelope it names?
 *
 * Nothing here writes. The tree that a batch would make is laid over the one
 * that is stored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sync_check.h"
#include "proto/format/hash.h"
#include "proto/format/sshsig.h"

/* Own reader on the partner's card: it is our hub, and may bring logs of
 * others. */
static bool is_our_hub(const struct session *session)
{
	const struct card *card = &session->partner.card;
	size_t i, k;

	for (i = 0; i < card->reader_count; i++)
		for (k = 0; k < session->store->reader_count; k++)
			if (memcmp(card->readers[i].key,
				session->store->readers[k].key, 32) == 0)
				return true;
	return false;
}

static bool may_bring(
    const struct session *session, const struct author_id *author)
{
	if (memcmp(author->bytes, session->store->author.bytes, 32) == 0)
		return false;
	return memcmp(author->bytes, session->partner.author.bytes, 32) == 0 ||
	       is_our_hub(session);
}

int sync_check_note(const struct sign_key *author, struct span bytes,
    const char *origin, struct checkpoint *ret_checkpoint)
{
	struct note note;
	int r;

	r = note_parse(bytes, &note);
	if (r != 0)
		return r;
	r = note_verify(&note, origin, author);
	if (r == 0)
		r = checkpoint_parse(note.text, ret_checkpoint);
	if (r == 0 && strcmp(ret_checkpoint->origin, origin) != 0)
		r = FORMAT_E_MISMATCH;
	note_free(&note);
	return r;
}

int sync_check_head(struct session *session,
    const struct wire_sync_entries *entries, struct sync_arrival *arrival)
{
	char origin[NOTE_ORIGIN_MAX];
	uint64_t end = entries->start + entries->items.count, brought = 0;
	int r;

	if (sign_key_check(&entries->author) != 0 || entries->items.count == 0)
		return FORMAT_E_MALFORMED;
	sign_key_author(&entries->author, &arrival->author);
	if (!may_bring(session, &arrival->author))
		return FORMAT_E_MISMATCH;
	note_origin(&arrival->author, &entries->log, origin);
	r = sync_check_note(&entries->author, entries->checkpoint, origin,
	    &arrival->checkpoint);
	if (r != 0)
		return r;
	r = log_tree_find(session->store->database, &arrival->author,
	    &entries->log, &arrival->log);
	if (r == 0)
		r = sync_get_brought(session, arrival->log.id, &brought);
	if (r < 0)
		return r;
	if (entries->start > brought)
		return SYNC_E_GAP;
	if (end > arrival->checkpoint.size)
		return FORMAT_E_MALFORMED;
	arrival->skip = brought - entries->start;
	return 0;
}

/* Nodes of a tree that is not stored yet: new ones here, old ones there. */
struct overlay {
	struct database *database;
	int64_t log;
	size_t count, room;
	struct node {
		unsigned level;
		uint64_t index;
		struct digest hash;
	} * nodes;
};

static int overlay_read(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	struct overlay *overlay = context;
	sqlite3_stmt *row;
	struct span hash;
	size_t i;
	int r;

	for (i = overlay->count; i > 0; i--)
		if (overlay->nodes[i - 1].level == level &&
		    overlay->nodes[i - 1].index == index) {
			*ret_hash = overlay->nodes[i - 1].hash;
			return 0;
		}
	row = database_query(overlay->database, SQL_NODE_GET, "iii",
	    overlay->log, (int64_t)level, (int64_t)index);
	r = database_step(row);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	hash = database_column(row, 0);
	r = hash.len == 32 ? 0 : -EIO;
	if (r == 0)
		memcpy(ret_hash->bytes, hash.data, 32);
	database_done(row);
	return r;
}

static int overlay_write(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	struct overlay *overlay = context;
	struct node *more;

	if (overlay->count == overlay->room) {
		overlay->room = overlay->room ? overlay->room * 2 : 64;
		more = realloc(
		    overlay->nodes, overlay->room * sizeof *overlay->nodes);
		if (!more)
			return -ENOMEM;
		overlay->nodes = more;
	}
	overlay->nodes[overlay->count].level = level;
	overlay->nodes[overlay->count].index = index;
	overlay->nodes[overlay->count++].hash = *hash;
	return 0;
}

int sync_leaf_of(const struct wire_sync_item *item, struct digest *ret_leaf)
{
	struct digest leaf;
	int r;

	if (item->entry.len == 0) {
		*ret_leaf = item->leaf;
		return 0;
	}
	r = merkle_leaf(item->entry, &leaf);
	if (r == 0 && memcmp(leaf.bytes, item->leaf.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	*ret_leaf = leaf;
	return r;
}

/* A leaf within our log is the one there; another goes to its end. */
static int check_leaf(uint64_t place, uint64_t held, const struct digest *leaf,
    struct overlay *overlay)
{
	struct digest known;
	int r;

	if (place >= held)
		return merkle_append(
		    place, leaf, overlay_read, overlay_write, overlay);
	r = overlay_read(overlay, 0, place, &known);
	if (r == 0 && memcmp(known.bytes, leaf->bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	return r;
}

/* A checkpoint of no more than we hold is one of ours. */
static int check_checkpoint(
    const struct sync_arrival *arrival, struct overlay *overlay)
{
	const struct checkpoint *checkpoint = &arrival->checkpoint;
	struct digest root;
	int r;

	if (checkpoint->size > arrival->log.size)
		return 0;
	r = merkle_root(checkpoint->size, overlay_read, overlay, &root);
	if (r == 0 && memcmp(root.bytes, checkpoint->root.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	return r;
}

int sync_check_tree(struct session *session,
    const struct wire_sync_entries *entries, const struct sync_arrival *arrival)
{
	struct overlay overlay = {
	    .database = session->store->database,
	    .log = arrival->log.id,
	};
	uint64_t size = entries->start + entries->items.count, i;
	struct merkle_proof proof;
	struct digest leaf, root;
	int r;

	r = check_checkpoint(arrival, &overlay);
	for (i = arrival->skip; r == 0 && i < entries->items.count; i++) {
		r = sync_leaf_of(&entries->items.items[i], &leaf);
		if (r == 0)
			r = check_leaf(entries->start + i, arrival->log.size,
			    &leaf, &overlay);
	}
	proof.count = entries->consistency.count;
	if (proof.count > 0)
		memcpy(proof.hashes, entries->consistency.items,
		    proof.count * sizeof *proof.hashes);
	if (r == 0)
		r = merkle_root(size, overlay_read, &overlay, &root);
	if (r == 0)
		r = merkle_verify_consistency(size, arrival->checkpoint.size,
		    &proof, &root, &arrival->checkpoint.root);
	free(overlay.nodes);
	return r;
}

/* An envelope has one header for the content and one an attachment. */
static int check_envelope(const struct entry *entry, struct span envelope)
{
	struct age_header header;
	size_t i;
	int r;

	for (i = 0; i <= entry->attachment_count; i++) {
		r = age_header_parse(envelope, &header);
		if (r != 0)
			return r < 0 ? r : FORMAT_E_MALFORMED;
		envelope.data += header.length;
		envelope.len -= header.length;
	}
	return envelope.len == 0 ? 0 : FORMAT_E_MALFORMED;
}

int sync_check_item(const struct wire_sync_item *item,
    const struct author_id *author, const struct log_id *log, uint64_t index,
    struct entry *ret_entry)
{
	struct digest payload;
	int r;

	r = entry_parse(item->entry, ret_entry, NULL);
	if (r != 0)
		return r;
	if (memcmp(ret_entry->author.bytes, author->bytes, 32) != 0 ||
	    memcmp(ret_entry->log.bytes, log->bytes, 32) != 0 ||
	    ret_entry->index != index || item->signature.len != 64)
		return FORMAT_E_MISMATCH;
	r = hash_sha256(item->payload, &payload);
	if (r == 0 &&
	    (item->payload.len != ret_entry->content.size ||
		memcmp(payload.bytes, ret_entry->content.payload.bytes, 32)))
		r = FORMAT_E_MISMATCH;
	return r == 0 ? check_envelope(ret_entry, item->envelope) : r;
}
