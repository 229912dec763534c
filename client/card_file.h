/*
 * Cards as files.
 */
#ifndef EVIDENT_CLIENT_CARD_FILE_H
#define EVIDENT_CLIENT_CARD_FILE_H

#include <stddef.h>

#include "proto/format/enrolment.h"

/* Read a regular file into ${ret_text}. An exit code, after saying why not. */
int card_file_read(const char *path, char ret_text[ENROLLED_CARD_BYTES_MAX + 1],
    size_t *ret_len);
/* Write ${text} beside ${path} and put it there whole. */
int card_file_write(const char *path, const char *text, size_t len);

#endif
