/*
 * What a seed does: one thing after the other, drawn anew each time, sometimes
 * two at once; and what of it is remembered as acknowledged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define DAY 86400
#define OVERRIDE "{\"override\":[\"a test\"]}"

/* What is under way, for what its answer means. */
enum verb {
	CAPTURE,
	SYNC,
	RECOVER,
	WRITE,
	READ,
	WITHDRAW,
	SHARE,
	DERIVE,
	OPEN
};

struct deed {
	enum verb verb;
	unsigned node, partner;
	struct record *record;
	struct bundle *bundle;
	int fds[2];
	size_t fd_count;
};

int plan_memfd(const char *text, size_t len)
{
	int fd = memfd_create("sim", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static unsigned draw_bit(struct world *world, unsigned mask)
{
	unsigned at, left = (unsigned)__builtin_popcount(mask);

	left = (unsigned)world_draw(world, left);
	for (at = 0;; at++)
		if (mask & 1u << at && left-- == 0)
			return at;
}

static unsigned everybody(const struct world *world)
{
	return (1u << world->count) - 1;
}

bool plan_are_linked(unsigned a, unsigned b)
{
	size_t i;

	for (i = 0; i < sim_line_count; i++)
		if ((sim_lines[i].from == a && sim_lines[i].to == b) ||
		    (sim_lines[i].from == b && sim_lines[i].to == a))
			return true;
	for (i = 0; i < 2; i++)
		if ((sim_by_hand[i].from == a && sim_by_hand[i].to == b) ||
		    (sim_by_hand[i].from == b && sim_by_hand[i].to == a))
			return true;
	return false;
}

/* Partners of ${node} that somebody reads for. */
static unsigned audiences(const struct world *world, unsigned node)
{
	unsigned i, mask = 0;

	for (i = 0; i < world->count; i++)
		if (plan_are_linked(node, i) && world->topology->cards[i] &&
		    !(world->strangers[node] & 1u << i))
			mask |= 1u << i;
	return mask;
}

static void add_names(
    struct ctl_request *request, unsigned mask, struct span *names)
{
	unsigned i;

	request->names.items = names;
	for (i = 0; i < SIM_NODES_MAX; i++)
		if (mask & 1u << i)
			names[request->names.count++] = span_text(sim_names[i]);
}

/* --- the deeds ----------------------------------------------------------- */

static struct record *new_record(
    struct world *world, unsigned author, unsigned to)
{
	struct record *record = &world->records[world->record_count++];
	unsigned i, k;

	memset(record, 0, sizeof *record);
	record->author = author;
	record->to = to;
	record->made = world->step;
	record->acked = record->withdrawn = NEVER;
	for (i = 0; i < SIM_NODES_MAX; i++) {
		record->whole[i] = record->gone[i] = NEVER;
		for (k = 0; k < SIM_NODES_MAX; k++)
			record->shared[i][k] = NEVER;
	}
	return record;
}

static void begin_capture(struct world *world, struct deed *deed,
    struct call *call, enum ctl_capture kind, const struct record *original)
{
	unsigned mask = audiences(world, deed->node), to = 0;
	struct ctl_request request = {.op = CTL_CAPTURE, .number = kind};
	bool attach = world_chance(world, 35);
	size_t size = attach ? world_draw(world, 40000) : 0, i;
	struct span names[SIM_NODES_MAX];
	char text[256], label[16], blob[160];
	char *file = calloc(1, size + 1);

	do
		to |= 1u << draw_bit(world, mask);
	while (world_chance(world, 40));
	for (i = 0; file && i < size; i++)
		file[i] = (char)(i * 7 + world->record_count);
	snprintf(label, sizeof label, "r%u", world->record_count);
	snprintf(text, sizeof text,
	    "{\"fields\":[[\"statement\",\"%s\"]],\"attachments\":[%s]}", label,
	    attach ? "{\"file\":\"a.bin\",\"type\":"
		     "\"application/octet-stream\"}"
		   : "");
	deed->record = new_record(world, deed->node, to);
	deed->record->original = original;
	deed->fds[deed->fd_count++] = plan_memfd(text, strlen(text));
	if (attach)
		deed->fds[deed->fd_count++] = plan_memfd(file, size);
	request.text = span_text(label);
	add_names(&request, to, names);
	if (original) {
		snprintf(blob, sizeof blob, "%s " OVERRIDE, original->id);
		request.blob = span_text(blob);
	}
	world_note(world, "%s captures %s for %x%s%s", sim_names[deed->node],
	    label, to, attach ? ", with a file" : "",
	    original ? ", beside another" : "");
	call_begin(call, &world->nodes[deed->node], &request, deed->fds,
	    deed->fd_count);
	free(file);
}

static void ask_to_meet(struct world *world, struct call *call, enum ctl_op op,
    unsigned node, unsigned partner)
{
	struct span name = span_text(sim_names[partner]);
	struct ctl_request request = {.op = op, .names = {&name, 1}};

	world->meetings++;
	call_begin(call, &world->nodes[node], &request, NULL, 0);
}

void plan_sync(
    struct world *world, struct call *call, unsigned node, unsigned partner)
{
	ask_to_meet(world, call, CTL_SYNC, node, partner);
}

void plan_recover(
    struct world *world, struct call *call, unsigned node, unsigned partner)
{
	ask_to_meet(world, call, CTL_RECOVER, node, partner);
}

static void draw_weather(struct world *world)
{
	memset(&wires_weather, 0, sizeof wires_weather);
	if (world_chance(world, 5))
		wires_weather.down = true;
	else if (world_chance(world, 35))
		wires_weather.budget =
		    1 + world_draw(world, 1ull << (5 + world_draw(world, 12)));
	world->cuts += wires_weather.budget != 0;
}

static void begin_sync(
    struct world *world, struct deed *deed, struct call *call)
{
	const struct line *line;

	do
		line = &sim_lines[world_draw(world, sim_line_count)];
	while (line->from >= world->count || line->to >= world->count);
	deed->node = line->from;
	deed->partner = line->to;
	draw_weather(world);
	world_note(world, "%s meets %s, cut after %llu%s",
	    sim_names[line->from], sim_names[line->to],
	    (unsigned long long)wires_weather.budget,
	    wires_weather.down ? ", not reached" : "");
	plan_sync(world, call, deed->node, deed->partner);
}

/* Now and then, by a node that was put back, whether it knows that or not. */
static void begin_recover(
    struct world *world, struct deed *deed, struct call *call)
{
	do {
		deed->node = draw_bit(world, world->put_back);
		deed->partner = (unsigned)world_draw(world, world->count);
	} while (!plan_are_linked(deed->node, deed->partner));
	draw_weather(world);
	world_note(world, "%s recovers from %s, cut after %llu%s",
	    sim_names[deed->node], sim_names[deed->partner],
	    (unsigned long long)wires_weather.budget,
	    wires_weather.down ? ", not reached" : "");
	plan_recover(world, call, deed->node, deed->partner);
}

static void begin_write(
    struct world *world, struct deed *deed, struct call *call)
{
	struct ctl_request request = {.op = CTL_BUNDLE_WRITE};
	struct bundle *bundle = &world->bundles[world->bundle_count];

	do {
		deed->node = (unsigned)world_draw(world, world->count);
		deed->partner = (unsigned)world_draw(world, world->count);
	} while (!plan_are_linked(deed->node, deed->partner));
	bundle->fd = plan_memfd("", 0);
	bundle->from = deed->node;
	bundle->to = deed->partner;
	deed->bundle = bundle;
	world->bundle_count++;
	request.text = span_text(sim_names[deed->partner]);
	world_note(world, "%s writes bundle %u for %s", sim_names[deed->node],
	    world->bundle_count - 1, sim_names[deed->partner]);
	call_begin(call, &world->nodes[deed->node], &request, &bundle->fd, 1);
}

static void begin_read(
    struct world *world, struct deed *deed, struct call *call)
{
	struct ctl_request request = {.op = CTL_BUNDLE_READ};
	unsigned at = (unsigned)world_draw(world, world->bundle_count);

	/* The newest, or an old one again. */
	if (world_chance(world, 60) && world->bundle_count > 3)
		at = world->bundle_count - 1 - (unsigned)world_draw(world, 3);
	deed->bundle = &world->bundles[at];
	deed->node = deed->bundle->to;
	lseek(deed->bundle->fd, 0, SEEK_SET);
	world_note(world, "%s reads bundle %u", sim_names[deed->node], at);
	call_begin(
	    call, &world->nodes[deed->node], &request, &deed->bundle->fd, 1);
}

/* A record that some node can do something with, or NULL. */
static struct record *pick(
    struct world *world, bool own, unsigned nodes, unsigned *ret_node)
{
	struct record *record;
	unsigned tries;

	for (tries = 0; world->record_count && tries < 8; tries++) {
		record =
		    &world->records[world_draw(world, world->record_count)];
		*ret_node = own ? record->author : draw_bit(world, nodes);
		if (record->id[0] && nodes & 1u << *ret_node &&
		    (own ? record->acked : record->whole[*ret_node]) != NEVER)
			return record;
	}
	return NULL;
}

static bool begin_withdraw(
    struct world *world, struct deed *deed, struct call *call)
{
	struct ctl_request request = {.op = CTL_WITHDRAW};
	struct span id;

	deed->record = pick(world, true, everybody(world), &deed->node);
	if (!deed->record)
		return false;
	id = span_text(deed->record->id);
	request.names.items = &id;
	request.names.count = 1;
	deed->record->taken_back = true;
	world_note(world, "%s takes back %.8s", sim_names[deed->node],
	    deed->record->id);
	call_begin(call, &world->nodes[deed->node], &request, NULL, 0);
	return true;
}

static bool begin_share(
    struct world *world, struct deed *deed, struct call *call)
{
	struct ctl_request request = {.op = CTL_SHARE};
	struct span names[1];

	deed->record =
	    pick(world, false, sim_readers & everybody(world), &deed->node);
	if (!deed->record || !audiences(world, deed->node))
		return false;
	deed->partner = draw_bit(world, audiences(world, deed->node));
	request.text = span_text(deed->record->id);
	request.blob = span_text(OVERRIDE);
	add_names(&request, 1u << deed->partner, names);
	world_note(world, "%s shares %.8s with %s", sim_names[deed->node],
	    deed->record->id, sim_names[deed->partner]);
	call_begin(call, &world->nodes[deed->node], &request, NULL, 0);
	return true;
}

static bool begin_open(
    struct world *world, struct deed *deed, struct call *call)
{
	struct ctl_request request = {.op = CTL_OPEN};

	deed->record =
	    pick(world, false, sim_readers & everybody(world), &deed->node);
	if (!deed->record)
		return false;
	deed->fds[deed->fd_count++] = plan_memfd("", 0);
	request.text = span_text(deed->record->id);
	world_note(
	    world, "%s opens %.8s", sim_names[deed->node], deed->record->id);
	call_begin(call, &world->nodes[deed->node], &request, deed->fds, 1);
	return true;
}

static bool begin_derive(
    struct world *world, struct deed *deed, struct call *call)
{
	struct record *original =
	    pick(world, false, sim_readers & everybody(world), &deed->node);

	if (!original || !audiences(world, deed->node))
		return false;
	begin_capture(world, deed, call, CTL_CAPTURE_DERIVATIVE, original);
	return true;
}

/* --- what the answer means ----------------------------------------------- */

/* An image may have the first of several. */
static void note_share(int *since, int step)
{
	if (*since == NEVER)
		*since = step;
}

static void take_answer(
    struct world *world, struct deed *deed, const struct call *call)
{
	const char *id = json_string_value(json_object_get(call->json, "id"));
	bool done = !call->lost && call->exit == 0;

	world_note(world, "  %s: %s, exit %u %s%.8s", sim_names[deed->node],
	    call->lost ? "lost" : "answered", call->exit, call->error,
	    done && id ? id : "");
	if ((deed->verb == CAPTURE || deed->verb == DERIVE) && done && id) {
		snprintf(deed->record->id, sizeof deed->record->id, "%s", id);
		deed->record->acked = world->step;
		/* It is on the disk of its author. */
		deed->record->whole[deed->node] = world->step;
	} else if (deed->verb == CAPTURE && !call->lost && !done &&
		   call->exit != 6) {
		world_wrong(world, "a capture fails: %s", call->error);
	} else if (deed->verb == WITHDRAW && done) {
		deed->record->withdrawn = world->step;
	} else if (deed->verb == SHARE && done) {
		deed->record->given |= 1u << deed->partner;
		note_share(&deed->record->shared[deed->node][deed->partner],
		    world->step);
	} else if (deed->verb == SHARE && call->lost) {
		deed->record->given |= 1u << deed->partner;
	} else if (deed->verb == OPEN && done &&
		   deed->record->gone[deed->node] != NEVER) {
		world_wrong(world, "%s opens what was destroyed there",
		    sim_names[deed->node]);
	}
}

static bool begin(struct world *world, struct deed *deed, struct call *call)
{
	const unsigned draw = (unsigned)world_draw(world, 100);
	const unsigned all = everybody(world);

	memset(deed, 0, sizeof *deed);
	if (draw < 26 && world->record_count < RECORDS_MAX) {
		deed->verb = CAPTURE;
		deed->node = draw_bit(
		    world, world_chance(world, 50) ? all & ~sim_readers : all);
		if (!audiences(world, deed->node))
			return false;
		begin_capture(world, deed, call, CTL_CAPTURE_TESTIMONY, NULL);
	} else if (draw < 36 && world->bundle_count < BUNDLES_MAX) {
		deed->verb = WRITE;
		begin_write(world, deed, call);
	} else if (draw < 48 && world->bundle_count > 0) {
		deed->verb = READ;
		begin_read(world, deed, call);
	} else if (draw < 55) {
		deed->verb = WITHDRAW;
		return begin_withdraw(world, deed, call);
	} else if (draw < 60) {
		deed->verb = SHARE;
		return begin_share(world, deed, call);
	} else if (draw < 63) {
		deed->verb = OPEN;
		return begin_open(world, deed, call);
	} else if (draw < 66 && world->record_count < RECORDS_MAX) {
		deed->verb = DERIVE;
		return begin_derive(world, deed, call);
	} else if (world->put_back && draw >= 94) {
		deed->verb = RECOVER;
		begin_recover(world, deed, call);
	} else {
		deed->verb = SYNC;
		begin_sync(world, deed, call);
	}
	return true;
}

/* --- what befalls -------------------------------------------------------- */

/* Somebody will die soon, in the midst of something. */
static void arm(struct world *world)
{
	unsigned node = (unsigned)world_draw(world, world->count);
	struct seam *seam = world->nodes[node].seam;

	if (world->down[node])
		return;
	seam->crash_at = seam->points + 1 +
			 world_draw(world, 1ull << (2 + world_draw(world, 8)));
	world_note(world, "%s will die at %llu", sim_names[node],
	    (unsigned long long)seam->crash_at);
}

static void disarm(struct world *world)
{
	unsigned i;

	for (i = 0; i < world->count; i++)
		world->nodes[i].seam->crash_at = 0;
}

static void jump(struct world *world)
{
	static const int64_t far[] = {-366 * DAY, -DAY, -3600, 3600, DAY,
	    8 * DAY, 366 * DAY, 3660 * (int64_t)DAY};
	unsigned node = (unsigned)world_draw(world, world->count);
	int64_t by = far[world_draw(world, sizeof far / sizeof *far)];

	/* Not before there was any Evident. */
	if (world->clock + world->skew[node] + by < 1700000000)
		return;
	world->skew[node] += by;
	world->jumps++;
	world_note(world, "%s: the clock jumps by %lld", sim_names[node],
	    (long long)by);
}

static void image_path(struct world *world, unsigned node, char *out)
{
	snprintf(out, NODE_PATH_MAX, "%.200s/image%u", world->folder, node);
}

static void take_image(struct world *world, unsigned node)
{
	char path[NODE_PATH_MAX];

	image_path(world, node, path);
	if (node_copy_home(world->nodes[node].home, path) != 0)
		abort();
	world->images[node].there = true;
	world->images[node].strangers = world->strangers[node];
	world->images[node].step = world->step - 1; /* nothing of it yet */
	world_note(world, "%s: an image is taken", sim_names[node]);
}

/* Whether the node's image lacks a record of its own that somebody else has. */
static bool is_behind(const struct world *world, unsigned node)
{
	const struct record *record;
	unsigned i, k;

	for (i = 0; i < world->record_count; i++) {
		record = &world->records[i];
		for (k = 0; k < world->count; k++)
			if (record->author == node && k != node &&
			    record->made > world->images[node].step &&
			    record->whole[k] != NEVER)
				return true;
	}
	return false;
}

/* The device is what it was when the image was taken. That a person then says
 * `evident recover` is drawn like all else (begin_recover()), and is said at
 * the end in any case (settle.c). */
static void put_back(struct world *world, unsigned node)
{
	char path[NODE_PATH_MAX];

	if (!world->images[node].there ||
	    (!is_behind(world, node) && world_chance(world, 70)))
		return;
	image_path(world, node, path);
	if (!world->down[node])
		node_kill(&world->nodes[node]);
	world->down[node] = true;
	if (node_copy_home(path, world->nodes[node].home) != 0)
		abort();
	world->restored++;
	world->put_back |= 1u << node;
	world->odd |= 1u << node;
	world->strangers[node] |= world->images[node].strangers;
	judge_put_back(world, node, world->images[node].step);
	world_note(world, "%s: the disk of step %d is put back",
	    sim_names[node], world->images[node].step);
	world_revive(world, node);
}

static void remove_partner(struct world *world)
{
	unsigned node = (unsigned)world_draw(world, world->count), partner;
	struct ctl_request request = {.op = CTL_PARTNER_REMOVE};
	struct call call;

	partner = (unsigned)world_draw(world, world->count);
	if (!plan_are_linked(node, partner) || world->down[node] ||
	    world->strangers[node] & 1u << partner)
		return;
	request.text = span_text(sim_names[partner]);
	world_note(world, "%s removes %s", sim_names[node], sim_names[partner]);
	world_ask(world, &call, node, &request, NULL, 0);
	call_end(&call);
	/* Whatever came of it: if it is none, it will be added again. */
	world->strangers[node] |= 1u << partner;
}

static void befall(struct world *world)
{
	unsigned i;

	for (i = 0; i < world->count; i++)
		if (world->down[i] && world_chance(world, 40))
			world_revive(world, i);
	if (world_chance(world, 6))
		jump(world);
	if (world_chance(world, 2))
		remove_partner(world);
	for (i = 0; i < world->count; i++)
		if (world->strangers[i] && world_chance(world, 25))
			plan_befriend(
			    world, i, draw_bit(world, world->strangers[i]));
	i = (unsigned)world_draw(world, world->count);
	if (world->restores && world_chance(world, 12) &&
	    (!world->images[i].there || world_chance(world, 25)))
		take_image(world, i);
	if (world->restores && world_chance(world, 12))
		put_back(world, i);
	world->clock += 1 + (int64_t)world_draw(world, 900);
	world_set_clocks(world);
	if (world_chance(world, 22))
		arm(world);
}

/* Who has taken something back is in a hurry to tell somebody, and that may be
 * one who never heard of it. */
static void spread(struct world *world, const struct deed *deed)
{
	unsigned from = deed->node;
	unsigned to = (unsigned)world_draw(world, world->count);

	if (deed->verb == WITHDRAW && deed->record->withdrawn == world->step &&
	    plan_are_linked(from, to) && !world->down[from] &&
	    !world->down[to] && !(world->strangers[from] & 1u << to) &&
	    !(world->strangers[to] & 1u << from))
		plan_carry(world, from, to);
}

void plan_run(struct world *world, unsigned steps)
{
	struct call calls[CALLS_MAX];
	struct deed deeds[CALLS_MAX];
	size_t count, i;

	while (steps-- > 0 && !world->wrong[0]) {
		world->step++;
		befall(world);
		count = 0;
		do
			count += begin(world, &deeds[count], &calls[count]);
		while (count < CALLS_MAX && world_chance(world, 25));
		world_run(world, calls, count);
		disarm(world);
		memset(&wires_weather, 0, sizeof wires_weather);
		for (i = 0; i < count; i++) {
			take_answer(world, &deeds[i], &calls[i]);
			call_end(&calls[i]);
			spread(world, &deeds[i]);
			while (deeds[i].fd_count > 0)
				close(deeds[i].fds[--deeds[i].fd_count]);
		}
		judge_step(world);
	}
}

void plan_carry(struct world *world, unsigned from, unsigned to)
{
	struct ctl_request write = {.op = CTL_BUNDLE_WRITE,
			       .text = span_text(sim_names[to])},
			   read = {.op = CTL_BUNDLE_READ};
	int fd = plan_memfd("", 0);
	struct call call;
	unsigned exit;

	world_ask(world, &call, from, &write, &fd, 1);
	exit = call.exit;
	call_end(&call);
	if (exit == 0) {
		lseek(fd, 0, SEEK_SET);
		world_ask(world, &call, to, &read, &fd, 1);
		exit = call.exit;
		world_note(world, "by hand from %s to %s: exit %u %s",
		    sim_names[from], sim_names[to], exit, call.error);
		call_end(&call);
	}
	close(fd);
	if (exit != 0 && exit != 5 && !(world->odd & (1u << from | 1u << to)))
		world_wrong(world, "a bundle from %s to %s ends with %u",
		    sim_names[from], sim_names[to], exit);
}
