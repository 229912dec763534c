/*
 * withdraw: take records back, here and, as they hear of it, at everybody who
 * has them; or confirm that what others took back is destroyed here.
 */
#include <stdio.h>
#include <string.h>

#include "client/control.h"
#include "client/say.h"

int withdraw_run(struct client *client, int argc, char **argv)
{
	const char *reason = "";
	bool confirm = false;
	struct option_spec specs[] = {
	    {.name = "reason", .value = &reason},
	    {.name = "confirm", .flag = &confirm},
	};
	struct ctl_request request = {.op = CTL_WITHDRAW};
	struct span ids[CTL_NAMES_MAX];
	struct control *control;
	json_t *json = NULL;
	int i, r;

	r = command_options(specs, 2, &argc, argv);
	if (r == 0 && (argc < 2 || argc - 1 > CTL_NAMES_MAX))
		r = say_usage(
		    "it is withdraw ID... [--reason TEXT] [--confirm]", NULL);
	if (r == 0 && confirm && reason[0])
		r = say_usage("--confirm takes no reason, but got", reason);
	if (r == 0)
		r = control_open(client, true, &control);
	if (r != 0)
		return r;
	for (i = 1; i < argc; i++)
		ids[i - 1] = span_text(argv[i]);
	request.names.items = ids;
	request.names.count = (size_t)argc - 1;
	request.text = span_text(reason);
	request.flags = confirm ? CTL_FLAG_CONFIRM : 0;
	r = control_call(control, &request, NULL, 0, "withdrawing", &json);
	if (r == 0 && client->json)
		r = say_json(json);
	json_decref(json);
	control_close(control);
	return r;
}
