/*
 * Cards as pictures: QR codes (ISO/IEC 18004) shown on a terminal, and read
 * from the picture of one.
 */
#ifndef EVIDENT_CLIENT_QR_H
#define EVIDENT_CLIENT_QR_H

#include <stddef.h>

/* Show ${text} on standard output, dark on light whatever the terminal's
 * colours are. An exit code, after saying why not: a code holds 2953 bytes. */
int qr_show(const char *text, size_t len);
/* Read the code in the picture ${path}, PNG or JPEG, into ${ret_text}, which
 * holds ${size} bytes. An exit code, after saying why not. */
int qr_read(const char *path, char *ret_text, size_t size, size_t *ret_len);

#endif
