/*
 * signers: whom this node vouches for, as a file that `ssh-keygen -Y verify`
 * and `evident verify --signers` read. A bag brings such a file along, but only
 * one that comes from outside says whose keys these are.
 */
#include <stdio.h>

#include "client/control.h"
#include "client/say.h"

static int print_signers(const struct client *client, json_t *json)
{
	json_t *signer;
	size_t i;

	if (client->json)
		return say_json(json);
	json_array_foreach(json_object_get(json, "signers"), i, signer)
	    fputs(json_string_value(json_object_get(signer, "line")), stdout);
	return 0;
}

int signers_run(struct client *client, int argc, char **argv)
{
	struct ctl_request request = {.op = CTL_SIGNERS};
	struct span names[CTL_NAMES_MAX];
	struct control *control;
	json_t *json = NULL;
	int i, r;

	r = command_options(NULL, 0, &argc, argv);
	if (r != 0)
		return r;
	if (argc - 1 > CTL_NAMES_MAX)
		return say_usage("these are too many names at once", NULL);
	for (i = 1; i < argc; i++)
		names[i - 1] = span_text(argv[i]);
	request.names.items = names;
	request.names.count = (size_t)argc - 1;
	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, &request, NULL, 0, NULL, &json);
	if (r == 0)
		r = print_signers(client, json);
	json_decref(json);
	control_close(control);
	return r;
}
