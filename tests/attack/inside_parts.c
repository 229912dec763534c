/*
 * What an attacker in the place of a courier or of a worker says, and what must
 * be as before when all is said (inside_courier.c, inside_worker.c,
 * inside_rules.c).
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/base/veil.h"
#include "proto/format/hash.h"
#include "tests/attack/inside_parts.h"

struct persona ally, second, stranger, nobody;
struct entry_id captured;
uint64_t session_number;

/* --- the courier's part -------------------------------------------------- */

void say_to_store(enum wire_type type, const void *message)
{
	assert_int_equal(
	    channel_send(inside.courier, type, message, NULL, 0), 0);
}

/* A word of a meeting, as if it had come over the network. */
void say_wrapped(enum wire_type type, const void *message)
{
	struct wire_session_message wrapped = {
	    .session = session_number, .type = type};
	struct buf body = {0};

	assert_int_equal(wire_encode_body(type, message, &body), 0);
	wrapped.body = buf_span(&body);
	say_to_store(WIRE_SESSION_MESSAGE, &wrapped);
	buf_free(&body);
}

void open_session(const struct author_id *partner)
{
	const struct wire_session_opened opened = {.session = ++session_number,
	    .partner = *partner,
	    .carrier = WIRE_CARRIER_ACCEPTED};

	say_to_store(WIRE_SESSION_OPENED, &opened);
}

void end_session(const struct author_id *partner)
{
	const struct wire_courier_ended ended = {
	    .partner = *partner,
	    .carrier = WIRE_CARRIER_ACCEPTED,
	    .session = session_number,
	    .code = WIRE_CODE_OK,
	};

	say_to_store(WIRE_COURIER_ENDED, &ended);
}

/* What the store says next of this session: all else is not looked at. */
enum wire_type hear_session(void)
{
	enum wire_type type;

	do
		type = hear(inside.courier);
	while (type == WIRE_COURIER_START);
	return type;
}

void expect_ack(void)
{
	struct wire_session_step step;

	hear_session();
	take(WIRE_SESSION_ACK, &step);
	assert_int_equal(step.session, session_number);
}

void expect_close(enum wire_code code)
{
	struct wire_session_step step;

	hear_session();
	take(WIRE_SESSION_CLOSE, &step);
	assert_int_equal(step.session, session_number);
	assert_int_equal(step.code, code);
}

void ask_next(void)
{
	const struct wire_session_step step = {.session = session_number};

	say_to_store(WIRE_SESSION_NEXT, &step);
}

static bool contains(struct span bytes, const char *text)
{
	return memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

static void look_at(const struct wire_sync_entries *entries, struct told *told)
{
	const struct wire_sync_item *item;
	struct entry_id id;
	size_t i;

	for (i = 0; i < entries->items.count; i++) {
		item = &entries->items.items[i];
		told->leaves += item->entry.len == 0;
		if (item->entry.len == 0)
			continue;
		told->entries++;
		assert_int_equal(entry_id_of(item->entry, &id), 0);
		if (memcmp(id.bytes, captured.bytes, sizeof id.bytes) == 0)
			assert_int_equal(
			    hash_sha256(item->envelope, &told->envelope), 0);
	}
}

static void look_into(
    const struct wire_session_message *message, struct told *told)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_sync_entries entries;
	struct wire_sync_frontier frontier;

	told->has_secret |= contains(message->body, SECRET);
	if (message->type == WIRE_SYNC_ENTRIES) {
		assert_int_equal(wire_decode(WIRE_SYNC_ENTRIES, message->body,
				     &arena, &entries),
		    0);
		look_at(&entries, told);
	} else if (message->type == WIRE_SYNC_FRONTIER) {
		assert_int_equal(wire_decode(WIRE_SYNC_FRONTIER, message->body,
				     &arena, &frontier),
		    0);
		told->wants = (unsigned)frontier.wants.count;
	}
	wire_arena_free(&arena);
}

/* Up to the end of the store's turn. */
void listen_to(struct told *told)
{
	struct wire_session_message message;

	memset(told, 0, sizeof *told);
	do {
		ask_next();
		assert_int_equal(hear_session(), WIRE_SESSION_MESSAGE);
		take(WIRE_SESSION_MESSAGE, &message);
		look_into(&message, told);
	} while (message.type != WIRE_SYNC_FRONTIER &&
		 message.type != WIRE_SYNC_DONE);
}

/* Meet as whoever it is, up to our turn. */
void meet_as(const struct persona *persona)
{
	struct wire_session_message message;

	open_session(&persona->id);
	ask_next();
	assert_int_equal(hear_session(), WIRE_SESSION_MESSAGE);
	take(WIRE_SESSION_MESSAGE, &message);
	assert_int_equal(message.type, WIRE_SYNC_SUMMARY);
}

void say_holds_nothing(void)
{
	const struct wire_sync_frontier frontier = {.logs = {.count = 0}};

	say_wrapped(WIRE_SYNC_FRONTIER, &frontier);
	expect_ack();
}

/* --- logs to bring ------------------------------------------------------- */

/* A log of one entry of ${author} for the node to read. */
struct forged *make_log(const struct persona *author, const char *name,
    enum lie lie, size_t attachment, struct forge *forge)
{
	const struct forge_order order = {
	    .fields = {"statement", name},
	    .to = &inside.card.readers[0],
	    .attachment = attachment,
	};
	struct forged *forged;

