/*
 * The home directory of a node: who may be in it, and the one daemon that is.
 */
#ifndef EVIDENT_BASE_HOME_H
#define EVIDENT_BASE_HOME_H

struct home {
	int dir_fd;
	int lock_fd;    /* holds the lock while open */
	int control_fd; /* listening, not blocking */
};

enum {
	HOME_E_REFUSED = 1,
};

/* Open the directory ${path}, which must be ours and of mode 0700, take its
 * lock and listen on its socket "control". 0, or HOME_E_REFUSED with a text for
 * the person in ${ret_why}. Works for paths of any length, and leaves the
 * process in the directory "/". */
int home_open(const char *path, struct home *ret_home, const char **ret_why);
/* Remove the socket and give up the lock. */
void home_close(struct home *home);

#endif
