/*
 * What must hold, whatever happened. After each step every node that is up says
 * what it has, and this is held against what was acknowledged before:
 *
 *   a record whose capture was answered is on its author's disk, and whoever
 *   was seen to hold it whole holds it whole, until it is taken back (or, where
 *   what is delivered is not kept, until that);
 *   what was seen to be taken back is so from then on;
 *   whom an author calls a holder holds it;
 *   nothing is there that nobody made, or taken back that nobody took back;
 *   a place in a log is one record, but in the log of a device whose old disk
 *   was put back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

static json_t *to_object(json_t *list)
{
	json_t *found = json_object(), *row;
	size_t i;

	json_array_foreach(list, i, row) json_object_set(
	    found, json_string_value(json_object_get(row, "id")), row);
	return found;
}

json_t *judge_list(struct world *world, unsigned node)
{
	struct ctl_request request = {.op = CTL_LIST};
	json_t *found = NULL;
	struct call call;

	world_ask(world, &call, node, &request, NULL, 0);
	if (call.lost || call.exit != 0)
		world_wrong(
		    world, "%s does not list: %s", sim_names[node], call.error);
	else
		found = to_object(json_object_get(call.json, "records"));
	call_end(&call);
	return found;
}

void judge_put_back(struct world *world, unsigned node, int step)
{
	struct record *record;
	unsigned i, k;

	for (i = 0; i < world->record_count; i++) {
		record = &world->records[i];
		if (record->author == node && record->made > step)
			record->lost = true;
		for (k = 0; k < SIM_NODES_MAX; k++)
			if (record->shared[node][k] > step)
				record->shared[node][k] = NEVER;
		if (record->author == node && record->acked > step)
			record->acked = NEVER;
		if (record->author == node && record->withdrawn > step)
			record->withdrawn = NEVER;
		record->delivered &= ~(1u << node);
		if (record->whole[node] > step)
			record->whole[node] = NEVER;
		if (record->gone[node] > step)
			record->gone[node] = NEVER;
	}
}

bool judge_may_be_gone(const struct record *record)
{
	return record->taken_back ||
	       (record->original && judge_may_be_gone(record->original));
}

static bool is_taken_back(json_t *row)
{
	return json_object_get(row, "withdrawn") != NULL;
}

static bool is_whole(json_t *row)
{
	return json_is_true(json_object_get(row, "complete")) &&
	       !is_taken_back(row) && !json_object_get(row, "forgotten");
}

/* Whether ${row} (or its absence) is what may have become of a record that was
 * held whole. */
static bool is_kept(struct world *world, unsigned node,
    const struct record *record, json_t *row)
{
	if (!row)
		return false;
	return is_whole(row) ||
	       (is_taken_back(row) && judge_may_be_gone(record)) ||
	       (json_object_get(row, "forgotten") && world->retain[node]);
}

/* Its attachment was on the disk alone that its author lost, and nobody had all
 * of it: what came back counts as delivered to whoever brought it, who has all
 * there is. */
static bool is_remnant(const struct record *record, json_t *row)
{
	unsigned i;

	for (i = 0; i < SIM_NODES_MAX; i++)
		if (record->whole[i] != NEVER)
			return false;
	return record->lost && row &&
	       json_integer_value(json_object_get(row, "attachments")) > 0;
}

static void judge_record(
    struct world *world, unsigned node, struct record *record, json_t *row)
{
	const char *who = sim_names[node];

	if (record->gone[node] != NEVER && (!row || !is_taken_back(row)))
		world_wrong(world, "%.8s was taken back and is again on %s",
		    record->id, who);
	if (record->whole[node] != NEVER && !is_kept(world, node, record, row))
		world_wrong(
		    world, "%.8s was on %s and is lost", record->id, who);
	if (record->delivered & 1u << node &&
	    !is_kept(world, node, record, row) && !is_remnant(record, row))
		world_wrong(world, "%.8s has a receipt of %s, which lacks it",
		    record->id, who);
	if (row && is_taken_back(row) && !judge_may_be_gone(record))
		world_wrong(world, "%.8s is taken back by nobody on %s",
		    record->id, who);
	if (row && is_whole(row) && record->whole[node] == NEVER)
		record->whole[node] = world->step;
	if (row && is_taken_back(row) && record->gone[node] == NEVER)
		record->gone[node] = world->step;
}

