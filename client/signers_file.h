/*
 * Files that an auditor hands to verify.
 */
#ifndef EVIDENT_CLIENT_SIGNERS_FILE_H
#define EVIDENT_CLIENT_SIGNERS_FILE_H

#include "proto/format/bytes.h"

/* Open a regular file, and nothing else, for reading; -1. */
int signers_file_open(const char *path);
/* Read an allowed_signers file of at most 1 MiB; ${out} is left with data, also
 * when the file is empty. An exit code; what went wrong was said. */
int signers_file_read(const char *path, struct buf *out);

#endif
