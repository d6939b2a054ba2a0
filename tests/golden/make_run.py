#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make_run.py DIR - a folder as a run of ten experiments leaves it, the same every time: found and
missed, right and wrong roots, each failure mode, one fault that never hit. For tests of score, report
and history; nothing in it was measured."""
import json
import os
import random
import sys

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
rnd = random.Random(7)
T0 = 1760000000.0
EDGES = [["frontend", "api-gateway"], ["api-gateway", "payment-svc"], ["payment-svc", "payment-db"],
         ["api-gateway", "inventory-svc"], ["inventory-svc", "inventory-db"],
         ["api-gateway", "notification-svc"], ["notification-svc", "broker"],
         ["api-gateway", "checkout-svc"], ["checkout-svc", "payment-svc"],
         ["checkout-svc", "inventory-svc"]]
SERVICES = ["frontend", "api-gateway", "payment-svc", "payment-db", "inventory-svc", "inventory-db",
            "notification-svc", "broker", "checkout-svc", "auth-svc", "log-collector",
            "dns-resolver", "cache-svc"]
# name, fault, target, root, alerts by service (first after s), blamed, confidence, kind
PLAN = [
    ("payment_latency", "latency", "payment-svc", "payment-svc", {"payment-svc": (28, 2), "api-gateway": (33, 1), "frontend": (36, 1)}, "payment-svc", 0.86),
    ("payment_loss", "network_loss", "payment-svc", "payment-svc", {"payment-svc": (19, 2), "checkout-svc": (22, 1)}, "payment-svc", 0.81),
    ("inventory_kill", "availability", "inventory-svc", "inventory-svc", {"inventory-svc": (6.4, 1)}, "inventory-svc", 0.92),
    ("gateway_cpu", "cpu_saturation", "api-gateway", "api-gateway", {"frontend": (41, 3), "api-gateway": (44, 1)}, "frontend", 0.64),
    ("payment_db_memory", "memory", "payment-db", "payment-db", {"payment-svc": (38, 2), "payment-db": (35, 1)}, "payment-db", 0.77),
    ("auth_clock_skew", "time_skew", "auth-svc", "auth-svc", {"auth-svc": (12, 1)}, "auth-svc", 0.9),
    ("log_disk_fill", "disk_fill", "log-collector", "log-collector", {}, None, None),
    ("edge_partition", "network_partition", "frontend", "api-gateway", {"frontend": (9, 2), "api-gateway": (11, 3)}, "api-gateway", 0.71),
    ("dns_slow", "dns_latency", "dns-resolver", "dns-resolver", {}, None, None),
    ("checkout_retry_storm", "cascade_retry", "checkout-svc", "payment-svc", {"checkout-svc": (14, 9), "payment-svc": (21, 1)}, "checkout-svc", 0.88),
]
results, probe, t = [], [], T0
for number, (name, fault, target, root, alerts, blamed, confidence) in enumerate(PLAN, 1):
    base, inject = t, t + 120
    end, window_end = inject + 60, inject + 90
    recovered = end + 6 + number
    entry_alerts = []
    for service, (first, count) in alerts.items():
        for k in range(count):
            entry_alerts.append({"time_s": inject + first + 4 * k, "service": service,
                                 "name": "latency_p99_high" if k % 2 == 0 else "error_rate_high",
                                 "severity": "tier-2", "id": f"{number}-{service}-{k}",
                                 "raw": {"service": service, "fired_at": inject + first + 4 * k}})
    false = 0
    if name == "auth_clock_skew":
        false = 1
        entry_alerts.insert(0, {"time_s": base + 40, "service": "cache-svc", "name": "hit_rate_low",
                                "severity": "tier-3", "id": "fa", "raw": None})
    hurt = {"payment_latency": 0.5, "edge_partition": 1.0, "checkout_retry_storm": 0.3}.get(name, 0.12)
    s = base
    tries = {"before": [], "during": [], "after": []}
    while s < recovered + 15:
        during = inject <= s < end
        bad = during and rnd.random() < hurt
        ms = rnd.gauss(2000 if name == "edge_partition" else 740, 4) if bad else max(3, rnd.gauss(42 + 60 * during, 9))
        probe.append(f"{int(s)} fail {'000' if ms > 1500 else '200'} {int(ms)}" if bad else f"{int(s)} pass {int(ms)}")
        tries["before" if s < inject else "during" if during else "after"].append((not bad, ms))
        s += 5
    def window(v):
        ms = sorted(x[1] for x in v)
        return {"n": len(v), "passed": sum(x[0] for x in v), "pass_rate": sum(x[0] for x in v) / len(v),
                "latency_p50_ms": ms[len(ms) // 2], "latency_p99_ms": ms[-1]} if v else None
    shift = {"dns_slow": 1.4, "log_disk_fill": 6.2}.get(name, 18.0)
    reachable = name != "log_disk_fill"
    clusters = [{"id": f"c{number}", "services": list(alerts), "size": sum(c for _, c in alerts.values())}] if alerts else []
    results.append({
        "format": 1, "number": number, "id": name, "name": name, "target": target, "fault_type": fault,
        "status": "not_manifested" if name == "dns_slow" else "ok",
        "times": {"baseline_start": base, "baseline_end": inject, "inject": inject, "end": end,
                  "window_end": window_end, "recovered": recovered},
        "detected": bool(alerts), "mttd_s": min(a[0] for a in alerts.values()) if alerts else None,
        "rca_service": blamed,
        "rca_correct": blamed is not None and (blamed == root or name == "edge_partition"),
        "confidence": confidence,
        "evidence": [] if name == "checkout_retry_storm" else [f"p99 of {blamed} 7x its baseline", "first to drift"] if blamed else None,
        "causes": [{"service": blamed, "confidence": confidence, "n_evidence": 0 if name == "checkout_retry_storm" else 2},
                   {"service": root, "confidence": 0.3, "n_evidence": 1}] if blamed and blamed != root else
                  [{"service": blamed, "confidence": confidence, "n_evidence": 2}] if blamed else [],
        "false_alarms": false, "alerts": entry_alerts, "alerts_malformed": 0, "clusters": clusters,
        "pipeline": {"reachable_before": True, "reachable_during": reachable,
                     "error": None if reachable else "the pipeline does not answer /alerts: timed out"},
        "hypothesis": {"text": f"Steady-state: order_success_rate ≥ 99.5%, checkout_p99 ≤ 800ms. While {target} suffers {fault} the order_success_rate stays ≥ 95% and comes back in < 30s.",
                       "verdict": "refuted" if hurt > 0.2 else "held",
                       "clauses": [{"clause": "order_success_rate ≥ 99.5%", "verdict": "refuted" if hurt > 0.2 else "held", "value": 1 - hurt, "why": None},
                                   {"clause": "checkout_p99 ≤ 800ms", "verdict": "held", "value": 0.74, "why": None}]},
        "ground_truth": {"root_services": ["frontend", "api-gateway"] if name == "edge_partition" else [root],
                         "not_services": ["checkout-svc"] if name == "checkout_retry_storm" else [],
                         "must_detect": True, "symptom": f"alerts on {target}", "reason": None},
        "probe": {k: window(v) for k, v in tries.items()},
        "kernel": [{"service": target, "metric": "request_p50", "unit": "ms",
                    "before": {"n": 400, "mean": 12.0, "sd": 2.5, "p50": 11.8, "p99": 19.0},
                    "during": {"n": 80, "mean": 12.0 + 2.5 * shift, "sd": 9.0, "p50": 50.0, "p99": 90.0},
                    "after": {"n": 60, "mean": 12.3, "sd": 2.6, "p50": 11.9, "p99": 19.4}}],
        "proof": [{"kind": fault, "targets": ["frontend", "api-gateway"] if name == "edge_partition" else [target], "backend": "hold", "matched": 0 if name == "dns_slow" else 4210,
                   "injected": 0 if name == "dns_slow" else 4098, "bytes": 812345,
                   "first_hit": None if name == "dns_slow" else inject + 0.011, "last_hit": end}],
        "backend": "hold", "config_sha256": "ab" * 32, "stage": "dev", "stage_forced": False,
    })
    t = recovered + 20

def write(name, text):
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        f.write(text)

write("chaos_results.json", json.dumps(results, indent=1))
write("probe.log", "\n".join(probe) + "\n")
write("events.jsonl", "".join(json.dumps({"t": T0 + i, "event": "state"}) + "\n" for i in range(40)))
write("baseline.json", json.dumps({"windows": []}))
write("run.json", json.dumps({
    "format": 1, "faultline": "0.1.0", "suite": "demo", "started": T0, "ended": t, "resumed": 0,
    "config": {"path": "experiments/demo.yaml", "sha256": "ab" * 32, "commit": "0123456789abcdef", "dirty": True},
    "host": {"name": "host", "kernel": "6.1.0", "machine": "x86_64"},
    "probe_url": "http://10.213.77.2:8080/checkout/health", "pipeline_url": "http://127.0.0.1:8000",
    "stack": {"version": "lab 0.1.0", "commit": "fedcba98"}, "graph": {"services": SERVICES, "edges": EDGES}}))
