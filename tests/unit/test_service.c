/*
 * What the supervisor stands on: taking a home directory into use, counting
 * deaths; and a child that refuses to begin without a supervisor.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/child.h"
#include "daemon/base/home.h"
#include "daemon/base/service.h"

static char path[64];

static int make_home(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "/tmp/test-service-XXXXXX");
	return mkdtemp(path) ? 0 : -1;
}

static int remove_home(void **state)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	unlinkat(dir, "control", 0);
	unlinkat(dir, "lock", 0);
	close(dir);
	return rmdir(path);
}

static void expect_refused(const char *home_path, const char *part_of_why)
{
	struct home home = {-2, -2, -2, -2};
	const char *why = "";

	assert_int_equal(home_open(home_path, &home, &why), HOME_E_REFUSED);
	assert_non_null(strstr(why, part_of_why));
	assert_int_equal(home.dir_fd, -2);
}

static int connect_to(const struct home *home)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	snprintf(address.sun_path, sizeof address.sun_path,
	    "/proc/self/fd/%d/control", home->dir_fd);
	r = connect(fd, (struct sockaddr *)&address, sizeof address);
	close(fd);
	return r;
}

static void test_a_home_listens_to_its_owner_only(void **state)
{
	struct home home;
	const char *why;
	struct stat st;

	(void)state;
	assert_int_equal(home_open(path, &home, &why), 0);
	assert_int_equal(fstatat(home.dir_fd, "control", &st, 0), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(connect_to(&home), 0);
	home_close(&home);
	assert_int_equal(stat(path, &st), 0);
}

static void test_a_home_is_taken_once(void **state)
{
	struct home home;
	const char *why;

	(void)state;
	assert_int_equal(home_open(path, &home, &why), 0);
	expect_refused(path, "another evidentd");
	assert_int_equal(connect_to(&home), 0); /* and the first still serves */
	home_close(&home);
	assert_int_equal(home_open(path, &home, &why), 0);
	home_close(&home);
}

static void test_a_home_open_to_others_is_refused(void **state)
{
	static const mode_t modes[] = {0701, 0710, 0750, 0777, 01777, 0500};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		expect_refused(path, "chmod 700");
	}
	assert_int_equal(chmod(path, 0700), 0);
}

static void test_no_home_is_refused(void **state)
{
	(void)state;
	expect_refused("/nonexistent/home", "does not exist");
	expect_refused("/etc/passwd", "not a directory");
}

static void test_a_socket_left_over_is_replaced(void **state)
{
	struct home home;
	const char *why;
	int dir;

	(void)state;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mknodat(dir, "control", S_IFSOCK | 0600, 0), 0);
	close(dir);
	assert_int_equal(home_open(path, &home, &why), 0);
	assert_int_equal(connect_to(&home), 0);
	home_close(&home);
}

static void test_what_is_no_socket_is_left_alone(void **state)
{
	int dir, file;

	(void)state;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = openat(dir, "control", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(file);
	expect_refused(path, "no socket");
	assert_int_equal(faccessat(dir, "control", F_OK, 0), 0);
	close(dir);
}

static void test_a_lock_that_is_a_link_is_not_followed(void **state)
{
	int dir;

	(void)state;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(symlinkat("elsewhere", dir, "lock"), 0);
	expect_refused(path, "cannot be opened");
	assert_int_equal(faccessat(dir, "elsewhere", F_OK, 0), -1);
	close(dir);
}

static void test_a_home_may_have_a_long_path(void **state)
{
	char name[201], deep[512];
	struct home home;
	const char *why;

	(void)state;
	memset(name, 'd', sizeof name - 1);
	name[sizeof name - 1] = 0;
	snprintf(deep, sizeof deep, "%s/%s", path, name);
	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(home_open(deep, &home, &why), 0);
	assert_int_equal(connect_to(&home), 0);
	assert_int_equal(unlinkat(home.dir_fd, "lock", 0), 0);
	home_close(&home);
	assert_int_equal(rmdir(deep), 0);
}

static void test_only_deaths_of_the_last_ten_seconds_count(void **state)
{
	struct child child = {.role = WIRE_ROLE_WORKER};

	(void)state;
	assert_int_equal(child_count_death(&child, 1000), 1);
	assert_int_equal(child_count_death(&child, 2000), 2);
	assert_int_equal(child_count_death(&child, 11500), 2);
	assert_int_equal(child_count_death(&child, 11600), 3);
	assert_int_equal(child_count_death(&child, 12000), 3);
	assert_int_equal(child_count_death(&child, 12100), 4);
	assert_int_equal(child_count_death(&child, 12200), 5);
	assert_int_equal(child_count_death(&child, 99999), 1);
}

/* What service_begin() answers in a child whose descriptor 3 is ${fd}. */
static int begin_in_child(int fd)
{
	struct service service;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(fd, SERVICE_FD) < 0)
			_exit(255);
		close_range(SERVICE_FD + 1, ~0U, 0);
		_exit(-service_begin(WIRE_ROLE_COURIER, &service));
	}
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void send_start(int fd, uint64_t workers, int extra_fd)
{
	const struct wire_sup_start start = {.workers = workers};
	struct channel *channel;

	assert_int_equal(
	    channel_new(fd, WIRE_ROLE_SUPERVISOR, WIRE_ROLE_COURIER, &channel),
	    0);
	assert_int_equal(channel_send(channel, WIRE_SUP_START, &start,
			     &extra_fd, extra_fd >= 0),
	    0);
	channel_free(channel);
}

static void test_a_child_begins_by_its_start(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	send_start(fds[0], 2, -1);
	assert_int_equal(begin_in_child(fds[1]), 0);
}

static void test_a_child_without_supervisor_ends(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	close(fds[0]);
	assert_int_equal(begin_in_child(fds[1]), -EPIPE);
	/* Started by hand: no socket, so no parent that made it. */
	assert_int_equal(
	    begin_in_child(open("/dev/null", O_RDWR | O_CLOEXEC)), -ESRCH);
}

static void test_a_start_that_breaks_a_rule_is_refused(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	send_start(fds[0], 0, -1);
	assert_int_equal(begin_in_child(fds[1]), -EPROTO);
	assert_int_equal(channel_pair(fds), 0);
	send_start(fds[0], SERVICE_WORKERS_MAX + 1, -1);
	assert_int_equal(begin_in_child(fds[1]), -EPROTO);
	assert_int_equal(channel_pair(fds), 0);
	send_start(fds[0], 2, STDERR_FILENO); /* a courier gets nothing */
	assert_int_equal(begin_in_child(fds[1]), -EPROTO);
}

#define HOME_TEST(f) cmocka_unit_test_setup_teardown(f, make_home, remove_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    HOME_TEST(test_a_home_listens_to_its_owner_only),
	    HOME_TEST(test_a_home_is_taken_once),
	    HOME_TEST(test_a_home_open_to_others_is_refused),
	    HOME_TEST(test_no_home_is_refused),
	    HOME_TEST(test_a_socket_left_over_is_replaced),
	    HOME_TEST(test_what_is_no_socket_is_left_alone),
	    HOME_TEST(test_a_lock_that_is_a_link_is_not_followed),
	    HOME_TEST(test_a_home_may_have_a_long_path),
	    cmocka_unit_test(test_only_deaths_of_the_last_ten_seconds_count),
	    cmocka_unit_test(test_a_child_begins_by_its_start),
	    cmocka_unit_test(test_a_child_without_supervisor_ends),
	    cmocka_unit_test(test_a_start_that_breaks_a_rule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
