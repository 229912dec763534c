/*
 * sim --seed S --seeds N [--nodes K] [--steps M] [--minutes T] [--twice]
 *     [--restores] [--trace]: K nodes in a simulated world, seed by seed. TAP
 *     output. Old disks are put back in some seeds, with --restores in all.
 *
 * What is real: store, keeper and worker of every node as processes of their
 * own, with their channels, the sealed database and the objects on a disk; the
 * couriers with links, turns, bundles and attachments. What is simulated: time,
 * chance, TLS and the network, and who is scheduled when (seam.c, wires.c,
 * world.c). A seed gives one trace; --twice runs each seed again and compares.
 *
 * Each seed runs in a process of its own, so that nothing of it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/template.h"

struct options {
	uint64_t seed, seeds;
	unsigned nodes, steps, minutes;
	bool twice, restores, trace;
};

/* What a seed's process tells. */
struct result {
	bool ended;
	uint64_t hash;
	unsigned long events, crashes, cuts, restored, jumps, meetings, records;
	char wrong[512];
};

struct sums {
	unsigned long seeds, failed;
	struct result all;
};

static char top[64];

static void place(char *out, const char *name)
{
	snprintf(out, NODE_PATH_MAX, "%s/%s", top, name);
}

static void prepare(const struct options *options, struct world *world,
    const struct topology *topology)
{
	char path[NODE_PATH_MAX];
	unsigned i;

	world->restores = world_chance(world, 30) || options->restores;
	for (i = 0; i < world->count; i++) {
		snprintf(path, sizeof path, "%s/%s/%s", top, topology->name,
		    sim_names[i]);
		if (node_copy_home(path, world->nodes[i].home) != 0)
			abort();
		if (!world->restores && world_chance(world, 8)) {
			world->retain[i] = true;
			world->nodes[i].settings.retain =
			    WIRE_RETAIN_UNTIL_DELIVERED;
		}
		world->down[i] = true;
	}
	for (i = 0; i < world->count; i++)
		world_revive(world, i);
}

static void tell_trace(const char *trace)
{
	size_t length;

	for (; *trace; trace += length) {
		trace += strspn(trace, "\n");
		length = strcspn(trace, "\n");
		if (length > 0)
			printf("# %.*s\n", (int)length, trace);
	}
}

/* What the couriers log is kept with what the other processes do. */
static void log_aside(const char *folder)
{
	char path[NODE_PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof path, "%s/couriers.log", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		abort();
	close(fd);
}

static void live(const struct options *options, uint64_t seed,
    struct world *world, struct result *ret_result)
{
	const struct topology *topology = &sim_topologies[seed % 2];
	char path[NODE_PATH_MAX];

	place(path, "seed");
	if (template_open(world, path, seed, options->nodes, topology) != 0)
		abort();
	log_aside(path);
	world->loud = options->trace;
	prepare(options, world, topology);
	plan_run(world, options->steps);
	settle(world);
	ret_result->ended = true;
	ret_result->hash = world->hash;
	ret_result->events = world->events;
	ret_result->crashes = world->crashes;
	ret_result->cuts = world->cuts;
	ret_result->restored = world->restored;
	ret_result->jumps = world->jumps;
	ret_result->meetings = world->meetings;
	ret_result->records = world->record_count;
	memcpy(ret_result->wrong, world->wrong, sizeof world->wrong);
	if (world->wrong[0] && !world->loud && world->trace)
		tell_trace(world->trace);
}

static void run_child(const struct options *options, uint64_t seed, int fd)
{
	struct world *world = calloc(1, sizeof *world);
	struct result result = {.ended = false};

	if (!world)
		_exit(1);
	seam_enter(NULL, seed, 0, WIRE_ROLE_SUPERVISOR, 0);
	live(options, seed, world, &result);
	fflush(stdout);
	template_close(world);
	_exit(write(fd, &result, sizeof result) == sizeof result ? 0 : 1);
}

static struct result run_seed(const struct options *options, uint64_t seed)
{
	struct result result = {.ended = false};
	char path[NODE_PATH_MAX];
	int fds[2];
	pid_t pid;

	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC) < 0)
		abort();
	pid = fork();
	if (pid == 0)
		run_child(options, seed, fds[1]);
	close(fds[1]);
	if (pid < 0 || read(fds[0], &result, sizeof result) < 0)
		abort();
	close(fds[0]);
	waitpid(pid, NULL, 0);
	if (!result.ended)
		snprintf(result.wrong, sizeof result.wrong,
		    "the simulation itself ended");
	place(path, "seed");
	if (!(options->trace && result.wrong[0]))
		node_remove_home(path);
	else
		printf("# kept: %s\n", path);
	return result;
}

