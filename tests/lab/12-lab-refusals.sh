#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `lab up` refuses, before and after it made things; every time nothing is left.
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_LAB_CGROUP=faultline-lab-${T##*.}
trap '"$FL" lab down >/dev/null 2>&1; cleanup' EXIT
good=$TOP/experiments/lab.yaml

# refuse DESCRIPTION EXIT PATTERN [OPTION...]: `lab up -t $T/x.yaml` fails like that.
refuse() {
	_what=$1 _exit=$2 _pattern=$3; shift 3
	"$FL" lab up -t "$T/x.yaml" "$@" >"$T/out" 2>&1
	_rc=$?
	if [ $_rc = "$_exit" ] && grep -qE "$_pattern" "$T/out"; then ok "$_what"; else
		not_ok "$_what"; echo "#   exit $_rc"; sed 's/^/#   /' "$T/out" | head -n 8
	fi
}

sed 's/^    role: broker/    rolle: broker/' "$good" >"$T/x.yaml"
refuse "an unknown key, with the one that was meant and its place" 2 "x.yaml:[0-9]+:5: unknown key 'rolle', did you mean 'role'"
sed 's/10.213.77.16/10.99.1.16/' "$good" >"$T/x.yaml"
refuse "an address outside of the network" 2 'x.yaml:[0-9]+:14: 10.99.1.16 is not in the network'
sed 's/10.213.77.16/10.213.77.15/' "$good" >"$T/x.yaml"
refuse "an address twice" 2 'notification-svc and broker share an address'
sed 's/^      broker: {/      brooker: {/' "$good" >"$T/x.yaml"
refuse "a call to nobody" 2 "notification-svc calls 'brooker'"
sed 's/memory: 96MiB/memory: plenty/' "$good" >"$T/x.yaml"
refuse "a size that is none" 2 "x.yaml:[0-9]+:13: 'memory' must be a size"
sed '/^    role: broker/d' "$good" >"$T/x.yaml"
refuse "a service without a role" 2 'broker needs a role'
: >"$T/x.yaml"
refuse "an empty file" 2 'not YAML'
printf 'a: [b\n' >"$T/x.yaml"
refuse "broken YAML" 2 'not YAML'
head -c 300000 /dev/zero | tr '\0' 'a' >"$T/x.yaml"
refuse "a file that is far too large" 2 'too large: the limit is'
rm -f "$T/x.yaml"
refuse "no file" 2 'x.yaml'
check "none of them began anything" test ! -e /run/faultline/lab

bg python3 -m http.server --bind 127.0.0.1 8000
wait_for 5 curl -s -o /dev/null http://127.0.0.1:8000/
cp "$good" "$T/x.yaml"
refuse "the pipeline's port is taken" 3 '8000.*taken'
check "and the way out is told" grep -q -- --pipeline-port "$T/out"
check "which works" "$FL" lab up --pipeline-port 8123
check "the pipeline is there" curl -sf http://127.0.0.1:8123/health
check "lab.json says so" test "$(jq -r .pipeline /run/faultline/lab/lab.json)" = http://127.0.0.1:8123
check "down" "$FL" lab down

# A service that cannot start: who it is, the end of its log, and everything is taken down.
awk '/^  broker:/ { b = 1 } { print } b && /role: broker/ { print "    restart: no\n    options: [--nonsense]"; b = 0 }' "$good" >"$T/x.yaml"
refuse "a service that ends at once is named" 3 'broker ended' --pipeline-port 8123
check "with the end of its log" grep -q nonsense "$T/out"
check "and nothing stays" test ! -e /run/faultline/lab -a ! -e /run/netns/fl-broker
check "down of nothing" "$FL" lab down
"$FL" lab sideways >"$T/out" 2>&1
check_num "an unknown verb" $? eq 2
