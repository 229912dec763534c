/*
 * Enrolments: this node's word, as an organisation, that a device is its own or
 * is so no more (FORMAT.md, 9.1).
 *
 * The keeper writes the text itself from an author id, a serial and a hash; the
 * organisation in it is this node's own author id and no other. It does not ask
 * whether the serial rises: no life of a keeper knows the one before, and of
 * two enrolments with one serial whoever reads them takes neither over the
 * other (daemon/store/enrolments.c).
 */
#include <string.h>

#include "daemon/keeper/keeper.h"
#include "proto/format/enrolment.h"
#include "proto/format/sshsig.h"

/* Nobody is a member of itself, or its own card would need no comparing. */
static bool is_self(const struct keeper *keeper, const struct author_id *member)
{
	return memcmp(member->bytes, keeper->public.author_id.bytes,
		   sizeof member->bytes) == 0;
}

static int build(struct keeper *keeper, const struct wire_keeper_enrol *request,
    struct buf *out)
{
	struct enrolment enrolment = {
	    .organisation = keeper->public.author_id,
	    .member = request->member,
	    .serial = request->serial,
	    .ended = request->ended,
	    .keys = request->keys,
	};
	struct buf text = {0};
	uint8_t signature[64];
	int r;

	r = enrolment_build(&enrolment, &text);
	if (r == 0)
		r = sshsig_sign(keeper->keys->author_seed,
		    SSHSIG_NAMESPACE_ENROLMENT, buf_span(&text), signature);
	if (r == 0)
		r = enrolment_seal(
		    &enrolment, &keeper->public.author, signature, out);
	buf_free(&text);
	return r;
}

int enrol_sign(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	const struct wire_keeper_enrol *request = &message->enrol;
	static const struct digest none;
	struct wire_keeper_note answer;
	struct buf bytes = {0};
	int r;

	(void)frame;
	if (request->serial == 0 ||
	    (request->ended && memcmp(&request->keys, &none, sizeof none) != 0))
		return WIRE_CODE_BAD_REQUEST;
	if (is_self(keeper, &request->member))
		return WIRE_CODE_REFUSED;
	r = build(keeper, request, &bytes);
	answer.note = buf_span(&bytes);
	if (r == 0)
		r = keeper_answer(keeper, WIRE_KEEPER_NOTE, &answer);
	buf_free(&bytes);
	return r > 0 ? WIRE_CODE_BAD_REQUEST : r;
}
