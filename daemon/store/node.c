/*
 * Opening and closing a node's store.
 *
 * The order of a first start: the keeper makes a keyring that is not yet in
 * force, the store makes its files with the keys it is lent, and only when they
 * are on disk does the keeper put the keyring in its place. So a home has
 * either everything or no keyring, and what an interrupted start left is
 * cleared away by the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/config.h"
#include "daemon/base/log.h"
#include "daemon/store/auto_sync.h"
#include "daemon/store/own_log.h"
#include "daemon/store/sync.h"
#include "daemon/store/vfs.h"
#include "daemon/store/withdraw.h"
#include "proto/format/hash.h"
#include "proto/format/sshsig.h"

#define DATABASE_NAME "evident.db"

bool node_exists(struct store *store)
{
	/* What cannot be looked at is not taken for absent. */
	return faccessat(store->service.home_fd, "keyring", F_OK, 0) == 0 ||
	       errno != ENOENT;
}

static bool is_known_leftover(const char *name)
{
	static const char *const known[] = {".", "..", "lock", "control",
	    "keyring.new", DATABASE_NAME, DATABASE_NAME ".new",
	    DATABASE_NAME "-wal", DATABASE_NAME ".new-wal", "keys.0",
	    "keys.wrap", "keys.wrap.new", "objects", CONFIG_NAME};
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

/* An init that was interrupted has sealed no record. Without its keyring
 * nothing opens what is here, but that may have been put aside. */
static bool holds_keys(struct store *store, const char *name)
{
	struct stat st;

	return strcmp(name, "keys.0") == 0 &&
	       (fstatat(store->service.home_fd, name, &st,
		    AT_SYMLINK_NOFOLLOW) < 0 ||
		   st.st_size > 0);
}

/* Only what an interrupted init left may be there; files of ours go. */
static bool walk_leftovers(struct store *store, bool remove)
{
	int fd = openat(
	    store->service.home_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;
	bool clean = list;

	while (clean) {
		errno = 0;
		item = readdir(list);
		if (!item) {
			clean = errno == 0; /* what was not seen may be ours */
			break;
		}
		if (!is_known_leftover(item->d_name) ||
		    holds_keys(store, item->d_name))
			clean = false;
		else if (remove && item->d_name[0] != '.' &&
			 strcmp(item->d_name, "lock") != 0 &&
			 strcmp(item->d_name, CONFIG_NAME) != 0 &&
			 strcmp(item->d_name, "control") != 0)
			unlinkat(store->service.home_fd, item->d_name, 0);
	}
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	return clean;
}

/* Nothing goes before all is known to be ours to remove. */
static bool clear_leftovers(struct store *store)
{
	return walk_leftovers(store, false) && walk_leftovers(store, true);
}

static enum wire_code code_of(int result)
{
	switch (result) {
	case 0:
		return WIRE_CODE_OK;
	case DATABASE_E_DAMAGED:
	case FORMAT_E_MISMATCH:
	case -EIO:
		return WIRE_CODE_CORRUPT;
	case -ENOSPC:
		return WIRE_CODE_NO_SPACE;
	case DATABASE_E_NEWER:
		return WIRE_CODE_REFUSED;
	default:
		return WIRE_CODE_FAILED;
	}
}

/* Open database, record keys and objects with the storage key. */
static int open_files(
    struct store *store, const struct wire_keeper_keys *keys, bool create)
{
	struct vfs_keys vfs;
	struct record_key storage;
	int r;

	memcpy(vfs.key, keys->storage_key.bytes, sizeof vfs.key);
	memcpy(vfs.file_id, keys->file_id.bytes, sizeof vfs.file_id);
	memcpy(storage.bytes, keys->storage_key.bytes, sizeof storage.bytes);
	r = vfs_register(&vfs);
	explicit_bzero(&vfs, sizeof vfs);
	if (r == 0)
		r = objects_begin(
		    store->service.home_fd, &store->records.objects);
	if (r == 0)
		r = record_keys_open(store->service.home_fd, &storage, create,
		    &store->records.keys);
	seal_wipe(&storage);
	if (r == 0)
		r = database_open(DATABASE_NAME, create, &store->database);
	store->records.database = store->database;
	return r;
}

static void close_files(struct store *store)
{
	log_row_free(&store->log);
	memset(&store->log, 0, sizeof store->log);
	database_close(store->database);
	record_keys_close(store->records.keys);
	if (store->records.objects > 0)
		close(store->records.objects);
	memset(&store->records, 0, sizeof store->records);
	store->database = NULL;
	vfs_unregister();
}

static void take_public_keys(
    struct store *store, const struct wire_keeper_keys *keys)
{
	store->author_key = keys->author;
	store->transport_key = keys->transport;
	store->bundle = keys->bundle;
	store->reader_count = keys->readers.count;
	store->machine_key = keys->flags & 1;
	if (store->reader_count > 0)
		memcpy(store->readers, keys->readers.items,
		    store->reader_count * sizeof *keys->readers.items);
	sign_key_author(&keys->author, &store->author);
}

static int put_setting(struct store *store, const char *name, struct span value)
{
	return database_put(store->database, name, value);
}

static int fill_new(struct store *store, const struct node_init *init,
    const struct wire_keeper_keys *keys)
{
	int64_t id;
	int r;

	r = database_begin(store->database);
	if (r == 0)
		r = put_setting(store, "name", init->name);
	if (r == 0)
		r = put_setting(store, "listen", init->listen);
	if (r == 0)
		r = put_setting(store, "address", init->address);
	if (r == 0)
		r = put_setting(store, "serial", span_of("1", 1));
	if (r == 0)
		r = log_tree_add(
		    store->database, &keys->author, &keys->log, true, 0, &id);
	if (r == 0)
		r = database_commit(store->database);
	return r < 0 ? database_rollback(store->database, r) : r;
}

static enum wire_code ask_keys(struct store *store, enum wire_type question,
    const void *message, int fd, struct wire_arena *arena,
    struct wire_keeper_keys *ret_keys)
{
	enum wire_code code = WIRE_CODE_FAILED;
	int r;

	if (!store->keeper)
		return WIRE_CODE_FAILED;
	r = channel_call(store->keeper, question, message, &fd, fd >= 0,
	    WIRE_KEEPER_KEYS, arena, ret_keys, &code);
	if (r == CHANNEL_E_REFUSED)
		return code;
	return r == 0 ? WIRE_CODE_OK : WIRE_CODE_FAILED;
}

static enum wire_code commit_keyring(struct store *store)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	enum wire_code code = WIRE_CODE_FAILED;
	struct wire_empty nothing = {0};
	int r;

	r = channel_call(store->keeper, WIRE_KEEPER_COMMIT, &nothing, NULL, 0,
	    WIRE_KEEPER_DONE, &arena, &nothing, &code);
	wire_arena_free(&arena);
	return r == 0 ? WIRE_CODE_OK : code;
}

enum wire_code node_init(
    struct store *store, const struct node_init *init, int passphrase_fd)
{
	struct wire_keeper_create create = {.with_reader = init->reader};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_keys keys;
	enum wire_code code;
	int r;

	if (node_exists(store) || !clear_leftovers(store))
		return WIRE_CODE_REFUSED;
	code = ask_keys(
	    store, WIRE_KEEPER_CREATE, &create, passphrase_fd, &arena, &keys);
	if (code == WIRE_CODE_OK) {
		r = open_files(store, &keys, true);
		if (r == 0)
			r = fill_new(store, init, &keys);
		close_files(store);
		if (r == 0 && fsync(store->service.home_fd) < 0)
			r = -EIO;
		code = r == 0 ? commit_keyring(store) : code_of(r);
	}
	explicit_bzero(&keys, sizeof keys);
	wire_arena_free(&arena);
	return code;
}

/* A setting's text; empty when it was never set. */
static int get_setting(
    struct store *store, const char *name, char *out, size_t size)
{
	struct buf value = {0};
	int r;

	memset(out, 0, size);
	r = database_get(store->database, name, &value);
	if (r == 0 && value.len >= size)
		r = -EIO;
	if (r == 0 && value.len > 0)
		memcpy(out, value.data, value.len);
	buf_free(&value);
	return r == DATABASE_E_NONE ? 0 : r;
}

/* An object file is kept if a row names it. */
static bool keep_object(void *context, const char *name)
{
	struct store *store = context;
	sqlite3_stmt *row = database_query(
	    store->database, SQL_OBJECT_FILES, "t", span_text(name));
	int r = database_step(row);

	if (r == 1)
		database_done(row);
	return r != 0;
}

static int load_node(struct store *store, const struct wire_keeper_keys *keys)
{
	int r;

	take_public_keys(store, keys);
	r = get_setting(store, "name", store->name, sizeof store->name);
	if (r == 0)
		r = get_setting(
		    store, "listen", store->listen, sizeof store->listen);
	if (r == 0)
		r = get_setting(
		    store, "address", store->address, sizeof store->address);
	if (r == 0)
		r = own_log_load(store, &keys->log);
	if (r == 0)
		r = objects_sweep(store->records.objects, keep_object, store);
	return r;
}

static enum wire_code open_with(
    struct store *store, const struct wire_keeper_keys *keys)
{
	int r;

	r = open_files(store, keys, false);
	if (r == 0)
		r = load_node(store, keys);
	if (r != 0) {
		close_files(store);
		/* The keeper has all keys: it must not pass for locked. */
		store->state = STORE_CLOSING;
		store_leave(store, SUP_STATE_LOCK);
		return code_of(r);
	}
	store->state = STORE_OPEN;
	r = node_tell_durable(store, false);
	if (r == 0)
		r = node_tell_courier(store);
	if (r < 0)
		log_number(LOG_LEVEL_ERROR, "a process does not answer", r);
	if (r == -ENOMEM)
		store_end_if(store, r);
	withdraw_work(store, true); /* tells of its own failure */
	return WIRE_CODE_OK;
}

enum wire_code node_unlock(struct store *store, int passphrase_fd)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_empty nothing = {0};
	struct wire_keeper_keys keys;
	enum wire_code code;

	code = ask_keys(
	    store, WIRE_KEEPER_UNLOCK, &nothing, passphrase_fd, &arena, &keys);
	if (code == WIRE_CODE_OK && store->state != STORE_OPEN)
		code = open_with(store, &keys);
	explicit_bzero(&keys, sizeof keys);
	wire_arena_free(&arena);
	return code;
}

