/*
 * A store's process without the process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/store/auto_sync.h"
#include "daemon/store/capture.h"
#include "daemon/store/control.h"
#include "daemon/store/jobs.h"
#include "daemon/store/sync.h"
#include "daemon/worker/job.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/node.h"
#include "tests/fuzz/parts.h"

#define ANSWERS 64 /* of the keeper, beside the keys */
#define FILES_MAX 16

static char home[PARTS_FOLDER_MAX + 8];
static int before = -1; /* where the process was */

/* The home as it was made. */
static struct {
	char name[256];
	struct buf bytes;
} made[FILES_MAX];
static size_t made_count;

/* --- its peers ------------------------------------------------------------ */

static void make_reader(uint8_t mark, struct age_recipient *ret_recipient)
{
	struct age_identity identity = {.key = {mark}};

	CLAIM(age_identity_recipient(&identity, ret_recipient) == 0);
}

/* A channel on which ${frames} wait, and then nothing comes. */
static struct channel *saying(
    enum wire_role self, struct span frames, int *ret_end)
{
	struct channel *channel;
	int fds[2];

	CLAIM(channel_pair(fds) == 0);
	CLAIM(channel_new(fds[0], self, WIRE_ROLE_KEEPER, &channel) == 0);
	CLAIM(write(fds[1], frames.data, frames.len) == (ssize_t)frames.len);
	CLAIM(shutdown(fds[1], SHUT_WR) == 0);
	*ret_end = fds[1];
	return channel;
}

static void answer_as_keeper(struct node *node)
{
	static const struct wire_empty nothing;
	struct wire_keeper_keys keys = {
	    .storage_key = {{1}}, .file_id = {{1}}, .log = {{NODE_MARK}}};
	struct age_recipient reader;
	struct buf frames = {0};
	int i;

	parts_author(NODE_MARK, &keys.author);
	parts_author(NODE_MARK + 50, &keys.transport);
	make_reader(NODE_MARK, &reader);
	make_reader(NODE_MARK + 50, &keys.bundle);
	keys.readers.items = &reader;
	keys.readers.count = 1;
	/* Once for the store, and once for the courier. */
	CLAIM(wire_encode(WIRE_KEEPER_KEYS, &keys, 0, &frames) == 0);
	CLAIM(wire_encode(WIRE_KEEPER_DONE, &nothing, 0, &frames) == 0);
	CLAIM(wire_encode(WIRE_KEEPER_KEYS, &keys, 0, &frames) == 0);
	for (i = 0; i < ANSWERS; i++)
		CLAIM(wire_encode(WIRE_KEEPER_DONE, &nothing, 0, &frames) == 0);
	node->store->keeper =
	    saying(WIRE_ROLE_STORE, buf_span(&frames), &node->keeper);
	buf_free(&frames);
}

static void connect_peers(struct node *node)
{
	struct store *store = node->store;
	int fds[2];

	CLAIM(channel_pair(fds) == 0);
	CLAIM(channel_new(fds[0], WIRE_ROLE_STORE, WIRE_ROLE_COURIER,
		  &store->courier) == 0);
	CLAIM(channel_new(fds[1], WIRE_ROLE_COURIER, WIRE_ROLE_STORE,
		  &node->courier) == 0);
	channel_set_nonblocking(store->courier);
	channel_set_nonblocking(node->courier);
	CLAIM(channel_pair(fds) == 0);
	CLAIM(channel_new(fds[1], WIRE_ROLE_WORKER, WIRE_ROLE_STORE,
		  &node->worker) == 0);
	channel_set_nonblocking(node->worker);
	CLAIM(jobs_take_worker(store, 0, fds[0]) == 0);
}

/* As a worker does whose keeper has no key for what is asked. */
static bool work(struct node *node)
{
	const struct wire_failed failed = {.code = WIRE_CODE_NO_KEY};
	struct worker worker = {.store = node->worker};
	struct buf frames = {0};
	struct wire_frame frame;
	int end, i;

	if (channel_receive(node->worker, &frame) != 0)
		return false;
	for (i = 0; i < ANSWERS; i++)
		CLAIM(wire_encode(WIRE_FAILED, &failed, 0, &frames) == 0);
	worker.keeper = saying(WIRE_ROLE_WORKER, buf_span(&frames), &end);
	CLAIM(job_run(&worker, &frame) == 0);
	channel_free(worker.keeper);
	close(end);
	wire_frame_free(&frame);
	buf_free(&frames);
	return true;
}

void node_run(struct node *node)
{
	do
		event_base_loop(node->store->base, EVLOOP_NONBLOCK);
	while (work(node));
	event_base_loop(node->store->base, EVLOOP_NONBLOCK);
}

