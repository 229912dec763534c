/*
 * bundle write, bundle read: a meeting carried by hand.
 *
 *   write: courier (frames to a veiled file) -> worker (their hash) -> keeper
 *          (signature) -> worker (one age file to the client's descriptor)
 *   read:  worker (age file to a veiled file) -> is it from a partner, for
 *          us, signed? -> courier (frames, as from a connection)
 *
 * The veiled file has no name: whatever happens, nothing of it stays. Nothing
 * of a bundle is looked at by the store before its signature is good.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/veil.h"
#include "daemon/store/control.h"
#include "daemon/store/jobs.h"
#include "daemon/store/objects.h"
#include "proto/format/bundle.h"
#include "proto/format/sshsig.h"

/* The bundle under way; one at a time. */
struct parcel {
	struct request *request;
	struct store *store;
	struct partner partner;
	enum wire_carrier carrier;
	struct wire_key32 veil_key;
	int frames;
	uint64_t size;
	struct buf head, tail;
	bool with_courier, awaits_courier;
};

static struct parcel *current;

static void parcel_free(struct parcel *parcel)
{
	if (!parcel)
		return;
	if (parcel->frames >= 0)
		close(parcel->frames);
	buf_free(&parcel->head);
	buf_free(&parcel->tail);
	explicit_bzero(parcel, sizeof *parcel);
	free(parcel);
}

static int make_frames(struct parcel *parcel)
{
	int r;

	r = veil_make_key(parcel->veil_key.bytes);
	return r == 0 ? objects_create_unnamed(
			    parcel->store->records.objects, &parcel->frames)
		      : r;
}

static struct parcel *begin(struct request *request, enum wire_carrier carrier)
{
	struct parcel *parcel;

	if (current) {
		control_fail(request, 1, "another bundle is being made or read",
		    "wait for it to end");
		return NULL;
	}
	parcel = calloc(1, sizeof *parcel);
	if (!parcel) {
		control_fail_result(request, -ENOMEM);
		return NULL;
	}
	parcel->request = request;
	parcel->store = request->store;
	parcel->carrier = carrier;
	parcel->frames = -1;
	return parcel;
}

/* The last word, and the end of it. */
static void finish(struct parcel *parcel, json_t *json)
{
	struct request *request = parcel->request;

	current = NULL;
	parcel_free(parcel);
	control_done(request, json);
}

static void give_up(struct parcel *parcel, int result)
{
	struct request *request = parcel->request;

	current = NULL;
	parcel_free(parcel);
	control_fail_result(request, result);
}

static void refuse(struct parcel *parcel, const char *error, const char *hint)
{
	struct request *request = parcel->request;

	current = NULL;
	parcel_free(parcel);
	control_fail(request, 1, error, hint);
}

/* A worker's failure in its own words. */
static void say_failure(struct parcel *parcel, struct wire_frame *answer)
{
	enum wire_code code;
	uint64_t input;
	char why[256];

	code = jobs_failure(answer, why, &input);
	if (code == WIRE_CODE_NO_SPACE)
		give_up(parcel, -ENOSPC);
	else
		refuse(parcel,
		    why[0] ? why : "the bundle could not be worked on",
		    "nothing was changed; try again, or have the partner "
		    "write it anew");
}

/* A courier that died or was lost is waited for: the next one is coming. */
static int to_courier(struct parcel *parcel)
{
	struct wire_courier_bundle message = {
	    .partner = parcel->partner.author,
	    .carrier = parcel->carrier,
	    .veil_key = parcel->veil_key,
	    .size = parcel->size,
	};
	struct store *store = parcel->store;
	int r;

	r = store_tell_courier(
	    store, WIRE_COURIER_BUNDLE, &message, &parcel->frames, 1);
	explicit_bzero(&message, sizeof message);
	parcel->with_courier = r == 0;
	parcel->awaits_courier =
	    !store->courier || channel_is_broken(store->courier);
	return parcel->awaits_courier ? 0 : r;
}

void control_bundle_resume(void)
{
	struct parcel *parcel = current;
	int r;

	if (!parcel || !parcel->awaits_courier)
		return;
	r = to_courier(parcel);
	if (r != 0)
		give_up(parcel, r);
}

/* --- write -------------------------------------------------------------- */

static void on_sealed(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct parcel *parcel = context;

	(void)store;
	if (answer && answer->type == WIRE_WORK_DONE)
		finish(parcel,
		    json_pack("{s:I}", "bytes", (json_int_t)parcel->size));
	else
		say_failure(parcel, answer);
}

