/*
 * One seed's world: nodes, what was done to them, and what must hold.
 *
 *   sim.c    arguments, templates, seeds
 *   world.c  the scheduler: who goes on next, and who dies
 *   plan.c   what a seed does
 *   judge.c  what must hold after each step
 *   settle.c that all comes to rest, and what must hold then
 */
#ifndef EVIDENT_TESTS_SIM_SIM_H
#define EVIDENT_TESTS_SIM_SIM_H

#include "tests/sim/node.h"

#define RECORDS_MAX 128
#define BUNDLES_MAX 64
#define CALLS_MAX 4
#define NEVER (-1)

/* A record as the person who captured it knows it. Steps say since when. */
struct record {
	char id[65]; /* "" until it is known */
	unsigned author;
	unsigned to;    /* nodes it is for */
	unsigned given; /* nodes that somebody shared it with, or tried to */
	int shared[SIM_NODES_MAX][SIM_NODES_MAX]; /* by each, with each */
	int made;                                 /* when it was asked for */
	bool lost; /* its author's disk was put back to before that */
	int acked; /* the answer came, or NEVER */
	const struct record *original; /* it stands beside, and goes with */
	bool taken_back;               /* somebody has tried to */
	int withdrawn;                 /* the answer came, or NEVER */
	int whole[SIM_NODES_MAX];      /* was seen there whole */
	int gone[SIM_NODES_MAX];       /* was seen there taken back */
	unsigned delivered;            /* to whom, as its author said once */
};

struct bundle {
	int fd;
	unsigned from, to;
};

/* An image of a disk. */
struct image {
	bool there;
	int step;
	unsigned number;
	unsigned strangers; /* whom the node had removed by then */
};

struct topology {
	const char *name;
	unsigned cards[SIM_NODES_MAX];   /* readers on each card */
	unsigned mirrors[SIM_NODES_MAX]; /* of each */
};

struct line {
	unsigned from, to;
};

struct world {
	uint64_t seed, chance;
	char folder[NODE_PATH_MAX];
	unsigned count; /* of nodes */
	const struct topology *topology;
	struct node nodes[SIM_NODES_MAX];
	bool down[SIM_NODES_MAX];   /* killed, and not started again yet */
	bool retain[SIM_NODES_MAX]; /* keeps what is delivered */
	bool restores;              /* old disks are put back in this seed */
	unsigned put_back;          /* nodes that were */
	unsigned odd; /* those of them whom not all have met since */
	char authors[SIM_NODES_MAX][65];   /* of each, as its own records say */
	unsigned strangers[SIM_NODES_MAX]; /* partners of each, removed */
	int step;
	int64_t clock, skew[SIM_NODES_MAX];
	struct record records[RECORDS_MAX];
	unsigned record_count;
	struct bundle bundles[BUNDLES_MAX];
	unsigned bundle_count;
	struct image images[SIM_NODES_MAX];
	/* The trace, and a hash of it that a second run must find again. */
	uint64_t hash;
	bool loud;
	char *trace;
	size_t trace_len;
	char wrong[512]; /* the first thing that does not hold, or "" */
	/* What it took. */
	unsigned long events, crashes, cuts, restored, jumps, meetings;
};

extern const char *const sim_names[SIM_NODES_MAX];
extern const unsigned sim_readers;
extern const struct topology sim_topologies[2];
extern const struct line sim_lines[];
extern const size_t sim_line_count;
extern const struct line sim_by_hand[2];

/* world.c */
uint64_t world_draw(struct world *world, uint64_t range);
bool world_chance(struct world *world, unsigned percent);
void world_note(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void world_wrong(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Until nothing moves any more; then all calls are done, or lost. */
void world_run(struct world *world, struct call *calls, size_t count);
/* Ask, and let the world go on; the caller ends the call. */
void world_ask(struct world *world, struct call *call, unsigned node,
    const struct ctl_request *request, const int *fds, size_t fd_count);
/* Start what is down and open it. */
void world_revive(struct world *world, unsigned node);
void world_unlock(struct world *world, unsigned node);
void world_set_clocks(struct world *world);

/* plan.c */
void plan_run(struct world *world, unsigned steps);
/* Whether they are partners, by whatever carrier. */
bool plan_are_linked(unsigned a, unsigned b);
/* Partners again. */
void plan_befriend(struct world *world, unsigned node, unsigned partner);
void plan_sync(
    struct world *world, struct call *call, unsigned node, unsigned partner);
/* Likewise, and bring back what the partner holds of what ${node} wrote. */
void plan_recover(
    struct world *world, struct call *call, unsigned node, unsigned partner);
/* One bundle from one to the other. */
void plan_carry(struct world *world, unsigned from, unsigned to);
int plan_memfd(const char *text, size_t len);

/* judge.c */
/* Whether it, or what it stands beside, was taken back by somebody. */
bool judge_may_be_gone(const struct record *record);
/* What every node that is up lists; what it says must go with what is known. */
void judge_step(struct world *world);
/* One node's list, by id: a new reference, or NULL. */
json_t *judge_list(struct world *world, unsigned node);
/* All facts of ${node} that are younger than its disk are forgotten. */
void judge_put_back(struct world *world, unsigned node, int step);

/* settle.c */
void settle(struct world *world);

#endif
