#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a target sees of faultline while each kind of fault is on: every process that is visible in its
# pid namespace is looked at all the time, and none of ours may have a capability, or the host's root, or
# lead to a file of the host. The kinds are those of the tool's own table: a new one needs a line here.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
. "$(dirname "$0")/../container.sh"
mkroot
mknet a 1
FULL=$(awk '$1 == "CapEff:" {print $2}' /proc/self/status)

# Runs in the container, with all of root's capabilities (CAP_SYS_PTRACE among them), all the time:
# reports each process that was not there at first, once, with what can be got from it.
cat >"$ROOT/look" <<'L'
# (No subshell: it would see itself.)
secret=$1
declare -A seen
for p in /proc/[0-9]*; do seen[$p]=1; done
echo ready
while :; do
	for p in /proc/[0-9]*; do
		[ -z "${seen[$p]:-}" ] || continue
		status=
		read -r -d '' status <"$p/status"
		[ -n "$status" ] || continue
		name=${status#Name:?} name=${name%%$'\n'*}
		seen[$p]=1
		caps=${status#*CapPrm:?} caps=${caps%%$'\n'*}
		bound=${status#*CapBnd:?} bound=${bound%%$'\n'*}
		content=
		[ ! -r "$p/root/$secret" ] || read -r content <"$p/root/$secret"
		echo "$name caps=$caps bound=$bound host=$content"
	done
done
L

# How each kind is asked for. Kinds that end their target come last, so that theirs is the only one missing.
options() {
	case $1 in
	latency | dns_latency | http_latency | connect_latency | slow_close) echo --delay 5ms ;;
	network_loss | duplicate | corrupt) echo --percent 10% ;;
	network_partition | reorder | tcp_reset | dns_error | http_error | connect_drop | connect_refused | half_open | port_exhaustion) ;;
	dns_answer) echo --a 192.0.2.99 ;;
	idle_timeout) echo --timeout 10s ;;
	connection_limit) echo --connections 5 ;;
	mtu_blackhole) echo --mtu 1400 ;;
	bandwidth) echo --rate 1mbit ;;
	cpu_saturation) echo --load 50% ;;
	cpu_throttle) echo --share 50% ;;
	memory_pressure) echo --percent 50% ;;
	io_throttle) echo --path /usr --rbps 1MiB ;;
	memory) echo --bytes 8MiB ;;
	disk_io) echo --path /tmp --workers 1 --size 1MiB --block-size 4k ;;
	disk_fill) echo --path /tmp --bytes 1MiB ;;
	file_latency) echo --path /tmp/conf --delay 5ms ;;
	file_error) echo --path /tmp/conf ;;
	config_corruption) echo --path /tmp/conf ;;
	cache_poisoning) ;;
	jvm_exception) echo --class a.B --method c ;;
	time_skew) echo --offset 1h ;;
	syscall_error) echo --syscall connect --errno EPERM ;;
	time_jump) echo --forward 1h ;;
	fd_exhaustion | pids_limit | availability | stop | restart | pause | crash | null) ;;
	*) return 1 ;;
	esac
}
# By its cgroup where its pid alone does not do: the kernel cannot tell it while it makes system calls, or the
# look, which is no descendant of it, would end with its pid namespace.
named() {
	case $1 in
	syscall_error | availability | stop | restart | crash) echo "cgroup:/$CG" ;;
	*) echo "pid:$TARGET" ;;
	esac
}
# The look; then it is one of the target's own.
look() {
	if [[ $(named "$1") = cgroup:* ]]; then for d in $CG_DIRS; do echo $BASHPID >"$d/cgroup.procs"; done; fi
	exec nsenter -t "$TARGET" -m -p -r -w bash /look "$SECRET" >"$T/seen" 2>/dev/null
}
# These need something in the target that is not there; that they look for it is what is watched.
refused() { [[ $1 = cache_poisoning || $1 = jvm_exception || ($1 = io_throttle && $(stat -c %Hd /usr) = 0) ]]; }

