/*
 * C2SP tlog-proof@v1: one file that shows an entry's place in a log.
 */
#ifndef EVIDENT_FORMAT_PROOF_H
#define EVIDENT_FORMAT_PROOF_H

#include "proto/format/merkle.h"
#include "proto/format/note.h"

/* Hashes of 45 bytes, a head, a note. */
#define PROOF_BYTES_MAX (MERKLE_PROOF_MAX * 45 + 64 + NOTE_BYTES_MAX)

struct proof {
	uint64_t index;
	struct merkle_proof inclusion;
	struct span checkpoint; /* the signed note, to the end of the file */
};

/* Append the file. ${extra} is not used and never written. */
int proof_build(const struct proof *proof, struct buf *out);
/* A file with an "extra" line is FORMAT_E_MALFORMED: Evident writes none. */
int proof_parse(struct span bytes, struct proof *ret_proof);
/* Check that ${leaf} stands at the proof's index in the checkpoint of origin
 * ${origin} signed by ${key}; 0 or FORMAT_E_MISMATCH / FORMAT_E_MALFORMED. */
int proof_verify(const struct proof *proof, const struct digest *leaf,
    const char *origin, const struct sign_key *key);

/* Append the note with the signature of ${author} under ${origin}, which must
 * be there, and with the cosignatures of those ${witnesses} that gave one:
 * whatever else stands in it is somebody's ballast. */
int proof_select_note(struct span note, const char *origin,
    const struct sign_key *author, const struct sign_key *witnesses,
    size_t count, struct buf *out);
/* Append the same proof with the signature of ${author}, and with the
 * cosignatures of those ${witnesses} that gave one: each names a partner. */
int proof_select(struct span bytes, const char *origin,
    const struct sign_key *author, const struct sign_key *witnesses,
    size_t count, struct buf *out);
/* Whether the checkpoint has the author's line first and once, and behind it
 * nothing but cosignatures that verify under one of ${keys} each, none twice.
 * ${each} is called for the key and time of each cosignature.
 * FORMAT_E_MISMATCH. */
typedef int (*proof_witness_cb)(
    void *context, const struct sign_key *key, uint64_t time);
int proof_check_lines(const struct proof *proof, const char *origin,
    const struct sign_key *author, const struct sign_key *keys, size_t count,
    proof_witness_cb each, void *context);

#endif
