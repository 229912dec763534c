"""Errors at the n-th call: errors.py [--seed S] [--rounds N] [--path NAME] [--role ROLE]
[--call CALL] [--at N] [--place P] [--how HOW] [--skip-memory] [--part K/N] [--begin N]
[--verbose];
ALL=1: every n, but of a call that is made more than some hundreds of times so many
spread over all; and of what asks for memory the first and the last n of each place,
which is a stack of callers, in the first path that comes there. --part: every N-th of
these faults, from the K-th, so that several runs do all of them. --begin: of these from
the N-th on, to go on with such a run.

A first pass of each path counts the calls of each role, then one of them fails: with
an error, once by EINTR, or by half of what was asked. After each: the command ended
0 and did all of it, or ended as its page says and told why; nothing acknowledged
before is lost, nothing half done is left, no process crashed, none hangs, and the
same command succeeds without the fault. A fault is met when the call came that was
to fail; how many were, and at how many of the calls that the path makes, is told.
Each fault is told in a line that replays it; --call alone tries that call as ALL=1 does.
Output is TAP.
"""
import argparse
import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import time

from errors_paths import PATHS, World
from errors_rig import CALLS

HOWS = {  # of each call: what fails and how; None: half of it
    "open": ("EIO", "ENOSPC", "EMFILE", "EINTR"),
    "read": ("EIO", "EINTR", "short"),
    "write": ("EIO", "ENOSPC", "EINTR", "short"),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "size": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC"),
    "unlink": ("EIO",),
    "make": ("EIO", "ENOSPC"),
    "stat": ("EIO",),
    "memfd": ("ENOMEM", "EMFILE"),
    "send": ("EIO", "EINTR", "short"),
    "receive": ("EIO", "EINTR", "short"),
    "random": ("EINTR",),  # nothing else happens; without it libsodium rightly aborts
    "wait": ("EINTR",),
    "map": ("ENOMEM", "ENOMEM+"),  # +: and all after it
    "allocate": ("ENOMEM", "ENOMEM+"),
}
MEMORY = ("map", "allocate")
FULL = 50  # faults, after which the nodes hold so much that all takes longer
OFTEN = 400  # with ALL=1, of a call that is made more often so many n are tried


class Fault:
    def __init__(self, path, role, call, at, how, place=0):
        self.path, self.role, self.call, self.at, self.how = path, role, call, at, how
        self.place = place  # of which the n-th fails; 0: of all

    def arm(self, page):
        word = self.how.rstrip("+")
        short = word == "short"
        page.arm(self.role, self.call, self.at, short, 0 if short else getattr(errno, word),
                 self.how.endswith("+"), self.place)

    def __str__(self):
        place = f"--place {self.place:#x} " if self.place else ""
        return (f"--path {self.path} --role {self.role} --call {self.call} --at {self.at} "
                f"{place}--how {self.how}")


def count_calls(world, name, roles):
    """Of one run of the path without a fault: role -> call -> how often, and
    role -> call -> place -> how often."""
    counts, places = {}, {}
    for role in roles:
        path = PATHS[name](world)
        path.prepare()
        path.node.page.look(role)
        answer = path.run()
        path.node.page.disarm()
        if answer.code != 0:
            raise RuntimeError(f"{name} fails without a fault: {answer.code} {answer.err}")
        counts[role] = path.node.page.counts()
        places[role] = path.node.page.places()
        wrong = []
        path.ended(answer, wrong)
        if wrong:
            raise RuntimeError(f"{name}, without a fault: {wrong}")
        path.retry(answer, [])
        path.check(answer, [])
    return counts, places


