"""What the image of a home's disk tells without any key, alone and beside an
earlier one. Reads nothing but names, sizes, times and which bytes are equal.

thief_image.py tell HOME         one JSON object
thief_image.py compare A B       one JSON object: B was made after A, or both go
                                 on from one that was the same
"""
import glob
import json
import os
import re
import sys

PAGE, SLOT, FRAME, LOG_START, NONCE = 4136, 72, 4164, 8192, 24
KNOWN = re.compile(r"control|lock|keyring|keys\.wrap|keys\.\d+|evident\.db(-wal)?"
                   r"|objects(/[0-9a-f]{2}(/[0-9a-f]{32})?)?")


def read(home, name):
    try:
        with open(os.path.join(home, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def names(home):
    return sorted(
        os.path.relpath(os.path.join(folder, name), home)
        for folder, dirs, files in os.walk(home) for name in dirs + files)


def keys_file(home):
    return max(os.path.basename(path) for path in glob.glob(home + "/keys.[0-9]*"))


def objects(home):
    return [name for name in names(home) if re.fullmatch(r"objects/../\w{32}", name)]


def blocks(home):
    """(what kind, place) -> the sealed bytes there, which begin with a nonce."""
    found = {}

    def cut(kind, data, size):
        for at in range(0, len(data) - size + 1, size):
            found[kind, at // size] = data[at:at + size]

    cut("page", read(home, "evident.db"), PAGE)
    cut("slot", read(home, keys_file(home)), SLOT)
    log = read(home, "evident.db-wal")
    for copy in (0, 1):
        if log:
            found["log", copy] = log[copy * 4096:copy * 4096 + SLOT]
    cut("frame", log[LOG_START:], FRAME)
    found["wrap", 0] = read(home, "keys.wrap")
    keyring = read(home, "keyring")
    cut("keyring", keyring[32:736], 88)
    found["body", 0] = keyring[736:8160]
    return found


def readable(home):
    """Pieces of files that are neither random nor zero."""
    for name in names(home):
        path = os.path.join(home, name)
        if not os.path.isfile(path):
            continue
        data = bytearray(read(home, name))
        if name == "keyring":  # what Argon2id costs, the same everywhere
            del data[16:32]
        for at in range(0, len(data) - 63, 64):
            piece = data[at:at + 64]
            if any(piece.strip(b"\0")) and len(set(piece)) < 44 and piece.count(0) < 8:
                yield f"{name} at {at}"


def tell(home):
    here = names(home)
    times = {os.lstat(os.path.join(home, name)).st_mtime for name in objects(home)}
    return {
        "other names": [name for name in here if not KNOWN.fullmatch(name)],
        "readable": list(readable(home)),
        "bytes": sum(os.lstat(os.path.join(home, name)).st_size for name in here
                     if os.path.isfile(os.path.join(home, name))),
        "pages": len(read(home, "evident.db")) // PAGE,
        "records": len(read(home, keys_file(home))) // SLOT,
        "erasures": int(keys_file(home)[5:]),
        "attachments": sorted(os.path.getsize(os.path.join(home, name)) for name in objects(home)),
        "times of attachments": sorted(times),
        "made": sorted(os.lstat(os.path.join(home, name)).st_ctime for name in objects(home)),
    }


def compare(first, second):
    a, b = blocks(first), blocks(second)
    nonces, again = {}, 0
    for block in list(a.values()) + list(b.values()):
        again += nonces.setdefault(block[:NONCE], block) != block
    changed = [place for place in a if place in b and a[place] != b[place]]
    alike = 0
    for place in changed:
        same = sum(x == y for x, y in zip(a[place], b[place]))
        alike += same > len(a[place]) / 256 + 45
    before, after = set(objects(first)), set(objects(second))
    other = 0
    for name in before & after:
        old, new = read(first, name), read(second, name)
        size = min(len(old), len(new))
        other += old[:size] != new[:size]
    return {
        "nonces": len(nonces),
        "nonces with two texts": again,
        "pages the same": sum(place in b and a[place] == b[place] for place in a if place[0] == "page"),
        "pages changed": sum(kind == "page" for kind, _ in changed),
        "changed and alike": alike,
        "records more": len(read(second, keys_file(second))) // SLOT - len(read(first, keys_file(first))) // SLOT,
        "erasures": int(keys_file(second)[5:]) - int(keys_file(first)[5:]),
        "attachments more": len(after - before),
        "attachments gone": len(before - after),
        "veils with two texts": other,
    }


print(json.dumps(tell(sys.argv[2]) if sys.argv[1] == "tell" else compare(*sys.argv[2:4])))
