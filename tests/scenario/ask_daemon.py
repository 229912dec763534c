"""What another client than ours could ask of a daemon: the control protocol by
hand (proto/wire/control.h). Nothing that comes out of a record is kept.

ask_daemon.py HOME OPERATION...     one connection; for each operation a line
    share:ID:PARTNER:DETAIL         with what the daemon answers: its exit code
    read:ID  export:ID              and its error
    object-read:ID:DIGEST  object-export:ID:DIGEST
"""
import array
import os
import socket
import struct
import sys

from control_wire import OPEN, OPEN_OBJECT, SHARE, frame, request


def take_all(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            sys.exit("the daemon hung up")
        data += part
    return data


def take(sock):
    """(last, exit, error) of a reply."""
    length, _, _, _ = struct.unpack(">IHBB", take_all(sock, 8))
    body, at, found = take_all(sock, length), 0, {}

    def number():
        nonlocal at
        value = shift = 0
        while True:
            value |= (body[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if body[at - 1] < 128:
                return value

    while at < length:
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, at = body[at : at + value], at + value
        found[tag >> 3] = value
    return found[1], found[2], found[3].decode()


def ask(sock, body, fd=None):
    fds = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
    data = frame(body, len(fds))
    sent = sock.sendmsg([data], fds)
    sock.sendall(data[sent:])
    last = 0
    while not last:
        last, code, error = take(sock)
    return code, error


def operation(sock, words):
    what, record = words[0], words[1]
    if what == "share":
        return ask(sock, request(SHARE, text=record.encode(), blob=":".join(words[3:]).encode(), names=[words[2].encode()]))
    op = OPEN_OBJECT if what.startswith("object-") else OPEN
    blob = bytes.fromhex(words[2]) if op == OPEN_OBJECT else b""
    fd = os.memfd_create("out")
    answer = ask(sock, request(op, int(what.endswith("export")), record.encode(), blob), fd)
    os.close(fd)
    return answer


sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
os.chdir(sys.argv[1])
sock.connect("control")
for argument in sys.argv[2:]:
    code, error = operation(sock, argument.split(":"))
    print(code, error, sep=" ", end="\n")
