/*
 * What a fuzz target is: one function that takes any bytes and must neither
 * crash nor break its own claims. fuzz_*.c each hold one; it is run by
 * libFuzzer (tests/fuzz/run) or by replay.c.
 */
#ifndef EVIDENT_TESTS_FUZZ_H
#define EVIDENT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLAIM(x) \
	do { \
		if (!(x)) \
			fuzz_broken(__FILE__, __LINE__, #x); \
	} while (0)

__attribute__((noreturn)) static inline void fuzz_broken(
    const char *file, int line, const char *claim)
{
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
