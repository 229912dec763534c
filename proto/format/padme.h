/*
 * Padmé: hides a length at a cost of at most 12 % (Nikitin et al., PETS 2019,
 * algorithm 1; FORMAT.md, Padding).
 */
#ifndef EVIDENT_FORMAT_PADME_H
#define EVIDENT_FORMAT_PADME_H

#include <stdint.h>

/* The padded length for ${length} bytes; itself for 0 and 1, and where the
 * padded length would be over 2^64 - 1. */
uint64_t padme_length(uint64_t length);

#endif
