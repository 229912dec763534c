"""Four nodes to torture, what they have acknowledged, and what must hold of it.

field seals to hub, which desk mirrors and reads; desk shares with office. A
World is one set of their homes with its ledger. Every claim that does not hold
is put into World.against, a line each; nothing here ends the run.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "scenario"))
import random_nodes  # noqa: E402
from crashes import crashes  # noqa: E402
from random_nodes import Failure, Net, free_port, processes  # noqa: E402

NAMES = ["field", "hub", "desk", "office"]
READERS = {"desk", "office"}
LISTENING = ["hub", "office"]
LINES = [("field", "hub"), ("desk", "hub"), ("desk", "office")]
ROLES = sorted(["main", "store", "keeper", "courier", "worker", "worker"])
FILES = {"control", "evident.conf", "evident.db", "evident.db-wal", "keyring", "keys.wrap",
         "lock", "objects"}
MARKER = "Qxwtorturedwords"
PATIENCE = 30  # seconds for what is done at once
SETTLING = 8   # rounds of meetings, at most
AGAIN = 3      # the same, when all that they tell each other was told before


class Record:
    """What was asked to be kept. id: it was acknowledged. withdrawn, shared:
    no, maybe (the answer was lost) or yes."""

    def __init__(self, author, text, sums, to, subject=None):
        self.author, self.text, self.sums, self.to = author, text, sorted(sums), to
        self.subject = subject
        self.id, self.shared, self.told = None, "no", "no"

    @property
    def withdrawn(self):
        theirs = self.subject.withdrawn if self.subject else "no"
        return max(self.told, theirs, key=["no", "maybe", "yes"].index)


class World(Net):
    def __init__(self, top, ports, homes=None):
        super().__init__(top, ports)
        self.homes = homes or {}
        self.records, self.nameless = {}, []  # by id; not acknowledged
        self.gone = {node: set() for node in NAMES}  # seen destroyed there
        self.bundles = []  # (reader, path)
        self.against = []
        self.count = 0
        self.work = os.path.join(top, "work")
        os.makedirs(self.work, exist_ok=True)

    def home(self, node):
        return self.homes.get(node) or os.path.join(self.top, node)

    def path(self, name):
        self.count += 1
        return os.path.join(self.work, f"{self.count}-{name}")

    def blame(self, text):
        self.against.append(str(text).replace("\n", " "))

    def main_of(self, node):
        return [pid for pid, role in processes(self.home(node)).items() if role == "main"]

    def stop(self):
        for process in [self.start(node, "stop") for node in NAMES]:
            self.finish(process)

    def kill_all(self, names=NAMES):
        for node in names:
            for pid in processes(self.home(node)):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass

    # --- what is asked of nodes -------------------------------------------

    def new_record(self, rng, author, files, subject=None):
        """A record that is not there yet, and the paths of its files."""
        text = f"{MARKER} {len(self.records) + len(self.nameless)} {rng.random()}"
        names, sums = [], []
        for _ in range(files):
            size = rng.choice([0, 1, 5000, 65536, rng.randrange(400000), rng.randrange(3000000)])
            data = (MARKER + "infile ").encode() * (size > 100) + rng.randbytes(size)
            names.append(self.path("file.bin"))
            with open(names[-1], "wb") as file:
                file.write(data)
            sums.append(hashlib.sha256(data).hexdigest())
        record = Record(author, text, sums, "hub", subject)
        self.nameless.append(record)
        return record, names

    def take_ids(self, records, out):
        """Ids as they were printed, for records in that order."""
        for record, line in zip(records, out.split("\n")):
            if len(line.strip()) == 64:
                record.id = line.strip()
                self.records[record.id] = record
                self.nameless.remove(record)

    def capture(self, rng, files=0, author="field"):
        record, names = self.new_record(rng, author, files)
        words = ["capture", "--to", "hub", "--field", f"statement={record.text}",
                 *(word for name in names for word in ("--attach", name))]
        return record, words

    def have(self, rng, count, files=1, shared=False):
        """At least so many records that desk can read, and that were not taken
        back nor, without shared, shared."""
        def found():
            rows = self.rows("desk")
            return [record for record in self.records.values()
                    if record.author == "field" and record.withdrawn == "no" and
                    (shared or record.shared == "no") and rows.get(record.id, {}).get("complete")]
        while len(found()) < count:
            record, words = self.capture(rng, files)
            self.take_ids([record], self.must("field", *words))
            self.must("field", "sync", "hub")
            self.must("desk", "sync", "hub")
        return found()

    def rows(self, node):
        return self.records_of(self.must(node, "list", "--json"))

    @staticmethod
    def records_of(text):
        return {row["id"]: row for row in json.loads(text)["records"]}

    # --- what must hold ----------------------------------------------------

    def check_node(self, node):
        """A node that is open. Its records are there; nothing came back."""
        rows = self.rows(node)
        for record in self.records.values():
            row = rows.get(record.id)
            state = row and row.get("withdrawn")
            what = f"{node}: {record.id[:8]} of {record.author}"
            if record.author == node and not row:
                self.blame(f"{what} was acknowledged and is lost")
            elif record.author == node and record.withdrawn == "no" and \
                    (state or not row["complete"]):
                self.blame(f"{what} was acknowledged and is {state or 'not whole'}")
            elif record.author == node and record.told == "yes" and state != "destroyed":
                self.blame(f"{what} was withdrawn and is {state}")
            if record.id in self.gone[node] and row and state != "destroyed":
                self.blame(f"{what} was destroyed and came back")
            if state == "destroyed":
                self.gone[node].add(record.id)
                if record.withdrawn == "no":
                    self.blame(f"{what} was destroyed and nobody withdrew it")
        self.check_files(node)
        return rows

    def check_files(self, node):
        names = set(os.listdir(self.home(node)))
        keys = [name for name in names if name.startswith("keys.") and name[5:].isdigit()]
        if len(keys) != 1 or names - FILES - set(keys):
            self.blame(f"{node}: left in the home: {sorted(names - FILES)}")
        for folder, _, files in os.walk(self.home(node)):
            for name in files:
                path = os.path.join(folder, name)
                try:
                    with open(path, "rb") as file:
                        if MARKER.encode() in file.read():
                            self.blame(f"{node}: clear words in {path}")
                except OSError:
                    pass  # a socket, or gone meanwhile

    def check_processes(self):
        """Each open node has its processes, and nobody else of ours is left."""
        until = time.monotonic() + PATIENCE
        while True:
            homes = {node: processes(self.home(node)) for node in NAMES}
            wrong = {node: found for node, found in homes.items()
                     if sorted(found.values()) != ROLES}
            known = {pid for found in homes.values() for pid in found}
            left = [pid for pid in self.ours() if pid not in known]
            if not wrong and not left:
                return
            if time.monotonic() > until:
                self.blame(f"processes: {wrong}, left over: {left}")
                return
            time.sleep(0.05)

    def check_logs(self):
        """No process crashed, and no sanitizer has anything to say."""
        for node in NAMES:
            try:
                with open(f"{self.home(node)}.log", errors="replace") as log:
                    text = log.read()
            except FileNotFoundError:
                continue  # it was in a file system that was cut
            for line in crashes(text):
                self.blame(f"{node}: {line}")

    def keyed(self, node):
        """The processes of a node that are given keys."""
        return {pid for pid, role in processes(self.home(node)).items()
                if role in ("keeper", "store", "courier")}

    def check_locked(self, node, keyed):
        """A lock ended 0: it is locked, and whoever held keys is gone. A daemon of which
        nothing is left answers nothing."""
        until = time.monotonic() + PATIENCE
        state, left = self.state(node), keyed
        while time.monotonic() < until and \
                (left or (state is None and processes(self.home(node)))):
            time.sleep(0.005)
            state, left = state or self.state(node), keyed & self.keyed(node)
        if left:
            self.blame(f"{node}: a lock ended 0 and {len(left)} processes keep their keys")
        for said in (state, self.state(node)):
            if said not in ("locked", None):
                self.blame(f"{node}: a lock ended 0 and it is {said}")

    def ours(self):
        """All daemons that were started with this run's environment."""
        mark = f"EVIDENT_TORTURE={os.environ['EVIDENT_TORTURE']}".encode()
        for pid in random_nodes.command_lines():
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if mark in file.read().split(b"\0"):
                        yield pid
            except OSError:
                pass

    def check_delivered(self, before):
        """A sync of the field ended 0: what it had before that is at the hub."""
        field, hub = self.rows("field"), self.rows("hub")
        for record in before:
            if record.withdrawn != "no":
                continue
            if field.get(record.id, {}).get("delivered") != ["hub"]:
                self.blame(f"sync ended 0 and {record.id[:8]} has no receipt")
            if not hub.get(record.id, {}).get("complete"):
                self.blame(f"sync ended 0 and the hub lacks {record.id[:8]}")

    def check_bag(self, bag, records, ended):
        """Whole, or not there under its name; what verifies is right."""
        if not os.path.isdir(bag):
            if ended == 0:
                self.blame("an export ended 0 and there is no bag")
            return
        result = self.run("desk", "verify", bag, "--json")
        if result.code != 0 and ended == 0:
            self.blame(f"an export ended 0 and does not verify: {result}")
        if result.code != 0:
            return
        ids = {entry["id"] for entry in json.loads(result.out)["entries"]}
        text = subprocess.run(["grep", "-rha", MARKER, bag], capture_output=True,
                              text=True, errors="replace").stdout
        for record in records:
            if record.id not in ids or record.text not in text:
                self.blame(f"a bag verifies and lacks {record.id[:8]}")

    def check_words(self, node, record):
        """It opens there, byte for byte."""
        folder = self.path("open")
        result = self.run(node, "show", record.id, "--json", "--attachments", folder)
        if result.code != 0:
            return self.blame(f"{node}: {record.id[:8]} does not open: {result}")
        sums = []
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), "rb") as file:
                sums.append(hashlib.sha256(file.read()).hexdigest())
        shutil.rmtree(folder, ignore_errors=True)
        text = dict(json.loads(result.out)["fields"])["statement"].strip()
        if text != record.text or sorted(sums) != record.sums:
            self.blame(f"{node}: {record.id[:8]} opens to other bytes")
        return None

    # --- the end of a batch --------------------------------------------------

    def meet(self):
        ends = [(pair, self.run(pair[0], "sync", pair[1], "--json")) for pair in LINES]
        for (a, b), end in ends:
            if end.code != 0:
                self.blame(f"at the end {a} and {b}: {end}")
        self.said = [f"{a} with {b}: {end.out.strip()}" for (a, b), end in ends
                     if end.code != 0 or json.loads(end.out).get("round_trips") != 1]
        return not self.said

    def rest(self, rounds, what):
        """They meet until nobody has anything to say."""
        for _ in range(rounds):
            if self.meet():
                return
        self.blame(f"the nodes do not come to rest {what}: {self.said}")

    def read_again(self):
        """Every whole bundle. One from before a withdrawal is as one of a node that was
        put back, which has to hear of it: each reading makes news, once."""
        for reader, path in self.bundles:
            end = self.run(reader, "bundle", "read", path)
            if end.code not in (0, 5):
                self.blame(f"{reader} reads a whole bundle: {end}")

    def settle(self, restart):
        """All start anew; every bundle is read again, twice; they meet until nobody has
        anything to say, and show the same after the second time as after the first."""
        if restart:
            self.stop()
        self.unlock(NAMES)
        self.check_processes()
        self.rest(SETTLING, "at the end")
        self.read_again()
        self.rest(AGAIN, "after old bundles")
        lists = {node: self.check_node(node) for node in NAMES}
        self.read_again()
        self.rest(AGAIN, "after old bundles once more")
        for node in NAMES:
            if self.rows(node) != lists[node]:
                self.blame(f"{node} shows something else after bundles that were read before")
        lists = {node: self.check_node(node) for node in NAMES}
        self.find_nameless(lists)
        for record in self.records.values():
            self.check_everywhere(record, lists)
        known = set(self.records)
        for node in NAMES:
            for entry in set(lists[node]) - known:
                self.blame(f"{node} lists {entry[:8]}, which nobody made")
        self.check_homes(lists)

    def find_nameless(self, lists):
        """A record whose answer was lost may be there: then its reader finds the
        words of one that was asked for; or nobody does, of one that went with what
        it was made from, which was withdrawn."""
        for entry, row in lists["desk"].items():
            if entry in self.records:
                continue
            text = None
            if not row.get("withdrawn"):
                result = self.run("desk", "show", entry, "--json")
                text = result.code == 0 and \
                    dict(json.loads(result.out)["fields"])["statement"].strip()
            for record in self.nameless:
                if record.text == text or (row.get("withdrawn") and row["own"] and
                                           record.withdrawn != "no"):
                    self.take_ids([record], entry)
                    break

    def check_everywhere(self, record, lists):
        what = f"{record.id[:8]} of {record.author}"
        states = {node: lists[node][record.id].get("withdrawn") for node in NAMES
                  if record.id in lists[node]}
        if record.withdrawn == "maybe":
            if len(set(states.values())) > 1:
                self.blame(f"{what}: the nodes do not agree: {states}")
            return
        if record.withdrawn == "yes":
            if set(states.values()) - {"destroyed"}:
                self.blame(f"{what} was withdrawn: {states}")
            for node in READERS:
                if self.run(node, "show", record.id).code == 0:
                    self.blame(f"{what} was withdrawn and {node} reads it")
            return
        holders = {record.author, "hub", "desk"} | ({"office"} if record.shared == "yes" else set())
        for node in holders:
            if not lists[node].get(record.id, {}).get("complete"):
                self.blame(f"{what}: {node} lacks it")
            elif node in READERS:
                self.check_words(node, record)
        if lists[record.author].get(record.id, {}).get("delivered") != ["hub"]:
            self.blame(f"{what} has no receipt")

    def check_homes(self, lists):
        """Nobody runs: databases are whole, and files are those of records."""
        self.stop()
        for node in NAMES:
            files = 0
            for entry, words in self.look_into(node, self.home(node)).items():
                state = lists[node].get(entry, {}).get("withdrawn")
                files += int(words[1]) if words[0] == "open" else 0
                if state == "destroyed" and words[0] == "open":
                    self.blame(f"{node}: {entry[:8]} is destroyed and opens")
            there = sum(len(names) for _, _, names in
                        os.walk(os.path.join(self.home(node), "objects")))
            if there != files:
                self.blame(f"{node}: {there} files for {files} attachments")

    def look_into(self, node, home):
        """What torture_home says: id -> words. It may change the home."""
        done = subprocess.run([os.environ["TORTURE_HOME"], home], text=True,
                              input=f"a passphrase of {node}, long enough\n", capture_output=True)
        lines = [line.split() for line in done.stdout.splitlines()]
        if done.returncode != 0 or ["database", "ok"] not in lines:
            self.blame(f"{node}: the home is not whole: {done.stdout[-200:]} {done.stderr[-200:]}")
        return {words[0]: words[1:] for words in lines if len(words[0]) == 64}


