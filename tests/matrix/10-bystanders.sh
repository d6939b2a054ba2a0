#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy, long
# The bystander matrix: every kind of fault (kinds) on every form of target (forms), amid bystanders that share
# its cgroup, its namespaces, its image, or the shell (tests/matrix.sh). A cell is "run": each member noticed, and no
# bystander did; or "refused" with a reason, and nobody noticed anything. The short form tries, on every
# form, one kind of each way of acting; FLTEST_LONG=1 all. ONLY_FORMS, ONLY_KINDS choose a part. FLTEST_HOST=1,
# only in a guest of tools/vm/host: on the machine itself, with its engine and its systemd.
[ -z "${FLTEST_HOST:-}" ] || export FLTEST_SANDBOX=1
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
HERE=$(dirname "$0")
. "$HERE/../matrix.sh"
trap '_rc=$?; world_down; if [ -n "${FLTEST_HOST:-}" ]; then host_engine_down; else docker_down; fi; groups_down; (exit $_rc); cleanup' EXIT

declare -A CLASS SIGN OPTIONS SPEC MUST SUPPORTED LASTS=()
KINDS= FORMS=
while read -r k c s o; do
	case $k in '' | '#'*) continue ;; esac
	KINDS="$KINDS $k" CLASS[$k]=$c SIGN[$k]=$s OPTIONS[$k]=$o
done <"$HERE/kinds"
while read -r f s m; do
	case $f in '' | '#'*) continue ;; esac
	FORMS="$FORMS $f" SPEC[$f]=$s MUST[$f]=$m
done <"$HERE/forms"
"$FL" doctor -o json >"$T/doctor" 2>/dev/null
while read -r k s; do SUPPORTED[$k]=$s; done < <(jq -r '.faults[] | "\(.name) \(.supported)"' "$T/doctor")
check "every kind of the binary has its row, and no other" diff <(jq -r '.faults[].name' "$T/doctor" | sort) <(xargs -n 1 <<<"$KINDS" | sort)
kinds=${ONLY_KINDS:-$KINDS} forms=${ONLY_FORMS:-$FORMS}
# In the short form: two on every form, one on those that differ in their network, all on two forms.
short() { # FORM KIND
	case "$2 $1" in
	time_skew\ compose | time_skew\ label | time_skew\ swarm-label) return 1 ;; # found as fd_exhaustion's are
	fd_exhaustion* | time_skew*) ;;
	latency\ netns | latency\ pid | latency\ container | latency\ network-of | latency\ network-host) ;;
	pause\ netns | pause\ container | cpu_saturation\ netns | cpu_saturation\ container) ;;
	syscall_error\ netns | syscall_error\ container | availability\ netns | availability\ container) ;;
	*) return 1 ;;
	esac
}

# Counters of all probes, "PROBE SLOT COUNTER VALUE"; notice: what was counted between two of them.
counters() { "$BY" --read "$M"/* 2>/dev/null | awk '{ for (i = 3; i <= NF; i++) { split($i, a, "="); print $1, $2, a[1], a[2] } }'; }
notice() { awk 'NR == FNR { v[$1, $2, $3] = $4; next } { d = $4 - v[$1, $2, $3]; if (d) print $1, $2, $3, d }' "$T/counts.before" "$T/counts.after"; }
is_member() { case " ${MEMBERS[$1]} " in *" $2 "*) return 0 ;; esac; return 1; }
gone() { [ -z "${PROBE_PID[$1]:-}" ] || ! pgrep -f "m/$1( |\$)" >/dev/null; }

# Nobody notices anything for a second while nothing is done: the machine is no part of what comes.
calm() {
	counters >"$T/counts.before"; sleep 1; counters >"$T/counts.after"
	! notice | grep -qv ' loops '
}

# judge FORM KIND: what is wrong with a cell that ran, in words; nothing when it is right.
judge() {
	notice >"$T/notice"
	while read -r p slot c d; do
		is_member "$1" "$p" || [ "$c" = loops ] || echo "the bystander $p ($slot) noticed: $c $d times"
	done <"$T/notice"
	for p in "$M"/*; do
		p=${p##*/}
		is_member "$1" "$p" || grep -q "^$p self loops" "$T/notice" || echo "the bystander $p stands still"
	done
	shell_ok || echo "the shell noticed"
	[ "$3" = run ] || return
	case ${SIGN[$2]} in
	-) ;;
	main | gone)
		# Others are started again at the rollback; there the proof has to do.
		case $1 in pid | cgroup-*) ;; *) return ;; esac
		_all=${MEMBERS[$1]}
		[ "${SIGN[$2]}" = gone ] || _all=${_all%% *}
		for p in $_all; do gone "$p" || echo "the member $p is still there"; done ;;
	*)
		for p in ${MEMBERS[$1]}; do
			for slot in self thread child; do
				grep -q "^$p $slot " "$T/counts.after" || continue
				# A thread looks at the clock, and whether it is stopped; that is all it has for itself.
				[ $slot != thread ] || case ${SIGN[$2]} in clock | stop) ;; *) continue ;; esac
				# Who joins late has not seen the file right, nor the clock before its jump, and starts in a
				# group that is frozen only when it thaws.
				case $p.$2 in *-late.config_corruption | *-late.file_error | *-late.time_jump | lab-late.pause | web-late.pause) continue ;; esac
				# The lab has no peer for its probes.
				case $1.${SIGN[$2]} in lab.fd | lab.clock | lab.stop) ;; lab.*) continue ;; esac
				grep -qE "^$p $slot (${SIGN[$2]//,/|}) " "$T/notice" || echo "the member $p ($slot) did not notice"
			done
		done ;;
	esac
}

