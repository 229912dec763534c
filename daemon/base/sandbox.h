/*
 * What each process may still do once it serves: no_new_privs, rlimits,
 * Landlock where the kernel has it, a seccomp allow-list for all.
 */
#ifndef EVIDENT_BASE_SANDBOX_H
#define EVIDENT_BASE_SANDBOX_H

enum sandbox_profile {
	SANDBOX_KEEPER,  /* its own directory; no network, no exec */
	SANDBOX_STORE,   /* its home directory; control socket; no exec */
	SANDBOX_WORKER,  /* only descriptors it is given: no open, no socket */
	SANDBOX_COURIER, /* TCP, and UDP for name servers; no file */
};

/* Call once, after everything lazy (libcrypto, locale, resolver) is loaded.
 * ${home_fd} is the directory the profile may use, or -1. 0 or -errno; the
 * caller must exit on failure. A kernel without Landlock is logged and
 * accepted, one without seccomp is not. */
int sandbox_enter(enum sandbox_profile profile, int home_fd);

#endif
