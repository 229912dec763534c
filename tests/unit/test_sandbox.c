/*
 * Each profile, tried from inside: a forked child enters the sandbox, does one
 * thing and tells by its exit how it went. What must not be done either kills
 * it by SIGSYS or is answered with an error; what must be done must work.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/sandbox.h"

#define PROFILES 4
#define EXIT_NO_SANDBOX 99
#define KILLED (-1) /* by SIGSYS */

/* Answers 0 when the act succeeded, else an errno. */
typedef int (*act_cb)(void);

static int home = -1;      /* a directory as the daemon's */
static int home_file = -1; /* a file in it, opened before */
static int pair[2];

/* How ${act} ends in ${profile}: 0, an errno or KILLED. */
static int try_in(enum sandbox_profile profile, act_cb act)
{
	int status;
	pid_t child;

	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (sandbox_enter(profile, home) != 0)
			_exit(EXIT_NO_SANDBOX);
		_exit(act());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), EXIT_NO_SANDBOX);
	return WEXITSTATUS(status);
}

static void expect_killed_everywhere(act_cb act)
{
	int profile;

	for (profile = 0; profile < PROFILES; profile++)
		assert_int_equal(
		    try_in((enum sandbox_profile)profile, act), KILLED);
}

static void expect_works_everywhere(act_cb act)
{
	int profile;

	for (profile = 0; profile < PROFILES; profile++)
		assert_int_equal(try_in((enum sandbox_profile)profile, act), 0);
}

static void expect_each(act_cb act, const int outcomes[PROFILES])
{
	int profile;

	for (profile = 0; profile < PROFILES; profile++)
		assert_int_equal(try_in((enum sandbox_profile)profile, act),
		    outcomes[profile]);
}

static int outcome(long result)
{
	return result < 0 ? errno : 0;
}

static int act_exec(void)
{
	char *argv[] = {"true", NULL}, *envp[] = {NULL};

	return outcome(execve("/bin/true", argv, envp));
}

