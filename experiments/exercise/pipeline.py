#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""An AIOps pipeline with the interface of the exercise's starter pack.

pipeline.py [--port 8000] [--detector http://127.0.0.1:8002]

  GET  /alerts?since=SECONDS                     [{"id", "fire_ts", "service", "metric", "severity", ...}]
  POST /correlate {"window": SECONDS}            {"clusters": [{"id", "services", "alerts"}]}
  POST /rca {"window_start": S, "window_end": S} {"root_service", "confidence", "evidence"}

It detects nothing itself: it translates for the reference pipeline (tools/lab/pipeline), which knows the services
only by their /metrics and the dependency graph, and is told nothing of any fault. To try a detector of your own,
put it in place of alerts(), clusters() and root_of().

Like a FastAPI service with models, it answers 422 to a body of another form, and 502 when the detector does not answer.
"""
import argparse
import http.server
import json
import time
import urllib.parse
import urllib.request


class Refused(Exception):
    """The request is not understood."""


def whole_number(value, name):
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("%s: value is not a valid integer" % name)
    return value


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(args.detector + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.load(reply)


def alerts(since):
    return [pack_alert(a) for a in ask("/alerts?since=%d" % since)["alerts"]]


def clusters(start, end):
    """Alerts that belong together, the biggest cluster first."""
    return ask("/correlate", {"window": {"start": start, "end": end}})["clusters"]


def root_of(cluster):
    return ask("/rca", {"cluster": cluster})


def pack_alert(alert):
    """In the pack's words; fire_ts is when the detector fired, in whole seconds."""
    return {"id": alert["id"], "fire_ts": int(alert["fired_at"]), "service": alert["service"], "metric": alert["name"],
            "severity": alert["severity"], "value": alert["value"], "message": alert["message"]}


def get_alerts(query):
    given = urllib.parse.parse_qs(query).get("since", ["0"])[0]
    if not given.isdigit():
        raise Refused("since: value is not a valid integer")
    return alerts(int(given))


def post_correlate(body):
    now = time.time()
    found = clusters(now - whole_number(body.get("window"), "window"), now)
    return {"clusters": [{"id": c["id"], "services": c["services"], "alerts": [pack_alert(a) for a in c["alerts"]]}
                         for c in found]}


def post_rca(body):
    # An alert that fired in the last second of the window has that second as its fire_ts.
    found = clusters(whole_number(body.get("window_start"), "window_start"),
                     whole_number(body.get("window_end"), "window_end") + 0.999)
    if not found:
        return {"root_service": None, "confidence": 0.0, "evidence": []}
    cause = root_of(found[0])
    return {"root_service": cause["root_service"], "confidence": cause["confidence"],
            "evidence": [e["text"] for e in cause["evidence"]]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, make):
        try:
            status, body = 200, make()
        except (Refused, json.JSONDecodeError, UnicodeDecodeError) as e:
            status, body = 422, {"detail": str(e)}
        except (OSError, KeyError, TypeError) as e:
            status, body = 502, {"detail": "detector %s: %s" % (args.detector, e)}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def missing(self):
        self.send_error(404)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/alerts":
            self.answer(lambda: get_alerts(query))
        elif path == "/health":
            self.answer(lambda: {"status": "ok"})
        else:
            self.missing()

    def do_POST(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        routes = {"/correlate": post_correlate, "/rca": post_rca}
        if self.path in routes:
            self.answer(lambda: routes[self.path](object_of(sent)))
        else:
            self.missing()


def object_of(sent):
    body = json.loads(sent or b"null")
    if not isinstance(body, dict):
        raise Refused("body: value is not a valid dict")
    return body


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--port", type=int, default=8000)
parser.add_argument("--detector", default="http://127.0.0.1:8002")
args = parser.parse_args()
server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
server.daemon_threads = True
server.serve_forever()
