/*
 * Whether a content is that of an entry (FORMAT.md, 4.2).
 *
 * The commitment alone is not enough: whoever holds an entry could sign another
 * with the same commitment, and its readers would open somebody else's words
 * under the new name. So a content says of which author and log it is.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/format/content_rules.h"
#include "proto/format/note.h"

static int wrong(const char **ret_why, const char *why)
{
	if (ret_why)
		*ret_why = why;
	return FORMAT_E_MISMATCH;
}

/* The text of the first line of a name, or nothing. */
static int text_of(const struct content_line *lines, size_t count,
    const char *name, struct buf *out)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!lines[i].decoy && strcmp(lines[i].name, name) == 0)
			return content_value_text(lines[i].value, out);
	return 0;
}

/* `withdraw` lines make a withdrawal, a `key` line a key entry, and nothing
 * else does. */
static bool kind_fits(const struct entry *entry, struct span kind)
{
	return span_equal(kind, span_text("withdrawal")) ==
		   (entry->withdraw_count > 0) &&
	       span_equal(kind, span_text("key")) ==
		   (entry->key_act != ENTRY_KEY_NONE);
}

int content_check_shown(const struct content_line *lines, size_t count,
    const struct entry *entry, const char **ret_why)
{
	char expected[NOTE_ORIGIN_MAX];
	struct buf origin = {0}, kind = {0};
	const struct content_kind *known;
	size_t i, found[CONTENT_RULES] = {0};
	bool again = false;
	int r;

	note_origin(&entry->author, &entry->log, expected);
	r = text_of(lines, count, "origin", &origin);
	if (r == 0)
		r = text_of(lines, count, "kind", &kind);
	known = content_kind(buf_span(&kind));
	for (i = 0; i < count; i++) {
		if (lines[i].decoy)
			continue;
		again = again || !content_may_stand_again(found, lines[i].name);
		content_count(found, lines[i].name);
	}
	if (r == 0 && again)
		r = wrong(ret_why, "a line that stands once stands twice");
	if (r == 0 && !span_equal(buf_span(&origin), span_text(expected)))
		r = wrong(ret_why, "the content is of another author or log");
	if (r == 0 && (!known || !kind_fits(entry, buf_span(&kind)) ||
			  found[CONTENT_SUBJECT] < known->subjects_min ||
			  found[CONTENT_SUBJECT] > known->subjects_max ||
			  (found[CONTENT_RECORD] > 0 &&
			      strcmp(known->name, "received") != 0)))
		r = wrong(ret_why, "the content's kind is not its entry's");
	buf_free(&origin);
	buf_free(&kind);
	return r;
}

static int find_attachment(
    const struct entry *entry, const struct content_attachment *attachment)
{
	size_t i;

	for (i = 0; i < entry->attachment_count; i++)
		if (memcmp(entry->attachments[i].payload.bytes,
			attachment->sealed.bytes, 32) == 0)
			return content_attachment_fits(
				   attachment, &entry->attachments[i])
				   ? (int)i
				   : -1;
	return -1;
}

/* Each attachment of the entry is named exactly once. */
static int check_attachments(const struct content *content,
    const struct entry *entry, const char **ret_why)
{
	bool named[ENTRY_ATTACHMENTS_MAX] = {false};
	struct content_attachment attachment;
	size_t i, count = 0;
	int at, r;

	for (i = 0; i < content->count; i++) {
		if (strcmp(content->lines[i].name, "attachment") != 0)
			continue;
		r = content_value_attachment(
		    content->lines[i].value, &attachment);
		if (r != 0)
			return r;
		at = find_attachment(entry, &attachment);
		if (at < 0 || named[at])
			break;
		named[at] = true;
		count++;
	}
	if (i < content->count || count != entry->attachment_count)
		return wrong(ret_why,
		    "the content names other attachments than its entry");
	return 0;
}

int content_check_entry(const struct content *content,
    const struct entry *entry, const char **ret_why)
{
	struct digest fields;
	int r;

	r = content_commitment(content, &fields);
	if (r == 0 &&
	    memcmp(fields.bytes, entry->fields.bytes, sizeof fields.bytes))
		r = wrong(
		    ret_why, "the content is not the one that was signed");
	if (r == 0)
		r = content_check_shown(
		    content->lines, content->count, entry, ret_why);
	return r == 0 ? check_attachments(content, entry, ret_why) : r;
}
