/*
 * What a fuzz target is: one function that takes any bytes and must neither
 * crash nor break its own claims. fuzz_*.c each hold one; it is run by
 * libFuzzer (clang -fsanitize=fuzzer,address,undefined) or by replay.c.
 */
#ifndef EVIDENT_TESTS_FUZZ_H
#define EVIDENT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define CLAIM(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
