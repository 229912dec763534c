"""How much of proto/ and daemon/ was run, from what llvm-cov exported.

coverage.py SUMMARY.json LCOV ROOT MINIMUM

Prints a line a room, writes the lines that were not run to uncovered.txt beside
LCOV, and ends 1 where proto/ or daemon/ has less than MINIMUM percent of lines.
"""
import collections
import json
import os
import re
import sys

summary, lcov, root, minimum = sys.argv[1:]


def relative(path):
    return os.path.relpath(os.path.realpath(path), os.path.realpath(root))


def percent(covered, count):
    return 100 * covered / count if count else 100.0


rooms = collections.defaultdict(collections.Counter)
for file in json.load(open(summary))["data"][0]["files"]:
    path = relative(file["filename"])
    for room in {os.path.dirname(path), path.split("/")[0]}:
        for kind in ("lines", "branches"):
            for what in ("covered", "count"):
                rooms[room + "/"][kind + what] += file["summary"][kind][what]
failed = []
for room, seen in sorted(rooms.items()):
    lines = percent(seen["linescovered"], seen["linescount"])
    branches = percent(seen["branchescovered"], seen["branchescount"])
    print(f"# {room:16}lines {lines:5.1f} % ({seen['linescovered']} of {seen['linescount']}), "
          f"branches {branches:5.1f} % ({seen['branchescovered']} of {seen['branchescount']})")
    if room in ("proto/", "daemon/"):
        print(f"{room} {lines:.1f} % of lines, {branches:.1f} % of branches")
        if lines < float(minimum):
            failed.append(room)

with open(os.path.join(os.path.dirname(lcov), "uncovered.txt"), "w") as out:
    for record in open(lcov).read().split("end_of_record"):
        name = re.search(r"^SF:(.*)$", record, re.M)
        if not name:
            continue
        for line in re.findall(r"^DA:(\d+),0$", record, re.M):
            out.write(f"{relative(name[1])}:{line}\n")
if {"proto/", "daemon/"} - set(rooms):
    failed.append("rooms are missing")
sys.exit(1 if failed else 0)
