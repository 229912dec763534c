/*
 * What each profile may do, as make_filters.c says, and its seccomp filter for
 * the machine that the program is built for: instructions of the kernel's
 * classic BPF (seccomp(2)), which answer for each system call whether it is
 * done, refused or kills.
 */
#ifndef EVIDENT_BASE_SANDBOX_FILTERS_H
#define EVIDENT_BASE_SANDBOX_FILTERS_H

#include <linux/filter.h>
#include <stdbool.h>

struct sandbox_filter {
	bool files; /* may name files */
	bool tcp;
	unsigned short count;           /* 1 to BPF_MAXINSNS */
	const struct sock_filter *code; /* so many */
};

extern const struct sandbox_filter sandbox_filters[]; /* by profile */

#endif
