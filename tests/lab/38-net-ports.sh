#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# port_exhaustion, by what connect(2) says to a program in the target: before, during, after; and that the
# range is put back exactly, whoever ends the fault.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
python3 -c '
import socket
s = socket.create_server(("10.77.1.1", 7000), backlog=64); kept = []
while True: kept.append(s.accept())' & _pids="$_pids $!"
wait_for 5 sh -c 'ss -Htln sport = 7000 | grep -q .'
# connects N: how many of N connections at a time come about, and what stops the next.
cat >"$T/connects.py" <<'PY'
import os, socket, sys
kept, why = [], "none"
for i in range(int(sys.argv[1])):
    s = socket.socket(); s.settimeout(2)
    # Its end is a reset: no TIME_WAIT keeps the port.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    try: s.connect(("10.77.1.1", 7000)); kept.append(s)
    except OSError as e: why = os.strerror(e.errno or 0); break
print(len(kept), why)
PY
connects() { innet a python3 "$T/connects.py" "$1"; }
same() { if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: $2, not $3"; fi; }
range() { innet a cat /proc/sys/net/ipv4/ip_local_port_range; }
none="Cannot assign requested address"
innet a sh -c 'echo 20000 30001 >/proc/sys/net/ipv4/ip_local_port_range'
before=$(range) host=$(cat /proc/sys/net/ipv4/ip_local_port_range)
back() { [ "$(range)" = "$before" ]; }

same "before" "$(connects 10)" "10 none"
fault port_exhaustion netns:flt-a --ports 4
same "4 ports are left" "$(connects 10)" "4 $none"
same "the host has its own" "$(cat /proc/sys/net/ipv4/ip_local_port_range)" "$host"
"$FL" set "$ID" ports=1 >/dev/null
same "set to 1" "$(connects 10)" "1 $none"
"$FL" set "$ID" ports=6 >/dev/null
same "set to 6" "$(connects 10)" "6 $none"
"$FL" inject port_exhaustion netns:flt-a --for 1s >"$T/out" 2>"$T/err"; _rc=$?
check_num "a second one in the same namespace is refused" $_rc eq 3
check "... in words" grep -q "narrowed by another fault already" "$T/err"
heal
same "afterwards the range is what it was" "$(range)" "$before"
same "... and so are connections" "$(connects 10)" "10 none"

fault port_exhaustion netns:flt-a
kill -9 "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
check "its owner killed: the guardian puts it back" in_time 2 back
wait_for 5 sh -c '! ls /run/faultline/?????? >/dev/null 2>&1'
# Both killed: recover.
fault port_exhaustion netns:flt-a
kill -9 "$(jq -r .guardian "/run/faultline/${ID%.*}/session.json")" "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
"$FL" recover >"$T/out" 2>&1
check "owner and guardian killed: recover puts it back" wait_for 2 back
# Who changes it meanwhile keeps that.
fault port_exhaustion netns:flt-a
innet a sh -c 'echo 40000 50001 >/proc/sys/net/ipv4/ip_local_port_range'
heal
same "what somebody else has set meanwhile stays" "$(range | xargs)" "40000 50001"

"$FL" inject port_exhaustion netns:flt-a --for 1200ms -o json >"$T/out" 2>"$T/err"
check "the effect says from what to what" jq -e '[.. | .effect? | strings] | any(test("40000 to 40000 .before: 40000 to 50001"))' "$T/out"
refused() { # WORDS TARGET OPTION...
	"$FL" inject port_exhaustion "${@:2}" --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	check_num "${*:2}: refused" $_rc eq 2
	check "... in words: $(head -n 1 "$T/err")" grep -q "$1" "$T/err"
}
refused "1 or even" netns:flt-a --ports 3
refused "outside 1..32768" netns:flt-a --ports 0
sleep 100 & _pids="$_pids $!"
refused "network of the host" pid:$!