	forge_begin(forge, author, name);
	forged = forge_entry(forge, &order);
	if (lie == SIGNED_BY_ANOTHER)
		forge_sign(forged, &nobody);
	else if (lie == SIGNED_AMISS)
		forged->signature.bytes[63] ^= 1;
	else if (lie == SIGNED_BY_NOBODY)
		memset(forged->signature.bytes, 0, 64);
	forge_append(forge, forged);
	if (lie == NOT_IN_THE_LOG) {
		forged->entry.fields.bytes[0] ^= 1;
		forge_sign(forged, &nobody);
		forge->nodes[0][0] = forged->leaf;
	}
	return forged;
}

/* Bring it; what the store answers is left to hear. */
void bring(struct forge *forge, enum lie lie)
{
	struct forge_batch batch;

	forge_bring(forge, 0, 1, 1, &batch);
	if (lie == LOG_SIGNED_BY_ANOTHER) {
		buf_free(&batch.note);
		forge_note(forge, 1, &nobody, 0, &batch.note);
	} else if (lie == NOT_IN_THE_LOG) {
		/* What its author signed is the root of the true entry. */
		buf_free(&batch.note);
		forge_note(forge, 1, forge->author, 1, &batch.note);
	}
	batch.message.checkpoint = buf_span(&batch.note);
	say_wrapped(WIRE_SYNC_ENTRIES, &batch.message);
	forge_batch_free(&batch);
}

void name_of(const struct forged *forged, char ret_id[65])
{
	struct entry_id id;

	assert_int_equal(entry_id_of(buf_span(&forged->bytes), &id), 0);
	sodium_bin2hex(ret_id, 65, id.bytes, sizeof id.bytes);
}

static json_t *find_forged(const struct forged *forged)
{
	char id[65];

	name_of(forged, id);
	return find_record(id);
}

bool is_here(const struct forged *forged)
{
	json_t *record = find_forged(forged);
	bool is;

	is = record != NULL;
	json_decref(record);
	return is;
}

/* --- a worker's part ----------------------------------------------------- */

void answer_job(enum wire_type type, const void *message)
{
	assert_int_equal(
	    channel_send(inside.false_worker, type, message, NULL, 0), 0);
}

void say_verified(size_t count, uint8_t result)
{
	struct wire_work_verify job;
	struct wire_work_verified answer;
	uint8_t results[8];

	take(WIRE_WORK_VERIFY, &job);
	memset(results, result, sizeof results);
	answer.job = job.job;
	answer.results = span_of(results, count);
	answer_job(WIRE_WORK_VERIFIED, &answer);
}

/* --- attachments --------------------------------------------------------- */

void ask_for(const struct forged *forged)
{
	struct wire_session_part part = {
	    .session = session_number,
	    .object = forged->entry.attachments[0].payload,
	};

	say_to_store(WIRE_SESSION_WANT, &part);
}

int hear_file(struct wire_session_object *ret_object)
{
	int fd;

	hear_session();
	take(WIRE_SESSION_TAKE, ret_object);
	fd = wire_frame_take_fd(&inside.frame, 0);
	assert_true(fd >= 0);
	return fd;
}

/* The file to write an attachment to, as the store gives it to a courier. */
int take_file(
    const struct forged *forged, struct wire_session_object *ret_object)
{
	ask_for(forged);
	return hear_file(ret_object);
}

void say_stored(const struct wire_session_object *object, uint64_t to)
{
	const struct wire_session_part part = {
	    .session = session_number, .object = object->object, .offset = to};

	say_to_store(WIRE_SESSION_STORED, &part);
}

bool is_complete(const struct forged *forged)
{
	json_t *record = find_forged(forged);
	bool is;

	assert_non_null(record);
	is = json_is_true(json_object_get(record, "complete"));
	json_decref(record);
	return is;
}

void write_all(
    int fd, const struct forged *forged, const struct wire_session_object *to)
{
	struct buf veiled = {0};
	struct veil *veil;
	uint8_t *room;

	assert_int_equal(veil_new(to->veil_key.bytes, 0, &veil), 0);
	assert_int_equal(
	    buf_reserve(&veiled, forged->attachment.len, &room), 0);
	assert_int_equal(veil_apply(veil, forged->attachment.data,
			     forged->attachment.len, room),
	    0);
	assert_int_equal(pwrite(fd, room, forged->attachment.len, 0),
	    forged->attachment.len);
	veil_free(veil);
	buf_free(&veiled);
}

/* --- what stays as it was ------------------------------------------------ */

static char *before;
static unsigned files_before;

void remember_all(void)
{
	free(before);
	before = list_all();
	files_before = inside_files();
}

void expect_as_before(void)
{
	char *now = list_all();

	assert_string_equal(now, before);
	assert_int_equal(inside_files(), files_before);
	free(now);
}

bool store_lives(void)
{
	return waitpid(inside.store_pid, NULL, WNOHANG) == 0;
}

int parts_begin(void **state)
{
	const char *id;
	json_t *json;

	(void)state;
	if (sodium_init() < 0 || !getenv("EVIDENT") ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	alarm(280);
	persona_make("ally", &ally);
	persona_make("second", &second);
	persona_make("stranger", &stranger);
	persona_make("nobody", &nobody);
	inside_begin();
	add_partner(&ally, true);
	add_partner(&second, true);
	add_partner(&stranger, false);
	assert_int_equal(call_end(capture_begin("ally", SECRET), &json), 0);
	id = json_string_value(json_object_get(json, "id"));
	assert_non_null(id);
	assert_int_equal(
	    sodium_hex2bin(captured.bytes, 32, id, 64, NULL, NULL, NULL), 0);
	json_decref(json);
	assert_int_equal(call_end(capture_begin("second", SECRET), NULL), 0);
	return 0;
}

int parts_end(void **state)
{
	(void)state;
	free(before);
	inside_end();
	return 0;
}
