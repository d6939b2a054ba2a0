#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A scripted Docker Engine API on a unix socket, right and wrong in every way a test wants.

fake_engine.py SOCKET STATE LOG [SECONDS]

With SECONDS it is started by its socket, as by systemd: that is there at once, held by a process called "systemd", and
serves so long after the first connection.
STATE is a JSON file that is read at every request:
  containers  [{"id", "name", "pid", "labels", "image", "network"}]  pid 0: it does not run
  api, min_api   what /version says (default 1.41, 1.12)
  wrong       {"/version" | "list" | "inspect" | "events" | "order": WRONG}, WRONG one of
              html, e404, e500, evil, hang, endless, truncated, shape
  events      [{...}], sent at once to who listens; then the stream stays open for "open_s" seconds
              (default: for ever)
LOG gets a line a request: METHOD PATH (with the query, unescaped).
"""
import http.server
import json
import os
import select
import socketserver
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
from scripted import answer_endlessly  # noqa: E402

SOCKET, STATE, LOG = sys.argv[1:4]
START = float(sys.argv[4]) if len(sys.argv) > 4 else None
lock = threading.Lock()


def state():
    with open(STATE) as f:
        return json.load(f)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass

    def answer(self, status, value, kind="application/json"):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def be_wrong(self, how):
        if how == "html":
            self.answer(200, b"<html><body>Welcome to nginx!</body></html>", "text/html")
        elif how == "e404":
            self.answer(404, {"message": "page not found"})
        elif how == "e500":
            self.answer(500, {"message": "driver failed %n%s%s"})
        elif how == "evil":
            self.answer(500, {"message": "\x1b[2J\x1b]0;owned\x07" + "A" * 5000})
        elif how == "hang":
            time.sleep(30)
        elif how == "truncated":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'[{"Id": "aa')
            self.close_connection = True
        elif how == "shape":
            self.answer(200, {"Id": 7, "Names": "web", "Version": [1], "ApiVersion": "latest"})
        elif how == "endless":
            answer_endlessly(self)

    def listed(self, s, filters):
        found = []
        for c in s["containers"]:
            labels = c.get("labels", {})
            if not c["pid"] and "id" not in filters:
                continue
            ok = all(k.split("=", 1)[0] in labels and ("=" not in k or labels[k.split("=", 1)[0]] == k.split("=", 1)[1])
                     for k in filters.get("label", []))
            ok = ok and all(c.get("image", "tiny") == i for i in filters.get("ancestor", []))
            ok = ok and all(c["id"].startswith(i) for i in filters.get("id", []))
            if ok:
                found.append({"Id": c["id"], "Names": ["/" + c["name"]], "Labels": labels,
                              "Image": c.get("image", "tiny"), "State": "running",
                              "Mounts": [{"Type": "volume", "Source": "/x" * 40}] * 4})
        return found

    def inspect(self, s, name):
        hits = [c for c in s["containers"] if c["name"] == name or c["id"] == name]
        hits = hits or [c for c in s["containers"] if c["id"].startswith(name)]
        if len(hits) > 1:
            return self.answer(500, {"message": "Multiple IDs found with provided prefix: " + name})
        if not hits:
            return self.answer(404, {"message": "No such container: " + name})
        c = hits[0]
        self.answer(200, {"Id": c["id"], "Name": "/" + c["name"],
                          "State": {"Running": c["pid"] > 0, "Paused": False, "Pid": c["pid"]},
                          "HostConfig": {"NetworkMode": c.get("network", "bridge"), "RestartPolicy": {"Name": "no"}},
                          "Config": {"Image": c.get("image", "tiny"), "Labels": c.get("labels", {})}})

    def events(self, s):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        for e in s.get("events", []):
            self.wfile.write(json.dumps(e).encode() + b"\n")
        self.wfile.flush()
        end = time.time() + s.get("open_s", 1e9)
        while time.time() < end and os.path.exists(SOCKET):
            time.sleep(0.02)
        self.close_connection = True

    def handle_one(self):
        s = state()
        url = urllib.parse.urlsplit(self.path)
        with lock, open(LOG, "a") as f:
            f.write(self.command + " " + urllib.parse.unquote(self.path) + "\n")
        parts = url.path.split("/")
        rest = "/" + "/".join(parts[2:]) if parts[1].startswith("v1.") else url.path
        query = urllib.parse.parse_qs(url.query)
        filters = json.loads(query.get("filters", ["{}"])[0])
        what = ("order" if self.command == "POST" else "list" if rest == "/containers/json" else
                "inspect" if rest.startswith("/containers/") else "events" if rest == "/events" else rest)
        if what in s.get("wrong", {}):
            return self.be_wrong(s["wrong"][what])
        if what == "/version":
            v = {"Version": "20.10.99", "ApiVersion": s.get("api", "1.41"), "MinAPIVersion": s.get("min_api", "1.12")}
            return self.answer(200, v)
        if what == "list":
            return self.answer(200, self.listed(s, filters))
        if what == "inspect":
            return self.inspect(s, rest.split("/")[2])
        if what == "events":
            return self.events(s)
        self.answer(404, {"message": "page not found"})

    def do_GET(self):
        try:
            self.handle_one()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_GET


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(SOCKET, Handler)
if START is not None:
    with open("/proc/self/comm", "w") as comm:
        comm.write("systemd")
    select.select([server], [], [])
    time.sleep(START)
server.serve_forever()
