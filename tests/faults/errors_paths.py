"""The paths on which errors.py makes calls fail, and what must hold after each.

A path prepares without a fault, runs one command with it, and then says what is
wrong with the world: check() after a restart, retry() when the command is given
again. World is two nodes, hub and field, both with a reader, so that whatever was
acknowledged can be opened and compared byte for byte.
"""
import hashlib
import json
import os
import re
import shutil
import socket
import time

from crashes import crashes
from errors_rig import PATIENCE, Node, began

WIPE = 5  # seconds for processes that must end: the supervisor waits for 2
CODES = {1, 3, 5, 6}  # in which a command may end that was hit (README, exit codes)


def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class World:
    def __init__(self, top, rng):
        self.top, self.rng = top, rng
        self.told = {}
        self.count = 0
        self.number = 0
        self.set_up()

    def set_up(self):
        self.count += 1
        top = os.path.join(self.top, str(self.count))
        os.mkdir(top)
        self.work = os.path.join(top, "work")
        os.mkdir(self.work)
        address = f"127.0.0.1:{port()}"
        self.hub, self.field = Node(top, "hub"), Node(top, "field")
        self.nodes = (self.hub, self.field)
        self.hub.make("--reader", "--listen", address, "--address", address)
        self.field.make("--reader")
        for one, other in ((self.hub, self.field), (self.field, self.hub)):
            card = self.path(f"{other.name}.card")
            with open(card, "w") as file:
                file.write(other.must("card"))
            one.must("partner", "add", card)
        number = self.field.must("partner", "compare", "hub").strip()
        for one, other in ((self.hub, "field"), (self.field, "hub")):
            one.must("partner", "compare", other, number)
        self.held = {node.name: {} for node in self.nodes}  # id -> (text, hash or None)
        self.withdrawn = {node.name: set() for node in self.nodes}

    def renew(self):
        self.end()
        self.set_up()

    def end(self):
        for node in self.nodes:
            node.page.disarm()
            if node.daemon and node.daemon.poll() is None:
                node.kill()

    def path(self, name):
        return os.path.join(self.work, name)

    def fresh(self, kind):
        self.number += 1
        return self.path(f"{kind}-{self.number}")

    def file(self, size=50000):
        path = self.fresh("file")
        data = self.rng.randbytes(size)
        with open(path, "wb") as file:
            file.write(data)
        return path, hashlib.sha256(data).hexdigest()

    def reopen(self, nodes, wrong):
        for node in nodes:
            if not node.reopen():
                wrong.append(f"{node.name} does not open again")
                raise RuntimeError("; ".join(wrong))

    def news(self):
        return "".join(node.news() for node in self.nodes)

    def check_logs(self, wrong):
        for text in crashes(self.news()):
            wrong.append(f"a process crashed: {text}")

    # --- what is held must open ---

    def opens(self, node, record, wrong):
        text, digest = self.held[node.name][record]
        into = self.fresh("shown")
        shown = node.run("show", record, "--attachments", into)
        if shown.code == 1 and "try again" in shown.err:  # a peer was lost since
            node.await_state("open", 3)
            shutil.rmtree(into, ignore_errors=True)
            shown = node.run("show", record, "--attachments", into)
        if shown.code != 0 or text not in shown.out:
            wrong.append(f"{record[:8]} does not open at {node.name}: {shown.code} {shown.err}")
        elif digest:
            got = {hashlib.sha256(open(os.path.join(into, name), "rb").read()).hexdigest()
                   for name in os.listdir(into)}
            if got != {digest}:
                wrong.append(f"the attachment of {record[:8]} is another one at {node.name}")
        shutil.rmtree(into, ignore_errors=True)

    def check_held(self, node, wrong, maybe=()):
        """All that is to be there is, and nothing else but what ${maybe} may be."""
        records = node.records()
        have = {key for key, record in records.items() if record["complete"]}
        held = set(self.held[node.name])
        if held - have:
            wrong.append(f"{len(held - have)} acknowledged records are gone at {node.name}")
        more = have - held - set(maybe) - self.withdrawn[node.name]
        # What was not read yet: a partner's receipt, or word of what it did.
        if not all(records[key].get("unread") for key in more):
            wrong.append(f"{node.name} has a record that it said it had not stored")
        files = sum(record["attachments"] for record in records.values()
                    if not record.get("withdrawn") and record["complete"])
        open_parts = sum(record["attachments"] for record in records.values()
                         if not record["complete"])
        if not files <= node.objects() <= files + open_parts:
            wrong.append(f"{node.name} has {node.objects()} object files, for {files} attachments")
        return records

    def check_old(self, rng, wrong):
        for node in self.nodes:
            if self.held[node.name]:
                self.opens(node, rng.choice(sorted(self.held[node.name])), wrong)

    # --- things that are done without a fault ---

    def note_delivered(self):
        """What the field has delivered, also of other paths, the hub holds."""
        for record, row in self.field.records().items():
            if "hub" in row["delivered"] and record in self.held["field"]:
                self.held["hub"][record] = self.held["field"][record]

    def capture(self, to=True):
        file, digest = self.file()
        text = f"words {self.number}"
        record = self.field.must("capture", *(("--to", "hub") if to else ()), "--field",
                                 f"statement={text}", "--attach", file).strip()
        self.held["field"][record] = (text, digest)
        return record


