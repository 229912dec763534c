/*
 * sync: meet one partner, or all of them. Ends 0 only when every record that
 * is addressed to them is known to be there: its receipt is stored here.
 */
#include <stdio.h>

#include "client/control.h"
#include "client/say.h"

int sync_run(struct client *client, int argc, char **argv)
{
	struct ctl_request request = {.op = CTL_SYNC};
	struct control *control;
	json_t *json = NULL;
	struct span name;
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r != 0)
		return r;
	if (argc > 2)
		return say_usage("sync takes one partner or none", NULL);
	if (argc == 2) {
		name = span_text(argv[1]);
		request.names.items = &name;
		request.names.count = 1;
	}
	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, &request, NULL, 0, "syncing", &json);
	if (client->json && json) {
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(json);
	control_close(control);
	return r;
}
