#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "Cannot" is never "need not": what cannot be undone now stays in the journal, makes the exit status say so
# in a sentence, and is undone as soon as it can be, by the guardian or by recover.
. "$(dirname "$0")/../lib.sh"
show=$BUILD/tests/tools/clock_show
sessions() { find /run/faultline -mindepth 2 -name journal.jsonl 2>/dev/null | wc -l; }
none_left() { [ "$(sessions)" = 0 ]; }
# inject ARGS...: in the background, until it is active.
inject() { bg "$FL" inject "$@" >"$T/inject.out" 2>"$T/inject.err"; owner=$BG_PID; wait_for 5 grep -q 'is active' "$T/inject.out" || { not_ok "inject $*"; sed 's/^/#   /' "$T/inject.err"; }; }
finish() { kill -INT "$owner"; wait "$owner"; status=$?; }
# still_open WHAT: the end of the fault, and recover, say that WHAT is not as it was.
still_open() {
	check_num "the exit status of inject" "$status" eq 3
	check "it says what is not as it was" grep -q "$1" "$T/inject.err"
	check "and what to do" grep -q 'hint: .*recover' "$T/inject.err"
	check_num "its session stays" "$(sessions)" eq 1
	"$FL" recover >"$T/recover.out" 2>"$T/recover.err"
	check_num "the exit status of recover" $? eq 3
	check "recover says it as well" grep -q "$1" "$T/recover.out"
}

# --- a process that somebody traces keeps a wrong clock ---
if [ -x "$(command -v strace)" ]; then
	bg "$show" "$T/clock.out"
	target=$BG_PID
	shifted() { tail -n 1 "$T/clock.out" | awk '{ exit !($1 > 3000) }'; }
	right() { ! shifted; }
	inject time_skew pid:"$target" --offset 3600s
	check "the clock is wrong" wait_for 5 shifted
	bg strace -o "$T/strace.out" -p "$target" 2>/dev/null
	tracer=$BG_PID
	traced() { grep -q '^TracerPid:.*[1-9]' "/proc/$target/status"; }
	wait_for 5 traced
	finish
	still_open "wall clock of process $target .*strace"
	check "list shows it" bash -c '"$FL" list | grep -q time_skew'
	check "it is told to have been on for as long as it was" bash -c "! grep -q 'active for 0.0 s' '$T/inject.out'"
	check "the clock is still wrong" shifted
	t0=$(date +%s%N); kill -INT "$tracer"
	check "it is right once the tracer has gone, without anybody's doing" in_time 5 right
	note "FIGURE clock right $((($(date +%s%N) - t0) / 1000000)) ms after its tracer has gone"
	check "and the session is over" in_time 5 none_left

	# The same with the owner and its guardian gone: recover does it.
	inject time_skew pid:"$target" --offset 3600s
	wait_for 5 shifted
	bg strace -o "$T/strace.out" -p "$target" 2>/dev/null
	tracer=$BG_PID
	wait_for 5 traced
	guardian=$(pgrep -P "$owner" -x fl-guardian)
	kill -9 "$guardian" "$owner"; wait "$owner" 2>/dev/null
	check "recover cannot" bash -c '! "$FL" recover'
	kill -INT "$tracer"; wait "$tracer"
	check "then it can" "$FL" recover
	check "the clock is right" wait_for 2 right
	check "and the session is over" none_left
else
	skip "a traced process" strace
fi

# --- the first thread has ended, the others run on ---
cat >"$T/threads.c" <<'C'
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static void *run(void *path)
{
	for (;;) {
		FILE *f = fopen(path, "w");
		fprintf(f, "%ld\n", (long)time(NULL));
		fclose(f);
		usleep(50000);
	}
}
int main(int c, char **v)
{
	pthread_t t;
	(void)c;
	pthread_create(&t, NULL, run, v[1]);
	while (access(v[2], F_OK))
		usleep(10000);
	pthread_exit(NULL);
}
C
gcc -O1 -pthread -o "$T/threads" "$T/threads.c"
bg "$T/threads" "$T/now" "$T/end"
target=$BG_PID
ahead() { [ $(($(cat "$T/now") - $(date +%s))) -gt 3000 ]; }
level() { now=$(cat "$T/now") && [ -n "$now" ] && [ $((now - $(date +%s))) -lt 3000 ]; } # not while it is being written
inject time_skew pid:"$target" --offset 3600s
check "the clock of a second thread is wrong" wait_for 5 ahead
touch "$T/end"
zombie() { grep -q '^State:.*Z' "/proc/$target/status"; }
wait_for 5 zombie
finish
check_num "exit status, the first thread having ended" "$status" eq 0
check "the second one's clock is right" wait_for 2 level

bg sleep 300
target=$BG_PID

