#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# dns_answer, and dns_error by type: what dig and getaddrinfo make of it, of a real dnsmasq and of a server with signed answers.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
bg ip netns exec flt-a dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root \
	--bind-interfaces --listen-address=10.77.1.2,fd77:1::2 --pid-file= --local-ttl=300 --edns-packet-max=4096 \
	--host-record=payment.svc.lab,10.1.2.3,fd00::3 --host-record=four.svc.lab,10.1.2.4 --cname=pay.svc.lab,payment.svc.lab \
	--host-record=many.svc.lab,10.2.0.1 --host-record=many.svc.lab,10.2.0.2 --host-record=many.svc.lab,10.2.0.3 \
	--txt-record=payment.svc.lab,hello >"$T/dnsmasq.log" 2>&1
# The other one: an address with a signature (of nobody), in the bytes that BIND would send.
cat >"$T/signed.py" <<'PY'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.77.1.2", 5300))
sig = struct.pack(">HBBIIIH", 1, 13, 2, 300, 1900000000, 1700000000, 4711) + b"\3lab\0" + bytes(64)
while True:
    q, who = s.recvfrom(2000)
    end = 12
    while q[end]: end += q[end] + 1
    end += 5
    answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + bytes([10, 1, 2, 3])
    answer += b"\xc0\x0c" + struct.pack(">HHIH", 46, 1, 300, len(sig)) + sig
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000, 0)
    s.sendto(q[:2] + b"\x85\xa0" + struct.pack(">HHHH", 1, 2, 0, 1) + q[12:end] + answer + opt, who)
PY
# (A resolver answers from port 53: the other one has an address of its own behind it.)
ip -n flt-a addr add 10.77.1.53/24 dev eth0
sed -i 's/("10.77.1.2", 5300)/("10.77.1.53", 53)/' "$T/signed.py"
bg ip netns exec flt-a python3 "$T/signed.py"
ask() { # NAME OPTION...
	_name=$1; shift
	dig +tries=1 +time=2 "$@" "$_name" >"$T/dig" 2>&1
	status=$(sed -n 's/.*status: \([A-Z]*\),.*/\1/p' "$T/dig")
	answer=$(awk '!/^;/ && NF { print $NF }' "$T/dig" | sort | xargs)
	ttl=$(awk '!/^;/ && NF { print $2 }' "$T/dig" | sort -u | xargs)
	status=${status:-none}
	! grep -qiE 'malformed|extra bytes|bad packet|Got bad' "$T/dig" || not_ok "dig takes it for malformed: $(grep -iE 'malformed|extra|bad' "$T/dig")"
}
is() { if [ "$2" = "$3" ]; then ok "$1 ($2)"; else not_ok "$1: '$2' is not '$3'"; sed 's/^/#   /' "$T/dig"; fi; }
# As programs do: glibc's getaddrinfo, in a mount namespace whose resolv.conf names the server.
echo nameserver 10.77.1.2 >"$T/resolv.conf"
looked_up() { # NAME
	unshare --mount --propagation private sh -c 'mount --bind "$0" /etc/resolv.conf && exec python3 -c "
import socket, sys
try: print(*sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}))
except OSError as e: print(e.strerror or e)" "$1"' "$T/resolv.conf" "$1" 2>&1
}
wait_for 5 dig +tries=1 +time=1 @10.77.1.2 payment.svc.lab
wait_for 5 dig +tries=1 +time=1 @10.77.1.53 x.lab
is "before: getaddrinfo" "$(looked_up payment.svc.lab)" "10.1.2.3 fd00::3"

fault dns_answer netns:flt-a --a 192.0.2.99
for server in 10.77.1.2 fd77:1::2; do
	ask payment.svc.lab @$server
	is "another address: $server" "$status $answer" "NOERROR 192.0.2.99"
	check "... EDNS stays" grep -q 'EDNS: version' "$T/dig"
