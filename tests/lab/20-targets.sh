#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Targets: what each way of naming finds, where the host side of a veth is, what is refused.
. "$(dirname "$0")/../lib.sh"
show() { "$BUILD/tests/tools/target_show" "$@"; }
field() { jq -r "$1" "$T/out"; }
# fails DESCRIPTION STATUS PATTERN SPEC...: ends with STATUS and says PATTERN.
fails() {
	_d=$1 _s=$2 _p=$3; shift 3
	show "$@" >"$T/out" 2>"$T/err"; _r=$?
	if [ $_r = "$_s" ] && grep -q -- "$_p" "$T/err"; then ok "$_d"; else
		not_ok "$_d (status $_r)"; sed 's/^/#   /' "$T/err"
	fi
}
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }

mknet a 1
bg ip netns exec flt-a sleep 300; a_pid=$BG_PID
wait_for 5 grep -q sleep "/proc/$a_pid/comm"
a_inode=$(stat -Lc %i /run/netns/flt-a)
index() { ip -o link show "$1" | cut -d: -f1; }

# --- a place whose processes come and go ---
mknet c 7
bg sh -c 'while :; do ip netns exec flt-c true; done'
left=100
while [ $left -gt 0 ] && show netns:flt-c >"$T/out" 2>"$T/err"; do left=$((left - 1)); done
check "100 times a namespace whose processes end meanwhile ($(cat "$T/err"))" [ $left = 0 ]
kill -9 "$BG_PID"

# --- by name ---
show --veth --process netns:flt-a >"$T/out" || not_ok "netns:flt-a resolves"
same "a named namespace: its inode" "$(field .netns_inode)" "$a_inode"
same "its host side" "$(field '.veths[0].ifname') $(field '.veths[0].ifindex') $(field '.veths | length')" "fltv1 $(index fltv1) 1"
same "the host side is here" "$(field '.veths[0].netns_inode')" "$(stat -Lc %i /proc/1/ns/net)"
same "its IPv4 address, mapped" "$(field '.addrs | map(select(. == "::ffff:10.77.1.2")) | length')" 1
same "its IPv6 address" "$(field '.addrs | map(select(. == "fd77:1::2")) | length')" 1
same "no loopback among them" "$(field '.addrs | map(select(test("127.0.0.1|^::1$"))) | length')" 0
same "its process" "$(field .pid)" "$a_pid"

# --- by process ---
show --veth pid:$a_pid >"$T/out" || not_ok "pid:N resolves"
same "a process leads to the same veth" "$(field '.veths[0].ifname')" fltv1
same "and to itself" "$(field '.pids | join(",")')" "$a_pid"
same "a process of the initial pid namespace" "$(field .pidns_inode)" 0
ip netns exec flt-a unshare --pid --fork sleep 301 & _pids="$_pids $!"
wait_for 5 pgrep -f 'sleep 301'
inner=$(pgrep -fx 'sleep 301')
show pid:$inner >"$T/out"
same "a process of another one" "$(field .pidns_inode)" "$(stat -Lc %i "/proc/$inner/ns/pid")"

# --- host sides that are not in the initial namespace ---
ip netns add flt-hub && _nets="$_nets flt-hub"
ip netns add flt-b && _nets="$_nets flt-b"
# In the hub the number of the host side is that of a stranger here: numbers alone prove nothing.
ip link add fltx0 netns flt-hub type veth peer name eth0 netns flt-b
ip -n flt-b addr add 10.77.9.2/24 dev eth0 && ip -n flt-b link set eth0 up && ip -n flt-hub link set fltx0 up
show --veth netns:flt-b >"$T/out" || not_ok "netns:flt-b resolves"
same "host side in a hub namespace" "$(field '.veths[0].ifname') $(field '.veths[0].netns_inode')" "fltx0 $(stat -Lc %i /run/netns/flt-hub)"
ip netns add flt-none && _nets="$_nets flt-none"
fails "a namespace without a veth" 2 "no veth leads" --veth netns:flt-none
fails "a process is needed, there is none" 2 "no process" --process netns:flt-none
ip -n flt-none link add va type veth peer name vb
fails "a veth pair within the namespace leads nowhere" 2 "no veth leads" --veth netns:flt-none

