"""What a seed does: a list of steps that depends on nothing but the seed, so that
a replay makes the same choices however fast the machine is.

Steps name records and bundles by their number in the plan. A step whose record or
bundle never came to be (its node was locked or was killed) does nothing.
"""
import random

from random_nodes import BY_HAND, LINES, NAMES, READERS

ROLES = ["worker", "courier", "store", "keeper", "main"]
STEPS = 28
KILLS = 3  # of one seed: each may cost an unlocking


class Step:
    def __init__(self, verb, node, **details):
        self.verb, self.node, self.kill = verb, node, None
        self.__dict__.update(details)

    def __str__(self):
        if self.verb == "together":
            return "together: " + " | ".join(map(str, self.steps))
        words = [f"{key}={value}" for key, value in sorted(self.__dict__.items())
                 if key not in ("verb", "node", "kill") and value not in (None, 0, False)]
        if self.kill:
            words.append("kill={}@{} after {} ms".format(*self.kill[:3]))
        return f"{self.node} {self.verb} {' '.join(words)}"


def some_size(rng):
    """Bytes of an attachment: the edges, the usual, and now and then much."""
    return rng.choice([0, 1, rng.randrange(2, 5000), rng.randrange(2, 5000),
                       65536, rng.randrange(5000, 400000), rng.randrange(5000, 400000),
                       rng.randrange(1000000, 4000000)])


class Planner:
    def __init__(self, seed, topology):
        self.rng = random.Random(f"evident {seed}")
        self.topology = topology
        self.records = 0  # so far
        self.written = []  # bundles: (number, for whom)
        self.kills = KILLS
        self.locked = {}  # node -> steps until it is unlocked

    def capture(self):
        rng = self.rng
        node = rng.choice(NAMES + ["field1", "field2"])
        count = 1 if rng.random() < 0.8 else rng.randrange(2, 5)
        lines = []
        for _ in range(count):
            known = self.topology.audiences(node)
            to = sorted(rng.sample(known, rng.randrange(1, len(known) + 1)))
            if node in READERS and rng.random() < 0.2:
                to = []
            sizes = [some_size(rng) for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))]
            lines.append((self.records, to, sizes))
            self.records += 1
        return Step("capture" if count == 1 else "import", node, lines=lines)

    def meet(self):
        rng = self.rng
        node, partner = rng.choice(LINES)
        cut = rng.choice([0, 0, 1, 1]) * int(10 ** rng.uniform(2.5, 6.5))
        return Step("sync", node, partner=partner, cut=cut,
                    both=rng.random() < 0.5,
                    way=rng.choice(["direct", "direct", "socks", "microsocks"]))

    def write(self):
        rng = self.rng
        a, b = rng.choice(BY_HAND * 2 + LINES)
        if rng.random() < 0.5:
            a, b = b, a
        number = len(self.written)
        self.written.append((number, b))
        return Step("write", a, partner=b, bundle=number)

    def read(self):
        """One of the newest, or an old one again. What is never read is lost."""
        if not self.written:
            return self.write()
        pool = self.written[-4:] if self.rng.random() < 0.7 else self.written
        number, node = self.rng.choice(pool)
        return Step("read", node, bundle=number)

    def share(self):
        rng = self.rng
        if not self.records:
            return self.capture()
        node = rng.choice(sorted(READERS))
        return Step("share", node, record=rng.randrange(self.records),
                    to=rng.choice(self.topology.audiences(node)))

    def together(self):
        """Two or three commands at the same time, of different nodes."""
        rng = self.rng
        steps = []
        for _ in range(rng.choice([2, 2, 3])):
            step = rng.choice([self.capture, self.meet, self.meet, self.write, self.read])()
            if step.verb == "sync":
                step.way = "direct"
                for other in steps:  # one line has one way of being cut
                    if getattr(other, "partner", None) == step.partner and other.verb == "sync":
                        step.cut, step.both = other.cut, other.both
            if step.node not in [other.node for other in steps]:
                steps.append(step)
        return Step("together", steps[0].node, steps=steps)

    def lock(self):
        node = self.rng.choice(NAMES)
        self.locked[node] = self.rng.randrange(2, 5)
        return Step("lock", node)

    def unlocks(self):
        for node in sorted(self.locked):
            self.locked[node] -= 1
            if self.locked[node] <= 0:
                del self.locked[node]
                yield Step("unlock", node)

    def add_kill(self, step):
        parts = step.steps if step.verb == "together" else [step]
        others = [part.node for part in parts] + \
            [part.partner for part in parts if part.verb == "sync"]
        step.kill = (self.rng.choice(ROLES), self.rng.choice(others),
                     int(10 ** self.rng.uniform(0.3, 2.5)), self.rng.randrange(4))
        for part in parts:
            part.kill = step.kill
        self.kills -= 1

    def plan(self):
        rng = self.rng
        steps = [self.capture(), self.capture()]
        for _ in range(STEPS):
            steps.extend(self.unlocks())
            make = rng.choices([self.capture, self.meet, self.write, self.read,
                                self.share, self.together, self.lock],
                               [24, 26, 12, 18, 6, 14, 2])[0]
            step = make()
            if self.kills and step.verb not in ("lock", "share") \
                    and rng.random() < 0.12:
                self.add_kill(step)
            steps.append(step)
        return steps


def make_plan(seed, topology):
    return Planner(seed, topology).plan()
