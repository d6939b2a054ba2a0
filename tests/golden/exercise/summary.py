#!/usr/bin/python3
"""One line for each experiment of a completed file: what would be done, to whom, for how long, and who is to blame."""
import sys

import yaml

for e in yaml.safe_load(open(sys.argv[1]))["experiments"]:
    params = " ".join("%s=%s" % p for p in sorted((e.get("params") or {}).items()))
    truth = e["ground_truth"]
    roots = ",".join(truth.get("root_service", [])) + "".join(" !" + s for s in truth.get("not_service", []))
    steady = "; ".join(e.get("steady_state") or [])
    print(" | ".join([e["name"], e["fault_type"], params, e["blast_radius"]["target"], e["blast_radius"]["duration"],
                      e["measurement"]["capture_window"], e["rollback"]["trigger_when"], roots.strip(), steady]))