static unsigned number_of(const char *name)
{
	unsigned i = 0;

	while (i < SIM_NODES_MAX - 1 && strcmp(sim_names[i], name) != 0)
		i++;
	return i;
}

/* Receipts, as the author says. A node that was put back holds what it held,
 * until it has met everybody: from then on all that is told of it is true. */
static void note_delivered(
    struct world *world, struct record *record, json_t *row)
{
	json_t *name;
	size_t i;
	unsigned node;

	json_array_foreach(json_object_get(row, "delivered"), i, name)
	{
		node = number_of(json_string_value(name));
		record->delivered |= 1u << node & ~world->odd;
	}
	record->delivered &= ~world->odd;
}

static struct record *find(struct world *world, const char *id)
{
	unsigned i;

	for (i = 0; i < world->record_count; i++)
		if (strcmp(world->records[i].id, id) == 0)
			return &world->records[i];
	return NULL;
}

/* What comes back by a recovery has no label: one of those whose answer was
 * lost before the disk was. */
static struct record *find_unlabelled(struct world *world, unsigned node)
{
	struct record *record;
	unsigned i;

	for (i = 0; i < world->record_count; i++) {
		record = &world->records[i];
		if (record->author == node && record->lost && !record->id[0])
			return record;
	}
	return NULL;
}

/* A capture whose answer was lost may be there; its author knows it by its
 * label. */
static void take_unacknowledged(
    struct world *world, unsigned node, const char *id, json_t *row)
{
	const char *label = json_string_value(json_object_get(row, "label"));
	struct record *record = NULL;
	unsigned number;

	if (label && sscanf(label, "r%u", &number) == 1 &&
	    number < world->record_count)
		record = &world->records[number];
	else if (!label)
		record = find_unlabelled(world, node);
	if (!record || record->author != node ||
	    (record->id[0] && !(world->put_back & 1u << node)))
		world_wrong(world, "%.8s on %s was made by nobody", id,
		    sim_names[node]);
	else if (!record->id[0])
		snprintf(record->id, sizeof record->id, "%s", id);
}

/* Also of a record that nobody knows by its id: of a withdrawal that is not
 * read yet. */
static bool is_of_put_back(const struct world *world, json_t *row)
{
	const char *author = json_string_value(json_object_get(row, "author"));
	unsigned i;

	for (i = 0; author && i < world->count; i++)
		if (world->put_back & 1u << i &&
		    strcmp(world->authors[i], author) == 0)
			return true;
	return false;
}

static void judge_place(
    struct world *world, json_t *places, const char *id, json_t *row)
{
	const char *log = json_string_value(json_object_get(row, "log"));
	const json_t *other;
	char place[96];

	snprintf(place, sizeof place, "%s %lld", log ? log : "",
	    (long long)json_integer_value(json_object_get(row, "index")));
	other = json_object_get(places, place);
	if (other && strcmp(json_string_value(other), id) != 0 &&
	    !is_of_put_back(world, row))
		world_wrong(world, "%.8s and %.8s stand at one place", id,
		    json_string_value(other));
	json_object_set_new(places, place, json_string(id));
}

static void judge_node(
    struct world *world, unsigned node, json_t *list, json_t *places)
{
	struct record *record;
	const char *id;
	json_t *row;
	unsigned i;

	json_object_foreach(list, id, row)
	{
		if (json_is_true(json_object_get(row, "own"))) {
			snprintf(world->authors[node], 65, "%s",
			    json_string_value(json_object_get(row, "author")));
			if (!find(world, id))
				take_unacknowledged(world, node, id, row);
		}
		judge_place(world, places, id, row);
	}
	for (i = 0; i < world->record_count; i++) {
		record = &world->records[i];
		if (!record->id[0])
			continue;
		row = json_object_get(list, record->id);
		judge_record(world, node, record, row);
		if (record->author == node && row)
			note_delivered(world, record, row);
	}
}

void judge_step(struct world *world)
{
	json_t *lists[SIM_NODES_MAX] = {NULL}, *places = json_object();
	unsigned i, round;

	for (i = 0; i < world->count; i++)
		if (!world->down[i])
			lists[i] = judge_list(world, i);
	/* Twice: a receipt that an author tells of may be of a node that was
	 * looked at before. */
	for (round = 0; round < 2; round++)
		for (i = 0; i < world->count; i++)
			if (lists[i])
				judge_node(world, i, lists[i], places);
	for (i = 0; i < world->count; i++)
		json_decref(lists[i]);
	json_decref(places);
}
