/*
 * Coming to rest: no more faults, everybody is up, and all meet until nothing
 * changes. Then every audience has exactly its records.
 *
 * Where old disks were put back, those nodes then recover from every partner,
 * and all meet once more until nothing changes. The same is asked then as
 * elsewhere, but for what was on no disk that is left:
 *
 *   a record that its author's disk no longer had reaches nobody anew, for the
 *   author has no envelope of it but those that came back: it must be with the
 *   author when a partner has it, with the mirrors of whoever has it, and with
 *   whom one who has it shared it with;
 *   that a record was shared binds nobody whose disk no longer knows it.
 *
 * Two who hold a third one's log as it was told in two ways find that out anew
 * in each meeting: that is silence, too, when the meeting is to the byte what
 * the one before was.
 *
 * Before they recover, lists must come to rest, and meetings need not: what a
 * node wrote and lost, and another shared with it, is not taken in unasked, and
 * is told in each meeting until somebody says recover.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

#define ROUNDS 12
#define QUIET_BYTES 1024
#define AGAIN_BYTES 16384

/* Whether either was put back, and the other may have to find that out. */
static bool is_odd(const struct world *world, unsigned a, unsigned b)
{
	return world->odd & (1u << a | 1u << b);
}

/* What a meeting took. */
struct cost {
	json_int_t trips, bytes;
};

static bool is_quiet(const struct world *world, const struct cost *cost,
    const struct cost *before)
{
	if (cost->trips == 1)
		return cost->bytes < QUIET_BYTES;
	return world->put_back && cost->trips == 2 && before->trips == 2 &&
	       cost->bytes == before->bytes && cost->bytes < AGAIN_BYTES;
}

