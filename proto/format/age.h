/*
 * age v1 files (C2SP age.md), binary, X25519 recipients.
 *
 * A header ("envelope") and a payload are built and stored apart; one after
 * the other they are a standard age file. Other people's files may hold stanzas
 * of any type: these are skipped, their grammar still checked.
 */
#ifndef EVIDENT_FORMAT_AGE_H
#define EVIDENT_FORMAT_AGE_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define AGE_FILE_KEY_BYTES 16
#define AGE_NONCE_BYTES 16
#define AGE_CHUNK_BYTES 65536
#define AGE_TAG_BYTES 16
#define AGE_RECIPIENTS_MAX 64
#define AGE_STANZAS_MAX 128
#define AGE_HEADER_MAX 65536
#define AGE_RECIPIENT_TEXT 63 /* "age1..." with its NUL */
#define AGE_IDENTITY_TEXT 75  /* "AGE-SECRET-KEY-1..." with its NUL */

struct age_recipient {
	uint8_t key[32];
};

/* Secret: keep in guarded memory. */
struct age_identity {
	uint8_t key[32];
};

/* What the keeper is asked to unwrap: 64 bytes and nothing else. */
struct age_stanza {
	uint8_t share[32];
	uint8_t body[32];
};

/* Filled by age_header_parse(); about 8 KiB. */
struct age_header {
	size_t length; /* of the whole header in bytes, payload follows */
	size_t signed_length; /* what the MAC covers: up to "---" */
	uint8_t mac[32];
	size_t stanza_count; /* of X25519 stanzas */
	struct age_stanza stanzas[AGE_STANZAS_MAX];
};

/* Bech32 (BIP 173). FORMAT_E_MALFORMED for wrong text; FORMAT_E_MISMATCH for a
 * small-order or non-canonical key, which nobody must seal to. */
int age_recipient_parse(struct span text, struct age_recipient *ret_recipient);
void age_recipient_format(
    const struct age_recipient *recipient, char ret_text[AGE_RECIPIENT_TEXT]);
/* As age_recipient_parse() checks a key that did not come as text. */
int age_recipient_check(const struct age_recipient *recipient);
int age_identity_parse(struct span text, struct age_identity *ret_identity);
void age_identity_format(
    const struct age_identity *identity, char ret_text[AGE_IDENTITY_TEXT]);
void age_identity_generate(struct age_identity *ret_identity);
int age_identity_recipient(
    const struct age_identity *identity, struct age_recipient *ret_recipient);

/* Append a header that wraps ${file_key} to 1..AGE_RECIPIENTS_MAX
 * ${recipients}, one stanza each, in their order. FORMAT_E_MISMATCH for a
 * recipient of small order; ${out} is then as before. */
int age_header_build(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const struct age_recipient *recipients, size_t count, struct buf *out);
/* Parse the header that ${file} begins with. FORMAT_E_MALFORMED, also for more
 * than AGE_STANZAS_MAX stanzas or AGE_HEADER_MAX bytes, or FORMAT_E_UNKNOWN for
 * the version line of another version. */
int age_header_parse(struct span file, struct age_header *ret_header);
/* FORMAT_E_MISMATCH when the stanza is not for ${identity}; a share of small
 * order is FORMAT_E_MALFORMED. */
int age_stanza_unwrap(const struct age_identity *identity,
    const struct age_stanza *stanza, uint8_t ret_key[AGE_FILE_KEY_BYTES]);
/* Check the MAC, under ${file_key}, of the ${header} parsed from ${file}:
 * 0 or FORMAT_E_MISMATCH. */
int age_header_verify(struct span file, const struct age_header *header,
    const uint8_t file_key[AGE_FILE_KEY_BYTES]);

/*
 * The payload, chunk by chunk (STREAM, ChaCha20-Poly1305). The caller feeds
 * chunks of exactly AGE_CHUNK_BYTES of plaintext, fewer only in the last; an
 * empty last chunk is allowed only when it is also the first.
 */
struct age_stream;

/* Draw a nonce, which is the payload's first 16 bytes. */
int age_stream_seal(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    uint8_t ret_nonce[AGE_NONCE_BYTES], struct age_stream **ret_stream);
int age_stream_open(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    const uint8_t nonce[AGE_NONCE_BYTES], struct age_stream **ret_stream);
/* ${out} holds len + AGE_TAG_BYTES. -EINVAL for a chunk that may not follow. */
int age_stream_seal_chunk(struct age_stream *stream, const uint8_t *in,
    size_t len, bool last, uint8_t *out);
/* ${len} counts the tag; ${out} holds len - AGE_TAG_BYTES.
 * FORMAT_E_MISMATCH and zeros in ${out} when the chunk does not open or may not
 * follow; no later chunk opens then. Whoever reads to the end must have opened
 * one with ${last}, else the file was cut. */
int age_stream_open_chunk(struct age_stream *stream, const uint8_t *in,
    size_t len, bool last, uint8_t *out);
void age_stream_free(struct age_stream *stream);
void age_stream_freep(struct age_stream **stream);

/* The payload's size (nonce and tags included) for ${plain} bytes, at most
 * FORMAT_INTEGER_MAX. */
uint64_t age_payload_size(uint64_t plain);
/* The reverse; FORMAT_E_MALFORMED for a size no payload can have. */
int age_plain_size(uint64_t payload, uint64_t *ret_plain);

/* Whole payloads in memory, for contents (appended to ${out}, which is
 * unchanged on failure). FORMAT_E_MISMATCH when ${payload} does not open. */
int age_payload_seal(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    struct span plain, struct buf *out);
int age_payload_open(const uint8_t file_key[AGE_FILE_KEY_BYTES],
    struct span payload, struct buf *out);

#endif
