/*
 * enrol: an organisation's word that a device is its own, or is so no more.
 *
 * What comes out is the device's card with the enrolment behind it. It goes to
 * whoever shall know the device as a partner: evident partner add.
 */
#include <stdio.h>

#include "client/card_file.h"
#include "client/control.h"
#include "client/say.h"

static int give(struct client *client, json_t *json, const char *out, bool end)
{
	json_t *card = json_object_get(json, "card");
	int r = 0, told = 0;

	if (client->json)
		told = say_json(json);
	else if (!out)
		fputs(json_string_value(card), stdout);
	if (out)
		r = card_file_write(
		    out, json_string_value(card), json_string_length(card));
	if (r != 0)
		say_hint("nothing was lost: do it again, with another --out");
	else if (end)
		say_hint("it counts where it arrives: give it to everybody who "
			 "has this device enrolled");
	else if (!json_is_true(json_object_get(json, "compared")))
		say_hint("nobody has compared the number of this card here: be "
			 "sure that it came from the device itself");
	return r == 0 ? told : r;
}

int enrol_run(struct client *client, int argc, char **argv)
{
	const char *out = NULL;
	bool end = false;
	struct option_spec specs[] = {
	    {.name = "out", .value = &out},
	    {.name = "end", .flag = &end},
	};
	struct ctl_request request = {.op = CTL_ENROL};
	char card[ENROLLED_CARD_BYTES_MAX + 1];
	struct control *control;
	json_t *json = NULL;
	size_t len;
	int r;

	r = command_options(specs, 2, &argc, argv);
	if (r != 0)
		return r;
	if (argc != 2)
		return say_usage("it is enrol [--end] CARD [--out FILE]", NULL);
	r = card_file_read(argv[1], card, &len);
	if (r != 0)
		return r;
	request.blob = span_of(card, len);
	request.flags = end ? CTL_FLAG_END : 0;
	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, &request, NULL, 0, NULL, &json);
	control_close(control);
	if (r == 0)
		r = give(client, json, out, end);
	json_decref(json);
	return r;
}
