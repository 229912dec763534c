/*
 * The home directory of a node: who may be in it, and the one daemon that is.
 */
#ifndef EVIDENT_BASE_HOME_H
#define EVIDENT_BASE_HOME_H

struct home {
	int dir_fd;
	int lock_fd;    /* holds the lock while open */
	int control_fd; /* listening, not blocking */
	int key_fd;     /* a machine's key for the store's first start, or -1 */
};

enum {
	HOME_E_REFUSED = 1,
};

/* Open the directory ${path}, which must be ours and of mode 0700, take its
 * lock and listen on its socket "control". 0, or HOME_E_REFUSED with a text for
 * the person in ${ret_why}. Works for paths of any length, and leaves the
 * process in the directory "/". */
int home_open(const char *path, struct home *ret_home, const char **ret_why);
/* The key that the service manager gives (systemd.exec(5), LoadCredential=):
 * the file evident.key in $CREDENTIALS_DIRECTORY, if there is one. */
void home_take_key(struct home *home);
/* Remove the socket and give up the lock. */
void home_close(struct home *home);

#endif
