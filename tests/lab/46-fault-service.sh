#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What ends a service of the lab: inventory_kill of the catalog, stop, restart; the probe sees it,
# and the rollback, the owner's or the guardian's, has it started again.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"

# --- 3 inventory_kill ---
before=$(probe_fails 8)
old=$(pid_of inventory-svc)
"$FL" inject availability inventory-svc --every 4s --for 4500ms -o json >"$T/kill" & p=$!
sleep 0.2
during=$(probe_fails 8)
wait $p
check_num "inventory_kill: tries of the probe that fail, of 8 (before: $before)" "$during" ge $((before + 4))
check "inventory_kill: two kills and a restart between them" jq -e '.injected == 2 and (.effect | test("1 restart seen"))' "$T/kill"
note "FIGURE inventory_kill: probe failures of 8: $before -> $during; $(jq -r .effect "$T/kill")"
runs() { [ "$(pid_of inventory-svc)" != 0 ] && curl -sf -o /dev/null -m 1 "http://$(address inventory-svc):8080/health"; }
t0=$(date +%s%N)
check "it is started again at the rollback" wait_for 5 runs
check_ms "... at once, not after the restart delay (ms)" $((($(date +%s%N) - t0) / 1000000)) 1500
check "another process" test "$(pid_of inventory-svc)" != "$old"

# --- stop, restart; the guardian starts a service again ---
"$FL" inject stop broker --for 6s -o json >"$T/stop" & p=$!
sleep 0.5
down() { [ "$(pid_of broker)" = 0 ]; }
check "stop: it is down" down
sleep 3.2 # its supervisor has tried meanwhile, and may just have done it again: that is ended at the next look
check "... and stays down" in_time 2 down
wait $p
check "... what was started meanwhile was ended" jq -e '.effect | test("[1-9] restarts? seen")' "$T/stop"
up() { ! down; }
check "... and up again at the end" wait_for 3 up
old=$(pid_of broker)
"$FL" inject restart broker --for 1500ms -o json >"$T/restart"
check "restart: another process" test "$(pid_of broker)" != "$old"
after=$(jq -r '.effect | capture("after (?<n>[0-9.]+)(?<u>ms|s)") | (.n | tonumber) * (if .u == "s" then 1000 else 1 end)' "$T/restart")
check_ms "... at once, not after the restart delay (ms)" "$after" 1000
old=$(pid_of broker)
"$FL" inject kill broker --for 60s >/dev/null 2>&1 & p=$!
wait_for 2 down
kill -9 $p; wait $p 2>/dev/null
check "SIGKILL while it is down: the guardian has it started" wait_for 2 up
old=$(pid_of payment-db)
"$FL" inject pause payment-db --for 60s >/dev/null 2>&1 & p=$!
frozen() { grep -q 'frozen 1' "$(jq -r '.services["payment-db"].cgroup' $LAB)/cgroup.events" 2>/dev/null || [ "$(cat "/sys/fs/cgroup/freezer$(jq -r '.services["payment-db"].cgroup_v1' $LAB)/freezer.state")" = FROZEN ]; }
check "a database is paused" wait_for 2 frozen
kill -9 $p; wait $p 2>/dev/null
thawed() { ! frozen; }
check "... and thawed by the guardian" wait_for 2 thawed
check "the shop is steady at the end" wait_for 15 served
