/*
 * What the author key signs. The keeper composes every text itself from typed
 * fields, so no caller can have it sign something else than an entry of the own
 * log, a checkpoint of it, a cosignature of a foreign log, the own card, or (in
 * enrol.c) that somebody else is of this organisation.
 *
 * Two signed truths about one place in a log cannot be taken back, and the
 * store may be wrong, broken or taken over. So this file keeps, for one life
 * of the process:
 *
 *	durable, checkpoint.size  <=  first  <=  next
 *
 * Entries are signed from ${next} on without a gap. A transaction that failed
 * may be signed again with other content, but never at an index that has been
 * told durable or that a signed checkpoint covers. A checkpoint covers signed
 * entries only, never fewer than the one before, and of one size only one root.
 *
 * A node that finds itself put back to an earlier state goes on in another log,
 * drawn here: from its first DURABLE on nothing is signed in the one before.
 *
 * What happened in an earlier life the keeper does not know; there the store's
 * first DURABLE is believed, and the fork shows to everybody who cosigned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "daemon/keeper/keeper.h"
#include "proto/format/bundle.h"
#include "proto/format/card.h"
#include "proto/format/entry.h"
#include "proto/format/note.h"
#include "proto/format/sshsig.h"

#define ATTACHMENT_BYTES 40 /* in struct wire_keeper_item */
#define WITHDRAWAL_BYTES 32

/* An answer of many entries: one buffer, and where each ends. */
struct batch {
	struct buf bytes;
	struct wire_signed_entry *items;
	size_t count;
};

static void batch_free(struct batch *batch)
{
	buf_free(&batch->bytes);
	free(batch->items);
}

/* Parse errors of what the store sent are its fault. */
static int as_code(int r)
{
	return r > 0 ? WIRE_CODE_BAD_REQUEST : r;
}

static uint64_t first_free_index(const struct keeper_log *log)
{
	if (log->has_checkpoint && log->checkpoint.size > log->durable)
		return log->checkpoint.size;
	return log->durable;
}

static void unpack_attachment(
    const uint8_t bytes[ATTACHMENT_BYTES], struct entry_object *ret_object)
{
	memcpy(ret_object->payload.bytes, bytes, 32);
	ret_object->size = u64_decode(bytes + 32);
}

static int unpack_lists(
    const struct wire_keeper_item *item, struct entry *entry)
{
	const struct span attachments = item->attachments;
	const struct span withdraws = item->withdraws;
	size_t i;

	entry->attachment_count = attachments.len / ATTACHMENT_BYTES;
	entry->withdraw_count = withdraws.len / WITHDRAWAL_BYTES;
	if (attachments.len % ATTACHMENT_BYTES != 0 ||
	    withdraws.len % WITHDRAWAL_BYTES != 0 ||
	    entry->attachment_count > ENTRY_ATTACHMENTS_MAX ||
	    entry->withdraw_count > ENTRY_WITHDRAWALS_MAX)
		return FORMAT_E_MALFORMED;
	for (i = 0; i < entry->attachment_count; i++)
		unpack_attachment(attachments.data + i * ATTACHMENT_BYTES,
		    &entry->attachments[i]);
	for (i = 0; i < entry->withdraw_count; i++)
		memcpy(entry->withdraws[i].bytes,
		    withdraws.data + i * WITHDRAWAL_BYTES, WITHDRAWAL_BYTES);
	return 0;
}

static int unpack_key_act(
    const struct wire_keeper_item *item, struct entry *entry)
{
	switch (item->key_act) {
	case ENTRY_KEY_NONE:
	case ENTRY_KEY_SUCCESSOR:
	case ENTRY_KEY_REVOKED:
		entry->key_act = (enum entry_key_act)item->key_act;
		entry->key_subject = item->key_subject;
		entry->key_since = item->key_since;
		return 0;
	}
	return FORMAT_E_MALFORMED;
}

