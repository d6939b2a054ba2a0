#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# syscall_error from the command line: exact hits, nobody else is hit, what it costs beside strace,
# what is refused, and that it ends with its owner.
. "$(dirname "$0")/../lib.sh"
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$tree/fltest-${T##*.}
mkdir "$group"
cost=$BUILD/tests/tools/syscall_cost
in_group() { bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"; }
# python3's own connects would be few and known: it counts what it sees.
counting='
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); bad = 0
for i in range(5000):
    try: s.connect(("127.0.0.1", 9))
    except TimeoutError: bad += 1
print(bad)'

inject() { "$FL" inject syscall_error "cgroup:$group" "$@"; }

inject --syscall connect --errno ETIMEDOUT --percent 20 --seed 11 --detach >"$T/id" 2>"$T/err"
check "inject --detach is active" test -s "$T/id"
seen=$(in_group python3 -c "$counting")
outside=$(python3 -c "$counting")
# The owner publishes its counters once a second.
wait_for 3 bash -c '"$FL" list -o json | jq -e ".[0].matched == 5000"'
json=$("$FL" list -o json)
check_num "a process outside sees no error" "$outside" eq 0
check_num "hits are the errors that the program counted" "$(jq '.[0].injected' <<<"$json")" eq "$seen"
check_num "all its calls matched" "$(jq '.[0].matched' <<<"$json")" eq 5000
# 99.9 % of binomial(5000, 0.2): 1000 +- 93
check_num "about 20 %, not less" "$seen" ge 907
check_num "about 20 %, not more" "$seen" le 1093
check "the result names the backend" jq -e '.[0].backend | IN("cgroup", "modret", "override")' <<<"$json"
note "FIGURE connect failed $seen of 5000 by backend $(jq -r '.[0].backend' <<<"$json"), asked 20 %"

# Live: percent 0, then nothing fails.
check "set percent" "$FL" set "$(jq -r '.[0].id' <<<"$json")" percent=0
check_num "after set percent=0" "$(in_group python3 -c "$counting")" eq 0
check "stop" "$FL" stop --all
check_num "after stop" "$(in_group python3 -c "$counting")" eq 0

# SIGKILL of the owner: the links go with it.
inject --syscall connect --errno ETIMEDOUT --detach >"$T/id" 2>&1
owner=$(jq -r .pid /run/faultline/*/session.json)
check_num "on before the kill" "$(in_group python3 -c "$counting")" eq 5000
kill -9 "$owner"
check "clean within 2 s of SIGKILL" wait_for 2 bash -c "[ \"\$(bash -c 'echo \$\$ >$group/cgroup.procs; exec python3 -c \"\$0\"' '$counting')\" = 0 ]"
check "recover" "$FL" recover

# What it costs a call that does not match, in one run with no fault and with strace's injection.
n=200000
base=() with=() traced=()
inject --syscall connect --errno ETIMEDOUT --port 4444 --detach >/dev/null 2>&1
id=$("$FL" list -o json | jq -r '.[0].id')
for _ in 1 2 3; do
	base+=("$("$cost" connect $n)")
	with+=("$(in_group "$cost" connect $n)")
	traced+=("$(strace -qq -o /dev/null -e trace=connect -e inject=connect:error=ETIMEDOUT:when=60000 "$cost" connect 5000)")
done
"$FL" stop "$id" >/dev/null
median() { printf '%s\n' "$@" | sort -g | sed -n 2p; }
b=$(median "${base[@]}") w=$(median "${with[@]}") s=$(median "${traced[@]}")
added=$(awk -v b="$b" -v w="$w" 'BEGIN { d = w - b; print d < 1 ? 1 : d }')
note "FIGURE non-matching connect: $b ns plain, $w ns with the fault, $s ns under strace inject"
check_num "at least 50 times cheaper than strace" "$(awk -v a="$added" -v s="$s" -v b="$b" 'BEGIN { print (s - b) / a }')" ge 50

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
if [ "$("$FL" list -o json | jq length)" = 0 ]; then ok "no fault is left"; else not_ok "no fault is left"; fi

# Modes of other kinds: the kernel's answer instead of the real thing. A sleeping member makes the
# group a target with a process.
bash -c 'echo $$ >"$0/cgroup.procs"; exec sleep 60' "$group" &
sleeper=$!
wait_for 2 grep -q . "$group/cgroup.procs"
_pids="$_pids $sleeper"
sockets='
import socket, errno
bad = 0
for i in range(100):
    try: socket.socket().close()
    except OSError as e: bad += e.errno == errno.EMFILE
print(bad)'
"$FL" inject fd_exhaustion "cgroup:$group" --mode kernel --detach >"$T/id" 2>"$T/err" || cat "$T/err"
check_num "fd_exhaustion mode=kernel: every socket answers EMFILE" "$(in_group python3 -c "$sockets")" eq 100
"$FL" stop --all >/dev/null
check_num "and none after stop" "$(in_group python3 -c "$sockets")" eq 0
# crash at the 50th connect: exactly 49 came back. -I -S: a Python that looks up the user's home
# makes connects of its own (to nscd), and those count too.
"$FL" inject crash "cgroup:$group" --syscall connect --nth 50 --signal KILL --detach >/dev/null 2>"$T/err" || cat "$T/err"
in_group python3 -I -S -u -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(1, 200):
    s.connect(("127.0.0.1", 9)); print(i)' >"$T/crash" 2>/dev/null
check_num "crash at the 50th connect: status of SIGKILL" $? eq 137
check_num "the last call that came back" "$(tail -n 1 "$T/crash")" eq 49
"$FL" stop --all >/dev/null
kill "$sleeper"; wait "$sleeper" 2>/dev/null
check "the group is empty again" wait_for 2 rmdir "$group"
