/*
 * Judging a bag.
 *
 *   names and kinds -> manifests, made anew -> every record -> what belongs to
 *   the whole: the list of keys, the documents, checkpoints that contradict
 *
 * The first thing that does not hold ends it. Every file is either checked
 * against a signature or made anew; files that are neither are refused by name.
 * Nothing is written, and no value of the bag reaches the verdict but ids and
 * numbers that passed their grammar.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/bag/files.h"
#include "proto/bag/verify.h"

#define INFO_BYTES_MAX 4096

static const char *const texts[] = {
    [BAG_GOOD] = "the bag holds",
    [BAG_BAD_NAME] = "a file stands there that belongs to no bag",
    [BAG_BAD_KIND] = "a link, pipe or device stands where a file should",
    [BAG_BAD_MISSING] = "a file is missing",
    [BAG_BAD_SIZE] = "a file is larger than it can be",
    [BAG_BAD_MANIFEST] = "files and manifests differ",
    [BAG_BAD_ENTRY] = "an entry is malformed or not the one its folder names",
    [BAG_BAD_SIGNATURE] = "a signature does not hold",
    [BAG_BAD_SIGNERS] = "the list of keys is not that of the entries",
    [BAG_BAD_PROOF] = "an entry's place in its log is not proved",
    [BAG_BAD_DIGESTS] = "the digests are not those the entry commits to",
    [BAG_BAD_DISCLOSED] = "a shown line is not of its entry",
    [BAG_BAD_READABLE] = "a readable page says something else than was signed",
    [BAG_BAD_ATTACHMENT] = "an attachment is not the file that was signed",
    [BAG_BAD_DOCUMENT] =
	("FORMAT.md or VERIFY.txt is of no release known here; if the "
	 "bag is newer than this program, take a newer one"),
    [BAG_LATER] = "it is of a later version; check it with a newer program",
    [BAG_BAD_ORIGIN] = ("what is shown was not said by this author, or is of "
			"another kind"),
    [BAG_BAD_CONFLICT] = "one log was told in two ways",
    [BAG_BAD_TIMELINE] = "the timeline says something else than was signed",
    [BAG_NOT_VOUCHED] = "an author is not among the signers given",
    [BAG_NO_RECORD] = "there is no record in it",
    [BAG_UNREADABLE] = "a file could not be read",
};

const char *bag_reason_text(enum bag_reason reason)
{
	return texts[reason];
}

int verify_fail(
    struct verification *v, enum bag_reason reason, const char *file)
{
	size_t len = strnlen(file, sizeof v->verdict->file - 1);

	v->verdict->reason = reason;
	memcpy(v->verdict->file, file, len);
	v->verdict->file[len] = 0;
	return VERIFY_E_FAILED;
}

void bag_verdict_free(struct bag_verdict *verdict)
{
	bag_claims_free(&verdict->claims);
}

/* --- the whole ------------------------------------------------------------ */

static bool is_tag(const char *path)
{
	static const char *const tags[] = {"allowed_signers", "bag-info.txt",
	    "bagit.txt", "FORMAT.md", "VERIFY.txt", "manifest-sha256.txt",
	    "manifest-sha512.txt", "tagmanifest-sha256.txt",
	    "tagmanifest-sha512.txt", FILES_TIMELINE};
	size_t i;

	for (i = 0; i < sizeof tags / sizeof *tags; i++)
		if (strcmp(path, tags[i]) == 0)
			return true;
	return false;
}

