"""Rounds of kind kill: one operation on real nodes, and SIGKILL for one process
of theirs at one of its system calls (kill_at.c), then all claims of the ledger.

Where the kill comes is drawn as a part of the calls that the operation takes
there, which a first pass without a kill counted. Of a client most calls are its
beginning, so for it the last quarter is drawn from.
"""
import json
import os
import random
import re
import signal
import subprocess
import time

import random_nodes
from random_nodes import Failure, Result

ROLES = ["main", "store", "store", "keeper", "worker", "courier"]
KILLED = 128 + signal.SIGKILL
ENDS = {0, 1, 3, 5, 6, KILLED}  # of a client whose daemon or self was killed
UNPROVEN = "what proves this record's place|its proof may not have come"
FEW = 3  # calls: the supervisor sleeps through most operations


class Work:
    """One command: whose, with whom, and what to do with its answer. by_client:
    its processes are those that the client starts. after: until this was met, from
    whom an earlier sync was cut off, it may say that a proof has not come."""

    def __init__(self, nodes, words, take=None, secret=False, by_client=False, after=None):
        self.nodes, self.words, self.take, self.secret = nodes, words, take, secret
        self.by_client, self.after = by_client, after


def capture(world, rng, files=0):
    record, words = world.capture(rng, files)
    return Work(["field"], words, lambda end: world.take_ids([record], end.out))


def capture_files(world, rng):
    return capture(world, rng, rng.randrange(1, 4))


def import_many(world, rng):
    records, path = [], world.path("many.jsonl")
    with open(path, "w") as file:
        for _ in range(rng.randrange(2, 20)):
            record, names = world.new_record(rng, "field", rng.choice([0, 0, 0, 1]))
            records.append(record)
            file.write(json.dumps({"fields": {"statement": record.text}, "attach": names,
                                   "to": ["hub"]}) + "\n")
    return Work(["field"], ["import", path], lambda end: world.take_ids(records, end.out))


def news(world, rng):
    """Something that the field has and the hub has not."""
    for _ in range(rng.randrange(1, 3)):
        record, words = world.capture(rng, rng.choice([0, 1, 2]))
        world.take_ids([record], world.must("field", *words))
    if rng.random() < 0.3:
        withdraw(world, rng, run=True)


def field_sync(world, rng):
    news(world, rng)
    before = [record for record in world.records.values() if record.author == "field"]
    return Work(["field", "hub"], ["sync", "hub"],
                lambda end: end.code == 0 and world.check_later(before))


def desk_sync(world, rng):
    news(world, rng)
    world.must("field", "sync", "hub")
    return Work(["desk", "hub"], ["sync", "hub"])


def bundle_write(world, rng):
    news(world, rng)
    path = world.path("bundle")

    def take(end):
        if os.path.exists(path):
            world.bundles.append(("hub", path))
        if end.code == 0:
            world.written.append(path)
    return Work(["field"], ["bundle", "write", "hub", path], take)


def bundle_read(world, rng):
    news(world, rng)
    path = world.path("bundle")
    world.must("field", "bundle", "write", "hub", path)
    world.bundles.append(("hub", path))
    return Work(["hub"], ["bundle", "read", path])


def export(world, rng):
    records = rng.sample(world.have(rng, 2), 2)
    bag = world.path("bag")
    return Work(["desk"], ["export", *(record.id for record in records), "--to", bag,
                           "--disclose-all"],
                lambda end: world.bags.append((bag, records, end.code)), after="hub")


def withdraw(world, rng, run=False):
    record = rng.choice(world.have(rng, 1, shared=True))

    def take(end):
        record.told = "yes" if end.code == 0 else "maybe"
    work = Work(["field"], ["withdraw", record.id], take)
    if run:
        world.must("field", *work.words)
        record.told = "yes"
    return work


def share(world, rng):
    record = rng.choice(world.have(rng, 1))
    return Work(["desk"], ["share", record.id, "--to", "office", "--override", "a test"],
                lambda end: setattr(record, "shared", "yes" if end.code == 0 else "maybe"))


def office_sync(world, rng):
    work = share(world, rng)
    work.take(world.run("desk", *work.words))
    return Work(["desk", "office"], ["sync", "office"], after="hub")


def derive(world, rng):
    subject = rng.choice(world.have(rng, 1))
    record, _ = world.new_record(rng, "desk", 0, subject)
    path = world.path("words.txt")
    with open(path, "w") as file:
        file.write(record.text)
    return Work(["desk"], ["derive", subject.id, "--kind", "translation", "--text", path,
                           "--to", "hub"],
                lambda end: world.take_ids([record], end.out))


def lock(world, rng):
    node = rng.choice(["field", "hub", "desk"])
    keyed = world.keyed(node)
    return Work([node], ["lock"], lambda end: end.code == 0 and world.check_locked(node, keyed))


