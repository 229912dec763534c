/*
 * Numbers and bytes at random, that SEED in the environment makes again: it is
 * told, and drawn when it is not given.
 */
#ifndef EVIDENT_UNIT_NOISE_H
#define EVIDENT_UNIT_NOISE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t noise_state;

static inline void noise_begin(void)
{
	const char *given = getenv("SEED");

	noise_state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("# SEED=%llu\n", (unsigned long long)noise_state);
}

/* Below 2^53. */
static inline uint64_t noise_next(void)
{
	noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
	return noise_state >> 11;
}

static inline void noise_fill(void *noise, size_t len)
{
	uint8_t *at = noise;

	while (len-- > 0)
		*at++ = (uint8_t)noise_next();
}

#endif
