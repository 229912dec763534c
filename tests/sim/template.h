/*
 * Making a world, and the homes it begins with.
 */
#ifndef EVIDENT_TESTS_SIM_TEMPLATE_H
#define EVIDENT_TESTS_SIM_TEMPLATE_H

#include "tests/sim/sim.h"

/* A world without homes in a new ${folder}. 0 or negative. */
int template_open(struct world *world, const char *folder, uint64_t seed,
    unsigned count, const struct topology *topology);
void template_close(struct world *world);
/* Nodes that know each other, in a new ${folder}. 0 or negative. */
int template_make(
    const char *folder, unsigned count, const struct topology *topology);

#endif
