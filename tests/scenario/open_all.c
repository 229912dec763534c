/*
 * What whoever has every key can open: open_all, with the passphrases of all
 * homes on standard input, a line each.
 *
 *   open_all take DIR ID... -- HOME...    while records are there: write what
 *                                         opens each of them to DIR/ID
 *   open_all look DIR POOL HOME...        what of that is there now? POOL is a
 *                                         directory for all clear bytes
 *
 * Give it copies of homes: it opens their databases. All keys of all keyrings
 * are used on all homes. Pages of the database and frames of its log are
 * decrypted wherever they lie, live, free or left of an earlier log. From these
 * come record keys, rows, envelopes, file keys, contents and files; in all of
 * it is then searched what `take` found, and every window of 16 and 32 bytes is
 * tried as a key to what was sealed then. `look` prints a line for each of DIR.
 *
 * Not tried as keys: windows of what is sealed on the disk, of which all keys
 * that were ever there are searched as they are; and, of keys that one home
 * draws for itself, pages of another. Memory is not looked at, nor blocks that
 * the file system has given up.
 */
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/format/asan.h"
#include "tests/scenario/open_keys.h"
#include "tests/scenario/open_rows.h"

#define RECORDS_MAX 8
#define ORACLES_MAX 256
#define PIECE_BYTES 32
#define LINE_MAX_BYTES 512

/* What is searched, in words for the one who reads the outcome. */
enum secret_kind {
	SECRET_RECORD_KEY,
	SECRET_VEIL_KEY,
	SECRET_FILE_KEY,
	SECRET_PAYLOAD,
	SECRET_ENVELOPE,
	SECRET_CONTENT,
	SECRET_OBJECT,
	SECRET_VEILED,
	SECRET_FILE,
	SECRET_KINDS,
};
static const char *const secret_names[SECRET_KINDS] = {"record-key", "veil-key",
    "file-key", "payload", "envelope", "content", "object", "veiled", "file"};

struct secret {
	enum secret_kind kind;
	size_t record, len;
	uint8_t bytes[PIECE_BYTES];
};

struct search {
	size_t record_count;
	char names[RECORDS_MAX][65];
	struct secret *secrets;
	size_t secret_count, room;
	struct oracle oracles[ORACLES_MAX];
	size_t oracle_count;
	uint8_t begins[65536]; /* whether a secret begins with these two */
	size_t hits[RECORDS_MAX][SECRET_KINDS];
};

/* --- taking ------------------------------------------------------------- */

static void put_hex(FILE *out, const char *name, const uint8_t *a, size_t a_len,
    const uint8_t *b, size_t b_len)
{
	size_t i;

	fprintf(out, "%s ", name);
	for (i = 0; i < a_len; i++)
		fprintf(out, "%02x", a[i]);
	for (i = 0; i < b_len; i++)
		fprintf(out, "%02x", b[i]);
	fprintf(out, "\n");
}

static bool is_plain(const uint8_t *bytes)
{
	size_t i;

	for (i = 1; i < PIECE_BYTES && bytes[i] == bytes[0]; i++)
		;
	return i == PIECE_BYTES;
}

/* Pieces of a text; not its beginning, which others have too, nor padding. */
static void put_pieces(
    FILE *out, enum secret_kind kind, const struct buf *text, size_t step)
{
	size_t at;

	for (at = PIECE_BYTES; at + PIECE_BYTES <= text->len; at += step)
		if (!is_plain(text->data + at))
			put_hex(out, secret_names[kind], text->data + at,
			    PIECE_BYTES, NULL, 0);
}

/* ${head} bytes before the sealed text, then that, then the clear one. */
static void put_oracle(FILE *out, enum oracle_kind kind, size_t home,
    const struct buf *sealed, size_t head, const struct buf *clear)
{
	char name[32];

	snprintf(name, sizeof name, "oracle-%d-%zu", (int)kind, home);
	if (sealed->len >= head + KNOWN && clear->len >= KNOWN)
		put_hex(
		    out, name, sealed->data, head + KNOWN, clear->data, KNOWN);
}