void node_resume(struct store *store)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_empty nothing = {0};
	struct wire_keeper_keys keys;
	enum wire_code code;

	code = ask_keys(store, WIRE_KEEPER_RESUME, &nothing, -1, &arena, &keys);
	if (code == WIRE_CODE_OK)
		code = open_with(store, &keys);
	if (code != WIRE_CODE_OK && code != WIRE_CODE_LOCKED)
		log_number(LOG_LEVEL_ERROR,
		    "the store could not be opened again", code);
	explicit_bzero(&keys, sizeof keys);
	wire_arena_free(&arena);
}

void node_close(struct store *store)
{
	if (store->state != STORE_OPEN)
		return;
	close_files(store);
	store->state = STORE_CLOSING;
}

int node_tell_durable(struct store *store, bool present)
{
	struct wire_keeper_durable durable = {
	    .size = store->log.size,
	    .idle_seconds =
		store->listen[0] ? 0 : store->service.settings.lock_after,
	    .present = present,
	    .log = store->log.log,
	};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_empty nothing;
	enum wire_code code;
	int r;

	r = channel_call(store->keeper, WIRE_KEEPER_DURABLE, &durable, NULL, 0,
	    WIRE_KEEPER_DONE, &arena, &nothing, &code);
	wire_arena_free(&arena);
	return r > 0 ? -EACCES : r;
}