def unlock(world, rng):
    work = Work([rng.choice(["field", "hub", "desk"])], ["unlock"], secret=True)
    world.must(work.nodes[0], "lock")
    return work


def start(world, rng):
    """The daemon itself starts, and opens."""
    work = Work([rng.choice(["field", "hub", "desk"])], ["unlock"], secret=True, by_client=True)
    world.must(work.nodes[0], "stop")
    return work


OPERATIONS = {
    "capture": capture, "capture files": capture_files, "import": import_many,
    "sync field-hub": field_sync, "sync desk-hub": desk_sync, "sync desk-office": office_sync,
    "bundle write": bundle_write, "bundle read": bundle_read, "export": export,
    "withdraw": withdraw, "share": share, "derive": derive, "lock": lock, "unlock": unlock,
    "start": start,
}


def run_followed(world, work, words):
    """The command under kill_at, and its report: role -> calls, and who was killed."""
    report = world.path("calls")
    mains = [f"{node}:{pid}" for node in work.nodes for pid in world.main_of(node)]
    command = [os.environ["KILL_AT"], *words, "--report", report, *mains, "--",
               os.environ["EVIDENT"], "--home", world.home(work.nodes[0]), *work.words]
    if work.secret:
        command += ["--passphrase-fd", "0"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    secret = f"a passphrase of {work.nodes[0]}, long enough\n" if work.secret else ""
    try:
        out, err = process.communicate(secret, timeout=random_nodes.PATIENCE)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate()
        raise Failure(f"this hangs: {command}")
    calls, killed = {}, None
    with open(report) as file:
        for line in file:
            parts = line.split()
            if parts[0] == "killed":
                killed = parts[1:]
            else:
                calls[parts[0]] = int(parts[1])
    return Result(process.returncode, out, err), calls, killed


class Kill:
    """Rounds on one set of homes. calls: operation -> role -> calls."""

    def __init__(self, calls):
        self.calls = calls

    def learn(self, world):
        """Do each operation once, in homes in which there are no rounds: so what is
        done in a batch does not depend on those before it."""
        rng = random.Random("learn")
        for name in sorted(OPERATIONS):
            work = OPERATIONS[name](world, rng)
            end, self.calls[name], _ = run_followed(world, work, [])
            self.finish(world, work, end)
            if end.code != 0:
                raise Failure(f"{name}: {end}")

    def finish(self, world, work, end):
        world.bags, world.later, world.written = [], [], []
        world.check_later = world.later.append
        if work.take:
            work.take(end)
        world.unlock(work.nodes)
        for before in world.later:
            world.check_delivered(before)
        for path in world.written:  # the newest that there is: nothing supersedes it
            read = world.run("hub", "bundle", "read", path)
            if read.code != 0:
                world.blame(f"a bundle was written and cannot be read: {read}")
        for bag, records, code in world.bags:
            world.check_bag(bag, records, code)

    def words(self, name, node, role, part):
        """Whom to count, where to stop, and whom to kill."""
        calls = self.calls[name]
        target = counted = f"{node}/{role}"
        if calls.get(target, 0) < FEW:
            counted = f"{node}/store" if calls.get(f"{node}/store", 0) >= FEW else "client/client"
        count = calls[counted]
        least = count * 3 // 4 if counted == "client/client" else 0
        at = least + 1 + int(part * 0.9 * (count - least))  # it may take fewer
        return target, ["--count", counted, "--at", str(at), "--kill", target]

    def round(self, world, rng):
        """What was done (operation, role), whether it hit, and a line that says so."""
        name = rng.choice(sorted(OPERATIONS))
        place, part, after = rng.random(), rng.random(), rng.random() < 0.5
        role = rng.choice(ROLES)
        work = OPERATIONS[name](world, rng)
        node = (work.nodes + ["client"])[int(place * (len(work.nodes) + 0.5))]
        role = "client" if node == "client" else role
        node = "client" if work.by_client else node
        target, words = self.words(name, node, role, part)
        began = time.monotonic()
        end, _, killed = run_followed(world, work, words + (["--exit"] if after else []))
        line = f"{name}: {target}, {' '.join(words[1:4])}{' after' if after else ''}, " \
               f"{'killed in call ' + killed[2] if killed else 'not met'}, ended {end.code}"
        if not killed and work.after and re.search(UNPROVEN, end.err):
            world.must(work.nodes[0], "sync", work.after)
            end = world.run(work.nodes[0], *work.words)
        if end.code not in ENDS or (not killed and end.code != 0):
            world.blame(f"{name}: ended {end}")
        self.finish(world, work, end)
        for each in work.nodes:
            world.check_node(each)
        world.check_processes()
        return (name, target), bool(killed), f"{line}, {time.monotonic() - began:.1f} s"
