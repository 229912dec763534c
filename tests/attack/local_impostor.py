"""local_impostor.py DIR UID: as that user, listen where a home's daemon would, and write down what
it is sent."""
import os
import socket
import sys

os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
os.umask(0)
os.mkdir(sys.argv[1], 0o777)
os.chdir(sys.argv[1])
listener = socket.socket(socket.AF_UNIX)
listener.bind("control")
listener.listen(5)
while True:
    sock, _ = listener.accept()
    sock.settimeout(2)
    try:
        data, fds, _, _ = socket.recv_fds(sock, 65536, 8)
        os.write(1, data + b"".join(os.read(fd, 512) for fd in fds))
    except OSError:
        pass
    sock.close()
