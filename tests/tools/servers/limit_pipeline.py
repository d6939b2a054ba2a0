#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A pipeline whose limit is known: it asks URL again and again over one connection, and has an alert when three answers in a row
took more than LIMIT_MS. It counts how often it is told to forget (POST /forget), in GET /told.

limit_pipeline.py PORT URL LIMIT_MS ROOT      prints its port on the first line (PORT 0: any)
"""
import http.client
import http.server
import json
import sys
import threading
import time
import urllib.parse

URL = urllib.parse.urlsplit(sys.argv[2])
LIMIT_S = float(sys.argv[3]) / 1000
ROOT = sys.argv[4]
alerts, told = [], []


def watch():
    slow, link, firing = 0, None, False
    while True:
        began = time.monotonic()
        try:
            if not link:
                link = http.client.HTTPConnection(URL.hostname, URL.port, timeout=2)
            link.request("GET", URL.path or "/")
            link.getresponse().read()
            took = time.monotonic() - began
        except OSError:
            took, link = 2, None
        slow = slow + 1 if took > LIMIT_S else 0
        if slow >= 3 and not firing:
            alerts.append({"id": f"a{len(alerts)}", "service": ROOT, "name": "latency", "severity": "critical",
                           "fired_at": time.time()})
        firing = slow >= 3
        time.sleep(0.02)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer({"told_to_forget": len(told)} if self.path == "/told" else {"alerts": alerts[-50:]})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/forget":
            told.append(time.time())
            self.answer({})
        elif self.path == "/correlate":
            self.answer({"clusters": [{"id": 1, "alerts": alerts[-1:]}] if alerts else []})
        else:
            self.answer({"root_service": ROOT, "confidence": 0.9, "evidence": ["latency of " + ROOT]})


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
threading.Thread(target=watch, daemon=True).start()
print(server.server_address[1], flush=True)
server.serve_forever()
