"""Nodes for the randomised scenario: who they are, whom they know, and how to
run, kill and open them.

A template of the five homes is made once for each topology and copied for each
seed, because making keys and comparing cards costs more than a whole seed.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import cutter

EVIDENT = os.environ["EVIDENT"]
HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 200  # seconds for one command: more is a hang (a wait of the daemon ends at 120)

NAMES = ["field1", "field2", "hub", "desk", "office"]
READERS = {"desk", "office"}
LISTENING = {"hub", "office"}
# Who may dial whom. field1-desk and field2-office have no network.
LINES = [("field1", "hub"), ("field2", "hub"), ("desk", "hub"), ("office", "hub"),
         ("hub", "office"), ("field1", "office"), ("desk", "office")]
BY_HAND = [("field1", "desk"), ("field2", "office")]
PAIRS = sorted({tuple(sorted(pair)) for pair in LINES + BY_HAND})


class Topology:
    """Which readers stand on whose card, and who mirrors whom."""

    def __init__(self, name, cards, mirrors):
        self.name, self.cards, self.mirrors = name, cards, mirrors

    def partners(self, node):
        return [b if a == node else a for a, b in PAIRS if node in (a, b)]

    def audiences(self, node):
        return [other for other in self.partners(node) if self.cards[other]]


TOPOLOGIES = [
    # Two organisations that trust each other with what is addressed.
    Topology("apart", {"field1": set(), "field2": set(), "hub": {"desk"},
                       "desk": {"desk"}, "office": {"office"}},
             {"hub": {"desk"}}),
    # The office keeps a copy of all that the hub has, and the desk of both.
    Topology("chain", {"field1": set(), "field2": set(), "hub": {"desk", "office"},
                       "desk": {"desk"}, "office": {"desk", "office"}},
             {"hub": {"desk", "office"}, "office": {"desk"}}),
]


class Failure(Exception):
    pass


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit {self.code}: {self.err.strip() or self.out.strip()[:300]}"


def keep_logs(top):
    """Daemons that are started from now on tell all they can, into HOME.log."""
    wrapper = os.path.join(top, "evidentd")
    with open(wrapper, "w") as file:
        file.write('#!/bin/sh\n'
                   'for word; do [ "$last" = --home ] && home=$word; last=$word; done\n'
                   f'exec "{os.environ["EVIDENTD"]}" "$@" 2>>"$home.log"\n')
    os.chmod(wrapper, 0o700)
    os.environ.update(EVIDENTD=wrapper, EVIDENTD_DEBUG="1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command_lines():
    """pid -> (parent, words) of all that run an evidentd."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
            with open(f"/proc/{pid}/stat") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if os.path.basename(words[0]) == "evidentd":
            found[int(pid)] = (parent, words)
    return found


def processes(home):
    """pid -> role of every process of the daemon of a home."""
    lines = command_lines()
    mains = {pid for pid, (_, words) in lines.items()
             if "--home" in words and words[words.index("--home") + 1] == home}
    found = {pid: "main" for pid in mains}
    for pid, (parent, words) in lines.items():
        if parent in mains and "--role" in words:
            found[pid] = words[words.index("--role") + 1]
    return found


