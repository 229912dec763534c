"""The randomised scenario: random_run.py [--seed N] [--seeds COUNT] [--keep].

Five nodes capture, meet, are cut off, killed and locked, and lose and repeat
bundles, as a seed says (random_plan.py). Then they meet until nothing changes,
and then it must hold that every audience has exactly its records. Output is TAP.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time

from random_nodes import (BY_HAND, HAS_MICROSOCKS, LINES, NAMES, READERS, TOPOLOGIES, Failure,
                          Microsocks, Proxy, Relays, copy_template, keep_logs,
                          make_template)
from random_plan import make_plan

ROUNDS = 12  # of settling, at most


class Record:
    def __init__(self, author, to, text, sums):
        self.author, self.to, self.text, self.sums = author, set(to), text, sums
        self.id = None
        self.shared = set()  # (by whom, with whom)


class Seed:
    def __init__(self, seed, topology, net, relays):
        self.relays = relays
        self.seed, self.topology, self.net = seed, topology, net
        self.began = time.monotonic()
        self.rng = random.Random(f"bytes {seed}")
        self.records = {}  # number in the plan -> Record
        self.trace = []
        self.work = os.path.join(net.top, "work")
        os.mkdir(self.work)

    def path(self, name):
        return os.path.join(self.work, name)

    # --- the random phase ---

    def attachments(self, number, sizes):
        names, sums = [], []
        for place, size in enumerate(sizes):
            data = self.rng.randbytes(size)
            name = self.path(f"file-{number}-{place}.bin")
            with open(name, "wb") as file:
                file.write(data)
            names.append(name)
            sums.append(hashlib.sha256(data).hexdigest())
        return names, sorted(sums)

    def prepare(self, step):
        for number, to, sizes in step.lines:
            names, sums = self.attachments(number, sizes)
            text = f"seed {self.seed} record {number} by {step.node}"
            self.records[number] = Record(step.node, to, text, sums)
            yield number, to, text, names

    def command(self, step):
        """The arguments of a step's command, or None when there is nothing to do."""
        if step.verb == "capture":
            (_, to, text, names), = self.prepare(step)
            return ["capture", "--field", f"statement={text}",
                    *(word for name in to for word in ("--to", name)),
                    *(word for name in names for word in ("--attach", name))]
        if step.verb == "import":
            path = self.path(f"import-{step.lines[0][0]}.jsonl")
            with open(path, "w") as file:
                for _, to, text, names in self.prepare(step):
                    line = {"fields": {"statement": text}, "attach": names, "to": to}
                    file.write(json.dumps(line) + "\n")
            return ["import", path]
        if step.verb == "sync":
            return ["sync", step.partner]
        if step.verb == "write":
            return ["bundle", "write", step.partner, self.path(f"bundle-{step.bundle}")]
        if step.verb == "read":
            path = self.path(f"bundle-{step.bundle}")
            return ["bundle", "read", path] if os.path.exists(path) else None
        if step.verb == "share":
            record = self.records.get(step.record)
            if not (record and record.id):
                return None
            return ["share", record.id, "--to", step.to, "--override", "a test"]
        return [step.verb]

    def carriers(self, step):
        relay = self.net.ports[step.partner][1]
        self.relays.how[step.partner] = (step.cut, step.both)
        helpers = []
        proxy = self.net.ports["proxy"]
        way = step.way
        if way == "microsocks" and not HAS_MICROSOCKS:
            way = "socks"
        if way == "socks":
            helpers.append(Proxy(proxy, "relay", f"127.0.0.1:{relay}"))
        elif way == "microsocks":
            helpers.append(Microsocks(proxy))
        where = "none" if way == "direct" else f"127.0.0.1:{proxy}"
        self.net.run(step.node, "partner", "proxy", step.partner, where)
        return helpers

    def take_answer(self, step, result):
        """What was acknowledged, whatever became of the command afterwards."""
        if step.verb in ("capture", "import"):
            for (number, _, _), line in zip(step.lines, result.out.split("\n")):
                if len(line.strip()) == 64:
                    self.records[number].id = line.strip()
        elif step.verb == "share" and result.code == 0:
            self.records[step.record].shared.add((step.node, step.to))

    def may_fail(self, step, result):
        """Which ends a command may come to. Nothing may crash or hang."""
        good = {"capture": (0,), "import": (0,), "sync": (0, 5), "write": (0,),
                "read": (0, 5), "share": (0, 1), "lock": (0,), "unlock": (0,)}[step.verb]
        if step.kill or result.code in good:
            return True
        if self.locked & {step.node, getattr(step, "partner", None)}:
            return True
        return step.verb == "sync" and step.cut

    def perform(self, step):
        parts = step.steps if step.verb == "together" else [step]
        helpers, started = [], []
        began = time.monotonic()
        try:
            for part in parts:
                if part.verb == "sync":
                    helpers += self.carriers(part)
                words = self.command(part)
                if words is None:
                    self.trace.append(f"{part}: nothing to do")
                else:
                    started.append((part, self.net.start(
                        part.node, *words, secret=part.verb == "unlock")))
            if step.kill and started:
                role, node, delay, which = step.kill
                time.sleep(delay / 1000)
                self.net.kill(node, role, which)
            ends = [(part, self.net.finish(process)) for part, process in started]
        finally:
            for helper in helpers:
                helper.end()
        for part, result in ends:
            self.trace.append(f"{part}: {time.monotonic() - began:.2f} s, {result}")
            self.take_answer(part, result)
            if not self.may_fail(part, result):
                raise Failure(f"{part}: {result}")
        if step.verb == "lock":
            self.locked.add(step.node)
        elif step.verb == "unlock":
            self.locked.discard(step.node)
        if step.kill and step.kill[1] not in self.locked:
            self.net.unlock([step.kill[1]])

    def run(self):
        self.locked = set()
        self.net.unlock(NAMES)
        self.trace.append(f"open after {time.monotonic() - self.began:.1f} s")
        for step in make_plan(self.seed, self.topology):
            self.perform(step)

    # --- settling ---

    def meet_all(self):
        """Every pair meets once; the ends of those meetings."""
        ends = []
        met = []
        for node, partner in LINES:
            if {node, partner} not in met:
                met.append({node, partner})
                ends.append((node, partner, self.net.run(node, "sync", partner, "--json")))
        for a, b in BY_HAND:
            for one, other in (a, b), (b, a):
                self.count += 1
                path = self.path(f"settle-{self.count}")
                self.net.must(one, "bundle", "write", other, path)
                ends.append((other, one, self.net.run(other, "bundle", "read", path)))
        return ends

    def is_silent(self, end):
        said = json.loads(end.out) if end.code == 0 and end.out else {}
        return said.get("round_trips", 1) == 1 and \
            said.get("sent", 0) + said.get("received", 0) < 1024

    def settle(self):
        """Meet until two rounds tell the same and nobody has anything to say; what
        all nodes then list."""
        self.count = 0
        before = None
        self.net.unlock(NAMES)
        self.relays.how.clear()
        for node, partner in LINES:
            self.net.must(node, "partner", "proxy", partner, "none")
        for _ in range(ROUNDS):
            began = time.monotonic()
            ends = self.meet_all()
            lists = {node: self.net.records(node) for node in NAMES}
            bad = [f"{node} with {partner}: {end}" for node, partner, end in ends
                   if end.code != 0]
            loud = [f"{node} with {partner} says {end.out.strip()}"
                    for node, partner, end in ends if not self.is_silent(end)]
            what = "; ".join(bad + loud)
            self.trace.append(f"settling, {time.monotonic() - began:.1f} s: {what}")
            if lists == before and not what:
                return lists
            before = lists
        raise Failure(f"not settled after {ROUNDS} rounds: {what}")

    # --- what must hold ---

    def take_unacknowledged(self, lists):
        """A capture whose answer was lost with a process may be there or not. If it
        is, its reader finds the words of one such capture in it."""
        known = {record.id: record for record in self.records.values() if record.id}
        open_ones = [record for record in self.records.values() if not record.id]
        for node in NAMES:
            for entry, row in lists[node].items():
                if not row["own"] or entry in known:
                    continue
                for record in open_ones:
                    if record.author == node and record.to == set(row["to"]) and \
                            len(record.sums) == row["attachments"] and \
                            self.is_text(entry, record):
                        record.id = entry
                        known[entry] = record
                        break
                if entry in known:
                    open_ones.remove(known[entry])
        return known

    def is_text(self, entry, record):
        for node in sorted(READERS):
            result = self.net.run(node, "show", entry, "--json")
            if result.code == 0:
                return dict(json.loads(result.out)["fields"])["statement"] == record.text
        return False

    def holders(self, record):
        """Who must hold it, and who of them can read it."""
        mirrors = self.topology.mirrors
        got = set(record.to)
        changed = True
        while changed:
            more = {node for by, node in record.shared}
            for node in got | more:
                more |= mirrors.get(node, set())
            more = (more | got) - {record.author}
            changed, got = more != got, more
        cards = [self.topology.cards[node] for node in
                 record.to | {node for _, node in record.shared}]
        can = set().union(*cards) | ({record.author} & READERS)
        return got | {record.author}, can & (got | {record.author})

    def judge(self, lists):
        """Claims with what speaks against each."""
        known = self.take_unacknowledged(lists)
        claims = {claim: [] for claim in (
            "every audience holds its records, whole", "nobody holds any other",
            "every sender knows them delivered", "who may read reads the right words and files",
            "who may not read cannot", "exports verify", "no fork was told of",
            "no file is left that belongs to no record")}
        for record in known.values():
            self.judge_record(record, lists, claims)
        for node in NAMES:
            self.judge_node(node, lists, known, claims)
        return claims

    def judge_record(self, record, lists, claims):
        have, can = self.holders(record)
        what = f"{record.text} ({record.id[:8]}, to {sorted(record.to)}, " \
               f"shared {sorted(record.shared)})"
        for node in NAMES:
            row = lists[node].get(record.id)
            if node in have and not (row and row["complete"]):
                claims["every audience holds its records, whole"].append(
                    f"{node} lacks {what}" + (", has a part" if row else ""))
            elif node not in have:
                sealed = self.net.run(node, "show", record.id, "--sealed",
                                      self.path(f"none-{node}-{record.id[:16]}"))
                if row or sealed.code != 1:
                    claims["nobody holds any other"].append(f"{node} has {what}: {sealed}")
            elif node not in can:
                if self.net.run(node, "show", record.id).code == 0:
                    claims["who may not read cannot"].append(f"{node} reads {what}")
            elif row:
                self.judge_reading(node, record, what, claims)
        row = lists[record.author].get(record.id, {"to": [], "delivered": []})
        wanted = record.to | {to for by, to in record.shared if by == record.author}
        if set(row["to"]) != wanted or set(row["delivered"]) != wanted:
            claims["every sender knows them delivered"].append(
                f"{what}: to {row['to']}, delivered {row['delivered']}")
        for by, to in record.shared:
            if to not in lists[by].get(record.id, {"delivered": []})["delivered"]:
                claims["every sender knows them delivered"].append(f"{what}: {by} to {to}")

    def judge_reading(self, node, record, what, claims):
        folder = self.path(f"open-{node}-{record.id[:16]}")
        result = self.net.run(node, "show", record.id, "--json", "--attachments", folder)
        wrong = None
        if result.code != 0:
            wrong = str(result)
        else:
            text = dict(json.loads(result.out)["fields"])["statement"]
            sums = []
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                with open(os.path.join(folder, name), "rb") as file:
                    sums.append(hashlib.sha256(file.read()).hexdigest())
            if text != record.text or sorted(sums) != record.sums:
                wrong = f"reads {text!r} and {len(sums)} files"
        if wrong:
            claims["who may read reads the right words and files"].append(
                f"{node} of {what}: {wrong}")

    def judge_node(self, node, lists, known, claims):
        for entry, row in lists[node].items():
            if entry not in known:
                claims["nobody holds any other"].append(f"{node} lists {entry[:8]}: {row}")
        status = json.loads(self.net.must(node, "status", "--json"))
        claims["no fork was told of"] += [f"{node}: {w}" for w in status["warnings"]
                                          if "two ways" in w or "fork" in w]
        wanted = sum(row["attachments"] for row in lists[node].values())
        there = sum(len(files) for _, _, files in
                    os.walk(os.path.join(self.net.home(node), "objects")))
        if wanted != there:
            claims["no file is left that belongs to no record"].append(
                f"{node}: {there} files for {wanted} attachments")
        readable = sorted(record.id for record in known.values()
                          if node in self.holders(record)[1] and record.id in lists[node])
        if not readable:
            return
        bag = self.path("bag-" + node)
        result = self.net.run(node, "export", *readable, "--to", bag, "--disclose-all")
        if result.code == 0:
            result = self.net.run(node, "verify", bag)
        if result.code != 0:
            claims["exports verify"].append(f"{node}: {result}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the homes and logs of what failed")
    parser.add_argument("--trace", action="store_true")
    args = parser.parse_args()
    top = tempfile.mkdtemp(prefix="evident-random.")
    if args.keep:
        keep_logs(top)
    templates, relays = {}, {}
    count = failed = 0

    def report(good, claim, against=()):
        nonlocal count, failed
        count += 1
        failed += not good
        print(f"{'ok' if good else 'not ok'} {count} - {claim}", flush=True)
        for line in against:
            print("#   " + str(line).replace("\n", " "), flush=True)

    for seed in range(args.seed, args.seed + args.seeds):
        topology = TOPOLOGIES[seed % len(TOPOLOGIES)]
        if topology.name not in templates:
            templates[topology.name] = make_template(
                os.path.join(top, "template-" + topology.name), topology)
        began = time.monotonic()
        net = copy_template(templates[topology.name], os.path.join(top, f"seed-{seed}"))
        if topology.name not in relays:
            relays[topology.name] = Relays(net.ports)
        run = Seed(seed, topology, net, relays[topology.name])
        before = failed
        times = [began]
        try:
            run.run()
            times.append(time.monotonic())
            lists = run.settle()
            times.append(time.monotonic())
            report(True, f"seed {seed} ({topology.name}) settles")
            for claim, against in run.judge(lists).items():
                report(not against, f"seed {seed}: {claim}", against)
        except Failure as failure:
            report(False, f"seed {seed} ({topology.name}): {failure}")
        finally:
            times.append(time.monotonic())
            net.stop()
        times.append(time.monotonic())
        parts = ", ".join(f"{b - a:.1f} s" for a, b in zip(times, times[1:]))
        print(f"# seed {seed}: {len([r for r in run.records.values() if r.id])} records; {parts}",
              flush=True)
        if args.trace or failed > before:
            for number, line in enumerate(run.trace):
                print(f"# {number}: {line}".replace("\n", " "), flush=True)
        if not (args.keep and failed > before):
            shutil.rmtree(net.top)
    if args.keep and failed:
        print(f"# kept: {top}")
    else:
        shutil.rmtree(top)
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


main()
