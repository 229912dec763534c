/*
 * partner add | compare | trust | quota | proxy | limit | list | remove: whom
 * this node knows.
 *
 * Adding a card proves nothing: until two people have compared the number
 * both screens show, or an organisation whose enrolments are trusted here has
 * enrolled it, nothing is sealed to that partner or synced with it.
 */
#include <stdio.h>
#include <string.h>

#include "client/card_file.h"
#include "client/control.h"
#include "client/qr.h"
#include "client/say.h"

static int ask(
    struct client *client, const struct ctl_request *request, json_t **ret_json)
{
	struct control *control;
	int r;

	r = control_open(client, true, &control);
	if (r != 0)
		return r;
	r = control_call(control, request, NULL, 0, NULL, ret_json);
	control_close(control);
	return r;
}

/* What came of the enrolment behind a card. */
static void tell_enrolment(json_t *answer, const char *file, size_t len)
{
	const char *by = json_string_value(json_object_get(answer, "by"));
	struct span card, enrolment;

	enrolment_split(span_of(file, len), &card, &enrolment);
	if (json_is_true(json_object_get(answer, "ended")))
		say_hint(json_is_true(json_object_get(answer, "compared"))
			     ? "its enrolment has ended; people compared it, "
			       "so it stays a partner unless you remove it"
			     : "its enrolment has ended: nothing more is "
			       "exchanged with it");
	else if (enrolment.len > 0 && by && !*by)
		say_hint("this node does not trust the enrolments of that "
			 "organisation: evident partner trust NAME yes, once "
			 "it is compared, or compare this partner itself");
}

static int add(
    struct client *client, const char *path, bool is_picture, bool mirror)
{
	char card[ENROLLED_CARD_BYTES_MAX + 1];
	struct ctl_request request = {.op = CTL_PARTNER_ADD};
	json_t *json = NULL;
	size_t len;
	int r;

	r = is_picture ? qr_read(path, card, sizeof card, &len)
		       : card_file_read(path, card, &len);
	if (r != 0)
		return r;
	request.blob = span_of(card, len);
	request.flags = mirror ? CTL_FLAG_MIRROR : 0;
	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		fputs(json_string_value(json_object_get(json, "name")), stdout);
		putchar('\n');
		tell_enrolment(json, card, len);
	}
	json_decref(json);
	return r;
}

static int compare(struct client *client, const char *name, const char *number)
{
	struct ctl_request request = {
	    .op = CTL_PARTNER_COMPARE, .text = span_text(name)};
	struct span given;
	json_t *json = NULL;
	int r;

	if (number) {
		given = span_text(number);
		request.names.items = &given;
		request.names.count = 1;
	}
	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0 && !number) {
		printf(
		    "%s\n", json_string_value(json_object_get(json, "number")));
	}
	json_decref(json);
	return r;
}

static const char *compared_word(json_t *partner)
{
	const char *by = json_string_value(json_object_get(partner, "by"));

	if (by && strcmp(by, "enrolled") == 0)
		return by;
	return json_is_true(json_object_get(partner, "compared"))
		   ? "compared"
		   : "not compared";
}

static void print_partner(json_t *partner)
{
	printf("%-24s  %-12s  %-6s  %-5s  %s\n",
	    json_string_value(json_object_get(partner, "name")),
	    compared_word(partner),
	    json_is_true(json_object_get(partner, "mirror")) ? "mirror" : "",
	    json_is_true(json_object_get(partner, "trust")) ? "trust" : "",
	    json_string_value(json_object_get(partner, "proxy")));
}

static int list(struct client *client)
{
	json_t *json = NULL, *partner;
	size_t i;
	int r;

	r = control_simple(client, true, CTL_PARTNER_LIST, NULL, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		json_array_foreach(json_object_get(json, "partners"), i,
		    partner) print_partner(partner);
	}
	json_decref(json);
	return r;
}

static int set_proxy(struct client *client, const char *name, const char *proxy)
{
	struct span given = span_text(proxy);
	struct ctl_request request = {
	    .op = CTL_PARTNER_PROXY,
	    .text = span_text(name),
	    .names = {&given, 1},
	};
	json_t *json = NULL;
	const char *used;
	int r;

	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		used = json_string_value(json_object_get(json, "proxy"));
		if (*used && strcmp(proxy, "none") == 0)
			say_hint("this partner has an onion address and is "
				 "still reached by Tor alone");
		else if (!*used)
			say_hint("this partner is contacted directly from now "
				 "on: its network sees who calls");
	}
	json_decref(json);
	return r;
}

static int set_limit(struct client *client, const char *name, const char *limit)
{
	struct span given = span_text(limit);
	struct ctl_request request = {
	    .op = CTL_PARTNER_LIMIT,
	    .text = span_text(name),
	    .names = {&given, 1},
	};
	json_t *json = NULL;
	int r;

	r = ask(client, &request, &json);
	if (r == 0 && client->json)
		r = say_json(json);
	json_decref(json);
	return r;
}

