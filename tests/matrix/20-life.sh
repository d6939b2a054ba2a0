#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# The life of a fault, for every kind of the table (tests/tools/life.c): arm, on, update, off, disarm in every order;
# its journal full, its target gone, its owner killed at each step; undone twice. Behind each kind the target
# itself is asked whether all is as before. ONLY_KINDS chooses a part; FLTEST_LONG=1: longer lives, all of them.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
BY=$BUILD/tests/tools/bystander
mknet lf 1
mknet sv 2
"$BY" --serve & _pids="$_pids $!"
CG=faultline-test-${T##*.}-life CG_DIRS=
for c in $_v1; do [ ! -e "/sys/fs/cgroup/$c/cgroup.procs" ] || CG_DIRS="$CG_DIRS /sys/fs/cgroup/$c/$CG"; done
[ -z "$_v2" ] || CG_DIRS="$CG_DIRS $_v2/$CG"
# shellcheck disable=SC2086
mkdir -p $CG_DIRS
_cgroups="${_cgroups:-} $CG_DIRS"

cat >"$T/start" <<-END
	for d in $CG_DIRS; do echo \$\$ >\$d/cgroup.procs; done
	rm -f $T/seen $T/pid
	ip netns exec flt-lf unshare --mount --propagation private sh -c 'mount -t tmpfs -o size=8m tmpfs /mnt
		echo "limit = 7" >/mnt/life.conf; echo \$\$ >$T/pid
		exec $BY $T/seen --peer 10.77.1.1 --file /mnt/life.conf' >/dev/null 2>&1 &
	i=0
	until [ -s $T/pid ] && grep -q bystander /proc/\$(cat $T/pid)/comm 2>/dev/null; do
		i=\$((i + 1)); [ \$i -lt 500 ] || exit 1
		sleep 0.01
	done
END
cat >"$T/stop" <<-END
	[ -s $T/pid ] || exit 0
	p=\$(cat $T/pid)
	kill -9 \$p 2>/dev/null
	i=0
	while grep -q '^State:.[^ZX]' /proc/\$p/status 2>/dev/null && [ \$i -lt 500 ]; do i=\$((i + 1)); sleep 0.01; done
END
seen() { "$BY" --read "$T/seen" 2>/dev/null | tr ' ' '\n' | grep '='; }
loops() { seen | sed -n 's/loops=//p'; }
went_on() { [ "$(loops)" -ge "$1" ]; }
# What a target notices in four rounds of looking, if nothing is on any more.
as_before() {
	_n=$(loops)
	wait_for 5 went_on $((_n + 1)) || return 1
	seen | grep -v loops >"$T/then"
	wait_for 8 went_on $((_n + 5)) || return 1
	seen | grep -v loops | diff "$T/then" - >"$T/noticed"
}

"$FL" doctor -o json >"$T/doctor" 2>/dev/null
supported() { [ "$(jq -r --arg k "$1" '.faults[] | select(.name == $k) | .supported' "$T/doctor")" = true ]; }
while read -r kind class _ options; do
	case $kind in '' | '#'*) continue ;; esac
	case " ${ONLY_KINDS:-$kind} " in *" $kind "*) ;; *) continue ;; esac
	if ! supported "$kind"; then
		ok "$kind is not possible here: $(jq -r --arg k "$kind" '.faults[] | select(.name == $k) | .reason' "$T/doctor" | head -c 100)"
		continue
	fi
	spec=cgroup:$_v2/$CG
	[ "$class" != file ] || spec=pid:$T/pid
	words=()
	for o in ${options//@FILE@//mnt/life.conf}; do
		case $o in
		--*) [ $((${#words[@]} % 2)) = 0 ] || words+=(yes); words+=("${o#--}") ;;
		/tmp) words+=(/mnt) ;;
		*) words+=("$o") ;;
		esac
	done
	[ $((${#words[@]} % 2)) = 0 ] || words+=(yes)
	timeout 60 "$BUILD/tests/tools/life" "$kind" "$spec" "sh $T/start" "sh $T/stop" "${words[@]}" >"$T/out" 2>&1
	rc=$?
	while read -r line; do
		case $line in
		'ok '*) ok "${line#ok * - }" ;;
		'not ok '*) not_ok "${line#not ok * - }" ;;
		*) echo "# $line" ;;
		esac
	done <"$T/out"
	[ $rc = 0 ] || not_ok "$kind: life ends with status $rc"
	case $class in
	deadly) ;;
	*) if as_before; then ok "$kind: the target notices nothing any more"; else not_ok "$kind: the target notices: $(xargs <"$T/noticed")"; fi ;;
	esac
done <"$(dirname "$0")/kinds"
sh "$T/stop"
