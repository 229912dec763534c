"""Rounds of kind power: the home of the field or of the hub on a file system of
its own, which is shut down under load, at the n-th acknowledgement of a kind
(both drawn), before it is written down; then its processes are killed, it is mounted again and replays its
journal, and all claims of the ledger must hold.

The ledger is in this process, on another disk. Nothing that a file system may
lose is written out between the acknowledgement and the cut but by the kernel's
own leisure, which is seconds.
"""
import ctypes
import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
import threading
import time

from random_nodes import Failure

SHUTDOWN = 0x8004587D  # _IOR('X', 125, uint32_t)
NO_LOG_FLUSH = struct.pack("I", 2)
SIZES = {"ext4": 128 << 20, "xfs": 320 << 20}
SLOT = 72  # bytes of a sealed record key in a keys file
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18


def enter_namespace():
    """Mounts are ours alone; without the right to, missing() tells why."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) == 0:
        libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def mount(kind, image, place):
    return subprocess.run(["mount", "-t", kind, "-o", "loop,nodev", image, place],
                          capture_output=True, text=True)


def missing(kind):
    """Why no power can be cut here, or nothing."""
    if not kind.startswith("power-"):
        return None
    kind = kind.split("-")[1]
    if os.getuid() != 0:
        return "only root can mount"
    if not shutil.which(f"mkfs.{kind}"):
        return f"mkfs.{kind} is not installed"
    place = f"/tmp/evident-torture-{os.getpid()}"
    os.makedirs(place + ".d")
    try:
        make_image(kind, place)
        done = mount(kind, place, place + ".d")
        if done.returncode != 0:
            return f"{kind} cannot be mounted from a loop device: {done.stderr.strip()}"
        subprocess.run(["umount", place + ".d"], check=True)
        return None
    finally:
        os.rmdir(place + ".d")
        os.unlink(place)


def make_image(kind, path):
    with open(path, "wb") as file:
        file.truncate(SIZES[kind])
    subprocess.run([f"mkfs.{kind}", "-q", path], check=True)


class Power:
    """Cuts of one home. begin() says where it is."""

    def __init__(self, kind, top, rng):
        self.kind, self.top = kind, top
        self.node = rng.choice(["field", "hub"])
        self.image, self.place = top + ".image", top + ".mount"

    def begin(self):
        os.makedirs(self.place)
        make_image(self.kind, self.image)
        self.mount()
        return {self.node: os.path.join(self.place, self.node)}

    def sync(self):
        """What was there before the load is on the disk."""
        subprocess.run(["sync", "-f", self.place], check=True)

    def mount(self):
        done = mount(self.kind, self.image, self.place)
        if done.returncode != 0:
            raise Failure(f"does not mount again: {done.stderr.strip()}")

    def unmount(self):
        for _ in range(200):
            done = subprocess.run(["umount", self.place], capture_output=True, text=True)
            if done.returncode == 0:
                return
            time.sleep(0.05)
        raise Failure(f"does not unmount: {done.stderr.strip()}")

    def end(self):
        if os.path.ismount(self.place):
            self.unmount()
        os.unlink(self.image)
        os.rmdir(self.place)

    def shut_down(self):
        fd = os.open(self.place, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, NO_LOG_FLUSH)
        os.close(fd)

    # --- the load ----------------------------------------------------------

    def load(self, world, rng):
        """All kinds of work at once; the n-th acknowledgement of one kind cuts."""
        self.last, most = rng.choice([("capture", 20), ("sync", 4), ("withdraw", 5)])
        self.left, self.lock, self.is_cut = rng.randrange(1, most), threading.Lock(), False
        self.counts, self.ended = {}, 0
        self.receipts, self.erased, self.failure = set(), [], None
        loops = [self.captures, self.captures, self.syncs, self.withdrawals]
        threads = [threading.Thread(target=self.repeat, args=(loop, world, rng.random()))
                   for loop in loops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure

    def repeat(self, loop, world, seed):
        rng = random.Random(seed)
        until = time.monotonic() + 60
        try:
            while not self.is_cut and time.monotonic() < until:
                if not loop(world, rng):
                    time.sleep(0.01)
        except Exception as failure:  # of all loops the first counts
            self.failure = self.failure or failure
            self.is_cut = True

    def acknowledge(self, what, take):
        """take() writes it down; when this is the one, the power goes first."""
        with self.lock:
            if self.is_cut:
                return
            self.left -= what == self.last
            if self.left <= 0:
                self.shut_down()
                self.is_cut = True
            self.counts[what] = self.counts.get(what, 0) + 1
            take()

    def captures(self, world, rng):
        """A sync that finds more each time goes on: now and then let it end."""
        if rng.random() < 0.2:
            ended = self.ended
            while self.ended == ended and not self.is_cut:
                time.sleep(0.01)
        with self.lock:
            record, words = world.capture(rng, rng.choice([0, 0, 1, 1, 2]))
        end = world.run("field", *words)
        if end.code == 0:
            self.acknowledge("capture", lambda: world.take_ids([record], end.out))
        return end.code == 0

    def syncs(self, world, _):
        with self.lock:
            before = [record for record in world.records.values()
                      if record.withdrawn == "no"]
        end = world.run("field", "sync", "hub")
        self.ended += 1
        if end.code == 0 and before:
            self.acknowledge("sync", lambda: self.receipts.update(
                record.id for record in before))
        return end.code == 0 and before

    def withdrawals(self, world, rng):
        with self.lock:
            able = [record for record in world.records.values() if record.withdrawn == "no"]
            if len(able) < 4 or rng.random() < 0.8:
                return False
            record = rng.choice(able)
            record.told = "maybe"
        slots = self.slots(world)
        end = world.run("field", "withdraw", record.id)

        def take():
            record.told = "yes"
            self.erased += slots
        if end.code == 0:
            self.acknowledge("withdraw", take)
        return end.code == 0

    def slots(self, world):
        """Of the field's keys file as it is: all of it is written anew, and the old
        overwritten, before a withdrawal is acknowledged."""
        if self.node != "field":
            return []
        home = world.home("field")
        try:
            for name in os.listdir(home):
                if name.startswith("keys.") and name[5:].isdigit():
                    with open(os.path.join(home, name), "rb") as file:
                        data = file.read()
                    return [data[at:at + SLOT]
                            for at in range(0, len(data) - SLOT + 1, SLOT)][:5]
        except OSError:  # the power went meanwhile
            pass
        return []

    # --- the cut -----------------------------------------------------------

    def search_image(self, world):
        """No sealed record key of an erased file is anywhere on the raw disk."""
        slots = {slot for slot in self.erased if any(slot)}
        with open(self.image, "rb") as file:
            end, at = os.fstat(file.fileno()).st_size, 0
            while at < end:
                try:
                    begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
                except OSError:
                    return  # only a hole is left
                at = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
                data = os.pread(file.fileno(), at - begin, begin)
                if any(slot in data for slot in slots):
                    world.blame(f"{self.node}: an erased key is on the disk")

    def is_erased(self, world, record):
        """Whether the one that was cut must have erased it: at the field, whoever was
        told so by a withdrawal; at the hub, when the field has the hub's own word."""
        if self.node == "field":
            return record.withdrawn == "yes"
        if record.withdrawn == "no":
            return False
        said = json.loads(world.must("field", "log", record.id, "--json"))
        return any(holder.get("name") == "hub" and holder["erased"] for holder in said["holders"])

    def look_before_start(self, world):
        """At a copy of the home as the journal's replay left it."""
        copy = world.path("copy")
        shutil.copytree(world.home(self.node), copy,
                        ignore=shutil.ignore_patterns("control"))
        for entry, words in world.look_into(self.node, copy).items():
            record = world.records.get(entry)
            if record and record in self.gone and words[0] == "open":
                world.blame(f"{self.node}: {entry[:8]} was erased and opens again")
            if record and record.withdrawn == "no" and record.author == self.node and \
                    words != ["open", str(len(record.sums))]:
                world.blame(f"{self.node}: {entry[:8]} was acknowledged and is {words}")
        shutil.rmtree(copy)

    def check_receipts(self, world):
        field, hub = world.rows("field"), world.rows("hub")
        for record in world.records.values():
            if record.id not in self.receipts or record.withdrawn != "no":
                continue
            if field.get(record.id, {}).get("delivered") != ["hub"]:
                world.blame(f"the receipt of {record.id[:8]} is lost")
            if not hub.get(record.id, {}).get("complete"):
                world.blame(f"the hub gave a receipt for {record.id[:8]} and lost it")

    def round(self, world, rng):
        self.load(world, rng)
        if not self.is_cut:
            raise Failure("the load came to a halt")
        world.kill_all([self.node])
        self.unmount()
        self.mount()
        self.search_image(world)
        self.gone = [record for record in world.records.values() if self.is_erased(world, record)]
        self.look_before_start(world)
        world.unlock([self.node])
        world.gone[self.node].update(record.id for record in self.gone)
        for node in ("field", "hub"):
            world.check_node(node)
        self.check_receipts(world)
        world.check_processes()
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        return ("cut at " + self.last, self.node), True, \
            f"cut of the {self.node} at a {self.last}, after {counts}, " \
            f"{len(self.receipts)} receipts, {len(self.gone)} records erased, " \
            f"{len(self.erased)} keys"