struct courier_list {
	struct wire_partner partners[1024];
	struct span addresses[1024][CARD_ADDRESSES_MAX];
	size_t count;
	uint64_t rate; /* of those for whom none was set */
};

static void list_partner(
    struct courier_list *list, const struct partner *partner)
{
	struct wire_partner *item = &list->partners[list->count];
	size_t i;

	item->author = partner->author;
	item->transport = partner->card.transport;
	item->addresses.items = list->addresses[list->count];
	item->addresses.count = partner->card.address_count;
	for (i = 0; i < partner->card.address_count; i++)
		item->addresses.items[i] =
		    span_text(partner->card.addresses[i]);
	item->proxy = span_text(partners_proxy(partner));
	item->rate = partner->rate < 0 ? list->rate : (uint64_t)partner->rate;
	list->count++;
}

/* The transport seed is the keeper's, and passes through to the courier. */
static int send_courier(struct store *store, struct courier_list *list)
{
	struct wire_courier_start start = {.listen = span_text(store->listen)};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_empty nothing = {0};
	struct wire_keeper_keys keys;
	int r = -EIO;

	if (ask_keys(store, WIRE_KEEPER_RESUME, &nothing, -1, &arena, &keys) ==
	    WIRE_CODE_OK) {
		start.transport_seed = keys.transport_seed;
		start.partners.items = list->partners;
		start.partners.count = list->count;
		r = store_tell_courier(
		    store, WIRE_COURIER_START, &start, NULL, 0);
	}
	explicit_bzero(&keys, sizeof keys);
	explicit_bzero(&start, sizeof start);
	wire_arena_free(&arena);
	return r;
}

