/*
 * Judging one record of a bag.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bag/verify.h"
#include "proto/format/hash.h"
#include "proto/format/lines.h"
#include "proto/format/proof.h"

#define ARMOUR_MAX 1024
#define PROOF_MAX (NOTE_BYTES_MAX + 8192)
#define DISCLOSED_MAX (2 * CONTENT_BYTES_MAX)

struct record {
	struct verification *v;
	char folder[70];
	struct buf entry_bytes, digests, list, disclosed;
	struct entry entry;
	struct entry_id id;
	struct sign_key key;
	struct bag_claim *claim; /* what the verdict will say of it */
	size_t line_count;
	struct content_line *lines;
	size_t attachment_count; /* files met */
};

static void record_free(struct record *record)
{
	size_t i;

	for (i = 0; i < record->line_count; i++)
		content_line_free(&record->lines[i]);
	free(record->lines);
	buf_free(&record->entry_bytes);
	buf_free(&record->digests);
	buf_free(&record->list);
	buf_free(&record->disclosed);
	free(record);
}

static void path_of(const struct record *record, const char *name,
    char ret_path[FILES_PATH_MAX])
{
	snprintf(ret_path, FILES_PATH_MAX, "%s/%s", record->folder, name);
}

static int fail(struct record *record, enum bag_reason reason, const char *name)
{
	char path[FILES_PATH_MAX];

	path_of(record, name, path);
	return verify_fail(record->v, reason, path);
}

static int read_part(
    struct record *record, const char *name, size_t max, struct buf *out)
{
	char path[FILES_PATH_MAX];

	path_of(record, name, path);
	return verify_read(record->v, path, max, out);
}

/* --- who ------------------------------------------------------------------ */

static int check_entry(struct record *record)
{
	struct entry_id folder;
	int r;

	r = read_part(record, "entry", ENTRY_BYTES_MAX, &record->entry_bytes);
	if (r != 0)
		return r;
	r = entry_parse(buf_span(&record->entry_bytes), &record->entry, NULL);
	if (r == 0)
		r = entry_id_of(buf_span(&record->entry_bytes), &record->id);
	if (r == 0 &&
	    (hex_decode(span_of(record->folder + 5, 64), folder.bytes, 32) ||
		memcmp(folder.bytes, record->id.bytes, 32) != 0))
		r = FORMAT_E_MISMATCH;
	return r > 0 ? fail(record, BAG_BAD_ENTRY, "entry") : r;
}

/* The key in allowed_signers whose author id the entry names. */
static int find_key(struct record *record)
{
	struct verification *v = record->v;
	size_t i = verify_keys_find(&v->keys, &record->entry.author);

	if (i == v->keys.count)
		return verify_fail(v, BAG_BAD_SIGNERS, "allowed_signers");
	record->key = v->keys.items[i];
	return 0;
}

static int keep_key(struct verify_keys *keys, const struct sign_key *key,
    const struct author_id *id)
{
	return verify_keys_find(keys, id) < keys->count
		   ? 0
		   : verify_keys_add(keys, key, id);
}