/* --- its home ---------------------------------------------------------------
 */

static void keep_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	CLAIM(fd >= 0 && fstat(fd, &st) == 0 && made_count < FILES_MAX);
	if (S_ISREG(st.st_mode)) {
		snprintf(made[made_count].name, sizeof made->name, "%s", name);
		parts_read(fd, &made[made_count++].bytes);
	}
	close(fd);
}

static void keep_home(void)
{
	struct dirent *item;
	DIR *folder = opendir(".");

	while ((item = readdir(folder)))
		if (item->d_name[0] != '.')
			keep_file(item->d_name);
	closedir(folder);
}

static void put_home(void)
{
	size_t i;
	int fd;

	for (i = 0; i < made_count; i++) {
		fd = open(made[i].name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		CLAIM(write(fd, made[i].bytes.data, made[i].bytes.len) ==
		      (ssize_t)made[i].bytes.len);
		close(fd);
	}
}

static void put_partner(struct database *database)
{
	const uint8_t seed[32] = {NODE_PARTNER};
	struct buf text = {0}, file = {0};
	struct card card = {.name = "their-hub", .serial = 1};
	uint8_t signature[64];
	struct partner partner;

	parts_author(NODE_PARTNER, &card.author);
	parts_author(NODE_PARTNER + 50, &card.transport);
	make_reader(NODE_MARK, &card.readers[0]); /* ours: it is our hub */
	card.reader_count = 1;
	make_reader(NODE_PARTNER + 50, &card.bundle);
	CLAIM(card_build(&card, &text) == 0);
	CLAIM(sshsig_sign(seed, SSHSIG_NAMESPACE_CARD, buf_span(&text),
		  signature) == 0);
	CLAIM(card_seal(&card, signature, &file) == 0);
	CLAIM(partners_put(database, &card, buf_span(&file), true) == 0);
	CLAIM(partners_by_name(database, span_text(card.name), &partner) == 0);
	CLAIM(partners_set_compared(database, partner.id) == 0);
	buf_free(&text);
	buf_free(&file);
}

/* --- the whole --------------------------------------------------------------
 */

static void start(struct node *node)
{
	struct store *store = calloc(1, sizeof *store);
	struct sockaddr name = {.sa_family = AF_UNIX};

	CLAIM(store);
	node->store = store;
	if (before < 0)
		before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdir(home, 0700);
	CLAIM(chdir(home) == 0);
	store->service.home_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	store->service.control_fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLAIM(bind(store->service.control_fd, &name, sizeof(sa_family_t)) ==
	      0); /* a name that nobody else has */
	CLAIM(listen(store->service.control_fd, 8) == 0);
	store->service.settings.sync = WIRE_SYNC_OFF;
	store->service.settings.withdrawals = 3;
	store->base = event_base_new();
	CLAIM(store->base && jobs_begin(store) == 0);
	CLAIM(captures_begin(store) == 0 && sync_begin(store) == 0);
	CLAIM(auto_sync_begin(store) == 0 && control_begin(store) == 0);
	connect_peers(node);
	answer_as_keeper(node);
	store->state = STORE_LOCKED;
}

static void make_home(void)
{
	const struct node_init init = {.name = span_text("our-node")};
	struct node node;

	snprintf(home, sizeof home, "%s/home", parts_folder());
	stderr = fopen("/dev/null", "we"); /* where faults are told */
	CLAIM(stderr);
	start(&node);
	CLAIM(node_init(node.store, &init, -1) == WIRE_CODE_OK);
	close(node.keeper);
	channel_freep(&node.store->keeper);
	answer_as_keeper(&node);
	node_resume(node.store);
	CLAIM(node.store->state == STORE_OPEN);
	put_partner(node.store->database);
	node_close(node.store);
	keep_home();
	node_end(&node);
}

void node_begin(struct node *node)
{
	if (made_count == 0)
		make_home();
	start(node);
	put_home();
	node_resume(node->store);
	CLAIM(node->store->state == STORE_OPEN);
}

void node_end(struct node *node)
{
	struct store *store = node->store;

	captures_end(store);
	control_end(store);
	sync_courier_lost(store);
	jobs_end(store);
	sync_end(store);
	auto_sync_end(store);
	node_close(store);
	channel_freep(&store->keeper);
	channel_freep(&store->courier);
	channel_free(node->courier);
	channel_free(node->worker);
	close(node->keeper);
	event_base_free(store->base);
	close(store->service.control_fd);
	close(store->service.home_fd);
	free(store);
	CLAIM(fchdir(before) == 0);
	parts_clear(home);
}