int node_tell_courier(struct store *store)
{
	struct courier_list *list = calloc(1, sizeof *list);
	struct partner *partners = NULL;
	size_t i, count = 0;
	int r = list ? 0 : -ENOMEM;

	if (r == 0)
		list->rate = store->service.settings.rate;
	if (r == 0)
		r = partners_all(store->database, &partners, &count);
	for (i = 0; r == 0 && i < count && list->count < 1024; i++)
		if (partners[i].compared)
			list_partner(list, &partners[i]);
	if (r == 0 && store->courier)
		r = send_courier(store, list);
	sync_drop_strangers(store);
	if (r == 0)
		auto_sync_plan(store);
	free(partners);
	free(list);
	if (r == -ENOMEM) /* it would never be told */
		store_end_if(store, r);
	return r;
}

/* Readers beyond the own ones, as 32-byte keys one after the other. */
static int load_readers(struct store *store, struct buf *out)
{
	int r = database_get(store->database, "readers", out);

	return r == DATABASE_E_NONE ? 0 : r;
}

/* The organisation's author id, or nothing. */
static int load_organisation(struct store *store, struct buf *out)
{
	int r = database_get(store->database, "organisation", out);

	return r == DATABASE_E_NONE ? 0 : r;
}

static int ask_card(
    struct store *store, const struct wire_keeper_card *ask, struct buf *out)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_note answer;
	enum wire_code code;
	int r;

	r = channel_call(store->keeper, WIRE_KEEPER_CARD, ask, NULL, 0,
	    WIRE_KEEPER_NOTE, &arena, &answer, &code);
	if (r == 0)
		r = buf_append_span(out, answer.note);
	else if (r > 0)
		r = -EINVAL;
	wire_arena_free(&arena);
	return r;
}

int node_card(struct store *store, struct buf *out_file, struct card *ret_card)
{
	struct wire_keeper_card ask = {.name = span_text(store->name)};
	struct span address = span_text(store->address);
	struct buf serial = {0}, readers = {0}, organisation = {0};
	size_t start = out_file->len;
	int r;

	r = database_get(store->database, "serial", &serial);
	if (r == 0)
		r = decimal_decode(buf_span(&serial), &ask.serial);
	if (r == 0)
		r = load_readers(store, &readers);
	if (r == 0)
		r = load_organisation(store, &organisation);
	ask.organisation = buf_span(&organisation);
	ask.readers.items = (struct age_recipient *)readers.data;
	ask.readers.count = readers.len / sizeof(struct age_recipient);
	ask.addresses.items = &address;
	ask.addresses.count = address.len > 0;
	if (r == 0)
		r = ask_card(store, &ask, out_file);
	if (r == 0)
		r = card_parse(
		    span_of(out_file->data + start, out_file->len - start),
		    ret_card, NULL);
	buf_free(&serial);
	buf_free(&readers);
	buf_free(&organisation);
	return r > 0 ? -EIO : r;
}

static int raise_serial(struct store *store)
{
	struct buf serial = {0}, next = {0};
	uint64_t number;
	int r;

	r = database_get(store->database, "serial", &serial);
	if (r == 0)
		r = decimal_decode(buf_span(&serial), &number);
	if (r == 0)
		r = buf_printf(&next, "%llu", (unsigned long long)number + 1);
	if (r == 0)
		r = database_put(store->database, "serial", buf_span(&next));
	buf_free(&serial);
	buf_free(&next);
	return r;
}

/* Another card, since its readers are others. */
static int renew_card(struct store *store)
{
	int r;

	r = database_begin(store->database);
	if (r == 0)
		r = raise_serial(store);
	if (r == 0)
		r = database_commit(store->database);
	return r < 0 ? database_rollback(store->database, r) : r;
}

enum wire_code node_edit_keys(
    struct store *store, enum wire_key_act act, const int fds[2])
{
	const struct wire_keeper_edit edit = {.act = act};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_keys keys;
	enum wire_code code = WIRE_CODE_FAILED;
	int r;

