"""What makes calls fail in a running node, and the node (for errors.py).

A Page is the memory of shim.h: arm() says whose n-th call of which kind fails and
how, disarm() ends that. A Node is a home, its daemon and its client, all loaded
with shim.so, opened by a machine's key so that it can be killed and started at no
cost. Nothing here knows what is tried.
"""
import json
import mmap
import os
import signal
import struct
import subprocess
import time

CALLS = ["open", "read", "write", "fsync", "size", "rename", "unlink", "make", "stat", "memfd",
         "send", "receive", "random", "wait", "map", "allocate"]
ROLES = {"client": 1, "supervisor": 2, "keeper": 4, "store": 8, "worker": 16, "courier": 32}
HEAD = struct.Struct("=IIIIiIQQQii256s")
TAIL = struct.Struct(f"={len(CALLS)}QQI4x")
PLACE = struct.Struct("=QII")
PLACES = 32768
PLACES_AT = HEAD.size + TAIL.size
PAGE = PLACES_AT + PLACES * PLACE.size
DEATHS, DEATHS_SECONDS = 3, 12  # more, and the supervisor gives up
PATIENCE = 150  # seconds: who answers nothing for so long hangs (a link waits 120)


class Page:
    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(PAGE))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), PAGE)

    def arm(self, role, call="open", at=0, how=0, error=0, on=False, place=0):
        self.map[4:PLACES_AT] = bytes(PLACES_AT - 4)
        self.map[4:HEAD.size] = HEAD.pack(
            0, ROLES[role], CALLS.index(call), how, error, on, at, place, 0, 0, -1, b"")[4:]
        self.map[:4] = struct.pack("=I", 1)

    def look(self, role):
        """Nothing fails: calls are counted, and the places that ask for memory."""
        self.map[PLACES_AT:] = bytes(PAGE - PLACES_AT)
        self.arm(role)
        TAIL.pack_into(self.map, HEAD.size, *[0] * len(CALLS), 0, 1)

    def disarm(self):
        self.map[:4] = bytes(4)

    def counts(self):
        return dict(zip(CALLS, TAIL.unpack_from(self.map, HEAD.size)))

    def places(self):
        """call -> place -> how often."""
        found = {}
        for stack, call, count in PLACE.iter_unpack(self.map[PLACES_AT:]):
            if stack:
                found.setdefault(CALLS[call], {})[stack] = count
        return found

    def hit(self):
        """How many calls failed, and the file of the last."""
        fields = HEAD.unpack_from(self.map)
        return fields[8], fields[11].split(b"\0")[0].decode(errors="replace")


def began(pid):
    """When this process did, in the kernel's ticks; None: it is not there any more."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if words[0] in "ZX" else words[19]


class Answer:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class Node:
    def __init__(self, top, name):
        self.top, self.name = top, name
        self.home = os.path.join(top, name)
        self.log = os.path.join(top, f"{name}.log")
        self.keys = os.path.join(top, f"{name}.keys")
        self.page = Page(os.path.join(top, f"{name}.page"))
        self.daemon = None
        self.env = dict(os.environ, LD_PRELOAD=os.environ["SHIM"],
                        EVIDENT_FAULTS=self.page.path, LC_ALL="C.UTF-8",
                        CREDENTIALS_DIRECTORY=self.keys)
        self.seen = 0  # of the log
        self.deaths = []  # when processes of it ended, as far as its log tells

    def make(self, *options):
        os.mkdir(self.keys)
        os.mkdir(self.home, 0o700)
        config = os.path.join(self.home, "evident.conf")
        with open(os.open(config, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write("withdrawals = 100000\n")
        self.must("--passphrase-fd", "0", "init", "--name", self.name, *options, secret=True)
        self.must("--passphrase-fd", "0", "unlock", secret=True)
        self.must("--passphrase-fd", "0", "key", "add-machine",
                  os.path.join(self.keys, "evident.key"), secret=True)
        self.must("stop")
        self.start()

    def start(self, wait="open"):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen([os.environ["EVIDENTD"], "--home", self.home],
                                           env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True)
        return self.await_state(wait)

    def await_state(self, wanted, patience=PATIENCE):
        """Whether it gets into this state (None: answers at all)."""
        end = time.monotonic() + patience
        while time.monotonic() < end and self.daemon.poll() is None:
            answer = self.run("--json", "status")
            if answer.code == 0 and wanted in (None, json.loads(answer.out)["state"]):
                return True
            time.sleep(0.02)
        return False

    def children(self):
        with open(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children") as file:
            return [int(word) for word in file.read().split()]

    def keyed(self):
        """The processes that are given keys, by when they began: an id may be had anew."""
        found = set()
        for pid in self.children():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if words[1:2] == [b"--role"] and words[2] != b"worker":
                    found.add((pid, began(pid)))
            except OSError:
                continue
        return found

    def kill(self):
        """All processes at once, as a power switch would."""
        try:
            children = self.children()
        except OSError:
            children = []
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        for pid in children:  # they die with it
            while os.path.exists(f"/proc/{pid}"):
                time.sleep(0.005)

    def restart(self):
        self.page.disarm()
        self.kill()
        self.deaths = []
        return self.start()

    def reopen(self):
        """Kill the store alone, and wait until another has opened all anew; everything,
        when a supervisor would not let it die once more, or when it is locked."""
        self.page.disarm()
        now = time.monotonic()
        self.deaths = [death for death in self.deaths if now - death < DEATHS_SECONDS]
        answer = self.run("--json", "status")
        if answer.code != 0 or json.loads(answer.out)["state"] != "open" or \
                len(self.deaths) >= DEATHS:
            return self.restart()
        for pid in self.children():
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().split(b"\0")[1:3] != [b"--role", b"store"]:
                    continue
            os.kill(pid, signal.SIGKILL)
            self.deaths.append(now)
        return self.await_state("open", 10) or self.restart()

    def run(self, *words, secret=False, program="EVIDENT", home=True):
        command = [os.environ[program], *(("--home", self.home) if home else ()), *words]
        text = f"a passphrase of {self.name}, long enough\n" if secret else ""
        with subprocess.Popen(command, env=self.env, stdin=subprocess.PIPE, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(text, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                return Answer(None, *process.communicate())
        return Answer(process.returncode, out, err)

    def must(self, *words, **how):
        answer = self.run(*words, **how)
        if answer.code != 0:
            raise RuntimeError(f"{self.name}: {' '.join(words)}: {answer.code} {answer.err}")
        return answer.out

    def records(self):
        return {r["id"]: r for r in json.loads(self.must("--json", "list"))["records"]}

    def objects(self):
        return sum(len(files) for _, _, files in os.walk(os.path.join(self.home, "objects")))

    def hears(self, text):
        """Whether the log says so among what is news yet."""
        with open(self.log, errors="replace") as file:
            file.seek(self.seen)
            return text in file.read()

    def news(self):
        """What the daemon's log says since the last time."""
        with open(self.log, errors="replace") as file:
            file.seek(self.seen)
            text = file.read()
            self.seen = file.tell()
        self.deaths += [time.monotonic()] * text.count(" ended ")
        return text