static int submit_seal(struct parcel *parcel)
{
	struct wire_work_bundle_seal job = {
	    .job = jobs_number(parcel->store),
	    .head = buf_span(&parcel->head),
	    .tail = buf_span(&parcel->tail),
	    .veil_key = parcel->veil_key,
	    .size = parcel->size,
	};
	int fds[2] = {parcel->frames, parcel->request->frame.fds[0]}, r;

	memcpy(job.recipient.bytes, parcel->partner.card.bundle.key, 32);
	r = jobs_submit(parcel->store, job.job, WIRE_WORK_BUNDLE_SEAL, &job,
	    fds, 2, on_sealed, parcel);
	explicit_bzero(&job, sizeof job);
	return r;
}

static int sign(struct parcel *parcel, const struct digest *digest)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_bundle ask = {.digest = *digest};
	struct wire_keeper_note answer;
	enum wire_code code;
	int r;

	r = channel_call(parcel->store->keeper, WIRE_KEEPER_BUNDLE, &ask, NULL,
	    0, WIRE_KEEPER_NOTE, &arena, &answer, &code);
	if (r == 0)
		r = buf_append_span(&parcel->tail, answer.note);
	wire_arena_free(&arena);
	return r > 0 ? -EPROTO : r;
}

static void on_hashed(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct parcel *parcel = context;
	struct wire_work_hashed hashed;
	int r;

	if (!answer || answer->type != WIRE_WORK_HASHED ||
	    store->state != STORE_OPEN ||
	    wire_decode(WIRE_WORK_HASHED, buf_span(&answer->body), &arena,
		&hashed) != 0) {
		wire_arena_free(&arena);
		say_failure(parcel, answer);
		return;
	}
	r = sign(parcel, &hashed.digest);
	wire_arena_free(&arena);
	if (r == 0)
		r = submit_seal(parcel);
	if (r != 0)
		give_up(parcel, r);
}

/* The frames are written: hash them behind the lines in front. */
static int submit_hash(struct parcel *parcel)
{
	struct bundle_head head = {
	    .from = parcel->store->author, .to = parcel->partner.author};
	struct wire_work_hash job = {
	    .job = jobs_number(parcel->store), .veil_key = parcel->veil_key};
	struct stat st;
	int r;

	if (fstat(parcel->frames, &st) < 0)
		return -errno;
	head.size = job.size = parcel->size = (uint64_t)st.st_size;
	r = bundle_build_head(&head, &parcel->head);
	job.head = buf_span(&parcel->head);
	if (r == 0)
		r = jobs_submit(parcel->store, job.job, WIRE_WORK_HASH, &job,
		    &parcel->frames, 1, on_hashed, parcel);
	explicit_bzero(&job, sizeof job);
	return r;
}

void control_bundle_write(struct request *request)
{
	struct parcel *parcel = begin(request, WIRE_CARRIER_WRITE);
	int r;

	if (!parcel)
		return;
	r = partners_by_name(
	    request->store->database, request->ctl.text, &parcel->partner);
	if (r == DATABASE_E_NONE || (r == 0 && !parcel->partner.compared)) {
		refuse(parcel,
		    r == 0 ? "this partner was not compared with its card"
			   : "there is no partner of this name",
		    r == 0 ? "first: evident partner compare NAME"
			   : "evident partner list shows them");
		return;
	}
	if (r == 0)
		r = make_frames(parcel);
	if (r == 0)
		r = to_courier(parcel);
	if (r != 0)
		give_up(parcel, r);
	else
		current = parcel;
}

/* --- read --------------------------------------------------------------- */

static int check_signature(
    const struct parcel *parcel, const struct wire_work_bundle_opened *opened)
{
	struct buf message = {0};
	uint8_t signature[64];
	struct sign_key key;
	int r;

	r = sshsig_dearmour(
	    opened->tail, SSHSIG_NAMESPACE_BUNDLE, &key, signature);
	if (r == 0 && memcmp(key.bytes, parcel->partner.card.author.bytes, 32))
		r = FORMAT_E_MISMATCH;
	if (r == 0)
		r = bundle_message(&opened->digest, &message);
	if (r == 0)
		r = sshsig_verify(&key, SSHSIG_NAMESPACE_BUNDLE,
		    buf_span(&message), signature);
	buf_free(&message);
	return r;
}

