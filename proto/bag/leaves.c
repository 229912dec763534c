/*
 * Judging a leaves file.
 *
 *   head -> ids, one by one, into the right edge of their tree -> checkpoint:
 *   its size, its root, who signed it
 *
 * The file may be larger than memory, so of the tree only the two newest nodes
 * of each level are kept, and of the file what was read last. The first thing
 * that does not hold ends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/bag/leaves.h"
#include "proto/format/file.h"
#include "proto/format/merkle.h"
#include "proto/format/proof.h"
#include "proto/format/sshsig.h"

#define READ_BYTES 65536
#define ROOM_BYTES (NOTE_BYTES_MAX + READ_BYTES)
#define ID_LINE_BYTES 65
#define LEVELS 64

#define LEAVES_E_FAILED 7 /* the verdict says why */

static const char version[] = "evident leaves v";
static const char count_key[] = "entries ";

static const char *const texts[] = {
    [LEAVES_GOOD] = "the log is whole",
    [LEAVES_BAD_HEAD] = "this is no leaves file",
    [LEAVES_LATER] = "it is of a later version; check it with a newer program",
    [LEAVES_BAD_NUMBER] = "the number of entries is malformed",
    [LEAVES_BAD_LINE] = "a line is not an entry id",
    [LEAVES_CUT] = "it ends too early",
    [LEAVES_FEWER] = "there are fewer entries than it says",
    [LEAVES_MORE] = "there are more entries than it says",
    [LEAVES_BAD_CHECKPOINT] = "its checkpoint is malformed",
    [LEAVES_BAD_SIZE] = "its checkpoint is of another number of entries",
    [LEAVES_BAD_ROOT] = "its entries are not those that were signed",
    [LEAVES_NOT_VOUCHED] = "its author is not among the signers given",
    [LEAVES_BAD_SIGNATURE] = ("the signature of its author does not hold, or "
			      "does not stand alone"),
    [LEAVES_NOT_IN] = "the record is not in it",
    [LEAVES_TWICE] = "the record stands in it twice",
};

const char *leaves_reason_text(enum leaves_reason reason)
{
	return texts[reason];
}

/* The two newest nodes of each level, by the parity of their number. */
struct edge {
	struct digest nodes[LEVELS][2];
};

struct audit {
	int fd;
	struct leaves_verdict *verdict;
	const struct entry_id *record; /* or NULL */
	bool found;
	struct edge edge;
	uint8_t *room; /* ROOM_BYTES */
	size_t from, to;
	bool ended;
	leaves_progress_cb progress;
	void *context;
	uint64_t done, total;
};

static int fail(struct audit *audit, enum leaves_reason reason, uint64_t line)
{
	audit->verdict->reason = reason;
	audit->verdict->line = line;
	return LEAVES_E_FAILED;
}

/* --- reading ------------------------------------------------------------ */

static int read_more(struct audit *audit)
{
	size_t n;
	int r;

	memmove(
	    audit->room, audit->room + audit->from, audit->to - audit->from);
	audit->to -= audit->from;
	audit->from = 0;
	r = file_read(audit->fd, audit->room + audit->to, READ_BYTES, &n);
	if (r < 0)
		return r;
	audit->ended = n == 0;
	audit->to += n;
	audit->done += n;
	if (audit->progress)
		audit->progress(audit->context, audit->done, audit->total);
	return 0;
}

/* What comes next: ${len} bytes of it (at most NOTE_BYTES_MAX), or all there
 * is. Nothing is passed over. */
static int look(struct audit *audit, size_t len, struct span *ret_bytes)
{
	int r = 0;

	while (r == 0 && !audit->ended && audit->to - audit->from < len)
		r = read_more(audit);
	*ret_bytes =
	    span_of(audit->room + audit->from, audit->to - audit->from);
	if (ret_bytes->len > len)
		ret_bytes->len = len;
	return r;
}

static bool begins(struct span bytes, const char *text)
{
	size_t len = strlen(text);

	return bytes.len >= len && memcmp(bytes.data, text, len) == 0;
}

/* What stands behind ${prefix} on the next line, which is of at most ${max}
 * bytes, LF included. The line is passed over. */
static int take_line(struct audit *audit, const char *prefix, size_t max,
    enum leaves_reason reason, uint64_t number, struct span *ret_value)
{
	struct span bytes;
	const uint8_t *end;
	int r;

	r = look(audit, max, &bytes);
	if (r != 0)
		return r;
	end = bytes.len > 0 ? memchr(bytes.data, '\n', bytes.len) : NULL;
	if (!begins(bytes, prefix) || !end)
		return fail(audit, reason, number);
	audit->from += (size_t)(end - bytes.data) + 1;
	ret_value->data = bytes.data + strlen(prefix);
	ret_value->len = (size_t)(end - ret_value->data);
	return 0;
}

/* --- head --------------------------------------------------------------- */

static int take_head(struct audit *audit)
{
	uint64_t *entries = &audit->verdict->entries;
	struct span value;
	int r;

	r = take_line(
	    audit, version, sizeof version + 9, LEAVES_BAD_HEAD, 1, &value);
	if (r == 0 && !span_equal(value, span_text("1")))
		r = fail(audit,
		    decimal_decode(value, entries) == 0 ? LEAVES_LATER
							: LEAVES_BAD_HEAD,
		    1);
	if (r == 0)
		r = take_line(audit, count_key, sizeof count_key + 16,
		    LEAVES_BAD_NUMBER, 2, &value);
	if (r == 0 && (decimal_decode(value, entries) != 0 || *entries == 0))
		r = fail(audit, LEAVES_BAD_NUMBER, 2);
	return r;
}

/* --- ids ---------------------------------------------------------------- */