static void add(struct sums *sums, const struct result *result)
{
	sums->seeds++;
	sums->failed += result->wrong[0] != 0;
	sums->all.hash = (sums->all.hash ^ result->hash) * 0x100000001b3ull;
	sums->all.events += result->events;
	sums->all.crashes += result->crashes;
	sums->all.cuts += result->cuts;
	sums->all.restored += result->restored;
	sums->all.jumps += result->jumps;
	sums->all.meetings += result->meetings;
	sums->all.records += result->records;
}

static void try_seed(
    const struct options *options, uint64_t seed, struct sums *sums)
{
	struct result result = run_seed(options, seed), again;

	if (options->twice && !result.wrong[0]) {
		again = run_seed(options, seed);
		if (again.hash != result.hash)
			snprintf(result.wrong, sizeof result.wrong,
			    "a second run went another way");
	}
	add(sums, &result);
	if (!result.wrong[0])
		return;
	printf("not ok %lu - seed %llu: %s\n", sums->failed,
	    (unsigned long long)seed, result.wrong);
	printf("# again: sim --seed %llu --seeds 1 --nodes %u --steps %u "
	       "%s--trace\n",
	    (unsigned long long)seed, options->nodes, options->steps,
	    options->restores ? "--restores " : "");
}

static void tell(const struct options *options, const struct sums *sums)
{
	const struct result *all = &sums->all;

	printf("# %lu seeds from %llu on, %u nodes: %lu meetings, %lu records, "
	       "%lu deaths, %lu cuts, %lu old disks, %lu jumps of a clock, "
	       "%lu events; trace %016llx\n",
	    sums->seeds, (unsigned long long)options->seed, options->nodes,
	    all->meetings, all->records, all->crashes, all->cuts, all->restored,
	    all->jumps, all->events, (unsigned long long)all->hash);
	if (sums->failed == 0)
		printf("ok 1 - nothing acknowledged is lost, nothing taken "
		       "back comes again, all come to rest\n");
	printf("1..%lu\n", sums->failed ? sums->failed : 1);
}

static int make_templates(const struct options *options)
{
	char path[NODE_PATH_MAX];
	size_t i;

	for (i = 0; i < 2; i++) {
		place(path, sim_topologies[i].name);
		if (template_make(path, options->nodes, &sim_topologies[i]) !=
		    0)
			return -1;
	}
	return 0;
}

static bool take_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
	    {"seed", required_argument, NULL, 's'},
	    {"seeds", required_argument, NULL, 'n'},
	    {"nodes", required_argument, NULL, 'k'},
	    {"steps", required_argument, NULL, 'm'},
	    {"minutes", required_argument, NULL, 't'},
	    {"twice", no_argument, NULL, '2'},
	    {"restores", no_argument, NULL, 'r'},
	    {"trace", no_argument, NULL, 'v'}, {0}};
	int found;

	while ((found = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (found) {
		case 's':
			options->seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			options->seeds = strtoull(optarg, NULL, 10);
			break;
		case 'k':
			options->nodes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			options->steps = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't':
			options->minutes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case '2':
			options->twice = true;
			break;
		case 'r':
			options->restores = true;
			break;
		case 'v':
			options->trace = true;
			break;
		default:
			return false;
		}
	return optind == argc && options->nodes >= 3 && options->nodes <= 5;
}

static int64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int main(int argc, char **argv)
{
	struct options options = {
	    .seed = 1, .seeds = 1, .nodes = 4, .steps = 40};
	struct sums sums = {.seeds = 0};
	int64_t until;
	uint64_t i;
	bool kept;

	if (!take_options(argc, argv, &options)) {
		fputs("usage: sim [--seed S] [--seeds N] [--nodes 3..5] "
		      "[--steps M] [--minutes T] [--twice] [--restores] "
		      "[--trace]\n",
		    stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	snprintf(top, sizeof top, "%s/evident-sim.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	seam_enter(NULL, 0, 0, WIRE_ROLE_SUPERVISOR, 0);
	if (sodium_init() < 0 || !mkdtemp(top) || make_templates(&options) != 0)
		return 1;
	until = seconds() + 60 * (int64_t)options.minutes;
	for (i = 0; options.minutes ? seconds() < until : i < options.seeds;
	     i++)
		try_seed(&options, options.seed + i, &sums);
	tell(&options, &sums);
	kept = options.trace && sums.failed;
	if (!kept)
		node_remove_home(top);
	return sums.failed ? 1 : 0;
}
