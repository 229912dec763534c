/*
 * Makes the seccomp filters of all profiles, when the program is built: an
 * allow-list for each, as a C file of the kernel's instructions.
 *
 *	make_filters >sandbox_filters.c
 *
 * When a process starts there is then nothing left that could fail for want of
 * memory, or be made wrongly: libseccomp, where it has none, may spin or leave
 * rules out.
 *
 * What is not listed kills the process. Three kinds of exceptions:
 *  - calls that libc and libcrypto make to look around (opening a file, asking
 *    a descriptor for its terminal) are answered with an error where they are
 *    not allowed, so that a probe in a library is no crash;
 *  - memory may be mapped, never executable: the code that runs is the code
 *    the process began with;
 *  - clone, fork, execve, ptrace, process_vm_* and the like are on no list.
 *
 * The lists name calls, not paths: which files may be opened is Landlock's
 * part.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

#include "daemon/base/sandbox.h"
#include "proto/format/asan.h"

#define END (-1) /* of a list; no system call has this number */

/* Memory, time, descriptors at hand, leaving. */
static const int everyone[] = {SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(fcntl),
    SCMP_SYS(dup), SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(brk), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2),
    SCMP_SYS(munlock), SCMP_SYS(getrandom), SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
    SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getrlimit),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    SCMP_SYS(exit), SCMP_SYS(exit_group), END};

/* Reading and writing files that are open. */
static const int file_contents[] = {SCMP_SYS(pread64), SCMP_SYS(preadv),
    SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fadvise64),
    SCMP_SYS(sync_file_range), SCMP_SYS(copy_file_range), END};

/* Naming files; Landlock says which. */
static const int file_names[] = {SCMP_SYS(open), SCMP_SYS(openat),
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(readlink), SCMP_SYS(readlinkat), END};

/* What a database, a directory of objects and their locks need beside. */
static const int file_trees[] = {SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(flock),
    SCMP_SYS(utimensat), SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(statfs),
    SCMP_SYS(fstatfs), SCMP_SYS(umask), SCMP_SYS(mlockall),
    SCMP_SYS(munlockall), END};

static const int anonymous_files[] = {SCMP_SYS(memfd_create), END};

/* An event loop over sockets that are there, or come by accept(). */
static const int events[] = {SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2), SCMP_SYS(pipe2), SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime), SCMP_SYS(accept), SCMP_SYS(accept4),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), END};

/* socket() itself is allowed for TCP only, below. */
static const int network[] = {
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), END};

/* What libraries try, and do without: an error, no death. Of everybody: */
static const int probes[] = {SCMP_SYS(prctl), END};
/* ... and of those that may name no file: */
static const int file_probes[] = {SCMP_SYS(open), SCMP_SYS(openat),
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd), END};

/* AddressSanitizer reads its own mappings and moves signals around. */
static const int asan[] = {
    SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(set_robust_list), END};

struct profile {
	const char *name;
	const int *lists[8]; /* up to NULL */
	bool files;          /* may name files */
	bool tcp;
};

static const struct profile profiles[] = {
    [SANDBOX_KEEPER] = {"KEEPER", {everyone, file_contents, file_names, NULL},
	true, false},
    [SANDBOX_STORE] = {"STORE",
	{everyone, file_contents, file_names, file_trees, anonymous_files,
	    events, NULL},
	true, false},
    [SANDBOX_WORKER] = {"WORKER",
	{everyone, file_contents, anonymous_files, NULL}, false, false},
    [SANDBOX_COURIER] = {"COURIER",
	{everyone, file_contents, anonymous_files, events, network, NULL},
	false, true},
};

/* seccomp_rule_add() answers -EDOM for a call that this architecture does not
 * have: it needs no rule. */
static int add_rule(scmp_filter_ctx filter, uint32_t action, int call,
    const struct scmp_arg_cmp *when)
{
	int r;

	r = seccomp_rule_add_array(filter, action, call, when ? 1 : 0, when);
	return r == -EDOM ? 0 : r;
}

static int add_list(scmp_filter_ctx filter, uint32_t action, const int *list)
{
	int r = 0;

	for (; r == 0 && *list != END; list++)
		r = add_rule(filter, action, *list, NULL);
	return r;
}

/* A call that is allowed for one argument, and an error for others. */
static int add_either(scmp_filter_ctx filter, int call,
    struct scmp_arg_cmp allowed, struct scmp_arg_cmp refused, int error)
{
	int r;

	r = add_rule(filter, SCMP_ACT_ALLOW, call, &allowed);
	if (r < 0)
		return r;
	return add_rule(
	    filter, SCMP_ACT_ERRNO((uint32_t)error), call, &refused);
}

static int add_equal(scmp_filter_ctx filter, int call, unsigned argument,
    uint64_t value, int error)
{
	return add_either(filter, call,
	    SCMP_CMP64(argument, SCMP_CMP_EQ, value, 0),
	    SCMP_CMP64(argument, SCMP_CMP_NE, value, 0), error);
}

