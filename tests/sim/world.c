/*
 * The scheduler. At every moment some can go on: a store that has something to
 * read, a courier, bytes on a wire. A draw says who does, and of bytes how
 * many. So two runs of a seed are the same, whatever the machine does.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define EVENTS_MAX 60000 /* of one step: more never ends */
#define PASSPHRASE "a passphrase, long enough\n"

uint64_t world_draw(struct world *world, uint64_t range)
{
	uint64_t z = world->chance += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return range ? z % range : 0;
}

bool world_chance(struct world *world, unsigned percent)
{
	return world_draw(world, 100) < percent;
}

static void hash_in(struct world *world, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	while (len--)
		world->hash = (world->hash ^ *bytes++) * 0x100000001b3ull;
}

void world_note(struct world *world, const char *format, ...)
{
	char line[1024];
	va_list list;
	int len;
	char *more;

	va_start(list, format);
	len = vsnprintf(line, sizeof line - 1, format, list);
	va_end(list);
	if (len > (int)sizeof line - 2)
		len = sizeof line - 2;
	line[len++] = '\n';
	hash_in(world, line, (size_t)len);
	if (world->loud)
		printf("# %d: %.*s", world->step, len, line);
	more = realloc(world->trace, world->trace_len + (size_t)len + 1);
	if (!more)
		return;
	world->trace = more;
	memcpy(more + world->trace_len, line, (size_t)len);
	world->trace_len += (size_t)len;
	more[world->trace_len] = 0;
}

void world_wrong(struct world *world, const char *format, ...)
{
	char text[400];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	world_note(world, "WRONG: %s", text);
	if (!world->wrong[0])
		snprintf(world->wrong, sizeof world->wrong, "step %d: %s",
		    world->step, text);
}

void world_set_clocks(struct world *world)
{
	unsigned i;

	for (i = 0; i < world->count; i++)
		world->nodes[i].seam->clock = world->clock + world->skew[i];
}

/* --- death --------------------------------------------------------------- */

/* The store died. Either it is started anew at once, as the supervisor does, or
 * the whole machine went, and stays down for a while. */
static void bury(struct world *world, unsigned at)
{
	struct node *node = &world->nodes[at];

	world->crashes++;
	if (world_chance(world, 50)) {
		world_note(world, "%s: all is dead", sim_names[at]);
		node_kill(node);
		world->down[at] = true;
		return;
	}
	world_note(world, "%s: the store is dead", sim_names[at]);
	/* It may die of the start as well. */
	if (world_chance(world, 20))
		node->seam->crash_at = 1 + world_draw(world, 60);
	if (node_start_store(node) != 0 && node_start_store(node) != 0)
		world_wrong(world, "%s does not start", sim_names[at]);
	node->seam->crash_at = 0;
}

void world_unlock(struct world *world, unsigned at)
{
	struct ctl_request request = {.op = CTL_UNLOCK};
	int fd = plan_memfd(PASSPHRASE, strlen(PASSPHRASE));
	struct call call;

	world_ask(world, &call, at, &request, &fd, 1);
	if (call.lost || call.exit != 0)
		world_wrong(
		    world, "%s does not open: %s", sim_names[at], call.error);
	call_end(&call);
	close(fd);
}

void world_revive(struct world *world, unsigned at)
{
	if (!world->down[at])
		return;
	world->down[at] = false;
	if (node_start(&world->nodes[at]) != 0) {
		world_wrong(world, "%s does not start", sim_names[at]);
		return;
	}
	world_unlock(world, at);
}

/* --- going on ------------------------------------------------------------ */

enum mover { MOVE_STORE, MOVE_COURIER, MOVE_WIRE };

struct move {
	enum mover mover;
	size_t at;
};

#define MOVES_MAX 256

static bool store_can_go_on(
    struct world *world, unsigned at, struct call *calls, size_t count)
{
	size_t i;

	if (!node_is_up(&world->nodes[at]))
		return false;
	for (i = 0; i < count; i++)
		if (calls[i].node == &world->nodes[at] &&
		    call_is_told(&calls[i]))
			return true;
	return wires_store_is_told(at);
}

static size_t list_moves(struct world *world, struct call *calls, size_t count,
    struct move moves[MOVES_MAX])
{
	size_t i, wires = wires_count_loaded(), found = 0;

	for (i = 0; i < world->count; i++) {
		if (store_can_go_on(world, (unsigned)i, calls, count))
			moves[found++] = (struct move){MOVE_STORE, i};
		if (wires_courier_is_ready((unsigned)i))
			moves[found++] = (struct move){MOVE_COURIER, i};
	}
	for (i = 0; i < wires && found < MOVES_MAX; i++)
		moves[found++] = (struct move){MOVE_WIRE, i};
	return found;
}

static void carry(struct world *world, size_t at)
{
	size_t load = wires_load(at), len = load;
	unsigned from, to;

	if (world_chance(world, 15))
		len = 1 + world_draw(world, load);
	len = wires_carry(at, len, &from, &to);
	hash_in(world, (uint64_t[]){len, from, to}, 24);
}

static void run_store(
    struct world *world, unsigned at, struct call *calls, size_t count)
{
	struct node *node = &world->nodes[at];
	uint64_t points;
	size_t i;

	if (!node_run(node))
		bury(world, at);
	points = node->seam->points;
	hash_in(world, &points, sizeof points);
	for (i = 0; i < count; i++)
		if (calls[i].node == node && !calls[i].done)
			call_hear(&calls[i]);
}

/* Everybody once, for what cannot be seen from here (a full socket). */
static bool nudge(struct world *world, struct call *calls, size_t count)
{
	struct move moves[MOVES_MAX];
	unsigned i;

	for (i = 0; i < world->count; i++)
		if (node_is_up(&world->nodes[i]))
			run_store(world, i, calls, count);
	return list_moves(world, calls, count, moves) > 0;
}

void world_run(struct world *world, struct call *calls, size_t count)
{
	struct move moves[MOVES_MAX], *move;
	size_t found, events = 0, i;

	for (;;) {
		found = list_moves(world, calls, count, moves);
		if (found == 0 && !nudge(world, calls, count))
			break;
		if (found == 0)
			continue;
		if (++events > EVENTS_MAX) {
			world_wrong(world, "it does not come to an end");
			break;
		}
		move = &moves[world_draw(world, found)];
		hash_in(world, move, sizeof move->mover);
		if (move->mover == MOVE_STORE)
			run_store(world, (unsigned)move->at, calls, count);
		else if (move->mover == MOVE_COURIER)
			wires_courier_run((unsigned)move->at);
		else
			carry(world, move->at);
	}
	world->events += events;
	for (i = 0; i < count; i++) {
		if (!calls[i].done)
			call_hear(&calls[i]);
		if (!calls[i].done)
			world_wrong(world, "a request has no answer");
		calls[i].lost |= !calls[i].done;
		calls[i].done = true;
	}
}

void world_ask(struct world *world, struct call *call, unsigned node,
    const struct ctl_request *request, const int *fds, size_t fd_count)
{
	call_begin(call, &world->nodes[node], request, fds, fd_count);
	world_run(world, call, 1);
}
