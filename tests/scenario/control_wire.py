"""Requests of the control protocol by hand (proto/wire/control.h), for clients that
are not ours.
"""
import struct

STATUS, INIT, UNLOCK, LOCK, STOP, OPEN, OPEN_OBJECT, SHARE, KEY, LAST = 1, 2, 3, 4, 5, 9, 10, 23, 25, 34


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def request(op, number=0, text=b"", blob=b"", names=()):
    """The body of a request."""
    body = b""
    for field, value in ((1, op), (2, 0), (3, number)):
        body += varint(field << 3) + varint(value)
    for field, value in [(4, text), (5, blob)] + [(6, name) for name in names]:
        body += varint(field << 3 | 2) + varint(len(value)) + value
    return body


def frame(body, descriptors):
    """It with its header, which says how many descriptors come along."""
    return struct.pack(">IHBB", len(body), 16, descriptors, 0) + body
