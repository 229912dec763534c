/*
 * Files that a command writes into a directory the person named. Nothing that
 * exists is ever overwritten, and no link is followed.
 */
#ifndef EVIDENT_CLIENT_OUTDIR_H
#define EVIDENT_CLIENT_OUTDIR_H

/* Make ${path} (0700) unless it is there; an exit code. */
int outdir_open(const char *path, int *ret_dir);
/* Create ${name}, which holds only safe characters; an exit code. */
int outdir_create(int dir, const char *name, int *ret_fd);

#endif
