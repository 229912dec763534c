/*
 * evident: the table of commands. Everything a person types comes through
 * here; each command is a file of its own (cmd_*.c).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"

static const struct command commands[] = {
    {"init", init_run,
	"init --name NAME [--reader] [--listen ADDR:PORT] [--address "
	"HOST:PORT]",
	"make keys and a store in an empty or new home"},
    {"unlock", unlock_run, "unlock", "open the store"},
    {"lock", lock_run, "lock", "wipe the keys and close the store"},
    {"status", status_run, "status", "tell what this node is doing"},
    {"stop", stop_run, "stop", "lock, and end the daemon"},
    {"capture", capture_run,
	"capture [--to PARTNER]... [--field NAME=VALUE|NAME=@FILE]... "
	"[--text FILE|-] [--attach FILE]... [--label TEXT|@FILE]",
	"seal and sign a record; prints its id"},
    {"revise", revise_run,
	"revise ID [--purpose TEXT] [--override REASON] [the options of "
	"capture]",
	"seal and sign a correction that stands beside a record"},
    {"derive", derive_run,
	"derive ID --kind translation|transcript|redaction|working-copy "
	"[--purpose TEXT] [--override REASON] [the options of capture]",
	"the same for what is made of a record"},
    {"import", import_run, "import FILE.jsonl",
	"capture many records, one a line"},
    {"list", list_run, "list", "list the records held here"},
    {"show", show_run,
	"show ID [--attachments DIR] [--sealed DIR] [--purpose TEXT]",
	"open a record, or write its age files"},
    {"share", share_run,
	"share ID --to PARTNER... [--purpose TEXT] [--override REASON]",
	"let one more partner read a record"},
    {"withdraw", withdraw_run,
	"withdraw ID... [--reason TEXT] | withdraw ID... --confirm",
	"take records back, here and everywhere they went"},
    {"log", log_run, "log ID",
	"who has a record, what was done with it, and who erased it"},
    {"leaves", leaves_run, "leaves ID --out FILE",
	"write the ids of all entries of a record's log, as one file"},
    {"card", card_run,
	"card [--out FILE | --qr] | card add-reader RECIPIENT | "
	"card organisation PARTNER|none",
	"this node's card, for partners"},
    {"key", key_run,
	"key list | import-reader FILE|- | export-reader [--out FILE] | "
	"add-machine FILE | remove-machine",
	"who reads here, and what opens this node"},
    {"enrol", enrol_run, "enrol CARD [--end] [--out FILE]",
	"vouch for a device of this organisation"},
    {"partner", partner_run,
	"partner add CARD [--mirror] [--qr] | compare PARTNER [NUMBER] | trust "
	"PARTNER yes|no | quota PARTNER [--bytes N] [--entries N] [--rate N] | "
	"proxy PARTNER IP:PORT|none | limit PARTNER KIB|none|default | list | "
	"remove PARTNER",
	"whom this node knows"},
    {"signers", signers_run, "signers [NAME]...",
	"whose signatures this node vouches for, as ssh-keygen reads it"},
    {"sync", sync_run, "sync [PARTNER]", "exchange records with partners"},
    {"recover", recover_run, "recover PARTNER",
	"sync, and bring back what this node wrote and does not hold"},
    {"bundle", bundle_run, "bundle write PARTNER FILE | bundle read FILE",
	"the same by hand, on a stick"},
    {"export", export_run,
	"export ID... --to DIR [--disclose NAME,.. | --disclose-all] "
	"[--witnesses] [--with-custody] [--purpose TEXT] [--for TEXT] "
	"[--override REASON]",
	"write a bag that anyone can verify"},
    {"doctor", doctor_run, "doctor",
	"whether this machine is fit for it, and what to do"},
    {"verify", verify_run,
	"verify DIR|FILE [--signers FILE] [--report FILE.html] "
	"[--exporter ID] [--record ENTRY-ID]",
	"check a bag or a leaves file; needs no daemon, key or network"},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

/* Whoever reads no id must not take it for a record that is not stored. */
static const char *what_holds(const struct command *command, int code)
{
	const bool stores =
	    command->run == capture_run || command->run == revise_run ||
	    command->run == derive_run || command->run == import_run;

	if (code != 0 && code != EXIT_PARTLY)
		return "nothing that was stored before is lost";
	if (stores)
		return "what was captured IS stored, and only its id was not "
		       "printed: look with evident list, and do not capture "
		       "it again";
	return "what was asked for is done and nothing is lost: make room "
	       "for the answer, or print it elsewhere";
}