	/* The serial rises first: a card with new readers is never an old one.
	 */
	r = act == WIRE_KEY_IMPORT_READER ? renew_card(store) : 0;
	if (r == 0)
		r = channel_call(store->keeper, WIRE_KEEPER_EDIT, &edit, fds, 2,
		    WIRE_KEEPER_KEYS, &arena, &keys, &code);
	if (r == 0) {
		take_public_keys(store, &keys);
		code = WIRE_CODE_OK;
		explicit_bzero(&keys, sizeof keys);
	} else if (r != CHANNEL_E_REFUSED) {
		code = r == -ENOSPC ? WIRE_CODE_NO_SPACE : WIRE_CODE_FAILED;
	}
	wire_arena_free(&arena);
	return code;
}

int node_add_reader(struct store *store, const struct age_recipient *reader)
{
	struct buf readers = {0};
	size_t i;
	int r;

	r = load_readers(store, &readers);
	for (i = 0; r == 0 && i < readers.len / 32; i++)
		if (memcmp(readers.data + 32 * i, reader->key, 32) == 0)
			r = -EEXIST;
	for (i = 0; r == 0 && i < store->reader_count; i++)
		if (memcmp(store->readers[i].key, reader->key, 32) == 0)
			r = -EEXIST;
	if (r == 0 &&
	    store->reader_count + readers.len / 32 >= CARD_READERS_MAX)
		r = -E2BIG;
	if (r == 0)
		r = buf_append(&readers, reader->key, sizeof reader->key);
	if (r == 0)
		r = database_begin(store->database);
	if (r == 0)
		r = database_put(
		    store->database, "readers", buf_span(&readers));
	if (r == 0)
		r = raise_serial(store);
	if (r == 0)
		r = database_commit(store->database);
	buf_free(&readers);
	return r < 0 ? database_rollback(store->database, r) : r;
}

int node_set_organisation(
    struct store *store, const struct author_id *organisation)
{
	struct span value = span_of("", 0);
	struct buf old = {0};
	int r;

	if (organisation)
		value = span_of(organisation->bytes, 32);
	r = load_organisation(store, &old);
	if (r == 0 && span_equal(buf_span(&old), value))
		r = -EALREADY;
	buf_free(&old);
	if (r == 0)
		r = database_begin(store->database);
	if (r == 0)
		r = database_put(store->database, "organisation", value);
	if (r == 0)
		r = raise_serial(store);
	if (r == 0)
		r = database_commit(store->database);
	return r < 0 ? database_rollback(store->database, r) : r;
}

static int sign_checkpoint(struct store *store)
{
	struct wire_keeper_checkpoint ask = {.size = store->log.size};
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_note answer;
	enum wire_code code;
	int r;

	r = log_tree_root(
	    store->database, store->log.id, store->log.size, &ask.root);
	if (r == 0)
		r = channel_call(store->keeper, WIRE_KEEPER_CHECKPOINT, &ask,
		    NULL, 0, WIRE_KEEPER_NOTE, &arena, &answer, &code);
	if (r == 0)
		r = log_tree_set_checkpoint(
		    store->database, &store->log, answer.note);
	wire_arena_free(&arena);
	return r > 0 ? -EIO : r;
}

int node_checkpoint(struct store *store, struct buf *out_note)
{
	int r = 0;

	if (store->log.checkpoint.len == 0 ||
	    log_tree_note_size(buf_span(&store->log.checkpoint)) !=
		store->log.size)
		r = sign_checkpoint(store);
	if (r == 0)
		r = buf_append_span(out_note, buf_span(&store->log.checkpoint));
	return r;
}

int node_after(struct store *store, char ret_after[65])
{
	struct digest digest;
	sqlite3_stmt *row;
	struct note note;
	int r;

	memcpy(ret_after, "none", 5);
	row = database_query(store->database, SQL_LOG_NEWEST_OTHER, "");
	r = database_step(row);
	if (r <= 0)
		return r;
	r = note_parse(database_column(row, 0), &note);
	if (r == 0) {
		r = hash_sha256(note.text, &digest);
		note_free(&note);
	}
	database_done(row);
	if (r == 0)
		hex_encode(digest.bytes, sizeof digest.bytes, ret_after);
	return r > 0 ? -EIO : r;
}