# --- namespaces that have neither a name nor a process ---
# away NAME: flt-NAME with sb0, whose other end is gw-NAME in the hub.
away() { ip netns add "flt-$1" && ip link add "gw-$1" netns flt-hub type veth peer name sb0 netns "flt-$1"; }
bg ip netns exec flt-hub sleep 303; hub_pid=$BG_PID
away mnt
: >"$T/kept"
bg unshare --mount sh -c 'mount --bind /run/netns/flt-mnt "$1" && exec sleep 304' sh "$T/kept"
wait_for 5 grep -q nsfs "/proc/$BG_PID/mounts" && wait_for 5 grep -q sleep "/proc/$BG_PID/comm"
ino=$(stat -Lc %i /run/netns/flt-mnt)
ip netns del flt-mnt
show --veth netns:flt-hub >"$T/out" || not_ok "a namespace that is only mounted, in another mount namespace, is found"
same "a namespace that is only mounted, in another mount namespace" "$(field '.veths[] | select(.ifname == "sb0") | .netns_inode')" "$ino"
kill "$BG_PID"
wait_for 5 sh -c '! ip -n flt-hub link show gw-mnt'
away fd
ino=$(stat -Lc %i /run/netns/flt-fd)
bg sleep 305 9</run/netns/flt-fd
wait_for 5 grep -q sleep "/proc/$BG_PID/comm"
ip netns del flt-fd
show --veth netns:flt-hub >"$T/out" || not_ok "a namespace that is only held open is found"
same "a namespace that is only held open" "$(field '.veths[] | select(.ifname == "sb0") | .netns_inode')" "$ino"
kill "$BG_PID"
wait_for 5 sh -c '! ip -n flt-hub link show gw-fd'
away sock
bg ip netns exec flt-sock python3 -c 'import ctypes, socket, time
s = socket.socket(); ctypes.CDLL(None).unshare(0x40000000); open("'"$T"'/left", "w"); time.sleep(300)'
wait_for 5 test -e "$T/left"
ip netns del flt-sock
ip -n flt-hub link set gw-sock up
ip -n flt-hub addr add 10.77.8.1/24 dev gw-sock
check "a namespace that nothing leads to is not needed to resolve" show netns:flt-hub
fails "a network fault needs it, and says for which interface" 3 "netns:flt-hub: its interface gw-sock cannot be reached" --veth netns:flt-hub
check "null does not need it" "$FL" inject null netns:flt-hub --for 50ms
check "pause does not need it" "$FL" inject pause "pid:$hub_pid" --for 50ms
check "kill does not need it" "$FL" inject kill "pid:$hub_pid" --for 50ms
check_num "latency is refused" "$("$FL" inject latency netns:flt-hub --delay 1ms --for 50ms >"$T/out" 2>&1; echo $?)" eq 3
check "naming the interface" grep -q gw-sock "$T/out"
"$FL" inject latency netns:flt-a --peer netns:flt-hub --delay 1ms --for 50ms >"$T/out" 2>&1
check "a fault that has it as a peer does not need it" grep -q "is active" "$T/out"
ip -n flt-hub link set gw-sock down
show --veth netns:flt-hub >"$T/out"
same "nothing passes where the interface is down: the others are all there is" "$? $(field '.veths | length')" "0 1"
kill "$BG_PID"
ip -n flt-hub link add mv0 link fltx0 netns flt-b type macvlan
ip -n flt-b link set mv0 up
fails "an interface beside the veth that is none" 3 "its interface mv0 cannot be reached: it is no veth but of the kind macvlan" --veth netns:flt-b
ip -n flt-b link del mv0

