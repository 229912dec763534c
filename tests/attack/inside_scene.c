/*
 * The scene of inside_courier.c, inside_rules.c and inside_worker.c. What its
 * processes log goes into a file of no name, for the test to read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/attack/inside_scene.h"
#include "tests/unit/service_scene.h"

#define PASSPHRASE "a passphrase, long enough\n"
#define PATIENCE_MS 60000 /* until an answer: more is a finding */

struct inside inside;

int make_memfd(const void *data, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* --- processes ----------------------------------------------------------- */

/* Bring two of them together. */
static void connect_both(struct channel *a, enum wire_role role_a,
    struct channel *b, enum wire_role role_b)
{
	const struct wire_sup_peer to_a = {.role = role_b},
				   to_b = {.role = role_a};
	int fds[2];

	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(channel_send(a, WIRE_SUP_PEER, &to_a, &fds[0], 1), 0);
	assert_int_equal(channel_send(b, WIRE_SUP_PEER, &to_b, &fds[1], 1), 0);
	close(fds[0]);
	close(fds[1]);
}

static pid_t start(int (*service)(void), enum wire_role role, const int *fds,
    size_t fd_count, struct channel **ret_supervisor)
{
	const struct wire_sup_start settings = {
	    .workers = 1, .sync = WIRE_SYNC_OFF, .withdrawals = 1000};
	const int old = dup(STDERR_FILENO);
	pid_t pid;

	assert_true(old >= 0);
	assert_int_equal(dup2(inside.log, STDERR_FILENO), STDERR_FILENO);
	pid = start_service(service, role, ret_supervisor);
	assert_int_equal(dup2(old, STDERR_FILENO), STDERR_FILENO);
	close(old);
	assert_int_equal(channel_send(*ret_supervisor, WIRE_SUP_START,
			     &settings, fds, fd_count),
	    0);
	return pid;
}

static void start_store(void)
{
	const int fds[2] = {inside.home, inside.control};
	struct wire_frame frame;

	inside.store_pid =
	    start(store_main, WIRE_ROLE_STORE, fds, 2, &inside.store);
	connect_both(
	    inside.store, WIRE_ROLE_STORE, inside.keeper, WIRE_ROLE_KEEPER);
	connect_both(
	    inside.store, WIRE_ROLE_STORE, inside.worker, WIRE_ROLE_WORKER);
	inside.courier = introduce_peer(inside.store, WIRE_ROLE_STORE,
	    WIRE_ROLE_COURIER, WIRE_ROLE_COURIER);
	assert_int_equal(channel_receive(inside.store, &frame), 0);
	assert_int_equal(frame.type, WIRE_SUP_STATE);
	wire_frame_free(&frame);
}

/* An answer to a connection made now: all that was told before is known. */
static void settle(void)
{
	const struct ctl_request request = {.op = CTL_STATUS};

	assert_int_equal(call(&request, -1, NULL), 0);
}

void inside_take_worker(void)
{
	channel_freep(&inside.false_worker);
	inside.false_worker = introduce_peer(
	    inside.store, WIRE_ROLE_STORE, WIRE_ROLE_WORKER, WIRE_ROLE_WORKER);
	settle();
}

void inside_give_worker(void)
{
	connect_both(
	    inside.store, WIRE_ROLE_STORE, inside.worker, WIRE_ROLE_WORKER);
	settle();
	channel_freep(&inside.false_worker);
}

static void drop_store(void)
{
	channel_freep(&inside.courier);
	channel_freep(&inside.false_worker);
	channel_freep(&inside.store);
	inside.store_pid = 0;
}

void inside_revive(void)
{
	const struct ctl_request request = {.op = CTL_STATUS};
	const char *state;
	json_t *json;
	int status;

	assert_int_equal(
	    waitpid(inside.store_pid, &status, 0), inside.store_pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	drop_store();
	start_store();
	assert_int_equal(call(&request, -1, &json), 0);
	state = json_string_value(json_object_get(json, "state"));
	assert_non_null(state);
	assert_string_equal(state, "open");
	json_decref(json);
}

static void listen_control(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(
	    inside.socket, sizeof inside.socket, "%s/control", inside.path);
	memcpy(address.sun_path, inside.socket, strlen(inside.socket) + 1);
	inside.control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(inside.control, (struct sockaddr *)&address, sizeof address),
	    0);
	assert_int_equal(listen(inside.control, 16), 0);
}

static void read_card(void)
{
	const struct ctl_request request = {.op = CTL_CARD};
	const char *text;
	json_t *json;

	assert_int_equal(call(&request, -1, &json), 0);
	text = json_string_value(json_object_get(json, "card"));
	assert_non_null(text);
	assert_int_equal(card_parse(span_text(text), &inside.card, NULL), 0);
	json_decref(json);
}

void inside_begin(void)
{
	struct span names[2] = {span_text(""), span_text("")};
	const struct ctl_request make = {
	    .op = CTL_INIT,
	    .text = span_text("node"),
	    .flags = CTL_FLAG_READER,
	    .names = {names, 2},
	};
	const struct ctl_request open_it = {.op = CTL_UNLOCK};
	int fd = make_memfd(PASSPHRASE, strlen(PASSPHRASE));

	inside.arena.budget = WIRE_ARENA_BUDGET;
	memcpy(inside.path, "/tmp/test-inside-XXXXXX", 24);
	assert_non_null(mkdtemp(inside.path));
	inside.home = open(inside.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	inside.log = memfd_create("log", MFD_CLOEXEC);
	assert_true(inside.home >= 0 && inside.log >= 0);
	listen_control();
	inside.keeper_pid = start(
	    keeper_main, WIRE_ROLE_KEEPER, &inside.home, 1, &inside.keeper);
	inside.worker_pid =
	    start(worker_main, WIRE_ROLE_WORKER, NULL, 0, &inside.worker);
	connect_both(
	    inside.worker, WIRE_ROLE_WORKER, inside.keeper, WIRE_ROLE_KEEPER);
	start_store();
	assert_int_equal(call(&make, fd, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(call(&open_it, fd, NULL), 0);
	close(fd);
	read_card();
}

static void remove_folder(int folder)
{
	DIR *list = fdopendir(folder);
	struct dirent *item;
	int inner;

	while (list && (item = readdir(list)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		inner = item->d_type == DT_DIR
			    ? openat(folder, item->d_name,
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			    : -1;
		if (inner >= 0)
			remove_folder(inner);
		unlinkat(folder, item->d_name, inner >= 0 ? AT_REMOVEDIR : 0);
	}
	if (list)
		closedir(list);
}

void inside_end(void)
{
	drop_store();
	channel_freep(&inside.worker);
	channel_freep(&inside.keeper);
	while (waitpid(-1, NULL, 0) > 0)
		;
	wire_frame_free(&inside.frame);
	wire_arena_free(&inside.arena);
	close(inside.control);
	close(inside.log);
	remove_folder(inside.home);
	rmdir(inside.path);
}

unsigned inside_said(const char *line)
{
	return count_said(inside.log, line);
}

static unsigned count_files(int folder)
{
	DIR *list = fdopendir(folder);
	struct dirent *item;
	unsigned count = 0;

	assert_non_null(list);
	while ((item = readdir(list)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		count += item->d_type == DT_DIR
			     ? count_files(openat(dirfd(list), item->d_name,
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC))
			     : 1;
	}
	closedir(list);
	return count;
}

unsigned inside_files(void)
{
	return count_files(
	    openat(inside.home, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* --- a person ------------------------------------------------------------ */

struct channel *call_begin(const struct ctl_request *request, int fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct channel *channel;
	int wire = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, inside.socket, strlen(inside.socket) + 1);
	assert_int_equal(
	    connect(wire, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(
	    channel_new(wire, WIRE_ROLE_CLIENT, WIRE_ROLE_STORE, &channel), 0);
	assert_int_equal(
	    channel_send(channel, WIRE_CTL_REQUEST, request, &fd, fd >= 0), 0);
	return channel;
}

/* What comes before the last reply is added to it. */
static void join(json_t **all, struct span text)
{
	json_t *part = text.len == 0 ? NULL
				     : json_loadb((const char *)text.data,
					   text.len, 0, NULL);

	if (*all && part)
		json_array_extend(json_object_get(*all, "records"),
		    json_object_get(part, "records"));
	else if (part)
		*all = json_incref(part);
	json_decref(part);
}

unsigned call_end(struct channel *channel, json_t **ret_json)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct ctl_reply reply = {.last = 0};
	struct wire_frame frame;
	json_t *json = NULL;

	while (!reply.last) {
		assert_int_equal(channel_receive(channel, &frame), 0);
		assert_int_equal(wire_decode(WIRE_CTL_REPLY,
				     buf_span(&frame.body), &arena, &reply),
		    0);
		join(&json, reply.json);
		if (reply.exit != 0)
			print_message("# told: %.*s\n", (int)reply.error.len,
			    (const char *)reply.error.data);
		wire_frame_free(&frame);
		wire_arena_free(&arena);
	}
	channel_free(channel);
	if (ret_json)
		*ret_json = json;
	else
		json_decref(json);
	return (unsigned)reply.exit;
}

unsigned call(const struct ctl_request *request, int fd, json_t **ret_json)
{
	return call_end(call_begin(request, fd), ret_json);
}

static json_t *list_records(void)
{
	const struct ctl_request request = {.op = CTL_LIST};
	json_t *json;

	assert_int_equal(call(&request, -1, &json), 0);
	assert_non_null(json_object_get(json, "records"));
	return json;
}

char *list_all(void)
{
	json_t *json = list_records();
	char *text = json_dumps(json, JSON_SORT_KEYS);

	json_decref(json);
	assert_non_null(text);
	return text;
}

json_t *find_record(const char *id)
{
	json_t *json = list_records(), *record, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(json, "records"), i,
	    record) if (strcmp(json_string_value(json_object_get(record, "id")),
			    id) == 0) found = json_incref(record);
	json_decref(json);
	return found;
}

void add_partner(const struct persona *persona, bool compare)
{
	struct ctl_request request = {.op = CTL_PARTNER_ADD};
	struct buf card = {0};
	struct span number;
	json_t *shown;

	persona_seal_card(persona, NULL, NULL, &card);
	request.blob = buf_span(&card);
	assert_int_equal(call(&request, -1, NULL), 0);
	buf_free(&card);
	if (!compare)
		return;
	request = (struct ctl_request){
	    .op = CTL_PARTNER_COMPARE, .text = span_text(persona->card.name)};
	assert_int_equal(call(&request, -1, &shown), 0);
	number = span_text(json_string_value(json_object_get(shown, "number")));
	request.names.items = &number;
	request.names.count = 1;
	assert_int_equal(call(&request, -1, NULL), 0);
	json_decref(shown);
}

struct channel *capture_begin(const char *name, const char *text)
{
	struct span to = span_text(name);
	const struct ctl_request request = {
	    .op = CTL_CAPTURE,
	    .number = CTL_CAPTURE_TESTIMONY,
	    .text = span_text(""),
	    .names = {&to, 1},
	};
	struct channel *channel;
	char fields[256];
	int fd;

	snprintf(fields, sizeof fields,
	    "{\"fields\":[[\"statement\",\"%s\"]],\"attachments\":[]}", text);
	fd = make_memfd(fields, strlen(fields));
	channel = call_begin(&request, fd);
	close(fd);
	return channel;
}

/* --- a process ----------------------------------------------------------- */

bool put_fds(struct channel *channel, enum wire_type type, unsigned told,
    const int *fds, size_t count)
{
	uint8_t header[8] = {
	    0, 0, 0, 0, (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)told};
	struct iovec part = {header, sizeof header};
	union {
		char space[CMSG_SPACE(sizeof(int) * 253)];
		struct cmsghdr align;
	} control = {.space = {0}};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = CMSG_SPACE(sizeof(int) * count),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * count);
	return sendmsg(channel_fd(channel), &message, MSG_NOSIGNAL) ==
	       sizeof header;
}

bool has_news(struct channel *channel, int ms)
{
	struct pollfd wanted = {.fd = channel_fd(channel), .events = POLLIN};

	return channel_has_frame(channel) || poll(&wanted, 1, ms) == 1;
}

bool was_cut(struct channel *channel)
{
	char bytes[4096];
	ssize_t n;

	do {
		if (!has_news(channel, PATIENCE_MS))
			return false;
		n = recv(channel_fd(channel), bytes, sizeof bytes, 0);
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

bool is_silent(struct channel *channel)
{
	settle();
	return !has_news(channel, 50);
}

enum wire_type hear(struct channel *channel)
{
	wire_frame_free(&inside.frame);
	memset(&inside.frame, 0, sizeof inside.frame);
	assert_true(has_news(channel, PATIENCE_MS));
	assert_int_equal(channel_receive(channel, &inside.frame), 0);
	return inside.frame.type;
}

void take(enum wire_type type, void *ret_message)
{
	assert_int_equal(inside.frame.type, type);
	wire_arena_free(&inside.arena);
	assert_int_equal(wire_decode(type, buf_span(&inside.frame.body),
			     &inside.arena, ret_message),
	    0);
}
