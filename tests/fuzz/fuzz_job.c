/*
 * A worker's jobs, each in this process, as the store asks for them: with files
 * that came from strangers, and contents that strangers wrote. A job answers
 * the store with the message that belongs to it, or says why not.
 *
 * Input: which job; whether its body is as given (0) or made here of a content;
 * the body; up to five files. The first file is sealed here to the worker when
 * 2 is among the flags. The keeper unwraps every envelope to one key.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/worker/job.h"
#include "proto/format/content.h"
#include "proto/format/hash.h"
#include "proto/format/note.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define FILES_MAX 5
#define ANSWERS 8 /* of the keeper */

static const uint8_t file_key[AGE_FILE_KEY_BYTES] = "known to us here";

static const struct {
	enum wire_type type, answer;
	int (*run)(struct worker *worker, struct wire_frame *frame,
	    struct job_fault *fault, uint64_t *ret_job);
} jobs[] = {
    {WIRE_WORK_SEAL, WIRE_WORK_SEALED, seal_record},
    {WIRE_WORK_OPEN, WIRE_WORK_OPENED, open_content},
    {WIRE_WORK_OPEN_OBJECT, WIRE_WORK_OPENED, open_object},
    {WIRE_WORK_UNVEIL, WIRE_WORK_HASHED, check_unveil},
    {WIRE_WORK_HASH, WIRE_WORK_HASHED, check_hash},
    {WIRE_WORK_VERIFY, WIRE_WORK_VERIFIED, check_signatures},
    {WIRE_WORK_BUNDLE_SEAL, WIRE_WORK_DONE, bundle_seal},
    {WIRE_WORK_BUNDLE_OPEN, WIRE_WORK_BUNDLE_OPENED, bundle_open},
    {WIRE_WORK_REWRAP, WIRE_WORK_REWRAPPED, open_rewrap},
};
#define JOBS (sizeof jobs / sizeof *jobs)

/* Of this process: what the worker says is heard at the other end. */
static void connect_worker(
    struct worker *worker, struct channel **ret_store, int *ret_keeper)
{
	struct wire_keeper_file_key answer = {.stanza = 0};
	struct buf frames = {0};
	int fds[2], i;

	CLAIM(channel_pair(fds) == 0);
	CLAIM(channel_new(fds[0], WIRE_ROLE_WORKER, WIRE_ROLE_STORE,
		  &worker->store) == 0);
	CLAIM(channel_new(
		  fds[1], WIRE_ROLE_STORE, WIRE_ROLE_WORKER, ret_store) == 0);
	channel_set_nonblocking(worker->store);
	channel_set_nonblocking(*ret_store);
	CLAIM(channel_pair(fds) == 0);
	CLAIM(channel_new(fds[0], WIRE_ROLE_WORKER, WIRE_ROLE_KEEPER,
		  &worker->keeper) == 0);
	memcpy(answer.key.bytes, file_key, sizeof file_key);
	for (i = 0; i < ANSWERS; i++)
		CLAIM(wire_encode(WIRE_KEEPER_FILE_KEY, &answer, 0, &frames) ==
		      0);
	CLAIM(write(fds[1], frames.data, frames.len) == (ssize_t)frames.len);
	buf_free(&frames);
	*ret_keeper = fds[1];
}

static void put_header(struct buf *out)
{
	const struct age_identity identity = {.key = {1}};
	struct age_recipient recipient;

	CLAIM(age_identity_recipient(&identity, &recipient) == 0);
	CLAIM(age_header_build(file_key, &recipient, 1, out) == 0);
}

/* An entry by the author with mark 1 for a content in this payload. */
static void put_entry(struct span clear, struct span payload, struct buf *out)
{
	struct entry entry = {.content = {.size = payload.len}};
	struct content content;
	struct sign_key key;
	const char *why;

	parts_author(1, &key);
	sign_key_author(&key, &entry.author);
	CLAIM(hash_sha256(payload, &entry.content.payload) == 0);
	if (content_parse(clear, &content, &why) == 0) {
		CLAIM(content_commitment(&content, &entry.fields) == 0);
		content_free(&content);
	}
	/* No entry names a payload of a size that none has. */
	if (entry_build(&entry, out) != 0)
		out->len = 0;
}

