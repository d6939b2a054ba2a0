#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# power-cut-systemctl.sh - the stand-in for systemctl in the guest of power-cut.sh. Which services ran is
# kept on the disk; the next boot starts those, and no others. Beside systemd's own words: make NAME, runs
# NAME, boot (start what ran), watch (write down what has died).
DIR=/disk/units
for unit; do :; done
unit=${unit%.service}
group=/sys/fs/cgroup/pc-units/$unit
# (Built into the shell, for it is asked often: an emulated processor is slow to start programs.)
pid() { P=; read -r P 2>/dev/null <"$group/cgroup.procs"; [ -n "$P" ]; } 2>/dev/null
keep() { echo "$1" >"$DIR/$unit.new"; sync "$DIR/$unit.new"; mv "$DIR/$unit.new" "$DIR/$unit"; sync "$DIR"; }
start() {
	! pid || return 0
	mkdir -p "$group"
	(echo $BASHPID >"$group/cgroup.procs"; exec setsid sleep 100000) >/dev/null 2>&1 </dev/null &
	for _ in 1 2 3 4 5 6 7 8 9 10; do ! pid || break; sleep 0.05; done
}
case $1 in
make) mkdir -p $DIR; keep up; start ;;
runs) pid ;;
show)
	[ -e "$DIR/$unit" ] || { printf 'Id=%s.service\nLoadState=not-found\nActiveState=inactive\nMainPID=0\n' "$unit"; exit; }
	if pid; then STATE=active; else STATE=inactive; fi
	printf 'Id=%s.service\nLoadState=loaded\nActiveState=%s\nControlGroup=%s\nMainPID=%s\n' "$unit" \
		"$STATE" "${P:+/pc-units/$unit}" "${P:-0}" ;;
start) start; keep up ;;
stop) keep down; ! pid || kill "$P" ;;
kill) ! pid || kill -9 "$P" ;;
boot)
	mkdir -p /sys/fs/cgroup/pc-units
	for f in "$DIR"/*; do
		[ -f "$f" ] || continue
		unit=${f##*/} group=/sys/fs/cgroup/pc-units/${f##*/}
		[ "$(cat "$f")" != up ] || start
	done ;;
watch)
	mkfifo /tmp/never.watch
	exec {never}<>/tmp/never.watch
	while ! read -rt 0.2 -u "$never"; do
		for f in "$DIR"/*; do
			unit=${f##*/} group=/sys/fs/cgroup/pc-units/${f##*/}
			case $unit in *.new) continue ;; esac
			if pid; then continue; fi
			read -r was 2>/dev/null <"$f"
			[ "$was" != up ] || keep down
		done
	done ;;
esac