static int keep_witness(
    void *context, const struct sign_key *key, uint64_t time)
{
	struct record *record = context;
	struct bag_claim *claim = record->claim;
	struct bag_cosigned *more;
	struct author_id witness;
	int r;

	sign_key_author(key, &witness);
	r = keep_key(&record->v->used, key, &witness);
	if (r < 0)
		return r;
	more = realloc(
	    claim->cosigned, (claim->cosigned_count + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	claim->cosigned = more;
	more = &claim->cosigned[claim->cosigned_count++];
	memset(more, 0, sizeof *more);
	more->witness = witness;
	more->time = time;
	return 0;
}

static int check_signature(struct record *record)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	struct buf armour = {0};
	struct sign_key key;
	int r;

	r = find_key(record);
	if (r == 0)
		r = read_part(record, "entry.sig", ARMOUR_MAX, &armour);
	if (r != 0) {
		buf_free(&armour);
		return r;
	}
	r = sshsig_dearmour(
	    buf_span(&armour), SSHSIG_NAMESPACE_ENTRY, &key, signature);
	if (r == 0 && memcmp(key.bytes, record->key.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		r = sshsig_verify(&key, SSHSIG_NAMESPACE_ENTRY,
		    buf_span(&record->entry_bytes), signature);
	buf_free(&armour);
	if (r > 0)
		return fail(record, BAG_BAD_SIGNATURE, "entry.sig");
	if (r == 0)
		r = keep_key(
		    &record->v->used, &record->key, &record->entry.author);
	return r;
}

/* --- where -----------------------------------------------------------------
 */

static int keep_telling(
    struct record *record, const struct checkpoint *checkpoint)
{
	const struct bag_telling telling = {
	    .checkpoint = *checkpoint,
	    .id = record->id,
	    .index = record->entry.index,
	};
	int r;

	r = bag_tellings_add(&record->v->tellings, &telling);
	return r == BAG_E_CONFLICT ? fail(record, BAG_BAD_CONFLICT, "proof")
				   : r;
}

static int check_parsed_proof(struct record *record, const struct proof *proof)
{
	struct checkpoint checkpoint = {.size = 0};
	char origin[NOTE_ORIGIN_MAX];
	struct digest leaf;
	struct note note;
	int r;

	memcpy(leaf.bytes, record->id.bytes, 32);
	note_origin(&record->entry.author, &record->entry.log, origin);
	r = proof->index == record->entry.index
		? proof_verify(proof, &leaf, origin, &record->key)
		: FORMAT_E_MISMATCH;
	if (r == 0)
		r = proof_check_lines(proof, origin, &record->key,
		    record->v->keys.items, record->v->keys.count, keep_witness,
		    record);
	if (r == 0)
		r = note_parse(proof->checkpoint, &note);
	if (r == 0) {
		r = checkpoint_parse(note.text, &checkpoint);
		if (r == 0)
			r = hash_sha256(note.text, &record->claim->checkpoint);
		note_free(&note);
	}
	if (r > 0)
		return fail(record, BAG_BAD_PROOF, "proof");
	if (r == 0)
		r = keep_telling(record, &checkpoint);
	record->claim->size = checkpoint.size;
	return r;
}

static int check_proof(struct record *record)
{
	struct buf bytes = {0};
	struct proof proof;
	int r;

	r = read_part(record, "proof", PROOF_MAX, &bytes);
	if (r == 0) {
		r = proof_parse(buf_span(&bytes), &proof);
		r = r > 0    ? fail(record, BAG_BAD_PROOF, "proof")
		    : r == 0 ? check_parsed_proof(record, &proof)
			     : r;
	}
	buf_free(&bytes);
	return r;
}

/* --- what ------------------------------------------------------------------
 */

static int check_digests(struct record *record)
{
	struct digest fields;
	int r;

	r = read_part(
	    record, "digests", 44 * CONTENT_LINES_MAX, &record->digests);
	if (r != 0)
		return r;
	r = content_parse_digest_list(
	    buf_span(&record->digests), &record->list, &fields);
	if (r == 0 && memcmp(fields.bytes, record->entry.fields.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	return r > 0 ? fail(record, BAG_BAD_DIGESTS, "digests") : r;
}

static bool is_listed(const struct record *record, const struct digest *digest)
{
	size_t i;

	for (i = 0; i < record->list.len; i += 32)
		if (memcmp(record->list.data + i, digest->bytes, 32) == 0)
			return true;
	return false;
}

/* A disclosed line: a field of this entry, behind the one before it. */
static int take_line(struct record *record, struct span text, struct buf *last)
{
	struct content_line *line = &record->lines[record->line_count];
	struct buf digest = {0};
	int r;

	r = content_parse_line(text, line, NULL);
	if (r != 0)
		return r;
	record->line_count++;
	if (line->decoy || !is_listed(record, &line->digest))
		return FORMAT_E_MISMATCH;
	r = base64_append(&digest, BASE64_URL, span_of(line->digest.bytes, 32));
	if (r == 0 && last->len > 0 &&
	    span_compare(buf_span(last), buf_span(&digest)) >= 0)
		r = FORMAT_E_MISMATCH;
	buf_free(last);
	*last = digest;
	return r;
}

static int check_disclosed(struct record *record)
{
	struct buf last = {0};
	struct lines lines;
	struct span text;
	int r;

	r = read_part(record, "disclosed", DISCLOSED_MAX, &record->disclosed);
	if (r != 0)
		return r;
	record->lines = calloc(CONTENT_LINES_MAX + 1, sizeof *record->lines);
	if (!record->lines)
		return -ENOMEM;
	lines_begin(&lines, buf_span(&record->disclosed));
	while (r == 0 && !lines_at_end(&lines)) {
		r = record->line_count < CONTENT_LINES_MAX
			? lines_next_raw(&lines, &text)
			: FORMAT_E_MALFORMED;
		if (r == 0)
			r = take_line(record, text, &last);
	}
	buf_free(&last);
	if (r > 0)
		return fail(record, BAG_BAD_DISCLOSED, "disclosed");
	if (r == 0)
		r = content_check_shown(
		    record->lines, record->line_count, &record->entry, NULL);
	return r > 0 ? fail(record, BAG_BAD_ORIGIN, "disclosed") : r;
}

static int check_readable(struct record *record)
{
	char path[FILES_PATH_MAX];
	struct buf made = {0};
	int r;

	r = render_readable(record->lines, record->line_count, &made);
	path_of(record, "readable.txt", path);
	if (r == 0)
		r = verify_same(
		    record->v, path, buf_span(&made), BAG_BAD_READABLE);
	else if (r > 0)
		r = fail(record, BAG_BAD_DISCLOSED, "disclosed");
	record->claim->readable = made;
	return r;
}

/* --- attachments ------------------------------------------------------------
 */

/* One of the entry's, and not ${named} yet: a payload is one file. */
static bool is_of_entry(const struct record *record,
    const struct content_attachment *attachment, bool *named)
{
	const struct entry_object *object = record->entry.attachments;
	size_t i;

	for (i = 0; i < record->entry.attachment_count; i++)
		if (memcmp(object[i].payload.bytes, attachment->sealed.bytes,
			32) == 0)
			break;
	if (i == record->entry.attachment_count || named[i])
		return false;
	named[i] = true;
	return content_attachment_fits(attachment, &object[i]);
}

/* The digests were made when the manifests were checked. */
static int check_attachment(
    struct record *record, struct span value, bool *named)
{
	struct content_attachment attachment;
	const struct bag_file *file;
	char path[FILES_PATH_MAX], name[32];
	int r;

	r = content_value_attachment(value, &attachment);
	if (r < 0)
		return r;
	if (r > 0 || !is_of_entry(record, &attachment, named))
		return fail(record, BAG_BAD_DISCLOSED, "disclosed");
	render_attachment(&attachment, name);
	snprintf(path, sizeof path, "%s/attachments/%s", record->folder, name);
	file = files_find(&record->v->files, path);
	if (!file)
		return verify_fail(record->v, BAG_BAD_MISSING, path);
	if (file->size != attachment.size ||
	    memcmp(file->sha256.bytes, attachment.sha256.bytes, 32) != 0)
		return verify_fail(record->v, BAG_BAD_ATTACHMENT, path);
	record->attachment_count++;
	return 0;
}

static size_t count_files(const struct record *record)
{
	const struct bag_files *files = &record->v->files;
	size_t i, count = 0, len = strlen(record->folder);

	for (i = 0; i < files->count; i++)
		if (strncmp(files->items[i].path, record->folder, len) == 0 &&
		    strncmp(files->items[i].path + len, "/attachments/", 13) ==
			0)
			count++;
	return count;
}

static int check_attachments(struct record *record)
{
	bool named[ENTRY_ATTACHMENTS_MAX] = {false};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < record->line_count; i++)
		if (strcmp(record->lines[i].name, "attachment") == 0)
			r = check_attachment(
			    record, record->lines[i].value, named);
	if (r == 0 && count_files(record) != record->attachment_count)
		r = fail(record, BAG_BAD_NAME, "attachments");
	return r;
}

/* --- what it says -----------------------------------------------------------
 */

static int take_claim(struct record *record)
{
	struct bag_claim *claim = record->claim;

	claim->attachments = record->attachment_count;
	claim->closed = record->list.len / 32 - record->line_count;
	return claims_fill(claim, &record->id, &record->entry, record->lines,
	    record->line_count);
}

int verify_record(struct verification *v, const char *folder)
{
	struct record *record = calloc(1, sizeof *record);
	int r;

	if (!record)
		return -ENOMEM;
	record->v = v;
	memcpy(record->folder, folder, strlen(folder));
	r = claims_add(&v->verdict->claims, &record->claim);
	if (r == 0)
		r = check_entry(record);
	if (r == 0)
		r = check_signature(record);
	if (r == 0)
		r = check_proof(record);
	if (r == 0)
		r = check_digests(record);
	if (r == 0)
		r = check_disclosed(record);
	if (r == 0)
		r = check_readable(record);
	if (r == 0)
		r = check_attachments(record);
	if (r == 0)
		r = take_claim(record);
	record_free(record);
	return r;
}
