# SPDX-License-Identifier: GPL-2.0-only
"""http_client.py HOST PORT REQUESTS PATH... - one keep-alive connection; asks for the paths in turn.

Prints "STATUS PATH SHA256 LENGTH" for each response, and fails if the connection had to be made
anew: what a rewritten response does to the framing of the next ones shows here.
"""
import hashlib
import http.client
import sys

host, port, count, paths = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
c = http.client.HTTPConnection(host, port, timeout=5)
c.connect()
sock = c.sock
for i in range(count):
    path = paths[i % len(paths)]
    method = "HEAD" if path.startswith("HEAD:") else "GET"
    c.request(method, path.removeprefix("HEAD:"))
    r = c.getresponse()
    body = r.read()
    print(r.status, path, hashlib.sha256(body).hexdigest(), len(body))
    if c.sock is not sock:
        sys.exit("the connection was lost")