kinds=$("$FL" doctor -o json | jq -r '.faults[] | select(.supported) | .name')
check_num "kinds of fault that this kernel has" "$(wc -w <<<"$kinds")" ge 20
for kind in $kinds; do
	opts=$(options "$kind") || { not_ok "$kind is a kind that this test knows"; continue; }
	mkcontainer "$kind" a sleep 1000
	echo "port = 1" >"$ROOT/tmp/conf"
	: >"$T/seen"
	look "$kind" & look=$!
	wait_for 5 grep -q ready "$T/seen"
	# shellcheck disable=SC2086
	"$FL" inject "$kind" "$(named "$kind")" $opts --for 400ms >"$T/out" 2>&1; rc=$?
	kill $look; wait $look 2>/dev/null
	if refused "$kind"; then check "$kind: refused" [ $rc = 3 ]; elif [ $rc != 0 ] && [ $rc != 1 ]; then not_ok "$kind ran ($rc)"; sed 's/^/#   /' "$T/out"; fi
	bad=$(grep -v '^ready' "$T/seen" | grep -vE 'caps=0+ bound=0+ host=$')
	if [ -z "$bad" ]; then ok "$kind: nothing of ours with a capability or with the host's root"; else not_ok "$kind: $bad"; fi
	rmtargets; _cgroups=
done

# The look itself sees what is there to be seen: a process with capabilities and the host's root.
mkcontainer seen a sleep 1000
look null & look=$!
wait_for 5 grep -q ready "$T/seen"
nsenter -t "$TARGET" -p sleep 0.5
kill $look; wait $look 2>/dev/null
check "the look sees such a process" grep -q " caps=$FULL .*host=secret" "$T/seen"

# --- the stressor itself, where it is ---
ours() { sort -u "${CG_DIRS##* }/cgroup.procs" | grep -vx "$TARGET"; }
field() { awk -v f="$2:" '$1 == f {print $2}' "/proc/$1/status"; }
jailed() { # PID UID
	for c in CapInh CapPrm CapEff CapBnd CapAmb; do [ $((16#$(field "$1" $c))) = 0 ] || { echo "$c $(field "$1" $c)"; return 1; }; done
	[ "$(field "$1" NoNewPrivs)$(field "$1" Seccomp)" = 12 ] || { echo "no_new_privs, seccomp"; return 1; }
	[ "$(field "$1" Uid)" = "$2" ] || { echo "user $(field "$1" Uid)"; return 1; }
	[ ! -e "/proc/$1/root/$SECRET" ] && [ ! -e "/proc/$1/root/etc/passwd" ] && [ ! -e "/proc/$1/root/proc" ] || { echo "its root has more than libraries"; return 1; }
	! setpriv --reuid "$2" --clear-groups --inh-caps=-all --bounding-set=-all cat "/proc/$1/environ" 2>/dev/null || { echo "it is dumpable"; return 1; }
	[ "$(stat -L -c %i "/proc/$1/ns/pid")" != "$(stat -L -c %i "/proc/$TARGET/ns/pid")" ] || { echo "in the target's pid namespace"; return 1; }
}
for kind in cpu_saturation memory disk_io; do
	# shellcheck disable=SC2046
	"$FL" inject "$kind" "pid:$TARGET" $(options $kind) --for 60s >"$T/out" 2>&1 & p=$!
	running() { [ "$(ours | wc -l)" -ge 3 ]; }
	check "$kind: guard, stress-ng and worker are in the target's cgroup" wait_for 5 running
	user=65534; [ $kind != disk_io ] || user=0 # the target's
	for q in $(ours); do check "$kind: $(cat "/proc/$q/comm") is jailed" jailed "$q" $user; done
	kill -INT $p; wait $p
	check "$kind: none is left" alone
done
# It ends with its target even while nobody of ours runs who could end it.
"$FL" inject cpu_saturation "pid:$TARGET" --for 60s >"$T/out" 2>&1 & p=$!
wait_for 5 running
kill -STOP $p; kill -9 "$TARGET"
check "it ends with its target, without faultline's doing" wait_for 2 alone
kill -CONT $p; kill -INT $p; wait $p
umount -R "$ROOT"
