/*
 * Calls of libc that fail when a test says so (LD_PRELOAD).
 *
 * Every process of a daemon, and the client, is loaded with this. What it does
 * stands in a page of memory that the test shares with it and changes while the
 * process runs: whose calls count, and which call fails, the how manyth, and
 * how. The page is mapped before the sandbox closes, and a call that is not to
 * fail goes on to libc as it is, so all that runs is what runs at a person's.
 *
 * Calls that libc makes by itself (of stdio, of readdir) are not seen.
 */

/* Each name here is the one that libc exports. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include "tests/faults/shim.h"

static struct shim_page *page;
static uint32_t self;

static uint32_t find_role(void)
{
	static const struct {
		const char *name;
		uint32_t role;
	} roles[] = {
	    {"keeper", SHIM_KEEPER},
	    {"store", SHIM_STORE},
	    {"worker", SHIM_WORKER},
	    {"courier", SHIM_COURIER},
	};
	char line[4096] = "";
	const char *word = line, *slash;
	FILE *file = fopen("/proc/self/cmdline", "r");
	size_t len = 0, i;

	if (file) {
		len = fread(line, 1, sizeof line - 2, file);
		fclose(file);
	}
	slash = strrchr(line, '/');
	if (strncmp(slash ? slash + 1 : line, "evident", 7) != 0)
		return 0;
	if (strcmp(slash ? slash + 1 : line, "evidentd") != 0)
		return SHIM_CLIENT;
	word += strlen(word) + 1;
	if (word >= line + len || strcmp(word, "--role") != 0)
		return SHIM_SUPERVISOR;
	word += strlen(word) + 1;
	for (i = 0; i < sizeof roles / sizeof *roles; i++)
		if (strcmp(word, roles[i].name) == 0)
			return roles[i].role;
	return 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv(SHIM_ENV);
	void *map;
	int fd;

	if (!path)
		return;
	self = find_role();
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	map =
	    mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		page = map;
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static _Unwind_Reason_Code add_caller(struct _Unwind_Context *frame, void *hash)
{
	struct dl_find_object object;
	uint64_t *h = hash, at = _Unwind_GetIP(frame);

	if (_dl_find_object((void *)at, &object) != 0 ||
	    object.dlfo_link_map->l_name[0] != 0) /* a library's */
		return _URC_NO_REASON;
	at -= (uint64_t)object.dlfo_map_start;
	*h = (*h ^ at) * 0x9e3779b97f4a7c15u;
	*h ^= *h >> 29;
	return _URC_NO_REASON;
}

/* The place in the program from which this was called: never 0. */
static uint64_t callers(void)
{
	uint64_t hash = 1;

	_Unwind_Backtrace(add_caller, &hash);
	return hash ? hash : 1;
}

