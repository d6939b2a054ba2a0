#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# file_latency as fio measures it, and what a bystander on the same mount pays for an open.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../target.sh"
(sleep 200; pkill -9 -x fl-files) & watchdog=$!
trap '_rc=$?; kill $watchdog; pkill -9 -x fl-files; rmtargets; (exit $_rc); cleanup' EXIT
mktarget a sleep 1000
spec=cgroup:$_v2/$CG
# (Only of the v2 tree: a v1 group for CPU has no time for who is before others.)
as_member() { (echo $BASHPID >"$_v2/$CG/cgroup.procs"; exec nsenter -t "$TARGET" -m "$@"); }
# Before the host's other work, which would be measured with it, where that is allowed.
first="chrt -f 5"
$first true 2>/dev/null || first=
# 1,000 reads by four jobs, mean and 99th percentile of all in ms.
reads() {
	as_member $first fio --name=r --directory=/mnt --rw=randread --bs=4k --size=1m --number_ios=250 --ioengine=psync --numjobs=4 \
		--group_reporting --fallocate=none --thread --output-format=json >"$T/fio" 2>"$T/fio.err" || { not_ok "fio"; cat "$T/fio.err"; }
	sed -n '/^{/,$p' "$T/fio" | jq -r '.jobs[0].read | "\(.total_ios) \(.clat_ns.mean / 1e6) \(.clat_ns.percentile."99.000000" / 1e6)"'
}
reads >/dev/null # lays the files out
read -r n usual p99_usual <<<"$(reads)"
check_num "without a fault: 1,000 reads" "$n" eq 1000
fault file_latency "$spec" --path /mnt --delay 20ms
figures() { # of up to three: what this machine does beside is not late each time
	read -r n mean p99 <<<"$(reads)"
	error=$(calc "$mean - $usual - 20") over=$(calc "$p99 - 20")
	note "FIGURE file_latency 20 ms, $n reads by fio (psync, 4 jobs): mean $mean ms, error $error ms, p99 $p99 ms; without: $usual ms, p99 $p99_usual ms; $(uname -r), $(date +%F)"
	awk -v e="$error" -v o="$over" 'BEGIN { exit !(e <= 0.5 && e >= -0.5 && o <= 2) }'
}
again figures
check_num "20 ms: 1,000 reads" "$n" eq 1000
check_num "error of the mean (ms)" "${error#-}" le 0.5
check_num "99th percentile over 20 ms (ms)" "$over" le 2

# On one CPU, where its median is that of the calls alone; a mean on a busy host is that of the host.
cat >"$T/opens.py" <<'P'
import os, time
took = []
for i in range(20000):
    a = time.monotonic_ns(); fd = os.open("/mnt/r.0.0", os.O_RDONLY); took.append(time.monotonic_ns() - a); os.close(fd)
took.sort()
print(sum(took) / len(took) / 1e3, took[len(took) // 2] / 1e3)
P
opens() { nice -n -20 nsenter -t "$TARGET" -m "$@" python3 "$T/opens.py"; }
heal
bystander() {
	read -r before median_before <<<"$(opens taskset -c 1)"
	fault file_latency "$spec" --path /mnt --delay 20ms --at any
	as_member sh -c 'while :; do cat /mnt/r.*; done' >/dev/null 2>&1 & busy=$!
	read -r during median_during <<<"$(opens taskset -c 1)"
	read -r free median_free <<<"$(opens)"
	kill $busy; wait $busy 2>/dev/null
	heal
	cost=$(calc "$median_during - $median_before")
	note "FIGURE a bystander's open on the same mount, 20,000 of them: mean $before us before, $during us during, $free us where it may change its CPU; median $median_before, $median_during, $median_free us; $(uname -r), $(date +%F)"
	awk -v c="$cost" 'BEGIN { exit !(c <= 30) }'
}
again bystander
check_num "what a bystander pays for an open, the median (us)" "$cost" le 30
