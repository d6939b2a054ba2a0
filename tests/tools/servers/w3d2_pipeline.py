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
  byid       alerts in a map by their id, milliseconds, "status": "firing"
  iso        times as ISO 8601 without a zone; /rca has a list of candidates with scores, the best one last
  deep       {"result": {"data": {"alerts": [...]}}} with nanoseconds; /rca the same
  slash      every path ends in a slash; without one it is a redirect, as FastAPI does it
  getonly    /correlate and /rca are asked by GET; POST is a 405
  chunked    chunked, gzip whatever was accepted, text/plain
  camel      firedAt in milliseconds, serviceName; /rca takes {"windowStart", "windowEnd"} in milliseconds, and a 422 has a list of details
  nested     {"detail": {...}} around everything
  service    alerts in a map by their service, which no entry names; /rca has a list of pairs, the best one last
  dumped     JSON that was turned into text twice
  old        HTTP/1.0, no length: the end of the connection is the end of the answer
  tired      any body is refused after a second and a half
  nowhere    /alerts is not there
  flaky      the health page fails at its 40th answer, and each second time while a fault is on
Prints its port on the first line (PORT 0: any).
"""
import datetime
import gzip
import http.server
import json
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
from scripted import events  # noqa: E402

SHAPE = sys.argv[2]
EVENTS = sys.argv[3] if len(sys.argv) > 3 else None


def alerts():
    now = time.time()
    if SHAPE == "told":
        return []
    if SHAPE == "now":
        return [{"id": "n%d" % now, "fire_ts": int(now), "service": "cache-svc", "metric": "noise", "severity": "warning"}]
    out = []
    for i, e in enumerate(events(EVENTS, "fault-on")):
        at = e["t"] + 0.3
        if now >= at:
            out.append({"id": "w%d" % i, "fire_ts": int(at + (40 if SHAPE == "ahead" else 0)), "service": "payment-svc",
                        "metric": "latency_p99_ms", "severity": "crit"})
    return out


def shaped(found):
    """The alerts as the shape has them."""
    if SHAPE == "byid":
        return {"count": len(found), "alerts": {a["id"]: {"service": a["service"], "ts": a["fire_ts"] * 1000, "status": "firing",
                                                          "metric": a["metric"]} for a in found}}
    if SHAPE == "iso":
        stamp = lambda s: datetime.datetime.utcfromtimestamp(s).isoformat()
        return [{"id": a["id"], "timestamp": stamp(a["fire_ts"]), "service_name": a["service"], "alertname": a["metric"]} for a in found]
    if SHAPE == "deep":
        return {"result": {"data": {"alerts": [{"id": a["id"], "time": a["fire_ts"] * 10**9, "service": a["service"]} for a in found]}}}
    if SHAPE == "camel":
        return {"alerts": [{"alertId": a["id"], "firedAt": a["fire_ts"] * 1000, "serviceName": a["service"]} for a in found]}
    if SHAPE == "service":
        by = {}
        for a in found:
            by.setdefault(a.pop("service"), []).append(a)
        return {"alerts": by}
    return found


asked = 0


def is_ill():
    """Does the health page of the flaky one fail now?"""
    global asked
    asked += 1
    on = len(events(EVENTS, "fault-on")) > len(events(EVENTS, "fault-off"))
    return SHAPE == "flaky" and (asked == 40 or (on and asked % 2))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        if SHAPE == "wrapped" and status == 200 and self.path != "/health":
            body = {"status": "success", "data": body}
        if SHAPE == "nested" and self.path != "/health":
            body = {"detail": body}
        if SHAPE == "dumped" and self.path != "/health":
            body = json.dumps(json.dumps(body))
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if SHAPE == "old":
            self.protocol_version = "HTTP/1.0"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True
            return
        self.send_response(status)
        if SHAPE == "chunked" and self.path != "/health":
            data = gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(0, len(data), 20):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data[i:i + 20]), data[i:i + 20]))
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def redirected(self):
        """A path without the slash at its end is elsewhere."""
        path, mark, query = self.path.partition("?")
        if SHAPE != "slash" or path.endswith("/") or path in ("/health", "/openapi.json"):
            self.path = path.rstrip("/") + mark + query if SHAPE == "slash" else self.path
            return False
        self.send_response(307)
        self.send_header("Location", "http://%s%s/%s%s" % (self.headers["Host"], path, mark, query))
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def do_GET(self):
        if self.redirected():
            return
        path, _, query = self.path.partition("?")
        if path == "/health":
            self.answer(503 if is_ill() else 200, "ok")
        elif path == "/openapi.json":
            paths = {"/alerts": {"get": {}}, "/rca": {"post": {}}}
            if SHAPE == "told":
                paths["/events"] = {"post": {}}
            self.answer(200, {"paths": paths})
        elif SHAPE == "getonly" and path in ("/correlate", "/rca"):
            given = {k: int(v) for k, v in urllib.parse.parse_qsl(query) if v.isdigit()}
            self.correlate(given) if path == "/correlate" else self.rca(given)
        elif path != "/alerts" or SHAPE == "nowhere":
            self.answer(404, {"detail": "Not Found"})
        elif not query.startswith("since=") or not query[6:].isdigit():
            self.answer(422, {"detail": "since: value is not a valid integer"})
        elif SHAPE == "text":
            self.answer(200, "all is well")
        elif SHAPE == "lines":
            self.answer(200, "".join(json.dumps(a) + "\n" for a in alerts()) or "[]")
        elif SHAPE in ("wrapped", "nested"):
            self.answer(200, {"alerts": alerts()})
        else:
            self.answer(200, shaped(alerts()))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.redirected():
            return
        if SHAPE == "getonly":
            self.answer(405, {"detail": "Method Not Allowed"})
            return
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
        if SHAPE == "camel":
            start, end = body.get("windowStart"), body.get("windowEnd")
            if not isinstance(start, int) or not isinstance(end, int):
                self.answer(422, {"detail": [{"type": "missing", "loc": ["body", "windowStart"], "msg": "Field required"}]})
                return
            body = {"window_start": start // 1000, "window_end": end // 1000}
        window = isinstance(body.get("window_start"), int) and isinstance(body.get("window_end"), int)
        if not window and SHAPE != "lax":
            self.answer(422, {"detail": "window_start: field required"})
            return
        found = [a for a in alerts() if window and body["window_start"] <= a["fire_ts"] <= body["window_end"] + 60]
        if SHAPE == "iso":
            scores = [["cache-svc", 0.1], ["checkout-svc", 0.3], ["payment-svc", 0.9]] if found else []
            self.answer(200, {"candidates": [{"service": s, "score": p} for s, p in scores]})
            return
        if SHAPE == "deep":
            self.answer(200, {"result": {"data": {"root_service": found[0]["service"] if found else None}}})
            return
        if SHAPE == "service":
            self.answer(200, {"ranking": [["cache-svc", 0.2], ["payment-svc", 0.7]] if found else []})
            return
        key = "rootCauseService" if SHAPE == "camel" else "root_cause_service" if SHAPE == "groups" else "root_service"
        self.answer(200, {key: found[0]["service"] if found else None, "confidence": 0.8 if found else 0.0,
                          "evidence": ["p99 of " + a["service"] for a in found]})


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