/* data/ID/NAME or data/ID/attachments/NAME */
static bool is_record_file(const char *path)
{
	static const char *const names[] = {"entry", "entry.sig", "proof",
	    "digests", "disclosed", "readable.txt"};
	struct entry_id id;
	const char *name;
	size_t i;

	if (!files_is_payload(path) || strlen(path) < 71 ||
	    hex_decode(span_of(path + 5, 64), id.bytes, 32) != 0 ||
	    path[69] != '/')
		return false;
	name = path + 70;
	if (strncmp(name, "attachments/", 12) == 0)
		return !strchr(name + 12, '/');
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int check_names(struct verification *v)
{
	static const char *const needed[] = {"allowed_signers", "bag-info.txt",
	    "bagit.txt", "FORMAT.md", "VERIFY.txt", "manifest-sha256.txt",
	    "manifest-sha512.txt", "tagmanifest-sha256.txt",
	    "tagmanifest-sha512.txt"};
	size_t i;

	for (i = 0; i < v->files.count; i++)
		if (!is_tag(v->files.items[i].path) &&
		    !is_record_file(v->files.items[i].path))
			return verify_fail(
			    v, BAG_BAD_NAME, v->files.items[i].path);
	for (i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!files_find(&v->files, needed[i]))
			return verify_fail(v, BAG_BAD_MISSING, needed[i]);
	return 0;
}

/* The path of the first line of ${made} that ${found} does not have. */
static void name_difference(
    struct verification *v, struct span made, struct span found)
{
	size_t i = 0, end;

	while (i < made.len && i < found.len && made.data[i] == found.data[i])
		i++;
	while (i > 0 && made.len > 0 &&
	       (i >= made.len || made.data[i - 1] != '\n'))
		i--;
	while (i < made.len && made.data[i] != ' ' && made.data[i] != '\n')
		i++;
	i += 2;
	for (end = i; end < made.len && made.data[end] != '\n'; end++)
		;
	if (i < end && end - i < sizeof v->verdict->file) {
		memset(v->verdict->file, 0, sizeof v->verdict->file);
		memcpy(v->verdict->file, made.data + i, end - i);
	}
}

static int read_file(
    struct verification *v, const char *path, size_t max, struct buf *out)
{
	int r = files_read(v->dir, path, max, out);

	if (r == -EMSGSIZE)
		return verify_fail(v, BAG_BAD_SIZE, path);
	if (r == -EINVAL || r == -ELOOP)
		return verify_fail(v, BAG_BAD_KIND, path);
	if (r == -ENOENT)
		return verify_fail(v, BAG_BAD_MISSING, path);
	return r;
}

int verify_read(
    struct verification *v, const char *path, size_t max, struct buf *out)
{
	return read_file(v, path, max, out);
}

int verify_same(struct verification *v, const char *path, struct span made,
    enum bag_reason reason)
{
	struct buf found = {0};
	int r;

	r = files_read(v->dir, path, made.len + 4096 * 1024, &found);
	if (r == -EINVAL || r == -ELOOP || r == -ENOENT)
		r = read_file(v, path, 0, &found);
	/* What is longer than that differs, whatever it is. */
	if (r == -EMSGSIZE || (r == 0 && !span_equal(made, buf_span(&found)))) {
		r = verify_fail(v, reason, path);
		if (reason == BAG_BAD_MANIFEST)
			name_difference(v, made, buf_span(&found));
	}
	buf_free(&found);
	return r;
}

static int check_manifests(struct verification *v)
{
	static const struct {
		const char *path;
		bool payload, sha512;
	} manifests[] = {
	    {"manifest-sha256.txt", true, false},
	    {"manifest-sha512.txt", true, true},
	    {"tagmanifest-sha256.txt", false, false},
	    {"tagmanifest-sha512.txt", false, true},
	};
	struct buf made = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < 4; i++) {
		r = files_manifest(&v->files, manifests[i].payload,
		    manifests[i].sha512, &made);
		if (r == 0)
			r = verify_same(v, manifests[i].path, buf_span(&made),
			    BAG_BAD_MANIFEST);
		buf_free(&made);
	}
	if (r == 0)
		r = files_info(&v->files, &made);
	if (r == 0)
		r = verify_same(
		    v, "bag-info.txt", buf_span(&made), BAG_BAD_MANIFEST);
	if (r == 0)
		r = verify_same(
		    v, "bagit.txt", span_text(files_bagit), BAG_BAD_MANIFEST);
	buf_free(&made);
	return r;
}

