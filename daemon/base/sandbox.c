/*
 * The sandbox: rlimits, no_new_privs, Landlock, then a seccomp allow-list.
 *
 * What is on whose list, make_filters.c says. Where the kernel has no Landlock,
 * keeper and store keep the file rights of their user; worker and courier still
 * can open nothing.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "daemon/base/log.h"
#include "daemon/base/sandbox.h"
#include "daemon/base/sandbox_filters.h"
#include "daemon/base/sandbox_landlock.h"
#include "proto/format/asan.h"
#include "proto/format/hash.h"

/* Argon2id takes up to 1 GiB of it. */
#define ADDRESS_SPACE ((rlim_t)2 << 30)

static int load_filter(const struct sandbox_filter *filter)
{
	const struct sock_fprog program = {
	    filter->count, (struct sock_filter *)filter->code};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0
		   ? -errno
		   : 0;
}

static int limit_memory(void)
{
	const struct rlimit limit = {ADDRESS_SPACE, ADDRESS_SPACE};

	/* AddressSanitizer maps terabytes of shadow. */
	if (EVIDENT_ASAN)
		return 0;
	return setrlimit(RLIMIT_AS, &limit) < 0 ? -errno : 0;
}

static int confine_files(const struct sandbox_filter *filter, int home_fd)
{
	int r;

	r = sandbox_landlock_enter(filter->files ? home_fd : -1, filter->tcp);
	if (r == -ENOSYS || r == -EOPNOTSUPP) {
		log_event(LOG_LEVEL_WARNING,
		    "this kernel has no Landlock, files are less confined");
		return 0;
	}
	return r;
}

/* libcrypto reads its configuration and finds its algorithms on first use. */
static int load_lazy(void)
{
	struct digest unused;

	return hash_sha256(span_text(""), &unused);
}

int sandbox_enter(enum sandbox_profile profile, int home_fd)
{
	const struct sandbox_filter *filter = &sandbox_filters[profile];
	int r;

	r = load_lazy();
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = limit_memory();
	if (r == 0)
		r = confine_files(filter, home_fd);
	if (r == 0)
		r = load_filter(filter);
	return r;
}
