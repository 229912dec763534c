"""A TCP relay that cuts the line:
cutter.py LISTEN-PORT TARGET-PORT BYTES [both | still].

Each connection is cut after BYTES (0: never) have passed from the dialler to the
target; with "both", in either direction. With "still" the first one, alone, stands
still then: neither end hears of the other any more, nor that it is gone.
"""
import select
import socket
import sys
import threading


def relay(near, far, limit, both):
    passed = 0
    while not limit or passed < limit:
        for source in select.select([near, far], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (far if source is near else near).sendall(data)
            if both or source is near:
                passed += len(data)


def serve(near, target, limit, both, still=False):
    try:
        with near, socket.create_connection(("127.0.0.1", target)) as far:
            relay(near, far, limit, both)
            if still:
                print("still", flush=True)
                threading.Event().wait()
    except OSError:
        pass  # an end that was killed: the line is cut


def listen(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(8)
    return server


def accept_all(server, *how):
    while True:
        near = server.accept()[0]
        threading.Thread(target=serve, args=(near, *how), daemon=True).start()


if __name__ == "__main__":
    place, target_port, most = (int(word) for word in sys.argv[1:4])
    listener = listen(place)
    print("ready", flush=True)
    if sys.argv[4:] == ["still"]:
        first = (listener.accept()[0], target_port, most, False, True)
        threading.Thread(target=serve, args=first, daemon=True).start()
        most = 0
    accept_all(listener, target_port, most, sys.argv[4:] == ["both"])