/* A bag of a later version is no bad bag, but nothing this program may judge.
 */
static int check_version(struct verification *v)
{
	static const char version[] = "Evident-Bag-Version: ";
	const size_t len = sizeof version - 1;
	const uint8_t *end;
	struct span number;
	struct buf info = {0};
	int r;

	if (!files_find(&v->files, "bag-info.txt"))
		return verify_fail(v, BAG_BAD_MISSING, "bag-info.txt");
	r = read_file(v, "bag-info.txt", INFO_BYTES_MAX, &info);
	if (r == 0 && info.len > len && memcmp(info.data, version, len) == 0) {
		number = span_of(info.data + len, info.len - len);
		end = memchr(number.data, '\n', number.len);
		if (end)
			number.len = (size_t)(end - number.data);
		if (number.len > 0 && !span_equal(number, span_text("1")) &&
		    !span_equal(number, span_text("2")))
			r = verify_fail(v, BAG_LATER, "bag-info.txt");
	}
	buf_free(&info);
	return r;
}

static int check_document(
    struct verification *v, const char *name, struct span made)
{
	const struct bag_file *file = files_find(&v->files, name);

	if (editions_know(span_of(documents_editions, documents_editions_len),
		name, &file->sha256))
		return 0;
	return verify_same(v, name, made, BAG_BAD_DOCUMENT);
}

static int check_documents(struct verification *v)
{
	int r;

	r = check_document(
	    v, "FORMAT.md", span_of(documents_format, documents_format_len));
	if (r == 0)
		r = check_document(v, "VERIFY.txt",
		    span_of(documents_verify, documents_verify_len));
	return r;
}

size_t verify_keys_find(
    const struct verify_keys *keys, const struct author_id *id)
{
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (memcmp(keys->ids[i].bytes, id->bytes, sizeof id->bytes) ==
		    0)
			break;
	return i;
}

int verify_keys_add(struct verify_keys *keys, const struct sign_key *key,
    const struct author_id *id)
{
	struct sign_key *items;
	struct author_id *ids;

	items = realloc(keys->items, (keys->count + 1) * sizeof *items);
	if (!items)
		return -ENOMEM;
	keys->items = items;
	ids = realloc(keys->ids, (keys->count + 1) * sizeof *ids);
	if (!ids)
		return -ENOMEM;
	keys->ids = ids;
	keys->items[keys->count] = *key;
	keys->ids[keys->count++] = *id;
	return 0;
}

static void keys_free(struct verify_keys *keys)
{
	free(keys->items);
	free(keys->ids);
}

static int add_key(
    void *context, const struct sign_key *key, struct span principal)
{
	struct author_id author;

	return sshsig_speaks_for(key, principal, &author)
		   ? verify_keys_add(context, key, &author)
		   : 0;
}

/* A list that says more, or otherwise, than its keys is no list of a bag. */
static int check_spelling(struct verification *v, struct span text)
{
	struct buf made = {0};
	int r;

	r = render_signers(v->keys.items, v->keys.count, &made);
	if (r == 0 && !span_equal(buf_span(&made), text))
		r = FORMAT_E_MISMATCH;
	buf_free(&made);
	return r;
}

static int load_keys(struct verification *v)
{
	struct buf text = {0};
	int r;

	r = read_file(v, "allowed_signers", 1024 * 1024, &text);
	if (r != 0) {
		buf_free(&text);
		return r;
	}
	r = sshsig_read_signers(
	    buf_span(&text), SSHSIG_NAMESPACE_ENTRY, add_key, &v->keys);
	if (r == 0)
		r = check_spelling(v, buf_span(&text));
	buf_free(&text);
	return r > 0 ? verify_fail(v, BAG_BAD_SIGNERS, "allowed_signers") : r;
}

