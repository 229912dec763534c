"""leaves_root.py FILE: a leaves file by hashlib alone, by the definition of RFC
6962, 2.1: exit 1 unless its root is the one in its checkpoint."""
import base64
import hashlib
import re
import sys

text = open(sys.argv[1], encoding="utf-8", newline="").read()
head = re.match(r"evident leaves v1\nentries ([1-9][0-9]*)\n", text)
if not head:
    sys.exit("not a leaves file")
count = int(head.group(1))
lines = text[head.end():].split("\n")
ids, note = lines[:count], lines[count:]
if not all(re.fullmatch("[0-9a-f]{64}", line) for line in ids) or len(ids) != count:
    sys.exit("not so many ids")
if len(note) != 6 or note[3] != "" or note[5] != "" or not note[4].startswith("— " + note[0] + " "):
    sys.exit("not a checkpoint with one signature")
if note[1] != str(count):
    sys.exit("another size")


def root(first, number):
    if number == 1:
        return bytes.fromhex(ids[first])
    left = 1 << (number - 1).bit_length() - 1
    return hashlib.sha256(
        b"\1" + root(first, left) + root(first + left, number - left)).digest()


if base64.b64encode(root(0, count)).decode() != note[2]:
    sys.exit("another root")
