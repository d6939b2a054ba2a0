#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The resource experiments of the catalog on the lab: gateway_cpu, payment_db_memory, log_disk_fill
# (inventory_kill: 46-fault-service.sh). Each must manifest: a figure that the services publish
# leaves the range of its own baseline.
# lane: quiet (what the services publish of their times is compared)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"

# SERVICE NAME SECONDS: mean of a duration within that time, ms
mean_ms() {
	_s=$(series "$1" "$2_sum") _c=$(series "$1" "$2_count"); sleep "$3"
	echo "$(series "$1" "$2_sum") $_s $(series "$1" "$2_count") $_c" | awk '{d = $3 - $4; printf "%.3f", d ? 1000 * ($1 - $2) / d : 0}'
}
# The largest of N readings of a command: the upper end of its baseline.
upper() { _n=$1; shift; for ((_j = 0; _j < _n; _j++)); do "$@"; echo; done | sort -g | tail -n 1; }
# DESCRIPTION VALUE BASELINE FACTOR FLOOR: beyond the baseline, by a factor and by more than a trifle
beyond() { check_num "$1: $2 against at most $3 before" "$2" gt "$(awk -v b="$3" -v f="$4" -v l="$5" 'BEGIN {x = b * f; if (x < l) x = l; print x}')"; }

sleep 1

# --- 4 gateway_cpu ---
before=$(upper 3 mean_ms api-gateway lab_request_duration_seconds 1)
throttled=$(growth api-gateway container_cpu_cfs_throttled_seconds_total 1)
"$FL" inject cpu_saturation api-gateway --load 90% --for 5s -o json >"$T/cpu" & p=$!
t0=$(series api-gateway container_cpu_cfs_throttled_seconds_total)
sleep 0.8
during=$(mean_ms api-gateway lab_request_duration_seconds 3)
wait $p
more=$(echo "$(series api-gateway container_cpu_cfs_throttled_seconds_total) $t0" | awk '{printf "%.3f", ($1 - $2) / 5}')
beyond "gateway_cpu: mean request of api-gateway, ms" "$during" "$before" 1.2 1
beyond "gateway_cpu: seconds it was throttled, of one" "$more" "$throttled" 2 0.05
check "gateway_cpu has a hit" jq -e '.injected == 1' "$T/cpu"
note "FIGURE gateway_cpu: mean request of api-gateway $before -> $during ms, throttled $throttled -> $more s/s; $(jq -r .effect "$T/cpu")"
check "the shop is steady again" wait_for 10 served

# --- 5 payment_db_memory ---
before=$(upper 3 mean_ms payment-svc lab_upstream_duration_seconds 0.5)
"$FL" inject memory payment-db --percent 95% --for 3s -o json >"$T/mem" & p=$!
sleep 1
during=$(mean_ms payment-svc lab_upstream_duration_seconds 1.5)
waits=$(series payment-db lab_memory_grant_waits_total)
wait $p
beyond "payment_db_memory: mean call of payment-svc, ms" "$during" "$before" 3 20
check_num "payment_db_memory: queries that waited for memory" "$waits" gt 10
check "payment_db_memory has a hit" jq -e '.injected == 1 and .bytes > 85e6' "$T/mem"
note "FIGURE payment_db_memory: mean call of payment-svc $before -> $during ms; $(jq -r .effect "$T/mem")"
check "the database was not killed" test "$(series payment-db process_start_time_seconds | cut -d. -f1)" -lt "$(($(date +%s) - 8))"
check "the shop is steady again" wait_for 10 served

# --- 7 log_disk_fill ---
before=$(upper 3 series payment-svc lab_log_lag_seconds)
"$FL" inject disk_fill log-collector --path /var/log --percent 95% --for 3s -o json >"$T/disk" & p=$!
sleep 2.2
during=$(series payment-svc lab_log_lag_seconds)
failed=$(series payment-svc lab_log_batches_failed_total)
wait $p
beyond "log_disk_fill: lag of payment-svc's log lines, s" "$during" "$before" 2 1
check_num "log_disk_fill: batches refused" "$failed" gt 0
check "log_disk_fill has a hit" jq -e '.injected == 1 and (.effect | test("95.[01] %"))' "$T/disk"
note "FIGURE log_disk_fill: lag of log lines $before -> $during s; $(jq -r .effect "$T/disk")"
caught_up() { [ "$(series payment-svc lab_log_lag_seconds | cut -d. -f1)" = 0 ]; }
check "lines catch up after the rollback" wait_for 5 caught_up
