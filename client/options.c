/*
 * Options may stand anywhere: `capture --text - --to hub` and `capture --to
 * hub --text -` mean the same, and so does `--text=-`. What is not an option
 * is moved to the front. A single "-" is a value, "--" ends the options.
 */
#include <string.h>

#include "client/command.h"
#include "client/say.h"

static const struct option_spec *find(
    const struct option_spec *specs, size_t count, const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(specs[i].name) == len &&
		    memcmp(specs[i].name, word, len) == 0)
			return &specs[i];
	return NULL;
}

static int take_value(const struct option_spec *spec, const char *value)
{
	if (spec->each)
		return spec->each(spec->context, value);
	*spec->value = value;
	return 0;
}

/* One "--name", "--name=value" or "--name value"; *at moves past it. */
static int take_option(const struct option_spec *specs, size_t count, int argc,
    char **argv, int *at)
{
	const char *word = argv[*at] + 2, *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option_spec *spec = find(specs, count, word, len);

	if (!spec)
		return say_usage("there is no option", argv[*at]);
	if (spec->flag) {
		if (equals)
			return say_usage(
			    "this option takes no value", argv[*at]);
		*spec->flag = true;
		return 0;
	}
	if (equals)
		return take_value(spec, equals + 1);
	if (*at + 1 >= argc)
		return say_usage("this option needs a value", argv[*at]);
	*at += 1;
	return take_value(spec, argv[*at]);
}

int command_once(void *context, const char *value)
{
	const char **once = context;

	if (*once)
		return say_usage("a purpose, a reason and whom it is for are "
				 "given once each",
		    NULL);
	*once = value;
	return 0;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != 0;
}

static const struct option_spec *find_word(
    const struct option_spec *specs, size_t count, const char *word)
{
	const char *equals = strchr(word, '=');

	if (strncmp(word, "--", 2) != 0)
		return NULL;
	return find(specs, count, word + 2,
	    equals ? (size_t)(equals - word - 2) : strlen(word + 2));
}

int command_options(
    const struct option_spec *specs, size_t count, int *argc, char **argv)
{
	int i, kept = 1, r;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (!is_option(argv[i])) {
			argv[kept++] = argv[i];
			continue;
		}
		r = strncmp(argv[i], "--", 2) == 0
			? take_option(specs, count, *argc, argv, &i)
			: say_usage("there is no option", argv[i]);
		if (r != 0)
			return r;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

int command_common_options(
    const struct option_spec *specs, size_t count, int *argc, char **argv)
{
	int i, kept = 1, r;

	for (i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		if (!find_word(specs, count, argv[i])) {
			argv[kept++] = argv[i];
			continue;
		}
		r = take_option(specs, count, *argc, argv, &i);
		if (r != 0)
			return r;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}
