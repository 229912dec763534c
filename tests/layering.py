"""The rules of the house that a reader cannot be trusted to keep: who may
include what, what no code calls, and how large a thing may be. TAP output.

layering.py [ROOT]
"""
import os
import re
import sys

root = sys.argv[1] if len(sys.argv) > 1 else "."
ROOMS = {
    "proto/format": ["proto/format"],
    "proto/bag": ["proto/bag", "proto/format"],
    "proto/wire": ["proto/wire", "proto/format"],
    "daemon/base": ["daemon/base", "proto/wire", "proto/format"],
    "daemon/keeper": ["daemon/keeper", "daemon/base", "proto/wire", "proto/format"],
    "daemon/store": ["daemon/store", "daemon/base", "proto/wire", "proto/format"],
    "daemon/worker": ["daemon/worker", "daemon/base", "proto/wire", "proto/format"],
    "daemon/courier": ["daemon/courier", "daemon/base", "proto/wire", "proto/format"],
    "daemon": ["daemon", "daemon/base", "proto/wire", "proto/format"],
    "client": ["client", "proto/bag", "proto/wire", "proto/format"],
}
# Which files alone may include a library's header.
LIBRARIES = {
    r"^sodium": r"^(proto/format/|daemon/keeper/|daemon/store/(vfs|record_keys|seal)|tests/)",
    r"^sqlite3\.h": r"^(daemon/store/|tests/)",
    r"^openssl/ssl\.h": r"^(daemon/courier/|tests/)",
    r"^seccomp\.h": r"^(daemon/base/make_filters|client/qr_read)\.c",
    r"^confuse\.h": r"^daemon/base/config\.c",
    r"^(qrencode|zbar|png|jpeglib)\.h": r"^client/qr_",
    r"^event2/": r"^(daemon/courier/|daemon/store/|tests/)",
    r"\.pb-c\.h$": r"^proto/wire/",
    r"^protobuf-c": r"^(proto/wire/|tests/)",
}
BANNED = r"\b(strcpy|strcat|sprintf|gets|strtok|atoi|atol|strtol|rand|system|popen|alloca|mktemp)\s*\("


def sources():
    for top in ("proto", "daemon", "client", "tests"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            if "node_modules" in folder:
                continue
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    path = os.path.join(folder, name)
                    yield os.path.relpath(path, root), open(path).read()


def strip(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def functions(text):
    """(name, lines) of each function, by the kernel's brace style."""
    name, start = None, None
    for number, line in enumerate(strip(text).split("\n")):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield name, number - start + 1
            start = None
        elif start is None and re.match(r"[A-Za-z_].*\(", line):
            name = (re.findall(r"(\w+)\(", line) or [line])[0]


folders = {os.path.dirname(path) for path, _ in sources() if not path.startswith("tests/")}
problems = {
    "each folder is a room": sorted(folders - set(ROOMS)),
    "each room includes only what it may know": [],
    "each library is included only where it belongs": [],
    "no banned call": [],
    "no function is over 100 lines and no file over 800": [],
    "no header is over 150 lines, but the table of messages": [],
    "each source file opens with an essay": [],
}
seen = 0
for path, text in sources():
    seen += 1
    room = os.path.dirname(path)
    for quoted in re.findall(r'^#include ["<]((?:[^">]*/)?[^">]+)[">]', text, re.M):
        if os.path.dirname(quoted) not in ROOMS and text.find(f'"{quoted}"') < 0:
            continue
        if quoted.endswith(".pb-c.h"):
            continue
        if room in ROOMS and os.path.dirname(quoted) not in ROOMS[room]:
            problems["each room includes only what it may know"].append(f"{path}: {quoted}")
    for header in re.findall(r'^#include ["<]([^">]+)[">]', text, re.M):
        for library, where in LIBRARIES.items():
            if re.search(library, header) and not re.search(where, path):
                problems["each library is included only where it belongs"].append(f"{path}: {header}")
    for number, line in enumerate(strip(text).split("\n"), 1):
        if not path.startswith("tests/") and re.search(BANNED, line):
            problems["no banned call"].append(f"{path}:{number}")
    lines = text.count("\n")
    if lines > 800:
        problems["no function is over 100 lines and no file over 800"].append(f"{path}: {lines}")
    if path.endswith(".h") and lines > 150 and not path.endswith("wire/messages.h"):
        problems["no header is over 150 lines, but the table of messages"].append(f"{path}: {lines}")
    for name, length in functions(text):
        if length > 100:
            problems["no function is over 100 lines and no file over 800"].append(f"{path}: {name} {length}")
    if path.endswith(".c") and not text.startswith("/*"):
        problems["each source file opens with an essay"].append(path)

print(f"1..{len(problems) + 1}")
print("ok 1 - there is code to look at" if seen > 40 else "not ok 1 - there is code to look at")
for number, (claim, found) in enumerate(problems.items(), 2):
    print(("not ok" if found else "ok"), number, "-", claim)
    for item in found:
        print("#", item)
sys.exit(1 if any(problems.values()) else 0)
