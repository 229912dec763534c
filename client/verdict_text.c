/*
 * A verdict for a person at a terminal. Every text in it is an id, a number, a
 * kind or a time: nothing of what witnesses said.
 */
#include "client/verdict.h"

#include <string.h>

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "";
}

static long long number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static bool is(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

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
		    text(author, "author"), number(author, "entries"),
		    is(author, "anchored") ? "a key you were given"
					   : "a key known from this bag alone");
	}
}

static void print_log(const json_t *log)
{
	printf("Log %s of author %.16s...: %lld places.\n  shown here: ",
	    text(log, "log"), text(log, "author"), number(log, "size"));
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
		    text(item, "witness"), text(item, "time"),
		    is(item, "anchored") ? "a key you were given"
					 : "a key known from this bag alone");
	}
}

static void print_times(const json_t *entry)
{
	if (json_object_get(entry, "time"))
		printf("  its author's clock said %s\n", text(entry, "time"));
	if (json_object_get(entry, "since"))
		printf("  not before %s, by the clock of author %s\n",
		    text(entry, "since"), text(entry, "since_by"));
	if (json_object_get(entry, "until"))
		printf("  not after %s, by the clock of witness %s (witnesses "
		       "that count: %lld)\n",
		    text(entry, "until"), text(entry, "until_by"),
		    number(entry, "until_witnesses"));
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
	    text(entry, "id"), number(entry, "index"), number(entry, "size"),
	    text(entry, "kind"), number(entry, "shown"),
	    number(entry, "closed"), number(entry, "attachments"));
	json_array_foreach(json_object_get(entry, "about"), i, id)
	    printf("  about record %s\n", json_string_value(id));
	if (json_object_get(entry, "withdrawn_by"))
		printf("  WITHDRAWN by its author, by entry %s\n",
		    text(entry, "withdrawn_by"));
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
	    number(json, "records"), number(json, "attachments"));
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
	    number(json, "shown"), number(json, "closed"));
	puts("Order: in one log, a lower place was signed before a higher "
	     "one.");
}

void verdict_print(const json_t *json)
{
	const char *file = text(json, "file");

	if (!is(json, "holds")) {
		printf("VERDICT: does NOT hold: %s%s%s%s\n",
		    text(json, "reason"), *file ? " (" : "", file,
		    *file ? ")" : "");
		return;
	}
	print_claims(json);
	if (is(json, "self_vouched"))
		puts("VERDICT: holds, SELF-VOUCHED: whose keys these are is "
		     "said by this bag alone");
	else
		puts("VERDICT: holds; all authors are among the signers "
		     "given");
}