static int read_edge(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	const struct edge *edge = context;

	if (level >= LEVELS)
		return -EINVAL;
	*ret_hash = edge->nodes[level][index & 1];
	return 0;
}

static int write_edge(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	struct edge *edge = context;

	if (level >= LEVELS)
		return -EINVAL;
	edge->nodes[level][index & 1] = *hash;
	return 0;
}

static bool is_id_line(struct span bytes, struct digest *ret_id)
{
	return bytes.len >= ID_LINE_BYTES &&
	       bytes.data[ID_LINE_BYTES - 1] == '\n' &&
	       hex_decode(span_of(bytes.data, 64), ret_id->bytes, 32) == 0;
}

static int take_id(struct audit *audit, uint64_t place)
{
	struct span bytes;
	struct digest id;
	int r;

	r = look(audit, ID_LINE_BYTES, &bytes);
	if (r != 0)
		return r;
	if (!is_id_line(bytes, &id)) {
		if (begins(bytes, "evident/"))
			return fail(audit, LEAVES_FEWER, place + 3);
		return fail(audit,
		    bytes.len < ID_LINE_BYTES ? LEAVES_CUT : LEAVES_BAD_LINE,
		    place + 3);
	}
	audit->from += ID_LINE_BYTES;
	if (audit->record && memcmp(audit->record->bytes, id.bytes, 32) == 0) {
		if (audit->found)
			return fail(audit, LEAVES_TWICE, place + 3);
		audit->found = true;
		audit->verdict->place = place;
	}
	return merkle_append(place, &id, read_edge, write_edge, &audit->edge);
}

/* --- checkpoint --------------------------------------------------------- */

struct search {
	struct author_id author;
	bool found;
	struct sign_key key;
};

static int is_author(
    void *context, const struct sign_key *key, struct span principals)
{
	struct search *search = context;
	struct author_id author;

	if (!sshsig_speaks_for(key, principals, &author) ||
	    memcmp(author.bytes, search->author.bytes, 32) != 0)
		return 0;
	search->key = *key;
	search->found = true;
	return 0;
}

static int parse_checkpoint(
    struct audit *audit, struct span bytes, struct checkpoint *ret_checkpoint)
{
	struct leaves_verdict *verdict = audit->verdict;
	struct note note;
	int r;

	r = note_parse(bytes, &note);
	if (r == 0) {
		r = checkpoint_parse(note.text, ret_checkpoint);
		note_free(&note);
	}
	if (r == 0)
		r = note_parse_origin(
		    ret_checkpoint->origin, &verdict->author, &verdict->log);
	return r > 0 ? fail(audit, LEAVES_BAD_CHECKPOINT, 0) : r;
}

static int check_author(struct audit *audit, struct span note,
    const char *origin, struct span signers)
{
	struct search search = {.author = audit->verdict->author};
	struct proof proof = {.checkpoint = note};
	int r;

	r = sshsig_read_signers(
	    signers, SSHSIG_NAMESPACE_ENTRY, is_author, &search);
	if (r != 0)
		return r < 0 ? r : FORMAT_E_MALFORMED;
	if (!search.found)
		return fail(audit, LEAVES_NOT_VOUCHED, 0);
	r = proof_check_lines(&proof, origin, &search.key, NULL, 0, NULL, NULL);
	return r > 0 ? fail(audit, LEAVES_BAD_SIGNATURE, 0) : r;
}

static int check_end(struct audit *audit, struct span signers)
{
	struct leaves_verdict *verdict = audit->verdict;
	struct checkpoint checkpoint = {.size = 0};
	struct digest id;
	struct span note;
	int r;

	r = look(audit, NOTE_BYTES_MAX + 1, &note);
	if (r == 0 && is_id_line(note, &id))
		r = fail(audit, LEAVES_MORE, verdict->entries + 3);
	if (r == 0 && note.len == 0)
		r = fail(audit, LEAVES_CUT, verdict->entries + 3);
	if (r == 0)
		r = parse_checkpoint(audit, note, &checkpoint);
	if (r == 0 && checkpoint.size != verdict->entries)
		r = fail(audit, LEAVES_BAD_SIZE, 0);
	if (r == 0)
		r = merkle_root(
		    verdict->entries, read_edge, &audit->edge, &verdict->root);
	if (r == 0 &&
	    memcmp(verdict->root.bytes, checkpoint.root.bytes, 32) != 0)
		r = fail(audit, LEAVES_BAD_ROOT, 0);
	if (r == 0)
		r = check_author(audit, note, checkpoint.origin, signers);
	if (r == 0 && audit->record && !audit->found)
		r = fail(audit, LEAVES_NOT_IN, 0);
	return r;
}

int leaves_verify(int fd, struct span signers,
    const struct entry_id *record_or_null, leaves_progress_cb progress,
    void *context, struct leaves_verdict *ret_verdict)
{
	struct audit *audit = calloc(1, sizeof *audit);
	struct stat st;
	uint64_t i;
	int r = 0;

	memset(ret_verdict, 0, sizeof *ret_verdict);
	if (!audit)
		return -ENOMEM;
	audit->fd = fd;
	audit->verdict = ret_verdict;
	audit->record = record_or_null;
	audit->progress = progress;
	audit->context = context;
	audit->room = malloc(ROOM_BYTES);
	if (!audit->room)
		r = -ENOMEM;
	if (r == 0 && fstat(fd, &st) == 0)
		audit->total = (uint64_t)st.st_size;
	if (r == 0)
		r = take_head(audit);
	for (i = 0; r == 0 && i < ret_verdict->entries; i++)
		r = take_id(audit, i);
	if (r == 0)
		r = check_end(audit, signers);
	free(audit->room);
	free(audit);
	return r == LEAVES_E_FAILED ? 0 : r;
}
