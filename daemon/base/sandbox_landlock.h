/*
 * The part of the sandbox that Landlock does, where the kernel has it.
 */
#ifndef EVIDENT_BASE_SANDBOX_LANDLOCK_H
#define EVIDENT_BASE_SANDBOX_LANDLOCK_H

#include <stdbool.h>

/* Confine this process to files beneath ${home_fd} (-1: no file at all) and,
 * unless ${tcp}, to no TCP. no_new_privs must be set. 0, -ENOSYS or
 * -EOPNOTSUPP on a kernel without Landlock, or another -errno. */
int sandbox_landlock_enter(int home_fd, bool tcp);

#endif
