"""socks_server.py PORT MODE [TARGET]: a proxy for one purpose, a line an event.

MODE relay: SOCKS5 with a password; whatever is asked for, TARGET (HOST:PORT) is
what it connects to. Prints "ready", then "ask HOST PORT PASSWORD" for each.
MODE hang: accepts and says nothing. MODE refuse: says that it cannot connect.
MODE babble: answers what no proxy would. MODE eager: says more than it should.
"""
import socket
import sys
import threading

port, mode = int(sys.argv[1]), sys.argv[2]


def exactly(peer, size):
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def pump(source, sink):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # one end is gone: the other must not wait for it
        for end in source, sink:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def negotiate(peer):
    version, count = exactly(peer, 2)
    methods = exactly(peer, count)
    if version != 5 or 2 not in methods:
        raise EOFError
    peer.sendall(b"\x05\x02")
    _, length = exactly(peer, 2)
    user = exactly(peer, length)
    password = exactly(peer, exactly(peer, 1)[0])
    peer.sendall(b"\x01\x00")
    _, command, _, kind = exactly(peer, 4)
    if kind == 3:
        host = exactly(peer, exactly(peer, 1)[0]).decode()
    else:
        family = socket.AF_INET if kind == 1 else socket.AF_INET6
        host = socket.inet_ntop(family, exactly(peer, 4 if kind == 1 else 16))
    number = int.from_bytes(exactly(peer, 2), "big")
    print("ask", host, number, (user + b":" + password).decode(), flush=True)


def serve(peer):
    try:
        if mode == "hang":
            peer.recv(1 << 20)
            threading.Event().wait()
        if mode == "babble":
            peer.sendall(b"HTTP/1.0 400 this is no SOCKS\r\n\r\n")
            peer.recv(1 << 20)
            return
        negotiate(peer)
        if mode == "refuse":
            peer.sendall(b"\x05\x05\x00\x01" + bytes(6))
            return
        host, number = sys.argv[3].rsplit(":", 1)
        target = socket.create_connection((host, int(number)))
        extra = b"more" if mode == "eager" else b""
        # A bound address that is a name: as long as answers can be.
        peer.sendall(b"\x05\x00\x00\x03\xff" + b"n" * 255 + bytes(2) + extra)
        back = threading.Thread(target=pump, args=(target, peer), daemon=True)
        back.start()
        pump(peer, target)
        back.join()
    except (EOFError, OSError):
        pass
    finally:
        peer.close()


listener = socket.create_server(("127.0.0.1", port))
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
