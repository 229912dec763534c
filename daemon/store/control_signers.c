/*
 * Whom this node vouches for: an allowed_signers line of its own author and of
 * each partner that two people have compared, or for which a trusted enrolment
 * stands. A partner whose number was never compared, or that was removed,
 * stands in no such file: its card says only what somebody wrote into it.
 *
 * The lines are those of a bag (FORMAT.md, 11): ascending by author id, and
 * without names, which are no part of what a signature says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/control.h"
#include "proto/format/sshsig.h"

struct signer {
	const char *name; /* of the store or the partner */
	struct author_id author;
	const struct sign_key *key;
	bool compared;
	bool wanted;
};

struct signer_list {
	struct partner *partners;
	size_t partner_count;
	struct signer *items; /* the node itself and all partners */
	size_t count;
};

static int compare_signers(const void *a, const void *b)
{
	const struct signer *x = a, *y = b;

	return memcmp(x->author.bytes, y->author.bytes, 32);
}

static void list_free(struct signer_list *list)
{
	free(list->partners);
	free(list->items);
}

static int list_fill(struct store *store, struct signer_list *ret_list)
{
	struct signer_list list = {0};
	size_t i;
	int r;

	r = partners_all(store->database, &list.partners, &list.partner_count);
	if (r != 0)
		return r;
	list.count = list.partner_count + 1;
	list.items = calloc(list.count, sizeof *list.items);
	if (!list.items) {
		list_free(&list);
		return -ENOMEM;
	}
	list.items[0] = (struct signer){
	    store->name, store->author, &store->author_key, true, false};
	for (i = 0; i < list.partner_count; i++)
		list.items[i + 1] = (struct signer){list.partners[i].card.name,
		    list.partners[i].author, &list.partners[i].card.author,
		    list.partners[i].compared, false};
	qsort(list.items, list.count, sizeof *list.items, compare_signers);
	*ret_list = list;
	return 0;
}

static void refuse(struct request *request, const char *why, struct span name,
    const char *hint)
{
	char text[80 + CARD_NAME_MAX];
	const bool shown = card_name_is_valid(name);

	snprintf(text, sizeof text, "%s '%.*s'", why, shown ? (int)name.len : 3,
	    shown ? (const char *)name.data : "...");
	control_fail(request, 1, text, hint);
}

/* Mark who has ${name}; false after answering why nobody can be vouched for. */
static bool want_name(
    struct request *request, struct signer_list *list, struct span name)
{
	bool found = false;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (!span_equal(span_text(list->items[i].name), name))
			continue;
		if (!list->items[i].compared) {
			refuse(request, "nobody has compared the number of",
			    name,
			    "nothing says whose key that is; first: evident "
			    "partner compare NAME");
			return false;
		}
		list->items[i].wanted = true;
		found = true;
	}
	if (!found)
		refuse(request, "there is no partner", name,
		    "evident partner list shows them");
	return found;
}

static bool want(struct request *request, struct signer_list *list)
{
	size_t i;

	for (i = 0; i < request->ctl.names.count; i++)
		if (!want_name(request, list, request->ctl.names.items[i]))
			return false;
	for (i = 0; i < list->count && request->ctl.names.count == 0; i++)
		list->items[i].wanted = list->items[i].compared;
	return true;
}

static int describe(const struct signer *signer, json_t *array)
{
	struct buf line = {0};
	char author[65];
	int r;

	r = sshsig_allowed_signer(signer->key, &line);
	hex_encode(signer->author.bytes, 32, author);
	if (r == 0)
		r = json_array_append_new(
		    array, json_pack("{s:s, s:s, s:s%}", "name", signer->name,
			       "author", author, "line",
			       (const char *)line.data, line.len));
	buf_free(&line);
	return r < 0 ? -ENOMEM : r;
}

static int answer(struct request *request, const struct signer_list *list)
{
	json_t *array = json_array();
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < list->count; i++)
		if (list->items[i].wanted)
			r = describe(&list->items[i], array);
	if (r == 0)
		control_done(request, json_pack("{s:o}", "signers", array));
	else
		json_decref(array);
	return r;
}

void control_signers(struct request *request)
{
	struct signer_list list = {0};
	int r;

	r = list_fill(request->store, &list);
	if (r == 0 && want(request, &list))
		r = answer(request, &list);
	if (r != 0)
		control_fail_result(request, r);
	list_free(&list);
}
