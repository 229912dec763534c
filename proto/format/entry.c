/*
 * Entries (FORMAT.md, 3). One spelling each: entry_parse() accepts exactly what
 * entry_build() writes, because it builds the parsed entry again and compares.
 */
#include <string.h>

#include "proto/format/age.h"
#include "proto/format/content.h"
#include "proto/format/entry.h"
#include "proto/format/hash.h"
#include "proto/format/lines.h"
#include "proto/format/merkle.h"
#include "proto/format/padme.h"
#include "proto/format/version.h"

static int put_hash_line(struct buf *out, const char *key, const uint8_t *hash)
{
	int r = buf_append_text(out, key);

	if (r == 0)
		r = buf_append_text(out, " ");
	if (r == 0)
		r = buf_append_hex(out, hash, 32);
	return r;
}

static int put_object(
    struct buf *out, const char *key, const struct entry_object *object)
{
	int r = put_hash_line(out, key, object->payload.bytes);

	if (r == 0)
		r = buf_printf(
		    out, " %llu\n", (unsigned long long)object->size);
	return r;
}

static int put_head(struct buf *out, const struct entry *entry)
{
	int r = buf_append_text(out, "evident entry v1\n");

	if (r == 0)
		r = put_hash_line(out, "author", entry->author.bytes);
	if (r == 0)
		r = put_hash_line(out, "\nlog", entry->log.bytes);
	if (r == 0)
		r = buf_printf(
		    out, "\nindex %llu\n", (unsigned long long)entry->index);
	if (r == 0)
		r = put_object(out, "content", &entry->content);
	if (r == 0)
		r = put_hash_line(out, "fields", entry->fields.bytes);
	return r == 0 ? buf_append_text(out, "\n") : r;
}

static int put_key(struct buf *out, const struct entry *entry)
{
	int r;

	switch (entry->key_act) {
	case ENTRY_KEY_NONE:
		return 0;
	case ENTRY_KEY_SUCCESSOR:
		r = put_hash_line(
		    out, "key successor", entry->key_subject.bytes);
		return r == 0 ? buf_append_text(out, "\n") : r;
	case ENTRY_KEY_REVOKED:
		r = put_hash_line(out, "key revoked", entry->key_subject.bytes);
		return r == 0 ? buf_printf(out, " %llu\n",
				    (unsigned long long)entry->key_since)
			      : r;
	}
	return FORMAT_E_MALFORMED;
}

/* Whether a payload can have this size: that of a padded plaintext. */
static bool size_is_possible(uint64_t size)
{
	uint64_t plain;

	return size <= FORMAT_INTEGER_MAX &&
	       age_plain_size(size, &plain) == 0 &&
	       padme_length(plain) == plain;
}

static bool ascending(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, 32) < 0;
}

static const char *check_lists(const struct entry *entry)
{
	size_t i;

	for (i = 0; i < entry->attachment_count; i++) {
		if (!size_is_possible(entry->attachments[i].size))
			return "an attachment has an impossible size";
		if (i > 0 && !ascending(entry->attachments[i - 1].payload.bytes,
				 entry->attachments[i].payload.bytes))
			return "the attachments are not ascending";
	}
	for (i = 1; i < entry->withdraw_count; i++)
		if (!ascending(entry->withdraws[i - 1].bytes,
			entry->withdraws[i].bytes))
			return "the withdrawals are not ascending";
	return NULL;
}

/* The rule an entry breaks, or NULL. */
static const char *check(const struct entry *entry)
{
	if (entry->index > FORMAT_INTEGER_MAX ||
	    entry->key_since > FORMAT_INTEGER_MAX)
		return "a number is too large";
	if (entry->key_since != 0 && entry->key_act != ENTRY_KEY_REVOKED)
		return "a time stands where no key is revoked";
	if (entry->attachment_count > ENTRY_ATTACHMENTS_MAX ||
	    entry->withdraw_count > ENTRY_WITHDRAWALS_MAX)
		return "a list is too long";
	if ((entry->attachment_count > 0) + (entry->withdraw_count > 0) +
		(entry->key_act != ENTRY_KEY_NONE) >
	    1)
		return "attachments, withdrawals and keys are mixed";
	if (!size_is_possible(entry->content.size) ||
	    entry->content.size < age_payload_size(CONTENT_BYTES_MIN) ||
	    entry->content.size > age_payload_size(CONTENT_BYTES_MAX))
		return "the content has an impossible size";
	return check_lists(entry);
}