static void print_help(void)
{
	size_t i;

	puts("usage: evident [--home DIR] [--json] [--passphrase-fd N] "
	     "COMMAND ...\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n            evident %s\n", commands[i].name,
		    commands[i].summary, commands[i].usage);
	puts("\nexit codes: 0 done, 1 failed, 2 wrong usage, 3 no daemon,"
	     " 4 not verified,\n            5 partly done, 6 locked, 130 "
	     "interrupted");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* --home, else $EVIDENT_HOME, else the XDG data directory. */
static int find_home(struct client *client, const char *given)
{
	const char *env = getenv("EVIDENT_HOME");
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char path[PATH_MAX];
	int n;

	if (given || (env && *env))
		n = snprintf(path, sizeof path, "%s", given ? given : env);
	else if (xdg && *xdg == '/')
		n = snprintf(path, sizeof path, "%s/evident", xdg);
	else if (home && *home)
		n = snprintf(
		    path, sizeof path, "%s/.local/share/evident", home);
	else
		return say_usage("no home directory: give --home DIR", NULL);
	if (n >= (int)sizeof path || n == 0)
		return say_usage("the home's path is too long or empty", NULL);
	if (path[0] == '/') {
		snprintf(client->home, sizeof client->home, "%s", path);
		return 0;
	}
	if (!getcwd(client->home, sizeof client->home) ||
	    strlen(client->home) + strlen(path) + 2 > sizeof client->home)
		return say_usage("the home's path is too long", NULL);
	strncat(
	    client->home, "/", sizeof client->home - strlen(client->home) - 1);
	strncat(
	    client->home, path, sizeof client->home - strlen(client->home) - 1);
	return 0;
}

static int take_fd(struct client *client, const char *text)
{
	char *end;
	unsigned long fd;

	if (!text)
		return 0;
	errno = 0;
	fd = strtoul(text, &end, 10);
	if (errno || *end || end == text || fd > 1023 || *text == '-')
		return say_usage("not a descriptor's number:", text);
	client->passphrase_fd = (int)fd;
	return 0;
}

struct common {
	const char *home, *fd;
	bool json, help, version;
};

/* What a person types and reads leaves no core file, and is nobody's to look
 * at: where this fails, all else is as it was. */
static void shut_windows(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	struct client client = {.passphrase_fd = -1};
	const struct command *command;
	struct common common = {0};
	const struct option_spec specs[] = {
	    {.name = "home", .value = &common.home},
	    {.name = "passphrase-fd", .value = &common.fd},
	    {.name = "json", .flag = &common.json},
	    {.name = "help", .flag = &common.help},
	    {.name = "version", .flag = &common.version},
	};
	int r;

	shut_windows();
	signal(SIGPIPE, SIG_IGN);
	r = command_common_options(specs, 5, &argc, argv);
	if (r != 0)
		return r;
	if (common.version) {
		puts("evident " EVIDENT_VERSION);
		return 0;
	}
	if (common.help) {
		print_help();
		return 0;
	}
	if (argc < 2)
		return say_usage(
		    "a command is needed; evident --help lists them", NULL);
	command = find_command(argv[1]);
	if (!command)
		return say_usage("there is no command", argv[1]);
	client.json = common.json;
	r = take_fd(&client, common.fd);
	if (r == 0)
		r = find_home(&client, common.home);
	if (r != 0)
		return r;
	r = command->run(&client, argc - 1, argv + 1);
	return say_end(r, what_holds(command, r));
}
