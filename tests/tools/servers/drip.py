#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a fault asks for help, and does not get it in time. For the tests of undoing.

drip.py byteman JAR   an agent (port 9091) that loads a rule, and answers LIST and DELETE a byte every 0.2 s
                      for ever; SIGUSR1: from now on it answers at once
drip.py redis UPSTREAM PORT   a store in front of a real one; SIGUSR2: each answer comes 1.5 s late;
                      SIGUSR1: at once again
drip.py rude PORT [JAR]   a store, or with JAR an agent, whose errors command a terminal
"""
import signal
import socket
import sys
import threading
import time

slow = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: slow.clear())
signal.signal(signal.SIGUSR2, lambda *_: slow.set())


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(16)
    return s


def agent(c):
    verb = c.recv(65536).split(b"\n")[0]
    try:
        while slow.is_set() and verb in (b"LIST", b"DELETE"):
            c.sendall(b"x")
            time.sleep(0.2)
        c.sendall(b"1\nOK\n")
    except OSError:
        pass
    c.close()


def store(c, upstream):
    s = socket.create_connection(("127.0.0.1", upstream))

    def back():
        try:
            while True:
                d = s.recv(65536)
                if not d:
                    break
                if slow.is_set():
                    time.sleep(1.5)
                c.sendall(d)
        except OSError:
            pass

    threading.Thread(target=back, daemon=True).start()
    try:
        while True:
            d = c.recv(65536)
            if not d:
                break
            s.sendall(d)
    except OSError:
        pass
    c.close()
    s.close()


def rude(c, agent):
    c.recv(65536)
    words = b"\x1b]0;PWNED\x07\x1b[31m\xc2\x9b1mred"
    c.sendall(b"ERROR %s\nOK\n" % words if agent else b"-ERR %s\r\n" % words)
    c.close()


if sys.argv[1] == "rude":
    jar = open(sys.argv[3], "w") if len(sys.argv) > 3 else None
    server = listen(int(sys.argv[2]))
    run = lambda c: rude(c, jar)
elif sys.argv[1] == "byteman":
    jar = open(sys.argv[2], "w")  # what shows that an agent is loaded
    slow.set()
    server = listen(9091)
    run = lambda c: agent(c)
else:
    server = listen(int(sys.argv[3]))
    run = lambda c: store(c, int(sys.argv[2]))
print("ready", flush=True)
while True:
    conn, _ = server.accept()
    threading.Thread(target=run, args=(conn,), daemon=True).start()
