/*
 * The names that things have in Evident.
 *
 * All are 32 bytes, and none may be taken for another, so each is a struct of
 * its own. In text they are 64 lower-case hex digits (FORMAT.md, Grammar).
 */
#ifndef EVIDENT_FORMAT_IDS_H
#define EVIDENT_FORMAT_IDS_H

#include <stdint.h>

/* A SHA-256 value of stored bytes. */
struct digest {
	uint8_t bytes[32];
};

/* SHA-256 of the author's SSH public-key blob (FORMAT.md, Keys). */
struct author_id {
	uint8_t bytes[32];
};

/* 32 random bytes that name one log of an author. */
struct log_id {
	uint8_t bytes[32];
};

/* RFC 6962 leaf hash of an entry: SHA-256(0x00 || entry bytes). */
struct entry_id {
	uint8_t bytes[32];
};

/* A raw Ed25519 public key (RFC 8032, 5.1.2). */
struct sign_key {
	uint8_t bytes[32];
};

#define FORMAT_INTEGER_MAX ((UINT64_C(1) << 53) - 1)

/*
 * What the parsers and verifiers of this room answer beside 0 and a negative
 * errno (-ENOMEM, -EINVAL for a programmer's mistake):
 */
enum {
	FORMAT_E_MALFORMED = 1, /* the bytes break the grammar or a limit */
	FORMAT_E_MISMATCH = 2,  /* well-formed, but a hash, signature or key
				   does not fit */
	FORMAT_E_UNKNOWN = 3,   /* a version or kind this program is too old
				   for */
};

#endif