/* Open that content, for what the first parts say. */
static void make_open(
    enum wire_type type, struct span *rest, struct buf *out_body)
{
	static const char today[] = "2026-01-02";
	uint8_t flags = parts_byte(rest);
	struct author_id reader = {{7}};
	struct age_recipient recipient;
	struct wire_audience audience = {.id = reader};
	struct buf entry = {0}, envelope = {0}, payload = {0};
	struct wire_work_open open = {
	    .want_receipt = flags & 1, .to_export = flags >> 1 & 1};
	struct wire_work_rewrap rewrap = {.job = 0};
	struct span one, clear;

	open.consent.purpose = parts_take(rest);
	open.consent.today = span_of(today, flags & 4 ? 10 : 0);
	open.consent.override = flags >> 3 & 1;
	open.asked = parts_take(rest);
	clear = parts_take(rest);
	CLAIM(age_payload_seal(file_key, clear, &payload) == 0);
	put_entry(clear, buf_span(&payload), &entry);
	put_header(&envelope);
	one = buf_span(&envelope);
	open.entry = buf_span(&entry);
	open.payload = buf_span(&payload);
	open.envelopes.items = &one;
	open.envelopes.count = 1;
	open.readers.items = &reader;
	open.readers.count = flags >> 4 & 1;
	CLAIM(age_identity_recipient(
		  &(struct age_identity){.key = {2}}, &recipient) == 0);
	audience.recipients.items = &recipient;
	audience.recipients.count = 1;
	rewrap.entry = open.entry;
	rewrap.payload = open.payload;
	rewrap.consent = open.consent;
	rewrap.envelopes.items = &one;
	rewrap.envelopes.count = 1;
	rewrap.audiences.items = &audience;
	rewrap.audiences.count = 1;
	/* What breaks a limit of the message is none. */
	(void)!(type == WIRE_WORK_REWRAP
		    ? wire_encode_body(WIRE_WORK_REWRAP, &rewrap, out_body)
		    : wire_encode_body(WIRE_WORK_OPEN, &open, out_body));
	buf_free(&entry);
	buf_free(&envelope);
	buf_free(&payload);
}

static int make_file(struct span bytes, bool sealed)
{
	struct buf file = {0};
	int fd;

	if (!sealed)
		return parts_file(bytes);
	put_header(&file);
	CLAIM(age_payload_seal(file_key, bytes, &file) == 0);
	fd = parts_file(buf_span(&file));
	buf_free(&file);
	return fd;
}

/* Exactly one answer, and it decodes. */
static void check_answer(struct channel *store, enum wire_type wanted)
{
	_Alignas(16) uint8_t message[4096];
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_frame frame;

	CLAIM(channel_receive(store, &frame) == 0);
	CLAIM(frame.type == wanted && frame.fd_count == 0);
	CLAIM(wire_decode(wanted, buf_span(&frame.body), &arena, message) == 0);
	wire_arena_free(&arena);
	wire_frame_free(&frame);
	CLAIM(channel_receive(store, &frame) == CHANNEL_E_AGAIN);
}

static void run(size_t which, struct wire_frame *frame)
{
	struct job_fault fault = {0};
	struct worker worker;
	struct channel *store;
	uint64_t job = 0;
	int keeper, r;

	connect_worker(&worker, &store, &keeper);
	r = jobs[which].run(&worker, frame, &fault, &job);
	CLAIM(r == 0 || r == JOB_E_FAILED || r == -EPROTO);
	if (r == 0)
		check_answer(store, jobs[which].answer);
	else if (r == JOB_E_FAILED)
		CLAIM(fault.why && fault.code != WIRE_CODE_OK);
	channel_free(worker.store);
	channel_free(worker.keeper);
	channel_free(store);
	close(keeper);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	size_t which = parts_byte(&rest) % JOBS;
	uint8_t flags = parts_byte(&rest);
	struct wire_frame frame = {.type = jobs[which].type};
	bool opens =
	    frame.type == WIRE_WORK_OPEN || frame.type == WIRE_WORK_REWRAP;

	if (flags & 1 && opens)
		make_open(frame.type, &rest, &frame.body);
	else
		CLAIM(buf_append_span(&frame.body, parts_take(&rest)) == 0);
	while (rest.len > 0 && frame.fd_count < FILES_MAX) {
		frame.fds[frame.fd_count] = make_file(
		    parts_take(&rest), flags & 2 && frame.fd_count == 0);
		frame.fd_count++;
	}
	run(which, &frame);
	wire_frame_free(&frame);
	return 0;
}
