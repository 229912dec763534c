/*
 * Ed25519 keys and signatures as OpenSSH writes them (PROTOCOL.sshsig, RFC
 * 8709, RFC 8032), so that ssh-keygen verifies what Evident signs.
 */
#ifndef EVIDENT_FORMAT_SSHSIG_H
#define EVIDENT_FORMAT_SSHSIG_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define SSHSIG_SIGNATURE_BYTES 64
#define SSHSIG_BLOB_BYTES 51
#define SSHSIG_SEED_BYTES 32
#define SSHSIG_NAMESPACE_ENTRY "evident-entry-v1"
#define SSHSIG_NAMESPACE_CARD "evident-card-v1"
#define SSHSIG_NAMESPACE_ENROLMENT "evident-enrolment-v1"
#define SSHSIG_NAMESPACE_BUNDLE "evident-bundle-v1"

/* 0, or FORMAT_E_MISMATCH for a key that is not the canonical encoding of a
 * point of the prime-order subgroup (so also for all of small order). */
int sign_key_check(const struct sign_key *key);
/* The SSH wire form: string "ssh-ed25519", string key. */
void sign_key_blob(
    const struct sign_key *key, uint8_t ret_blob[SSHSIG_BLOB_BYTES]);
void sign_key_author(const struct sign_key *key, struct author_id *ret_author);
/* "ssh-ed25519 AAAA..." without comment or LF; parsing checks the key too. */
int sign_key_format(const struct sign_key *key, struct buf *out);
int sign_key_parse(struct span text, struct sign_key *ret_key);

/* Append the bytes that are signed for ${message} in ${name_space} (SSHSIG
 * preamble, namespace, sha512). */
int sshsig_signed_bytes(
    const char *name_space, struct span message, struct buf *out);
/* Sign with a 32-byte Ed25519 seed (for the keeper and tests). */
int sshsig_sign(const uint8_t seed[SSHSIG_SEED_BYTES], const char *name_space,
    struct span message, uint8_t ret_signature[SSHSIG_SIGNATURE_BYTES]);
/* 0 or FORMAT_E_MISMATCH. The equation is checked without cofactor, as
 * ssh-keygen and openssl do; S must be below the order, R and ${key} must be
 * canonical and not of small order. */
int sshsig_verify(const struct sign_key *key, const char *name_space,
    struct span message, const uint8_t signature[SSHSIG_SIGNATURE_BYTES]);
/* Append the armoured .sig, byte-identical to ssh-keygen -Y sign. */
int sshsig_armour(const struct sign_key *key, const char *name_space,
    const uint8_t signature[SSHSIG_SIGNATURE_BYTES], struct buf *out);
/* Take an armoured .sig apart; only the exact bytes sshsig_armour() would
 * write are accepted. */
int sshsig_dearmour(struct span text, const char *name_space,
    struct sign_key *ret_key, uint8_t ret_signature[SSHSIG_SIGNATURE_BYTES]);
/* Append one allowed_signers line, with LF: the principal is the author id in
 * hex, the namespaces are the three above. */
int sshsig_allowed_signer(const struct sign_key *key, struct buf *out);
/* Take keys from an allowed_signers file, as ssh-keygen reads it. Comments and
 * blank lines are skipped; so are keys of other types, cert-authority lines,
 * and lines whose namespaces (patterns with * ? and !) do not allow
 * ${name_space}. ${each} is called for every other; what it answers, if not 0,
 * ends the reading and is answered. FORMAT_E_MALFORMED for a line that
 * ssh-keygen would refuse, for an unsafe key, and for a line that would count
 * but has valid-after or valid-before, which are not judged here. */
typedef int (*sshsig_signer_cb)(
    void *context, const struct sign_key *key, struct span principal);
int sshsig_read_signers(struct span text, const char *name_space,
    sshsig_signer_cb each, void *context);
/* Whether ${principals} of such a line names the author id of its key, in full:
 * a key speaks for nobody else, and patterns do not count. A list with a name
 * to leave out (!) names nobody. ${ret_id} is the author id in any case. */
bool sshsig_speaks_for(const struct sign_key *key, struct span principals,
    struct author_id *ret_id);

#endif