done
ask many.svc.lab @10.77.1.2
is "three of them" "$answer" "192.0.2.99 192.0.2.99 192.0.2.99"
ask pay.svc.lab @10.77.1.2 +cookie +nsid
is "behind an alias" "$answer" "192.0.2.99 payment.svc.lab."
is "how long it may be kept stays" "$ttl" 300
ask payment.svc.lab @10.77.1.2 AAAA
is "the other family is not touched" "$answer" "fd00::3"
ask payment.svc.lab @10.77.1.2 TXT
is "nor other types" "$answer" hello
is "getaddrinfo" "$(looked_up payment.svc.lab)" "192.0.2.99 fd00::3"
n=$(hits "$ID" injected)
check_num "one hit for each lookup of an address of IPv4" "$n" eq 5
check_num "... and they are all that were matched" "$(hits "$ID" matched)" eq "$n"
heal
"$FL" inject dns_answer netns:flt-a --a 192.0.2.99 --for 60s -o json >"$T/proof" 2>"$T/err" & p=$!
wait_for 10 sh -c "'$FL' list -o json | jq -e '.[0].active'"
ask payment.svc.lab @10.77.1.2 +tcp
is "over TCP it stays" "$answer" 10.1.2.3
ask x.lab @10.77.1.53 +dnssec
is "a signed one keeps its address" "$(grep -c 'IN.*A.*10\.1\.2\.3' "$T/dig") $status" "1 NOERROR"
check "... and is authenticated still" grep -q '^;; flags:.* ad' "$T/dig"
kill -INT $p; wait $p
check_num "both are counted as skipped" "$(jq .skipped "$T/proof")" eq 2
check_num "... and not as hits" "$(jq .injected "$T/proof")" eq 0
fault dns_answer netns:flt-a --a 192.0.2.99
"$FL" set "$ID" aaaa=2001:db8::1 name=payment.svc.lab >/dev/null
is "set: the other family as well" "$(looked_up payment.svc.lab)" "192.0.2.99 2001:db8::1"
is "... of this name alone" "$(looked_up four.svc.lab)" "10.1.2.4"
"$FL" set "$ID" a=random aaaa=random >/dev/null
one=$(looked_up payment.svc.lab) two=$(looked_up payment.svc.lab)
check "random ones, another each time: $one; $two" sh -c "[ '$one' != '$two' ] && [ \$(echo '$one' '$two' | wc -w) = 4 ] && ! echo '$one $two' | grep -qE '10\.1\.2\.3|fd00::3'"
heal

fault dns_answer netns:flt-a --ttl 2s
ask pay.svc.lab @10.77.1.2
is "another time, of all records" "$ttl" 2
is "... and nothing else" "$answer" "10.1.2.3 payment.svc.lab."
ask x.lab @10.77.1.53 +dnssec
is "... of signed ones, too" "$ttl" 2
heal
fault dns_answer netns:flt-a --ttl steps:60s,5s/1500ms
ask payment.svc.lab @10.77.1.2
is "a schedule: at first" "$ttl" 60
sleep 2
ask payment.svc.lab @10.77.1.2
is "... and then" "$ttl" 5
heal

fault dns_answer netns:flt-a --empty --type aaaa
ask payment.svc.lab @10.77.1.2 AAAA
is "no record of this type" "$status $answer" "NOERROR "
check "... the question stays" grep -q '^;payment.svc.lab' "$T/dig"
is "getaddrinfo has the other family" "$(looked_up payment.svc.lab)" "10.1.2.3"
heal
fault dns_answer netns:flt-a --empty
is "nothing at all: getaddrinfo" "$(looked_up payment.svc.lab | sed 's/ associated with hostname//; s/Name or service not known/no address/i')" "No address"
heal
for type in a aaaa; do
	fault dns_error netns:flt-a --rcode nxdomain --type $type
	[ $type = a ] && other=aaaa || other=a
	ask payment.svc.lab @10.77.1.2 ${type^^}
	is "dns_error of $type only: $type" "$status" NXDOMAIN
	ask payment.svc.lab @10.77.1.2 ${other^^}
	is "... $other" "$status" NOERROR
	ask payment.svc.lab @10.77.1.2 TXT
	is "... TXT" "$status" NOERROR
	heal
done
fault dns_answer netns:flt-a --a 192.0.2.99 --percent 0
is "0 % of them" "$(looked_up four.svc.lab)" "10.1.2.4"
heal
# A thousand lookups by one program, a fifth of them wrong: within the 99.9 % interval.
fault dns_answer netns:flt-a --a 192.0.2.99 --percent 20 --seed 11
python3 - >"$T/share" <<'PY'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect(("10.77.1.2", 53))
wrong = 0
for i in range(1000):
    s.send(struct.pack(">HHHHHH", i, 0x100, 1, 0, 0, 0) + b"\4four\3svc\3lab\0\0\1\0\1")
    a = s.recv(600)
    wrong += a[-4:] == bytes([192, 0, 2, 99])
print(wrong)
PY
check_num "20 % of 1000" "$(cat "$T/share")" ge 159
check_num "... and not more" "$(cat "$T/share")" le 242
check_num "each of them is a hit" "$(hits "$ID" injected)" eq "$(cat "$T/share")"
note "FIGURE dns_answer: $(cat "$T/share") of 1000 lookups at 20 % say another address, and the kernel counted $(hits "$ID" injected)"
heal
is "afterwards all is well" "$(looked_up payment.svc.lab)" "10.1.2.3 fd00::3"
