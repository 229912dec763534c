"""order.py TRACE TYPE...: whether what strace saw was in order. Whenever a frame
of one of the types (numbers of proto/wire/types.h) was sent, nothing that was
written to a log, to the keys or to an object was still on its way to the disk,
and no new name in a folder was.

Prints how many such frames there were, what was synced before the last of them
by kind of file, and each fault."""
import re
import sys

types = {int(number) for number in sys.argv[2:]}
dirty, synced, faults, frames = set(), set(), [], 0
homes = set()  # in which something got a new name
syncing = {}  # by process: a call that strace shows in two halves


def kind(path):
    if "/objects/" in path:
        return "object" if re.search(r"/[0-9a-f]{32}", path) else "folder"
    if re.search(r"/keys\.[^/]+$", path):
        return "keys"
    for name in ("evident.db-wal", "objects"):
        if path.endswith("/" + name):
            return name
    return "home" if path in homes else None


def frame_type(text):
    """From the first bytes of a message, as strace shows them."""
    data = bytes(text, "latin-1").decode("unicode_escape").encode("latin-1")
    return data[4] * 256 + data[5] if len(data) >= 6 else None


for line in open(sys.argv[1], errors="replace"):
    write = re.match(r"\d+ +(?:pwrite64|write|pwritev|ftruncate)\(\d+<([^>]+)>", line)
    sync = re.match(r"(\d+) +(?:fsync|fdatasync)\(\d+<([^>]+)>(?:\(deleted\))?(\) += 0| <unfinished)", line)
    rest = re.match(r"(\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0", line)
    rename = re.match(r"\d+ +renameat2?\(\d+<([^>]+)>", line)
    send = re.match(r'\d+ +sendmsg\(.*?iov_base="((?:[^"\\]|\\.)*)"', line)
    if write and kind(write.group(1)):
        dirty.add(write.group(1))
    elif rename:
        if "/objects" not in rename.group(1):
            homes.add(rename.group(1))
        dirty.add(rename.group(1))
    elif sync and "unfinished" in sync.group(3):
        syncing[sync.group(1)] = sync.group(2)
    elif sync or (rest and rest.group(1) in syncing):
        path = sync.group(2) if sync else syncing.pop(rest.group(1))
        dirty.discard(path)
        synced.add(kind(path))
    elif send and frame_type(send.group(1)) in types:
        frames += 1
        faults += [kind(path) for path in dirty]
print(frames, ",".join(sorted(filter(None, synced))), ",".join(faults) or "none")