class Path:
    roles = ("client", "store", "worker", "keeper")
    slow = ()  # what is tried by hand alone

    def __init__(self, world):
        self.world = world
        self.node = world.field

    @property
    def stores(self):
        """What is killed to see what is on disk."""
        return (self.node,)

    def prepare(self):
        pass

    def run(self):
        return self.node.run(*self.words())

    def expect_told(self, answer, wrong):
        if answer.code is None:
            wrong.append("it hangs")
        elif answer.code < 0:
            wrong.append(f"it died by signal {-answer.code}")
        elif answer.code not in CODES:
            wrong.append(f"it ended {answer.code}")
        elif "error: " not in answer.err:
            wrong.append(f"it ended {answer.code} and did not say why")

    def check(self, answer, wrong, hits=0, fault=None):
        """After a restart: done wholly, or not at all and told."""
        if answer.code != 0:
            self.expect_told(answer, wrong)
            self.not_done(answer, wrong)
            return
        if hits and fault.call == "fsync" and fault.how != "EINTR":
            file = self.node.page.hit()[1]
            if self.needs(fault, file):
                wrong.append(f"it ended 0 though an fsync of {file} failed")
        self.done(answer, wrong)

    def ended(self, answer, wrong):
        """What must hold as soon as the command has ended, before anything is opened
        again."""

    def settle(self):
        """Processes that ended with the fault start anew; a keeper that did has locked
        the node."""
        for node in self.world.nodes:
            if not (node.await_state("open", 3) or node.restart()):
                raise RuntimeError(f"{node.name} does not open again")

    def needs(self, fault, file):
        """Whether this fsync may not fail: all but that of a checkpoint, for all of it
        stands in the log, durable."""
        return not file.endswith("/evident.db")

    def retry(self, answer, wrong):
        """The same again, without the fault: a process that starts anew may need a
        moment, and a keeper that died has locked the node."""
        if answer.code == 0:
            return
        self.settle()
        for _ in range(3):
            again = self.again(answer)
            if again.code == 0:
                self.done(again, wrong)
                return
            time.sleep(1)
        wrong.append(f"again, without the fault: {again.code} {again.err.strip()}")

    def again(self, answer):
        return self.run()

    def done(self, answer, wrong):
        pass

    def not_done(self, answer, wrong):
        pass


