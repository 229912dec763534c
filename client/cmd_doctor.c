/*
 * doctor: whether this machine is fit to keep testimony, and what to do where
 * it is not. It looks, and changes nothing: it starts no daemon, opens nothing
 * and contacts nobody. What cannot be seen while no daemon runs, or while it is
 * locked, it says.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/control.h"
#include "client/say.h"

#define LOCKED_BYTES_WANTED (256 * 1024) /* as evidentd wants it */
#define DISK_BYTES_FAIL (UINT64_C(100) << 20)
#define DISK_BYTES_WARN (UINT64_C(2) << 30)
#define STALE_DAYS 14
#define CLOCK_EARLIEST 1780000000 /* mid-2026: no clock can be earlier */
#define DAY (24 * 3600)

enum health {
	HEALTH_OK,
	HEALTH_WARN,
	HEALTH_FAIL,
};
static const char *const words[] = {"ok", "warn", "fail"};

struct doctor {
	struct client *client;
	json_t *checks;
	bool failed;
};

/* ${advice} is what to do, or NULL when all is well. */
static void report(struct doctor *doctor, enum health health, const char *check,
    const char *text, const char *advice)
{
	json_t *item = json_pack("{s:s, s:s, s:s, s:s*}", "check", check,
	    "state", words[health], "text", text, "do", advice);

	doctor->failed |= health == HEALTH_FAIL;
	if (json_array_append_new(doctor->checks, item) < 0) {
		json_decref(doctor->checks); /* a part is no list */
		doctor->checks = NULL;
	}
	if (doctor->client->json)
		return;
	printf("%-5s %s: ", words[health], check);
	say_safely(stdout, text, strlen(text), false);
	putchar('\n');
	if (advice)
		printf("      %s\n", advice);
}

static void check_home(struct doctor *doctor)
{
	struct stat st;
	const int why = stat(doctor->client->home, &st) < 0 ? errno : 0;

	if (why != 0 && why != ENOENT && why != ENOTDIR)
		report(doctor, HEALTH_FAIL, "home", "it cannot be looked at",
		    "make no other before this one can be read");
	else if (why != 0)
		report(doctor, HEALTH_FAIL, "home", "there is none",
		    "make one with: evident init --name NAME");
	else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		report(doctor, HEALTH_FAIL, "home",
		    "it is no directory of yours", "choose another --home");
	else if ((st.st_mode & 07777) != 0700)
		report(doctor, HEALTH_FAIL, "home", "others may look into it",
		    "chmod 700 it; the daemon refuses it as it is");
	else
		report(
		    doctor, HEALTH_OK, "home", "it is closed to others", NULL);
}

static void check_disk(struct doctor *doctor)
{
	struct statvfs fs;
	char text[64];
	uint64_t left;

	if (statvfs(doctor->client->home, &fs) < 0)
		return; /* said of the home */
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	snprintf(text, sizeof text, "%llu MiB are left",
	    (unsigned long long)(left >> 20));
	if (left < DISK_BYTES_FAIL)
		report(doctor, HEALTH_FAIL, "disk", text,
		    "make room: nothing more can be stored soon");
	else if (left < DISK_BYTES_WARN)
		report(doctor, HEALTH_WARN, "disk", text,
		    "make room before the next recordings");
	else
		report(doctor, HEALTH_OK, "disk", text, NULL);
}

static void check_memory(struct doctor *doctor)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && geteuid() != 0 &&
	    limit.rlim_max < LOCKED_BYTES_WANTED)
		report(doctor, HEALTH_WARN, "memory",
		    "too little can be locked for the keys, which may then be "
		    "written to swap",
		    "raise the memlock limit (limits.conf, LimitMEMLOCK=)");
	else
		report(doctor, HEALTH_OK, "memory",
		    "there is enough that can be locked for the keys", NULL);
}

static void check_swap(struct doctor *doctor)
{
	char text[4096];
	FILE *file = fopen("/proc/swaps", "re");
	size_t len;

	if (!file) {
		report(doctor, HEALTH_WARN, "swap", "it cannot be told", NULL);
		return;
	}
	len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	if (len > 0 && memchr(text, '\n', len - 1))
		report(doctor, HEALTH_WARN, "swap",
		    "this machine swaps: testimony that is being worked on may "
		    "reach the disk",
		    "turn it off (swapoff -a, and /etc/fstab), or encrypt it");
	else
		report(doctor, HEALTH_OK, "swap", "there is none", NULL);
}

static void check_sandbox(struct doctor *doctor)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL)
		report(doctor, HEALTH_FAIL, "sandbox",
		    "the kernel has no seccomp, without which no process of "
		    "the daemon serves",
		    "use a kernel of Debian's");
	else if (abi < 1)
		report(doctor, HEALTH_WARN, "sandbox",
		    "the kernel has seccomp, but no Landlock",
		    "a newer kernel confines the daemon further");
	else
		report(doctor, HEALTH_OK, "sandbox",
		    "the kernel has seccomp and Landlock", NULL);
}