/* Whether they had nothing to say to each other. */
static bool meet(struct world *world, unsigned node, unsigned partner)
{
	static struct cost costs[SIM_NODES_MAX][SIM_NODES_MAX];
	struct cost *before = &costs[node][partner], cost;
	struct call call;
	bool quiet;

	plan_sync(world, &call, node, partner);
	world_run(world, &call, 1);
	cost.trips =
	    json_integer_value(json_object_get(call.json, "round_trips"));
	cost.bytes = json_integer_value(json_object_get(call.json, "sent")) +
		     json_integer_value(json_object_get(call.json, "received"));
	quiet = !call.lost && call.exit == 0 && is_quiet(world, &cost, before);
	*before = cost;
	world_note(world, "  %s meets %s: exit %u %s, %lld trips, %lld bytes",
	    sim_names[node], sim_names[partner], call.exit, call.error,
	    (long long)cost.trips, (long long)cost.bytes);
	if (call.exit != 0 && call.exit != 5 && !is_odd(world, node, partner))
		world_wrong(world, "%s cannot meet %s: %s", sim_names[node],
		    sim_names[partner], call.error);
	call_end(&call);
	return quiet;
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

/* ${got}, with all that come to have it from there. */
static unsigned spread(
    const struct world *world, const struct record *record, unsigned got)
{
	unsigned before = 0, i, k;

	while (got != before) {
		before = got;
		for (i = 0; i < world->count; i++) {
			if (!(got & 1u << i))
				continue;
			/* What one hands on to a mirror is what others wrote.
			 */
			if (i != record->author)
				got |= world->topology->mirrors[i] &
				       ~(1u << record->author);
			for (k = 0; k < world->count; k++)
				if (record->shared[i][k] != NEVER)
					got |= 1u << k;
		}
		got &= (1u << world->count) - 1;
	}
	return got;
}

/* Who holds it whole, or has forgotten it since it was delivered. */
static unsigned have(const struct world *world, const struct record *record,
    json_t *const *lists)
{
	unsigned node, mask = 0;
	json_t *row;

	for (node = 0; node < world->count; node++) {
		row = json_object_get(lists[node], record->id);
		if (row && !json_object_get(row, "withdrawn") &&
		    (json_is_true(json_object_get(row, "complete")) ||
			json_object_get(row, "forgotten")))
			mask |= 1u << node;
	}
	return mask;
}

static unsigned partners_of(const struct world *world, unsigned node)
{
	unsigned i, mask = 0;

	for (i = 0; i < world->count; i++)
		mask |= (unsigned)plan_are_linked(node, i) << i;
	return mask;
}

/* Who must hold a record: whom it was given to, and their mirrors; of one that
 * its author's disk no longer had, who had it, and the author. */
static unsigned holders(
    const struct world *world, const struct record *record, unsigned have)
{
	const unsigned author = 1u << record->author;

	if (!record->lost)
		return spread(world, record, record->to | author);
	if (have & partners_of(world, record->author))
		have |= author;
	return spread(world, record, have);
}

/* Who may: also whom something was given of which a disk knows no more. */
static unsigned may_hold(const struct world *world, const struct record *record)
{
	return spread(
	    world, record, record->to | record->given | 1u << record->author);
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

/* Whom the author calls a holder is one, and all that hold it for themselves
 * are called so: of one that came back, its partners. */
static void judge_delivered(struct world *world, const struct record *record,
    json_t *const *lists, unsigned have)
{
	json_t *row = json_object_get(lists[record->author], record->id);
	unsigned told = names_in(row, "delivered"), must = record->to;

	if (record->lost)
		must &= have & partners_of(world, record->author);
	if (must & ~told)
		world_wrong(world,
		    "%.8s is not known to be delivered: %x of %x", record->id,
		    told, must);
	if (told & ~have)
		world_wrong(world, "%.8s is called delivered: %x, held by %x",
		    record->id, told, have);
}

static void judge_record(
    struct world *world, const struct record *record, json_t *const *lists)
{
	const unsigned may = may_hold(world, record);
	const unsigned whole = have(world, record, lists);
	const unsigned must = holders(world, record, whole);
	unsigned node;

	for (node = 0; node < world->count; node++) {
		if (json_object_get(lists[node], record->id) &&
		    !(may & 1u << node))
			world_wrong(world, "%.8s is on %s, whom nobody gave it",
			    record->id, sim_names[node]);
		if (!judge_may_be_gone(record) && must & ~whole & 1u << node)
			world_wrong(world, "%s lacks %.8s", sim_names[node],
			    record->id);
	}
	if (!judge_may_be_gone(record) && whole & 1u << record->author)
		judge_delivered(world, record, lists, whole);
}

/* What was taken back is so everywhere, also where an old disk has it again:
 * unless nobody is left who knows, for the one who took it back and all who
 * heard of it have forgotten that. */
static void judge_taken_back(
    struct world *world, const struct record *record, json_t *const *lists)
{
	bool known = record->withdrawn != NEVER;
	unsigned node;
	json_t *row;

	for (node = 0; node < world->count; node++) {
		row = json_object_get(lists[node], record->id);
		known |= json_object_get(row, "withdrawn") != NULL;
	}
	for (node = 0; known && node < world->count; node++) {
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
		judge_taken_back(world, record, lists);
		judge_record(world, record, lists);
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

/* Until nothing changes, and all are silent or ${silence} is not asked for;
 * ${lists} say what there is then. */
static void rest(struct world *world, json_t **lists, bool silence)
{
	json_t *before[SIM_NODES_MAX] = {NULL};
	bool quiet = false, same = false;
	unsigned round;

	for (round = 0; round < ROUNDS && !(quiet && same); round++) {
		world->step++;
		quiet = meet_all(world);
		judge_step(world);
		free_lists(world, before);
		memcpy(before, lists, sizeof before);
		memset(lists, 0, SIM_NODES_MAX * sizeof *lists);
		same = list_all(world, lists, before);
	}
	if (!same || (silence && !quiet))
		world_wrong(world, "they do not come to rest");
	free_lists(world, before);
}

/* 0 when it went well. How many records came back is added. */
static unsigned try_recover(
    struct world *world, unsigned node, unsigned partner, json_int_t *count)
{
	struct call call;
	json_int_t found;
	unsigned exit;

	plan_recover(world, &call, node, partner);
	world_run(world, &call, 1);
	found = json_integer_value(json_object_get(call.json, "recovered"));
	world_note(world, "  %s recovers from %s: exit %u %s, %lld came back",
	    sim_names[node], sim_names[partner], call.exit, call.error,
	    (long long)found);
	exit = call.lost ? 1 : call.exit;
	call_end(&call);
	*count += found;
	return exit;
}

/* Who has a single entry alone of what the other wrote shows that first when it
 * is asked: then the other hears only now that it was put back, and has to ask
 * again, once. */
static void recover(
    struct world *world, unsigned node, unsigned partner, json_int_t *count)
{
	unsigned exit = try_recover(world, node, partner, count);

	if (exit == 5)
		exit = try_recover(world, node, partner, count);
	if (exit != 0)
		world_wrong(world, "%s cannot recover from %s: exit %u",
		    sim_names[node], sim_names[partner], exit);
}

/* All that were put back, from all partners: also from those that are met by
 * hand else, for a bundle cannot ask. */
static json_int_t recover_all(struct world *world)
{
	json_int_t count = 0;
	unsigned node, partner;

	world->step++;
	for (node = 0; node < world->count; node++)
		for (partner = 0; partner < world->count; partner++)
			if (world->put_back & 1u << node &&
			    plan_are_linked(node, partner))
				recover(world, node, partner, &count);
	judge_step(world);
	return count;
}

void settle(struct world *world)
{
	json_t *lists[SIM_NODES_MAX] = {NULL};

	if (world->wrong[0])
		return;
	world->step++;
	world_note(world, "settling");
	revive_all(world);
	rest(world, lists, !world->put_back);
	world->odd = 0;
	if (world->put_back) {
		recover_all(world);
		rest(world, lists, true);
		if (recover_all(world) != 0)
			world_wrong(world, "something comes back twice");
	}
	judge_rest(world, lists);
	judge_forks(world);
	free_lists(world, lists);
}
