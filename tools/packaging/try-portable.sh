#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# try-portable.sh ARCHIVE [ROOT...] - the portable archive, unpacked into roots that were not built for: Debian 11, 12,
# 13 (made by mmdebstrap, once) and one that has nothing but a busybox; or into the folders that are named. In each: the
# binary says its version, judges a suite, finds a name in /etc/hosts, doctor answers, latency on a namespace is felt
# by ping and ends. Roots are left as they were; all is done in namespaces of their own. On the kernel of this
# machine. Not part of `make check`: it wants the network and minutes. Root.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
archive=$(realpath "${1:?usage: try-portable.sh ARCHIVE [ROOT...]}")
shift
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/portable
mkdir -p "$cache"
if [ $# = 0 ]; then
	for release in bullseye bookworm trixie; do
		[ -e "$cache/use-$release/etc" ] || mmdebstrap --quiet --variant=minbase "$release" "$cache/use-$release" \
			"$("$here/../setup/mirror.sh")" >/dev/null 2>"$cache/log" || { tail "$cache/log" >&2; exit 1; }
		set -- "$@" "$cache/use-$release"
	done
	mkdir -p "$cache/use-busybox"/{bin,dev,etc,proc,run,sys,tmp,usr/local,var}
	cp "$(command -v busybox)" "$cache/use-busybox/bin/sh"
	set -- "$@" "$cache/use-busybox"
fi

inside() { # in namespaces of its own, with the archive in $root/usr/local
	local root=$1 t before during after
	result() { if [ "$1" = 0 ]; then echo "  ok      $2"; else echo "  NOT ok  $2"; bad=1; fi; }
	rtt() { ip netns exec web ping -q -c 5 -i 0.2 192.0.2.1 | sed -n 's|^rtt .* = [^/]*/\([0-9]*\).*|\1|p'; }
	fl() { chroot "$root" /usr/local/sbin/faultline "$@"; }
	bad=0
	mount --bind "$root" "$root"
	mount -t tmpfs tmpfs "$root/usr/local"
	mount -t tmpfs tmpfs /run
	mkdir -p /run/netns
	mount -t tmpfs tmpfs "$root/run"
	mkdir -p "$root/run/netns"
	mount -t tmpfs tmpfs "$root/var" && mkdir "$root/var"/{cache,lib,log,tmp}
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t sysfs sysfs /sys
	mount -t bpf bpf /sys/fs/bpf
	mount -t tracefs tracefs /sys/kernel/tracing
	mount --rbind /sys "$root/sys"
	tar -C "$root/usr/local" --strip-components=1 -xf "$archive"
	ip link set lo up
	ip netns add web
	mount --rbind /run/netns "$root/run/netns"
	ip link add veth-web type veth peer name eth0 netns web
	ip addr add 192.0.2.1/24 dev veth-web
	ip link set veth-web up
	ip -n web addr add 192.0.2.2/24 dev eth0
	ip -n web link set eth0 up
	t=$(fl --version) && result 0 "$t runs" || { result 1 "runs"; return 1; }
	fl check /usr/local/share/faultline/experiments/demo.yaml >/dev/null; result $? "judges a suite"
	t=$(fl doctor -o json); result "$(grep -q '"faults"' <<<"$t"; echo $?)" "doctor answers"
	before=$(rtt)
	fl inject latency netns:web --delay 60ms --for 30s --detach >/dev/null; result $? "inject"
	sleep 0.5
	during=$(rtt)
	fl stop --all >/dev/null; result $? "stop"
	after=$(rtt)
	result "$([ "${before:-99}" -lt 20 ] && [ "${during:-0}" -ge 60 ] && [ "${after:-99}" -lt 20 ]; echo $?)" \
		"latency of 60 ms: ping $before ms before, $during ms during, $after ms after"
	t=$(fl lab up 2>&1); case $? in
	0) fl lab down >/dev/null; result $? "lab up, lab down" ;;
	3) echo "  says    lab up: $(grep -v "services healthy" <<<"$t" | head -n 2 | paste -sd" ")" ;;
	*) result 1 "lab up: $t" ;;
	esac
	return $bad
}
if [ "${1:-}" = inside ]; then
	inside "$2"
	exit
fi
status=0
for root; do
	# shellcheck disable=SC1091
	echo "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' "$root/etc/os-release" 2>/dev/null | grep . || basename "$root"), kernel $(uname -r)"
	unshare --mount --net --pid --fork --kill-child --propagation private "$0" "$archive" inside "$root" || status=1
done
exit $status
