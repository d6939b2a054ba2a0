#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Several people on a host: whose a fault is, whose `stop --all` ends, what the victim is told.
. "$(dirname "$0")/../lib.sh"
ip netns add flt-a && _nets="$_nets flt-a"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
listed() { "$FL" list -o json | jq -r "$1"; }
gone() { [ ! -e /run/faultline ]; }
# as USER UID COMMAND...: as if USER had typed it through sudo.
as() { _uid=$1; shift; SUDO_UID=$_uid "$@"; }
name_of() { getent passwd "$1" | cut -d: -f1; }
one=1 two=2 # daemon and bin, on every Debian
alice=$(name_of $one) bob=$(name_of $two)

# --- who ---
a=$(as $one "$FL" inject null netns:flt-a --for 60s --detach </dev/null 2>/dev/null)
same "the owner is who used sudo" "$(listed '.[0].owner | "\(.user) \(.uid) \(.tty)"')" "$alice $one null"
check "list for people says so" sh -c "'$FL' list | grep -q 'by $alice since 20..-..-.. ..:..:..'"
b=$(script -qec "SUDO_UID=$two '$FL' inject null netns:flt-a --for 60s --detach 2>'$T/note'" /dev/null </dev/null | tr -d '\r')
check "on a terminal, its name as well" sh -c "'$FL' list -o json | jq -e '.[1].owner | .user == \"$bob\" and (.tty | test(\"^pts/\"))'"
check "a second fault on a target is announced: $(cat "$T/note")" grep -qE "note: $a null by $alice since ..:..:.. is on netns:flt-a too" "$T/note"

# --- whose are ended ---
as $one "$FL" stop --all >"$T/out" 2>"$T/err"
same "stop --all ends one's own" "$(cat "$T/out")" "${a%.1} stopped"
same "... and no other" "$(listed '.[].id')" "$b"
check "... which it names: whose, since when" grep -qE "${b%.1}  $bob .pts/[0-9]+. since .*: null on netns:flt-a" "$T/err"
as $one "$FL" stop --all --everyone </dev/null >"$T/out" 2>"$T/err"; rc=$?
same "--everyone without a terminal: refused" "$rc $(grep -c 'no terminal to ask on' "$T/err") $(listed '.[].id')" "2 1 $b"
check "... after it said whose" grep -q "$bob" "$T/err"
echo n | script -qec "SUDO_UID=$one '$FL' stop --everyone" /dev/null >"$T/out"; rc=$?
same "--everyone on a terminal asks; n ends nothing" "$rc $(grep -c 'End all of these' "$T/out") $(listed '.[].id')" "5 1 $b"
echo y | script -qec "SUDO_UID=$one '$FL' stop --everyone" /dev/null >"$T/out"; rc=$?
same "... y ends all" "$rc $(listed length)" "0 0"
as $two "$FL" inject null netns:flt-a --for 60s --detach >/dev/null
same "--yes does not ask" "$(as $one "$FL" stop --everyone --yes </dev/null 2>/dev/null | grep -c stopped) $(listed length)" "1 0"
check "nothing is left" gone

# --- the victim ---
as $two "$FL" inject null netns:flt-a --hits 1 --for 60s -o json >"$T/victim" & p=$!
wait_for 5 sh -c "'$FL' list -o json | jq -e '.[0].active'"
as $one "$FL" stop "$(listed '.[0].id')" >/dev/null
wait $p
same "the victim's result says who ended it" "$(jq -r '.ended_by | "\(.user) \(.uid)"' "$T/victim")" "$alice $one"
check_num "... and when" "$(jq '.ended_by.t' "$T/victim")" ge "$(($(date +%s) - 60))"
as $two "$FL" inject null netns:flt-a --hits 1 --for 60s >"$T/victim" & p=$!
wait_for 5 sh -c "'$FL' list -o json | jq -e '.[0].active'"
as $one "$FL" stop --everyone --yes >/dev/null 2>&1
wait $p
check "... for people too" grep -qE "ended +by $alice at ..:..:.." "$T/victim"
"$FL" inject null netns:flt-a --hits 1 --for 100ms -o json >"$T/victim"
same "nobody ended one that ran its time" "$(jq -r '.ended_by' "$T/victim")" null
check "and nothing is left" gone

# --- a run ---
mknet b 1
# (http.server itself would look up its own name, and wait for a resolver that is not there.)
bg innet b python3 -c 'import http.server as h, socketserver as s
s.ThreadingTCPServer(("10.77.1.2", 8080), h.SimpleHTTPRequestHandler).serve_forever()' >/dev/null 2>&1
wait_for 10 curl -s -o /dev/null http://10.77.1.2:8080/
cat >"$T/suite.yaml" <<END
suite:
  probe: {url: 'http://10.77.1.2:8080/', interval: 50ms, steady_window: 300ms, recover_within: 2s}
  baseline: 200ms
  cooldown: 100ms
  grace: 200ms
experiments:
  - name: two_faults
    hypothesis: success_rate >= 50%
    faults: [{type: 'null', params: {hits: 3}}, {type: 'null', params: {hits: 4}}]
    blast_radius: {target: 'netns:flt-b', traffic: 0% (synthetic), duration: 60s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: b}
END
cd "$T" || exit 1
as $two "$FL" run "$T/suite.yaml" --out res -q >"$T/run" 2>&1 & run=$!
wait_for 15 sh -c "'$FL' list -o json | jq -e 'length == 2 and all(.[]; .active)'" || sed 's/^/# /' "$T/run"
same "a run's faults name its results" "$(listed '.[0].run')" "$T/res"
as $one "$FL" set "$(listed '.[0].id')" hits=9 >/dev/null
as $one "$FL" stop "$(listed '.[0].id')" >/dev/null
as $one "$FL" stop --all >"$T/o" 2>"$T/err"
check "stop --all of another leaves it alone, and names the run" grep -q "$bob since .*, run $T/res: null on" "$T/err"
as $one "$FL" stop --everyone --yes >/dev/null 2>&1
wait $run; rc=$?
same "the run is aborted" "$rc $(jq -r '.[0].status' res/chaos_results.json)" "5 aborted"
same "... its result says by whom" "$(jq -r '.[0].rollback.ended_by.user' res/chaos_results.json)" "$alice"
check "... and so does its verdict" grep -q "aborted by $alice at" "$T/run"
same "... and run.json" "$(jq -r '.ended_by.user' res/run.json)" "$alice"
event() { jq -rs "[.[] | select(.event == \"$1\")][0] | $2" res/events.jsonl; }
same "a fault of it that was set: who, before, after" "$(event fault-set '"\(.by.user) \(.detail.hits.before) \(.detail.hits.after) \(.text)"')" "$alice 3 9 $alice set hits=9 (was 3)"
same "one that was stopped: who" "$(event fault-stopped '"\(.by.user) \(.text)"')" "$alice $alice switched it off"
check "... before the run was" jq -es '([.[] | select(.event == "fault-off")][0].mono_ns) < ([.[] | select(.event == "signal")][0].mono_ns)' res/events.jsonl
check "... and the proof has both" jq -e '[.[0].proof[0].changes[].what] == ["set", "stopped"]' res/chaos_results.json
check "and nothing is left" gone
