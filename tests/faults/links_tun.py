"""A line with faults between two network devices, packet by packet:

links_tun.py A B [--delay MS] [--loss PERCENT] [--rate BITS] [--seed N] [--stall FILE]

Makes the TUN devices A and B (to be moved into network namespaces by whoever calls)
and passes packets between them, each way with that delay, loss and rate. While the
file FILE exists nothing passes. Prints "ready", and at its end how many it dropped.
"""
import argparse
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
QUEUE_SECONDS = 3  # a packet that would wait for longer is dropped, as by any router


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def relay(ends, args):
    rng = random.Random(args.seed)
    waiting = []  # (when, number, to which end, packet)
    free = [0.0, 0.0]  # when each direction's line is free again
    passed = dropped = 0
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    while not stop:
        wait = max(0, waiting[0][0] - time.monotonic()) if waiting else 1
        for fd in select.select(ends, [], [], min(wait, 1))[0]:
            packet = os.read(fd, 65536)
            way = ends.index(fd)
            now = time.monotonic()
            free[way] = max(free[way], now)
            if rng.random() * 100 < args.loss or free[way] - now > QUEUE_SECONDS or \
                    (args.stall and os.path.exists(args.stall)):
                dropped += 1
                continue
            if args.rate:
                free[way] += len(packet) * 8 / args.rate
            heapq.heappush(waiting, (free[way] + args.delay / 1000, passed, 1 - way, packet))
            passed += 1
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, way, packet = heapq.heappop(waiting)
            try:
                os.write(ends[way], packet)
            except OSError:
                dropped += 1  # that end is down
    print(f"passed {passed} dropped {dropped}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stall")
    args = parser.parse_args()
    ends = [open_tun(args.a), open_tun(args.b)]
    print("ready", flush=True)
    relay(ends, args)


sys.exit(main())