# --- a file that cannot be removed ---
mkdir "$T/dir"
inject 'null' pid:"$target" --file "$T/dir/file"
mount --bind "$T/dir/file" "$T/dir/file"
finish
still_open "$T/dir/file may still be there"
umount "$T/dir/file"
gone() { [ ! -e "$T/dir/file" ]; }
check "the guardian removes it when it can" in_time 5 gone
check "and the session is over" in_time 5 none_left

# --- one that nobody waits for says it to those who look ---
ID=$("$FL" inject 'null' pid:"$target" --file "$T/dir/file" --detach --for 60s)
bg sleep 300; other=$BG_PID
OTHER=$("$FL" inject 'null' pid:"$other" --detach --for 60s)
mount --bind "$T/dir/file" "$T/dir/file"
"$FL" stop "$ID" "$OTHER" -o json >"$T/stop.json" 2>/dev/null
check_num "the exit status of stop" $? eq 3
check "stop tells which is open and why, and has ended the other" jq -e --arg id "$ID" --arg other "$OTHER" \
	'.stopped == [$other] and .open[0].id == $id and (.open[0].error | test("may still be there"))' "$T/stop.json"
"$FL" list >"$T/list"
check "list says not undone, and why" sh -c "grep -q '^$ID .* - *not undone: recover' '$T/list' && grep -q 'not undone: .*may still be there' '$T/list'"
check "so does its JSON" sh -c "'$FL' list -o json | jq -e '.[0].open | (.message | test(\"may still be there\")) and .since_wall > 0'"
"$FL" recover >"$T/recover.out" 2>/dev/null
check "recover counts it" grep -q '^[0-9a-z]* FAILED: 0 undone, 1 still open$' "$T/recover.out"
umount "$T/dir/file"
check "then it is undone, and list is empty" in_time 5 none_left
check "list has nothing more" bash -c "'$FL' list | grep -q 'no faults'"

# --- an owner of whom nothing can be seen is not dead ---
inject 'null' pid:"$target" --file "$T/dir/file"
mount --bind /dev/null "/proc/$owner/stat"
check "recover leaves it alone" bash -c "! '$FL' recover >'$T/recover.out' 2>&1"
check "it says why" grep -q 'cannot tell' "$T/recover.out"
check "the file is there" [ -e "$T/dir/file" ]
umount "/proc/$owner/stat"
check "seen again it is alive" bash -c "'$FL' recover | grep -q 'nothing to recover'"
finish
check_num "its exit status" "$status" eq 0
check "the file is gone" gone

# --- one whose pids are numbered in another pid namespace ---
inject 'null' pid:"$target" --file "$T/dir/file"
guardian=$(pgrep -P "$owner" -x fl-guardian)
kill -9 "$guardian" "$owner"; wait "$owner" 2>/dev/null
unshare --pid --fork --mount-proc "$FL" recover >"$T/recover.out" 2>&1
check_num "from another pid namespace recover does not take its processes for gone" $? eq 3
check "it says so" grep -q 'numbered in another pid namespace' "$T/recover.out"
check "nothing was undone" [ -e "$T/dir/file" -a "$(sessions)" = 1 ]
bg unshare --pid --fork --mount-proc bash -c "sleep 300 & exec '$FL' inject null pid:\$! --for 60s" >"$T/inner.out" 2>&1
inner=$BG_PID
wait_for 5 grep -q 'is active' "$T/inner.out"
"$FL" recover >"$T/recover.out" 2>&1
check_num "in its own it does it, and lets one that lives in an inner one live" $? eq 0
check "the file is gone" gone
check "the inner one is there" [ "$(sessions)" = 1 ]
first=$(pgrep -P "$inner")
kill -9 "$(pgrep -P "$first" -x fl-guardian)"; kill -STOP "$first"; mount --bind /dev/null "/proc/$first/status"
"$FL" recover >"$T/recover.out" 2>&1
check_num "one of whom it cannot be told is left, and is a failure" $? eq 3
check "it says where to do it" grep -q 'hint: nsenter --target [0-9]* --pid --mount' "$T/recover.out"
umount "/proc/$first/status"; kill -CONT "$first"; kill -INT "$first"; wait "$inner"
check "the inner one ends by itself" in_time 5 none_left
unshare --pid --fork "$FL" inject 'null' pid:"$target" --for 1s >"$T/out" 2>&1
check_num "with a /proc that is another pid namespace's nothing is begun" $? eq 3
check "it says why" grep -q '/proc .*is that of another pid namespace' "$T/out"