/* Every record is a folder; files are sorted, so its first file comes first. */
static int check_records(struct verification *v)
{
	char folder[70] = "";
	const char *path;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < v->files.count; i++) {
		path = v->files.items[i].path;
		if (!files_is_payload(path) || strncmp(path, folder, 69) == 0)
			continue;
		memcpy(folder, path, 69);
		folder[69] = 0;
		r = verify_record(v, folder);
	}
	if (r == 0 && v->verdict->claims.count == 0)
		r = verify_fail(v, BAG_NO_RECORD, "");
	return r;
}

static int check_timeline(struct verification *v)
{
	struct buf made = {0};
	int r;

	if (!files_find(&v->files, FILES_TIMELINE))
		return 0;
	r = bag_timeline(&v->verdict->claims, &made);
	if (r == 0)
		r = verify_same(
		    v, FILES_TIMELINE, buf_span(&made), BAG_BAD_TIMELINE);
	buf_free(&made);
	return r;
}

static bool is_anchored(
    const struct verification *v, const struct author_id *author)
{
	return verify_keys_find(&v->anchors, author) < v->anchors.count;
}

/* Which of those who signed are known from outside. */
static void mark_anchored(struct verification *v)
{
	struct bag_claim *claim;
	size_t i, k;

	for (i = 0; i < v->verdict->claims.count; i++) {
		claim = &v->verdict->claims.items[i];
		claim->anchored = is_anchored(v, &claim->author);
		for (k = 0; k < claim->cosigned_count; k++)
			claim->cosigned[k].anchored =
			    is_anchored(v, &claim->cosigned[k].witness);
	}
}

/* Keys: exactly those of entries and witnesses; authors vouched for from
 * outside. */
static int check_keys(struct verification *v)
{
	struct buf made = {0};
	size_t i;
	int r;

	r = render_signers(v->used.items, v->used.count, &made);
	if (r == 0)
		r = verify_same(
		    v, "allowed_signers", buf_span(&made), BAG_BAD_SIGNERS);
	buf_free(&made);
	mark_anchored(v);
	for (i = 0; r == 0 && !v->verdict->self_vouched &&
		    i < v->verdict->claims.count;
	     i++)
		if (!v->verdict->claims.items[i].anchored)
			r = verify_fail(v, BAG_NOT_VOUCHED, "");
	return r;
}

static int judge(
    struct verification *v, bag_progress_cb progress, void *context)
{
	enum bag_reason reason = BAG_GOOD;
	char file[FILES_PATH_MAX] = {0};
	int r;

	r = files_walk(v->dir, &v->files, &reason, file);
	if (r > 0)
		return verify_fail(v, reason, file);
	if (r == 0)
		r = check_version(v);
	if (r == 0)
		r = check_names(v);
	if (r == 0)
		r = files_digest(v->dir, &v->files, true, progress, context);
	if (r == 0)
		r = files_digest(v->dir, &v->files, false, NULL, NULL);
	if (r == 0)
		r = check_manifests(v);
	if (r == 0)
		r = check_documents(v);
	if (r == 0)
		r = load_keys(v);
	if (r == 0)
		r = check_records(v);
	if (r == 0)
		r = check_timeline(v);
	if (r == 0)
		r = check_keys(v);
	return r;
}

int bag_verify(const char *path, struct span signers, bag_progress_cb progress,
    void *context, struct bag_verdict *ret_verdict)
{
	struct verification v = {.verdict = ret_verdict};
	int r;

	memset(ret_verdict, 0, sizeof *ret_verdict);
	ret_verdict->self_vouched = !signers.data;
	v.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v.dir < 0)
		/* cppcheck-suppress memleak ; a number, and of nothing open */
		return -errno;
	r = signers.data ? sshsig_read_signers(signers, SSHSIG_NAMESPACE_ENTRY,
			       add_key, &v.anchors)
			 : 0;
	if (r > 0)
		r = FORMAT_E_MALFORMED;
	if (r == 0)
		r = judge(&v, progress, context);
	close(v.dir);
	files_free(&v.files);
	keys_free(&v.keys);
	keys_free(&v.used);
	keys_free(&v.anchors);
	bag_tellings_free(&v.tellings);
	return r == VERIFY_E_FAILED ? 0 : r;
}
