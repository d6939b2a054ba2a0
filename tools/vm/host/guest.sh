#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# guest.sh FOLDER up RELEASE | run NAME SECONDS <SCRIPT | tree ARCHIVE | cut | down - a host of boot.sh for who
# types: start it and wait until it answers, run a script in it (in a scope of its own, in /fl) and print what it
# prints as it prints it, exit with its status (124: it took longer, 70: the guest has ended); unpack an
# archive of build.sh into /fl; reset it, so that what it had not written to its disk is lost, and wait until it is up
# again (it was started with VM_REBOOT=1); end it. Its files are in FOLDER.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '3,7s/^# //p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
to=$1 what=$2
shift 2
mkdir -p "$to"
to=$(realpath "$to")
share=$to/share

alive() { [ -s "$to/qemu.pid" ] && [ "$(cat "/proc/$(cat "$to/qemu.pid")/comm" 2>/dev/null)" = qemu-system-x86 ]; }

up() {
	local began=$SECONDS
	! alive || { echo "guest.sh: it runs already" >&2; return 0; }
	rm -rf "$share" "$to/qemu.pid"
	mkdir -p "$share/in" "$share/out"
	setsid "$here/boot.sh" "$1" "$to" >"$to/boot.log" 2>&1 </dev/null &
	while [ ! -s "$share/out/up" ]; do
		if ! kill -0 $! 2>/dev/null || [ $((SECONDS - began)) -ge "${VM_BOOT:-300}" ]; then
			cat "$to/boot.log" >&2
			tail -n 20 "$to/console.log" >&2 || true
			echo "guest.sh: the guest did not start" >&2
			down
			return 70
		fi
		sleep 0.5
	done
	echo "guest.sh: up after $((SECONDS - began)) s" >&2
}

cut_power() {
	rm -f "$share/out/up"
	echo 'echo b >/proc/sysrq-trigger' >"$share/in/cut.sh"
	for ((i = 0; i < ${VM_BOOT:-300} * 2; i++)); do
		[ ! -s "$share/out/up" ] || return 0
		alive || break
		sleep 0.5
	done
	echo "guest.sh: the guest did not start again" >&2
	return 70
}

run() { # NAME SECONDS
	local log=$share/out/$1.log end=$((SECONDS + $2)) seen=0 size
	rm -f "$log"
	cat >"$share/in/.$1"
	mv "$share/in/.$1" "$share/in/$1.sh"
	while :; do
		size=$(stat -c %s "$log" 2>/dev/null || echo 0)
		if [ "$size" -gt $seen ]; then
			tail -c +$((seen + 1)) "$log" | head -c $((size - seen)) | sed '/^@@END [0-9]*$/d'
			seen=$size
		fi
		! tail -n 1 "$log" 2>/dev/null | grep -q '^@@END' || exit "$(sed -n '$s/^@@END //p' "$log")"
		alive || { echo "guest.sh: the guest has ended" >&2; exit 70; }
		[ $SECONDS -lt $end ] || { echo "guest.sh: $1 takes longer than $2 s" >&2; exit 124; }
		sleep 0.3
	done
}

down() {
	local i
	alive || return 0
	kill "$(cat "$to/qemu.pid")"
	for ((i = 0; i < 50; i++)); do alive || return 0; sleep 0.1; done
	kill -9 "$(cat "$to/qemu.pid")"
}

case $what in
up) up "${1:?}" ;;
run) run "${1:?}" "${2:?}" ;;
tree)
	cp "${1:?}" "$share/tree.tar"
	echo 'rm -rf /fl/* && tar -C /fl -xf /share/tree.tar && rm /share/tree.tar' | run tree 120
	;;
cut) cut_power ;;
down) down ;;
*) usage ;;
esac
