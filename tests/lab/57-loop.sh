#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The event loop that carries the heartbeat: in a run with every kind of fault, and while inject is asked
# to list, set and stop, no callback keeps it for more than 20 ms (user/util/loop/loop_time.h), whatever the
# faults take. The kinds are those of the tool's own table, their options those of tests/matrix/kinds.
# lane: alone (a file system that is busy with others' work makes a write long)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"
. "$(dirname "$0")/../target.sh"
trap '"$FL" lab down >/dev/null 2>&1; rmtargets; cleanup' EXIT
mktarget a sleep 1000
export FAULTLINE_LOOP_LOG=$T/loop
: >"$T/loop"

# --- every callback is measured ---
# What is given to libuv by that which runs with a heartbeat, and what of it has not the first line.
sources=$(find "$TOP"/user/{fault,measure,serve,util} "$TOP"/user/run/run*.c "$TOP/user/cmd/fault/inject_hold.c" -name '*.c')
callbacks() { # FILE
	tr -d '\n' <"$1" | grep -oE 'uv_(timer_start|poll_start|signal_start|listen|read_start|write|close|queue_work)\([^;]*;' |
		grep -oE '\b(on_[a-z_]+|[a-z_]+_(closed|done)|finished)\b' | sort -u
}
for file in $sources; do
	for f in $(callbacks "$file"); do
		echo "$f"
		awk -v f="$f" '$0 ~ "^static void " f "\\(.*[^;]$" { at = NR } at && NR == at + 2 && !/LOOP_CALLBACK\(\);/ { print f " of " FILENAME > "/dev/stderr" }' "$file"
	done
done >"$T/callbacks" 2>"$T/unmeasured"
check_num "callbacks found" "$(wc -l <"$T/callbacks")" ge 20
check "each begins with LOOP_CALLBACK()" diff /dev/null "$T/unmeasured"

