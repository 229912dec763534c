"""search.py DIR: count the markers of standard input (hex, one a line) that
stand in the bytes, the SHA-256 or the name of any file below DIR; say where on
stderr."""
import hashlib
import os
import sys

markers = [bytes.fromhex(line) for line in sys.stdin.read().split()]
hits = 0
for folder, dirs, files in os.walk(sys.argv[1]):
    for name in files + dirs:
        path = os.path.join(folder, name)
        data = os.fsencode(name)
        if name in files and os.path.isfile(path):
            content = open(path, "rb").read()
            data += b"\0" + content + b"\0" + hashlib.sha256(content).digest()
        for marker in markers:
            if marker in data:
                hits += 1
                print("found", marker, "in", path, file=sys.stderr)
print(hits)