/* Append the entry at ${index} to ${batch} and sign it. */
static int sign_one(struct keeper *keeper, const struct wire_keeper_item *item,
    uint64_t index, struct batch *batch)
{
	struct entry entry; /* 43 KB */
	const size_t start = batch->bytes.len;
	struct wire_signed_entry *out = &batch->items[batch->count];
	int r;

	memset(&entry, 0, sizeof entry);
	entry.author = keeper->public.author_id;
	entry.log = keeper->log.id;
	entry.index = index;
	entry.content = item->content;
	entry.fields = item->fields;
	r = unpack_lists(item, &entry);
	if (r == 0)
		r = unpack_key_act(item, &entry);
	if (r == 0)
		r = entry_build(&entry, &batch->bytes);
	if (r != 0)
		return r;
	out->entry.len = batch->bytes.len - start;
	batch->count++;
	return sshsig_sign(keeper->keys->author_seed, SSHSIG_NAMESPACE_ENTRY,
	    span_of(batch->bytes.data + start, out->entry.len),
	    out->signature.bytes);
}

static int answer_batch(struct keeper *keeper, struct batch *batch)
{
	struct wire_keeper_signed answer = {
	    .items = {batch->items, batch->count},
	};
	size_t i, at = 0;

	/* Only now does the buffer stay where it is. */
	for (i = 0; i < batch->count; i++) {
		batch->items[i].entry.data = batch->bytes.data + at;
		at += batch->items[i].entry.len;
	}
	return keeper_answer(keeper, WIRE_KEEPER_SIGNED, &answer);
}

static int sign_batch(struct keeper *keeper,
    const struct wire_keeper_sign *request, struct batch *batch)
{
	size_t i;
	int r;

	batch->items = calloc(request->items.count, sizeof *batch->items);
	if (!batch->items)
		return -ENOMEM;
	for (i = 0; i < request->items.count; i++) {
		r = sign_one(keeper, &request->items.items[i],
		    request->first + i, batch);
		if (r != 0)
			return as_code(r);
	}
	return answer_batch(keeper, batch);
}

int sign_entries(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct wire_keeper_sign *request = &message->sign;
	struct keeper_log *log = &keeper->log;
	struct batch batch = {0};
	int r;

	(void)frame;
	if (request->items.count == 0)
		return WIRE_CODE_BAD_REQUEST;
	if (!log->known || request->first < first_free_index(log) ||
	    request->first > log->next)
		return WIRE_CODE_REFUSED;
	r = sign_batch(keeper, request, &batch);
	/* What was signed above a place that is signed again is void. */
	if (r == 0)
		log->next = request->first + request->items.count;
	batch_free(&batch);
	return r;
}

int sign_open_log(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	struct wire_keeper_log answer;

	(void)message;
	(void)frame;
	if (!keeper->log.known)
		return WIRE_CODE_REFUSED;
	randombytes_buf(answer.log.bytes, sizeof answer.log.bytes);
	keeper->drawn = answer.log;
	keeper->has_drawn = true;
	return keeper_answer(keeper, WIRE_KEEPER_LOG, &answer);
}

