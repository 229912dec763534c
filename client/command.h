/*
 * What every command shares: the options all of them take, the exit codes, and
 * the table that main.c dispatches by.
 */
#ifndef EVIDENT_CLIENT_COMMAND_H
#define EVIDENT_CLIENT_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Append only: scripts depend on them. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_NOT_VERIFIED = 4,
	EXIT_PARTLY = 5,
	EXIT_LOCKED = 6,
	EXIT_INTERRUPTED = 130,
};

struct client {
	char home[PATH_MAX];
	bool json;
	int passphrase_fd; /* or -1: ask on the terminal */
};

/* ${argv} holds the command's own words after the common options are taken
 * out: argv[0] is the command's name. Answers an exit code. */
typedef int (*command_cb)(struct client *client, int argc, char **argv);

struct command {
	const char *name;

	command_cb run;
	const char *usage;
	const char *summary;
};

/*
 * The options of one command, for command_options(): a flag sets *flag, one
 * with a value sets *value to the last given or, with ${each}, calls it for
 * every one.
 */
struct option_spec {
	const char *name; /* without the dashes */
	bool *flag;
	const char **value;
	int (*each)(void *context, const char *value);
	void *context;
};

/* Take the options out of ${argv}, which may stand anywhere before "--"; the
 * positional arguments remain from argv[1] on, counted by *argc. EXIT_USAGE
 * after saying what is wrong. */
int command_options(
    const struct option_spec *specs, size_t count, int *argc, char **argv);
/* For ${each} with a const char * as ${context}: what may be given only once,
 * because all of it would be signed. */
int command_once(void *context, const char *value);
/* Take out only the options of ${specs}; all other words stay as they are. */
int command_common_options(
    const struct option_spec *specs, size_t count, int *argc, char **argv);

int init_run(struct client *client, int argc, char **argv);
int unlock_run(struct client *client, int argc, char **argv);
int lock_run(struct client *client, int argc, char **argv);
int status_run(struct client *client, int argc, char **argv);
int stop_run(struct client *client, int argc, char **argv);
int capture_run(struct client *client, int argc, char **argv);
int revise_run(struct client *client, int argc, char **argv);
int derive_run(struct client *client, int argc, char **argv);
int import_run(struct client *client, int argc, char **argv);
int doctor_run(struct client *client, int argc, char **argv);
int key_run(struct client *client, int argc, char **argv);
int list_run(struct client *client, int argc, char **argv);
int show_run(struct client *client, int argc, char **argv);
int log_run(struct client *client, int argc, char **argv);
int leaves_run(struct client *client, int argc, char **argv);
int withdraw_run(struct client *client, int argc, char **argv);
int share_run(struct client *client, int argc, char **argv);
int card_run(struct client *client, int argc, char **argv);
int enrol_run(struct client *client, int argc, char **argv);
int partner_run(struct client *client, int argc, char **argv);
int bundle_run(struct client *client, int argc, char **argv);
int signers_run(struct client *client, int argc, char **argv);
int sync_run(struct client *client, int argc, char **argv);
int recover_run(struct client *client, int argc, char **argv);
int export_run(struct client *client, int argc, char **argv);
int verify_run(struct client *client, int argc, char **argv);

#endif