/* A number as the daemon takes it; of bytes it may end in K, M or G. */
static int size_text(const char *text, bool bytes, char out[24])
{
	static const char units[] = "KMG";
	const char *unit = NULL;
	size_t len = strlen(text);
	uint64_t value;
	unsigned shift;

	if (bytes && len > 0)
		unit = strchr(units, text[len - 1]);
	shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (decimal_decode(span_of(text, len - (unit ? 1 : 0)), &value) != 0 ||
	    value > FORMAT_INTEGER_MAX >> shift)
		return say_usage(bytes ? "not a number of bytes (K, M and G "
					 "may follow):"
				       : "not a number:",
		    text);
	snprintf(out, 24, "%llu", (unsigned long long)(value << shift));
	return 0;
}

static void print_quota(json_t *json, const char *key, const char *word)
{
	json_int_t used = json_integer_value(
	    json_object_get(json_object_get(json, "used"), key));
	json_int_t most = json_integer_value(
	    json_object_get(json_object_get(json, "quota"), key));

	printf("%-16s  %lld of ", word, (long long)used);
	if (most > 0)
		printf("%lld\n", (long long)most);
	else
		puts("any number");
}

/* ${given}: bytes, entries and entries an hour, each NULL to leave it. */
static int quota(
    struct client *client, const char *name, const char *const given[3])
{
	struct ctl_request request = {
	    .op = CTL_PARTNER_QUOTA, .text = span_text(name)};
	struct span names[3];
	char texts[3][24] = {"", "", ""};
	json_t *json = NULL;
	int i, r;

	for (i = 0; i < 3; i++) {
		r = given[i] ? size_text(given[i], i == 0, texts[i]) : 0;
		if (r != 0)
			return r;
		names[i] = span_text(texts[i]);
	}
	request.names.items = names;
	request.names.count = given[0] || given[1] || given[2] ? 3 : 0;
	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0) {
		print_quota(json, "bytes", "bytes");
		print_quota(json, "entries", "entries");
		print_quota(json, "rate", "entries an hour");
	}
	json_decref(json);
	return r;
}

static int set_trust(struct client *client, const char *name, const char *word)
{
	struct ctl_request request = {
	    .op = CTL_PARTNER_TRUST, .text = span_text(name)};
	json_t *json = NULL;
	int r;

	if (strcmp(word, "yes") != 0 && strcmp(word, "no") != 0)
		return say_usage("trust is yes or no, not", word);
	request.number = strcmp(word, "yes") == 0;
	r = ask(client, &request, &json);
	if (r == 0 && client->json) {
		r = say_json(json);
	} else if (r == 0 && request.number) {
		say_hint("whom this organisation enrols needs no comparing "
			 "here from now on");
	}
	json_decref(json);
	return r;
}

/* The number may be given as one argument or as its twelve groups. */
static int join_number(int argc, char **argv, char *out, size_t size)
{
	size_t len = 0;
	int i;

	out[0] = 0;
	for (i = 0; i < argc; i++) {
		if (len + strlen(argv[i]) + 2 > size)
			return say_usage("this number is too long:", argv[i]);
		len += (size_t)snprintf(
		    out + len, size - len, "%s%s", i > 0 ? " " : "", argv[i]);
	}
	return 0;
}

int partner_run(struct client *client, int argc, char **argv)
{
	const char *limits[3] = {NULL, NULL, NULL};
	bool mirror = false, qr = false;
	struct option_spec specs[] = {
	    {.name = "mirror", .flag = &mirror},
	    {.name = "qr", .flag = &qr},
	    {.name = "bytes", .value = &limits[0]},
	    {.name = "entries", .value = &limits[1]},
	    {.name = "rate", .value = &limits[2]},
	};
	struct ctl_request request = {.op = CTL_PARTNER_REMOVE};
	char number[256];
	const char *act;
	int r;

	r = command_options(specs, 5, &argc, argv);
	if (r != 0)
		return r;
	act = argc > 1 ? argv[1] : "";
	if ((mirror || qr) && strcmp(act, "add") != 0)
		return say_usage(
		    "--mirror and --qr belong to partner add", NULL);
	if (strcmp(act, "quota") == 0 && argc == 3)
		return quota(client, argv[2], limits);
	if (limits[0] || limits[1] || limits[2])
		return say_usage("--bytes, --entries and --rate belong to "
				 "partner quota NAME",
		    NULL);
	if (strcmp(act, "list") == 0 && argc == 2)
		return list(client);
	if (strcmp(act, "add") == 0 && argc == 3)
		return add(client, argv[2], qr, mirror);
	if (strcmp(act, "proxy") == 0 && argc == 4)
		return set_proxy(client, argv[2], argv[3]);
	if (strcmp(act, "limit") == 0 && argc == 4)
		return set_limit(client, argv[2], argv[3]);
	if (strcmp(act, "trust") == 0 && argc == 4)
		return set_trust(client, argv[2], argv[3]);
	if (strcmp(act, "remove") == 0 && argc == 3) {
		request.text = span_text(argv[2]);
		return ask(client, &request, NULL);
	}
	if (strcmp(act, "compare") != 0 || argc < 3)
		return say_usage("it is partner add CARD, compare NAME "
				 "[NUMBER], trust NAME yes|no, quota NAME, "
				 "proxy NAME IP:PORT|none, limit NAME "
				 "KIB|none|default, list, or remove NAME",
		    NULL);
	r = join_number(argc - 3, argv + 3, number, sizeof number);
	if (r != 0)
		return r;
	return compare(client, argv[2], argc > 3 ? number : NULL);
}