class Capture(Path):
    def prepare(self):
        self.file, self.digest = self.world.file()
        self.text = f"words {self.world.number}"

    def words(self):
        return ("capture", "--to", "hub", "--field", f"statement={self.text}", "--attach", self.file)

    def done(self, answer, wrong):
        record = answer.out.strip()
        if not re.fullmatch("[0-9a-f]{64}", record):
            wrong.append("it ended 0 and printed no id")
            return
        self.world.held["field"][record] = (self.text, self.digest)
        self.world.check_held(self.node, wrong)
        self.world.opens(self.node, record, wrong)

    def not_done(self, answer, wrong):
        self.stored_after_all(answer, wrong, [(self.text, self.digest)])

    def stored_after_all(self, answer, wrong, texts):
        """A daemon that ended before it answered may have stored it: wholly then."""
        held = self.world.held["field"]
        for record in set(self.node.records()) - set(held) - self.world.withdrawn["field"]:
            if "look with evident list" not in answer.err:
                wrong.append(f"{record[:8]} is there, though it was told not to be stored")
            shown = self.node.run("show", record)
            for text in texts:
                if text[0] in shown.out:
                    held[record] = text
                    self.world.opens(self.node, record, wrong)
                    break
            else:
                wrong.append(f"{record[:8]} is there and does not open: {shown.err}")
                held[record] = texts[0]
        self.world.check_held(self.node, wrong)


class Import(Capture):
    def prepare(self):
        self.lines = []
        self.list = self.world.fresh("import")
        with open(self.list, "w") as file:
            for i in range(4):
                name, digest = self.world.file(3000) if i % 2 else (None, None)
                text = f"line {self.world.number} {i} of many"
                self.lines.append((text, digest))
                line = {"fields": {"statement": text}, "to": ["hub"]}
                if name:
                    line["attach"] = [name]
                file.write(json.dumps(line) + "\n")

    def words(self):
        return ("import", self.list)

    def take_in(self, answer, wrong):
        for line, told in zip(self.lines, answer.out.split()):
            if told != "-":
                self.world.held["field"][told] = line
                self.world.opens(self.node, told, wrong)

    def done(self, answer, wrong):
        told = answer.out.split()
        if len(told) != len(self.lines) or "-" in told:
            wrong.append(f"it ended 0 with {told}")
        self.take_in(answer, wrong)
        self.world.check_held(self.node, wrong)

    def not_done(self, answer, wrong):
        self.take_in(answer, wrong)
        self.stored_after_all(answer, wrong, self.lines)


class Sync(Path):
    """What the field captured goes to the hub; what fails is at the field."""
    roles = ("store", "courier", "worker", "keeper")
    slow = ("courier ENOMEM+",)  # who has no memory cannot hang up: the deadline comes

    @property
    def stores(self):
        return self.world.nodes

    def prepare(self):
        self.record = self.world.capture()

    def run(self):
        return self.world.field.run("sync", "hub")

    def whole(self, wrong, must):
        field = self.world.check_held(self.world.field, wrong)
        maybe = {key for key, record in field.items() if record["own"] and "hub" in record["to"]}
        hub = {key for key, record in self.world.hub.records().items() if record["complete"]}
        for record, row in field.items():
            if record in self.world.held["field"] and "hub" in row["delivered"] and \
                    record not in hub | self.world.withdrawn["hub"]:
                wrong.append(f"{record[:8]} is called delivered, and the hub has it not whole")
        if must and "hub" not in field[self.record]["delivered"]:
            wrong.append("it ended 0 and the record is not called delivered")
        for record in maybe & hub & set(self.world.held["field"]):
            self.world.held["hub"][record] = self.world.held["field"][record]
        self.world.check_held(self.world.hub, wrong, maybe)
        if self.record in hub:
            self.world.opens(self.world.hub, self.record, wrong)

    def done(self, answer, wrong):
        self.whole(wrong, True)

    def not_done(self, answer, wrong):
        self.whole(wrong, False)


class SyncHub(Sync):
    """The same; what fails is at the hub."""

    def __init__(self, world):
        super().__init__(world)
        self.node = world.hub

    def needs(self, fault, file):
        """Not what the hub notes once the meeting is over, when it says so."""
        with open(self.node.log, errors="replace") as log:
            log.seek(self.node.seen)
            noted = "that a partner was met could not be noted" in log.read()
        return super().needs(fault, file) and not noted


class Bundle(Sync):
    roles = ("client", "store", "courier", "worker", "keeper")

    def needs(self, fault, file):
        """Not the first, of a folder: that of a file which nobody is to find again."""
        return super().needs(fault, file) and not (
            fault.at == 1 and re.search("/objects/..$", file))