# cell FORM KIND: $CELL is run, refused or wrong, $WHY in words.
cell() {
	_opts=${OPTIONS[$2]//@FILE@/$PROBE_FILE}
	_spec=${SPEC[$1]//@PID@/${PROBE_PID[pid]:-}}
	_spec=${_spec//@V2@/$V2/$P/v2}
	_spec=${_spec//@V1@//$P/v1}
	_for=600ms
	case $2 in pause) _for=1300ms ;; *latency | bandwidth) _for=1s ;; esac
	# What does not end its target is ended here, once those that join late have had as much of it as the others.
	_until=$_for
	[ "${CLASS[$2]}" = deadly ] || _until=60s
	counters >"$T/counts.before"
	rm -f "$T/out" "$T/err"
	# shellcheck disable=SC2086
	into login "$FL" inject "$2" "$_spec" $_opts --for $_until -o json >"$T/out" 2>"$T/err" &
	_inject=$!
	active() { [ ! -e /proc/$_inject ] || "$FL" list -o json | jq -e 'any(.active)'; }
	wait_for 10 active
	[ -z "$(ls /var/lib/faultline/sessions 2>/dev/null)" ] || LASTS[$2]=1
	if [ -e /proc/$_inject ] && [ "${CLASS[$2]}" != deadly ]; then
		probe by-late login -- "$BY" "$M/by-late" --peer 10.77.9.2
		n_late=$((n_late + 1))
		late_member "$1"
		# (One that starts in a frozen group has to wait for the end.)
		for _p in by-late $LATE; do in_time 3 seen "$_p"; done
		sleep "$(awk -v t=$_for 'BEGIN { print t ~ /ms/ ? t / 1000 : t + 0 }')"
		kill -INT $_inject
	fi
	wait $_inject; _rc=$?
	# A round trip that began while it was on is counted when it ends.
	if [ "${CLASS[$2]}" = network ]; then sleep 0.9; else sleep 0.2; fi
	counters >"$T/counts.after"
	# By exit status: 0 it had hits, 1 it had none; 2 and 3: it was not done.
	if [ $_rc = 0 ]; then CELL=run; else CELL=refused; fi
	# A service of the lab may make no call and send no packet meanwhile.
	[ $_rc.$1 != 1.lab ] || CELL=run
	# Nor need probes want more of what is limited than they are left.
	case $_rc.$2 in 1.cpu_throttle | 1.pids_limit | 1.memory_pressure | 1.io_throttle) CELL=run ;; esac
	DONE=$CELL
	WHY=$(judge "$1" "$2" $CELL | paste -sd ';')
	[ -z "$WHY" ] || CELL=wrong
	if [ $CELL = refused ]; then
		WHY=$(sed -n 's/^faultline: //p' "$T/err" | head -n 1)
		case $_rc in 2 | 3) ;; *) CELL=wrong WHY="status $_rc: $WHY$(jq -r .effect "$T/out" 2>/dev/null)" ;; esac
		[ -n "$WHY" ] || CELL=wrong
		case "$WHY" in *option* | *required*) CELL=wrong ;; esac
		case ",${MUST[$1]}," in *",${CLASS[$2]},"*) [ "${SUPPORTED[$2]}" != true ] || must_not_refuse "$1" "$2" || CELL=wrong ;; esac
	fi
	late_end
}
# same_findings A B: what is in both, by who and what (not by how often), a line each.
same_findings() { comm -12 <(tr ';' '\n' <<<"$1" | sed 's/ [0-9]* times//' | sort) <(tr ';' '\n' <<<"$2" | sed 's/ [0-9]* times//' | sort); }
# What a class may be refused all the same, on this form.
must_not_refuse() {
	case $2.$1 in
	# Callers are told in the kernel, by cgroups of the v2 tree; by network namespace where calls can be overridden.
	syscall_error.netns | syscall_error.pid | syscall_error.cgroup-v1) return 0 ;;
	# The group, or the file system, is the whole host's.
	disk_io.* | disk_fill.* | memory.cgroup-v2 | cpu_saturation.cgroup-v2) return 0 ;;
	# Its limits are in the hierarchies of v1, where those have the controllers.
	cpu_throttle.cgroup-v2 | pids_limit.cgroup-v2) [ -n "$V1S" ]; return ;;
	# Only in the v2 tree.
	memory_pressure.cgroup-v1) return 0 ;;
	esac
	return 1
}
again_up() { # FORM: after its members died
	case $1 in
	netns | pid | cgroup-v2 | cgroup-v1)
		for _p in ${MEMBERS[$1]}; do end_probe "$_p"; done ;;
	esac
	"up_$1"
}

