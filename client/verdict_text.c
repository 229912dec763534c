/*
 * A verdict for a person at a terminal. Every text in it is an id, a number, a
 * kind or a time: nothing of what witnesses said.
 */
#include "client/verdict.h"

#include <string.h>

void verdict_ranges(const json_t *ranges, FILE *file)
{
	long long first, last;
	const json_t *range;
	size_t i;

	if (json_array_size(ranges) == 0)
		fputs("none", file);
	json_array_foreach(ranges, i, range)
	{
		first = json_integer_value(json_array_get(range, 0));
		last = json_integer_value(json_array_get(range, 1));
		fprintf(file, "%s%lld", i > 0 ? ", " : "", first);
		if (last != first)
			fprintf(file, "-%lld", last);
	}
}

static void print_authors(const json_t *json)
{
	const json_t *author;
	size_t i;

	json_array_foreach(json_object_get(json, "signed_by"), i, author)
	{
		printf("Signed by: author %s (entries: %lld; %s)\n",
		    verdict_field(author, "author"),
		    verdict_number(author, "entries"),
		    verdict_says(author, "anchored")
			? "a key you were given"
			: "a key known from this bag alone");
	}
}

static void print_log(const json_t *log)
{
	printf("Log %s of author %.16s...: %lld places.\n  shown here: ",
	    verdict_field(log, "log"), verdict_field(log, "author"),
	    verdict_number(log, "size"));
	verdict_ranges(json_object_get(log, "shown"), stdout);
	fputs("; of these withdrawn: ", stdout);
	verdict_ranges(json_object_get(log, "withdrawn"), stdout);
	fputs("; withheld, for they exist and are not in this bag: ", stdout);
	verdict_ranges(json_object_get(log, "not_here"), stdout);
	putchar('\n');
}

static void print_cosigned(const json_t *entry)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(entry, "cosigned"), i, item)
	{
		printf("  seen by witness %s at %s (%s)\n",
		    verdict_field(item, "witness"), verdict_field(item, "time"),
		    verdict_says(item, "anchored")
			? "a key you were given"
			: "a key known from this bag alone");
	}
}

static void print_times(const json_t *entry)
{
	if (json_object_get(entry, "time"))
		printf("  its author's clock said %s\n",
		    verdict_field(entry, "time"));
	if (json_object_get(entry, "since"))
		printf("  not before %s, by the clock of author %s\n",
		    verdict_field(entry, "since"),
		    verdict_field(entry, "since_by"));
	if (json_object_get(entry, "until"))
		printf("  not after %s, by the clock of witness %s (witnesses "
		       "that count: %lld)\n",
		    verdict_field(entry, "until"),
		    verdict_field(entry, "until_by"),
		    verdict_number(entry, "until_witnesses"));
	else
		puts("  no time is proved by a witness whose key you were "
		     "given and who is neither author nor exporter");
}

static void print_entry(const json_t *entry)
{
	const json_t *id;
	size_t i;

	printf("In its log: record %s index %lld of %lld\n  kind %s, lines "
	       "shown %lld, closed %lld, attachments shown %lld\n",
	    verdict_field(entry, "id"), verdict_number(entry, "index"),
	    verdict_number(entry, "size"), verdict_field(entry, "kind"),
	    verdict_number(entry, "shown"), verdict_number(entry, "closed"),
	    verdict_number(entry, "attachments"));
	json_array_foreach(json_object_get(entry, "about"), i, id)
	    printf("  about record %s\n", json_string_value(id));
	if (json_object_get(entry, "withdrawn_by"))
		printf("  WITHDRAWN by its author, by entry %s\n",
		    verdict_field(entry, "withdrawn_by"));
	print_times(entry);
	print_cosigned(entry);
}

static void print_claims(const json_t *json)
{
	const json_t *item;
	size_t i;

	puts("Unchanged: every file is as it was when the bag was made, and "
	     "none was added.");
	print_authors(json);
	printf("Records: %lld, with %lld attachments shown.\n",
	    verdict_number(json, "records"),
	    verdict_number(json, "attachments"));
	json_array_foreach(json_object_get(json, "logs"), i, item)
	    print_log(item);
	json_array_foreach(json_object_get(json, "entries"), i, item)
	    print_entry(item);
	json_array_foreach(json_object_get(json, "missing"), i, item)
	    printf("Spoken of, and not in this bag: record %s\n",
		json_string_value(item));
	json_array_foreach(json_object_get(json, "withdrawn_missing"), i, item)
	    printf("Named by a withdrawal, and not in this bag: record %s\n",
		json_string_value(item));
	printf("Lines shown: %lld. Lines that stay closed (decoys among them): "
	       "%lld.\n",
	    verdict_number(json, "shown"), verdict_number(json, "closed"));
	puts("Order: in one log, a lower place was signed before a higher "
	     "one.");
}

void verdict_print(const json_t *json)
{
	const char *file = verdict_field(json, "file");

	if (!verdict_says(json, "holds")) {
		printf("VERDICT: does NOT hold: %s%s%s%s\n",
		    verdict_field(json, "reason"), *file ? " (" : "", file,
		    *file ? ")" : "");
		return;
	}
	print_claims(json);
	if (verdict_says(json, "self_vouched"))
		puts("VERDICT: holds, SELF-VOUCHED: whose keys these are is "
		     "said by this bag alone");
	else
		puts("VERDICT: holds; all authors are among the signers "
		     "given");
}