static bool is_in_another(
    const struct founds *all, const struct found *found, const uint8_t *bytes)
{
	const struct found *other;
	size_t i;

	for (i = 0; i < all->count; i++) {
		other = &all->items[i];
		if (memcmp(other->id.bytes, found->id.bytes, 32) != 0 &&
		    other->content.len > 0 &&
		    memmem(other->content.data, other->content.len, bytes,
			PIECE_BYTES))
			return true;
	}
	return false;
}

/* Not what contents of one log share: the origin, the consent. */
static void put_content(
    FILE *out, const struct founds *all, const struct found *found)
{
	const uint8_t *bytes = found->content.data;
	size_t at;

	for (at = PIECE_BYTES; at + PIECE_BYTES <= found->content.len;
	     at += PIECE_BYTES)
		if (!is_plain(bytes + at) &&
		    !is_in_another(all, found, bytes + at))
			put_hex(out, secret_names[SECRET_CONTENT], bytes + at,
			    PIECE_BYTES, NULL, 0);
}

static void put_found(
    FILE *out, const struct founds *all, const struct found *found)
{
	const struct found_object *object;
	char name[32];
	size_t i;

	put_hex(out, secret_names[SECRET_RECORD_KEY], found->key.bytes, 32,
	    NULL, 0);
	put_pieces(out, SECRET_PAYLOAD, &found->payload, 256);
	put_content(out, all, found);
	for (i = 0; i < found->envelope_count; i++)
		put_pieces(
		    out, SECRET_ENVELOPE, &found->envelopes[i], PIECE_BYTES);
	put_oracle(out, ORACLE_PAYLOAD, found->home, &found->payload, 16,
	    &found->content);
	put_oracle(out, ORACLE_ROW, found->home, &found->row, 24, &found->body);
	snprintf(
	    name, sizeof name, "oracle-%d-%zu", (int)ORACLE_SLOT, found->home);
	put_hex(out, name, found->slot, 24 + KNOWN, found->key.bytes, KNOWN);
	for (i = 0; i < found->object_count; i++) {
		object = &found->objects[i];
		put_hex(out, secret_names[SECRET_VEIL_KEY], object->veil, 32,
		    NULL, 0);
		put_pieces(out, SECRET_OBJECT, &object->payload, 1024);
		put_pieces(out, SECRET_VEILED, &object->veiled, 1024);
		put_pieces(out, SECRET_FILE, &object->text, 1024);
		put_oracle(out, ORACLE_VEIL, found->home, &object->veiled, 0,
		    &object->payload);
		put_oracle(out, ORACLE_PAYLOAD, found->home, &object->payload,
		    16, &object->text);
	}
}

static bool opens_payload(const uint8_t *key, const struct buf *payload)
{
	struct buf text = {0};
	int r;

	r = payload->len > 0 ? age_payload_open(key, buf_span(payload), &text)
			     : 1;
	buf_free(&text);
	return r == 0;
}

/* The file keys among all that were found which open this record. */
static void put_file_keys(
    FILE *out, const struct pool *pool, const struct found *found)
{
	const struct piece *piece;
	size_t i, k;
	bool opens;

	for (i = 0; i < pool->count; i++) {
		piece = pool->pieces[i];
		if (strcmp(piece->name, "filekey") != 0)
			continue;
		opens = opens_payload(piece->bytes, &found->payload);
		for (k = 0; !opens && k < found->object_count; k++)
			opens = opens_payload(
			    piece->bytes, &found->objects[k].payload);
		if (opens)
			put_hex(out, secret_names[SECRET_FILE_KEY],
			    piece->bytes, 16, NULL, 0);
	}
}

