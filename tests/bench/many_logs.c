/*
 * A hub of many authors, made in a moment: many_logs HOME LOGS ENTRIES, with
 * the passphrase on standard input and no daemon running. Or a long log of its
 * own: many_logs HOME own ENTRIES.
 *
 * It opens the home's keyring and database as the daemon does, and adds logs of
 * authors that are drawn, sign one checkpoint each and are forgotten. Their
 * entries are leaves alone, as of records that are for somebody else: what is
 * measured with it is what the number of logs costs. Of the own log the node
 * signs the next checkpoint itself. For benchmarks; such a home is no one's.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper/keyring.h"
#include "daemon/store/database.h"
#include "daemon/store/log_tree.h"
#include "daemon/store/vfs.h"
#include "proto/format/note.h"
#include "proto/format/sshsig.h"

#define OWN_BATCH 50000 /* entries in a transaction */

/* The three lines that cover the log as it is, with the author's signature. */
static int sign_checkpoint(struct database *database, struct log_row *log,
    const uint8_t seed[32], struct buf *out)
{
	struct checkpoint checkpoint = {.size = log->size};
	uint8_t signature[64];
	struct buf text = {0};
	int r;

	note_origin(&log->author, &log->log, checkpoint.origin);
	r = log_tree_root(database, log->id, log->size, &checkpoint.root);
	if (r == 0)
		r = checkpoint_build(&checkpoint, &text);
	if (r == 0)
		r = note_sign(seed, buf_span(&text), signature);
	if (r == 0)
		r = note_begin(buf_span(&text), out);
	if (r == 0)
		r = note_add_signature(checkpoint.origin, NOTE_ALG_ED25519,
		    &log->key, span_of(signature, sizeof signature), out);
	buf_free(&text);
	return r;
}

static int add_leaves(
    struct database *database, struct log_row *log, uint64_t entries)
{
	struct digest leaf;
	uint64_t i;
	int r = 0;

	for (i = 0; r == 0 && i < entries; i++) {
		randombytes_buf(leaf.bytes, sizeof leaf.bytes);
		r = log_tree_append(database, log, &leaf);
	}
	return r;
}

static int add_log(struct database *database, uint64_t entries)
{
	uint8_t seed[32], secret[crypto_sign_SECRETKEYBYTES];
	struct log_row log = {.id = 0};
	struct buf note = {0};
	struct log_id name;
	struct sign_key key;
	int64_t id = 0;
	int r;

	randombytes_buf(seed, sizeof seed);
	randombytes_buf(name.bytes, sizeof name.bytes);
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	r = log_tree_add(database, &key, &name, false, 0, &id);
	if (r == 0)
		r = log_tree_load(database, id, &log);
	if (r == 0)
		r = add_leaves(database, &log, entries);
	if (r == 0)
		r = sign_checkpoint(database, &log, seed, &note);
	if (r == 0)
		r = log_tree_set_checkpoint(database, &log, buf_span(&note));
	log_row_free(&log);
	buf_free(&note);
	return r;
}

static int add_logs(uint64_t logs, uint64_t entries)
{
	struct database *database;
	uint64_t i;
	int r;

	r = database_open("evident.db", false, &database);
	if (r != 0)
		return r;
	r = database_begin(database);
	for (i = 0; r == 0 && i < logs; i++)
		r = add_log(database, entries);
	if (r == 0)
		r = database_commit(database);
	database_close(database);
	return r;
}

static int lengthen_own(uint64_t entries)
{
	struct log_row *logs = NULL;
	struct database *database;
	size_t i, count = 0;
	uint64_t part;
	int r;

	r = database_open("evident.db", false, &database);
	if (r != 0)
		return r;
	r = log_tree_all(database, &logs, &count);
	for (i = 0; i < count && !logs[i].own; i++)
		;
	if (r == 0 && i == count)
		r = DATABASE_E_NONE;
	for (; r == 0 && entries > 0; entries -= part) {
		part = entries < OWN_BATCH ? entries : OWN_BATCH;
		r = database_begin(database);
		if (r == 0)
			r = add_leaves(database, &logs[i], part);
		if (r == 0)
			r = database_commit(database);
	}
	for (i = 0; i < count; i++)
		log_row_free(&logs[i]);
	free(logs);
	database_close(database);
	return r;
}

static int read_keys(int home, struct vfs_keys *ret_keys)
{
	struct keyring_keys *keys = keyring_keys_new();
	uint8_t image[KEYRING_BYTES];
	char passphrase[512];
	int r = -1;

	if (keys && fgets(passphrase, sizeof passphrase, stdin)) {
		passphrase[strcspn(passphrase, "\n")] = 0;
		r = keyring_load(home, image);
	}
	if (r == 0)
		r = keyring_open(image, span_text(passphrase), keys);
	if (r == 0) {
		memcpy(ret_keys->key, keys->storage_key, sizeof ret_keys->key);
		memcpy(
		    ret_keys->file_id, keys->file_id, sizeof ret_keys->file_id);
	}
	keyring_keys_free(keys);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t logs = 0, entries;
	struct vfs_keys keys;
	bool own;
	int home, r;

	own = argc == 4 && strcmp(argv[2], "own") == 0;
	if (argc != 4 ||
	    (!own && decimal_decode(span_text(argv[2]), &logs) != 0) ||
	    decimal_decode(span_text(argv[3]), &entries) != 0) {
		fprintf(stderr, "usage: many_logs HOME LOGS|own ENTRIES\n");
		return 2;
	}
	home = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0 || sodium_init() < 0 || chdir(argv[1]) < 0)
		return 1;
	r = read_keys(home, &keys);
	if (r == 0)
		r = vfs_register(&keys);
	if (r == 0)
		r = own ? lengthen_own(entries) : add_logs(logs, entries);
	if (r != 0)
		fprintf(stderr, "many_logs: failed: %d\n", r);
	vfs_unregister();
	close(home);
	return r == 0 ? 0 : 1;
}
