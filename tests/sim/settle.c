/*
 * Coming to rest: no more faults, everybody is up, and all meet until nothing
 * changes. Then every audience has exactly its records.
 *
 * Where an old disk was put back and its device went on writing, its log is
 * told in two ways, and its partners take in nothing more of it: of those nodes
 * nothing is asked but what judge.c asks at every step, and that nobody opens
 * what was taken back.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

#define ROUNDS 12
#define QUIET_BYTES 1024

/* Whether either was put back. */
static bool is_odd(const struct world *world, unsigned a, unsigned b)
{
	return world->put_back & (1u << a | 1u << b);
}

/* Whether they had nothing to say to each other. */
static bool meet(struct world *world, unsigned node, unsigned partner)
{
	struct call call;
	json_int_t trips, bytes;
	bool quiet;

	plan_sync(world, &call, node, partner);
	world_run(world, &call, 1);
	trips = json_integer_value(json_object_get(call.json, "round_trips"));
	bytes = json_integer_value(json_object_get(call.json, "sent")) +
		json_integer_value(json_object_get(call.json, "received"));
	quiet =
	    !call.lost && call.exit == 0 && trips == 1 && bytes < QUIET_BYTES;
	world_note(world, "  %s meets %s: exit %u %s, %lld trips, %lld bytes",
	    sim_names[node], sim_names[partner], call.exit, call.error,
	    (long long)trips, (long long)bytes);
	if (call.exit != 0 && call.exit != 5 && !is_odd(world, node, partner))
		world_wrong(world, "%s cannot meet %s: %s", sim_names[node],
		    sim_names[partner], call.error);
	call_end(&call);
	return quiet || is_odd(world, node, partner);
}

/* Both ways, for there is no other between them. */
static bool carry(struct world *world, const struct line *line)
{
	plan_carry(world, line->from, line->to);
	plan_carry(world, line->to, line->from);
	return true;
}

/* All, in another order each time: who hears first of what is up to chance. */
static bool meet_all(struct world *world)
{
	const size_t count = sim_line_count + 2;
	size_t order[16] = {0}, i, at;
	const struct line *line;
	bool quiet = true;

	for (i = 0; i < count; i++) {
		at = world_draw(world, i + 1);
		order[i] = order[at];
		order[at] = i;
	}
	for (i = 0; i < count; i++) {
		at = order[i];
		line = at < sim_line_count ? &sim_lines[at]
					   : &sim_by_hand[at - sim_line_count];
		if (line->from >= world->count || line->to >= world->count)
			continue;
		quiet &= at < sim_line_count ? meet(world, line->from, line->to)
					     : carry(world, line);
	}
	return quiet;
}

/* Who must hold a record: whom it was given to, and their mirrors. */
static unsigned holders(const struct world *world, const struct record *record)
{
	unsigned got = record->to, before = 0, i;

	while (got != before) {
		before = got;
		for (i = 0; i < world->count; i++)
			if (got & 1u << i)
				got |= record->shared[i] |
				       world->topology->mirrors[i];
		got |= record->shared[record->author];
		got &= (1u << world->count) - 1;
		got &= ~(1u << record->author);
	}
	return got | 1u << record->author;
}

static unsigned names_in(json_t *row, const char *key)
{
	json_t *name;
	unsigned mask = 0, node;
	size_t i;

	json_array_foreach(json_object_get(row, key), i,
	    name) for (node = 0; node < SIM_NODES_MAX; node++) mask |=
	    (unsigned)(strcmp(sim_names[node], json_string_value(name)) == 0)
	    << node;
	return mask;
}

