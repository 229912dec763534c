/*
 * No memory, at the n-th allocation of each decoder, for every n: the answer is
 * the right one or -ENOMEM, never another one (a bag of which a court would be
 * told that it does not hold), and nothing stays behind.
 *
 * malloc() and its kin are ours here, for all libraries that this program has.
 * What a library keeps for good is there before any n is tried.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/card.h"
#include "proto/format/content.h"
#include "proto/format/content_json.h"
#include "proto/format/enrolment.h"
#include "proto/format/note.h"
#include "proto/format/proof.h"
#include "proto/wire/messages.h"

#define ALLOCATIONS_MAX 100000

static uint64_t counted, fail_at; /* fail_at 0: none fails */
static int64_t live;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *memory);

static void *note(void *memory)
{
	live += memory != NULL;
	return memory;
}

static bool fails(void)
{
	return ++counted == fail_at;
}

void *malloc(size_t size)
{
	return fails() ? NULL : note(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : note(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	void *memory;

	if (fails())
		return NULL;
	memory = __libc_realloc(old, size);
	live += !old && memory;
	return memory;
}

void free(void *memory)
{
	live -= memory != NULL;
	__libc_free(memory);
}

static struct span load(const char *name, struct buf *out)
{
	char path[4096];
	uint8_t bytes[65536];
	size_t len;
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s",
	    getenv("EVIDENT_SOURCE"), name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	assert_int_equal(buf_append(out, bytes, len), 0);
	return buf_span(out);
}

typedef int (*decode_cb)(struct span bytes);

/* Every n until none is reached: 0 or -ENOMEM, and nothing stays. */
static void try_all(const char *name, struct span bytes, decode_cb decode)
{
	const int right = (fail_at = 0, decode(bytes));
	uint64_t n, refused = 0;
	int64_t before;
	int r = -ENOMEM;

	for (n = 1; n < ALLOCATIONS_MAX; n++) {
		before = live;
		counted = 0;
		fail_at = n;
		r = decode(bytes);
		fail_at = 0;
		if (r != right && r >= 0)
			fail_msg("%s: allocation %llu fails: %d, not %d", name,
			    (unsigned long long)n, r, right);
		if (live != before)
			fail_msg("%s: allocation %llu fails: %lld stay", name,
			    (unsigned long long)n, (long long)(live - before));
		refused += r < 0;
		if (counted < n)
			break;
	}
	assert_int_equal(r, right);
	assert_true(n < ALLOCATIONS_MAX);
	print_message("# %s: %llu allocations, %llu of them needed\n", name,
	    (unsigned long long)n - 1, (unsigned long long)refused);
}

/* A first pass makes what libraries keep: of their errors, too. */
static void try_twice(const char *name, struct span bytes, decode_cb decode)
{
	uint64_t n;

	for (n = 1; n == 1 || counted >= n - 1; n++) {
		counted = 0;
		fail_at = n;
		decode(bytes);
		fail_at = 0;
	}
	try_all(name, bytes, decode);
}

static void try_file(const char *name, decode_cb decode)
{
	struct buf file = {0};

	try_twice(name, load(name, &file), decode);
	buf_free(&file);
}

/* --- formats ------------------------------------------------------------- */

static int decode_content(struct span bytes)
{
	struct content content;
	const char *why;
	int r;

	r = content_parse(bytes, &content, &why);
	if (r == 0)
		content_free(&content);
	return r;
}

static void make_content(struct buf *out)
{
	static const char hash[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char origin[NOTE_ORIGIN_MAX];
	struct content_builder *builder;
	struct digest fields;
	const char *why;

	snprintf(origin, sizeof origin, "evident/log/%s/%s", hash, hash);
	assert_int_equal(content_builder_new(&builder), 0);
	assert_int_equal(
	    content_add_text(builder, "kind", span_text("testimony"), &why), 0);
	assert_int_equal(content_add_text(builder, "time",
			     span_text("2026-01-02T03:04:05Z"), &why),
	    0);
	assert_int_equal(
	    content_add_text(builder, "after", span_text(hash), &why), 0);
	assert_int_equal(
	    content_add_text(builder, "origin", span_text(origin), &why), 0);
	assert_int_equal(
	    content_add(builder, "statement",
		span_text("[{\"a\":[1,\"two\"]},\"spoken \\u00e9\"]"), &why),
	    0);
	assert_int_equal(content_finish(builder, out, &fields), 0);
	content_builder_free(builder);
}

static void content_is_right_or_not_there(void **state)
{
	struct buf bytes = {0};

	(void)state;
	make_content(&bytes);
	assert_int_equal(decode_content(buf_span(&bytes)), 0);
	try_twice("content", buf_span(&bytes), decode_content);
	buf_free(&bytes);
}

static int decode_digests(struct span bytes)
{
	struct buf raw = {0};
	struct digest fields;
	int r;

	r = content_parse_digest_list(bytes, &raw, &fields);
	buf_free(&raw);
	return r;
}

static void a_digest_list_is_right_or_not_there(void **state)
{
	struct buf file = {0}, list = {0};
	struct content content;
	const char *why;

	(void)state;
	make_content(&file);
	assert_int_equal(content_parse(buf_span(&file), &content, &why), 0);
	assert_int_equal(content_digest_list(&content, &list), 0);
	try_twice("digest list", buf_span(&list), decode_digests);
	content_free(&content);
	buf_free(&list);
	buf_free(&file);
}

static int decode_card(struct span bytes)
{
	const char *why;
	struct card card;

	return card_parse(bytes, &card, &why);
}

static int decode_enrolment(struct span bytes)
{
	struct span first, rest;
	struct enrolment enrolment;
	const char *why;
	int r;

	enrolment_split(bytes, &first, &rest);
	r = decode_card(first);
	return r == 0 ? enrolment_parse(rest, &enrolment, &why) : r;
}

static void a_card_is_right_or_not_there(void **state)
{
	(void)state;
	try_file("card/card", decode_card);
	try_file("enrolment/enrolled", decode_enrolment);
}

static int compare_keys(struct span bytes)
{
	struct card card, other;
	int r;

	r = card_parse(bytes, &card, NULL);
	if (r != 0)
		return r;
	other = card;
	other.serial++;
	return card_keys_differ(&card, &other);
}

static void keys_differ_or_not_or_are_not_compared(void **state)
{
	(void)state;
	try_file("card/card", compare_keys);
}

/* As the store makes an answer: nobody looks at each member that is put, and
 * another text is read and written in between. */
static int answer_json(struct span bytes)
{
	const uint64_t before = content_json_lacks();
	json_t *list = json_array(), *json = json_object(), *other = NULL;
	struct buf text = {0}, again = {0};
	int r;

	json_array_append_new(list, json_string("name"));
	json_object_set_new(json, "state", json_string("withdrawn"));
	json_object_set_new(json, "to", list);
	r = content_json_read(span_text("{\"a\":1}"), 0, &other);
	if (r == 0)
		r = content_json_dump(other, &again);
	if (r == 0)
		r = content_json_dump(json, &text);
	if (content_json_lacks() != before)
		r = -ENOMEM;
	if (r == 0)
		r = span_equal(buf_span(&text), bytes) ? 0 : 1;
	json_decref(other);
	json_decref(json);
	buf_free(&again);
	buf_free(&text);
	return r;
}

static void an_answer_is_whole_or_not_there(void **state)
{
	const struct span whole =
	    span_text("{\"state\":\"withdrawn\",\"to\":[\"name\"]}");

	(void)state;
	assert_int_equal(answer_json(whole), 0);
	try_twice("answer", whole, answer_json);
}

static int decode_entry(struct span bytes)
{
	static struct entry entry;
	struct entry_id id;
	int r;

	r = entry_parse(bytes, &entry, NULL);
	return r == 0 ? entry_id_of(bytes, &id) : r;
}

static void an_entry_is_right_or_not_there(void **state)
{
	(void)state;
	try_file("entry/attachments", decode_entry);
	try_file("entry/withdrawals", decode_entry);
}

static int decode_note(struct span bytes)
{
	struct checkpoint checkpoint;
	struct note note;
	int r;

	r = note_parse(bytes, &note);
	if (r != 0)
		return r;
	r = checkpoint_parse(note.text, &checkpoint);
	note_free(&note);
	return r;
}

static const char note_text[] =
    "evident.example/log\n1\n"
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
    "\xe2\x80\x94 evident.example/log "
    "AAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n";

static int decode_proof(struct span bytes)
{
	struct proof proof;

	return proof_parse(bytes, &proof);
}

static void a_note_is_right_or_not_there(void **state)
{
	struct buf proof = {0};

	(void)state;
	try_twice("note", span_text(note_text), decode_note);
	assert_int_equal(
	    buf_printf(
		&proof, "c2sp.org/tlog-proof@v1\nindex 0\n\n%s", note_text),
	    0);
	try_twice("proof", buf_span(&proof), decode_proof);
	buf_free(&proof);
}

/* --- messages ------------------------------------------------------------ */

static enum wire_type type;

static int decode_message(struct span bytes)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	union {
		struct ctl_request request;
		struct wire_sync_entries entries;
		struct wire_sync_frontier frontier;
		struct wire_work_seal seal;
	} message;
	int r;

	r = wire_decode(type, bytes, &arena, &message);
	wire_arena_free(&arena);
	return r;
}

static void try_message(
    const char *name, enum wire_type of, const void *message)
{
	struct buf body = {0};

	assert_int_equal(wire_encode_body(of, message, &body), 0);
	type = of;
	assert_int_equal(decode_message(buf_span(&body)), 0);
	try_twice(name, buf_span(&body), decode_message);
	buf_free(&body);
}

static void a_message_is_right_or_not_there(void **state)
{
	static uint8_t bytes[300];
	struct span names[3] = {
	    span_text("one"), span_text("two"), span_text("three")};
	struct wire_sync_item items[20] = {{.payload = {0}}};
	struct wire_sync_want wants[10] = {{.offset = 1}};
	struct digest consistency[5] = {{{0}}};
	const struct ctl_request request = {.op = CTL_CAPTURE,
	    .names = {.items = names, .count = 3},
	    .text = span_text("label")};
	const struct wire_sync_entries entries = {
	    .items = {.items = items, .count = 20},
	    .consistency = {.items = consistency, .count = 5},
	    .checkpoint = span_text(note_text)};
	const struct wire_sync_frontier frontier = {
	    .wants = {.items = wants, .count = 10}};
	size_t i;

	(void)state;
	for (i = 0; i < 20; i += 2) {
		items[i].entry = span_of(bytes, 300);
		items[i].signature = span_of(bytes, 64);
		items[i].payload = span_of(bytes, 300);
		items[i].envelope = span_of(bytes, 200);
	}
	try_message("request", WIRE_CTL_REQUEST, &request);
	try_message("entries", WIRE_SYNC_ENTRIES, &entries);
	try_message("frontier", WIRE_SYNC_FRONTIER, &frontier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(content_is_right_or_not_there),
	    cmocka_unit_test(a_digest_list_is_right_or_not_there),
	    cmocka_unit_test(a_card_is_right_or_not_there),
	    cmocka_unit_test(keys_differ_or_not_or_are_not_compared),
	    cmocka_unit_test(an_answer_is_whole_or_not_there),
	    cmocka_unit_test(an_entry_is_right_or_not_there),
	    cmocka_unit_test(a_note_is_right_or_not_there),
	    cmocka_unit_test(a_message_is_right_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
