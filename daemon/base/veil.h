/*
 * The veil over objects on disk: ChaCha20 (RFC 8439) under an object's own
 * random key, nonce zero, so that any range can be lifted alone. It hides that
 * a payload is the one a court's bag names; it authenticates nothing, which
 * the payload's SHA-256 and age's own tags do.
 */
#ifndef EVIDENT_BASE_VEIL_H
#define EVIDENT_BASE_VEIL_H

#include <stddef.h>
#include <stdint.h>

#define VEIL_KEY_BYTES 32

struct veil;

/* A fresh key from the kernel: 0 or -errno. */
int veil_make_key(uint8_t ret_key[VEIL_KEY_BYTES]);
/* Start at byte ${offset} (at most 2^38 - 1). */
int veil_new(
    const uint8_t key[VEIL_KEY_BYTES], uint64_t offset, struct veil **ret_veil);
/* Put on or lift; ${in} and ${out} may be the same. */
int veil_apply(struct veil *veil, const uint8_t *in, size_t len, uint8_t *out);
void veil_free(struct veil *veil);
void veil_freep(struct veil **veil);

#endif