static int add_not_executable(scmp_filter_ctx filter, int call)
{
	return add_either(filter, call,
	    SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
	    SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC), EPERM);
}

/* Sockets of IPv4 (2) and IPv6 (10), which differ in one bit, of one type. */
static int add_inet_sockets(scmp_filter_ctx filter, uint32_t action, int type)
{
	const struct scmp_arg_cmp inet[] = {
	    SCMP_A0_64(SCMP_CMP_MASKED_EQ,
		0xffffffff & ~(uint64_t)(AF_INET ^ AF_INET6),
		AF_INET & AF_INET6),
	    SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xf, (uint64_t)type),
	};

	return seccomp_rule_add_array(
	    filter, action, SCMP_SYS(socket), 2, inet);
}

/* Streams, and datagrams for asking name servers. What a resolver tries beside
 * is an error, the rest kills. */
static int add_tcp_sockets(scmp_filter_ctx filter)
{
	static const int tried[] = {AF_UNIX, AF_NETLINK};
	size_t i;
	int r;

	r = add_inet_sockets(filter, SCMP_ACT_ALLOW, SOCK_STREAM);
	if (r == 0)
		r = add_inet_sockets(filter, SCMP_ACT_ALLOW, SOCK_DGRAM);
	for (i = 0; r == 0 && i < sizeof tried / sizeof *tried; i++) {
		const struct scmp_arg_cmp family =
		    SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)tried[i], 0);

		r = add_rule(
		    filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), &family);
	}
	return r;
}

/* Rules that look at arguments. */
static int add_conditions(scmp_filter_ctx filter, const struct profile *profile)
{
	int r;

	r = add_not_executable(filter, SCMP_SYS(mmap));
	if (r == 0)
		r = add_not_executable(filter, SCMP_SYS(mprotect));
	if (r == 0) /* libevent asks how much there is to read */
		r = add_equal(filter, SCMP_SYS(ioctl), 1, FIONREAD, ENOTTY);
	if (r == 0) /* to read limits, not to set any */
		r = add_equal(filter, SCMP_SYS(prlimit64), 2, 0, EPERM);
	if (r == 0 && !profile->files) /* this is how libc does fstat() */
		r = add_equal(
		    filter, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, EACCES);
	if (r == 0 && profile->tcp)
		r = add_tcp_sockets(filter);
	return r;
}

static int fill_filter(scmp_filter_ctx filter, const struct profile *profile)
{
	const int *const *list;
	int r = 0;

	for (list = profile->lists; r == 0 && *list; list++)
		r = add_list(filter, SCMP_ACT_ALLOW, *list);
	if (r == 0)
		r = add_list(filter, SCMP_ACT_ERRNO(EINVAL), probes);
	if (r == 0 && !profile->files)
		r = add_list(filter, SCMP_ACT_ERRNO(EACCES), file_probes);
	if (r == 0 && EVIDENT_ASAN)
		r = add_list(filter, SCMP_ACT_ALLOW, asan);
	if (r == 0)
		r = add_conditions(filter, profile);
	return r;
}

static int make_filter(const struct profile *profile, int fd)
{
	scmp_filter_ctx filter;
	int r;

	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(
	    filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = fill_filter(filter, profile);
	if (r == 0)
		r = seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	return r;
}

/* The instructions that ${fd} holds, as an array of that name. */
static int print_filter(const char *name, int fd)
{
	struct sock_filter code;
	unsigned count = 0;
	ssize_t got;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	printf("\nstatic const struct sock_filter %s[] = {\n", name);
	while ((got = read(fd, &code, sizeof code)) == sizeof code) {
		printf("    {0x%02x, %u, %u, 0x%08x},\n", code.code, code.jt,
		    code.jf, code.k);
		count++;
	}
	printf("};\n");
	return got == 0 && count > 0 && count <= BPF_MAXINSNS ? 0 : -EIO;
}

static int print_profile(const struct profile *profile)
{
	int fd, r;

	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = make_filter(profile, fd);
	if (r == 0)
		r = print_filter(profile->name, fd);
	close(fd);
	return r;
}

static void print_all_names(void)
{
	size_t i;

	printf("\nconst struct sandbox_filter sandbox_filters[] = {\n");
	for (i = 0; i < sizeof profiles / sizeof *profiles; i++)
		printf("    [SANDBOX_%s] = {%d, %d, sizeof %s / sizeof *%s, "
		       "%s},\n",
		    profiles[i].name, profiles[i].files, profiles[i].tcp,
		    profiles[i].name, profiles[i].name, profiles[i].name);
	printf("};\n");
}

int main(void)
{
	size_t i;
	int r = 0;

	printf("/* Made by make_filters.c. */\n"
	       "#include \"daemon/base/sandbox.h\"\n"
	       "#include \"daemon/base/sandbox_filters.h\"\n");
	for (i = 0; r == 0 && i < sizeof profiles / sizeof *profiles; i++)
		r = print_profile(&profiles[i]);
	print_all_names();
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = -EIO;
	if (r < 0)
		fprintf(stderr, "make_filters: error %d\n", r);
	return r < 0 ? 1 : 0;
}
