#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""slow_engine.py SOCKET ENGINE WAIT - a Docker engine that takes its time: a socket in front of ENGINE's. While
the file WAIT exists, what is asked waits as many seconds as it says before it is passed on; /_ping, as of an engine
that is busy but alive, does not, unless the file says "dead". With "kill" in it orders to kill are passed on at once, and their
answers wait; nothing else does. The stream of events is never held up."""
import os, socket, sys, threading, time

def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    finally:
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

def serve(client):
    head = client.recv(65536)
    path = head.split(b" ")[1] if head.count(b" ") > 1 else b""
    try:
        wait = open(sys.argv[3]).read().split()
    except OSError:
        wait = []
    ping = path.endswith(b"/_ping")
    late = float(wait.pop(0)) if "kill" in wait and b"/kill?" in path else 0
    if "kill" in wait or late:
        wait = []
    if wait and b"/events" not in path and (not ping or "dead" in wait):
        time.sleep(float(wait[0]))
        client.setblocking(False)
        try:
            if not client.recv(1, socket.MSG_PEEK):
                return  # who asked has given up, and with him the order
        except BlockingIOError:
            pass
        client.setblocking(True)
    engine = socket.socket(socket.AF_UNIX)
    try:
        engine.connect(sys.argv[2])
        engine.sendall(head)
    except OSError:
        client.close()
        return
    threading.Thread(target=pump, args=(client, engine), daemon=True).start()
    time.sleep(late)
    pump(engine, client)

listener = socket.socket(socket.AF_UNIX)
if os.path.exists(sys.argv[1]):
    os.unlink(sys.argv[1])
listener.bind(sys.argv[1])
listener.listen(64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