# --- peers that are no addresses ---
says() { # DESCRIPTION PATTERN PEER
	"$FL" inject latency netns:flt-a --delay 1ms --peer "$3" --for 50ms >"$T/out" 2>&1; _r=$?
	if [ $_r = 2 ] && grep -q -- "$2" "$T/out"; then ok "$1"; else not_ok "$1 (status $_r)"; sed 's/^/#   /' "$T/out"; fi
}
says "a host name is refused as one" "'www.example.com' is no service that is known here, and host names are not resolved" www.example.com
says "and the way out is said" "getent ahosts db.internal" 10.0.0.1,db.internal
says "a service with a typing error is none" "no target 'wep'" wep
for i in $(seq 17); do ip -n flt-b addr add "10.78.$i.1/32" dev eth0; done
says "more addresses than there is room for" "netns:flt-b has more than 16 addresses" netns:flt-b

# --- cgroups ---
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
cg=$v2/fltest-$$
if [ -n "$v2" ] && mkdir -p "$cg/inner"; then
	echo "$a_pid" >"$cg/inner/cgroup.procs"
	show --veth "cgroup:$cg" >"$T/out" || not_ok "cgroup:PATH resolves"
	same "a cgroup: path, id, process of a group below" "$(field '.cgroup, .cgroup_id, .pid' | xargs)" "$cg $(stat -c %i "$cg") $a_pid"
	same "and through its process the veth" "$(field '.veths[0].ifname')" fltv1
	show "cgroup:/fltest-$$" >"$T/out"
	same "the same by the path in the tree" "$(field .cgroup)" "$cg"
	show "pid:$a_pid" >"$T/out"
	same "a process knows its own cgroup" "$(field .cgroup)" "$cg/inner"
	bash -c 'echo $$ >"$1/cgroup.procs"; exec "$2" "$3"' sh "$cg" "$BUILD/tests/tools/target_show" "cgroup:$cg" >"$T/out" 2>"$T/err"
	same "a cgroup that holds faultline is refused" "$? $(grep -c 'faultline itself' "$T/err")" "2 1"
	echo "$a_pid" >"$v2/cgroup.procs"
	rmdir "$cg/inner" "$cg"
else
	not_ok "there is a v2 tree to test with"
fi
show "pid:$a_pid" >"$T/out"
same "a cgroup shared with faultline is not the target's" "$(field .cgroup)" ""
fails "the root cgroup" 2 "whole host" "cgroup:/"
fails "a cgroup that is not there" 2 "no cgroup" "cgroup:/nonesuch-$$"

# --- services of the lab ---
mkdir -p /run/faultline/lab
cat >/run/faultline/lab/lab.json <<END
{"services": {"payment-svc": {"netns": "flt-a", "pid": $a_pid, "start": $(awk '{print $22}' /proc/$a_pid/stat), "cgroup": "", "cgroup_v1": ""},
	"auth-svc": {"netns": "flt-b", "pid": $a_pid, "start": 1, "cgroup": "", "cgroup_v1": ""}}}
END
show --veth --process payment-svc >"$T/out" || not_ok "a service resolves"
same "a service of the lab" "$(field '.name, .provider, .pid, .veths[0].ifname' | xargs)" "payment-svc lab $a_pid fltv1"
show lab:payment-svc >"$T/out"
same "the same with its prefix" "$(field .name)" payment-svc
show --veth auth-svc >"$T/out"
same "a service that is down: no pid of a stranger" "$(field '.pid')" 0
fails "a service that is down, a process needed" 2 "no process" --process auth-svc
fails "a typing error gets the nearest name" 2 "did you mean 'payment-svc'" payment-scv
fails "a namespace without its prefix" 2 "netns:flt-a" flt-a
rm -rf /run/faultline

# --- refusals ---
fails "init" 2 "init" pid:1
bg sleep 302
fails "the network of the host" 2 "host itself" --veth "pid:$BG_PID"
fails "a namespace that is not there, the nearest" 2 "netns:flt-a" netns:flt-aa
fails "no such process" 2 "no process" pid:999999
fails "no number" 2 "no process number" pid:12x
fails "empty" 2 "empty" ""
fails "no service at all" 2 "no target" zebra
ip route add default via 10.77.1.2 dev fltv1
fails "the default route of the host" 2 "refused: the host's default route" --veth netns:flt-a
check "unless it is allowed" show --veth --allow netns:flt-a
ip route del default
kill -9 "$inner" # the init of its namespace
