/*
 * A keeper of its own for each test: a real process, sandboxed, in a fresh
 * home, with the test at the other end of all its channels. Included by the
 * tests that need it, so that each stays one program of one file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/unit/keeper_scene.h"
#include "tests/unit/service_scene.h"

struct scene scene;

struct channel *introduce(enum wire_role role)
{
	return introduce_peer(scene.supervisor, WIRE_ROLE_KEEPER, role, role);
}

void expect_state(enum sup_state wanted)
{
	struct wire_sup_state state;
	struct wire_frame frame;

	assert_int_equal(channel_receive(scene.supervisor, &frame), 0);
	assert_int_equal(frame.type, WIRE_SUP_STATE);
	assert_int_equal(wire_decode(WIRE_SUP_STATE, buf_span(&frame.body),
			     &scene.arena, &state),
	    0);
	wire_frame_free(&frame);
	assert_int_equal(state.state, wanted);
}

void start_keeper(void)
{
	const struct wire_sup_start start = {.workers = 1};

	scene.pid =
	    start_service(keeper_main, WIRE_ROLE_KEEPER, &scene.supervisor);
	assert_int_equal(channel_send(scene.supervisor, WIRE_SUP_START, &start,
			     &scene.home, 1),
	    0);
	scene.store = introduce(WIRE_ROLE_STORE);
	scene.worker = introduce(WIRE_ROLE_WORKER);
	expect_state(SUP_STATE_READY);
}

/* How it ended, when all its channels are gone. */
int wait_keeper(void)
{
	int status = -1;

	channel_freep(&scene.supervisor);
	channel_freep(&scene.store);
	channel_freep(&scene.worker);
	assert_int_equal(waitpid(scene.pid, &status, 0), scene.pid);
	scene.pid = 0;
	return status;
}

int make_scene(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof scene);
	scene.arena.budget = WIRE_ARENA_BUDGET;
	memcpy(scene.path, "/tmp/test-keeper-XXXXXX", 24);
	if (sodium_init() < 0 || !mkdtemp(scene.path))
		return -1;
	scene.home = open(scene.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return scene.home < 0 ? -1 : 0;
}

int end_scene(void **state)
{
	(void)state;
	if (scene.pid > 0)
		wait_keeper();
	wire_arena_free(&scene.arena);
	unlinkat(scene.home, "keyring", 0);
	unlinkat(scene.home, "keyring.new", 0);
	close(scene.home);
	return rmdir(scene.path);
}

/* A cheap keyring, so that a test need not take seconds. */
void place_keyring(struct keyring_keys *ret_keys)
{
	const struct keyring_cost cheap = {
	    crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
	    crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE};
	struct keyring_keys *keys = keyring_keys_new();
	uint8_t image[KEYRING_BYTES];

	assert_non_null(keys);
	keyring_keys_draw(keys, true);
	assert_int_equal(
	    keyring_seal(keys, span_text(PASSPHRASE), cheap, image), 0);
	assert_int_equal(keyring_store_new(scene.home, image), 0);
	assert_int_equal(keyring_commit_new(scene.home), 0);
	if (ret_keys)
		*ret_keys = *keys;
	keyring_keys_free(keys);
}

/* Ask; 0 or the code of a WIRE_FAILED. */
static int ask(struct channel *channel, enum wire_type type,
    const void *message, enum wire_type answer, void *ret_answer)
{
	enum wire_code code = WIRE_CODE_OK;
	int r;

	r = channel_call(channel, type, message, NULL, 0, answer, &scene.arena,
	    ret_answer, &code);
	if (r == CHANNEL_E_REFUSED)
		return (int)code;
	assert_int_equal(r, 0);
	return 0;
}

static int ask_store(enum wire_type type, const void *message,
    enum wire_type answer, void *ret_answer)
{
	return ask(scene.store, type, message, answer, ret_answer);
}

/* CREATE or UNLOCK with a passphrase through a pipe. */
static int ask_keys(enum wire_type type, const void *message,
    const char *passphrase, struct wire_keeper_keys *ret_keys)
{
	enum wire_code code = WIRE_CODE_OK;
	int fds[2], r;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(
	    write(fds[1], passphrase, strlen(passphrase)), strlen(passphrase));
	close(fds[1]);
	r = channel_call(scene.store, type, message, fds, 1, WIRE_KEEPER_KEYS,
	    &scene.arena, ret_keys, &code);
	close(fds[0]);
	if (r == CHANNEL_E_REFUSED)
		return (int)code;
	assert_int_equal(r, 0);
	scene.log = ret_keys->log;
	return 0;
}

int ask_unlock(const char *passphrase, struct wire_keeper_keys *ret_keys)
{
	const struct wire_empty unlock = {0};

	return ask_keys(WIRE_KEEPER_UNLOCK, &unlock, passphrase, ret_keys);
}

