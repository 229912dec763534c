"""What of the secrets on standard input (name and hex, a line each) stands in
processes: their memory, their memory files, their arguments and environment.

thief_memory.py PID...           a line for each process and secret that is there
thief_memory.py --dying PID... -- COMMAND...
                                 the same, but of each as it ends by COMMAND, with
                                 what the kernel takes back of it unwiped
"""
import os
import re
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import traced

secrets = [line.split() for line in sys.stdin.read().splitlines()]
secrets = [(name, bytes.fromhex(text)) for name, text in secrets]


def role_of(pid):
    words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
    return words[2].decode() if b"--role" in words else "supervisor"


def pieces(pid):
    """Every byte of a process that whoever stops the machine can read."""
    for name in ("environ", "cmdline"):
        yield open(f"/proc/{pid}/{name}", "rb").read()
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        if os.readlink(path).startswith("/memfd:"):
            yield open(path, "rb").read()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) ...", line)
            if "[v" in line:
                continue
            start, end = (int(part, 16) for part in match.groups())
            at, last = start, b""
            while at < end:
                try:
                    memory.seek(at)
                    data = memory.read(min(end - at, 1 << 22))
                except (OSError, ValueError):
                    break
                if not data:
                    break
                yield last + data
                last, at = data[-64:], at + len(data)


def look(pid, role):
    found = {name for data in pieces(pid) for name, secret in secrets if secret in data}
    return [f"{role} {name}" for name in sorted(found)]


def watch_death(pid, out, ready):
    role = role_of(pid)
    traced.seize(pid)
    ready.release()
    if traced.wait_exit(pid):
        out += look(pid, role) + [f"{role} died"]
        traced.detach(pid)


arguments = sys.argv[1:]
lines = []
if arguments[0] == "--dying":
    end = arguments.index("--")
    ready = threading.Semaphore(0)
    watchers = [threading.Thread(target=watch_death, args=(int(pid), lines, ready))
                for pid in arguments[1:end]]
    for watcher in watchers:
        watcher.start()
    for _ in watchers:
        ready.acquire()
    subprocess.run(arguments[end + 1:])
    for watcher in watchers:
        watcher.join()
else:
    for pid in arguments:
        lines += look(int(pid), role_of(pid))
print("\n".join(sorted(set(lines))))