static bool same_log(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* What was drawn is written from now on, or what was told first in this life:
 * never again another. */
static int take_log(
    struct keeper *keeper, const struct wire_keeper_durable *request)
{
	if (keeper->log.known && same_log(&request->log, &keeper->log.id))
		return 0;
	if (keeper->log.known &&
	    (!keeper->has_drawn || !same_log(&request->log, &keeper->drawn) ||
		request->size > 0))
		return WIRE_CODE_REFUSED;
	memset(&keeper->log, 0, sizeof keeper->log);
	keeper->log.id = request->log;
	keeper->has_drawn = false;
	return 0;
}

int sign_durable(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct wire_keeper_durable *request = &message->durable;
	const struct wire_empty done = {0};
	struct keeper_log *log = &keeper->log;

	(void)frame;
	if (request->size > FORMAT_INTEGER_MAX)
		return WIRE_CODE_BAD_REQUEST;
	if (take_log(keeper, request) != 0)
		return WIRE_CODE_REFUSED;
	if (log->known && (request->size < first_free_index(log) ||
			      request->size > log->next))
		return WIRE_CODE_REFUSED;
	if (!log->known)
		log->next = request->size;
	log->known = true;
	log->durable = request->size;
	keeper->idle_seconds = request->idle_seconds;
	if (request->present)
		keeper_touch(keeper);
	return keeper_answer(keeper, WIRE_KEEPER_DONE, &done);
}

static int answer_note(struct keeper *keeper, const struct buf *note)
{
	const struct wire_keeper_note answer = {.note = buf_span(note)};

	return keeper_answer(keeper, WIRE_KEEPER_NOTE, &answer);
}

static bool checkpoint_is_allowed(
    const struct keeper_log *log, const struct wire_keeper_checkpoint *request)
{
	if (!log->known || request->size > log->next)
		return false;
	if (!log->has_checkpoint || request->size > log->checkpoint.size)
		return true;
	return request->size == log->checkpoint.size &&
	       span_equal(span_of(request->root.bytes, 32),
		   span_of(log->checkpoint.root.bytes, 32));
}

static int build_checkpoint(struct keeper *keeper,
    const struct wire_keeper_checkpoint *request, struct buf *out)
{
	struct checkpoint checkpoint = {
	    .size = request->size, .root = request->root};
	uint8_t signature[64];
	struct buf text = {0};
	int r;

	note_origin(
	    &keeper->public.author_id, &keeper->log.id, checkpoint.origin);
	r = checkpoint_build(&checkpoint, &text);
	if (r == 0)
		r = note_sign(
		    keeper->keys->author_seed, buf_span(&text), signature);
	if (r == 0)
		r = note_begin(buf_span(&text), out);
	if (r == 0)
		r = note_add_signature(checkpoint.origin, NOTE_ALG_ED25519,
		    &keeper->public.author,
		    span_of(signature, sizeof signature), out);
	buf_free(&text);
	return as_code(r);
}

int sign_checkpoint(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct wire_keeper_checkpoint *request = &message->checkpoint;
	_cleanup_(buf_free) struct buf note = {0};
	int r;

	(void)frame;
	if (!checkpoint_is_allowed(&keeper->log, request))
		return WIRE_CODE_REFUSED;
	r = build_checkpoint(keeper, request, &note);
	if (r != 0)
		return r;
	keeper->log.checkpoint = *request;
	keeper->log.has_checkpoint = true;
	return answer_note(keeper, &note);
}

static bool is_foreign(struct keeper *keeper, const char *origin)
{
	struct author_id author;
	struct log_id log;

	if (note_parse_origin(origin, &author, &log) != 0)
		return false;
	return !span_equal(span_of(author.bytes, sizeof author.bytes),
	    span_of(keeper->public.author_id.bytes, sizeof author.bytes));
}

/* One signature line over ${text}, at the own clock's time. */
static int build_cosignature(
    struct keeper *keeper, struct span text, uint64_t now, struct buf *out)
{
	uint8_t signature[64], bytes[COSIGNATURE_BYTES];
	char name[NOTE_ORIGIN_MAX];
	struct buf message = {0};
	int r;

	r = cosignature_message(now, text, &message);
	if (r == 0)
		r = note_sign(
		    keeper->keys->author_seed, buf_span(&message), signature);
	if (r == 0) {
		cosignature_pack(now, signature, bytes);
		note_witness_name(&keeper->public.author_id, name);
		r = note_add_signature(name, NOTE_ALG_COSIGNATURE,
		    &keeper->public.author, span_of(bytes, sizeof bytes), out);
	}
	buf_free(&message);
	return as_code(r);
}

int sign_cosign(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct span text = message->cosign.text;
	_cleanup_(buf_free) struct buf line = {0};
	struct checkpoint checkpoint;
	const time_t now = time(NULL);
	int r;

	(void)frame;
	if (now <= 0)
		return WIRE_CODE_FAILED;
	r = checkpoint_parse(text, &checkpoint);
	if (r != 0)
		return as_code(r);
	if (!is_foreign(keeper, checkpoint.origin))
		return WIRE_CODE_REFUSED;
	r = build_cosignature(keeper, text, (uint64_t)now, &line);
	return r == 0 ? answer_note(keeper, &line) : r;
}

static int compare_recipients(const void *a, const void *b)
{
	char text_a[AGE_RECIPIENT_TEXT], text_b[AGE_RECIPIENT_TEXT];

	age_recipient_format(a, text_a);
	age_recipient_format(b, text_b);
	return strcmp(text_a, text_b);
}

static int compare_addresses(const void *a, const void *b)
{
	return strcmp(a, b);
}

typedef int (*compare_cb)(const void *a, const void *b);

/* Sort, and keep one of each; answers how many are left. */
static size_t sort_unique(
    void *items, size_t count, size_t size, compare_cb compare)
{
	char *base = items;
	size_t i, kept = 0;

	if (count == 0)
		return 0;
	qsort(base, count, size, compare);
	for (i = 1; i < count; i++) {
		if (compare(base + kept * size, base + i * size) == 0)
			continue;
		kept++;
		memmove(base + kept * size, base + i * size, size);
	}
	return kept + 1;
}

static int fill_readers(struct keeper *keeper,
    const struct wire_keeper_card *request, struct card *card)
{
	const size_t own = keeper->keys->reader_count;
	const size_t others = request->readers.count;

	if (others > CARD_READERS_MAX - own)
		return FORMAT_E_MALFORMED;
	memcpy(
	    card->readers, keeper->public.readers, own * sizeof *card->readers);
	if (others > 0)
		memcpy(card->readers + own, request->readers.items,
		    others * sizeof *card->readers);
	card->reader_count = sort_unique(card->readers, own + others,
	    sizeof *card->readers, compare_recipients);
	return 0;
}

static int fill_addresses(
    const struct wire_keeper_card *request, struct card *card)
{
	size_t i;

	if (request->addresses.count > CARD_ADDRESSES_MAX)
		return FORMAT_E_MALFORMED;
	for (i = 0; i < request->addresses.count; i++) {
		const struct span address = request->addresses.items[i];

		if (address.len >= CARD_ADDRESS_MAX ||
		    !card_address_is_valid(address))
			return FORMAT_E_MALFORMED;
		memcpy(card->addresses[i], address.data, address.len);
	}
	card->address_count = sort_unique(
	    card->addresses, i, sizeof *card->addresses, compare_addresses);
	return 0;
}

/* None, or somebody else: nobody is an organisation of its own. */
static int fill_organisation(struct keeper *keeper,
    const struct wire_keeper_card *request, struct card *card)
{
	const struct span given = request->organisation;
	const struct author_id *own = &keeper->public.author_id;

	if (given.len == 0)
		return 0;
	if (given.len != sizeof card->organisation.bytes ||
	    span_equal(given, span_of(own->bytes, sizeof own->bytes)))
		return FORMAT_E_MALFORMED;
	card->has_organisation = true;
	memcpy(card->organisation.bytes, given.data, given.len);
	return 0;
}

static int fill_card(struct keeper *keeper,
    const struct wire_keeper_card *request, struct card *card)
{
	int r;

	if (!card_name_is_valid(request->name))
		return FORMAT_E_MALFORMED;
	memcpy(card->name, request->name.data, request->name.len);
	card->serial = request->serial;
	card->author = keeper->public.author;
	card->transport = keeper->public.transport;
	card->bundle = keeper->public.bundle;
	r = fill_readers(keeper, request, card);
	if (r == 0)
		r = fill_organisation(keeper, request, card);
	if (r == 0)
		r = fill_addresses(request, card);
	return r;
}

int sign_card(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	_cleanup_(buf_free) struct buf text = {0};
	_cleanup_(buf_free) struct buf file = {0};
	struct card card = {0};
	uint8_t signature[64];
	int r;

	(void)frame;
	r = fill_card(keeper, &message->card, &card);
	if (r == 0)
		r = card_build(&card, &text);
	if (r == 0)
		r = sshsig_sign(keeper->keys->author_seed,
		    SSHSIG_NAMESPACE_CARD, buf_span(&text), signature);
	if (r == 0)
		r = card_seal(&card, signature, &file);
	if (r != 0) /* a name or an address that a person gave */
		return r > 0 ? WIRE_CODE_INPUT : r;
	return answer_note(keeper, &file);
}

int sign_bundle(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	_cleanup_(buf_free) struct buf text = {0};
	_cleanup_(buf_free) struct buf armour = {0};
	uint8_t signature[64];
	int r;

	(void)frame;
	r = bundle_message(&message->bundle.digest, &text);
	if (r == 0)
		r = sshsig_sign(keeper->keys->author_seed,
		    SSHSIG_NAMESPACE_BUNDLE, buf_span(&text), signature);
	if (r == 0)
		r = sshsig_armour(&keeper->public.author,
		    SSHSIG_NAMESPACE_BUNDLE, signature, &armour);
	return r == 0 ? answer_note(keeper, &armour) : as_code(r);
}
