/*
 * share: one more partner may read a record from now on. The log of this node
 * says so before anything is sent; the record goes out at the next sync.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/opened.h"
#include "client/say.h"

struct share {
	struct span names[CTL_NAMES_MAX];
	size_t count;
};

static int on_to(void *context, const char *value)
{
	struct share *share = context;

	if (share->count == CTL_NAMES_MAX)
		return say_usage("too many partners, with", value);
	share->names[share->count++] = span_text(value);
	return 0;
}

int share_run(struct client *client, int argc, char **argv)
{
	const char *purpose = NULL, *override = NULL;
	struct share share = {.count = 0};
	char *detail = NULL;
	struct option_spec specs[] = {
	    {.name = "to", .each = on_to, .context = &share},
	    {.name = "purpose", .each = command_once, .context = &purpose},
	    {.name = "override", .each = command_once, .context = &override},
	};
	struct ctl_request request = {.op = CTL_SHARE};
	struct control *control;
	json_t *json = NULL;
	int r;

	r = command_options(specs, 3, &argc, argv);
	if (r == 0 && (argc != 2 || share.count == 0))
		r = say_usage("it is share ID --to PARTNER...", NULL);
	if (r == 0)
		r = opened_detail(purpose, NULL, override, NULL, &detail);
	if (r == 0)
		r = control_open(client, true, &control);
	if (r != 0) {
		free(detail);
		return r;
	}
	request.text = span_text(argv[1]);
	request.names.items = share.names;
	request.names.count = share.count;
	if (detail)
		request.blob = span_text(detail);
	r = control_call(control, &request, NULL, 0, "sharing", &json);
	free(detail);
	if (r == 0 && client->json)
		r = say_json(json);
	json_decref(json);
	control_close(control);
	return r;
}
