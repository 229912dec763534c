/*
 * Inputs that only a program can make: signed, sealed or of binary messages.
 * Written into FOLDER/NAME/; what people can write by hand is not made here.
 *
 * fuzz_seeds FOLDER
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/keeper/keyring.h"
#include "proto/bag/files.h"
#include "proto/format/bundle.h"
#include "proto/format/hash.h"
#include "proto/format/padme.h"
#include "proto/format/proof.h"
#include "proto/format/sshsig.h"
#include "proto/wire/codec.h"
#include "proto/wire/messages.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static const struct log_id log_zero;

static void keep(const char *kind, const char *name, struct span bytes)
{
	char path[256];
	FILE *file;

	mkdir(kind, 0755);
	snprintf(path, sizeof path, "%s/%s", kind, name);
	file = fopen(path, "we");
	CLAIM(file && fwrite(bytes.data, 1, bytes.len, file) == bytes.len);
	CLAIM(fclose(file) == 0);
}

static void keep_buf(const char *kind, const char *name, struct buf *bytes)
{
	keep(kind, name, buf_span(bytes));
	buf_free(bytes);
}

/* A line of ${mark} as a witness under a note. */
static void put_cosignature(struct buf *note, uint8_t mark)
{
	uint8_t seed[32] = {mark}, signature[64], packed[COSIGNATURE_BYTES];
	char name[NOTE_ORIGIN_MAX] = "";
	struct author_id author;
	struct buf message = {0};
	struct sign_key key;
	struct note parsed;

	parts_author(mark, &key);
	sign_key_author(&key, &author);
	note_witness_name(&author, name);
	CLAIM(note_parse(buf_span(note), &parsed) == 0);
	CLAIM(cosignature_message(1767225600, parsed.text, &message) == 0);
	CLAIM(note_sign(seed, buf_span(&message), signature) == 0);
	cosignature_pack(1767225600, signature, packed);
	note_free(&parsed);
	CLAIM(note_add_signature(name, NOTE_ALG_COSIGNATURE, &key,
		  span_of(packed, sizeof packed), note) == 0);
	buf_free(&message);
}

static void make_notes(void)
{
	struct digest root = {{1, 2, 3}};
	struct buf note = {0};

	parts_note(1, &log_zero, 7, &root, &note);
	keep("note", "checkpoint", buf_span(&note));
	put_cosignature(&note, 2);
	keep("note", "cosigned", buf_span(&note));
	put_cosignature(&note, 3);
	CLAIM(buf_append_text(&note, "\xe2\x80\x94 later AAAA") == 0);
	while (note.len % 1024)
		CLAIM(buf_append_text(&note, "A") == 0);
	note.len -= note.len % 4;
	CLAIM(buf_append_text(&note, "\n") == 0);
	keep_buf("note", "longer", &note);
	keep("note", "text",
	    span_text("of anything\n\nat all\n\n\xe2\x80\x94 x AAAAAAA=\n"));
}

static void make_proof(const char *name, uint64_t index, size_t count)
{
	struct proof proof = {.index = index, .inclusion = {.count = count}};
	struct buf note = {0}, file = {0};
	struct digest root;
	size_t i;

	CLAIM(merkle_leaf(span_text("entry"), &root) == 0);
	for (i = 0; i < count; i++) {
		proof.inclusion.hashes[i].bytes[0] = (uint8_t)(i + 1);
		if (index >> i & 1)
			CLAIM(merkle_node(&proof.inclusion.hashes[i], &root,
				  &root) == 0);
		else
			CLAIM(merkle_node(&root, &proof.inclusion.hashes[i],
				  &root) == 0);
	}
	parts_note(1, &log_zero, UINT64_C(1) << count, &root, &note);
	put_cosignature(&note, 2);
	proof.checkpoint = buf_span(&note);
	CLAIM(proof_build(&proof, &file) == 0);
	keep_buf("proof", name, &file);
	buf_free(&note);
}

static struct digest edge[8][64];

static int read_edge(
    void *context, unsigned level, uint64_t index, struct digest *ret_hash)
{
	(void)context;
	*ret_hash = edge[level][index];
	return 0;
}

