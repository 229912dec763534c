/*
 * Logs, entries and checkpoints, made as an honest node would make them. What
 * is false in an attack is put in by the attack.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/content.h"
#include "proto/format/hash.h"
#include "proto/format/padme.h"
#include "proto/format/proof.h"
#include "proto/format/sshsig.h"
#include "tests/attack/forge.h"

void forge_begin(
    struct forge *forge, const struct persona *author, const char *name)
{
	struct digest digest;

	memset(forge, 0, sizeof *forge);
	forge->author = author;
	MUST(hash_sha256(span_text(name), &digest) == 0);
	memcpy(forge->log.bytes, digest.bytes, sizeof forge->log.bytes);
}

void forged_free(struct forged *forged)
{
	if (!forged)
		return;
	buf_free(&forged->bytes);
	buf_free(&forged->payload);
	buf_free(&forged->envelope);
	buf_free(&forged->attachment);
	free(forged);
}

void forge_end(struct forge *forge)
{
	size_t i;

	for (i = 0; i < FORGE_LEVELS; i++)
		free(forge->nodes[i]);
	for (i = 0; i < 64; i++)
		forged_free(forge->entries[i]);
	memset(forge, 0, sizeof *forge);
}

static int read_node(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	struct forge *forge = context;

	MUST(level < FORGE_LEVELS && index < forge->room[level]);
	*ret_hash = forge->nodes[level][index];
	return 0;
}

static int write_node(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	struct forge *forge = context;
	size_t room = forge->room[level];

	if (index >= room) {
		room = room ? room * 2 : 64;
		forge->nodes[level] =
		    realloc(forge->nodes[level], room * sizeof *hash);
		MUST(forge->nodes[level] != NULL && index < room);
		forge->room[level] = room;
	}
	forge->nodes[level][index] = *hash;
	return 0;
}

void forge_leaf(struct forge *forge, const struct digest *leaf)
{
	MUST(merkle_append(forge->size, leaf, read_node, write_node, forge) ==
	     0);
	forge->size++;
}

void forge_append(struct forge *forge, struct forged *forged)
{
	MUST(forge->size < 64);
	forge->entries[forge->size] = forged;
	forge_leaf(forge, &forged->leaf);
}

void forge_random_leaves(struct forge *forge, size_t count)
{
	struct digest leaf;

	while (count-- > 0) {
		randombytes_buf(leaf.bytes, sizeof leaf.bytes);
		forge_leaf(forge, &leaf);
	}
}

void forge_root(struct forge *forge, uint64_t size, struct digest *ret_root)
{
	MUST(merkle_root(size, read_node, forge, ret_root) == 0);
}

/* --- entries ------------------------------------------------------------ */

static void build_content(const struct forge *forge,
    const struct forge_order *order, struct buf *out, struct digest *ret_fields)
{
	struct content_builder *builder;
	char origin[NOTE_ORIGIN_MAX], after[65];
	const char *why = "";
	size_t i;
	int r;

	memset(after, 'a', 64);
	after[64] = 0;
	note_origin(&forge->author->id, &forge->log, origin);
	MUST(content_builder_new(&builder) == 0);
	r = content_add_text(builder, "kind",
	    span_text(order->kind ? order->kind : "testimony"), &why);
	if (r == 0)
		r = content_add_text(
		    builder, "time", span_text("2026-01-02T03:04:05Z"), &why);
	if (r == 0)
		r = content_add_text(builder, "after", span_text(after), &why);
	if (r == 0)
		r = content_add_text(
		    builder, "origin", span_text(origin), &why);
	for (i = 0; r == 0 && order->fields[i]; i += 2)
		r = content_add_text(builder, order->fields[i],
		    span_text(order->fields[i + 1]), &why);
	if (r == 0)
		r = content_finish(builder, out, ret_fields);
	if (r != 0)
		persona_give_up(why);
	content_builder_free(builder);
}

static void add_attachment(struct forged *forged, size_t size,
    const uint8_t file_key[AGE_FILE_KEY_BYTES])
{
	struct entry *entry = &forged->entry;
	uint8_t *clear;

	size = (size_t)padme_length(size < 4096 ? 4096 : size);
	clear = calloc(1, size);
	MUST(clear != NULL);
	MUST(age_payload_seal(
		 file_key, span_of(clear, size), &forged->attachment) == 0);
	free(clear);
	entry->attachment_count = 1;
	entry->attachments[0].size = forged->attachment.len;
	MUST(hash_sha256(buf_span(&forged->attachment),
		 &entry->attachments[0].payload) == 0);
}

void forge_sign(struct forged *forged, const struct persona *author)
{
	buf_free(&forged->bytes);
	MUST(entry_build(&forged->entry, &forged->bytes) == 0);
	MUST(merkle_leaf(buf_span(&forged->bytes), &forged->leaf) == 0);
	MUST(sshsig_sign(author->seed, SSHSIG_NAMESPACE_ENTRY,
		 buf_span(&forged->bytes), forged->signature.bytes) == 0);
}

static void seal_payload(const struct forge *forge,
    const struct forge_order *order, struct forged *forged,
    const uint8_t file_key[AGE_FILE_KEY_BYTES])
{
	struct buf clear = {0};
	uint8_t *room;

	if (order->payload > 0) {
		MUST(buf_reserve(&clear, order->payload, &room) == 0);
		memset(room, 0, order->payload);
		clear.len = order->payload;
	} else {
		build_content(forge, order, &clear, &forged->entry.fields);
	}
	MUST(age_payload_seal(file_key, buf_span(&clear), &forged->payload) ==
	     0);
	buf_free(&clear);
}

