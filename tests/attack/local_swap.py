"""local_swap.py PARENT UID: as that user, put a directory of his own in the place of
PARENT/home and back again, until PARENT/stop is there. In it a socket listens that
takes the place of the daemon's. Prints how often that came about, and how many bytes
were heard: they are what somebody else's client would give away.
"""
import os
import socket
import sys
import threading
import time

parent, uid = sys.argv[1], int(sys.argv[2])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
os.umask(0)
os.chdir(parent)
os.mkdir("fake", 0o777)
listener = socket.socket(socket.AF_UNIX)
listener.bind("fake/control")
listener.listen(100)
heard = swapped = 0


def hear(client):
    global heard
    while data := client.recv(4096):
        heard += len(data)


def serve():
    while True:
        threading.Thread(target=hear, args=(listener.accept()[0],), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
open("begun", "w").close()
while not os.path.exists("stop"):
    try:
        os.rename("home", "away")
        os.rename("fake", "home")
        swapped += 1
        time.sleep(0.001)
        os.rename("home", "fake")
        os.rename("away", "home")
        time.sleep(0.001)
    except OSError:  # the sticky bit
        time.sleep(0.01)
print("heard", heard)
print("swapped", swapped)