static int write_edge(
    void *context, unsigned level, uint64_t index, const struct digest *hash)
{
	(void)context;
	edge[level][index] = *hash;
	return 0;
}

static void make_leaves(const char *name, size_t count, size_t told)
{
	struct buf file = {0};
	struct digest id, root;
	size_t i;

	CLAIM(
	    buf_printf(&file, "evident leaves v1\nentries %zu\n", count) == 0);
	for (i = 0; i < count; i++) {
		CLAIM(hash_sha256(span_of(&i, 1), &id) == 0);
		CLAIM(merkle_append(i, &id, read_edge, write_edge, NULL) == 0);
		CLAIM(buf_append_hex(&file, id.bytes, 32) == 0);
		CLAIM(buf_append_text(&file, "\n") == 0);
	}
	CLAIM(merkle_root(count, read_edge, NULL, &root) == 0);
	parts_note(1, &log_zero, told, &root, &file);
	keep_buf("leaves", name, &file);
}

static void make_bundles(void)
{
	struct bundle_head head = {.from = {{1}}, .to = {{2}}, .size = 1234};
	struct buf bytes = {0};

	CLAIM(bundle_build_head(&head, &bytes) == 0);
	CLAIM(buf_append_text(&bytes, "frames") == 0);
	keep_buf("bundle", "head", &bytes);
}

static void make_signers(void)
{
	uint8_t seed[32] = {1}, signature[64];
	struct buf text = {0};
	struct sign_key key;

	parts_author(1, &key);
	CLAIM(sign_key_format(&key, &text) == 0);
	keep_buf("signers", "key", &text);
	CLAIM(sshsig_sign(seed, SSHSIG_NAMESPACE_ENTRY, span_text("entry"),
		  signature) == 0);
	CLAIM(
	    sshsig_armour(&key, SSHSIG_NAMESPACE_ENTRY, signature, &text) == 0);
	keep_buf("signers", "armoured", &text);
	CLAIM(buf_append_text(&text, "# who signs\n\n") == 0);
	CLAIM(sshsig_allowed_signer(&key, &text) == 0);
	parts_author(2, &key);
	CLAIM(buf_append_text(&text, "!nobody,*  Namespaces=\"evident-*\" ") ==
	      0);
	CLAIM(sign_key_format(&key, &text) == 0);
	CLAIM(buf_append_text(&text, " with a comment\r\n") == 0);
	CLAIM(buf_append_text(&text, "ca cert-authority ssh-ed25519 AAAA\n") ==
	      0);
	keep_buf("signers", "list", &text);
}

static void make_payload(const char *name, size_t size, size_t told)
{
	static const uint8_t key[AGE_FILE_KEY_BYTES] = "known to us here";
	uint8_t head[] = {(uint8_t)(told >> 8), (uint8_t)told};
	uint8_t *plain = calloc(1, size + 1);
	struct buf file = {0};

	CLAIM(plain);
	memset(plain, 'a', strstr(name, "wrongly") ? size : told);
	CLAIM(buf_append(&file, head, sizeof head) == 0);
	CLAIM(age_payload_seal(key, span_of(plain, size), &file) == 0);
	keep_buf("payload", name, &file);
	free(plain);
}

/* --- messages ------------------------------------------------------------- */

#define MESSAGE_MAX 4096

static void fill(const struct codec_table *table, bool full, uint8_t *message);

static void fill_list(const struct codec_row *row, bool full, uint8_t *place)
{
	WIRE_LIST(uint8_t) *list = (void *)place;
	struct span *spans;
	uint8_t *items;
	size_t i;

	list->count = full ? 2 : 0;
	if (list->count > row->count_max)
		list->count = row->count_max;
	if (list->count == 0)
		return;
	items = calloc(list->count, row->item_size);
	CLAIM(items);
	list->items = items;
	spans = (void *)items;
	for (i = 0; i < list->count; i++) {
		if (row->kind == CODEC_LIST_MESSAGE)
			fill(row->sub, full, items + i * row->item_size);
		else if (row->kind != CODEC_LIST_FIXED)
			spans[i] = span_of("xxxxxxxx", row->min + 1);
	}
}