/* ${newest}: when the newest record was stored, or 0. */
static void check_clock(struct doctor *doctor, int64_t newest)
{
	const int64_t now = (int64_t)time(NULL);

	if (now < CLOCK_EARLIEST)
		report(doctor, HEALTH_FAIL, "clock",
		    "it is before this program was made",
		    "set it: every record says when it was made");
	else if (newest > now + DAY)
		report(doctor, HEALTH_FAIL, "clock",
		    "records are here that were stored later than it is now",
		    "set it: was it ahead before, or is it behind now?");
	else
		report(doctor, HEALTH_OK, "clock", "it may be right", NULL);
}

static void check_partner(struct doctor *doctor, json_t *partner)
{
	const char *name = json_string_value(json_object_get(partner, "name"));
	int64_t met = json_integer_value(json_object_get(partner, "last_met"));
	int64_t days = ((int64_t)time(NULL) - met) / DAY;
	char check[96], text[96];

	snprintf(check, sizeof check, "partner %s", name ? name : "?");
	if (!json_is_true(json_object_get(partner, "compared"))) {
		report(doctor, HEALTH_WARN, check,
		    "it was not compared: nothing is exchanged with it",
		    "evident partner compare NAME, with its people");
		return;
	}
	if (met == 0)
		snprintf(text, sizeof text, "it was never met by network");
	else
		snprintf(text, sizeof text, "it was met %lld days ago",
		    (long long)(days > 0 ? days : 0));
	if (met == 0 || days >= STALE_DAYS)
		report(doctor, HEALTH_WARN, check, text,
		    "evident sync NAME, or a bundle; is its address right?");
	else
		report(doctor, HEALTH_OK, check, text, NULL);
}

static int check_partners(struct doctor *doctor)
{
	json_t *json = NULL, *partner;
	size_t i;
	int r;

	r = control_simple(
	    doctor->client, false, CTL_PARTNER_LIST, NULL, &json);
	if (r == 0)
		json_array_foreach(json_object_get(json, "partners"), i,
		    partner) check_partner(doctor, partner);
	json_decref(json);
	return r;
}

static void check_deliveries(struct doctor *doctor, json_t *status)
{
	const json_t *told = json_object_get(status, "undelivered");
	json_int_t left = json_integer_value(told);
	char text[96];

	if (!json_is_integer(told)) {
		report(doctor, HEALTH_WARN, "deliveries",
		    "it cannot be told whether all has arrived",
		    "keep this machine, and look again");
		return;
	}
	snprintf(text, sizeof text,
	    "%lld records are not known to have arrived", (long long)left);
	if (left > 0)
		report(doctor, HEALTH_WARN, "deliveries", text,
		    "keep this machine until they have: evident sync");
	else
		report(doctor, HEALTH_OK, "deliveries",
		    "every partner has confirmed what is for it", NULL);
}

/* What only an open node can tell. */
static int check_open(struct doctor *doctor)
{
	json_t *status = NULL, *warning;
	size_t i;
	int r;

	r = control_simple(doctor->client, false, CTL_STATUS, NULL, &status);
	if (r != 0)
		return r;
	check_clock(doctor,
	    json_integer_value(json_object_get(status, "newest_stored")));
	json_array_foreach(json_object_get(status, "warnings"), i, warning)
	    report(
		doctor, HEALTH_WARN, "node", json_string_value(warning), NULL);
	check_deliveries(doctor, status);
	json_decref(status);
	return check_partners(doctor);
}

static int check_daemon(struct doctor *doctor)
{
	char state[16] = "";

	if (!control_peek_state(doctor->client, state)) {
		check_clock(doctor, 0);
		report(doctor, HEALTH_WARN, "daemon",
		    "none runs: partners and records were not looked at",
		    "evident unlock starts one");
		return 0;
	}
	if (strcmp(state, "open") != 0) {
		check_clock(doctor, 0);
		report(doctor, HEALTH_OK, "daemon",
		    "it is locked: partners and records were not looked at",
		    NULL);
		return 0;
	}
	report(doctor, HEALTH_OK, "daemon", "it runs, and is open", NULL);
	return check_open(doctor);
}

int doctor_run(struct client *client, int argc, char **argv)
{
	struct doctor doctor = {.client = client};
	json_t *root;
	int r, told = 0;

	r = command_options(NULL, 0, &argc, argv);
	if (r == 0 && argc > 1)
		r = say_usage("doctor takes no argument, but got", argv[1]);
	if (r != 0)
		return r;
	doctor.checks = json_array();
	check_home(&doctor);
	check_disk(&doctor);
	check_memory(&doctor);
	check_swap(&doctor);
	check_sandbox(&doctor);
	r = check_daemon(&doctor);
	root = json_pack("{s:o}", "checks", doctor.checks);
	if (client->json)
		told = say_json(root);
	json_decref(root);
	if (r != 0)
		return r;
	return doctor.failed ? EXIT_FAILED : told;
}
