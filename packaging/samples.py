"""samples.py DIR: write photo.jpg (a small JPEG with EXIF: camera, time and
place) and recording.wav (two seconds of sound) as input for the quickstart."""
import base64
import math
import struct
import sys

# A grey JPEG of one pixel, without its start marker.
GREY = base64.b64decode(
    "/+AAEEpGSUYAAQEBAEgASAAA/9sAQwD/////////////////////////////////////"
    "/////////////////////////////////////////////////8IACwgAAQABAQERAP/E"
    "ABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8Q"
)


def ifd(entries, offset, following=0):
    """One TIFF directory at OFFSET: (tag, type, count, value) with 4-byte
    values; what does not fit is put behind the directory."""
    head = struct.pack("<H", len(entries))
    data_at = offset + 2 + 12 * len(entries) + 4
    body = b""
    for tag, kind, count, value in entries:
        if isinstance(value, bytes) and len(value) > 4:
            head += struct.pack("<HHII", tag, kind, count, data_at + len(body))
            body += value
        elif isinstance(value, bytes):
            head += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
        else:
            head += struct.pack("<HHII", tag, kind, count, value)
    return head + struct.pack("<I", following) + body


def exif():
    place = struct.pack("<6I", 12, 1, 34, 1, 56, 1)
    gps = [
        (1, 2, 2, b"N\0"),
        (2, 5, 3, place),
        (3, 2, 2, b"E\0"),
        (4, 5, 3, place),
    ]
    first = [
        (0x010F, 2, 15, b"Example Camera\0"),
        (0x0132, 2, 20, b"2024:01:01 05:30:00\0"),
        (0x8825, 4, 1, 0),
    ]
    size = len(ifd(first, 8))
    first[2] = (0x8825, 4, 1, 8 + size)
    tiff = b"II*\0" + struct.pack("<I", 8) + ifd(first, 8) + ifd(gps, 8 + size)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def sound():
    rate = 8000
    samples = b"".join(
        struct.pack("<h", int(9000 * math.sin(i * i / 40000)))
        for i in range(2 * rate)
    )
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(data)) + b"WAVE" + head + data


with open(sys.argv[1] + "/photo.jpg", "wb") as photo:
    photo.write(b"\xff\xd8" + exif() + GREY)
with open(sys.argv[1] + "/recording.wav", "wb") as recording:
    recording.write(sound())