static void judge_record(struct world *world, const struct record *record,
    json_t *const *lists, unsigned have)
{
	json_t *row;
	unsigned node;
	bool here, whole, gone;

	for (node = 0; node < world->count; node++) {
		row = json_object_get(lists[node], record->id);
		gone = json_object_get(row, "withdrawn");
		whole = row && !gone &&
			(json_is_true(json_object_get(row, "complete")) ||
			    json_object_get(row, "forgotten"));
		here = have & 1u << node;
		if (row && !here)
			world_wrong(world, "%.8s is on %s, whom nobody gave it",
			    record->id, sim_names[node]);
		if (!judge_may_be_gone(record) && here && !whole)
			world_wrong(world, "%s lacks %.8s", sim_names[node],
			    record->id);
	}
	row = json_object_get(lists[record->author], record->id);
	if (!judge_may_be_gone(record) &&
	    (record->to & ~names_in(row, "delivered")) != 0)
		world_wrong(world,
		    "%.8s is not known to be delivered: %x of %x", record->id,
		    names_in(row, "delivered"), record->to);
}

/* What was taken back is so everywhere, also where an old disk has it again,
 * unless the one who took it back has forgotten that itself. */
static void judge_taken_back(
    struct world *world, const struct record *record, json_t *const *lists)
{
	unsigned node;
	json_t *row;

	if (record->withdrawn == NEVER)
		return;
	for (node = 0; node < world->count; node++) {
		row = json_object_get(lists[node], record->id);
		if (row && !json_object_get(row, "withdrawn"))
			world_wrong(world, "%.8s is in force on %s still",
			    record->id, sim_names[node]);
	}
}

static void judge_rest(struct world *world, json_t *const *lists)
{
	struct record *record;
	unsigned i;

	for (i = 0; i < world->record_count; i++) {
		record = &world->records[i];
		if (!record->id[0])
			continue;
		if (!(world->put_back & 1u << record->author))
			judge_taken_back(world, record, lists);
		if (!world->put_back)
			judge_record(
			    world, record, lists, holders(world, record));
	}
}

static void judge_forks(struct world *world)
{
	struct ctl_request request = {.op = CTL_STATUS};
	struct call call;
	const char *text;
	json_t *warning;
	unsigned i;
	size_t at;

	for (i = 0; i < world->count; i++) {
		world_ask(world, &call, i, &request, NULL, 0);
		json_array_foreach(
		    json_object_get(call.json, "warnings"), at, warning)
		{
			text = json_string_value(warning);
			if (strstr(text, "two ways") && !world->put_back)
				world_wrong(world,
				    "%s tells of a fork that there is not",
				    sim_names[i]);
		}
		call_end(&call);
	}
}

static void revive_all(struct world *world)
{
	unsigned i, partner;

	for (i = 0; i < world->count; i++) {
		world_revive(world, i);
		for (partner = 0; partner < world->count; partner++)
			if (world->strangers[i] & 1u << partner)
				plan_befriend(world, i, partner);
	}
}

static void free_lists(struct world *world, json_t **lists)
{
	unsigned i;

	for (i = 0; i < world->count; i++)
		json_decref(lists[i]);
	memset(lists, 0, SIM_NODES_MAX * sizeof *lists);
}

/* Whether all lists are as they were, which is noted. */
static bool list_all(struct world *world, json_t **lists, json_t **before)
{
	bool same = true;
	unsigned i;

	for (i = 0; i < world->count; i++) {
		lists[i] = judge_list(world, i);
		same &= before[i] && json_equal(lists[i], before[i]);
	}
	return same;
}

void settle(struct world *world)
{
	json_t *lists[SIM_NODES_MAX] = {NULL}, *before[SIM_NODES_MAX] = {NULL};
	bool quiet = false, same = false;
	unsigned round;

	if (world->wrong[0])
		return;
	world->step++;
	world_note(world, "settling");
	revive_all(world);
	for (round = 0; round < ROUNDS && !(quiet && same); round++) {
		world->step++;
		quiet = meet_all(world);
		judge_step(world);
		free_lists(world, before);
		memcpy(before, lists, sizeof before);
		memset(lists, 0, sizeof lists);
		same = list_all(world, lists, before);
	}
	if (!(quiet && same) && !world->put_back)
		world_wrong(world, "they do not come to rest");
	judge_rest(world, lists);
	judge_forks(world);
	free_lists(world, lists);
	free_lists(world, before);
}
