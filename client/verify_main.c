/*
 * evident-verify: the one command an auditor needs, alone.
 */
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/say.h"

int main(int argc, char **argv)
{
	struct client client = {.passphrase_fd = -1};
	bool help = false, version = false;
	const struct option_spec specs[] = {
	    {.name = "json", .flag = &client.json},
	    {.name = "help", .flag = &help},
	    {.name = "version", .flag = &version},
	};
	int r;

	r = command_common_options(specs, 3, &argc, argv);
	if (r != 0)
		return r;
	if (help || version) {
		puts(help ? "usage: evident-verify DIR|FILE [--signers FILE] "
			    "[--report FILE.html] [--exporter ID] "
			    "[--record ENTRY-ID] [--json]\nexit codes: 0 "
			    "holds, 4 does not hold, "
			    "1 could not be read, 2 wrong usage"
			  : "evident-verify " EVIDENT_VERSION);
		return 0;
	}
	return say_end(verify_run(&client, argc, argv),
	    "nothing was changed; print it elsewhere, or write it with "
	    "--report");
}
