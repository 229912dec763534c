/*
 * Reading evident.conf, by libconfuse.
 *
 * The supervisor reads it, once, before there is any other process, and hands
 * on numbers: no process that holds a key or meets a stranger parses a file
 * that people edit. A file with a fault in it is refused whole.
 *
 * libconfuse replaces ${NAME} in a quoted value by a variable of the
 * environment. Every value here is a number or one of three words, so that can
 * bring nothing in that could not be written out.
 */
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/config.h"
#include "daemon/base/service.h"
#include "proto/format/file.h"

#define SECONDS_MAX (365 * 24 * 3600)
#define KIB_MAX (4 * 1024 * 1024 - 1)

static const char *const modes[] = {
    [WIRE_SYNC_AUTO] = "auto",
    [WIRE_SYNC_OFF] = "off",
    [WIRE_SYNC_ON] = "on",
};
#define MODES (sizeof modes / sizeof *modes)

static const char *const keeping[] = {
    [WIRE_RETAIN_ALWAYS] = "always",
    [WIRE_RETAIN_UNTIL_DELIVERED] = "until-delivered",
    [WIRE_RETAIN_NEVER] = "never",
};
#define KEEPING (sizeof keeping / sizeof *keeping)

/* Each with its default; the man page evident.conf(5) explains each. */
static cfg_opt_t options[] = {
    CFG_INT("workers", 0, CFGF_NONE),
    CFG_INT("lock-after", 600, CFGF_NONE),
    CFG_STR("sync", "auto", CFGF_NONE),
    CFG_INT("sync-every", 3600, CFGF_NONE),
    CFG_INT("rate", 0, CFGF_NONE),
    CFG_INT("quota-bytes", 0, CFGF_NONE),
    CFG_INT("quota-entries", 0, CFGF_NONE),
    CFG_INT("withdrawals", 3, CFGF_NONE),
    CFG_STR("retain", "always", CFGF_NONE),
    CFG_END(),
};

__attribute__((format(printf, 2, 0))) static void on_error(
    cfg_t *cfg, const char *format, va_list args)
{
	fprintf(stderr, "evidentd: error: %s:%d: ",
	    cfg && cfg->filename ? cfg->filename : CONFIG_NAME,
	    cfg ? cfg->line : 0);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

static int check_range(cfg_t *cfg, cfg_opt_t *opt, long min, long max)
{
	long value = cfg_opt_getnint(opt, cfg_opt_size(opt) - 1);

	if (value >= min && value <= max)
		return 0;
	cfg_error(
	    cfg, "%s must be from %ld to %ld", cfg_opt_name(opt), min, max);
	return -1;
}

static int check_workers(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, SERVICE_WORKERS_MAX);
}

static int check_lock_after(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, SECONDS_MAX);
}

static int check_sync_every(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 1, SECONDS_MAX);
}

static int check_rate(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, KIB_MAX);
}

static int check_quota(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 0, FORMAT_INTEGER_MAX);
}

/* Which of ${words} it is, or ${count}. */
static size_t find_word(
    const char *word, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (word && strcmp(word, words[i]) == 0)
			break;
	return i;
}

static int check_retain(cfg_t *cfg, cfg_opt_t *opt)
{
	if (find_word(cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1), keeping,
		KEEPING) < KEEPING)
		return 0;
	cfg_error(cfg, "retain must be always, until-delivered or never");
	return -1;
}

static int check_sync(cfg_t *cfg, cfg_opt_t *opt)
{
	if (find_word(cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1), modes,
		MODES) < MODES)
		return 0;
	cfg_error(cfg, "sync must be auto, on or off");
	return -1;
}

static cfg_t *begin(void)
{
	cfg_t *cfg = cfg_init(options, CFGF_NONE);

	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	cfg_set_validate_func(cfg, "workers", check_workers);
	cfg_set_validate_func(cfg, "lock-after", check_lock_after);
	cfg_set_validate_func(cfg, "sync", check_sync);
	cfg_set_validate_func(cfg, "sync-every", check_sync_every);
	cfg_set_validate_func(cfg, "rate", check_rate);
	cfg_set_validate_func(cfg, "quota-bytes", check_quota);
	cfg_set_validate_func(cfg, "quota-entries", check_quota);
	cfg_set_validate_func(cfg, "withdrawals", check_quota);
	cfg_set_validate_func(cfg, "retain", check_retain);
	return cfg;
}

static int refuse(const char *shown, const char *why)
{
	fprintf(stderr, "evidentd: error: %s: %s\n", shown, why);
	return CONFIG_E_REFUSED;
}