world_up
world_engine || not_ok "a Docker engine of the matrix's own"
n_run=0 n_refused=0 n_wrong=0 n_late=0
: >"$T/table"
for form in $forms; do
	if ! why=$(form_is_here "$form"); then
		echo "$form * not here: $why" >>"$T/table"
		continue
	fi
	"up_$form" || continue
	for class in network process stress file special deadly; do
		list=
		for kind in $kinds; do
			[ "${CLASS[$kind]}" = $class ] || continue
			[ -n "${FLTEST_LONG:-}${ONLY_KINDS:-}" ] || short "$form" "$kind" || continue
			list="$list $kind"
		done
		[ -n "$list" ] || continue
		strangers_up "$form" $class
		for kind in $list; do
			cell "$form" "$kind"
			# What this machine does beside can look like a fault; but not each time, to the same one.
			first=$WHY
			for _ in 1 2 3; do
				[ $CELL = wrong ] || break
				lenient "$kind on $form once more: $WHY"
				in_time 60 calm
				[ $class != deadly ] || again_up "$form"
				cell "$form" "$kind"
				[ $CELL = wrong ] || break
				first=$(same_findings "$first" "$WHY")
				if [ -z "$first" ]; then CELL=$DONE WHY=; else WHY=$(paste -sd ';' <<<"$first"); fi
			done
			case $CELL in
			run) n_run=$((n_run + 1)) ;;
			refused) n_refused=$((n_refused + 1)) ;;
			*) n_wrong=$((n_wrong + 1)); not_ok "$kind on $form: $WHY"; sed 's/^/#   /' "$T/err" | head -n 4 ;;
			esac
			echo "$form $kind $CELL: $WHY" >>"$T/table"
			[ -z "${VERBOSE:-}" ] || { echo "$form $kind $CELL"; cat "$T/out"; cat "$T/notice"; } >&2
			[ $class != deadly ] || { end_probe by-pidns by-netns; again_up "$form"; strangers_up "$form" $class; }
		done
		end_probe by-pidns by-netns
	done
done
sed 's/^/# /' "$T/table" | cut -c1-200
note "FIGURE bystander matrix: $n_run cells run, $n_refused refused with the reason, $n_wrong wrong, in $SECONDS s"
check_num "cells in which a bystander noticed, or a member did not" $n_wrong eq 0
check_num "cells that ran" $n_run gt 0
check_num "... with bystanders that were started while the fault was on" $n_late gt 0
missing=
for kind in "${!LASTS[@]}"; do grep -qE "^[^# ]+ +[^ ]+ +$kind " "$TOP/tests/vm/lasting" || missing="$missing $kind"; done
check "each kind that keeps something for the next boot has a row in tests/vm/lasting, for tools/vm/power-cut.sh$missing" [ -z "$missing" ]