class BundleWrite(Bundle):

    def prepare(self):
        super().prepare()
        self.file = self.world.fresh("bundle")

    def run(self):
        return self.world.field.run("bundle", "write", "hub", self.file)

    def done(self, answer, wrong):
        read = self.world.hub.run("bundle", "read", self.file)
        if read.code != 0:
            wrong.append(f"a bundle that was written cannot be read: {read.code} {read.err}")
        self.whole(wrong, False)
        if self.record not in self.world.held["hub"]:
            wrong.append("a bundle did not hold the record")

    def not_done(self, answer, wrong):
        if os.path.exists(self.file):
            os.unlink(self.file)
            wrong.append("a bundle was left behind")
        self.whole(wrong, False)


class BundleRead(Bundle):
    def __init__(self, world):
        super().__init__(world)
        self.node = world.hub

    def prepare(self):
        super().prepare()
        self.file = self.world.fresh("bundle")
        self.world.field.must("bundle", "write", "hub", self.file)

    def run(self):
        return self.world.hub.run("bundle", "read", self.file)

    def done(self, answer, wrong):
        self.whole(wrong, False)
        if self.record not in self.world.held["hub"]:
            wrong.append("it ended 0 and the hub has not the record")


class Export(Path):
    roles = ("client", "store", "worker")

    def prepare(self):
        self.record = self.world.capture()
        self.bag = self.world.fresh("bag")
        self.signers = self.world.path("signers")
        with open(self.signers, "w") as file:
            file.write(self.node.must("signers"))

    def words(self):
        return ("export", self.record, "--to", self.bag, "--disclose-all", "--with-custody")

    def done(self, answer, wrong):
        said = self.node.run("verify", self.bag, "--signers", self.signers, home=False)
        if said.code != 0:
            wrong.append(f"the bag does not verify: {said.code} {said.err}")
        if "left out" in answer.err:
            wrong.append("an entry that opens was left out of the bag")
        shutil.rmtree(self.bag, ignore_errors=True)
        self.world.check_held(self.node, wrong)

    def not_done(self, answer, wrong):
        for path in (self.bag, self.bag + ".partial"):
            if os.path.exists(path):
                wrong.append(f"a bag was left behind: {os.listdir(path)[:5]}")
                shutil.rmtree(path)
        self.world.check_held(self.node, wrong)


class Verify(Export):
    roles = ("client",)
    stores = ()

    def prepare(self):
        super().prepare()
        self.node.must(*self.words())
        self.report = self.world.fresh("report")

    def run(self):
        return self.node.run(self.bag, "--signers", self.signers, "--report", self.report,
                             program="VERIFY", home=False)

    def done(self, answer, wrong):
        if "VERDICT: holds; all authors" not in answer.out:
            wrong.append("it ended 0 without a verdict")
        if not os.path.exists(self.report) or \
                not open(self.report).read().rstrip().endswith("</html>"):
            wrong.append("it ended 0 without the whole report")

    def not_done(self, answer, wrong):
        if os.path.exists(self.report):
            wrong.append("a report was left behind")

    def again(self, answer):
        if os.path.exists(self.report):
            os.unlink(self.report)
        return self.run()


class Told:
    """What is told to a program: byte for byte what it is without the fault, or nothing
    and not 0."""

    def done(self, answer, wrong):
        if answer.out != self.wanted:
            wrong.append(f"it ended 0 and told {answer.out[:80]!r}")

    def not_done(self, answer, wrong):
        if answer.out:
            wrong.append(f"it ended {answer.code} and told {answer.out[:80]!r}")


class VerifyTold(Told, Verify):
    def prepare(self):
        super().prepare()
        self.wanted = self.run().out

    def run(self):
        return self.node.run(self.bag, "--signers", self.signers, "--json", program="VERIFY",
                             home=False)


class List(Told, Path):
    roles = ("client",)
    stores = ()

    def prepare(self):
        if not self.world.held["field"]:
            self.world.capture()
        self.wanted = self.node.must(*self.words())

    def words(self):
        return ("--json", "list")


