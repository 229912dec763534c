"""torture.py [--minutes N] [--seed S] [--only KIND] [--batches N] [--rounds N]
[--keep] [--tap]: faults, made on purpose, until the time is over.

A batch is some rounds of one kind on homes of its own, then all must agree and
nothing be lost. The seed of a batch decides what is done in each of its rounds
and where the fault comes: `--seed S --batches 1 --only KIND` does a batch again
(how many calls something takes differs a little from run to run, and with it
the very call that is met). Ends with a table, and 1 when anything was lost.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

os.environ["EVIDENT_TORTURE"] = str(os.getpid())
from torture_nodes import NAMES, Failure, copy_template, make_template  # noqa: E402
import kill_rounds  # noqa: E402
import power_rounds  # noqa: E402
import random_nodes  # noqa: E402

KINDS = ["kill", "kill", "power-ext4", "kill", "kill", "power-xfs"]


class Table:
    """(kind, operation, process) -> times tried, times met, times lost."""

    def __init__(self):
        self.lines = {}

    def add(self, key, met, lost):
        line = self.lines.setdefault(key, [0, 0, 0])
        line[0] += 1
        line[1] += met
        line[2] += lost

    def sum(self, kind):
        """Times tried, met, lost, of all rounds of a kind."""
        counts = [line for (its, name, _), line in self.lines.items()
                  if its == kind and name != "(batch)"]
        return [sum(column) for column in zip(*counts)]

    def print(self):
        print(f"# {'kind':11} {'operation':17} {'process':15} {'tried':>6} {'met':>6} {'lost':>6}")
        for (kind, name, process), counts in sorted(self.lines.items()):
            print(f"# {kind:11} {name:17} {process:15} "
                  f"{counts[0]:6} {counts[1]:6} {counts[2]:6}")
        for kind in sorted(set(KINDS)):
            counts = self.sum(kind)
            if counts:
                print(f"# {kind:11} {'all':17} {'':15} "
                      f"{counts[0]:6} {counts[1]:6} {counts[2]:6}")


class Run:
    def __init__(self, args):
        self.args, self.table = args, Table()
        self.top = tempfile.mkdtemp(prefix="evident-torture.")
        self.template = None
        self.calls = {}
        self.failed = self.count = 0
        self.until = time.monotonic() + (args.minutes or 0) * 60

    def report(self, against, claim):
        self.count += 1
        self.failed += bool(against)
        print(f"{'not ok' if against else 'ok'} {self.count} - {claim}")
        for line in against:
            print(f"#   {line}", flush=True)

    def check_met(self):
        """Faults of which none came show nothing."""
        for kind in sorted(set(KINDS)):
            counts = self.table.sum(kind)
            if counts and not counts[1]:
                self.report(["none was met"], f"{kind}: some of {counts[0]} faults are met")

    def over(self):
        return self.args.minutes and time.monotonic() > self.until

    def guard(self, world, work):
        """Do it; what it could not do counts as lost."""
        try:
            return work()
        except Failure as failure:
            world.blame(failure)
            world.blame(subprocess.run(
                ["tail", "-n", "3"] + [f"{world.home(node)}.log" for node in NAMES],
                capture_output=True, text=True, errors="replace").stdout)
        except Exception:
            world.blame(traceback.format_exc())
        return None

    def learn(self):
        """How many calls each operation takes, without a fault."""
        world = copy_template(self.template, os.path.join(self.top, "learn"))
        try:
            self.guard(world, lambda: (world.unlock(NAMES),
                                       kill_rounds.Kill(self.calls).learn(world)))
            if world.against:
                self.report(world.against, "kill: each operation, without a kill")
        finally:
            world.kill_all()
            shutil.rmtree(world.top, ignore_errors=True)

    def batch(self, kind, seed):
        if not self.template:
            self.template = make_template(os.path.join(self.top, "template"))
        if kind == "kill" and not self.calls:
            self.learn()
        top = os.path.join(self.top, f"{kind}-{seed}")
        rng = random.Random(f"{kind} {seed}")
        if kind == "kill":
            rounds = kill_rounds.Kill(self.calls)
            world = copy_template(self.template, top)
        else:
            rounds = power_rounds.Power(kind.split("-")[1], top, rng)
            world = copy_template(self.template, top, rounds.begin())
            rounds.sync()
        failed = self.failed
        try:
            self.guard(world, lambda: world.unlock(NAMES))
            if not self.rounds(kind, seed, rounds, world, rng):
                return
            began, world.against = time.monotonic(), []
            self.guard(world, lambda: world.settle(kind == "kill"))
            self.guard(world, world.check_logs)
            self.table.add((kind, "(batch)", "settled"), 1, bool(world.against))
            self.report(world.against, f"{kind}, seed {seed}: all meet, and nothing is lost "
                        f"of {len(world.records)} records; {time.monotonic() - began:.1f} s")
        finally:
            world.kill_all()
            if kind != "kill":
                rounds.end()
            if not (self.args.keep and self.failed > failed):
                shutil.rmtree(top, ignore_errors=True)

    def rounds(self, kind, seed, rounds, world, rng):
        """Whether the nodes are in a state to go on from."""
        for number in range(self.args.rounds or (25 if kind == "kill" else 4)):
            world.against = []
            own = random.Random(f"{kind} {seed} {number} {rng.random()}")
            done = self.guard(world, lambda: rounds.round(world, own))
            key, met, said = done or (("(broken off)", ""), False, "broken off")
            self.table.add((kind, *key), met, bool(world.against))
            self.report(world.against, f"{kind}, seed {seed} round {number}: {said}")
            if world.against or self.over():
                return done is not None
        return True

    def all(self):
        kinds = [kind for kind in KINDS if kind.startswith(self.args.only)]
        seed = self.args.seed
        while not self.over() and (not self.args.batches or
                                   seed < self.args.seed + self.args.batches):
            kind = self.args.only if self.args.only in KINDS else kinds[seed % len(kinds)]
            why = power_rounds.missing(kind)
            if why and self.args.tap:
                print(f"1..0 # SKIP {why}")
                sys.exit(0)
            if why:
                self.report([why], f"{kind}, seed {seed}: THIS COULD NOT BE TRIED")
                time.sleep(1)
            else:
                print(f"# {kind}, seed {seed}", flush=True)
                self.batch(kind, seed)
            seed += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--only", default="", metavar="KIND",
                        help=" or ".join(sorted(set(KINDS)) + ["power"]))
    parser.add_argument("--batches", type=int, help="1 without --minutes")
    parser.add_argument("--rounds", type=int, help="of each batch")
    parser.add_argument("--keep", action="store_true", help="the homes of what failed")
    parser.add_argument("--tap", action="store_true", help="skip what cannot be tried")
    args = parser.parse_args()
    if not any(kind.startswith(args.only) for kind in KINDS):
        parser.error(f"no such kind: {args.only}")
    if not args.minutes and not args.batches:
        args.batches = 1
    power_rounds.enter_namespace()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    random_nodes.PATIENCE = 60  # seconds for what takes five
    run = Run(args)
    random_nodes.keep_logs(run.top)
    try:
        run.all()
        run.check_met()
    finally:
        if args.keep and run.failed:
            print(f"# kept: {run.top}")
        else:
            shutil.rmtree(run.top, ignore_errors=True)
    run.table.print()
    print(f"1..{run.count}")
    sys.exit(1 if run.failed else 0)


main()
