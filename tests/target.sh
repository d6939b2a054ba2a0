# SPDX-License-Identifier: GPL-2.0-only
# target.sh - sourced behind lib.sh by tests of resource and application faults. A target is a
# process in a pid and mount namespace and in cgroups of its own (each v1 hierarchy, the v2 tree):
# what a container is, without a network. $CG is its name below each hierarchy.
CG=
CG_DIRS=
TARGET=
_v1="cpu cpuacct memory freezer pids blkio"
_v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)

# mktarget NAME COMMAND...: $TARGET is the process, $CG_DIRS its cgroups; a tmpfs of 64 MiB is on /mnt.
mktarget() {
	CG=faultline-test-${T##*.}-$1; shift
	CG_DIRS=
	for c in $_v1; do [ ! -e "/sys/fs/cgroup/$c/cgroup.procs" ] || CG_DIRS="$CG_DIRS /sys/fs/cgroup/$c/$CG"; done
	[ -z "$_v2" ] || CG_DIRS="$CG_DIRS $_v2/$CG"
	# shellcheck disable=SC2086
	mkdir -p $CG_DIRS
	rm -f "$T/go"; mkfifo "$T/go"
	unshare --pid --mount --fork --kill-child --mount-proc --propagation private \
		bash -c 'mount -t tmpfs -o size=64m tmpfs /mnt; read -r _ <"$0"; exec "$@"' "$T/go" "$@" 2>/dev/null &
	_unshare=$!
	_pids="$_pids $_unshare"
	wait_for 5 pgrep -P $_unshare >/dev/null
	TARGET=$(pgrep -P $_unshare)
	for d in $CG_DIRS; do echo "$TARGET" >"$d/cgroup.procs"; done
	echo go >"$T/go"
	# The host's other work must not be what a figure measures.
	[ ! -e "/sys/fs/cgroup/cpu/$CG/cpu.shares" ] || echo 262144 >"/sys/fs/cgroup/cpu/$CG/cpu.shares"
	_cgroups="${_cgroups:-} $CG_DIRS"
}
# limit_cpu PERCENT of one CPU; limit_memory BYTES
limit_cpu() {
	if [ -e "/sys/fs/cgroup/cpu/$CG" ]; then echo $(($1 * 1000)) >"/sys/fs/cgroup/cpu/$CG/cpu.cfs_quota_us"; else echo "$(($1 * 1000)) 100000" >"$_v2/$CG/cpu.max"; fi
}
limit_memory() {
	if [ -e "/sys/fs/cgroup/memory/$CG" ]; then echo "$1" >"/sys/fs/cgroup/memory/$CG/memory.limit_in_bytes"; else echo "$1" >"$_v2/$CG/memory.max"; fi
}
# CPU time of the cgroup, ns; memory in use, bytes; in anonymous pages, bytes.
cpu_ns() { cat "/sys/fs/cgroup/cpuacct/$CG/cpuacct.usage" 2>/dev/null || awk '$1 == "usage_usec" {print $2 * 1000}' "$_v2/$CG/cpu.stat"; }
memory_used() { cat "/sys/fs/cgroup/memory/$CG/memory.usage_in_bytes" 2>/dev/null || cat "$_v2/$CG/memory.current"; }
# Without page cache, which the kernel drops when it needs room, and which is charged to who read first.
memory_kept() {
	_cache=$(awk '$1 == "total_cache" || $1 == "file" {print $2}' "/sys/fs/cgroup/memory/$CG/memory.stat" 2>/dev/null || awk '$1 == "file" {print $2}' "$_v2/$CG/memory.stat")
	echo $(($(memory_used) - _cache))
}
memory_anon() { awk '$1 == "total_rss" || $1 == "anon" {print $2}' "/sys/fs/cgroup/memory/$CG/memory.stat" 2>/dev/null || awk '$1 == "anon" {print $2}' "$_v2/$CG/memory.stat"; }
# busy_percent SECONDS: of one CPU, what the cgroup uses in that time.
busy_percent() {
	_u=$(cpu_ns) _t=$(date +%s%N)
	sleep "$1"
	echo "$(cpu_ns) $_u $(date +%s%N) $_t" | awk '{printf "%.1f", 100 * ($1 - $2) / ($3 - $4)}'
}
in_target() { nsenter -t "$TARGET" -m -p "$@"; }
# Processes in the target's cgroups beside its own.
strangers() { sort -u "${CG_DIRS##* }/cgroup.procs" | grep -vxc "$TARGET"; }
alone() { [ "$(strangers)" = 0 ]; }
no_session() { [ ! -e /run/faultline ]; }
rmtargets() {
	# A frozen one cannot die.
	for d in ${_cgroups:-}; do
		[ ! -e "$d/freezer.state" ] || echo THAWED >"$d/freezer.state"
		[ ! -e "$d/cgroup.freeze" ] || echo 0 >"$d/cgroup.freeze"
	done
	for d in ${_cgroups:-}; do xargs -r kill -9 <"$d/cgroup.procs" 2>/dev/null; done
	# shellcheck disable=SC2086
	wait_for 3 rmdir --ignore-fail-on-non-empty ${_cgroups:-}
	for d in ${_cgroups:-}; do wait_for 3 sh -c "[ ! -d $d ] || rmdir $d" || not_ok "the cgroup $d is still in use"; done
}
trap 'rmtargets; cleanup' EXIT

# kill_check KIND HOW CLEAN OPTIONS...: SIGKILL of the owner, then of owner and guardian both, while
# KIND is on; HOW is the command that sees it on, CLEAN the one that sees it gone.
kill_check() {
	_kind=$1 _on=$2 _off=$3; shift 3
	for _who in owner both; do
		"$FL" inject "$_kind" "pid:$TARGET" "$@" --for 60s >"$T/kill.out" 2>&1 & _owner=$!
		wait_for 5 "$_on" || { not_ok "$_kind is on"; sed 's/^/#   /' "$T/kill.out"; }
		[ $_who = owner ] || kill -9 "$(pgrep -P $_owner -x fl-guardian)"
		kill -9 $_owner; wait $_owner 2>/dev/null
		_t0=$(date +%s%N)
		if [ $_who = both ]; then check "$_kind: recover after SIGKILL of both" "$FL" recover; fi
		check "$_kind: undone after SIGKILL of $_who" wait_for 3 "$_off"
		check_ms "$_kind: within (ms)" $((($(date +%s%N) - _t0) / 1000000)) 2000
		check "$_kind: no session is left" wait_for 2 no_session
	done
}
