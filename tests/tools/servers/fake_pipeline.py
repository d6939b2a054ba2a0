#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A scripted AIOps pipeline and a health page, for the tests of the runner. No AI, no ops.

fake_pipeline.py PORT MODE [EVENTS]

GET  /health       200 "ok"; 500 while the file named by HEALTH_FILE says "bad"
GET  /alerts       by MODE, below
POST /correlate    one cluster of all alerts        POST /rca   root_service of MODE

MODE
  good       an alert 300 ms after each "fault-on" line of EVENTS (events.jsonl of the run)
  early      the same, and one in the baseline before
  wrong      like good, blaming the loudest service
  guess      an alert 300 ms after each injection, whether there is a fault or not
  silent     never an alert
  no-time    like good, alerts without a time
  future     like good, times an hour ahead
  prose      like good, blaming words that are no name
  evil       like good, with names that would command a terminal, a browser, Markdown
  html, e500, shape, endless, hang    answers no pipeline should give
Prints its port on the first line (PORT 0: any).
"""
import http.server
import json
import os
import sys
import time

sys.dont_write_bytecode = True
from scripted import answer_endlessly, events  # noqa: E402

MODE = sys.argv[2]
EVIL = ("</script><img src=x onerror=alert(1)>\x1b]0;PWNED\x07\u009b31m\u202e `x` [a](javascript:alert(1))\n"
        "```\n# h1\nfaultline: all is well")
EVIL_WORD = "".join(EVIL.split())  # a cause is one word
EVENTS = sys.argv[3] if len(sys.argv) > 3 else None


def alerts():
    now = time.time()
    out = []
    begun = [e for e in events(EVENTS, "state") if e.get("to") == "INJECT"] if MODE == "guess" else events(EVENTS, "fault-on")
    for i, e in enumerate(begun):
        t = e["t"] + 0.3
        if now < t or MODE == "silent":
            continue
        name = EVIL if MODE == "evil" else None
        a = {"id": f"a{i}", "service": name or "payment-svc", "name": name or "latency", "severity": "critical", "fired_at": t}
        if MODE == "no-time":
            del a["fired_at"]
        if MODE == "future":
            a["fired_at"] = t + 3600
        out.append(a)
    if MODE == "early":
        for e in events(EVENTS, "state"):
            if e.get("to") == "BASELINE":
                out.append({"id": "f%d" % e["mono_ns"], "service": "cache-svc", "name": "noise",
                            "severity": "warning", "fired_at": e["t"] + 0.1})
    return out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, kind="application/json"):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def broken(self):
        if MODE == "html":
            self.answer(200, "<html><body>Welcome to nginx!</body></html>", "text/html")
        elif MODE == "e500":
            self.answer(500, '{"detail": "Internal Server Error"}')
        elif MODE == "shape":
            self.answer(200, '{"alerts": 42}')
        elif MODE == "hang":
            time.sleep(30)
        elif MODE == "endless":
            answer_endlessly(self)
        else:
            return False
        return True

    def do_GET(self):
        if self.path.startswith("/health"):
            try:
                with open(os.environ.get("HEALTH_FILE", "")) as f:
                    bad = f.read().startswith("bad")
            except OSError:
                bad = False
            self.answer(500 if bad else 200, "ok")
        elif not self.broken():
            self.answer(200, json.dumps({"alerts": alerts()}))

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.broken():
            return
        if self.path == "/correlate":
            found = alerts()
            self.answer(200, json.dumps({"clusters": [{"id": 1, "alerts": found}] if found else []}))
        else:
            root = {"wrong": "checkout-svc", "evil": EVIL_WORD, "prose": EVIL}.get(MODE, "payment-svc")
            self.answer(200, json.dumps({"root_service": root, "confidence": 0.9,
                                         "evidence": ["p99 of payment-svc"]}))


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some tests want


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
