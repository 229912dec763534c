"""A TCP relay that cuts the line at random places and counts what passes:

links_relay.py LISTEN-PORT TARGET-PORT BYTES CUTS SEED COUNT-FILE [after|back BYTES]

The first CUTS connections are cut where the dialler has sent BYTES as far as a random
place (all places are below 0.95 of BYTES together); all others pass. COUNT-FILE says how many bytes
came from either side, and how many cuts there were. With "after" each connection
passes so many bytes of the dialler, and from then on one a second; with "back" it
does so with those of the other end.
"""
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "scenario"))
from cutter import listen  # noqa: E402

LINE = 65536  # what the line itself holds: else the kernel takes megabytes ahead


class Relay:
    def __init__(self, target, size, cuts, seed, path):
        self.target, self.path = target, path
        rng = random.Random(seed)
        places = sorted(rng.randrange(1, size * 95 // 100) for _ in range(cuts))
        self.limits = [b - a for a, b in zip([0] + places, places)]
        self.sent = self.done = 0
        self.lock = threading.Lock()

    def note(self, count, cut=0):
        with self.lock:
            self.sent += count
            self.done += cut
            with open(self.path + ".new", "w") as file:
                file.write(f"{self.sent} {self.done}\n")
            os.rename(self.path + ".new", self.path)

    def carry(self, source, to, limit, slow):
        passed = 0
        while limit is None or passed < limit:
            data = source.recv(1 if slow is not None and passed >= slow else 16384)
            if not data:
                return
            self.note(len(data))
            passed += len(data)
            to.sendall(data)
            if slow is not None and passed > slow:
                time.sleep(1)
        self.note(0, 1)

    def half(self, source, to, limit, slow):
        try:
            self.carry(source, to, limit, slow)
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(self, near, slow, back_slow):
        far = socket.socket()
        for end in (near, far):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINE)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LINE)
        far.connect(("127.0.0.1", self.target))
        limit = self.limits.pop(0) if self.limits else None
        back = threading.Thread(target=self.half, args=(far, near, None, back_slow), daemon=True)
        back.start()
        self.half(near, far, limit, slow)
        back.join()
        near.close()
        far.close()


def main():
    port, target, size, cuts, seed = (int(word) for word in sys.argv[1:6])
    slow = {sys.argv[7]: int(sys.argv[8])} if len(sys.argv) > 8 else {}
    relay = Relay(target, size, cuts, seed, sys.argv[6])
    server = listen(port)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LINE)
    print("ready", flush=True)
    while True:
        near = server.accept()[0]
        threading.Thread(target=relay.serve, args=(near, slow.get("after"), slow.get("back")),
                         daemon=True).start()


main()
