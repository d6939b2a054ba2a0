# SPDX-License-Identifier: GPL-2.0-only
"""What the scripted servers have in common."""
import json


def events(path, name):
    """The lines of @path (events.jsonl of a run) whose event is @name; none when it is not there yet, or None."""
    try:
        with open(path) as f:
            return [e for e in map(json.loads, f) if e.get("event") == name]
    except (OSError, TypeError, ValueError):
        return []


def answer_endlessly(handler):
    """A body without an end, until the client has had enough."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"[" * 65536)
    except OSError:
        pass
    handler.close_connection = True
