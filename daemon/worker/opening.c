/*
 * Opening a record: from its sealed bytes to a content that is the signed one.
 * What is done with it then is the jobs' business (open.c, seal.c).
 *
 * A worker parses the envelope (a stranger may have written it) and asks the
 * keeper only for 64-byte stanzas. What opens is then held against the signed
 * entry: the payload's hash, the header's MAC, and the commitment to all lines.
 * age is not key-committing, so only this makes one signed entry have one
 * truth.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/worker/opening.h"
#include "proto/format/hash.h"
#include "proto/wire/control.h"

void opening_free(struct opening *opening)
{
	if (!opening)
		return;
	content_free(&opening->content);
	buf_free(&opening->clear);
	free(opening);
}

/* Header number ${number} of an envelope. */
static int find_header(struct span envelope, size_t number,
    struct span *ret_bytes, struct age_header *ret_header)
{
	int r;

	for (;;) {
		r = age_header_parse(envelope, ret_header);
		if (r != 0)
			return r < 0 ? r : FORMAT_E_MALFORMED;
		if (number-- == 0)
			break;
		envelope.data += ret_header->length;
		envelope.len -= ret_header->length;
	}
	*ret_bytes = span_of(envelope.data, ret_header->length);
	return 0;
}

int job_file_key(struct worker *worker, struct span envelope, size_t number,
    uint8_t ret_key[AGE_FILE_KEY_BYTES])
{
	struct wire_arena arena = WIRE_ARENA_INIT;
	struct wire_keeper_file_key answer;
	struct wire_keeper_unwrap question;
	struct age_header header;
	enum wire_code code;
	struct span bytes;
	int r;

	r = find_header(envelope, number, &bytes, &header);
	if (r != 0)
		return r;
	if (header.stanza_count == 0)
		return FORMAT_E_MISMATCH;
	if (!worker->keeper)
		return -ENOTCONN;
	question.stanzas.items = header.stanzas;
	question.stanzas.count = header.stanza_count;
	r = channel_call(worker->keeper, WIRE_KEEPER_UNWRAP, &question, NULL, 0,
	    WIRE_KEEPER_FILE_KEY, &arena, &answer, &code);
	if (r == CHANNEL_E_REFUSED)
		r = code == WIRE_CODE_NO_KEY ? FORMAT_E_MISMATCH : -EIO;
	else if (r > 0) /* the keeper is gone: that is no word on the record */
		r = -ENOTCONN;
	if (r == 0)
		r = age_header_verify(bytes, &header, answer.key.bytes);
	if (r == 0)
		memcpy(ret_key, answer.key.bytes, AGE_FILE_KEY_BYTES);
	explicit_bzero(&answer, sizeof answer);
	wire_arena_free(&arena);
	return r;
}

/* Try one envelope: FORMAT_E_MISMATCH when it is not for this node, and
 * FORMAT_E_MALFORMED when it is and does not open all of the record. Anybody
 * can make one for a reader whose key is on a card. */
static int try_envelope(struct worker *worker, struct opening *opening,
    struct span envelope, struct span payload)
{
	uint8_t key[AGE_FILE_KEY_BYTES];
	size_t i;
	int r;

	r = job_file_key(worker, envelope, 0, key);
	if (r == 0) {
		r = age_payload_open(key, payload, &opening->clear);
		if (r == FORMAT_E_MISMATCH)
			r = FORMAT_E_MALFORMED;
	}
	for (i = 0; r == 0 && i < opening->entry.attachment_count; i++) {
		r = job_file_key(worker, envelope, i + 1, key);
		if (r > 0)
			r = FORMAT_E_MALFORMED;
	}
	explicit_bzero(key, sizeof key);
	if (r == 0)
		opening->envelope = envelope;
	else
		buf_free(&opening->clear);
	return r;
}

/* Hold the opened content against the signed entry. */
static int check_content(struct opening *opening, struct job_fault *fault)
{
	const char *why = "the content does not open";
	int r;

	r = content_parse(buf_span(&opening->clear), &opening->content, &why);
	if (r == 0)
		r = content_check_entry(
		    &opening->content, &opening->entry, &why);
	return r > 0 ? job_fail(fault, WIRE_CODE_CORRUPT, why) : r;
}

static int check_payload(
    struct opening *opening, struct span payload, struct job_fault *fault)
{
	struct digest found;
	int r;

	r = hash_sha256(payload, &found);
	if (r == 0 &&
	    (payload.len != opening->entry.content.size ||
		memcmp(found.bytes, opening->entry.content.payload.bytes,
		    sizeof found.bytes) != 0))
		r = job_fail(fault, WIRE_CODE_CORRUPT,
		    "the stored content is not the one that was signed");
	return r;
}

int opening_begin(struct worker *worker, struct span entry,
    const struct span *envelopes, size_t count, struct span payload,
    struct opening *opening, struct job_fault *fault)
{
	const char *why = "the entry is malformed";
	bool damaged = false;
	size_t i;
	int r;

	r = entry_parse(entry, &opening->entry, &why);
	if (r != 0)
		return r < 0 ? r : job_fail(fault, WIRE_CODE_CORRUPT, why);
	r = check_payload(opening, payload, fault);
	if (r != 0)
		return r;
	/* A bad one does not stand in the way of a good one. */
	for (i = 0, r = 1; r != 0 && i < count; i++) {
		r = try_envelope(worker, opening, envelopes[i], payload);
		if (r < 0)
			return r;
		damaged |= r != 0 && r != FORMAT_E_MISMATCH;
	}
	if (r != 0 && !damaged)
		return job_fail(fault, WIRE_CODE_NO_KEY, CTL_NO_KEY);
	if (r != 0)
		return job_fail_result(
		    fault, r, "the record's envelope or content is damaged");
	return check_content(opening, fault);
}