struct forged *forge_entry(
    const struct forge *forge, const struct forge_order *order)
{
	struct forged *forged = calloc(1, sizeof *forged);
	uint8_t file_key[AGE_FILE_KEY_BYTES];
	struct entry *entry;

	MUST(forged != NULL);
	entry = &forged->entry;
	entry->author = forge->author->id;
	entry->log = forge->log;
	entry->index = forge->size;
	entry->withdraw_count = order->withdraw_count;
	if (order->withdraw_count > 0)
		memcpy(entry->withdraws, order->withdraws,
		    order->withdraw_count * sizeof *order->withdraws);
	randombytes_buf(file_key, sizeof file_key);
	seal_payload(forge, order, forged, file_key);
	entry->content.size = forged->payload.len;
	MUST(hash_sha256(buf_span(&forged->payload), &entry->content.payload) ==
	     0);
	MUST(age_header_build(file_key, order->to, 1, &forged->envelope) == 0);
	if (order->attachment > 0) {
		add_attachment(forged, order->attachment, file_key);
		MUST(age_header_build(
			 file_key, order->to, 1, &forged->envelope) == 0);
	}
	forge_sign(forged, forge->author);
	return forged;
}

/* --- what is signed of a log -------------------------------------------- */

void forge_note(struct forge *forge, uint64_t size,
    const struct persona *signer, uint8_t twist, struct buf *out)
{
	struct checkpoint checkpoint = {.size = size};
	uint8_t signature[64];
	struct buf text = {0};

	note_origin(&forge->author->id, &forge->log, checkpoint.origin);
	forge_root(forge, size, &checkpoint.root);
	checkpoint.root.bytes[0] ^= twist;
	MUST(checkpoint_build(&checkpoint, &text) == 0);
	MUST(note_sign(signer->seed, buf_span(&text), signature) == 0);
	MUST(note_begin(buf_span(&text), out) == 0);
	MUST(note_add_signature(checkpoint.origin, NOTE_ALG_ED25519,
		 &forge->author->card.author,
		 span_of(signature, sizeof signature), out) == 0);
	buf_free(&text);
}

void forge_cosign(struct span text, const struct persona *witness,
    uint64_t time, struct buf *out)
{
	uint8_t packed[COSIGNATURE_BYTES], signature[64];
	char name[NOTE_ORIGIN_MAX];
	struct buf asked = {0};

	MUST(cosignature_message(time, text, &asked) == 0);
	MUST(note_sign(witness->seed, buf_span(&asked), signature) == 0);
	cosignature_pack(time, signature, packed);
	note_witness_name(&witness->id, name);
	MUST(note_add_signature(name, NOTE_ALG_COSIGNATURE,
		 &witness->card.author, span_of(packed, sizeof packed),
		 out) == 0);
	buf_free(&asked);
}

static void put_item(
    struct forge *forge, uint64_t place, struct wire_sync_item *item)
{
	struct forged *forged = place < 64 ? forge->entries[place] : NULL;

	item->leaf = forge->nodes[0][place];
	if (!forged)
		return;
	item->entry = buf_span(&forged->bytes);
	item->signature = span_of(forged->signature.bytes, 64);
	item->payload = buf_span(&forged->payload);
	item->envelope = buf_span(&forged->envelope);
}

void forge_bring(struct forge *forge, uint64_t start, uint64_t count,
    uint64_t size, struct forge_batch *ret_batch)
{
	struct wire_sync_entries *message = &ret_batch->message;
	uint64_t i;

	memset(ret_batch, 0, sizeof *ret_batch);
	ret_batch->items = calloc((size_t)count + 1, sizeof *ret_batch->items);
	MUST(ret_batch->items != NULL);
	message->author = forge->author->card.author;
	message->log = forge->log;
	message->start = start;
	message->items.items = ret_batch->items;
	message->items.count = (size_t)count;
	for (i = 0; i < count; i++)
		put_item(forge, start + i, &ret_batch->items[i]);
	MUST(merkle_prove_consistency(start + count, size, read_node, forge,
		 &ret_batch->proof) == 0);
	message->consistency.items = ret_batch->proof.hashes;
	message->consistency.count = ret_batch->proof.count;
	forge_note(forge, size, forge->author, 0, &ret_batch->note);
	message->checkpoint = buf_span(&ret_batch->note);
}

void forge_batch_free(struct forge_batch *batch)
{
	free(batch->items);
	buf_free(&batch->note);
}

void forge_reprove(struct forge_proven *proven, uint64_t index)
{
	const struct proof proof = {
	    .index = index,
	    .inclusion = proven->proof.inclusion,
	    .checkpoint = buf_span(&proven->proof.note),
	};

	buf_free(&proven->proof.bytes);
	MUST(proof_build(&proof, &proven->proof.bytes) == 0);
	proven->message.proof = buf_span(&proven->proof.bytes);
}

void forge_prove(struct forge *forge, uint64_t place, uint64_t size,
    struct forge_proven *ret_proven)
{
	struct forged *forged = forge->entries[place];

	memset(ret_proven, 0, sizeof *ret_proven);
	ret_proven->message.author = forge->author->card.author;
	ret_proven->message.entry = buf_span(&forged->bytes);
	ret_proven->message.signature = forged->signature;
	ret_proven->message.payload = buf_span(&forged->payload);
	ret_proven->message.envelope = buf_span(&forged->envelope);
	MUST(merkle_prove_inclusion(place, size, read_node, forge,
		 &ret_proven->proof.inclusion) == 0);
	forge_note(forge, size, forge->author, 0, &ret_proven->proof.note);
	forge_reprove(ret_proven, place);
}

void forge_proven_free(struct forge_proven *proven)
{
	buf_free(&proven->proof.note);
	buf_free(&proven->proof.bytes);
}
