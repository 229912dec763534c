/*
 * sync: meet one partner, or all of them. Ends 0 only when every record that
 * is addressed to them is known to be there: its receipt is stored here.
 * recover: the same with one, which brings back what this node wrote and does
 * not hold any more.
 */
#include <stdio.h>

#include "client/control.h"
#include "client/say.h"

/* Ask, and print all of the answer as JSON, or how many were brought back. */
static int meet(struct client *client, const struct ctl_request *request)
{
	struct control *control;
	json_t *json = NULL;
	int r, told = 0;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, request, NULL, 0, "syncing", &json);
	if (client->json && json)
		told = say_json(json);
	else if (json && request->op == CTL_RECOVER)
		printf("records brought back: %lld\n",
		    (long long)json_integer_value(
			json_object_get(json, "recovered")));
	json_decref(json);
	control_close(control);
	return r == 0 ? told : r;
}

static void name_partner(struct ctl_request *request, struct span *name)
{
	request->names.items = name;
	request->names.count = 1;
}

int sync_run(struct client *client, int argc, char **argv)
{
	struct ctl_request request = {.op = CTL_SYNC};
	struct span name;
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r != 0)
		return r;
	if (argc > 2)
		return say_usage("sync takes one partner or none", NULL);
	if (argc == 2) {
		name = span_text(argv[1]);
		name_partner(&request, &name);
	}
	return meet(client, &request);
}

int recover_run(struct client *client, int argc, char **argv)
{
	struct ctl_request request = {.op = CTL_RECOVER};
	struct span name;
	int r;

	r = command_options(NULL, 0, &argc, argv);
	if (r != 0)
		return r;
	if (argc != 2)
		return say_usage("recover takes one partner", NULL);
	name = span_text(argv[1]);
	name_partner(&request, &name);
	return meet(client, &request);
}