/* Whether this bundle may be taken in: 0, 1 and why not, or -errno. */
static int judge(struct parcel *parcel,
    const struct wire_work_bundle_opened *opened, const char **ret_why)
{
	struct store *store = parcel->store;
	int r;

	*ret_why = "this bundle is for another node";
	if (memcmp(opened->to.bytes, store->author.bytes, 32) != 0)
		return 1;
	*ret_why = "this bundle is from nobody who was compared";
	r = partners_by_author(
	    store->database, &opened->from, &parcel->partner);
	if (r != 0 || parcel->partner.removed || !parcel->partner.compared)
		return r < 0 ? r : 1;
	*ret_why = "this bundle was not signed by whom it names";
	r = check_signature(parcel, opened);
	return r > 0 ? 1 : r;
}

static void on_opened(
    struct store *store, void *context, struct wire_frame *answer)
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_work_bundle_opened opened;
	struct parcel *parcel = context;
	const char *why;
	int r;

	if (!answer || answer->type != WIRE_WORK_BUNDLE_OPENED ||
	    store->state != STORE_OPEN ||
	    wire_decode(WIRE_WORK_BUNDLE_OPENED, buf_span(&answer->body),
		&arena, &opened) != 0) {
		wire_arena_free(&arena);
		say_failure(parcel, answer);
		return;
	}
	r = judge(parcel, &opened, &why);
	parcel->size = opened.size;
	wire_arena_free(&arena);
	if (r == 1) {
		refuse(parcel, why, "nothing of it was taken in");
		return;
	}
	if (r == 0)
		r = to_courier(parcel);
	if (r != 0)
		give_up(parcel, r);
}

void control_bundle_read(struct request *request)
{
	struct parcel *parcel = begin(request, WIRE_CARRIER_READ);
	struct wire_work_bundle_open job;
	int fds[2], r;

	if (!parcel)
		return;
	r = make_frames(parcel);
	job.job = jobs_number(request->store);
	job.veil_key = parcel->veil_key;
	fds[0] = request->frame.fds[0];
	fds[1] = parcel->frames;
	if (r == 0)
		r = jobs_submit(request->store, job.job, WIRE_WORK_BUNDLE_OPEN,
		    &job, fds, 2, on_opened, parcel);
	explicit_bzero(&job, sizeof job);
	if (r != 0)
		give_up(parcel, r);
	else
		current = parcel;
}

/* --- the courier is done ------------------------------------------------ */

static void end_read(struct parcel *parcel, enum wire_code code, uint64_t gaps)
{
	struct request *request = parcel->request;

	if (code == WIRE_CODE_OK && gaps == 0) {
		finish(parcel,
		    json_pack("{s:s}", "partner", parcel->partner.card.name));
		return;
	}
	current = NULL;
	parcel_free(parcel);
	if (code == WIRE_CODE_OK)
		control_fail(request, 5,
		    "some of this bundle could not be used yet: it follows on "
		    "one that was not read, or a meeting brings the same",
		    "what could be used is kept; read the earlier bundle, then "
		    "this one again, or answer with a bundle of your own");
	else if (code == WIRE_CODE_PUT_BACK)
		control_fail(request, 5,
		    "this node was put back to an earlier state, or is a copy: "
		    "the partner holds more of what it wrote",
		    "what else is in the bundle was taken in; from now on this "
		    "node writes a new log");
	else if (code == WIRE_CODE_NO_SPACE)
		control_fail_result(request, -ENOSPC);
	else if (code == WIRE_CODE_QUOTA || code == WIRE_CODE_RATE)
		control_fail(request, 5,
		    "this bundle holds more than its partner may bring here",
		    "what came before is kept; raise the limit with evident "
		    "partner quota, or wait if it is one an hour, then read "
		    "the bundle again");
	else
		control_fail(request, 5, "this bundle was not read to its end",
		    "what came before is kept; read it again");
}

void control_bundle_ended(
    struct store *store, enum wire_code code, uint64_t gaps)
{
	struct parcel *parcel = current;
	int r;

	(void)store;
	if (!parcel || !parcel->with_courier)
		return;
	parcel->with_courier = false;
	if (parcel->carrier == WIRE_CARRIER_READ) {
		end_read(parcel, code, gaps);
		return;
	}
	r = code == WIRE_CODE_OK         ? submit_hash(parcel)
	    : code == WIRE_CODE_NO_SPACE ? -ENOSPC
					 : -ECANCELED;
	if (r != 0)
		give_up(parcel, r);
}
