#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A scripted pipeline in the shape of the exercise's starter pack, and as others have made it, with a health page.

w3d2_pipeline.py PORT SHAPE [EVENTS]

Alerts come 300 ms after each "fault-on" line of EVENTS (events.jsonl of the run), in whole seconds.
  pack       a bare array with fire_ts; /correlate takes {"window": SECONDS}, /rca {"window_start", "window_end"};
             any other body is a 422, as a FastAPI service with models answers
  lax        the same, and any body is taken: without a window in it nothing is found
  alone      no /correlate (404)
  broken     /correlate answers 500 to everything
  wrapped    {"status": "success", "data": ...} around everything
  groups     clusters under "groups", the root under "root_cause_service"
  now        an alert "now" at every question
  ahead      fire_ts 40 s ahead
  told       alerts only of what was posted to /events, and nobody does
  text       /alerts is prose
  lines      /alerts is NDJSON
  tired      any body is refused after a second and a half
  nowhere    /alerts is not there
Prints its port on the first line (PORT 0: any).
"""
import http.server
import json
import sys
import time

SHAPE = sys.argv[2]
EVENTS = sys.argv[3] if len(sys.argv) > 3 else None


def events(name):
    try:
        with open(EVENTS) as f:
            return [e for e in map(json.loads, f) if e.get("event") == name]
    except (OSError, TypeError, ValueError):
        return []


def alerts():
    now = time.time()
    if SHAPE == "told":
        return []
    if SHAPE == "now":
        return [{"id": "n%d" % now, "fire_ts": int(now), "service": "cache-svc", "metric": "noise", "severity": "warning"}]
    out = []
    for i, e in enumerate(events("fault-on")):
        at = e["t"] + 0.3
        if now >= at:
            out.append({"id": "w%d" % i, "fire_ts": int(at + (40 if SHAPE == "ahead" else 0)), "service": "payment-svc",
                        "metric": "latency_p99_ms", "severity": "crit"})
    return out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        if SHAPE == "wrapped" and status == 200 and self.path != "/health":
            body = {"status": "success", "data": body}
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/health":
            self.answer(200, "ok")
        elif path == "/openapi.json":
            paths = {"/alerts": {"get": {}}, "/rca": {"post": {}}}
            if SHAPE == "told":
                paths["/events"] = {"post": {}}
            self.answer(200, {"paths": paths})
        elif path != "/alerts" or SHAPE == "nowhere":
            self.answer(404, {"detail": "Not Found"})
        elif not query.startswith("since=") or not query[6:].isdigit():
            self.answer(422, {"detail": "since: value is not a valid integer"})
        elif SHAPE == "text":
            self.answer(200, "all is well")
        elif SHAPE == "lines":
            self.answer(200, "".join(json.dumps(a) + "\n" for a in alerts()) or "[]")
        elif SHAPE == "wrapped":
            self.answer(200, {"alerts": alerts()})
        else:
            self.answer(200, alerts())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if SHAPE == "tired":
            time.sleep(1.5)
            self.answer(422, {"detail": "no"})
            return
        if self.path == "/correlate":
            self.correlate(body)
        elif self.path == "/rca":
            self.rca(body)
        else:
            self.answer(404, {"detail": "Not Found"})

    def correlate(self, body):
        if SHAPE == "alone":
            self.answer(404, {"detail": "Not Found"})
        elif SHAPE == "broken":
            self.answer(500, "Internal Server Error")
        elif SHAPE != "lax" and not isinstance(body.get("window"), int):
            self.answer(422, {"detail": "window: value is not a valid integer"})
        elif SHAPE == "groups":
            self.answer(200, {"groups": [{"id": 1, "alerts": alerts()}] if alerts() else []})
        else:
            self.answer(200, {"clusters": [{"id": 1, "alerts": alerts()}] if alerts() else []})

    def rca(self, body):
        window = isinstance(body.get("window_start"), int) and isinstance(body.get("window_end"), int)
        if not window and SHAPE != "lax":
            self.answer(422, {"detail": "window_start: field required"})
            return
        found = [a for a in alerts() if window and body["window_start"] <= a["fire_ts"] <= body["window_end"] + 60]
        key = "root_cause_service" if SHAPE == "groups" else "root_service"
        self.answer(200, {key: found[0]["service"] if found else None, "confidence": 0.8 if found else 0.0,
                          "evidence": ["p99 of " + a["service"] for a in found]})


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
