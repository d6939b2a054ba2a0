#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""echo_rtt.py ADDR PORT SECONDS: send a line twenty times a second, four at least, print the worst round trip in ms and how
many came back of how many; a line that does not come back within two seconds is lost. Ends early when the other
side closes."""
import socket
import sys
import time

s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
s.settimeout(2)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
worst, back, sent = 0.0, 0, 0
end = time.monotonic() + float(sys.argv[3])
closed = False
while (time.monotonic() < end or sent < 4) and not closed:
    t = time.monotonic()
    sent += 1
    try:
        s.sendall(b"ping\n")
        got = b""
        while not got.endswith(b"\n") and not closed:
            more = s.recv(64)
            got += more
            closed = not more
    except OSError:
        break
    if closed and not got:
        sent -= 1
        break
    back += 1
    worst = max(worst, time.monotonic() - t)
    time.sleep(0.05)
print(f"{worst * 1000:.1f} {back} {sent}")
