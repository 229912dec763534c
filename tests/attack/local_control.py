"""Another program of the same user at the control socket: local_control.py HOME
UID. Requests with descriptors of every kind, slow and broken ones, a thousand
connections. Ends with 0 when each was answered or cut off, and a line says what
came of it; what hangs for ten seconds is a failure.
"""
import os
import select
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../scenario"))
from control_wire import INIT, KEY, LAST, LOCK, STATUS, STOP, UNLOCK, frame, request

home, uid = sys.argv[1], int(sys.argv[2])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect("control")
    return sock


def ask(op, fds, text=b""):
    """The length of an answer, 0 when it was cut off."""
    sock = connect()
    body = request(op, text=text)
    try:
        socket.send_fds(sock, [frame(body, len(fds))], fds)
        return len(sock.recv(65536))
    except (ConnectionResetError, BrokenPipeError):
        return 0
    finally:
        sock.close()


def changing():
    """A memory file without seals that another thread writes to all the time."""
    fd = os.memfd_create("changing")
    os.write(fd, b'{"fields":[["statement","a"]],"attachments":[]}')

    def write():
        at = 0
        while at < 5000:
            os.pwrite(copy, b"[]{}\"x"[at % 6:at % 6 + 1], at % 40)
            if at % 1000 == 0:
                os.ftruncate(copy, at % 60)
            at += 1
        os.close(copy)
    copy = os.dup(fd)
    threading.Thread(target=write, daemon=True).start()
    return fd


os.chdir(home)
queue = select.epoll()
kinds = {
    "a directory": lambda: os.open("/", os.O_RDONLY | os.O_DIRECTORY),
    "a path alone": lambda: os.open("/etc/passwd", os.O_PATH),
    "for writing": lambda: os.open("/dev/null", os.O_WRONLY),
    "a device without end": lambda: os.open("/dev/zero", os.O_RDWR),
    "a full device": lambda: os.open("/dev/full", os.O_RDWR),
    "a socket": lambda: socket.socket(socket.AF_UNIX).detach(),
    "the control socket": lambda: connect().detach(),
    "an epoll": lambda: os.dup(queue.fileno()),
    "an event counter": lambda: os.eventfd(0),
    "an empty memory file": lambda: os.memfd_create("empty"),
    "a memory file that changes": changing,
    "a pipe's closed end": lambda: os.pipe()[0],
}
ENDLESS = ("a socket", "the control socket", "a pipe's closed end")
for name, make in kinds.items():
    got = []
    for op in range(1, LAST + 1):
        if op in (LOCK, STOP):  # this user's right
            continue
        if name in ENDLESS and op in (INIT, UNLOCK, KEY):
            continue  # a passphrase is waited for, ten seconds
        for copies in (1, 2, 3):
            fds = [make() for _ in range(copies)]
            got.append(ask(op, fds))
            for fd in fds:
                os.close(fd)
    print(f"{name}: {len(got)} requests, {sum(n > 0 for n in got)} answered")

many, refused = [], 0
for _ in range(1000):
    try:
        many.append(connect())
    except OSError:
        refused += 1
time.sleep(0.5)
for sock in many:
    try:
        sock.settimeout(0.001)
        refused += sock.recv(1) == b""
    except TimeoutError:
        pass
    except OSError:
        refused += 1
print(f"1000 connections: {refused} refused")
if refused < 900:
    sys.exit("a thousand connections were taken")
for sock in many:
    sock.close()
time.sleep(0.3)
slow = [connect() for _ in range(16)]
for sock in slow:
    sock.sendall(b"\0\0\1")
if not ask(STATUS, []):
    sys.exit("half requests held up a whole one")
print("16 half requests: the next is answered")
sock = connect()
sock.sendall(b"\0\0\0\4\0\x30\0\0nonsense")
if sock.recv(1) != b"":
    sys.exit("nonsense was answered")
