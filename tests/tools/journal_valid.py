#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""journal_valid.py FILE - does the file have the layout of a Chaos Toolkit journal (initialize_run_journal(),
execute_activity() and run_steady_state_hypothesis() of chaostoolkit-lib)? Says what does not fit."""
import datetime
import json
import sys

TEXT, NUM = str, (int, float)
JOURNAL = {"chaoslib-version": TEXT, "platform": TEXT, "node": TEXT, "experiment": dict, "start": TEXT,
           "status": TEXT, "deviated": bool, "steady_states": dict, "run": list, "rollbacks": list,
           "end": TEXT, "duration": NUM}
EXPERIMENT = {"version": TEXT, "title": TEXT, "description": TEXT, "tags": list,
              "steady-state-hypothesis": dict, "method": list, "rollbacks": list}
ACTIVITY = {"type": TEXT, "name": TEXT, "provider": dict}
RUN = {"activity": dict, "status": TEXT, "start": TEXT, "end": TEXT, "duration": NUM}


def need(where, value, keys):
    for k, t in keys.items():
        assert k in value, f"{where}: no {k}"
        assert isinstance(value[k], t), f"{where}.{k}: {type(value[k]).__name__}"


def activity(where, a):
    need(where, a, ACTIVITY)
    assert a["type"] in ("action", "probe"), where
    p = a["provider"]
    assert p["type"] in ("http", "process", "python"), where
    need(where, p, {"http": {"url": TEXT}, "process": {"path": TEXT}, "python": {"module": TEXT, "func": TEXT}}[p["type"]])


def run(where, r, probe=False):
    need(where, r, RUN)
    activity(where + ".activity", r["activity"])
    assert r["status"] in ("succeeded", "failed", "aborted", "skipped"), where
    start, end = (datetime.datetime.fromisoformat(r[k]) for k in ("start", "end"))
    assert start.tzinfo is None and abs((end - start).total_seconds() - r["duration"]) < 0.001, where
    if probe:
        assert isinstance(r["tolerance_met"], bool), where


j = json.load(open(sys.argv[1], encoding="utf-8"))
need("journal", j, JOURNAL)
assert j["status"] in ("completed", "failed", "aborted", "interrupted"), j["status"]
need("experiment", j["experiment"], EXPERIMENT)
for i, a in enumerate(j["experiment"]["method"]):
    activity(f"method[{i}]", a)
for when in ("before", "after"):
    s = j["steady_states"][when]
    if s is None and j["status"] in ("interrupted", "aborted"):
        continue
    need(when, s, {"steady_state_met": bool, "probes": list})
    for i, r in enumerate(s["probes"]):
        run(f"{when}[{i}]", r, True)
assert j["steady_states"]["during"] == []
for i, r in enumerate(j["run"]):
    run(f"run[{i}]", r, r["activity"]["type"] == "probe")
datetime.datetime.fromisoformat(j["start"])
