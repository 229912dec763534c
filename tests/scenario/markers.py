"""Print what must not stand on a locked disk, one marker a line, in hex.

markers.py BAG CARD... WORD...: words as given; of the bag every 32-byte hash
it makes public (entry ids, digests, roots), raw; of the cards every key and
name. Each also as hex text and as base64 (all three alignments). A word time:TIME, as
contents write it, stands for that moment in every form that programs write.
"""
import base64
import datetime
import hashlib
import os
import re
import struct
import sys


def moments(text):
    """A moment, to the second, as text and as numbers of every size and order."""
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    moment = moment.replace(tzinfo=datetime.timezone.utc)
    seconds = int(moment.timestamp())
    yield text.encode()
    yield moment.strftime("%Y-%m-%d %H:%M:%S").encode()
    yield moment.strftime("%Y%m%d%H%M%S").encode()
    yield moment.strftime("%a %b %d %H:%M:%S %Y").encode()
    yield str(seconds).encode()
    for scale in (1000, 1000000, 1000000000):
        yield struct.pack("<Q", seconds * scale)
        yield struct.pack(">Q", seconds * scale)
    yield struct.pack("<Q", seconds)
    yield struct.pack(">Q", seconds)


def forms(raw):
    yield raw
    if len(raw) < 6:
        return
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for kind in (base64.b64encode, base64.urlsafe_b64encode):
        for pad in range(3):
            text = kind(b"\0" * pad + raw)
            start = (pad * 8 + 5) // 6
            yield text[start : start + (len(raw) * 8 - 10) // 6]


found = set()
for word in sys.argv[1:]:
    if os.path.isdir(word):
        for folder, _, files in os.walk(word):
            for name in files:
                data = open(os.path.join(folder, name), "rb").read()
                if name in ("FORMAT.md", "VERIFY.txt"):
                    continue
                found.add(hashlib.sha256(data).digest())
                for text in re.findall(rb"\b[0-9a-f]{64}\b", data):
                    found.add(bytes.fromhex(text.decode()))
                for text in re.findall(rb"\b[A-Za-z0-9_-]{43}\b", data):
                    found.add(base64.urlsafe_b64decode(text + b"="))
                for text in re.findall(rb"(?m)^[A-Za-z0-9+/]{43}=$", data):
                    found.add(base64.b64decode(text))
    elif word.endswith(".card"):
        for line in open(word).read().splitlines():
            if line.startswith(("name ", "bundle ", "reader ", "address ")):
                found.add(line.split(" ", 1)[1].encode())
            if line.startswith(("author ", "transport ")):
                found.add(base64.b64decode(line.split()[2])[-32:])
    elif word.startswith("time:"):
        found.update(moments(word[5:]))
    else:
        found.add(word.encode())
lines = set()
for raw in found:
    for form in forms(raw):
        if len(form) >= 8:  # shorter ones stand anywhere by chance
            lines.add(form.hex())
print("\n".join(sorted(lines)))
