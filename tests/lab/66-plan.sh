#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# From a running stack to a suite: the lab, whose plan check takes without a remark and which runs unchanged; a stack of
# one's own with names that no YAML would like; and one in which nobody asks for anything.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"

# --- the lab ---
"$FL" plan --watch 5s --all -o "$T/lab.yaml" >"$T/said" 2>"$T/err"
check_num "plan of the lab" $? eq 0
check "check has no remark" sh -c "'$FL' check '$T/lab.yaml' | grep ' 0 errors, 0 warnings\$' || { '$FL' check '$T/lab.yaml'; false; }"
names() { awk '$1 == "name:" && NR > 1 { print $2 }' "$1"; }
for name in frontend-api-gateway-http_error frontend-api-gateway-http_latency frontend-api-gateway-network_partition \
	payment-svc-latency cache-svc-cache_poisoning dns-resolver-dns_error log-collector-disk_fill auth-svc-time_skew inventory-svc-availability; do
	check "... $name" sh -c "grep -qx '    name: $name' '$T/lab.yaml' || { sed -n '/^suite:/q;p' '$T/lab.yaml'; false; }"
done
check "... no HTTP error between a service and the cache" sh -c "! grep -q 'cache-svc-http_' '$T/lab.yaml'"
check "... all limits are measured ones" sh -c "! grep -q 'are a guess' '$T/lab.yaml'"
check_num "... and there are some" "$(grep -c 'p99{service=frontend} <= [0-9.]*m*s, error_rate{service=frontend} <= [0-9.]*%' "$T/lab.yaml")" gt 50
check "... kinds that are left out have their reasons" grep -q '^#   jvm_exception: .*Instead: ' "$T/lab.yaml"
check "who would be hit" grep -qE '^ +[0-9]+  [a-z-]+-latency: latency on [a-z-]+: [0-9]+ process.* connection' "$T/said"
check "nothing is on" sh -c "[ \"\$('$FL' list -o json | jq length)\" = 0 ]"

bg python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(9)
while True: s.accept()[0].close()' "$T/engine"
wait_for 5 [ -S "$T/engine" ]
DOCKER_HOST=unix://$T/engine "$FL" plan --watch 1s -o "$T/half.yaml" >"$T/said" 2>"$T/err"
check_num "with an engine that does not say what it runs: a plan of the lab" $? eq 0
check "... and the words that its containers are left out, and why" grep -q 'note: containers of this host are left out, because they could not be listed: Docker' "$T/err"
check "... in the file as well" grep -q '^# NOTE: containers of this host' "$T/half.yaml"
check "without an engine nobody is left out" sh -c "! grep -q 'left out, because they could not be listed' '$T/lab.yaml'"
"$FL" plan --watch 5s --duration 4s --budget 35s -o json >"$T/doc" 2>/dev/null
check "a plan for 35 seconds, as JSON" jq -e '.error == null and (.experiments | length) >= 2 and .traffic and .estimate_s <= 35 and (.left_out | length) > 20' "$T/doc"
jq -r .suite "$T/doc" >"$T/short.yaml"
"$FL" run "$T/short.yaml" --out "$T/run" >"$T/board" 2>"$T/err"
check "it runs unchanged, to a scoreboard" grep -q '^Detected: [0-9]*/[0-9]' "$T/board"
check "... and hits" jq -e 'all(.[]; .status == "ok" or .status == "aborted")' "$T/run/chaos_results.json"
"$FL" lab down >/dev/null 2>&1