# --- a run with every kind ---
# A JVM's agent, without which jvm_exception is not there.
bg python3 "$TOP/tests/tools/servers/drip.py" byteman "$T/byteman.jar" >"$T/drip.out"; jvm=$BG_PID
wait_for 5 grep -q ready "$T/drip.out"
kill -USR1 "$jvm"
"$FL" doctor -o json >"$T/doctor"
kinds=$(jq -r '.faults[] | select(.supported) | .name' "$T/doctor")
note "not on this kernel: $(jq -r '[.faults[] | select(.supported | not) | "\(.name) (\(.reason))"] | join(", ") | if . == "" then "none" else . end' "$T/doctor")"
check_num "kinds of fault that are tried, of $(jq '.faults | length' "$T/doctor")" "$(wc -w <<<"$kinds")" ge 20
# And those that do it quite differently when asked to: KIND OPTIONS, each an experiment more.
variants() {
	cat <<-'V'
		fd_exhaustion --mode kernel
		pause --method sigstop
		pause --method freezer
	V
}
options() { sed -nE "s/^$1 +[a-z]+ +[^ ]+ *//p" "$TOP/tests/matrix/kinds"; }
target() {
	case $1 in
	cache_poisoning) echo cache-svc ;;
	jvm_exception) echo "pid:$jvm" ;;
	dns_*) echo dns-resolver ;;
	availability | crash | stop | restart) echo inventory-svc ;;
	disk_* | io_* | config_corruption | file_*) echo "pid:$TARGET" ;; # with a file system and a blkio group of its own
	*) echo payment-svc ;;
	esac
}
# "--percent 50% --allow-persistent" as YAML
params() {
	echo "$1" | awk '{ for (i = 1; i <= NF; i++) { if ($i !~ /^--/) continue; k = substr($i, 3)
		v = $(i + 1) ~ /^[^-]/ ? $(i + 1) : "true"; printf "%s%s: \"%s\"", n++ ? ", " : "", k, v } }'
}
echo right >"/proc/$TARGET/root/mnt/loop.conf"
n=0
{
	cat <<'Y'
suite:
  name: loop
  stack: lab
  probe: { interval: 200ms, timeout: 5s, steady: 1%, steady_window: 100ms, recover_within: 60s }
  baseline: 100ms
  cooldown: 0s
  grace: 0s
  metrics: { order_success_rate: { probe: success_rate } }
experiments:
Y
	{ for kind in $kinds; do echo "$kind $(options "$kind")"; done; variants; } >"$T/list"
	while read -r kind opts; do
		grep -qx "$kind" <<<"$kinds" || continue
		opts=${opts//@FILE@/\/mnt\/loop.conf}; opts=${opts//\/tmp/\/mnt}
		[ "$kind" != disk_io ] || opts="$opts --path /mnt --block-size 4k"
		[ "$kind" != null ] || opts="--switching 300ms"
		n=$((n + 1))
		cat <<Y
  - id: $n
    name: loop_${kind}_$n
    hypothesis: "order_success_rate >= 0%"
    faults: [{ type: $kind, target: "$(target "$kind")", params: { $(params "$opts") } }]
    blast_radius: { target: 1 instance of payment-svc, traffic: 0% (synthetic), duration: 400ms }
    rollback: { automatic: true, trigger_when: order_success_rate < 0%, method: faultline stop --all }
    measurement: { metrics: [order_success_rate], capture_window: t-1s to t+1s }
    ground_truth: { root_service: payment-svc, symptom: errors }
Y
	done <"$T/list"
} >"$T/loop.yaml"
"$FL" run "$T/loop.yaml" --out "$T/out" --metrics 127.0.0.1:0 >"$T/board" 2>"$T/progress"
rc=$?
check "the run came to its end" [ $rc = 0 -o $rc = 1 ]
[ -s "$T/out/chaos_results.json" ] || sed 's/^/#   /' "$T/board" "$T/progress" | tail -n 20
on() { jq -rs '[.[] | select(.event == "fault-on") | .kind] | unique | .[]' "$T/out/events.jsonl" | sort; }
check_num "experiments that had their fault on" "$(jq -rs '[.[] | select(.event == "fault-on")] | length' "$T/out/events.jsonl")" eq "$(wc -l <"$T/list")"
check "every kind was on" diff <(on) <(tr ' ' '\n' <<<"$kinds" | sort)
jq -r '.[] | select(.status == "failed") | "# \(.name): \(.detail.error // .error // "")"' "$T/out/chaos_results.json"
check "no callback over 20 ms in a run with every kind" diff /dev/null "$T/loop"

# --- a machine on which it takes long until the loop turns ---
if [ -x "$(command -v strace)" ]; then
	t0=$(date +%s%N)
	env -u FAULTLINE_LOOP_LOG strace -f -o /dev/null -e trace=bpf -e inject=bpf:delay_enter=700000:when=1..12 \
		"$FL" run "$T/loop.yaml" --only "$(grep -n '^null ' "$T/list" | cut -d: -f1)" --out "$T/slow" >"$T/board" 2>"$T/progress"
	rc=$?
	check_num "it took longer to begin than a guardian lets an owner be silent (ms)" $((($(date +%s%N) - t0) / 1000000)) gt 8000
	check "... and was not killed for it ($rc)" [ $rc = 0 -o $rc = 1 ]
else
	skip "a slow beginning" strace
fi

# --- inject, asked to list, to change, to stop, while its switching takes long ---
"$FL" inject 'null' payment-svc --switching 300ms --for 60s >"$T/inject" & p=$!
wait_for 5 grep -q 'is active' "$T/inject"
ID=$("$FL" list -o json | jq -r '.[0].id')
check "set" "$FL" set "$ID" hits=5
check "stop" "$FL" stop "$ID"
wait $p
check "no callback over 20 ms in inject" diff /dev/null "$T/loop"

# --- the same on a machine whose CPUs are long in demand: no callback waits for a thread that has none. What is not
# counted is the loop's own thread being ready and another task having the CPU (loop_time.h). ---
bg stress-ng --cpu "$(($(nproc) * 2))" --timeout 60s --quiet
busy=$BG_PID
for i in 1 2 3; do
	"$FL" inject 'null' payment-svc --switching 300ms --for 60s >"$T/inject" & p=$!
	wait_for 15 grep -q 'is active' "$T/inject"
	ID=$("$FL" list -o json | jq -r '.[0].id')
	check "beside $(($(nproc) * 2)) that compute, $i: set" "$FL" set "$ID" hits=5
	check "... stop" "$FL" stop "$ID"
	wait $p
done
kill -INT "$busy"; wait "$busy" 2>/dev/null
check "no callback over 20 ms there" diff /dev/null "$T/loop"
