/*
 * Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint
 * and tlog-cosignature), one Ed25519 author key behind all.
 */
#ifndef EVIDENT_FORMAT_NOTE_H
#define EVIDENT_FORMAT_NOTE_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define NOTE_BYTES_MAX 65536
#define NOTE_SIGNATURES_MAX 64
#define NOTE_NAME_MAX 255
#define NOTE_ORIGIN_MAX 160
#define NOTE_ALG_ED25519 0x01
#define NOTE_ALG_COSIGNATURE 0x04

struct checkpoint {
	char origin[NOTE_ORIGIN_MAX];
	uint64_t size;
	struct digest root;
};

/* A signature line of a note. */
struct note_signature {
	char name[NOTE_NAME_MAX + 1];
	uint8_t key_hash[4];
	size_t length; /* of ${bytes} */
	uint8_t bytes[128];
};

struct note {
	struct span text; /* with its final LF; what is signed */
	size_t signature_count;
	struct note_signature *signatures; /* owned */
};

/* "evident/log/<author>/<log>" and "evident/witness/<author>". */
void note_origin(const struct author_id *author, const struct log_id *log,
    char ret_origin[NOTE_ORIGIN_MAX]);
int note_parse_origin(
    const char *origin, struct author_id *ret_author, struct log_id *ret_log);
void note_witness_name(
    const struct author_id *author, char ret_name[NOTE_ORIGIN_MAX]);

/* The key hash of C2SP signed-note for ${name}, ${alg} and ${key}. */
int note_key_hash(const char *name, uint8_t alg, const struct sign_key *key,
    uint8_t ret_hash[4]);
/* "name+hash+base64(alg || key)", a verifier key as Go's sumdb/note reads it.
 */
int note_verifier_key(
    const char *name, uint8_t alg, const struct sign_key *key, struct buf *out);

/* Append the three-line body; parsing refuses extension lines and everything
 * else but three lines. */
int checkpoint_build(const struct checkpoint *checkpoint, struct buf *out);
int checkpoint_parse(struct span text, struct checkpoint *ret_checkpoint);

/* Take a note apart. Signatures under unknown keys are kept, those longer than
 * any kind known here are passed over; FORMAT_E_MALFORMED breaks
 * the note's grammar. ${note} bytes must outlive ${ret_note}. */
int note_parse(struct span bytes, struct note *ret_note);
void note_free(struct note *note);
/* Append to ${out}: the text, the empty line. Then lines by the next ones. */
int note_begin(struct span text, struct buf *out);
int note_add_signature(const char *name, uint8_t alg,
    const struct sign_key *key, struct span signature, struct buf *out);
/* Append the lines of ${note} that stand under ${name}, as they are. */
int note_copy(const struct note *note, const char *name, struct buf *out);
/* Find and check ${key}'s signature under ${name}: 0, or FORMAT_E_MISMATCH when
 * none verifies. A log's name is its origin. */
int note_verify(
    const struct note *note, const char *name, const struct sign_key *key);

/* The message a cosignature signs: "cosignature/v1\ntime T\n" || text. */
int cosignature_message(uint64_t time, struct span text, struct buf *out);
/* A cosignature line's bytes: 8-byte big-endian time || 64-byte signature. */
#define COSIGNATURE_BYTES 72
void cosignature_pack(uint64_t time, const uint8_t signature[64],
    uint8_t ret_bytes[COSIGNATURE_BYTES]);
/* Check the cosignature of witness ${key} over the note's text; answers its
 * time. FORMAT_E_MISMATCH when there is none that verifies. */
int cosignature_verify(
    const struct note *note, const struct sign_key *key, uint64_t *ret_time);
/* Append the line of witness ${key}, if it verifies, else FORMAT_E_MISMATCH. */
int cosignature_copy(
    const struct note *note, const struct sign_key *key, struct buf *out);
/* Sign a note's text / a cosignature with a seed (for the keeper and tests). */
int note_sign(
    const uint8_t seed[32], struct span text, uint8_t ret_signature[64]);

#endif
