#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The folder of a sweep, as `faultline sweep` leaves it behind, with answers that follow known curves; always the same.

make_sweep.py DIR [falling|several]
"""
import json
import os
import random
import sys

folder = sys.argv[1]
falling = "falling" in sys.argv[2:]
os.makedirs(folder, exist_ok=True)
draw = random.Random(4)
lo, hi = (1e5, 1e9) if falling else (1e6, 1e9)


def noticed(share, middle):
    return draw.random() < (share ** 60 / (share ** 60 + middle ** 60))


trials = []
for i in range(40):
    share = 0 if i % 6 == 4 else (draw.gauss(0.45, 0.05) if i % 2 else draw.gauss(0.75, 0.05))
    share = min(max(share, 0), 1)
    value = (hi / (hi / lo) ** share if falling else lo * (hi / lo) ** share) if share else 0
    text = "none" if not share else f"{value / 1e6:.3g}mbit" if falling else f"{value / 1e6:.3g}ms"
    reported = bool(share) and noticed(share, 0.75)
    trials.append({"id": f"x<b>.{i + 1:03}", "size": value, "text": text, "counts": i != 7,
                   "felt": bool(share) and noticed(share, 0.45), "reported": reported, "right_root": reported and i % 5 > 0,
                   "note": "nothing met the fault" if i == 7 else ""})
curve = {"asked": True}
doc = {"format": 1, "suite": "a suite", "sweeps": [
    {"name": "payment_latency", "number": 1, "kind": "bandwidth" if falling else "latency", "targets": ["payment-svc"],
     "size": {"param": "rate" if falling else "delay", "type": "rate" if falling else "duration", "falling": falling,
              "negative": False, "range": [lo, hi]},
     "precision": 0.2, "seed": 1, "sentence": "", "curves": {"felt": curve, "reported": curve, "right_root": curve},
     "trials": trials, "ended": "precise", "why": None, "budget_s": 900.0, "spent_s": 612.4}]}
if "several" in sys.argv[2:]:
    one = doc["sweeps"][0]
    doc["sweeps"] += [{**one, "name": "other", "targets": ["<i>&svc"]}, {**one, "name": "third", "kind": "http|latency"}]
for name, what in (("sweep.json", doc), ("chaos_results.json", []),
                   ("run.json", {"suite": "a suite", "started": 1714557600, "ended": 1714558300})):
    with open(os.path.join(folder, name), "w") as f:
        json.dump(what, f)