/* Numbers and texts of the least that is allowed, or of more. */
static void fill(const struct codec_table *table, bool full, uint8_t *message)
{
	static const char text[128] = "0123456789abcdef";
	const struct codec_row *row;
	uint64_t len;
	size_t i;

	for (i = 0; i < table->row_count; i++) {
		row = &table->rows[i];
		len = row->min + (full ? 5 : 0);
		len = len < row->max ? len : row->max;
		if (row->kind >= CODEC_LIST_BYTES)
			fill_list(row, full, message + row->offset);
		else if (row->kind == CODEC_U64)
			*(uint64_t *)(void *)(message + row->offset) =
			    full ? row->max : 0;
		else if (row->kind == CODEC_BYTES || row->kind == CODEC_TEXT)
			*(struct span *)(void *)(message + row->offset) =
			    span_of(
				memcpy(calloc(1, sizeof text), text, 16), len);
	}
}

static void make_message(enum wire_type type, bool full, struct buf *stream)
{
	_Alignas(16) uint8_t message[MESSAGE_MAX] = {0};
	struct buf frame = {0};
	char name[32];

	fill(messages_table(type), full, message);
	CLAIM(wire_encode(type, message, 0, &frame) == 0);
	if (stream && full)
		CLAIM(buf_append_span(stream, buf_span(&frame)) == 0);
	snprintf(name, sizeof name, "%u-%s", type, full ? "full" : "least");
	keep_buf("message", name, &frame);
}

static void make_messages(void)
{
	const uint8_t store = WIRE_ROLE_STORE, keeper = WIRE_ROLE_KEEPER;
	const uint8_t who[] = {store + keeper * WIRE_ROLE_PARTNER, 0};
	struct buf stream = {0};
	int type;

	CLAIM(buf_append(&stream, who, sizeof who) == 0);
	for (type = 0; type < 256; type++) {
		if (!messages_table((enum wire_type)type))
			continue;
		make_message((enum wire_type)type, false, NULL);
		make_message((enum wire_type)type, true,
		    type >= WIRE_KEEPER_COMMIT && type <= WIRE_KEEPER_CHECKPOINT
			? &stream
			: NULL);
	}
	keep_buf("channel", "keeper", &stream);
}

/* A request with a descriptor, from a client. */
static void make_channel(void)
{
	const uint8_t who[] = {
	    WIRE_ROLE_CLIENT + WIRE_ROLE_STORE * WIRE_ROLE_PARTNER, 1};
	struct ctl_request request = {.op = CTL_CAPTURE};
	struct buf stream = {0};

	CLAIM(buf_append(&stream, who, sizeof who) == 0);
	CLAIM(wire_encode(WIRE_CTL_REQUEST, &request, 1, &stream) == 0);
	request.op = CTL_STATUS;
	CLAIM(wire_encode(WIRE_CTL_REQUEST, &request, 0, &stream) == 0);
	keep_buf("channel", "client", &stream);
}

static void make_keyrings(void)
{
	struct keyring_keys *keys = keyring_keys_new();
	struct keyring_cost cost = {
	    .ops = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
	    .memory = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE,
	};
	uint8_t image[KEYRING_BYTES], kek[KEYRING_KEK_BYTES];
	struct buf file = {0};

	keyring_keys_draw(keys, true);
	CLAIM(keyring_seal(keys, span_text("x"), cost, image) == 0);
	CLAIM(keyring_derive(image, span_text("x"), kek) == 0);
	CLAIM(buf_append(&file, kek, sizeof kek) == 0);
	CLAIM(buf_append(&file, image, sizeof image) == 0);
	keep("keyring", "opens", buf_span(&file));
	file.data[0] ^= 1;
	keep("keyring", "other_key", buf_span(&file));
	memset(file.data + 32 + 16, 0xff, 8);
	file.len--;
	keep_buf("keyring", "short", &file);
	keyring_keys_free(keys);
}

/* --- bags ------------------------------------------------------------------
 */

static const char folder_of_bag[] = "bag.seed";

