/*
 * Bech32 (BIP 173) of 32 bytes, as age writes its keys: without the limit of
 * 90 characters, in one case throughout.
 */
#ifndef EVIDENT_FORMAT_BECH32_H
#define EVIDENT_FORMAT_BECH32_H

#include "proto/format/bytes.h"

#define BECH32_BYTES 32

/* Write "${prefix}1..." in lower case and a NUL; ${out} holds strlen(prefix) +
 * 60 bytes. */
void bech32_encode(
    const char *prefix, const uint8_t bytes[BECH32_BYTES], char *out);
/* Exactly what bech32_encode() writes for ${prefix}, or FORMAT_E_MALFORMED. */
int bech32_decode(
    struct span text, const char *prefix, uint8_t ret_bytes[BECH32_BYTES]);

#endif