def all_faults(name, counts, places, known):
    for role, calls in counts.items():
        for call, count in calls.items():
            if call in MEMORY:
                for place, times in sorted(places[role].get(call, {}).items()):
                    if (role, place) in known:
                        continue
                    known.add((role, place))
                    for at in sorted({1, times}):
                        for how in HOWS[call][:2 if at == 1 else 1]:
                            yield Fault(name, role, call, at, how, place)
                continue
            step = max(1, count // OFTEN)
            for at in range(1, count + 1, step):
                for how in HOWS[call]:
                    yield Fault(name, role, call, at, how)


def some_faults(rng, name, counts, number):
    """As many kinds of calls as can be, and any n of each: a first one more often
    than another, for little follows it that could notice."""
    kinds = [(role, call) for role, calls in counts.items() for call in CALLS if calls[call]]
    rng.shuffle(kinds)
    for i in range(number):
        role, call = kinds[i % len(kinds)]
        how = rng.choice([how for how in HOWS[call] if f"{role} {how}" not in PATHS[name].slow])
        yield Fault(name, role, call, rng.randint(1, counts[role][call]), how)


def try_fault(world, fault, rng):
    """What went wrong, a list of texts; and whether the fault was met."""
    wrong = []
    path = PATHS[fault.path](world)
    path.prepare()
    world.news()
    fault.arm(path.node.page)
    answer = path.run()
    path.node.page.disarm()
    hits, file = path.node.page.hit()
    path.ended(answer, wrong)
    goes_on = rng.random() < 0.5  # a store that does must be as good as a new one
    if goes_on:
        path.settle()
    else:
        world.reopen(path.stores, wrong)
    path.check(answer, wrong, hits, fault)
    path.retry(answer, wrong)
    if goes_on:
        world.reopen(path.stores, wrong)
        for node in path.stores:
            world.check_held(node, wrong)
    world.check_logs(wrong)
    world.check_old(rng, wrong)
    world.told[(answer.code, bool(hits))] = world.told.get((answer.code, bool(hits)), 0) + 1
    if wrong:
        said = (answer.err or "").strip().replace("\n", " | ")
        wrong.append(f"({hits} failed, on {file or '?'}; it ended {answer.code}: {said[:200]})")
    return wrong, bool(hits)


class Tally:
    """Of one path: faults tried, met, and found wrong; and at which of its calls."""

    def __init__(self, counts):
        self.tried = self.met = self.found = 0
        self.places = set()
        self.calls = sum(sum(calls.values()) for calls in counts.values())

    def __str__(self):
        return f"{self.tried} faults, {self.met} met, at {len(self.places)} of {self.calls} calls"


def choose(name, counts, places, known, args, rng, number):
    """The faults to try, in order. known: (role, place) of the paths before."""
    if args.call and args.at:
        faults = [Fault(name, role, args.call, args.at, how, args.place)
                  for role in counts for how in ([args.how] if args.how else HOWS[args.call])]
    elif args.call or os.environ.get("ALL"):
        faults = all_faults(name, counts, places, known)
    else:
        faults = some_faults(rng, name, counts, number)
    faults = [fault for fault in faults if args.call in (None, fault.call) and
              args.how in (None, fault.how) and
              not (args.skip_memory and fault.call in MEMORY)]
    return faults[args.part[0] - 1::args.part[1]][args.begin - 1:]


def run_path(world, name, known, args, rng, number):
    counts, places = count_calls(world, name, [args.role] if args.role else PATHS[name].roles)
    tally = Tally(counts)
    faults = choose(name, counts, places, known, args, rng, number)
    for fault in faults:
        if tally.tried % FULL == FULL - 1:
            world.renew()
        tally.tried += 1
        if args.verbose:
            print(f"# {fault}", flush=True)
        try:
            wrong, met = try_fault(world, fault, rng)
            tally.met += met
        except Exception as error:  # the node is past use: begin with another
            wrong = [f"{type(error).__name__}: {error}"[:400]]
            world.renew()
        tally.places.add((fault.role, fault.call, fault.place, fault.at))
        if wrong:
            tally.found += 1
            print(f"# {fault}\n" + "\n".join(f"#   {text}" for text in wrong), flush=True)
        if tally.tried % 100 == 0 and (args.verbose or sys.stderr.isatty()):
            print(f"{name}: {tally.tried} of {len(faults)} faults, {tally.met} met, "
                  f"{tally.found} wrong", file=sys.stderr, flush=True)
    return tally


def part(text):
    """K/N, as numbers."""
    first, number = (int(word) for word in text.split("/"))
    if not 1 <= first <= number:
        raise ValueError(text)
    return first, number


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--path", choices=PATHS)
    parser.add_argument("--role")
    parser.add_argument("--call", choices=CALLS)
    parser.add_argument("--at", type=int)
    parser.add_argument("--place", type=lambda text: int(text, 0), default=0)
    parser.add_argument("--how")
    parser.add_argument("--skip-memory", action="store_true")
    parser.add_argument("--part", type=part, default=(1, 1), metavar="K/N")
    parser.add_argument("--begin", type=int, default=1, metavar="N")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # daemons end, nothing is left
    names = [args.path] if args.path else list(PATHS)
    rng = random.Random(args.seed)
    if args.rounds < len(names):  # each time some others
        few = random.Random(args.seed).sample(names, args.rounds)
        names = [name for name in names if name in few]
    print(f"# seed {args.seed}", flush=True)
    top = tempfile.mkdtemp(prefix="evident-errors.")
    world = World(top, rng)
    failed, known = 0, set()
    try:
        for place, name in enumerate(names):
            number = max(1, args.rounds * (place + 1) // len(names) -
                         args.rounds * place // len(names))
            began = time.monotonic()
            tally = run_path(world, name, known, args, rng, number)
            failed += tally.found > 0
            print(f"{'not ok' if tally.found else 'ok'} {place + 1} - {name}: {tally}, nothing "
                  f"lost, none told as done that was not ({time.monotonic() - began:.0f} s)",
                  flush=True)
        print(f"# ended {world.told}\n1..{len(names)}")
    finally:
        world.end()
        if not os.environ.get("KEEP"):
            shutil.rmtree(top)
    return failed > 0


sys.exit(main())