def make_template(top):
    """Four homes that know each other; stopped."""
    ports = {node: free_port() for node in LISTENING}
    world = World(top, ports)
    try:
        starts = []
        for node in NAMES:
            options = ["--reader"] if node in READERS else []
            if node in LISTENING:
                place = f"127.0.0.1:{ports[node]}"
                options += ["--listen", place, "--address", place]
            os.mkdir(world.home(node), 0o700)
            with open(os.path.join(world.home(node), "evident.conf"), "w") as file:
                file.write("workers = 2\nwithdrawals = 100000\n")
            os.chmod(os.path.join(world.home(node), "evident.conf"), 0o600)
            starts.append(world.start(node, "init", "--name", node, *options, secret=True))
        for start in starts:
            end = world.finish(start)
            if end.code != 0:
                raise Failure(f"init: {end}")
        world.unlock(NAMES)
        reader = [line.split()[1] for line in world.must("desk", "card").split("\n")
                  if line.startswith("reader ")][0]
        world.must("hub", "card", "add-reader", reader)
        for node in NAMES:
            world.must(node, "card", "--out", os.path.join(top, node + ".card"))
        for a, b in LINES:
            for one, other in (a, b), (b, a):
                mirror = ["--mirror"] if (one, other) == ("hub", "desk") else []
                world.must(one, "partner", "add", os.path.join(top, other + ".card"), *mirror)
            number = world.must(a, "partner", "compare", b).strip()
            world.must(a, "partner", "compare", b, number)
            world.must(b, "partner", "compare", a, number)
    finally:
        world.stop()
        world.kill_all()
    return world


def copy_template(template, top, homes=None):
    world = World(top, template.ports, homes)
    for node in NAMES:
        os.makedirs(world.home(node), 0o700)
        os.chmod(world.home(node), 0o700)
        for name in os.listdir(template.home(node)):
            source = os.path.join(template.home(node), name)
            if os.path.isdir(source):
                shutil.copytree(source, os.path.join(world.home(node), name))
            elif os.path.isfile(source):
                shutil.copy2(source, world.home(node))
    return world
