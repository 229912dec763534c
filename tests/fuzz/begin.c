/*
 * What libFuzzer calls before the first input.
 */
#include <sodium.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	CLAIM(sodium_init() >= 0);
	return 0;
}