class Net:
    """The five nodes under one directory, and the ports they are found at."""

    def __init__(self, top, ports):
        self.top, self.ports = top, ports

    def home(self, node):
        return os.path.join(self.top, node)

    def start(self, node, *args, secret=False, stdin=None):
        command = [EVIDENT, "--home", self.home(node), *args]
        if secret:
            command += ["--passphrase-fd", "0"]
            stdin = f"a passphrase of {node}, long enough\n"
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        process.secret_input = stdin or ""
        return process

    def finish(self, process):
        try:
            out, err = process.communicate(process.secret_input, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"this hangs: {process.args}")
        return Result(process.returncode, out, err)

    def run(self, node, *args, **options):
        return self.finish(self.start(node, *args, **options))

    def must(self, node, *args, **options):
        result = self.run(node, *args, **options)
        if result.code != 0:
            raise Failure(f"{node} {' '.join(args)}: {result}")
        return result.out

    def state(self, node):
        result = self.run(node, "status", "--json")
        return json.loads(result.out)["state"] if result.code == 0 else None

    def unlock(self, nodes):
        """Open these, at the same time. A process that was killed may be starting
        anew, and come back open: a passphrase costs a second."""
        deadline = time.monotonic() + PATIENCE
        closed = list(nodes)
        while closed:
            states = {node: self.state(node) for node in closed}
            ready = [node for node in closed if states[node] == "locked" or
                     not (states[node] or processes(self.home(node)))]
            for process in [self.start(node, "unlock", secret=True) for node in ready]:
                self.finish(process)
            closed = [node for node in closed if states[node] != "open"]
            if closed and time.monotonic() > deadline:
                raise Failure(f"does not open again: {closed}")
            if closed and not ready:
                time.sleep(0.02)

    def kill(self, node, role, which):
        """kill -9 one process of that role; True when there was one."""
        pids = sorted(pid for pid, its in processes(self.home(node)).items() if its == role)
        if not pids:
            return False
        try:
            os.kill(pids[which % len(pids)], signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def records(self, node):
        return {record["id"]: record
                for record in json.loads(self.must(node, "list", "--json"))["records"]}

    def stop(self):
        for process in [self.start(node, "stop") for node in NAMES]:
            try:
                process.communicate(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
        for node in NAMES:
            for pid in processes(self.home(node)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


class Relays:
    """cutter.py before every node that listens; a meeting says how to cut."""

    def __init__(self, ports):
        self.how = {}
        for node in LISTENING & set(ports):
            threading.Thread(target=self.accept_all, args=(node, *ports[node]),
                             daemon=True).start()

    def accept_all(self, node, real, place):
        server = cutter.listen(place)
        while True:
            near = server.accept()[0]
            limit, both = self.how.get(node, (0, False))
            threading.Thread(target=cutter.serve, args=(near, real, limit, both),
                             daemon=True).start()


class Proxy:
    """socks_server.py, while a meeting goes by way of it."""

    def __init__(self, *args):
        command = [sys.executable, "-S", os.path.join(HERE, "socks_server.py"), *map(str, args)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()  # "ready"

    def end(self):
        self.process.kill()
        self.process.communicate()


class Microsocks:
    """A proxy that we did not write."""

    def __init__(self, port):
        self.process = subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise Failure("microsocks does not run")
                time.sleep(0.01)

    def end(self):
        self.process.kill()
        self.process.wait()


HAS_MICROSOCKS = shutil.which("microsocks") is not None


def make_template(top, topology):
    """Five homes that know each other; stopped."""
    ports = {node: (free_port(), free_port()) for node in sorted(LISTENING)}
    ports["proxy"] = free_port()
    os.makedirs(top)
    net = Net(top, ports)
    try:
        for node in NAMES:
            options = ["--reader"] if node in READERS else []
            if node in LISTENING:
                real, relay = ports[node]
                options += ["--listen", f"127.0.0.1:{real}", "--address", f"127.0.0.1:{relay}"]
            net.must(node, "init", "--name", node, *options, secret=True)
        net.unlock(NAMES)
        own = {node: [line.split()[1] for line in net.must(node, "card").split("\n")
                      if line.startswith("reader ")] for node in NAMES}
        for node in NAMES:
            for reader in sorted(topology.cards[node] - {node}):
                net.must(node, "card", "add-reader", own[reader][0])
        for node in NAMES:
            net.must(node, "card", "--out", os.path.join(top, node + ".card"))
        for a, b in PAIRS:
            for one, other in (a, b), (b, a):
                mirror = ["--mirror"] if other in topology.mirrors.get(one, ()) else []
                net.must(one, "partner", "add", os.path.join(top, other + ".card"), *mirror)
            number = net.must(a, "partner", "compare", b).strip()
            net.must(a, "partner", "compare", b, number)
            net.must(b, "partner", "compare", a, number)
    finally:
        net.stop()
    return net


def copy_template(template, top):
    os.makedirs(top)
    for node in NAMES:
        source, target = template.home(node), os.path.join(top, node)
        os.mkdir(target, 0o700)
        for name in os.listdir(source):
            path = os.path.join(source, name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(target, name))
            elif os.path.isfile(path):
                shutil.copy2(path, target)
    return Net(top, template.ports)
