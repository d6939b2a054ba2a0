#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which packets, beyond their ends: size, state, hops left, code point; and behind a VLAN tag. By the measure of ping
# and curl: what was asked for is hit, what is next to it is not.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
bg ip netns exec flt-a python3 -m http.server --bind 10.77.1.2 8080 >/dev/null 2>&1
wait_for 5 curl -s -o /dev/null http://10.77.1.2:8080/
# came [OPTION...] ADDRESS: of two pings. all/none DESCRIPTION OPTION...
came() { ping -n -q -c 2 -i 0.01 -W 0.3 "$@" 2>/dev/null | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
all() { check_num "$1" "$(came "${@:2}")" eq 2; }
none() { check_num "$1" "$(came "${@:2}")" eq 0; }
lose() { fault network_loss netns:flt-a --percent 100 --direction to "$@"; }
A=10.77.1.2 B=fd77:1::2

lose --packet-size 500-1000
all "499 bytes pass" -s 471 $A
none "500 do not" -s 472 $A
none "nor 1,000" -s 972 $A
all "1,001 do" -s 973 $A
none "IPv6: 1,000 bytes do not pass" -s 952 $B
all "... 1,001 do" -s 953 $B
"$FL" set "$ID" packet-size=100 >/dev/null
none "set to one size" -s 72 $A
all "... and no other" -s 73 $A
heal
lose --ttl 1-7
none "7 hops left" -t 7 $A
all "8 hops" -t 8 $A
none "the hop limit of IPv6" -t 7 $B
all "... of 8" -t 8 $B
heal
lose --dscp ef,8
none "expedited forwarding" -Q $((46 << 2)) $A
none "8, and both bits of ECN" -Q $((8 << 2 | 3)) $A
all "what is not marked" $A
none "the traffic class of IPv6" -Q $((46 << 2)) $B
all "... and no other" -Q $((10 << 2)) $B
heal
exec 5<>/dev/tcp/10.77.1.2/8080
code() { curl -s -o /dev/null --max-time 0.5 -w '%{time_connect}' http://10.77.1.2:8080/; echo " $?"; }
lose --packet-state new
check "packet-state new: nothing connects ($(code))" sh -c "[ '$(code | cut -d' ' -f2)' = 28 ]"
printf 'GET / HTTP/1.0\r\n\r\n' >&5
read -r -t 3 -u 5 first
check "... what is connected is served" grep -q 200 <<<"${first:-}"
"$FL" set "$ID" packet-state=established >/dev/null
check "established: it connects, and hears nothing" awk -v c="$(code)" 'BEGIN { split(c, a, " "); exit !(a[1] > 0 && a[2] == 28) }'
all "what is not TCP has no state" $A
heal
exec 5>&-

# --- a VLAN on the veth: five datagrams behind one tag, five behind two, as a VLAN's interface sends them ---
cat >"$T/tagged.py" <<'PY'
import socket, struct, sys
def mac(s): return bytes.fromhex(s.replace(":", ""))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 33, 0, 0, 64, 17, 0, bytes([10, 77, 1, 2]), bytes([10, 77, 1, 1]))
udp = struct.pack("!HHH", 5000, 5000, 13) + b"\0\0hello"
tag = struct.pack("!HH", 0x8100, 7)
for n in (1, 2):
    for i in range(5): s.send(mac(sys.argv[1]) + mac(sys.argv[2]) + tag * n + b"\x08\x00" + ip + udp)
PY
tagged() { innet a python3 "$T/tagged.py" "$(ip -j link show fltv1 | jq -r '.[0].address')" 02:00:00:00:00:01; }
fault network_loss netns:flt-a --percent 100 --direction from --port 5000
tagged
five() { [ "$(hits "$ID" injected)" = 5 ]; }
check "what is behind one VLAN tag is met, behind two it is not" wait_for 2 five
heal
# What would have to wait passes at once, and is counted.
"$FL" inject latency netns:flt-a --delay 300ms --direction from --port 5000 --for 1s -o json >"$T/out" 2>"$T/err" &
wait_for 5 sh -c "'$FL' list -o json | jq -e '.[0].active'"
tagged
wait $!
check "a delay cannot hold it, which is counted" jq -e '[.. | .skipped? | numbers] | max == 5' "$T/out"

refused() { # WORDS KIND OPTION...
	"$FL" inject "$2" netns:flt-a "${@:3}" --for 1s >"$T/out" 2>"$T/err"; _rc=$?
	check_num "${*:2}: refused" $_rc eq 2
	check "... in words: $(head -n 1 "$T/err")" grep -q "$1" "$T/err"
}
refused "runs backwards" network_partition --packet-size 100-99
refused "outside 0..255" latency --delay 1ms --ttl 256
refused "no code point" latency --delay 1ms --dscp af44
refused "about TCP" network_partition --packet-state new --protocol udp
refused "cannot be given" mtu_blackhole --mtu 1400 --packet-size 100
refused "cannot be given" connect_drop --packet-state established
refused "cannot be given" half_open --packet-size 40
refused "packet-size" http_error --packet-size 40
