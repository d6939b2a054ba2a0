#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# doctor: says of this host what other tools say of it, lists every kind, leaves nothing.
. "$(dirname "$0")/../lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
yes_no() { if "$@" >/dev/null 2>&1; then echo true; else echo false; fi; }

"$FL" doctor -o json >"$T/doctor"; rc=$?
same "status 0 where a network fault works, else 3" $rc "$(jq 'if any(.faults[]; .supported and .class == "network") then 0 else 3 end' "$T/doctor")"
says() { jq --arg f "$1" '.features[$f].supported' "$T/doctor"; }
same "the kernel" "$(jq -r .kernel.release "$T/doctor")" "$(uname -r)"

# Against iproute2 and the file system, in the sandbox's own network namespace.
ip link add fltd type dummy 2>/dev/null || ip link add fltd type veth peer name fltd2
for qdisc in clsact fq netem; do
	root=root; [ $qdisc != clsact ] || root=
	# shellcheck disable=SC2086
	same "$qdisc, as tc sees it" "$(says $qdisc)" "$(yes_no tc qdisc add dev fltd $root $qdisc)"
	tc qdisc del dev fltd $qdisc 2>/dev/null; tc qdisc del dev fltd root 2>/dev/null
done
ip link del fltd
same "tap, as ip sees it" "$(says tap)" "$(yes_no ip tuntap add dev fltap mode tap)"
ip link del fltap 2>/dev/null
same "kprobe, as perf sees it" "$(says kprobe)" "$(yes_no test -e /sys/bus/event_source/devices/kprobe)"
same "btf" "$(says btf)" "$(yes_no test -r /sys/kernel/btf/vmlinux)"
same "cgroup2" "$(says cgroup2)" "$(yes_no grep -q ' cgroup2 ' /proc/mounts)"
same "stress-ng" "$(says stress-ng)" "$(yes_no sh -c 'command -v stress-ng')"
same "a program that is not in PATH is not there" "$(PATH=/nonexistent "$FL" doctor -o json | jq '.features["stress-ng"].supported')" "$(yes_no test -e /usr/sbin/stress-ng)"
for f in capabilities bpffs tracefs tc tcx override_return fentry fmod_ret lsm tp_btf raw_tp cgroup1 freezer cgroup_connect cgroup_sock_create cgroup_bind cgroup_set_retval dnsmasq redis-server docker; do
	[ "$(jq --arg f "$f" '.features[$f] | (.supported | type == "boolean") and (.supported or (.reason != "" and .todo != ""))' "$T/doctor")" = true ] || bad="${bad:-} $f"
done
same "each feature: yes, or no with its reason and what to do" "${bad:-}" ""

# The kinds: those of inject, each with a class, a backend or a reason.
same "every kind is listed" "$(jq -r '.faults[].name' "$T/doctor" | sort | xargs)" "$("$FL" inject --help | sed -n '/^Kinds:/,$p' | awk 'NR > 1 {print $1}' | sort | xargs)"
check "a kind that works names its backend, one that does not its reason" jq -e 'all(.faults[]; if .supported then .backend != "" else .reason != "" end)' "$T/doctor"
check "a delay needs a delay line" jq -e '(.faults[] | select(.name == "latency").supported) == .features.tap.supported' "$T/doctor"

# For people.
"$FL" doctor >"$T/text"
same "the table has a line for each kind" "$(sed -n '/^faults$/,/^$/p' "$T/text" | grep -cE '^  (yes|no) ')" "$(jq '.faults | length' "$T/doctor")"
check "no line is longer than the screen" awk 'length > 100 {exit 1}' "$T/text"
t0=$(date +%s%N); "$FL" doctor >/dev/null; ms=$((($(date +%s%N) - t0) / 1000000))
check_ms "it takes little time (ms)" $ms 3000
same "its probes' cgroups are gone" "$(find /sys/fs/cgroup -maxdepth 2 -name 'faultline-probe-*' 2>/dev/null)" ""

# Not root: it still says what it can.
setpriv --reuid 65534 --regid 65534 --clear-groups "$FL" doctor -o json >"$T/unpriv" 2>"$T/err"; rc=$?
same "not root: status 3, CAP_BPF named" "$rc $(grep -c CAP_BPF "$T/err")" "3 1"
check "... and the report is there" jq -e '.features.capabilities.supported == false and .features["stress-ng"].supported' "$T/unpriv"

# Which syscalls fail by what.
"$FL" doctor --syscalls -o json >"$T/calls"
check "connect can be made to fail here" jq -e '.[] | select(.name == "connect") | .supported and .backend != null' "$T/calls"
promised="open openat openat2 creat read pread64 readv write pwrite64 writev fsync close rename unlink mkdir stat lstat fstat
newfstatat statx mmap brk clone fork vfork execve socket connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg
recvmmsg setsockopt epoll_wait futex clock_gettime nanosleep"
listed=$(jq -r '.[].name' "$T/calls")
same "every call that is promised is listed" "$(for c in $promised; do grep -qx "$c" <<<"$listed" || echo "$c"; done)" ""
check "a call that cannot says why, backend by backend" jq -e 'all(.[]; .supported or (.reasons | length == 3))' "$T/calls"
same "the text has a line for each" "$("$FL" doctor --syscalls | tail -n +2 | grep -vc '^ ')" "$(jq length "$T/calls")"

# In namespaces of its own it says which options a container would lack.
unshare --pid --cgroup --fork --mount-proc "$FL" doctor -o json >"$T/apart.json"
check "doctor in a pid and a cgroup namespace names --pid=host and --cgroupns=host" jq -e \
	'.features.namespaces | (.supported | not) and (.reason | contains("--pid=host --cgroupns=host"))' "$T/apart.json"
