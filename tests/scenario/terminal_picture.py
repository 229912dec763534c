"""terminal_picture.py SCALE OUT.png|OUT.pgm: what a terminal shows of a QR code made of
half blocks, as a camera would see it, each module SCALE pixels wide."""
import re
import struct
import sys
import zlib

scale, out = int(sys.argv[1]), sys.argv[2]
rows = []
for line in sys.stdin:
    pairs = re.findall(r"\033\[38;5;(\d+);48;5;(\d+)m\u2584", line)
    if pairs:
        for which in (1, 0):
            rows.append([0 if pair[which] == "16" else 255 for pair in pairs])
height, width = len(rows) * scale, len(rows[0]) * scale
raw = b"".join(
    (b"\0" + b"".join(bytes([value]) * scale for value in row)) * scale for row in rows)


if out.endswith(".pgm"):
    with open(out, "wb") as file:
        file.write(b"P5 %d %d 255\n" % (width, height))
        for row in rows:
            file.write(b"".join(bytes([value]) * scale for value in row) * scale)
    sys.exit()


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


with open(out, "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" +
               chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
               chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
