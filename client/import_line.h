/*
 * One line of a file that is imported.
 */
#ifndef EVIDENT_CLIENT_IMPORT_LINE_H
#define EVIDENT_CLIENT_IMPORT_LINE_H

#include "client/record.h"

/* Fill the begun ${record} from the ${len} bytes of JSON at ${text}; files are
 * opened relative to ${dir}. ${ret_root} is the caller's to json_decref(), but
 * ${record} and ${ret_error} point into it; set in any case. An exit code. */
int import_line_read(const char *text, size_t len, int dir,
    struct record *record, json_t **ret_root, struct record_error *ret_error);

#endif
