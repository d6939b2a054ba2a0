# SPDX-License-Identifier: GPL-2.0-only
# lab.sh - sourced behind lib.sh by tests that break the lab: brings it up in cgroups of its own, has
# it down at exit, and reads what its services publish.
export FAULTLINE_LAB_CGROUP=faultline-lab-${T##*.}
LAB=/run/faultline/lab/lab.json
trap '"$FL" lab down >/dev/null 2>&1; cleanup' EXIT

address() { jq -r ".services[\"$1\"].addr" $LAB; }
pid_of() { jq -r ".services[\"$1\"].pid" $LAB; }
metrics() { curl -s -m 2 "http://$(address "$1"):8080/metrics"; }
# SERVICE SERIES: the sum over its labels
series() { metrics "$1" | awk -v s="$2" 'index($0, s "{") == 1 || index($0, s " ") == 1 {n += $NF} END {printf "%.6f", n}'; }
# SERVICE SERIES SECONDS: what it grows by
growth() { _a=$(series "$1" "$2"); sleep "$3"; echo "$(series "$1" "$2") $_a" | awk '{printf "%.3f", $1 - $2}'; }
# N: tries of the probe; how many of them fail (no 200 within 500 ms)
probe_fails() {
	_bad=0
	for ((_i = 0; _i < $1; _i++)); do
		[ "$(curl -s -o /dev/null -m 0.5 -w '%{http_code}' http://10.213.77.2:8080/checkout/health)" = 200 ] || _bad=$((_bad + 1))
	done
	echo $_bad
}
check "the lab is up" "$FL" lab up
served() { [ "$(probe_fails 5)" = 0 ]; }
check "the shop is steady" wait_for 10 served