/* libconfuse leaves out, without a word, a default that it had no memory for:
 * it would be read as 0, and a node that never locks. */
static bool is_whole(cfg_t *cfg)
{
	const cfg_opt_t *option;

	for (option = options; option->name; option++)
		if (cfg_size(cfg, option->name) == 0)
			return false;
	return true;
}

static int take(cfg_t *cfg, const char *shown, struct wire_sup_start *settings)
{
	if (!cfg || !is_whole(cfg))
		return refuse(shown, "out of memory");
	settings->workers = (uint64_t)cfg_getint(cfg, "workers");
	settings->lock_after = (uint64_t)cfg_getint(cfg, "lock-after");
	settings->sync = find_word(cfg_getstr(cfg, "sync"), modes, MODES);
	settings->sync_every = (uint64_t)cfg_getint(cfg, "sync-every");
	settings->rate = (uint64_t)cfg_getint(cfg, "rate") * 1024;
	settings->quota_bytes = (uint64_t)cfg_getint(cfg, "quota-bytes");
	settings->quota_entries = (uint64_t)cfg_getint(cfg, "quota-entries");
	settings->withdrawals = (uint64_t)cfg_getint(cfg, "withdrawals");
	settings->retain =
	    find_word(cfg_getstr(cfg, "retain"), keeping, KEEPING);
	return 0;
}

static int take_defaults(struct wire_sup_start *ret_settings)
{
	cfg_t *cfg = begin();
	int r;

	memset(ret_settings, 0, sizeof *ret_settings);
	r = take(cfg, "the defaults", ret_settings);
	if (cfg)
		cfg_free(cfg);
	return r;
}

/* The whole text, ended by a NUL, into ${text}. */
static int read_text(int fd, const char *shown, char *text)
{
	size_t len = 0;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(shown, "this is not a regular file");
	if (file_read(fd, text, CONFIG_BYTES_MAX + 1, &len) < 0)
		return refuse(shown, "this file cannot be read");
	if (len > CONFIG_BYTES_MAX)
		return refuse(shown, "this file has more than 65536 bytes");
	if (memchr(text, 0, len))
		return refuse(shown, "a NUL byte stands in this file");
	text[len] = 0;
	return 0;
}

/* Comments become blanks: behind them libconfuse 3.3 counts lines wrongly, and
 * people are told lines. */
static void blank_comments(char *text)
{
	bool quoted = false, comment = false;

	for (; *text; text++) {
		if (*text == '\n')
			quoted = comment = false;
		else if (*text == '"' && !comment)
			quoted = !quoted;
		else if (*text == '#' && !quoted)
			comment = true;
		if (comment)
			*text = ' ';
	}
}

static int parse(
    const char *text, const char *shown, struct wire_sup_start *ret_settings)
{
	FILE *file = *text ? fmemopen((void *)text, strlen(text), "r") : NULL;
	cfg_t *cfg = begin();
	int r = CONFIG_E_REFUSED;

	if (!cfg || (*text && !file)) {
		refuse(shown, "out of memory");
	} else {
		cfg->filename = strdup(shown);
		if (!file || cfg_parse_fp(cfg, file) == CFG_SUCCESS)
			r = take(cfg, shown, ret_settings);
	}
	if (file)
		fclose(file);
	if (cfg)
		cfg_free(cfg);
	return r;
}

int config_read(
    int dir_fd, const char *name, struct wire_sup_start *ret_settings)
{
	/* As of all in a home; elsewhere, a person named it. */
	const int follow = dir_fd == AT_FDCWD ? 0 : O_NOFOLLOW;
	char *text;
	int fd, r;

	fd = openat(dir_fd, name,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
	if (fd < 0)
		return errno == ENOENT
			   ? CONFIG_E_NONE
			   : refuse(name, "this file cannot be opened");
	text = malloc(CONFIG_BYTES_MAX + 2);
	r = text ? read_text(fd, name, text) : refuse(name, "out of memory");
	if (r == 0) {
		blank_comments(text);
		r = parse(text, name, ret_settings);
	}
	free(text);
	close(fd);
	return r;
}

int config_find(int dir_fd, struct wire_sup_start *ret_settings)
{
	int r;

	r = config_read(dir_fd, CONFIG_NAME, ret_settings);
	if (r == CONFIG_E_NONE)
		r = config_read(AT_FDCWD, EVIDENT_CONFIG, ret_settings);
	if (r != CONFIG_E_NONE)
		return r;
	return take_defaults(ret_settings);
}
