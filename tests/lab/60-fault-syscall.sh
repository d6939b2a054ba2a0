#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# syscall_error from the command line: exact hits, nobody else is hit, what is refused, and that it
# ends with its owner.
. "$(dirname "$0")/../lib.sh"
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$tree/fltest-${T##*.}
mkdir "$group"
loop=$BUILD/tests/tools/syscall_loop
calls=100000
# How many of so many connects answered ETIMEDOUT.
counting=(connect "$calls" errors ETIMEDOUT)
in_group() { "$loop" --in "$group" "$@"; }
inject() { "$FL" inject syscall_error "cgroup:$group" "$@"; }

inject --syscall connect --errno ETIMEDOUT --percent 20 --seed 11 --detach >"$T/id" 2>"$T/err"
check "inject --detach is active" test -s "$T/id"
seen=$(in_group "${counting[@]}")
outside=$("$loop" "${counting[@]}")
# The owner publishes its counters once a second.
wait_for 3 bash -c "\"\$FL\" list -o json | jq -e '.[0].matched == $calls'"
json=$("$FL" list -o json)
check_num "a process outside sees no error" "$outside" eq 0
check_num "hits are the errors that the program counted" "$(jq '.[0].injected' <<<"$json")" eq "$seen"
check_num "all its calls matched" "$(jq '.[0].matched' <<<"$json")" eq $calls
# 99.9 % of binomial(100000, 0.2): 20000 +- 3.291 * 126.5
check_num "20 %, not less" "$seen" ge 19584
check_num "20 %, not more" "$seen" le 20416
check "the result names the backend" jq -e '.[0].backend | IN("cgroup", "modret", "override")' <<<"$json"
note "FIGURE connect failed $seen of $calls by backend $(jq -r '.[0].backend' <<<"$json"), asked 20 %"

# Live: percent 0, then nothing fails.
check "set percent" "$FL" set "$(jq -r '.[0].id' <<<"$json")" percent=0
check_num "after set percent=0" "$(in_group "${counting[@]}")" eq 0
check "stop" "$FL" stop --all
check_num "after stop" "$(in_group "${counting[@]}")" eq 0

# SIGKILL of the owner: the links go with it.
inject --syscall connect --errno ETIMEDOUT --detach >"$T/id" 2>&1
owner=$(jq -r .pid /run/faultline/*/session.json)
check_num "on before the kill" "$(in_group "${counting[@]}")" eq $calls
# Calls go on for three seconds and more; by their own times the last one that failed is told.
in_group connect 3000 last >"$T/last" &
calling=$!
wait_for 5 grep -q . "$group/cgroup.procs"
t0=${EPOCHREALTIME/[.,]/}
kill -9 "$owner"
wait $calling
check_num "clean within 2 s of SIGKILL (us)" "$(($(cat "$T/last") - t0))" le 2000000
check_num "after that, nothing fails" "$(in_group "${counting[@]}")" eq 0
check "recover" "$FL" recover

# Refused before anything is loaded.
refuse() { # STATUS TEXT ARGS...
	_s=$1 _t=$2
	shift 2
	inject "$@" --for 1s >"$T/out" 2>&1
	_r=$?
	if [ $_r = "$_s" ] && grep -q -- "$_t" "$T/out"; then ok "refused: $_t"; else not_ok "refused: $_t (status $_r)"; sed 's/^/#   /' "$T/out"; fi
}
refuse 2 "errno 'ENOTHING' does not exist" --syscall connect --errno ENOTHING
refuse 2 "did you mean 'connect'" --syscall conect --errno EIO
refuse 2 "last is before first" --syscall connect --errno EIO --first 5 --last 4
refuse 2 "peer 'nowhere'" --syscall connect --errno EIO --peer nowhere
# A call that no backend of this kernel serves: with override there is none.
if ! "$FL" doctor --syscalls -o json | jq -e '.[] | select(.name == "futex").supported' >/dev/null; then
	refuse 3 "no backend can make futex fail here: override: " --syscall futex --errno EAGAIN
fi
if [ "$("$FL" list -o json | jq length)" = 0 ]; then ok "no fault is left"; else not_ok "no fault is left"; fi

# Modes of other kinds: the kernel's answer instead of the real thing. A sleeping member makes the
# group a target with a process.
bash -c 'echo $$ >"$0/cgroup.procs"; exec sleep 60' "$group" &
sleeper=$!
wait_for 2 grep -q . "$group/cgroup.procs"
_pids="$_pids $sleeper"
sockets() { in_group socket 1000 errors EMFILE; }
"$FL" inject fd_exhaustion "cgroup:$group" --mode kernel --detach >"$T/id" 2>"$T/err" || cat "$T/err"
check_num "fd_exhaustion mode=kernel: every socket answers EMFILE" "$(sockets)" eq 1000
"$FL" stop --all >/dev/null
check_num "and none after stop" "$(sockets)" eq 0
# crash at the 50th connect: exactly 49 came back.
"$FL" inject crash "cgroup:$group" --syscall connect --nth 50 --signal KILL --detach >/dev/null 2>"$T/err" || cat "$T/err"
in_group connect 200 count >"$T/crash" 2>/dev/null
check_num "crash at the 50th connect: status of SIGKILL" $? eq 137
check_num "the last call that came back" "$(tail -n 1 "$T/crash")" eq 49
"$FL" stop --all >/dev/null
kill "$sleeper"; wait "$sleeper" 2>/dev/null
check "the group is empty again" wait_for 2 rmdir "$group"