class Withdraw(Path):
    roles = ("client", "store", "worker", "keeper")

    def prepare(self):
        self.record = self.world.capture()
        self.kept = self.world.capture()  # its key lies behind the one that goes

    def words(self):
        return ("withdraw", self.record)

    def needs(self, fault, file):
        """Not that of the folder: what a file holds is closed for ever by then, and
        one that comes back is swept."""
        return super().needs(fault, file) and not re.search("/objects/..$", file)

    def is_withdrawn(self):
        return self.node.records()[self.record].get("withdrawn") is not None

    def check(self, answer, wrong, hits=0, fault=None):
        super().check(answer, wrong, hits, fault)
        self.world.opens(self.node, self.kept, wrong)

    def done(self, answer, wrong):
        self.world.held["field"].pop(self.record, None)
        self.world.withdrawn["field"].add(self.record)
        if not self.is_withdrawn():
            wrong.append("it ended 0 and the record is not withdrawn")
        self.world.check_held(self.node, wrong)

    def not_done(self, answer, wrong):
        if not self.is_withdrawn():
            self.world.opens(self.node, self.record, wrong)
        elif answer.code == 3 or re.search("try again|look with evident list", answer.err):
            self.done(answer, wrong)
        else:
            wrong.append("it is withdrawn, though it was told not to be")
            self.done(answer, wrong)

    def retry(self, answer, wrong):
        if answer.code != 0 and not self.is_withdrawn():
            super().retry(answer, wrong)


class WithdrawHub(SyncHub):
    """A withdrawal comes to the hub; what fails is at the hub."""

    def prepare(self):
        super().prepare()
        self.world.field.must("sync", "hub")
        self.world.note_delivered()
        self.world.field.must("withdraw", self.record)
        self.world.held["field"].pop(self.record)
        self.world.withdrawn["field"].add(self.record)

    def needs(self, fault, file):
        return super().needs(fault, file) and not re.search("/objects/..$", file)

    def is_told(self):
        """Whether the field has the hub's word for it."""
        said = json.loads(self.world.field.must("--json", "log", self.record))
        return any(holder.get("name") == "hub" and holder["erased"] for holder in said["holders"])

    def whole(self, wrong, must):
        told = self.is_told()
        gone = self.world.hub.records()[self.record].get("withdrawn") == "destroyed"
        if gone:
            self.world.held["hub"].pop(self.record, None)
            self.world.withdrawn["hub"].add(self.record)
        if must and not gone:
            wrong.append("it ended 0 and the hub has not destroyed the record")
        if (told or gone) and self.world.hub.run("show", self.record).code == 0:
            wrong.append("erased, and it can be opened at the hub")
        if told and not gone:
            wrong.append("the hub said that it erased a record, and has it")
        for node in self.world.nodes:
            self.world.check_held(node, wrong)

    def retry(self, answer, wrong):
        super().retry(answer, wrong)
        for _ in range(2):
            if not self.is_told():
                self.settle()
                self.run()
        if not self.is_told():
            wrong.append("without a fault the hub does not say that it erased the record")
        self.whole(wrong, True)