static void take(const char *dir, const char *id, const struct pool *pool,
    const struct founds *founds)
{
	char name[512], text[65];
	FILE *out;
	size_t i;

	snprintf(name, sizeof name, "%s/%s", dir, id);
	out = fopen(name, "w");
	if (!out)
		stop("what was found cannot be written");
	for (i = 0; i < founds->count; i++) {
		hex_encode(founds->items[i].id.bytes, 32, text);
		if (strcmp(text, id) != 0)
			continue;
		put_found(out, founds, &founds->items[i]);
		put_file_keys(out, pool, &founds->items[i]);
	}
	if (fclose(out) != 0)
		stop("what was found cannot be written");
}

/* --- looking ------------------------------------------------------------ */

static void add_secret(
    struct search *search, enum secret_kind kind, struct span hex)
{
	struct secret *secret;

	if (search->secret_count == search->room) {
		search->room = search->room ? search->room * 2 : 1024;
		search->secrets = realloc(
		    search->secrets, search->room * sizeof *search->secrets);
		if (!search->secrets)
			stop("no memory");
	}
	secret = &search->secrets[search->secret_count++];
	secret->kind = kind;
	secret->record = search->record_count;
	secret->len = hex.len / 2;
	if (secret->len > PIECE_BYTES ||
	    hex_decode(hex, secret->bytes, secret->len) != 0)
		stop("what was found cannot be read");
	search->begins[secret->bytes[0] << 8 | secret->bytes[1]] = 1;
}

/* Homes that hold one payload have one oracle for it. */
static void add_oracle(
    struct search *search, enum oracle_kind kind, size_t home, struct span hex)
{
	struct oracle *oracle = &search->oracles[search->oracle_count];
	size_t i;

	if (search->oracle_count == ORACLES_MAX ||
	    hex.len / 2 != oracle_bytes(kind) ||
	    hex_decode(hex, oracle->bytes, hex.len / 2) != 0)
		stop("what was found cannot be read");
	for (i = 0; i < search->oracle_count; i++)
		if (memcmp(search->oracles[i].bytes, oracle->bytes,
			hex.len / 2) == 0)
			return;
	oracle->kind = kind;
	oracle->home = home;
	oracle->record = search->record_count;
	oracle_prepare(oracle);
	search->oracle_count++;
}

static void add_line(struct search *search, char *line)
{
	char *hex = strchr(line, ' ');
	size_t kind;

	if (!hex)
		stop("what was found cannot be read");
	*hex++ = 0;
	hex[strcspn(hex, "\n")] = 0;
	if (strncmp(line, "oracle-", 7) == 0) {
		add_oracle(search, (enum oracle_kind)(line[7] - '0'),
		    (size_t)(line[9] - '0'), span_text(hex));
		return;
	}
	for (kind = 0; kind < SECRET_KINDS; kind++)
		if (strcmp(line, secret_names[kind]) == 0)
			add_secret(
			    search, (enum secret_kind)kind, span_text(hex));
}

static void load(struct search *search, const char *dir)
{
	struct dirent *item;
	char line[LINE_MAX_BYTES], name[512];
	DIR *list = opendir(dir);
	FILE *file;

	while (list && (item = readdir(list)) != NULL) {
		if (strlen(item->d_name) != 64)
			continue;
		snprintf(name, sizeof name, "%s/%s", dir, item->d_name);
		file = fopen(name, "r");
		if (!file || search->record_count == RECORDS_MAX)
			stop("what was found cannot be read");
		snprintf(search->names[search->record_count], 65, "%s",
		    item->d_name);
		while (fgets(line, sizeof line, file))
			add_line(search, line);
		fclose(file);
		search->record_count++;
	}
	if (search->record_count == 0)
		stop("nothing to look for");
	closedir(list);
}

static void match(struct search *search, const struct piece *piece, size_t at)
{
	const uint8_t *bytes = piece->bytes + at;
	const struct secret *secret;
	size_t i;

	for (i = 0; i < search->secret_count; i++) {
		secret = &search->secrets[i];
		if (at + secret->len > piece->len ||
		    memcmp(bytes, secret->bytes, secret->len) != 0)
			continue;
		if (search->hits[secret->record][secret->kind]++ < 2)
			fprintf(stderr, "# %.8s: %s in home %zu, %s at %zu\n",
			    search->names[secret->record],
			    secret_names[secret->kind], piece->home,
			    piece->name, at);
	}
}

