"""Code of an attacker inside a process of a running daemon: each system call is
made by the real process, under its own filter, its own limits and with its own
descriptors (traced.py makes it do so). TAP. Needs root and x86_64; else skipped.

What is tried is either answered with an error or ends the process, which the
daemon says in one line of its log and starts anew. What can be done is in here,
too, as what it is: allowed.
"""
import ctypes
import errno
import os
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import traced
from traced import Captive, Died, name_of

UID = 12345
ROLES = ("keeper", "store", "courier", "worker")
count = failed = 0


def report(good, claim, why=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {claim}", flush=True)
    if not good:
        print(f"# {why}")


def become_user():
    os.setgroups([])
    os.setgid(UID)
    os.setuid(UID)


def become_older():
    """As above, on a kernel that knows nothing of Landlock."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(0x7FFF0000))
    for call in (444, 445, 446):
        seccomp.seccomp_rule_add(rules, 0x00050000 | errno.ENOSYS, call, 0)
    become_user()
    if seccomp.seccomp_load(rules):
        os._exit(90)


def children(main):
    """role -> its processes."""
    found = {role: [] for role in ROLES}
    for pid in open(f"/proc/{main}/task/{main}/children").read().split():
        words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        if b"--role" in words:
            found[words[2].decode()].append(int(pid))
    return found


def confined(pid):
    return "Seccomp:\t2" in open(f"/proc/{pid}/status").read()


class Daemon:
    def __init__(self, home, become=become_user):
        self.home = home
        self.log = open(home + ".log", "a+")
        self.process = subprocess.Popen(
            [os.path.dirname(home) + "/evidentd", "--home", home], stderr=self.log,
            preexec_fn=become)

    def pid(self, role):
        """When all run, confined, and wait."""
        for _ in range(400):
            try:
                found = children(self.process.pid)
                if all(found[r] and all(map(confined, found[r])) for r in ROLES):
                    time.sleep(0.02)
                    return found[role][0]
            except (OSError, IndexError):
                pass
            time.sleep(0.02)
        sys.exit("Bail out! the daemon does not run")

    def said(self, text):
        self.log.seek(0)
        return self.log.read().count(text)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def with_passphrase(top, *words):
    read, write = os.pipe()
    os.write(write, b"a passphrase of node, long enough\n")
    os.close(write)
    done = subprocess.run([top + "/evident", "--home", top + "/node", *words, "--passphrase-fd",
                           str(read)], pass_fds=[read], preexec_fn=become_user)
    os.close(read)
    if done.returncode:
        sys.exit("Bail out! " + words[0])


def attempt(pid, act):
    """A word: done, the name of an error, or killed."""
    for _ in range(50):
        try:
            with Captive(pid) as captive:
                try:
                    return name_of(act(captive))
                except Died as died:
                    return "killed" if died.args[0] == signal.SIGSYS else f"signal {died}"
        except RuntimeError:
            time.sleep(0.05)
    return "never waited"


def parent(captive):
    return int(re.search(r"PPid:\t(\d+)", open(f"/proc/{captive.pid}/status").read())[1])


def opened(path, flags=os.O_RDONLY):
    return lambda c: c.call(257, -100, path(c) if callable(path) else path, flags, 0o600)


def iovec(captive, address):
    return captive.put(struct.pack("<QQ", address, 8), 3)


def read_other(captive):
    return captive.call(310, parent(captive), iovec(captive, captive.saved["rsp"]), 1,
                        iovec(captive, captive.saved["rsp"]), 1, 0)


def dial(family, address):
    def act(captive):
        fd = captive.call(41, family, socket.SOCK_STREAM, 0)
        return fd if fd < 0 else captive.call(42, fd, address, len(address))
    return act


def all_of(word, **others):
    return dict(dict.fromkeys(ROLES, word), **others)


def make_acts(home, secret):
    inet = struct.pack("<H", socket.AF_INET) + struct.pack(">H", 9) + b"\x7f\0\0\1" + bytes(8)
    inet = bytes(inet)
    here = struct.pack("<H", socket.AF_UNIX) + (home + "/control").encode() + b"\0"
    own = all_of("EACCES", keeper="done", store="done")
    files = all_of("EACCES")
    return [  # answered with an error, or done
        ("open what another file holds", opened(secret), files),
        ("open /etc/passwd", opened("/etc/passwd"), files),
        ("open its own memory as a file", opened("/proc/self/mem", os.O_RDWR), files),
        ("open its parent's memory", opened(lambda c: f"/proc/{parent(c)}/mem"), files),
        ("read another's environment", opened(lambda c: f"/proc/{parent(c)}/environ"), files),
        ("list /proc", opened("/proc", os.O_DIRECTORY), files),
        ("make a file outside", opened(secret + ".new", os.O_CREAT | os.O_WRONLY), files),
        ("open the keyring", opened(home + "/keyring"), own),
        ("map memory to run", lambda c: c.call(9, 0, 4096, 5, 0x22, -1, 0), all_of("EPERM")),
        ("make its stack run", lambda c: c.call(10, c.saved["rsp"] & ~4095, 4096, 7), all_of("EPERM")),
        ("type into a terminal", lambda c: c.call(16, 2, 0x5412, b"x\0"), all_of("ENOTTY")),
        ("raise a limit", lambda c: c.call(302, 0, 7, b"\xff" * 16, 0), all_of("EPERM")),
        ("be dumpable again", lambda c: c.call(157, 4, 1, 0, 0, 0), all_of("EINVAL")),
        ("connect to a program of its machine", dial(socket.AF_UNIX, here),
         all_of("killed", courier="EACCES")),
        ("connect to the network", dial(socket.AF_INET, inet),
         all_of("killed", courier="ECONNREFUSED")),
        ("run a program", lambda c: c.call(59, "/bin/true", 0, 0), all_of("killed")),
        ("make a process", lambda c: c.call(56, 17, 0, 0, 0, 0), all_of("killed")),
        ("trace its parent", lambda c: c.call(101, 16, parent(c), 0, 0), all_of("killed")),
        ("read another's memory", read_other, all_of("killed")),
        ("take another's descriptor", lambda c: c.call(434, parent(c), 0), all_of("killed")),
        ("end another", lambda c: c.call(62, parent(c), 9), all_of("killed")),
        ("become another user", lambda c: c.call(105, 0), all_of("killed")),
        ("make a link", lambda c: c.call(88, "/etc/passwd", home + "/link"), all_of("killed")),
    ]


def try_all(daemon, acts):
    """The daemon that runs in the end."""
    for claim, act, outcomes in acts:
        for role in ROLES:
            pid = daemon.pid(role)
            lines = daemon.said(f"{role} ended by signal")
            got = attempt(pid, act)
            report(got == outcomes[role], f"{role}: {claim}: {outcomes[role]}", got)
            if got == "killed":
                daemon.pid(role)
                report(daemon.said(f"{role} ended by signal") == lines + 1,
                       "and one line says that it ended")
                daemon.end()
                daemon = Daemon(daemon.home)
    return daemon


def without_landlock(home, acts):
    """What then holds: no process names files but keeper and store, which have
    their user's rights; nobody has another process."""
    free = all_of("EACCES", keeper="done", store="done")
    outcomes = {"open what another file holds": free, "open /etc/passwd": free,
                "list /proc": free, "make a file outside": free}
    daemon = Daemon(home, become_older)
    try:
        for _ in range(100):  # it is told once the sandbox closes
            if daemon.said("this kernel has no Landlock"):
                break
            time.sleep(0.1)
        report(daemon.said("this kernel has no Landlock") > 0,
               "a kernel without Landlock is told")
        for claim, act, known in acts:
            if "killed" not in known.values():
                for role in ROLES:
                    wanted = outcomes.get(claim, known)[role]
                    got = attempt(daemon.pid(role), act)
                    report(got == wanted, f"without Landlock, {role}: {claim}: {wanted}", got)
    finally:
        daemon.end()


def word_of_descriptor(pid, fd):
    where = os.readlink(f"/proc/{pid}/fd/{fd}")
    return re.sub(r":\[.*|\.\d+$", "", where)


DESCRIPTORS = {  # in an unlocked node that listens; {} is its home
    "keeper": {"/dev/null", "socket", "{}", "log"},
    "store": {"/dev/null", "socket", "{}", "log", "anon_inode", "pipe", "{}/objects", "{}/keys",
              "{}/evident.db", "{}/evident.db-wal"},
    "courier": {"/dev/null", "socket", "log", "anon_inode", "pipe"},
    "worker": {"/dev/null", "socket", "log"},
}


def check_descriptors(daemon, home):
    for role, pids in children(daemon.process.pid).items():
        for pid in pids[:1]:
            words = {int(fd): word_of_descriptor(pid, fd) for fd in os.listdir(f"/proc/{pid}/fd")}
            here = {word.replace(home + ".log", "log").replace(home, "{}") for word in words.values()}
            report(here <= DESCRIPTORS[role], f"the {role} has open what it should and no more",
                   here - DESCRIPTORS[role])
            report({fd for fd, word in words.items() if word == home + ".log"} <= {2},
                   f"and no more of a log than its end, in the {role}")


CONNECTED = {  # by local sockets, in an unlocked node whom nobody asks
    "keeper": {"supervisor", "store", "worker"},
    "store": {"supervisor", "keeper", "courier", "worker"},
    "courier": {"supervisor", "store"},
    "worker": {"supervisor", "keeper", "store"},
}


def check_connections(daemon):
    """Whose socket has its other end where, as the kernel tells."""
    roles = {str(pid): role for role, pids in children(daemon.process.pid).items() for pid in pids}
    roles[str(daemon.process.pid)] = "supervisor"
    at, other = {}, {}
    for line in subprocess.run(["ss", "-xpnH"], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        words = line.split()
        at[words[5]] = set(re.findall(r"pid=(\d+)", line))
        other[words[5]] = words[7]
    for role, wanted in CONNECTED.items():
        found = {roles.get(peer, "somebody") for end, pids in at.items()
                 if role in {roles.get(pid) for pid in pids}
                 for peer in at.get(other[end], set()) if peer not in pids}
        report(found == wanted, f"the {role} is connected with {', '.join(sorted(wanted))} "
               "and nobody else", found)


def check_limits(daemon):
    for role, pids in children(daemon.process.pid).items():
        limits = open(f"/proc/{pids[0]}/limits").read()
        status = open(f"/proc/{pids[0]}/status").read()
        report(re.search(r"core file size +0 +0", limits) and "NoNewPrivs:\t1" in status,
               f"the {role} leaves no core file and gains no rights")
        report(os.stat(f"/proc/{pids[0]}/mem").st_uid == 0,
               "and is no file that its user may open")


def main():
    if os.geteuid() != 0 or platform.machine() != "x86_64":
        print("1..0 # SKIP it needs root, to be another user and to trace, and x86_64")
        sys.exit(0)
    top = tempfile.mkdtemp(prefix="evident-inside.")
    os.chmod(top, 0o755)
    # Where the user may read them, wherever they were built.
    for name in ("EVIDENT", "EVIDENTD"):
        shutil.copy(os.environ.pop(name), top)
    home, secret = top + "/node", top + "/other/secret"
    os.mkdir(home, 0o700)
    os.chown(home, UID, UID)
    os.mkdir(top + "/other", 0o700)
    with open(secret, "w") as file:
        file.write("of the same user")
    os.chmod(secret, 0o600)
    for path in (secret, top + "/other"):
        os.chown(path, UID, UID)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with_passphrase(top, "init", "--name", "node", "--listen", f"127.0.0.1:{port}")
    daemon = Daemon(home)
    daemon.pid("store")
    try:
        with_passphrase(top, "unlock")
        daemon.pid("store")
        check_descriptors(daemon, home)
        check_connections(daemon)
        check_limits(daemon)
        acts = make_acts(home, secret)
        daemon = try_all(daemon, acts)
        with Captive(daemon.pid("worker")) as captive:
            report(captive.call(1, 2, b"a line\n", 7) == 7,
                   "allowed: anyone inside can write lines into the log")
        with Captive(daemon.pid("store")) as captive:
            fd = captive.call(257, -100, home + "/evident.db", os.O_RDWR, 0)
            report(fd >= 0 and captive.call(87, home + "/evident.db") == 0,
                   "allowed: who is inside the store can destroy the store")
    finally:
        daemon.end()
    try:
        without_landlock(home, acts)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(top)
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
