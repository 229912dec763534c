"""A TCP relay that cuts the line: cutter.py LISTEN-PORT TARGET-PORT BYTES.

It relays one connection after another; each is cut after BYTES have passed
from the dialler to the target (0: never).
"""
import select
import socket
import sys

listen, target, limit = (int(word) for word in sys.argv[1:4])
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", listen))
server.listen(8)
print("ready", flush=True)
while True:
    near, _ = server.accept()
    far = socket.create_connection(("127.0.0.1", target))
    passed = 0
    while True:
        readable, _, _ = select.select([near, far], [], [])
        source = readable[0]
        data = source.recv(65536)
        if not data:
            break
        (far if source is near else near).sendall(data)
        if source is near:
            passed += len(data)
        if limit and passed >= limit:
            break
    near.close()
    far.close()
