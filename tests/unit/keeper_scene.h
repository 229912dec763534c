/*
 * A keeper in a home, and the test in the place of all its peers.
 */
#ifndef EVIDENT_TESTS_KEEPER_SCENE_H
#define EVIDENT_TESTS_KEEPER_SCENE_H

#include <sys/types.h>

#include "daemon/base/service.h"
#include "daemon/keeper/keyring.h"

#define PASSPHRASE "correct horse"

struct scene {
	char path[32];
	int home;
	pid_t pid;
	struct channel *supervisor, *store, *worker;
	struct wire_arena arena;
	struct log_id log; /* that the store says it writes */
};
extern struct scene scene;

/* Each ask_*() answers 0 or the code of a WIRE_FAILED. */
struct channel *introduce(enum wire_role role);
void expect_state(enum sup_state wanted);
void start_keeper(void);
int wait_keeper(void);
int make_scene(void **state);
int end_scene(void **state);
void place_keyring(struct keyring_keys *ret_keys);
int ask_unlock(const char *passphrase, struct wire_keeper_keys *ret_keys);
int ask_create(uint64_t with_reader, struct wire_keeper_keys *ret_keys);
int ask_resume(void);
int ask_commit(void);
int ask_durable(uint64_t size, uint64_t idle_seconds);
int ask_open_log(struct log_id *ret_log);
struct wire_keeper_item some_item(uint8_t mark);
int ask_sign(
    uint64_t first, size_t count, struct wire_keeper_signed *ret_signed);
int ask_sign_item(const struct wire_keeper_item *item);
int ask_checkpoint(
    uint64_t size, uint8_t mark, struct wire_keeper_note *ret_note);
int ask_cosign(struct span text, struct wire_keeper_note *ret_note);
int ask_card(const char *name, struct age_recipient *readers,
    size_t reader_count, struct wire_keeper_note *ret_note);
int ask_unwrap(struct age_stanza *stanzas, size_t count,
    struct wire_keeper_file_key *ret_key);
void start_unlocked(uint64_t durable, struct wire_keeper_keys *ret_keys);

#define KEEPER_TEST(f) cmocka_unit_test_setup_teardown(f, make_scene, end_scene)

#endif
