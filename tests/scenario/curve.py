"""Edwards25519 (RFC 8032, 5.1) by the letter, for keys and signatures that no honest
program makes. Slow, and of no use for anything else.
"""
import hashlib
import secrets

import forge

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)


def root(y, sign):
    """x of a point, or None where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    k = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P)


def times(n, a):
    out = NEUTRAL
    while n:
        out, a, n = add(out, a) if n & 1 else out, add(a, a), n >> 1
    return out


def encode(a):
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


BASE = (root(4 * pow(5, -1, P) % P, 0), 4 * pow(5, -1, P) % P)
EIGHTH = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
EIGHTH = (root(EIGHTH, 0), EIGHTH)  # of order eight
NOWHERE = next(y for y in range(2, 99) if root(y, 0) is None).to_bytes(32, "little")


def shift(signature):
    """The same one with S larger by the order of the group."""
    return signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")


class Liar(forge.Author):
    """A key with a part of small order, if ${eighths} are given; and signatures whose R
    is neutral, if ${neutral}. Whoever checks only that S B = R + h A accepts both."""

    def __init__(self, folder, eighths=0, neutral=False, public=None):
        self.secret, self.neutral = secrets.randbelow(ORDER), neutral
        self.part = times(eighths, EIGHTH)
        self.public = public or encode(add(times(self.secret, BASE), self.part))
        self.path = folder + "/none"
        self.blob = forge.string(b"ssh-ed25519") + forge.string(self.public)
        self.id = forge.sha256(self.blob).hex()

    def sign(self, message):
        while True:
            r = 0 if self.neutral else secrets.randbelow(ORDER)
            start = encode(times(r, BASE))
            h = int.from_bytes(hashlib.sha512(start + self.public + message).digest(), "little") % ORDER
            if times(h, self.part) == NEUTRAL:
                return start + ((r + h * self.secret) % ORDER).to_bytes(32, "little")
