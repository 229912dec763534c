/*
 * A real sealed database with its keys and objects in a directory of its own,
 * for the tests of the store's rooms. Included by them as text.
 */
#ifndef EVIDENT_TESTS_STORE_SCENE_H
#define EVIDENT_TESTS_STORE_SCENE_H

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/log_tree.h"
#include "daemon/store/partners.h"
#include "daemon/store/records.h"
#include "daemon/store/vfs.h"
#include "proto/format/sshsig.h"

static char scene_dir[64];
static int scene_home;
static struct records scene;
static const struct record_key scene_key = {{1, 2, 3}};

static int scene_open(bool create)
{
	struct vfs_keys keys = {.key = {1, 2, 3}, .file_id = {9}};
	int r;

	scene_home = open(".", O_RDONLY | O_DIRECTORY);
	r = vfs_register(&keys);
	if (r == 0)
		r = objects_begin(scene_home, &scene.objects);
	if (r == 0)
		r = record_keys_open(
		    scene_home, &scene_key, create, &scene.keys);
	if (r == 0)
		r = database_open("test.db", create, &scene.database);
	return r;
}

static void scene_close(void)
{
	database_close(scene.database);
	record_keys_close(scene.keys);
	close(scene.objects);
	close(scene_home);
	memset(&scene, 0, sizeof scene);
	vfs_unregister();
}

static int scene_begin(void **state)
{
	(void)state;
	snprintf(scene_dir, sizeof scene_dir, "/tmp/evident-store.XXXXXX");
	if (sodium_init() < 0 || !mkdtemp(scene_dir) || chdir(scene_dir) < 0)
		return -1;
	return scene_open(true);
}

static int scene_end(void **state)
{
	char command[128];

	(void)state;
	if (scene.objects > 0)
		scene_close();
	snprintf(command, sizeof command, "rm -rf %s", scene_dir);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static inline void scene_run(const char *sql)
{
	assert_int_equal(
	    sqlite3_exec(scene.database->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A signed card; ${who} makes the author, ${reader} a reader's key. */
static inline void scene_card(const char *name, uint8_t who, uint8_t reader,
    uint64_t serial, const struct author_id *organisation_or_null,
    struct card *ret_card, struct buf *out)
{
	uint8_t seed[32] = {who}, secret[64], signature[64];
	struct age_identity identity = {{reader}};
	struct buf text = {0};

	memset(ret_card, 0, sizeof *ret_card);
	ret_card->has_organisation = organisation_or_null;
	if (organisation_or_null)
		ret_card->organisation = *organisation_or_null;
	snprintf(ret_card->name, sizeof ret_card->name, "%s", name);
	ret_card->serial = serial;
	crypto_sign_seed_keypair(ret_card->author.bytes, secret, seed);
	seed[1] = 1;
	crypto_sign_seed_keypair(ret_card->transport.bytes, secret, seed);
	age_identity_recipient(&identity, &ret_card->readers[0]);
	ret_card->reader_count = 1;
	identity.key[0] = 77;
	age_identity_recipient(&identity, &ret_card->bundle);
	seed[1] = 0;
	assert_int_equal(card_build(ret_card, &text), 0);
	sshsig_sign(seed, SSHSIG_NAMESPACE_CARD, buf_span(&text), signature);
	assert_int_equal(card_seal(ret_card, signature, out), 0);
	buf_free(&text);
}

/* Of a record: long enough, and nobody's. */
#define SCENE_SIGNATURE \
	span_of("0123456789012345678901234567890123456789" \
		"012345678901234567890123", \
	    64)

#define SCENE(name) \
	cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

#endif