static void search_all(const struct pool *pool, struct search *search)
{
	const struct piece *piece;
	size_t i, at;

	for (i = 0; i < pool->count; i++) {
		piece = pool->pieces[i];
		for (at = 0; at + 2 <= piece->len; at++)
			if (search->begins[piece->bytes[at] << 8 |
					   piece->bytes[at + 1]])
				match(search, piece, at);
	}
}

/* In how many homes it opens, with all its attachments. */
static size_t count_open(const struct founds *founds, const char *id)
{
	const struct found *found;
	size_t i, k, count = 0;
	char text[65];

	for (i = 0; i < founds->count; i++) {
		found = &founds->items[i];
		hex_encode(found->id.bytes, 32, text);
		for (k = 0;
		     k < found->object_count && found->objects[k].text.len > 0;
		     k++)
			;
		count += strcmp(text, id) == 0 && found->content.len > 0 &&
			 k == found->object_count;
	}
	return count;
}

static void look(
    const struct pool *pool, const struct founds *founds, const char *dir)
{
	struct search *search = calloc(1, sizeof *search);
	struct trial trial = {.windows = 0};
	size_t i, kind, bytes = 0;

	if (!search)
		stop("no memory");
	load(search, dir);
	search_all(pool, search);
	trial.oracles = search->oracles;
	trial.count = search->oracle_count;
	keys_try_windows(pool, &trial);
	for (i = 0; i < pool->count; i++)
		bytes += pool->pieces[i]->len;
	printf("all pieces %zu bytes %zu windows %zu\n", pool->count, bytes,
	    trial.windows);
	for (i = 0; i < search->record_count; i++) {
		printf("%s open %zu", search->names[i],
		    count_open(founds, search->names[i]));
		for (kind = 0; kind < SECRET_KINDS; kind++)
			printf(" %s %zu", secret_names[kind],
			    search->hits[i][kind]);
		for (kind = 0; kind < ORACLE_KINDS; kind++)
			printf(" try-%zu %zu", kind, trial.hits[i][kind]);
		printf("\n");
	}
	free(search->secrets);
	free(search);
}

/* --- all ---------------------------------------------------------------- */

static void add_homes(struct pool *pool, char **homes, const char *start)
{
	char passphrase[512];

	for (; *homes; homes++) {
		if (!fgets(passphrase, sizeof passphrase, stdin))
			stop("a passphrase a home, on standard input");
		passphrase[strcspn(passphrase, "\n")] = 0;
		if (chdir(start) < 0)
			stop("the directory is gone");
		pool_add_home(pool, *homes, span_text(passphrase));
	}
}

#if EVIDENT_ASAN
/* It ends with all that it took. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}
#endif

int main(int argc, char **argv)
{
	struct founds founds = {.count = 0};
	char start[4096];
	struct pool pool = {.count = 0};
	int i, homes = 4;
	bool taking;

	taking = argc > 4 && strcmp(argv[1], "take") == 0;
	while (taking && homes < argc && strcmp(argv[homes - 1], "--") != 0)
		homes++;
	if (argc <= homes || sodium_init() < 0 ||
	    !getcwd(start, sizeof start)) {
		fprintf(stderr, "usage: open_all take DIR ID... -- HOME...\n"
				"       open_all look DIR POOL HOME...\n");
		return 2;
	}
	add_homes(&pool, argv + homes, start);
	keys_open_slots(&pool);
	rows_read(&pool, &founds);
	keys_carve(&pool);
	rows_open(&pool, &founds);
	if (chdir(start) < 0)
		stop("the directory is gone");
	for (i = 3; taking && i < homes - 1; i++)
		take(argv[2], argv[i], &pool, &founds);
	if (!taking) {
		look(&pool, &founds, argv[2]);
		pool_dump(&pool, argv[3]);
	}
	return 0;
}
