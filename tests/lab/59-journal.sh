#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The journal grows with what is open, not with what has been, and can always be read back.
. "$(dirname "$0")/../lib.sh"
cat >"$T/storm.c" <<'C'
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
/* storm N MS: N children at any time, each of which lives for MS. */
int main(int c, char **v)
{
	int n = atoi(v[1]), ms = atoi(v[2]);
	(void)c;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if (!fork()) {
			usleep(ms * 1000);
			_exit(0);
		}
		usleep(ms * 1000 / n);
	}
}
C
gcc -O1 -o "$T/storm" "$T/storm.c"
inject() { bg "$FL" inject "$@" >"$T/inject.out" 2>"$T/inject.err"; owner=$BG_PID; wait_for 5 grep -q 'is active' "$T/inject.out" || { not_ok "inject $*"; sed 's/^/#   /' "$T/inject.err"; }; }
finish() { kill -INT "$owner"; wait "$owner"; status=$?; }
soft() { awk '/^Max open files/ { print $4 }' "/proc/$1/limits"; }

# --- process churn ---
bg "$T/storm" 50 120
storm=$BG_PID
old=$(soft "$storm")
inject fd_exhaustion pid:"$storm"
session=$(echo /run/faultline/*/session.json); session=${session%/*}
seen() { [ "$("$FL" list -o json | jq '.[0].matched')" -gt 1000 ]; }
check "more than 1000 processes come and go" wait_for 20 seen
check_num "their journal has one line a target" "$(wc -l <"$session/journal.jsonl")" eq 1
check_num "session directory, bytes" "$(du -sb "$session" | cut -f1)" lt 30000
check_num "the limit is lowered" "$(soft "$storm")" lt 32
# Somebody else lets it grow over what used to be the limit of reading.
awk 'BEGIN { for (i = 0; i < 700000; i++) printf "{\"n\":%d,\"done\":true}\n", 1000000 + i }' >>"$session/journal.jsonl"
check_num "the journal is larger than 16 MiB" "$(stat -c %s "$session/journal.jsonl")" gt 16777216
t0=$(date +%s%N); finish
note "FIGURE journal of $(( 700001 )) lines read back and followed in $((($(date +%s%N) - t0) / 1000000)) ms"
check_num "its end is undone" "$status" eq 0
check_num "the limit is as it was" "$(soft "$storm")" eq "$old"
kill "$storm"

# --- a process that raises its own limit is no hit ---
cat >"$T/raise.py" <<'P'
import resource, time
while True:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    time.sleep(0.01)
P
bg python3 "$T/raise.py"
sleep 0.3
"$FL" inject fd_exhaustion pid:"$BG_PID" --for 2s -o json >"$T/raise.json"
check_num "nothing was hit: exit status" $? eq 1
check_num "... injected" "$(jq .injected "$T/raise.json")" eq 0
check "... and why" grep -q 'raised their limit again' "$T/raise.json"
kill "$BG_PID"