class Lock(Path):
    """Ends 0 when the node is locked, and soon nobody is left who held a key."""
    roles = ("client", "supervisor", "store", "keeper")

    def settle(self):
        self.node.await_state(None)

    def prepare(self):
        self.keyed = self.node.keyed()

    def words(self):
        return ("lock",)

    def ended(self, answer, wrong):
        if answer.code != 0:
            return
        self.expect_state("locked", wrong)
        end = time.monotonic() + WIPE
        left = self.keyed
        while left and time.monotonic() < end:
            time.sleep(0.005)
            left = {one for one in left if began(one[0]) == one[1]}
        if left:
            wrong.append(f"{len(left)} processes that held keys go on, {WIPE} s after the lock")
        self.expect_state("locked", wrong)  # nor is it opened by whoever began anew

    def expect_state(self, wanted, wrong):
        """Of a daemon that has ended, nobody holds a key either."""
        end = time.monotonic() + PATIENCE
        while self.node.daemon.poll() is None and time.monotonic() < end:
            said = self.node.run("--json", "status")
            if said.code == 0:
                state = json.loads(said.out)["state"]
                if state != wanted:
                    wrong.append(f"it ended 0, and the node is {state}")
                return
            time.sleep(0.02)
        if wanted != "locked" or self.node.daemon.poll() is None:
            wrong.append("it ended 0, and the node does not answer")

    def check(self, answer, wrong, hits=0, fault=None):
        super().check(answer, wrong, hits, fault)
        self.node.await_state(None)

    def retry(self, answer, wrong):
        if not self.node.await_state(None):
            self.node.restart()
        unlocked = self.node.run("--passphrase-fd", "0", "unlock", secret=True)
        if unlocked.code != 0:
            wrong.append(f"it does not open again: {unlocked.code} {unlocked.err}")
        self.world.check_held(self.node, wrong)


class Unlock(Lock):
    roles = ("client", "store", "keeper")

    def prepare(self):
        self.node.must("lock")
        self.node.await_state("locked")

    def run(self):
        return self.node.run("--passphrase-fd", "0", "unlock", secret=True)

    def ended(self, answer, wrong):
        """Open, or locked again by a keeper that ended after its answer."""
        if answer.code == 0 and not self.node.await_state("open", WIPE) and \
                not self.node.hears("keeper ended"):
            wrong.append("it ended 0, and the node is not open")


class Key(Path):
    """A reader more: it reads what is sealed to it, after a restart, too."""
    roles = ("client", "store", "keeper")

    def prepare(self):
        self.file = self.world.fresh("reader")
        self.node = self.world.hub
        if len(self.readers()) > 6:
            self.world.renew()
            self.node = self.world.hub
        os.system(f"age-keygen -o {self.file} 2>/dev/null")
        self.reader = re.search(r"age1\w+", open(self.file).read()).group()

    def readers(self):
        return json.loads(self.node.must("--json", "key", "list"))["readers"]

    def run(self):
        return self.node.run("--passphrase-fd", "0", "key", "import-reader", self.file, secret=True)

    def done(self, answer, wrong):
        if self.reader not in str(self.readers()):
            wrong.append("it ended 0 and the reader is not there")
        self.world.check_held(self.node, wrong)

    def not_done(self, answer, wrong):
        unsure = answer.code == 3 or "look with evident" in answer.err
        if not unsure and self.reader in str(self.readers()):
            wrong.append("the reader is there, though it was told not to be")
        self.world.check_held(self.node, wrong)

    def retry(self, answer, wrong):
        if "lock and unlock" in answer.err:
            self.world.reopen((self.node,), wrong)
        if self.reader not in str(self.readers()):
            super().retry(answer, wrong)


class Partner(Path):
    """A partner is added; its card's file is that of the hub's other name."""
    roles = ("client", "store", "keeper")

    def prepare(self):
        self.name = "hub"
        self.card = self.world.path("hub.card")
        self.node.must("partner", "remove", "hub")

    def words(self):
        return ("partner", "add", self.card)

    def done(self, answer, wrong):
        if "hub" not in self.node.must("partner", "list"):
            wrong.append("it ended 0 and the partner is not there")
        # What the hub shows is of a card that the field had before "key".
        number = self.node.must("partner", "compare", "hub").strip()
        self.node.must("partner", "compare", "hub", number)
        self.world.check_held(self.node, wrong)

    def not_done(self, answer, wrong):
        self.world.check_held(self.node, wrong)


PATHS = {
    "capture": Capture,
    "import": Import,
    "sync": Sync,
    "sync-hub": SyncHub,
    "bundle-write": BundleWrite,
    "bundle-read": BundleRead,
    "export": Export,
    "verify": Verify,
    "verify-told": VerifyTold,
    "list": List,
    "withdraw": Withdraw,
    "withdraw-hub": WithdrawHub,
    "lock": Lock,
    "unlock": Unlock,
    "key": Key,
    "partner": Partner,
}
