/*
 * The seam between the daemon's own code and a world that is simulated: time,
 * chance, the event loop's waiting, and the places where a process may die.
 */
#ifndef EVIDENT_TESTS_SIM_SEAM_H
#define EVIDENT_TESTS_SIM_SEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/types.h"

/* What the simulation and the processes of a node share. */
struct seam {
	int64_t clock;     /* seconds, as this node sees them */
	uint64_t points;   /* places of this life at which it might have died */
	uint64_t crash_at; /* the point at which it does, or 0 */
};

#define SEAM_STEP_FD 4 /* of a store: told to go on, tells that it is quiet */
#define SEAM_CRASHED 99

/* The process is about to become ${role} of a node: what it draws depends on
 * ${seed}, node and life only. NULL is the simulation itself. */
void seam_enter(struct seam *seam_or_null, uint64_t seed, unsigned node,
    enum wire_role role, unsigned life);

#endif