/* One file after the other; what the target makes by itself is left out. */
static void put_bag(struct buf *out)
{
	enum bag_reason reason = BAG_GOOD;
	struct bag_files files = {.count = 0};
	char where[FILES_PATH_MAX] = "";
	const uint8_t regular = 0;
	struct buf bytes = {0};
	const char *path;
	size_t i;
	int dir;

	dir = open(folder_of_bag, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(files_walk(dir, &files, &reason, where) == 0);
	for (i = 0; i < files.count; i++) {
		path = files.items[i].path;
		if (!files_is_payload(path) &&
		    strcmp(path, "allowed_signers") != 0 &&
		    strcmp(path, FILES_TIMELINE) != 0)
			continue;
		bytes.len = 0;
		CLAIM(files_read(dir, path, 1 << 20, &bytes) == 0);
		CLAIM(buf_append(out, &regular, 1) == 0);
		parts_put(span_text(path), out);
		parts_put(buf_span(&bytes), out);
	}
	close(dir);
	files_free(&files);
	buf_free(&bytes);
}

static void put_content(const char *kind, const char *statement,
    const struct log_id *log, struct buf *out, struct digest *ret_fields)
{
	struct content_builder *builder;
	char origin[NOTE_ORIGIN_MAX] = "";
	struct author_id author;
	struct sign_key key;
	const char *why;

	parts_author(1, &key);
	sign_key_author(&key, &author);
	note_origin(&author, log, origin);
	CLAIM(content_builder_new(&builder) == 0);
	content_add_text(builder, "kind", span_text(kind), &why);
	content_add_text(
	    builder, "time", span_text("2026-01-02T03:04:05Z"), &why);
	content_add_text(builder, "after", span_text("none"), &why);
	content_add_text(builder, "origin", span_text(origin), &why);
	content_add_text(builder, "statement", span_text(statement), &why);
	CLAIM(content_finish(builder, out, ret_fields) == 0);
	content_builder_free(builder);
}

static void make_bag(const char *name, bool timeline)
{
	const uint8_t seed[32] = {1}, whole = 1;
	struct entry entry = {.content = {.payload = {{2}}, .size = 4128}};
	struct buf clear = {0}, bytes = {0}, proof_bytes = {0}, note = {0};
	struct proof proof = {.index = 0};
	uint8_t signature[64];
	struct bag_record record = {.signature = signature};
	struct bag_writer *writer;
	struct content content;
	struct digest leaf;

	parts_author(1, &record.author);
	sign_key_author(&record.author, &entry.author);
	put_content("testimony", "I saw it", &log_zero, &clear, &entry.fields);
	CLAIM(content_parse(buf_span(&clear), &content, NULL) == 0);
	CLAIM(entry_build(&entry, &bytes) == 0);
	CLAIM(sshsig_sign(seed, SSHSIG_NAMESPACE_ENTRY, buf_span(&bytes),
		  signature) == 0);
	CLAIM(merkle_leaf(buf_span(&bytes), &leaf) == 0);
	parts_note(1, &log_zero, 1, &leaf, &note);
	proof.checkpoint = buf_span(&note);
	CLAIM(proof_build(&proof, &proof_bytes) == 0);
	record.entry = buf_span(&bytes);
	record.proof = buf_span(&proof_bytes);
	record.content = &content;
	CLAIM(bag_writer_new(folder_of_bag, &writer) == 0);
	CLAIM(bag_writer_add(writer, &record) == 0);
	CLAIM(bag_writer_finish(writer, timeline) == 0);
	bag_writer_free(writer);
	content_free(&content);
	buf_free(&clear);
	buf_free(&bytes);
	buf_free(&proof_bytes);
	buf_free(&note);
	CLAIM(buf_append(&clear, &whole, 1) == 0);
	put_bag(&clear);
	keep_buf("bag", name, &clear);
	parts_clear(folder_of_bag);
}

static void make_bag_content(const char *name, uint8_t some)
{
	const uint8_t head[] = {some, 3, 0, 5, 1};
	const struct log_id log = {{6}};
	struct digest fields;
	struct buf file = {0}, clear = {0};

	CLAIM(buf_append(&file, head, sizeof head) == 0);
	put_content(
	    "testimony", "said \xe2\x80\xae so\nand so", &log, &clear, &fields);
	CLAIM(buf_append_span(&file, buf_span(&clear)) == 0);
	buf_free(&clear);
	keep_buf("bag_made", name, &file);
}

/* --- jobs of a worker ------------------------------------------------------
 */

/* ${which}: as in fuzz_job.c. */
static void make_job(const char *name, uint8_t which, uint8_t flags,
    enum wire_type type, const void *message, const char *const *files)
{
	struct buf input = {0}, body = {0};

	CLAIM(buf_append(&input, &which, 1) == 0);
	CLAIM(buf_append(&input, &flags, 1) == 0);
	CLAIM(wire_encode_body(type, message, &body) == 0);
	parts_put(buf_span(&body), &input);
	for (; *files; files++)
		parts_put(span_text(*files), &input);
	buf_free(&body);
	keep_buf("job", name, &input);
}

static void make_seal(void)
{
	static const char *const files[] = {
	    "{\"fields\":[[\"statement\",\"I saw it\"]],\"attachments\":"
	    "[{\"file\":\"a.jpg\",\"type\":\"image/jpeg\"}]}",
	    "a picture", "", NULL};
	char origin[NOTE_ORIGIN_MAX] = "";
	const struct author_id author = {{1}};
	const struct age_identity identity = {.key = {1}};
	struct wire_key32 veil = {{1}};
	struct age_recipient recipient;
	struct wire_audience audience = {.id = author};
	struct wire_work_seal seal = {.kind = span_text("testimony"),
	    .time = span_text("2026-01-02T03:04:05Z"),
	    .after = span_text("none")};

	note_origin(&author, &log_zero, origin);
	CLAIM(age_identity_recipient(&identity, &recipient) == 0);
	audience.recipients.items = &recipient;
	audience.recipients.count = 1;
	seal.audiences.items = &audience;
	seal.audiences.count = 1;
	seal.veil_keys.items = &veil;
	seal.veil_keys.count = 1;
	seal.origin = span_text(origin);
	make_job("seal", 0, 0, WIRE_WORK_SEAL, &seal, files);
}

static void make_bundle_jobs(void)
{
	static const char frames[] = "frames, of any kind";
	struct bundle_head head = {.from = {{1}}, .size = sizeof frames - 1};
	struct wire_work_bundle_open open = {.job = 1};
	struct wire_work_bundle_seal seal = {.size = sizeof frames - 1,
	    .tail = span_text("signature"),
	    .recipient = {{9}}};
	const char *in[] = {frames, "", NULL}, *out[] = {NULL, "", NULL};
	struct buf plain = {0};

	CLAIM(bundle_build_head(&head, &plain) == 0);
	seal.head = buf_span(&plain);
	make_job("bundle_seal", 6, 0, WIRE_WORK_BUNDLE_SEAL, &seal, in);
	CLAIM(buf_append_text(&plain, frames) == 0);
	CLAIM(buf_append(&plain, "signature", 10) == 0);
	out[0] = (const char *)plain.data;
	make_job("bundle_open", 7, 2, WIRE_WORK_BUNDLE_OPEN, &open, out);
	buf_free(&plain);
}

static void make_plain_jobs(void)
{
	const char *const file[] = {"an object", NULL};
	const char *const files[] = {"an object", "", NULL};
	const char *const none[] = {NULL};
	struct wire_work_hash hash = {.size = 9, .head = span_text("head")};
	struct wire_work_unveil unveil = {.size = 9};
	struct wire_verify_item item = {.entry = span_text("entry")};
	struct wire_work_verify verify = {.job = 1};

	parts_author(1, &item.key);
	verify.items.items = &item;
	verify.items.count = 1;
	make_job("hash", 4, 0, WIRE_WORK_HASH, &hash, file);
	make_job("unveil", 3, 0, WIRE_WORK_UNVEIL, &unveil, files);
	make_job("verify", 5, 0, WIRE_WORK_VERIFY, &verify, none);
}

/* A content made here, opened for something. */
static void make_opening(const char *name, uint8_t which, uint8_t flags)
{
	const uint8_t head[] = {which, 1, flags};
	struct buf input = {0}, clear = {0};
	struct digest fields;

	CLAIM(buf_append(&input, head, sizeof head) == 0);
	parts_put(span_text(flags & 4 ? "trial" : ""), &input);
	parts_put(span_text("[\"statement\",\"x\"]"), &input);
	put_content("testimony", "I saw it", &log_zero, &clear, &fields);
	parts_put(buf_span(&clear), &input);
	parts_put(span_text(""), &input);
	buf_free(&clear);
	keep_buf("job", name, &input);
}

/* --- words of a partner -----------------------------------------------------
 */

static void put_word(enum wire_type type, const void *message, struct buf *out)
{
	const uint8_t what = (uint8_t)(type - WIRE_SYNC_HELLO);
	struct buf body = {0};

	CLAIM(wire_encode_body(type, message, &body) == 0);
	CLAIM(buf_append(out, &what, 1) == 0);
	parts_put(buf_span(&body), out);
	buf_free(&body);
}

/* The record of the partner at place 0 of its log, whole. */
static void put_record(const struct log_id *log, struct buf *entry_bytes,
    struct buf *payload, struct buf *envelope, uint8_t signature[64])
{
	static const uint8_t key[AGE_FILE_KEY_BYTES] = "known to us here";
	const uint8_t seed[32] = {2};
	const struct age_identity identity = {.key = {3}};
	struct entry entry = {.log = *log};
	struct age_recipient recipient;
	struct buf clear = {0};
	struct sign_key author;

	parts_author(2, &author);
	sign_key_author(&author, &entry.author);
	put_content("testimony", "I saw it", log, &clear, &entry.fields);
	CLAIM(age_payload_seal(key, buf_span(&clear), payload) == 0);
	CLAIM(hash_sha256(buf_span(payload), &entry.content.payload) == 0);
	entry.content.size = payload->len;
	CLAIM(entry_build(&entry, entry_bytes) == 0);
	CLAIM(sshsig_sign(seed, SSHSIG_NAMESPACE_ENTRY, buf_span(entry_bytes),
		  signature) == 0);
	CLAIM(age_identity_recipient(&identity, &recipient) == 0);
	CLAIM(age_header_build(key, &recipient, 1, envelope) == 0);
	buf_free(&clear);
}

static void put_proven(const struct wire_sync_entries *entries,
    const struct wire_sync_item *item, struct buf *out)
{
	struct wire_sync_proven proven = {.author = entries->author,
	    .entry = item->entry,
	    .payload = item->payload,
	    .envelope = item->envelope};
	struct proof proof = {.checkpoint = entries->checkpoint};
	struct buf bytes = {0};

	CLAIM(proof_build(&proof, &bytes) == 0);
	proven.proof = buf_span(&bytes);
	memcpy(proven.signature.bytes, item->signature.data, 64);
	put_word(WIRE_SYNC_PROVEN, &proven, out);
	buf_free(&bytes);
}

/* ${carrier}: how the meeting came about; then an entry, what ends a turn, and
 * our answers. */
static void make_meeting(
    const char *name, uint8_t carrier, bool proven, bool forged)
{
	const uint8_t next[] = {9, 9, 9, 9, 9, 9};
	struct buf out = {0}, entry = {0}, payload = {0}, envelope = {0},
		   note = {0};
	uint8_t signature[64] = {0};
	struct wire_sync_item item = {.signature = span_of(signature, 64)};
	struct wire_sync_entries entries = {.log = {{9}}};
	struct wire_sync_frontier frontier = {.logs = {NULL, 0}};
	struct wire_sync_log log = {.log = {{9}}, .size = 1};
	struct wire_sync_summary summary = {.pending = 1};

	parts_author(2, &entries.author);
	put_record(&entries.log, &entry, &payload, &envelope, signature);
	item.entry = buf_span(&entry);
	item.payload = buf_span(&payload);
	item.envelope = buf_span(&envelope);
	CLAIM(merkle_leaf(item.entry, &item.leaf) == 0);
	parts_note(2, &entries.log, 1, &item.leaf, &note);
	if (forged)
		note.data[note.len - 20] ^= 1;
	entries.checkpoint = buf_span(&note);
	entries.items.items = &item;
	entries.items.count = 1;
	log.author = entries.author;
	log.root = item.leaf;
	log.checkpoint = entries.checkpoint;
	frontier.logs.items = &log;
	frontier.logs.count = 1;
	CLAIM(buf_append(&out, &carrier, 1) == 0);
	if (carrier == WIRE_CARRIER_DIALLED)
		put_word(WIRE_SYNC_SUMMARY, &summary, &out);
	if (proven)
		put_proven(&entries, &item, &out);
	else
		put_word(WIRE_SYNC_ENTRIES, &entries, &out);
	put_word(WIRE_SYNC_FRONTIER, &frontier, &out);
	CLAIM(buf_append(&out, next, sizeof next) == 0);
	keep_buf("sync", name, &out);
	buf_free(&entry);
	buf_free(&payload);
	buf_free(&envelope);
	buf_free(&note);
}

/* --- a partner's frames ------------------------------------------------------
 */

static void put_frame(
    enum wire_type type, const void *message, bool part, struct buf *out)
{
	struct buf frame = {0};

	CLAIM(wire_encode(type, message, 0, &frame) == 0);
	if (part)
		parts_put(buf_span(&frame), out);
	else
		CLAIM(buf_append_span(out, buf_span(&frame)) == 0);
	buf_free(&frame);
}

/* An attachment in two pieces, then what ends a turn, or all. */
static void make_turn(const char *name, uint8_t carrier, const char *answers)
{
	static const uint8_t bytes[300];
	const bool part = carrier < 2;
	struct wire_sync_hello hello = {.version = SYNC_VERSION};
	struct wire_sync_chunk chunk = {.data = span_of(bytes, 200)};
	struct wire_sync_frontier frontier = {.logs = {NULL, 0}};
	struct wire_sync_refused refused = {.code = WIRE_CODE_QUOTA};
	struct wire_empty nothing = {0};
	struct buf out = {0};

	CLAIM(buf_append(&out, &carrier, 1) == 0);
	parts_put(span_text(answers), &out);
	if (part)
		put_frame(WIRE_SYNC_HELLO, &hello, part, &out);
	put_frame(WIRE_SYNC_CHUNK, &chunk, part, &out);
	chunk.offset = 200;
	chunk.data.len = 100;
	put_frame(WIRE_SYNC_CHUNK, &chunk, part, &out);
	put_frame(WIRE_SYNC_FRONTIER, &frontier, part, &out);
	if (part) {
		put_frame(WIRE_SYNC_DONE, &nothing, part, &out);
		put_frame(WIRE_SYNC_REFUSED, &refused, part, &out);
	}
	keep_buf("turn", name, &out);
}

int main(int argc, char **argv)
{
	if (argc != 2 || sodium_init() < 0 || chdir(argv[1]) < 0)
		return 2;
	make_notes();
	make_proof("alone", 0, 0);
	make_proof("of_eight", 5, 3);
	make_leaves("one", 1, 1);
	make_leaves("seven", 7, 7);
	make_leaves("other_size", 7, 8);
	make_bundles();
	make_signers();
	make_payload("empty", 0, 0);
	make_payload("padded", padme_length(300), 300);
	make_payload("padded_wrongly", padme_length(300), 300);
	make_payload("chunk", AGE_CHUNK_BYTES, 60000);
	make_messages();
	make_channel();
	make_keyrings();
	make_bag("plain", false);
	make_bag("timeline", true);
	make_bag_content("all", 0);
	make_bag_content("some", 1);
	make_seal();
	make_bundle_jobs();
	make_plain_jobs();
	make_opening("read", 1, 0);
	make_opening("event", 1, 1);
	make_opening("export", 1, 1 | 2 | 4);
	make_opening("against", 1, 1 | 4 | 8 | 16);
	make_opening("rewrap", 8, 4);
	make_meeting("accepted", WIRE_CARRIER_ACCEPTED, false, false);
	make_meeting("dialled", WIRE_CARRIER_DIALLED, false, false);
	make_meeting("bundle", WIRE_CARRIER_READ, true, false);
	make_meeting("forged", WIRE_CARRIER_ACCEPTED, false, true);
	make_turn("accepted", 0, "\3");
	make_turn("dialled", 1, "\1\1\2");
	make_turn("sends", 1, "\4\4\4\1\2");
	make_turn("bundle", 2, "");
	make_turn("bundle_unwanted", 2, "\1");
	return 0;
}
