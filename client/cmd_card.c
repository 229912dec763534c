/*
 * card: this node's card, to be given to partners; card add-reader: one more
 * person of this organisation who may read what is sent here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/control.h"
#include "client/say.h"

static int write_card(const char *path, const char *text, size_t len)
{
	char part[PATH_MAX];
	FILE *file;
	int bad;

	if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return say_usage("the path is too long:", path);
	file = fopen(part, "wxe");
	if (!file) {
		say_error("cannot write file", part);
		return EXIT_FAILED;
	}
	bad = fwrite(text, 1, len, file) != len;
	bad |= fclose(file) != 0;
	if (bad || rename(part, path) < 0) {
		unlink(part);
		say_error("cannot write file", path);
		return EXIT_FAILED;
	}
	return 0;
}

static int give_card(struct client *client, const char *out)
{
	json_t *json = NULL, *card;
	int r;

	r = control_simple(client, true, CTL_CARD, NULL, &json);
	if (r != 0)
		return r;
	card = json_object_get(json, "card");
	if (client->json)
		json_dumpf(json, stdout, JSON_COMPACT);
	else if (out)
		r = write_card(
		    out, json_string_value(card), json_string_length(card));
	else
		fputs(json_string_value(card), stdout);
	if (client->json)
		putchar('\n');
	json_decref(json);
	return r;
}

int card_run(struct client *client, int argc, char **argv)
{
	const char *out = NULL;
	struct option_spec specs[] = {{.name = "out", .value = &out}};
	int r;

	r = command_options(specs, 1, &argc, argv);
	if (r != 0)
		return r;
	if (argc == 1)
		return give_card(client, out);
	if (strcmp(argv[1], "add-reader") == 0 && argc == 3 && !out)
		return control_simple(
		    client, true, CTL_CARD_ADD_READER, argv[2], NULL);
	return say_usage("it is `card [--out FILE]` or `card add-reader "
			 "RECIPIENT`",
	    NULL);
}
