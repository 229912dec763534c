/*
 * card: this node's card, to be given to partners; card add-reader: one more
 * person of this organisation who may read what is sent here; card
 * organisation: for whom this device works.
 */
#include <stdio.h>
#include <string.h>

#include "client/qr.h"
#include "client/card_file.h"
#include "client/control.h"
#include "client/say.h"

static int give_card(struct client *client, const char *out, bool qr)
{
	json_t *json = NULL, *card;
	int r;

	r = control_simple(client, true, CTL_CARD, NULL, &json);
	if (r != 0)
		return r;
	card = json_object_get(json, "card");
	if (client->json)
		r = say_json(json);
	else if (out)
		r = card_file_write(
		    out, json_string_value(card), json_string_length(card));
	else if (qr)
		r = qr_show(json_string_value(card), json_string_length(card));
	else
		fputs(json_string_value(card), stdout);
	json_decref(json);
	return r;
}

static int set_organisation(struct client *client, const char *name)
{
	json_t *json = NULL;
	int r;

	r = control_simple(client, true, CTL_CARD_ORGANISATION,
	    strcmp(name, "none") == 0 ? NULL : name, &json);
	if (r == 0 && client->json)
		r = say_json(json);
	if (r == 0 && json_is_true(json_object_get(json, "changed")))
		say_hint("what people compare has changed: every partner needs "
			 "the new card and must compare its number again, or "
			 "be given it enrolled");
	else if (r == 0)
		say_hint("the card says so already; nothing was changed");
	json_decref(json);
	return r;
}

int card_run(struct client *client, int argc, char **argv)
{
	const char *out = NULL;
	bool qr = false;
	struct option_spec specs[] = {
	    {.name = "out", .value = &out},
	    {.name = "qr", .flag = &qr},
	};
	int r;

	r = command_options(specs, 2, &argc, argv);
	if (r != 0)
		return r;
	if (qr && (argc > 1 || out || client->json))
		return say_usage("--qr stands alone", NULL);
	if (argc == 1)
		return give_card(client, out, qr);
	if (strcmp(argv[1], "add-reader") == 0 && argc == 3 && !out)
		return control_simple(
		    client, true, CTL_CARD_ADD_READER, argv[2], NULL);
	if (strcmp(argv[1], "organisation") == 0 && argc == 3 && !out)
		return set_organisation(client, argv[2]);
	return say_usage("it is `card [--out FILE | --qr]`, `card add-reader "
			 "RECIPIENT` or `card organisation PARTNER|none`",
	    NULL);
}