# --- a file system that never answers, on the way ---
mkdir "$T/vol"
bg unshare -m bash -c "mount -t tmpfs own '$T/vol' && echo right >'$T/vol/conf' && exec sleep 300"
holder=$BG_PID
right_there() { [ "$(cat "/proc/$holder/root$T/vol/conf")" = right ]; }
wait_for 5 right_there
inject config_corruption pid:"$holder" --path "$T/vol/conf"
guardian=$(pgrep -P "$owner" -x fl-guardian)
bg unshare -m python3 "$TOP/tests/tools/deaf_fuse.py" "$T/vol" >"$T/deaf.out"
deaf=$BG_PID
wait_for 5 grep -q ready "$T/deaf.out"
kill -9 "$guardian" "$owner" "$holder"; wait "$owner" "$holder" 2>/dev/null
t0=$(date +%s%N)
timeout -s KILL 60 "$FL" recover >"$T/recover.out" 2>&1
check_num "with a file system that never answers in somebody's root: recover says that it cannot tell" $? eq 3
check_ms "... within (ms)" $((($(date +%s%N) - t0) / 1000000)) 8000
check "... and who has it" grep -qE 'process [0-9]+ cannot be looked into: a file system in its root does not answer' "$T/recover.out"
kill -9 "$deaf"; wait "$deaf" 2>/dev/null
check "once that has gone: the file went with its file system, which recover finds" "$FL" recover

# --- one that lets the file be opened, and answers nobody who reads or writes it ---
mkdir "$T/fuse"
bg unshare -m python3 "$TOP/tests/tools/deaf_fuse.py" "$T/fuse" right >"$T/deaf.out"
deaf=$BG_PID
wait_for 5 grep -q ready "$T/deaf.out"
conf() { timeout -s KILL 5 cat "/proc/$deaf/root$T/fuse/conf"; }
inject config_corruption pid:"$deaf" --path "$T/fuse/conf" --mode replace --content wrong --allow-persistent
check "the file is wrong" [ "$(conf)" = wrong ]
kill -USR1 "$deaf"
t0=$(date +%s%N); finish; took=$((($(date +%s%N) - t0) / 1000000))
check_ms "inject waits for it, twice, no longer than (ms)" "$took" 17000
t0=$(date +%s%N); still_open "$T/fuse/conf is not as it was, or may not be: its file system does not answer"
took=$((($(date +%s%N) - t0) / 1000000))
check_ms "recover, and the guardian before it, no longer than (ms)" "$took" 20000
kill -USR2 "$deaf"
check "when it answers again the guardian puts the file back" in_time 30 none_left
check "the file is as it was" [ "$(conf)" = right ]
# The same when all that is left is recover.
inject config_corruption pid:"$deaf" --path "$T/fuse/conf" --mode replace --content wrong --allow-persistent
guardian=$(pgrep -P "$owner" -x fl-guardian)
kill -USR1 "$deaf"; kill -9 "$guardian" "$owner"; wait "$owner" 2>/dev/null
t0=$(date +%s%N); timeout -s KILL 60 "$FL" recover >"$T/recover.out" 2>&1
check_num "the exit status of recover" $? eq 3
check_ms "... within (ms)" $((($(date +%s%N) - t0) / 1000000)) 9000
check_num "a second recover is not kept waiting by what the first has left" "$(timeout -s KILL 60 "$FL" recover >"$T/recover.out" 2>&1; echo $?)" eq 3
kill -USR2 "$deaf"
check "then recover puts it back" "$FL" recover
check "the file is as it was" [ "$(conf)" = right ]
kill -9 "$deaf"; wait "$deaf" 2>/dev/null

# --- an agent that never comes to an end with its answer ---
bg python3 "$TOP/tests/tools/servers/drip.py" byteman "$T/byteman.jar" >"$T/drip.out"
agent=$BG_PID
wait_for 5 grep -q ready "$T/drip.out"
inject jvm_exception pid:"$agent" --class X --method y
t0=$(date +%s%N); finish; took=$((($(date +%s%N) - t0) / 1000000))
check_ms "inject waits for it no longer than (ms)" "$took" 15000
still_open "process $agent may still throw"
kill -USR1 "$agent"
check "the guardian comes back to it" in_time 10 none_left
kill "$agent"

# --- a store that takes its time for each answer ---
redis-server --port 6390 --bind 127.0.0.1 --save '' --appendonly no --dir "$T" >"$T/redis.log" 2>&1 &
_pids="$_pids $!"
r() { redis-cli -p 6390 -e "$@"; }
wait_for 5 r ping
for i in $(seq 1 40); do echo "SET item:$i right"; done | r >/dev/null
bg python3 "$TOP/tests/tools/servers/drip.py" redis 6390 6379 >"$T/drip2.out"
store=$BG_PID
wait_for 5 grep -q ready "$T/drip2.out"
inject cache_poisoning pid:"$store" --keys 'item:*' --value wrong
check "a value is wrong" [ "$(r get item:7)" = wrong ]
kill -USR2 "$store"
t0=$(date +%s%N); finish; took=$((($(date +%s%N) - t0) / 1000000))
check_ms "inject waits for it no longer than (ms)" "$took" 40000
still_open 'values in the cache are still wrong'
kill -USR1 "$store"
check "the guardian puts them back" in_time 30 none_left
check_num "all of them" "$(for i in $(seq 1 40); do r get item:$i; done | grep -cx right)" eq 40
