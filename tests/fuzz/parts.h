/*
 * What several targets need: an input of several parts, bytes as a file, a
 * folder in memory, and keys that are the same in every run.
 */
#ifndef EVIDENT_TESTS_FUZZ_PARTS_H
#define EVIDENT_TESTS_FUZZ_PARTS_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define PARTS_FOLDER_MAX 64

/* One byte off ${rest}, or 0 at its end. */
uint8_t parts_byte(struct span *rest);
/* A part off ${rest}: its length in three bytes, big-endian, then itself; no
 * more than there is. */
struct span parts_take(struct span *rest);
/* The reverse. */
void parts_put(struct span part, struct buf *out);
/* An unnamed file of these bytes, read from its beginning. */
int parts_file(struct span bytes);
void parts_read(int fd, struct buf *out);
/* A folder that is gone when the process ends. */
const char *parts_folder(void);
/* Write a file there, or take it away for a part without data. */
void parts_write(const char *name, struct span bytes);
void parts_clear(const char *folder);

/* The author whose seed begins with ${mark}, zeros behind. */
void parts_author(uint8_t mark, struct sign_key *ret_key);
/* A checkpoint of ${log} by that author over ${size} entries, signed. */
void parts_note(uint8_t mark, const struct log_id *log, uint64_t size,
    const struct digest *root, struct buf *out);

#endif
