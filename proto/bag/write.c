/*
 * Writing a bag, beside its place, and putting it there when it is whole.
 *
 * What is about to be written is checked first, as the verifier will: a bag
 * that this program writes, this program accepts.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/bag/files.h"
#include "proto/bag/tellings.h"
#include "proto/format/file.h"
#include "proto/format/hash.h"
#include "proto/format/proof.h"

struct bag_writer {
	char *path, *partial;
	int dir;
	size_t key_count;
	struct sign_key *keys;
	struct bag_files files;
	struct bag_claims claims; /* for the timeline */
	struct bag_tellings tellings;
	bool finished;
};

static int create(struct bag_writer *writer, const char *path, int *ret_fd)
{
	int fd;

	fd = openat(writer->dir, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return files_add(&writer->files, path);
}

static int put(struct bag_writer *writer, const char *path, struct span bytes)
{
	int fd = -1, r;

	r = create(writer, path, &fd);
	if (r < 0)
		return r;
	r = file_write(fd, bytes.data, bytes.len);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

static bool is_empty(const char *path)
{
	DIR *list = opendir(path);
	struct dirent *item;
	bool empty = list;

	while (list && (item = readdir(list)) != NULL)
		if (strcmp(item->d_name, ".") && strcmp(item->d_name, ".."))
			empty = false;
	if (list)
		closedir(list);
	return empty;
}

int bag_writer_new(const char *path, struct bag_writer **ret_writer)
{
	struct bag_writer *writer;
	/* cppcheck-suppress ctunullpointer ; no export is without --to */
	size_t len = strlen(path);
	int r = 0;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (access(path, F_OK) == 0 && !is_empty(path))
		return -EEXIST;
	writer = calloc(1, sizeof *writer);
	if (!writer)
		return -ENOMEM;
	writer->dir = -1;
	writer->path = strndup(path, len);
	writer->partial = malloc(len + sizeof ".partial");
	if (!writer->path || !writer->partial)
		r = -ENOMEM;
	if (r == 0) {
		memcpy(writer->partial, path, len);
		memcpy(writer->partial + len, ".partial", sizeof ".partial");
		if (mkdir(writer->partial, 0700) < 0)
			r = -errno;
	}
	if (r == 0) {
		writer->dir =
		    open(writer->partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (writer->dir < 0) {
			r = -errno;
			rmdir(writer->partial);
		}
	}
	if (r == 0 && mkdirat(writer->dir, "data", 0700) < 0)
		r = -errno;
	if (r < 0) {
		bag_writer_free(writer);
		return r;
	}
	*ret_writer = writer;
	return 0;
}

/* Takes over ${dir}. */
static void remove_tree(int dir)
{
	DIR *list = fdopendir(dir);
	struct dirent *item;
	int sub;

	while (list && (item = readdir(list)) != NULL) {
		if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, ".."))
			continue;
		if (unlinkat(dir, item->d_name, 0) == 0)
			continue;
		sub = openat(dir, item->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			remove_tree(sub);
		unlinkat(dir, item->d_name, AT_REMOVEDIR);
	}
	if (list)
		closedir(list);
	else
		close(dir);
}

int bag_writer_free(struct bag_writer *writer)
{
	int r = 0;

	if (!writer)
		return 0;
	if (!writer->finished && writer->dir >= 0) {
		remove_tree(writer->dir);
		if (rmdir(writer->partial) < 0)
			r = -errno;
	} else if (writer->dir >= 0) {
		close(writer->dir);
	}
	files_free(&writer->files);
	bag_tellings_free(&writer->tellings);
	bag_claims_free(&writer->claims);
	free(writer->keys);
	free(writer->path);
	free(writer->partial);
	free(writer);
	return r;
}

/* What a bag always shows: else words could be shown as another author's, or a
 * revision as the first telling (FORMAT.md, 11). */
static bool is_always_shown(const char *name)
{
	return strcmp(name, "kind") == 0 || strcmp(name, "origin") == 0 ||
	       strcmp(name, "subject") == 0;
}

/* A receipt confirms many records: those of others are nobody's business. */
static bool is_about_others(
    const struct bag_record *record, const struct content_line *line)
{
	struct entry_id id;
	size_t i;

	/* The value is a JSON string: behind its quote. */
	if (record->about_count == 0 || strcmp(line->name, "record") != 0 ||
	    line->value.len < 65 ||
	    hex_decode(span_of(line->value.data + 1, 64), id.bytes, 32) != 0)
		return false;
	for (i = 0; i < record->about_count; i++)
		if (memcmp(record->about[i].bytes, id.bytes, 32) == 0)
			return false;
	return true;
}

static bool is_shown(
    const struct bag_record *record, const struct content_line *line)
{
	size_t i;

	if (line->decoy || is_about_others(record, line))
		return false;
	if (is_always_shown(line->name))
		return true;
	for (i = 0; record->names && i < record->name_count; i++)
		if (strcmp(record->names[i], line->name) == 0)
			return true;
	return !record->names;
}

/* The lines to be shown, ascending by their digest in base64url as those of
 * every content that was parsed. The array is the caller's to free; what it
 * points to stays the content's. */
static int choose_lines(const struct bag_record *record,
    struct content_line **ret_lines, size_t *ret_count)
{
	struct content_line *lines;
	size_t i, count = 0;

	lines = calloc(record->content->count + 1, sizeof *lines);
	if (!lines)
		return -ENOMEM;
	for (i = 0; i < record->content->count; i++)
		if (is_shown(record, &record->content->lines[i]))
			lines[count++] = record->content->lines[i];
	*ret_lines = lines;
	*ret_count = count;
	return 0;
}

static int by_author(const void *a, const void *b)
{
	struct author_id x, y;

	sign_key_author(a, &x);
	sign_key_author(b, &y);
	return memcmp(x.bytes, y.bytes, sizeof x.bytes);
}

/* The proof, with the witnesses in the order of allowed_signers. */
static int select_proof(
    const struct bag_record *record, const char *origin, struct buf *out_proof)
{
	size_t count = record->witness_count;
	struct sign_key *sorted = calloc(count + 1, sizeof *sorted);
	int r;

	if (!sorted)
		return -ENOMEM;
	if (count > 0)
		memcpy(sorted, record->witnesses, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_author);
	r = proof_select(
	    record->proof, origin, &record->author, sorted, count, out_proof);
	free(sorted);
	return r;
}

/* Entry, content, signature and proof must belong together. The proof that
 * goes into the bag is appended. */
static int check(const struct bag_record *record, struct entry_id *ret_id,
    struct entry *entry, struct buf *out_proof)
{
	char origin[NOTE_ORIGIN_MAX];
	struct author_id author;
	struct digest leaf;
	struct proof proof;
	int r;

	r = entry_parse(record->entry, entry, NULL);
	if (r == 0)
		r = entry_id_of(record->entry, ret_id);
	if (r == 0)
		r = content_check_entry(record->content, entry, NULL);
	sign_key_author(&record->author, &author);
	if (r == 0 && memcmp(author.bytes, entry->author.bytes, 32) != 0)
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		r = sshsig_verify(&record->author, SSHSIG_NAMESPACE_ENTRY,
		    record->entry, record->signature);
	if (r == 0)
		r = proof_parse(record->proof, &proof);
	if (r == 0) {
		memcpy(leaf.bytes, ret_id->bytes, 32);
		note_origin(&entry->author, &entry->log, origin);
		r = proof_verify(&proof, &leaf, origin, &record->author);
	}
	if (r == 0)
		r = select_proof(record, origin, out_proof);
	return r > 0 ? FORMAT_E_MISMATCH : r;
}

static int keep_key(struct bag_writer *writer, const struct sign_key *key)
{
	struct sign_key *more;

	more = realloc(
	    writer->keys, (writer->key_count + 1) * sizeof *writer->keys);
	if (!more)
		return -ENOMEM;
	writer->keys = more;
	writer->keys[writer->key_count++] = *key;
	return 0;
}

static int put_named(struct bag_writer *writer, const char *folder,
    const char *name, struct span bytes)
{
	char path[FILES_PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return put(writer, path, bytes);
}

static int put_lines(struct bag_writer *writer, const char *folder,
    const struct bag_record *record, const struct entry_id *id,
    const struct entry *entry)
{
	struct buf disclosed = {0}, readable = {0}, digests = {0};
	struct bag_claim *claim;
	struct content_line *lines;
	size_t i, count;
	int r;

	r = choose_lines(record, &lines, &count);
	if (r < 0)
		return r;
	for (i = 0; r == 0 && i < count; i++) {
		r = buf_append_span(&disclosed, lines[i].encoded);
		if (r == 0)
			r = buf_append_text(&disclosed, "\n");
	}
	if (r == 0)
		r = render_readable(lines, count, &readable);
	if (r == 0)
		r = content_digest_list(record->content, &digests);
	if (r == 0)
		r = put_named(
		    writer, folder, "disclosed", buf_span(&disclosed));
	if (r == 0)
		r = put_named(
		    writer, folder, "readable.txt", buf_span(&readable));
	if (r == 0)
		r = put_named(writer, folder, "digests", buf_span(&digests));
	if (r == 0)
		r = claims_add(&writer->claims, &claim);
	if (r == 0)
		r = claims_fill(claim, id, entry, lines, count);
	free(lines);
	buf_free(&disclosed);
	buf_free(&readable);
	buf_free(&digests);
	return r;
}

static void folder_of(const struct entry_id *id, char ret_folder[80])
{
	memcpy(ret_folder, "data/", 5);
	hex_encode(id->bytes, sizeof id->bytes, ret_folder + 5);
}

/* No bag tells a log in two ways: it would not hold. */
static int keep_telling(struct bag_writer *writer, const struct note *note,
    const struct entry_id *id, uint64_t index)
{
	struct bag_telling telling = {.id = *id, .index = index};
	int r;

	r = checkpoint_parse(note->text, &telling.checkpoint);
	return r == 0 ? bag_tellings_add(&writer->tellings, &telling) : r;
}

/* The author's, and those of the witnesses that did cosign. */
static int keep_keys(struct bag_writer *writer, const struct bag_record *record,
    const struct entry_id *id)
{
	struct proof proof;
	struct note note;
	uint64_t time;
	size_t i;
	int r;

	r = proof_parse(record->proof, &proof);
	if (r == 0)
		r = note_parse(proof.checkpoint, &note);
	if (r != 0)
		return r;
	r = keep_telling(writer, &note, id, proof.index);
	if (r == 0)
		r = keep_key(writer, &record->author);
	for (i = 0; r == 0 && i < record->witness_count; i++) {
		r = cosignature_verify(&note, &record->witnesses[i], &time);
		if (r == 0)
			r = keep_key(writer, &record->witnesses[i]);
		else if (r > 0)
			r = 0; /* it did not cosign */
	}
	note_free(&note);
	return r;
}

int bag_writer_add(struct bag_writer *writer, const struct bag_record *record)
{
	struct entry *entry = calloc(1, sizeof *entry);
	struct buf armour = {0}, proof = {0};
	struct entry_id id = {{0}};
	char folder[80];
	int r;

	r = entry ? check(record, &id, entry, &proof) : -ENOMEM;
	folder_of(&id, folder);
	if (r == 0 && mkdirat(writer->dir, folder, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = keep_keys(writer, record, &id);
	if (r == 0)
		r = sshsig_armour(&record->author, SSHSIG_NAMESPACE_ENTRY,
		    record->signature, &armour);
	if (r == 0)
		r = put_named(writer, folder, "entry", record->entry);
	if (r == 0)
		r = put_named(writer, folder, "entry.sig", buf_span(&armour));
	if (r == 0)
		r = put_named(writer, folder, "proof", buf_span(&proof));
	if (r == 0)
		r = put_lines(writer, folder, record, &id, entry);
	free(entry);
	buf_free(&armour);
	buf_free(&proof);
	return r;
}

int bag_writer_attachment(struct bag_writer *writer, const struct entry_id *id,
    const struct content_attachment *attachment, int *ret_fd)
{
	char folder[80], path[FILES_PATH_MAX], name[32];

	folder_of(id, folder);
	snprintf(path, sizeof path, "%s/attachments", folder);
	if (mkdirat(writer->dir, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	render_attachment(attachment, name);
	snprintf(path, sizeof path, "%s/attachments/%s", folder, name);
	return create(writer, path, ret_fd);
}

static int put_made(struct bag_writer *writer, const char *path,
    int (*make)(const struct bag_files *, struct buf *))
{
	struct buf text = {0};
	int r = make(&writer->files, &text);

	if (r == 0)
		r = put(writer, path, buf_span(&text));
	buf_free(&text);
	return r;
}

static int manifest_256(const struct bag_files *files, struct buf *out)
{
	return files_manifest(files, true, false, out);
}

static int manifest_512(const struct bag_files *files, struct buf *out)
{
	return files_manifest(files, true, true, out);
}

static int tag_256(const struct bag_files *files, struct buf *out)
{
	return files_manifest(files, false, false, out);
}

static int tag_512(const struct bag_files *files, struct buf *out)
{
	return files_manifest(files, false, true, out);
}

static int put_tags(struct bag_writer *writer)
{
	struct buf signers = {0};
	int r;

	r = render_signers(writer->keys, writer->key_count, &signers);
	if (r == 0)
		r = put(writer, "allowed_signers", buf_span(&signers));
	buf_free(&signers);
	if (r == 0)
		r = put(writer, "bagit.txt", span_text(files_bagit));
	if (r == 0)
		r = put(writer, "FORMAT.md",
		    span_of(documents_format, documents_format_len));
	if (r == 0)
		r = put(writer, "VERIFY.txt",
		    span_of(documents_verify, documents_verify_len));
	if (r == 0)
		r = put_made(writer, "bag-info.txt", files_info);
	if (r == 0)
		r = put_made(writer, "manifest-sha256.txt", manifest_256);
	if (r == 0)
		r = put_made(writer, "manifest-sha512.txt", manifest_512);
	return r;
}

/* The payload is digested once; then the tag files, which speak of it; their
 * own manifests come last and are listed nowhere. */
static int put_all_tags(struct bag_writer *writer)
{
	int r;

	files_sort(&writer->files);
	r = files_digest(writer->dir, &writer->files, true, NULL, NULL);
	if (r == 0)
		r = put_tags(writer);
	files_sort(&writer->files);
	if (r == 0)
		r = files_digest(
		    writer->dir, &writer->files, false, NULL, NULL);
	if (r == 0)
		r = put_made(writer, "tagmanifest-sha256.txt", tag_256);
	if (r == 0)
		r = put_made(writer, "tagmanifest-sha512.txt", tag_512);
	return r;
}

static int sync_one(struct bag_writer *writer, const char *path)
{
	int fd, r;

	fd = openat(writer->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
	close(fd);
	return r;
}

/* The folders of ${path} but those it shares with the file before it. */
static int sync_folders(
    struct bag_writer *writer, const char *path, const char *before)
{
	char folder[FILES_PATH_MAX];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && path[i]; i++) {
		folder[i] = path[i];
		if (path[i] != '/' || strncmp(path, before, i + 1) == 0)
			continue;
		folder[i] = 0;
		r = sync_one(writer, folder);
		folder[i] = '/';
	}
	return r;
}

static int sync_all(struct bag_writer *writer)
{
	const char *before = "", *path;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < writer->files.count; i++) {
		path = writer->files.items[i].path;
		r = sync_one(writer, path);
		if (r == 0)
			r = sync_folders(writer, path, before);
		before = path;
	}
	return r == 0 ? sync_one(writer, ".") : r;
}

/* Over an empty directory, or nothing; and back, unless that is on disk. */
static int put_in_place(struct bag_writer *writer)
{
	int r;

	if (rename(writer->partial, writer->path) < 0)
		return -errno;
	r = file_sync_folder(writer->path);
	writer->finished = r == 0 || rename(writer->path, writer->partial) < 0;
	return r;
}

static int put_timeline(struct bag_writer *writer)
{
	struct buf text = {0};
	int r;

	r = bag_timeline(&writer->claims, &text);
	if (r == 0)
		r = put(writer, FILES_TIMELINE, buf_span(&text));
	buf_free(&text);
	return r;
}

int bag_writer_finish(struct bag_writer *writer, bool timeline)
{
	int r;

	r = timeline ? put_timeline(writer) : 0;
	if (r == 0)
		r = put_all_tags(writer);
	if (r == 0)
		r = sync_all(writer);
	return r == 0 ? put_in_place(writer) : r;
}