static void count_place(enum shim_call call, uint64_t stack)
{
	uint64_t i, none;

	for (i = 0; i < SHIM_PLACES; i++) {
		struct shim_place *place =
		    &page->places[(stack + i) % SHIM_PLACES];

		none = 0;
		if (__atomic_compare_exchange_n(&place->stack, &none, stack,
			false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			place->call = call;
		else if (none != stack)
			continue;
		__atomic_add_fetch(&place->count, 1, __ATOMIC_SEQ_CST);
		return;
	}
}

/* Whose turn it is to fail is one process's alone: counts are atomic. */
static bool turn(enum shim_call call)
{
	const bool memory = call == SHIM_MAP || call == SHIM_ALLOCATE;
	uint64_t n, stack;

	if (!page || !page->armed || !(page->roles & self))
		return false;
	n = __atomic_add_fetch(&page->counts[call], 1, __ATOMIC_SEQ_CST);
	if (memory && page->looks)
		count_place(call, callers());
	if (page->at == 0 || page->call != call)
		return false;
	if (page->on && page->given > 0)
		return true;
	if (page->stack == 0)
		return page->on ? n >= page->at : n == page->at;
	stack = callers();
	return stack == page->stack &&
	       __atomic_add_fetch(&page->here, 1, __ATOMIC_SEQ_CST) == page->at;
}

static void note(int fd)
{
	char name[64];
	ssize_t len = -1;

	__atomic_add_fetch(&page->given, 1, __ATOMIC_SEQ_CST);
	page->pid = getpid();
	page->fd = fd;
	if (fd >= 0) {
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		len = readlink(name, page->path, sizeof page->path - 1);
	}
	page->path[len < 0 ? 0 : len] = 0;
}

/* Whether this call is to fail: errno is what with. */
static bool fails(enum shim_call call, int fd)
{
	if (!turn(call))
		return false;
	note(fd);
	errno = page->error;
	return true;
}

/* The same for calls that move bytes, which may also do half of it. */
static bool fails_or_cuts(enum shim_call call, int fd, size_t *len)
{
	if (!turn(call))
		return false;
	note(fd);
	errno = page->error;
	if (page->how != SHIM_SHORT)
		return true;
	if (*len > 1)
		*len /= 2;
	return false;
}

/* One part, cut, of what is scattered: enough for a short answer. */
static bool fails_or_cuts_parts(enum shim_call call, int fd,
    const struct iovec **parts, int *count, struct iovec *one)
{
	if (*count < 1)
		return false;
	*one = **parts;
	if (fails_or_cuts(call, fd, &one->iov_len))
		return true;
	if (one->iov_len != (*parts)->iov_len) {
		*parts = one;
		*count = 1;
	}
	return false;
}

#define EXPORT __attribute__((visibility("default")))

/* A function that fails whole: TYPE name(PARAMETERS) calls on with ARGUMENTS.
 */
#define WHOLE(type, name, parameters, call, fd, bad, arguments) \
	EXPORT type name parameters; \
	type name parameters \
	{ \
		static type(*real) parameters; \
		if (!real) \
			*(void **)&real = next(#name); \
		return fails(call, fd) ? bad : real arguments; \
	}

/* A function that moves LEN bytes. */
#define PART(name, parameters, call, fd, len, arguments) \
	EXPORT ssize_t name parameters; \
	ssize_t name parameters \
	{ \
		static ssize_t(*real) parameters; \
		if (!real) \
			*(void **)&real = next(#name); \
		return fails_or_cuts(call, fd, &len) ? -1 : real arguments; \
	}

#define PARTS(name, parameters, call, arguments) \
	EXPORT ssize_t name parameters; \
	ssize_t name parameters \
	{ \
		static ssize_t(*real) parameters; \
		struct iovec one; \
		if (!real) \
			*(void **)&real = next(#name); \
		return fails_or_cuts_parts(call, fd, &parts, &count, &one) \
			   ? -1 \
			   : real arguments; \
	}

/* What opens has its mode only if it makes a file. */
static mode_t mode_of(int flags, va_list *args)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE
		   ? va_arg(*args, mode_t)
		   : 0;
}

#define OPENS(name) \
	EXPORT int name(const char *path, int flags, ...); \
	int name(const char *path, int flags, ...) \
	{ \
		static int (*real)(const char *, int, ...); \
		va_list args; \
		mode_t mode; \
		va_start(args, flags); \
		mode = mode_of(flags, &args); \
		va_end(args); \
		if (!real) \
			*(void **)&real = next(#name); \
		return fails(SHIM_OPEN, -1) ? -1 : real(path, flags, mode); \
	}

#define OPENS_AT(name) \
	EXPORT int name(int at, const char *path, int flags, ...); \
	int name(int at, const char *path, int flags, ...) \
	{ \
		static int (*real)(int, const char *, int, ...); \
		va_list args; \
		mode_t mode; \
		va_start(args, flags); \
		mode = mode_of(flags, &args); \
		va_end(args); \
		if (!real) \
			*(void **)&real = next(#name); \
		return fails(SHIM_OPEN, -1) ? -1 \
					    : real(at, path, flags, mode); \
	}

OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)
WHOLE(int, __open_2, (const char *path, int flags), SHIM_OPEN, -1, -1,
    (path, flags))
WHOLE(int, __open64_2, (const char *path, int flags), SHIM_OPEN, -1, -1,
    (path, flags))
WHOLE(int, __openat_2, (int at, const char *path, int flags), SHIM_OPEN, -1, -1,
    (at, path, flags))
WHOLE(int, __openat64_2, (int at, const char *path, int flags), SHIM_OPEN, -1,
    -1, (at, path, flags))

PART(read, (int fd, void *to, size_t len), SHIM_READ, fd, len, (fd, to, len))
PART(__read_chk, (int fd, void *to, size_t len, size_t room), SHIM_READ, fd,
    len, (fd, to, len, room))
PART(pread, (int fd, void *to, size_t len, off_t from), SHIM_READ, fd, len,
    (fd, to, len, from))
PART(pread64, (int fd, void *to, size_t len, off_t from), SHIM_READ, fd, len,
    (fd, to, len, from))
PART(__pread_chk, (int fd, void *to, size_t len, off_t from, size_t room),
    SHIM_READ, fd, len, (fd, to, len, from, room))
PART(__pread64_chk, (int fd, void *to, size_t len, off_t from, size_t room),
    SHIM_READ, fd, len, (fd, to, len, from, room))
PARTS(readv, (int fd, const struct iovec *parts, int count), SHIM_READ,
    (fd, parts, count))
PARTS(preadv, (int fd, const struct iovec *parts, int count, off_t from),
    SHIM_READ, (fd, parts, count, from))

PART(write, (int fd, const void *from, size_t len), SHIM_WRITE, fd, len,
    (fd, from, len))
PART(pwrite, (int fd, const void *from, size_t len, off_t to), SHIM_WRITE, fd,
    len, (fd, from, len, to))
PART(pwrite64, (int fd, const void *from, size_t len, off_t to), SHIM_WRITE, fd,
    len, (fd, from, len, to))
PARTS(writev, (int fd, const struct iovec *parts, int count), SHIM_WRITE,
    (fd, parts, count))
PARTS(pwritev, (int fd, const struct iovec *parts, int count, off_t to),
    SHIM_WRITE, (fd, parts, count, to))

WHOLE(int, fsync, (int fd), SHIM_FSYNC, fd, -1, (fd))
WHOLE(int, fdatasync, (int fd), SHIM_FSYNC, fd, -1, (fd))
WHOLE(int, ftruncate, (int fd, off_t to), SHIM_SIZE, fd, -1, (fd, to))
WHOLE(int, ftruncate64, (int fd, off_t to), SHIM_SIZE, fd, -1, (fd, to))
WHOLE(int, fallocate, (int fd, int mode, off_t from, off_t len), SHIM_SIZE, fd,
    -1, (fd, mode, from, len))
WHOLE(int, fallocate64, (int fd, int mode, off_t from, off_t len), SHIM_SIZE,
    fd, -1, (fd, mode, from, len))

WHOLE(int, rename, (const char *from, const char *to), SHIM_RENAME, -1, -1,
    (from, to))
WHOLE(int, renameat, (int a, const char *from, int b, const char *to),
    SHIM_RENAME, -1, -1, (a, from, b, to))
WHOLE(int, renameat2,
    (int a, const char *from, int b, const char *to, unsigned how), SHIM_RENAME,
    -1, -1, (a, from, b, to, how))
WHOLE(int, unlink, (const char *path), SHIM_UNLINK, -1, -1, (path))
WHOLE(int, unlinkat, (int at, const char *path, int how), SHIM_UNLINK, -1, -1,
    (at, path, how))
WHOLE(int, mkdir, (const char *path, mode_t mode), SHIM_MAKE, -1, -1,
    (path, mode))
WHOLE(int, mkdirat, (int at, const char *path, mode_t mode), SHIM_MAKE, -1, -1,
    (at, path, mode))
WHOLE(int, linkat, (int a, const char *from, int b, const char *to, int how),
    SHIM_MAKE, -1, -1, (a, from, b, to, how))
WHOLE(int, stat, (const char *path, struct stat *to), SHIM_STAT, -1, -1,
    (path, to))
WHOLE(int, lstat, (const char *path, struct stat *to), SHIM_STAT, -1, -1,
    (path, to))
WHOLE(int, fstat, (int fd, struct stat *to), SHIM_STAT, fd, -1, (fd, to))
WHOLE(int, fstat64, (int fd, struct stat64 *to), SHIM_STAT, fd, -1, (fd, to))
WHOLE(int, stat64, (const char *path, struct stat64 *to), SHIM_STAT, -1, -1,
    (path, to))
WHOLE(int, fstatat, (int at, const char *path, struct stat *to, int how),
    SHIM_STAT, -1, -1, (at, path, to, how))
WHOLE(int, faccessat, (int at, const char *path, int mode, int how), SHIM_STAT,
    -1, -1, (at, path, mode, how))

WHOLE(int, memfd_create, (const char *name, unsigned flags), SHIM_MEMFD, -1, -1,
    (name, flags))
PART(getrandom, (void *to, size_t len, unsigned flags), SHIM_RANDOM, -1, len,
    (to, len, flags))
WHOLE(int, poll, (struct pollfd * fds, nfds_t count, int ms), SHIM_WAIT, -1, -1,
    (fds, count, ms))
WHOLE(int, epoll_wait, (int fd, struct epoll_event *events, int count, int ms),
    SHIM_WAIT, fd, -1, (fd, events, count, ms))

PART(recv, (int fd, void *to, size_t len, int how), SHIM_RECEIVE, fd, len,
    (fd, to, len, how))
PART(send, (int fd, const void *from, size_t len, int how), SHIM_SEND, fd, len,
    (fd, from, len, how))

WHOLE(int, getentropy, (void *to, size_t len), SHIM_RANDOM, -1, -1, (to, len))

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int how)
{
	static ssize_t (*real)(int, struct msghdr *, int);
	struct iovec *parts = message->msg_iov, one;
	const size_t count = message->msg_iovlen;
	ssize_t n;

	if (!real)
		*(void **)&real = next("recvmsg");
	if (count > 0) {
		one = *parts;
		if (fails_or_cuts(SHIM_RECEIVE, fd, &one.iov_len))
			return -1;
		if (one.iov_len != parts->iov_len) {
			message->msg_iov = &one;
			message->msg_iovlen = 1;
		}
	}
	n = real(fd, message, how);
	message->msg_iov = parts;
	message->msg_iovlen = count;
	return n;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int how)
{
	static ssize_t (*real)(int, const struct msghdr *, int);
	struct msghdr less = *message;
	struct iovec one;

	if (!real)
		*(void **)&real = next("sendmsg");
	if (less.msg_iovlen > 0) {
		one = *less.msg_iov;
		if (fails_or_cuts(SHIM_SEND, fd, &one.iov_len))
			return -1;
		if (one.iov_len != less.msg_iov->iov_len) {
			less.msg_iov = &one;
			less.msg_iovlen = 1;
		}
	}
	return real(fd, &less, how);
}

/* --- memory -------------------------------------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

EXPORT void *malloc(size_t size)
{
	return fails(SHIM_ALLOCATE, -1) ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
	return fails(SHIM_ALLOCATE, -1) ? NULL : __libc_calloc(count, size);
}

EXPORT void *realloc(void *old, size_t size)
{
	if (size > 0 && fails(SHIM_ALLOCATE, -1))
		return NULL;
	return __libc_realloc(old, size);
}

EXPORT int posix_memalign(void **ret, size_t align, size_t size)
{
	void *got;

	got = fails(SHIM_ALLOCATE, -1) ? NULL : __libc_memalign(align, size);
	if (!got)
		return ENOMEM;
	*ret = got;
	return 0;
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	return fails(SHIM_ALLOCATE, -1) ? NULL : __libc_memalign(align, size);
}

#define MAPS(name) \
	EXPORT void *name( \
	    void *at, size_t len, int how, int flags, int fd, off_t from); \
	void *name( \
	    void *at, size_t len, int how, int flags, int fd, off_t from) \
	{ \
		static void *(*real)(void *, size_t, int, int, int, off_t); \
		if (!real) \
			*(void **)&real = next(#name); \
		if ((flags & MAP_ANONYMOUS) && fails(SHIM_MAP, -1)) \
			return MAP_FAILED; \
		return real(at, len, how, flags, fd, from); \
	}

MAPS(mmap)
MAPS(mmap64)