int entry_build(const struct entry *entry, struct buf *out)
{
	size_t i, start = out->len;
	int r;

	if (check(entry))
		return FORMAT_E_MALFORMED;
	r = put_head(out, entry);
	for (i = 0; r == 0 && i < entry->attachment_count; i++)
		r = put_object(out, "attachment", &entry->attachments[i]);
	for (i = 0; r == 0 && i < entry->withdraw_count; i++) {
		r = put_hash_line(out, "withdraw", entry->withdraws[i].bytes);
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	if (r == 0)
		r = put_key(out, entry);
	if (r != 0)
		out->len = start;
	return r;
}

static int take_hash(struct lines *lines, const char *key, uint8_t *ret_hash)
{
	struct span value;

	if (lines_expect(lines, key, &value) != 0)
		return FORMAT_E_MALFORMED;
	return hex_decode(value, ret_hash, 32);
}

static int take_object(
    struct lines *lines, const char *key, struct entry_object *ret_object)
{
	struct span words, hash;

	if (lines_expect(lines, key, &words) != 0 ||
	    words_next(&words, &hash) != 0 ||
	    hex_decode(hash, ret_object->payload.bytes, 32) != 0)
		return FORMAT_E_MALFORMED;
	return decimal_decode(words, &ret_object->size);
}

static int take_key(struct lines *lines, struct entry *entry)
{
	struct span words, act, hash;

	if (lines_expect(lines, "key", &words) != 0 ||
	    words_next(&words, &act) != 0 || words_next(&words, &hash) != 0 ||
	    hex_decode(hash, entry->key_subject.bytes, 32) != 0)
		return FORMAT_E_MALFORMED;
	if (span_equal(act, span_text("successor"))) {
		entry->key_act = ENTRY_KEY_SUCCESSOR;
		return words.len == 0 ? 0 : FORMAT_E_MALFORMED;
	}
	if (!span_equal(act, span_text("revoked")))
		return FORMAT_E_MALFORMED;
	entry->key_act = ENTRY_KEY_REVOKED;
	return decimal_decode(words, &entry->key_since);
}

static int take_lists(struct lines *lines, struct entry *entry)
{
	int r = 0;

	while (r == 0 && lines_peek(lines, "attachment")) {
		if (entry->attachment_count == ENTRY_ATTACHMENTS_MAX)
			return FORMAT_E_MALFORMED;
		r = take_object(lines, "attachment",
		    &entry->attachments[entry->attachment_count++]);
	}
	while (r == 0 && lines_peek(lines, "withdraw")) {
		if (entry->withdraw_count == ENTRY_WITHDRAWALS_MAX)
			return FORMAT_E_MALFORMED;
		r = take_hash(lines, "withdraw",
		    entry->withdraws[entry->withdraw_count++].bytes);
	}
	if (r == 0 && lines_peek(lines, "key"))
		r = take_key(lines, entry);
	return r;
}

static int take_all(struct lines *lines, struct entry *entry)
{
	struct span value;
	int r;

	r = take_hash(lines, "author", entry->author.bytes);
	if (r == 0)
		r = take_hash(lines, "log", entry->log.bytes);
	if (r == 0)
		r = lines_expect(lines, "index", &value);
	if (r == 0)
		r = decimal_decode(value, &entry->index);
	if (r == 0)
		r = take_object(lines, "content", &entry->content);
	if (r == 0)
		r = take_hash(lines, "fields", entry->fields.bytes);
	if (r == 0)
		r = take_lists(lines, entry);
	if (r == 0 && !lines_at_end(lines))
		r = FORMAT_E_MALFORMED;
	return r;
}

static int wrong(const char **ret_why, const char *why, int result)
{
	if (ret_why)
		*ret_why = why;
	return result;
}

int entry_parse(
    struct span bytes, struct entry *ret_entry, const char **ret_why)
{
	struct lines lines;
	struct entry entry;
	struct buf again = {0};
	const char *why;
	int r;

	memset(&entry, 0, sizeof entry);
	lines_begin(&lines, bytes);
	if (bytes.len > ENTRY_BYTES_MAX)
		return wrong(
		    ret_why, "the entry is too long", FORMAT_E_MALFORMED);
	r = version_take(&lines, "evident entry");
	if (r != 0)
		return wrong(ret_why, "this is no entry of version 1", r);
	if (take_all(&lines, &entry) != 0)
		return wrong(ret_why, "a line of the entry is malformed",
		    FORMAT_E_MALFORMED);
	why = check(&entry);
	if (why)
		return wrong(ret_why, why, FORMAT_E_MALFORMED);
	r = entry_build(&entry, &again);
	if (r == 0 && !span_equal(buf_span(&again), bytes))
		r = wrong(ret_why, "the entry has another spelling",
		    FORMAT_E_MALFORMED);
	buf_free(&again);
	if (r == 0)
		*ret_entry = entry;
	return r;
}

int entry_id_of(struct span bytes, struct entry_id *ret_id)
{
	struct digest leaf;
	int r;

	r = merkle_leaf(bytes, &leaf);
	if (r == 0)
		memcpy(ret_id->bytes, leaf.bytes, sizeof leaf.bytes);
	return r;
}
