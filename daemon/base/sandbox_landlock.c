/*
 * Landlock: which files a process may name, whatever system call it finds.
 *
 * Rules are about opening: a descriptor that a process was handed stays usable.
 * The kernel's headers are older than its abilities on some systems we serve
 * (Debian 12 declares no network and no scope), so numbers and structs are
 * declared here, and what the running kernel can do is asked for: of each ABI
 * only what it knows is handled.
 *
 *	ABI 1 (5.13) files   2 (5.19) moving between directories
 *	    3 (6.2) truncate 4 (6.7) TCP    5 (6.10) ioctl on devices
 *	    6 (6.12) abstract Unix sockets, signals
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/sandbox_landlock.h"

#define CALL_CREATE_RULESET 444 /* the same on every architecture */
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446

#define RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_REMOVE_DIR (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR (UINT64_C(1) << 7)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)

#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* from ABI 4 */
	uint64_t scoped;      /* from ABI 6 */
};

struct path_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static uint64_t known_fs(long abi)
{
	uint64_t fs = FS_ABI_1;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

static size_t attr_size(long abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset_attr);
	if (abi >= 4)
		return offsetof(struct ruleset_attr, scoped);
	return offsetof(struct ruleset_attr, handled_net);
}

static int allow_home(int ruleset, int home_fd, uint64_t fs)
{
	struct path_attr home = {
	    .allowed = fs & (FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR |
				FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
				FS_MAKE_REG | FS_REFER | FS_TRUNCATE),
	    .parent_fd = home_fd,
	};

	if (syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &home, 0) < 0)
		return -errno;
	return 0;
}

int sandbox_landlock_enter(int home_fd, bool tcp)
{
	struct ruleset_attr attr = {0};
	int ruleset, r = 0;
	long abi;

	abi = syscall(CALL_CREATE_RULESET, NULL, 0, RULESET_VERSION);
	if (abi < 0)
		return -errno;
	attr.handled_fs = known_fs(abi);
	if (!tcp && abi >= 4)
		attr.handled_net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	ruleset = (int)syscall(CALL_CREATE_RULESET, &attr, attr_size(abi), 0);
	if (ruleset < 0)
		return -errno;
	if (home_fd >= 0)
		r = allow_home(ruleset, home_fd, attr.handled_fs);
	if (r == 0 && syscall(CALL_RESTRICT_SELF, ruleset, 0) < 0)
		r = -errno;
	close(ruleset);
	return r;
}