int ask_create(uint64_t with_reader, struct wire_keeper_keys *ret_keys)
{
	const struct wire_keeper_create create = {.with_reader = with_reader};

	return ask_keys(WIRE_KEEPER_CREATE, &create, PASSPHRASE, ret_keys);
}

static int ask_empty(enum wire_type type, enum wire_type answer)
{
	const struct wire_empty empty = {0};
	union {
		struct wire_keeper_keys keys;
		struct wire_empty empty;
	} unused;

	return ask_store(type, &empty, answer, &unused);
}

int ask_resume(void)
{
	return ask_empty(WIRE_KEEPER_RESUME, WIRE_KEEPER_KEYS);
}

int ask_commit(void)
{
	return ask_empty(WIRE_KEEPER_COMMIT, WIRE_KEEPER_DONE);
}

int ask_durable(uint64_t size, uint64_t idle_seconds)
{
	const struct wire_keeper_durable durable = {
	    .size = size,
	    .idle_seconds = idle_seconds,
	    .present = 1,
	    .log = scene.log,
	};
	struct wire_empty done;

	return ask_store(
	    WIRE_KEEPER_DURABLE, &durable, WIRE_KEEPER_DONE, &done);
}

int ask_open_log(struct log_id *ret_log)
{
	const struct wire_empty nothing = {0};
	struct wire_keeper_log answer;
	int r;

	r = ask_store(WIRE_KEEPER_OPEN_LOG, &nothing, WIRE_KEEPER_LOG, &answer);
	if (r == 0)
		*ret_log = answer.log;
	return r;
}

struct wire_keeper_item some_item(uint8_t mark)
{
	struct wire_keeper_item item = {0};

	item.content.size = age_payload_size(4096);
	memset(item.content.payload.bytes, mark, 32);
	memset(item.fields.bytes, mark, 32);
	return item;
}

int ask_sign(
    uint64_t first, size_t count, struct wire_keeper_signed *ret_signed)
{
	struct wire_keeper_item items[8];
	const struct wire_keeper_sign sign = {
	    .first = first, .items = {items, count}};
	size_t i;

	for (i = 0; i < count; i++)
		items[i] = some_item((uint8_t)(i + 1));
	return ask_store(
	    WIRE_KEEPER_SIGN, &sign, WIRE_KEEPER_SIGNED, ret_signed);
}

int ask_sign_item(const struct wire_keeper_item *item)
{
	struct wire_keeper_item copy = *item;
	const struct wire_keeper_sign sign = {.first = 0, .items = {&copy, 1}};
	struct wire_keeper_signed unused;

	return ask_store(WIRE_KEEPER_SIGN, &sign, WIRE_KEEPER_SIGNED, &unused);
}

int ask_checkpoint(
    uint64_t size, uint8_t mark, struct wire_keeper_note *ret_note)
{
	struct wire_keeper_checkpoint checkpoint = {.size = size};

	memset(checkpoint.root.bytes, mark, 32);
	return ask_store(
	    WIRE_KEEPER_CHECKPOINT, &checkpoint, WIRE_KEEPER_NOTE, ret_note);
}

int ask_cosign(struct span text, struct wire_keeper_note *ret_note)
{
	const struct wire_keeper_cosign cosign = {.text = text};

	return ask_store(
	    WIRE_KEEPER_COSIGN, &cosign, WIRE_KEEPER_NOTE, ret_note);
}

int ask_card(const char *name, struct age_recipient *readers,
    size_t reader_count, struct wire_keeper_note *ret_note)
{
	struct span addresses[] = {
	    span_text("hub.example:7000"), span_text("[2001:db8::1]:7000")};
	const struct wire_keeper_card card = {
	    .name = span_text(name),
	    .serial = 3,
	    .readers = {readers, reader_count},
	    .addresses = {addresses, 2},
	};

	return ask_store(WIRE_KEEPER_CARD, &card, WIRE_KEEPER_NOTE, ret_note);
}

int ask_unwrap(struct age_stanza *stanzas, size_t count,
    struct wire_keeper_file_key *ret_key)
{
	const struct wire_keeper_unwrap unwrap = {.stanzas = {stanzas, count}};

	return ask(scene.worker, WIRE_KEEPER_UNWRAP, &unwrap,
	    WIRE_KEEPER_FILE_KEY, ret_key);
}

/* A running keeper, unlocked, whose log has ${durable} entries on disk. */
void start_unlocked(uint64_t durable, struct wire_keeper_keys *ret_keys)
{
	place_keyring(NULL);
	start_keeper();
	assert_int_equal(ask_unlock(PASSPHRASE, ret_keys), 0);
	assert_int_equal(ask_durable(durable, 0), 0);
}
