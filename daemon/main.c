/*
 * evidentd: reads its arguments and becomes one of five processes.
 *
 * A person or a service manager starts the supervisor; the supervisor starts
 * the others by --role, which is of no use to anybody else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/config.h"
#include "daemon/base/home.h"
#include "daemon/base/service.h"
#include "daemon/supervise.h"
#include "proto/format/asan.h"

#define EXIT_USAGE 2

#if EVIDENT_ASAN
/* The search for leaks at exit clones and traces, which the sandbox kills. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}
#endif

static const struct {
	const char *name;
	int (*main)(void);
} roles[] = {
    {"keeper", keeper_main},
    {"store", store_main},
    {"worker", worker_main},
    {"courier", courier_main},
};

static const char usage[] =
    "usage: evidentd --home DIR [--config FILE]\n"
    "                              serve the node in DIR, in the foreground\n"
    "       evidentd --check-config FILE\n"
    "                              say what is wrong with a configuration\n"
    "       evidentd --version\n"
    "       evidentd --help\n"
    "\n"
    "DIR must belong to you and have mode 0700. The node is made and used\n"
    "with evident(1); SIGTERM stops cleanly. FILE, else DIR/evident.conf, "
    "else\n" EVIDENT_CONFIG " says how the node behaves.\n";

static int complain(const char *what)
{
	fprintf(stderr, "evidentd: error: %s\n", what);
	return EXIT_FAILURE;
}

static int complain_usage(const char *what)
{
	complain(what);
	fputs("hint: evidentd --help\n", stderr);
	return EXIT_USAGE;
}

static int run_role(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof roles / sizeof *roles; i++)
		if (strcmp(roles[i].name, name) == 0) {
			close_range(SERVICE_FD + 1, ~0U, 0);
			return roles[i].main();
		}
	return complain_usage("unknown role");
}

/* Nothing that whoever started us had open goes into any process, and what we
 * open is never taken for the log. */
static int tidy_descriptors(void)
{
	int fd;

	close_range(STDERR_FILENO + 1, ~0U, 0);
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int read_config(const char *path, struct wire_sup_start *ret_settings)
{
	int r = config_read(AT_FDCWD, path, ret_settings);

	if (r == CONFIG_E_NONE)
		fprintf(stderr, "evidentd: error: %s: there is no such file\n",
		    path);
	return r;
}

static int check_config(const char *path)
{
	struct wire_sup_start settings;

	return read_config(path, &settings) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_home(const char *path, const char *config_or_null)
{
	struct wire_sup_start settings;
	const char *why;
	struct home home;
	int r = 0;

	if (tidy_descriptors() < 0)
		return complain("/dev/null cannot be opened");
	umask(077);
	if (config_or_null && read_config(config_or_null, &settings) != 0)
		return EXIT_FAILURE;
	if (home_open(path, &home, &why) != 0)
		return complain(why);
	if (!config_or_null)
		r = config_find(home.dir_fd, &settings);
	home_take_key(&home);
	r = r == 0 ? supervise_run(&home, &settings) : EXIT_FAILURE;
	home_close(&home);
	return r;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("evidentd " EVIDENT_VERSION);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return run_role(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--check-config") == 0)
		return check_config(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--home") == 0)
		return run_home(argv[2], NULL);
	if (argc == 5 && strcmp(argv[1], "--home") == 0 &&
	    strcmp(argv[3], "--config") == 0)
		return run_home(argv[2], argv[4]);
	return complain_usage("give --home and a directory");
}
