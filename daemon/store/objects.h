/*
 * Veiled files: one an attachment's payload, objects/XX/NAME with a random name
 * and a fixed time, so that a thief cannot tell what and when.
 */
#ifndef EVIDENT_STORE_OBJECTS_H
#define EVIDENT_STORE_OBJECTS_H

#include <stdbool.h>

struct objects_name {
	char text[36];
};

/* Make the directory in ${home} unless it is there. */
int objects_begin(int home, int *ret_dir);
/* A new, empty file, open for reading and writing. */
int objects_create(int dir, struct objects_name *ret_name, int *ret_fd);
/* One that has no name, and ends with its last descriptor. */
int objects_create_unnamed(int dir, int *ret_fd);
/* A name for a file that is made when its first bytes come. */
int objects_pick(struct objects_name *ret_name);
/* ${writing} makes the file if it is not there. */
int objects_open(int dir, const char *name, bool writing, int *ret_fd);
/* Whether somebody has it open for writing: 1, 0 (also where the file system
 * cannot tell), or -errno. */
int objects_is_written(int dir, const char *name);
/* The fixed time, fsync of file and directory: before its row commits. */
int objects_sync(int dir, const char *name, int fd);
/* Fix the time and fsync the file alone, while it grows. */
int objects_sync_part(int fd);
void objects_remove(int dir, const char *name);
/* Call ${each} for every file; it answers whether to keep it. */
typedef bool (*objects_keep_cb)(void *context, const char *name);
int objects_sweep(int dir, objects_keep_cb each, void *context);

#endif
