/*
 * The homes that every seed begins with: nodes that know each other. Made once
 * and copied, for the same homes are no less good for another seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/format/card.h"
#include "tests/sim/template.h"

#define PASSPHRASE "a passphrase, long enough\n"
#define EPOCH 1767225600

#define FIELD 1u
#define HUB 2u
#define DESK 4u
#define OFFICE 8u

/* With fewer nodes the last of these are not there. */
const char *const sim_names[SIM_NODES_MAX] = {
    "field", "hub", "desk", "office", "second", "x", "y", "z"};
const unsigned sim_readers = DESK | OFFICE;
const struct topology sim_topologies[2] = {
    /* Two organisations that trust each other with what is addressed. */
    {"apart", {0, DESK, DESK, OFFICE, 0}, {0, DESK, 0, 0, 0}},
    /* The office keeps a copy of all that the hub has, and the desk of both. */
    {"chain", {0, DESK | OFFICE, DESK, DESK | OFFICE, 0},
	{0, DESK | OFFICE, 0, DESK, 0}},
};
const struct line sim_lines[] = {
    {0, 1}, {2, 1}, {3, 1}, {1, 3}, {0, 3}, {2, 3}, {4, 1}};
const size_t sim_line_count = sizeof sim_lines / sizeof *sim_lines;
const struct line sim_by_hand[2] = {{0, 2}, {4, 3}};

static char *cards[2][SIM_NODES_MAX]; /* of each topology */

static void must(struct world *world, struct call *call, const char *what)
{
	if (call->lost || call->exit != 0)
		world_wrong(
		    world, "%s: exit %u %s", what, call->exit, call->error);
}

static void make(struct world *world, unsigned node)
{
	char address[32];
	struct span names[2] = {span_text(""), span_text(address)};
	struct ctl_request request = {
	    .op = CTL_INIT,
	    .text = span_text(sim_names[node]),
	    .flags = sim_readers & 1u << node ? CTL_FLAG_READER : 0,
	    .names = {names, 2},
	};
	int fd = plan_memfd(PASSPHRASE, strlen(PASSPHRASE));
	struct call call;

	snprintf(address, sizeof address, "127.0.0.1:%u", node + 1);
	names[1] = span_text(address);
	if (mkdir(world->nodes[node].home, 0700) < 0 ||
	    node_start(&world->nodes[node]) != 0)
		world_wrong(world, "%s does not start", sim_names[node]);
	world_ask(world, &call, node, &request, &fd, 1);
	must(world, &call, "init");
	call_end(&call);
	close(fd);
	world_unlock(world, node);
}

static void add_readers(struct world *world, unsigned node)
{
	unsigned i, mask = world->topology->cards[node] & ~(1u << node);
	struct ctl_request ask = {.op = CTL_READERS},
			   add = {.op = CTL_CARD_ADD_READER};
	struct call readers, call;

	for (i = 0; i < world->count; i++) {
		if (!(mask & 1u << i))
			continue;
		world_ask(world, &readers, i, &ask, NULL, 0);
		must(world, &readers, "readers");
		add.text = span_text(json_string_value(json_array_get(
		    json_object_get(readers.json, "readers"), 0)));
		world_ask(world, &call, node, &add, NULL, 0);
		must(world, &call, "add a reader");
		call_end(&call);
		call_end(&readers);
	}
}

static char **card_of(struct world *world, unsigned node)
{
	return &cards[world->topology - sim_topologies][node];
}

/* All that are started from now on know it (seam.c). */
static void take_card(struct world *world, unsigned node)
{
	struct ctl_request request = {.op = CTL_CARD};
	struct card card;
	struct call call;

	world_ask(world, &call, node, &request, NULL, 0);
	must(world, &call, "card");
	*card_of(world, node) =
	    strdup(json_string_value(json_object_get(call.json, "card")));
	if (card_parse(span_text(*card_of(world, node)), &card, NULL) != 0)
		world_wrong(world, "a card is none");
	call_end(&call);
}

void plan_befriend(struct world *world, unsigned node, unsigned partner)
{
	struct ctl_request request = {.op = CTL_PARTNER_ADD};
	struct span number;
	struct call call, shown;

	if (world->down[node])
		return;
	if (world->topology->mirrors[node] & 1u << partner)
		request.flags = CTL_FLAG_MIRROR;
	request.blob = span_text(*card_of(world, partner));
	world_ask(world, &call, node, &request, NULL, 0);
	must(world, &call, "add a partner");
	call_end(&call);
	request = (struct ctl_request){
	    .op = CTL_PARTNER_COMPARE, .text = span_text(sim_names[partner])};
	world_ask(world, &shown, node, &request, NULL, 0);
	number =
	    span_text(json_string_value(json_object_get(shown.json, "number")));
	request.names.items = &number;
	request.names.count = 1;
	world_ask(world, &call, node, &request, NULL, 0);
	must(world, &call, "compare a partner");
	call_end(&call);
	call_end(&shown);
	world->strangers[node] &= ~(1u << partner);
}

static void befriend_both(struct world *world, const struct line *line)
{
	if (line->from >= world->count || line->to >= world->count)
		return;
	plan_befriend(world, line->from, line->to);
	plan_befriend(world, line->to, line->from);
}

int template_open(struct world *world, const char *folder, uint64_t seed,
    unsigned count, const struct topology *topology)
{
	struct node *node;
	unsigned i;

	memset(world, 0, sizeof *world);
	world->seed = world->chance = seed;
	world->hash = 0xcbf29ce484222325ull;
	world->count = count;
	world->topology = topology;
	world->clock = EPOCH;
	snprintf(world->folder, sizeof world->folder, "%s", folder);
	for (i = 0; i < count; i++) {
		node = &world->nodes[i];
		node->number = i;
		node->seed = seed;
		node->step_fd = -1;
		node->settings = (struct wire_sup_start){
		    .workers = 1, .sync = WIRE_SYNC_OFF, .withdrawals = 1000};
		node->seam = mmap(NULL, sizeof *node->seam,
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (node->seam == MAP_FAILED)
			return -1;
		snprintf(node->home, sizeof node->home, "%.200s/%s", folder,
		    sim_names[i]);
		snprintf(node->log, sizeof node->log, "%.200s/%s.log", folder,
		    sim_names[i]);
	}
	world_set_clocks(world);
	return mkdir(folder, 0700);
}

void template_close(struct world *world)
{
	unsigned i;

	for (i = 0; i < world->count; i++) {
		node_kill(&world->nodes[i]);
		munmap(world->nodes[i].seam, sizeof *world->nodes[i].seam);
	}
	free(world->trace);
}

int template_make(
    const char *folder, unsigned count, const struct topology *topology)
{
	struct world *world = calloc(1, sizeof *world);
	unsigned i;
	size_t at;
	int r;

	r = world ? template_open(world, folder, 1, count, topology) : -1;
	for (i = 0; r == 0 && i < count; i++)
		make(world, i);
	for (i = 0; r == 0 && i < count; i++)
		add_readers(world, i);
	for (i = 0; r == 0 && i < count; i++)
		take_card(world, i);
	for (at = 0; r == 0 && at < sim_line_count; at++)
		befriend_both(world, &sim_lines[at]);
	for (at = 0; r == 0 && at < 2; at++)
		befriend_both(world, &sim_by_hand[at]);
	if (r == 0 && world->wrong[0]) {
		fprintf(
		    stderr, "no template: %s\n%s", world->wrong, world->trace);
		r = -1;
	}
	if (world)
		template_close(world);
	free(world);
	return r;
}