static int act_fork(void)
{
	return outcome(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int act_ptrace(void)
{
	return outcome(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int act_read_parent(void)
{
	char byte;
	struct iovec mine = {&byte, 1}, theirs = {&home, 1};

	return outcome(process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0));
}

static int act_kill_parent(void)
{
	return outcome(kill(getppid(), 0));
}

static int act_io_uring(void)
{
	return outcome(syscall(425, 1, NULL));
}

static int act_map_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int act_make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	return outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int act_map_memory(void)
{
	void *p = mmap(NULL, 256 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	((volatile char *)p)[4096] = 1;
	if (mlock(p, 4096) < 0)
		return errno;
	return outcome(munmap(p, 256 << 20));
}

static int act_open_foreign(void)
{
	return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int act_open_own(void)
{
	return outcome(openat(home, "file", O_RDWR | O_CLOEXEC));
}

static int act_replace_own(void)
{
	int fd = openat(home, "file.new", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	if (write(fd, "x", 1) != 1 || fsync(fd) < 0 || ftruncate(fd, 0) < 0 ||
	    renameat(home, "file.new", home, "file.2") < 0 || fsync(home) < 0 ||
	    unlinkat(home, "file.2", 0) < 0)
		return errno;
	return 0;
}

static int act_make_directory(void)
{
	if (mkdirat(home, "objects", 0700) < 0)
		return errno;
	return outcome(unlinkat(home, "objects", AT_REMOVEDIR));
}

static int act_file_contents(void)
{
	char byte = 'y';
	struct stat st;

	if (pwrite(home_file, &byte, 1, 0) != 1 ||
	    pread(home_file, &byte, 1, 0) != 1 ||
	    lseek(home_file, 0, SEEK_SET) < 0 || fstat(home_file, &st) < 0 ||
	    fdatasync(home_file) < 0 || fsync(home_file) < 0 ||
	    ftruncate(home_file, 1) < 0)
		return errno;
	return byte == 'y' && st.st_size > 0 ? 0 : EIO;
}

static int act_stat_foreign(void)
{
	struct stat st;

	return outcome(stat("/etc/passwd", &st));
}

static int act_memfd(void)
{
	int fd = memfd_create("", MFD_CLOEXEC);

	return fd < 0 ? errno : outcome(ftruncate(fd, 100));
}

static int act_send_descriptor(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &pair[0], sizeof(int));
	if (sendmsg(pair[0], &message, MSG_NOSIGNAL) != 1)
		return errno;
	message.msg_controllen = sizeof control.bytes;
	return outcome(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC));
}

static int act_socket(int domain, int type)
{
	return outcome(socket(domain, type | SOCK_CLOEXEC, 0));
}

static int act_socket_tcp4(void)
{
	return act_socket(AF_INET, SOCK_STREAM);
}

static int act_socket_tcp6(void)
{
	int r = act_socket(AF_INET6, SOCK_STREAM);

	return r == EAFNOSUPPORT ? 0 : r; /* a machine without IPv6 */
}

static int act_socket_udp(void)
{
	return act_socket(AF_INET, SOCK_DGRAM);
}

static int act_socket_local(void)
{
	return act_socket(AF_UNIX, SOCK_STREAM);
}

static int act_socket_netlink(void)
{
	return act_socket(AF_NETLINK, SOCK_RAW);
}

static int act_socket_packet(void)
{
	return act_socket(AF_PACKET, SOCK_RAW);
}

static int act_socket_raw(void)
{
	return act_socket(AF_INET, SOCK_RAW);
}

static int act_connect_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons(1),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return 0;
	return errno == ECONNREFUSED ? 0 : errno; /* it was tried */
}

static int act_listen_tcp(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return errno;
	return outcome(listen(fd, 1));
}

static int act_raise_limit(void)
{
	return outcome(syscall(SYS_prlimit64, 0, 7, &(uint64_t[2]){9, 9}, 0));
}

static int act_terminal(void)
{
	isatty(2); /* as stdio does: must not kill */
	return 0;
}

static void test_nobody_executes(void **state)
{
	(void)state;
	expect_killed_everywhere(act_exec);
}

static void test_nobody_forks(void **state)
{
	(void)state;
	expect_killed_everywhere(act_fork);
}

static void test_nobody_looks_into_others(void **state)
{
	(void)state;
	expect_killed_everywhere(act_ptrace);
	expect_killed_everywhere(act_read_parent);
}

static void test_nobody_sends_signals(void **state)
{
	(void)state;
	expect_killed_everywhere(act_kill_parent);
}

static void test_nobody_goes_round_by_io_uring(void **state)
{
	(void)state;
	expect_killed_everywhere(act_io_uring);
}

static void test_no_memory_becomes_executable(void **state)
{
	const int eperm[PROFILES] = {EPERM, EPERM, EPERM, EPERM};

	(void)state;
	expect_each(act_map_executable, eperm);
	expect_each(act_make_executable, eperm);
}

static void test_limits_cannot_be_set(void **state)
{
	const int eperm[PROFILES] = {EPERM, EPERM, EPERM, EPERM};

	(void)state;
	expect_each(act_raise_limit, eperm);
}

static void test_memory_for_passphrases_can_be_mapped(void **state)
{
	(void)state;
	expect_works_everywhere(act_map_memory);
}

static void test_nobody_opens_files_elsewhere(void **state)
{
	const int eacces[PROFILES] = {EACCES, EACCES, EACCES, EACCES};

	(void)state;
	expect_each(act_open_foreign, eacces);
}

static void test_only_keeper_and_store_open_files_at_home(void **state)
{
	const int opens[PROFILES] = {0, 0, EACCES, EACCES};

	(void)state;
	expect_each(act_open_own, opens);
	expect_each(act_replace_own, opens);
}

static void test_only_the_store_makes_directories(void **state)
{
	const int makes[PROFILES] = {KILLED, 0, KILLED, KILLED};

	(void)state;
	expect_each(act_make_directory, makes);
}

static void test_everybody_works_on_given_files(void **state)
{
	(void)state;
	expect_works_everywhere(act_file_contents);
}

static void test_worker_and_courier_cannot_even_see_files(void **state)
{
	const int sees[PROFILES] = {0, 0, EACCES, EACCES};

	(void)state;
	expect_each(act_stat_foreign, sees);
}

static void test_memory_files_are_made_by_all_but_the_keeper(void **state)
{
	const int makes[PROFILES] = {KILLED, 0, 0, 0};

	(void)state;
	expect_each(act_memfd, makes);
}

static void test_descriptors_can_be_passed(void **state)
{
	(void)state;
	expect_works_everywhere(act_send_descriptor);
}

static void test_only_the_courier_speaks_tcp(void **state)
{
	const int speaks[PROFILES] = {KILLED, KILLED, KILLED, 0};

	(void)state;
	expect_each(act_socket_tcp4, speaks);
	expect_each(act_socket_tcp6, speaks);
	expect_each(act_connect_tcp, speaks);
	expect_each(act_listen_tcp, speaks);
}

static void test_the_courier_has_no_other_sockets(void **state)
{
	const int refused[PROFILES] = {KILLED, KILLED, KILLED, EACCES};
	const int resolver[PROFILES] = {KILLED, KILLED, KILLED, 0};

	(void)state;
	expect_each(act_socket_udp, resolver);
	expect_each(act_socket_local, refused);
	expect_each(act_socket_netlink, refused);
	expect_killed_everywhere(act_socket_packet);
	expect_killed_everywhere(act_socket_raw);
}

static void test_asking_for_a_terminal_is_no_crash(void **state)
{
	(void)state;
	expect_works_everywhere(act_terminal);
}

static char home_path[] = "/tmp/test-sandbox-XXXXXX";

static int make_home(void **state)
{
	(void)state;
	if (!mkdtemp(home_path))
		return -1;
	home = open(home_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	home_file = openat(home, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (home < 0 || home_file < 0 || write(home_file, "x", 1) != 1)
		return -1;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int remove_home(void **state)
{
	(void)state;
	unlinkat(home, "file", 0);
	close(home_file);
	close(home);
	close(pair[0]);
	close(pair[1]);
	return rmdir(home_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody_executes),
	    cmocka_unit_test(test_nobody_forks),
	    cmocka_unit_test(test_nobody_looks_into_others),
	    cmocka_unit_test(test_nobody_sends_signals),
	    cmocka_unit_test(test_nobody_goes_round_by_io_uring),
	    cmocka_unit_test(test_no_memory_becomes_executable),
	    cmocka_unit_test(test_limits_cannot_be_set),
	    cmocka_unit_test(test_memory_for_passphrases_can_be_mapped),
	    cmocka_unit_test(test_nobody_opens_files_elsewhere),
	    cmocka_unit_test(test_only_keeper_and_store_open_files_at_home),
	    cmocka_unit_test(test_only_the_store_makes_directories),
	    cmocka_unit_test(test_everybody_works_on_given_files),
	    cmocka_unit_test(test_worker_and_courier_cannot_even_see_files),
	    cmocka_unit_test(test_memory_files_are_made_by_all_but_the_keeper),
	    cmocka_unit_test(test_descriptors_can_be_passed),
	    cmocka_unit_test(test_only_the_courier_speaks_tcp),
	    cmocka_unit_test(test_the_courier_has_no_other_sockets),
	    cmocka_unit_test(test_asking_for_a_terminal_is_no_crash),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