# --- a stack of one's own ---
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
mknet 'no' 1; mknet "o'dd&\"x\"" 2
web="netns:flt-no" db="netns:flt-o'dd&\"x\""
bg ip netns exec "${web#netns:}" python3 -m http.server --bind 10.77.1.2 8080 >/dev/null 2>&1
bg ip netns exec "${db#netns:}" python3 -m http.server --bind 10.77.2.2 8080 >/dev/null 2>&1
wait_for 10 curl -sf -o /dev/null http://10.77.1.2:8080/
wait_for 10 curl -sf -o /dev/null http://10.77.2.2:8080/
"$FL" plan "$web" "$db" --watch 500ms -o "$T/quiet.yaml" >"$T/said" 2>"$T/err"
check_num "nobody asks: a plan all the same" $? eq 0
check "... which says so" grep -q '^# NO TRAFFIC: ' "$T/quiet.yaml"
check "... and on the terminal" grep -q 'NO TRAFFIC' "$T/said"
check "... without faults of packets" sh -c "! grep -q 'fault_type: \\(latency\\|http_\\|network_\\)' '$T/quiet.yaml'"
check "... without a remark of check" sh -c "'$FL' check --strict '$T/quiet.yaml' 2>&1 | grep ' 0 errors, 0 warnings\$'"
bg sh -c "while :; do ip netns exec '${web#netns:}' curl -s -m 1 -o /dev/null http://10.77.2.2:8080/; curl -s -m 1 -o /dev/null http://10.77.1.2:8080/; sleep 0.05; done"
"$FL" plan "$web" "$db" --watch 3s --pipeline http://me:secret@127.0.0.1:1 -o "$T/own.yaml" >"$T/said" 2>"$T/err"
check_num "with some load" $? eq 0
check "... the edge" grep -q '^    name: flt-no-flt-o-dd-x-http_error$' "$T/own.yaml"
check "... what its name stands for" grep -q "^    flt-o-dd-x: \"netns:flt-o'dd&" "$T/own.yaml"
check "... the graph, as measured" grep -q '^      - \[flt-no, flt-o-dd-x\]' "$T/own.yaml"
check "... the front door as the probe" grep -q "^    url: .*10.77.1.2:8080/" "$T/own.yaml"
check "... with a password in it nobody else reads it" [ "$(stat -c %a "$T/own.yaml")" = 600 ]
check "... one without is for everybody" [ "$(stat -c %a "$T/quiet.yaml")" = 644 ]
check "... and the password is not on the terminal" sh -c "! grep -q secret '$T/said' '$T/err'"
check "... a pipeline that does not answer is said to be that" grep -q 'asked and gave no answer' "$T/own.yaml"
check "... without a remark of check" sh -c "'$FL' check '$T/own.yaml' 2>&1 | grep ' 0 errors, 0 warnings\$'"

# --- what cannot be done ---
"$FL" plan netns:flt-none --watch 1s >/dev/null 2>"$T/err"
check_num "a target that is not there" $? eq 3
check "... by its name" grep -q 'flt-none' "$T/err"
"$FL" plan --project nobody --watch 1s >/dev/null 2>"$T/err"
check_num "a project that does not run" $? eq 3
"$FL" plan netns:flt-no --all --budget 1min >/dev/null 2>&1
check_num "--all and --budget contradict each other" $? eq 2
# What cannot be kept is said before anybody has waited for the watch.
refused() { # STATUS PATTERN ARGUMENT...
	local status=$1 pattern=$2; shift 2
	timeout 20 "$FL" plan "$web" --watch 1h "$@" >"$T/out" 2>"$T/err"
	check_num "plan $*: exit $status at once" $? eq "$status"
	check "... and why" grep -q -- "$pattern" "$T/err"
}
refused 2 '--budget 1s is less than one experiment takes (42s)' --budget 1s
refused 2 '--adapter knows faultline' --pipeline http://127.0.0.1:1 --adapter nonsense
refused 2 'only http and https' --probe ftp://127.0.0.1/
refused 2 'only http and https' --pipeline gopher://127.0.0.1/
refused 3 'No such file' -o /nonexistent/x.yaml
refused 2 'no regular file' -o /dev/full
"$FL" plan "$db" --watch 500ms -o "$T/it's mine.yaml" >"$T/said" 2>/dev/null
sed -n 's/^Next: faultline \(check .*\) && .*/\1/p' "$T/said" >"$T/next"
check "what to type next can be typed" sh -c "eval \"'$FL' \$(cat '$T/next')\" | grep -q ' 0 errors'"
"$FL" plan "$web" --watch 1h -o "$T/early.yaml" >/dev/null 2>"$T/err" &
pid=$!
wait_for 10 grep -q '^watching' "$T/err"
kill -INT $pid
wait $pid
check_num "a signal ends the watch early" $? eq 0
check "... and the plan is written" test -s "$T/early.yaml"
