#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# jvm_exception: through a real Byteman agent in a real JVM, in a network namespace of its own; and what
# is said where there is no agent. The package is libbyteman-java; BYTEMAN_JAR names another jar.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
jar=${BYTEMAN_JAR:-/usr/share/java/byteman.jar}
bg sleep 300
"$FL" inject jvm_exception pid:$BG_PID --class a.B --method c --for 1s >"$T/out" 2>&1
check_num "a target without an agent: the environment lacks something" $? eq 3
check "... and which" grep -q 'no Byteman agent installed in the target' "$T/out"
"$FL" inject jvm_exception pid:$BG_PID --class 'a.B
RULE x' --method c --for 1s >"$T/out" 2>&1
check_num "a name that would end its line is refused" $? eq 2
if [ ! -r "$jar" ] || ! command -v javac >/dev/null; then
	check "doctor says why" bash -c '"$FL" doctor -o json | jq -e ".faults[] | select(.name == \"jvm_exception\") | (.supported | not) and .reason == \"no Byteman agent installed in the target\""'
	skip "a JVM that throws" "byteman"
	exit
fi
cat >"$T/Show.java" <<'JAVA'
public class Show {
    static int work(int n) { return n * 2; }
    static int idle() { return 0; }
    public static void main(String[] a) throws Exception {
        for (int i = 0; ; i++) {
            try { System.out.println("ok " + work(i)); }
            catch (Throwable t) { System.out.println("threw " + t); }
            Thread.sleep(50);
        }
    }
}
JAVA
javac -d "$T" "$T/Show.java"
mknet a 1
bg ip netns exec flt-a java -Xshare:auto -XX:TieredStopAtLevel=1 -javaagent:"$jar"=listener:true -cp "$T" Show >"$T/show" 2>"$T/show.err"
jvm=$BG_PID
wait_for 20 grep -q '^ok' "$T/show"
wait_for 10 bash -c 'ip netns exec flt-a ss -Htln sport = 9091 | grep -q .'
last() { tail -n 1 "$T/show"; }
throws() { last | grep -q '^threw java.lang.IllegalStateException: injected by faultline$'; }
works() { last | grep -q '^ok '; }
inject() { fault jvm_exception pid:$jvm --class Show --method "$@"; }

check "doctor sees the agent" bash -c '"$FL" doctor -o json | jq -e ".faults[] | select(.name == \"jvm_exception\") | .supported"'
inject 'work(int)' --exception java.lang.IllegalStateException
check "the method throws" wait_for 3 throws
check "list names the backend" [ "$(hits "$ID" backend)" = byteman ]
heal
check "afterwards it works" wait_for 3 works
"$FL" inject jvm_exception pid:$jvm --class Show --method work --for 1s >"$T/out"
check "a method that was called is a hit" grep -q 'injected  1' "$T/out"
"$FL" inject jvm_exception pid:$jvm --class Show --method idle --for 500ms >"$T/out"
check "one that was not is none" grep -q 'Show.idle in 1 JVM: not called' "$T/out"
"$FL" inject jvm_exception pid:$jvm --class Show --method work --exception java.io.IOException --for 500ms >"$T/out"
check "an exception that it may not throw: Byteman's reason" grep -q 'not declared by trigger method' "$T/out"
check "... and it goes on working" works

inject work --exception java.lang.IllegalStateException
wait_for 3 throws
kill -9 "$(jq -r .pid "/run/faultline/${ID%.*}/session.json")"
check "works within 2 s of SIGKILL of the owner" wait_for 2 works
inject work --exception java.lang.IllegalStateException
wait_for 3 throws
owner=$(jq -r .pid "/run/faultline/${ID%.*}/session.json")
kill -9 "$(pgrep -P "$owner" fl-guardian)" "$owner"
check "guardian killed as well: it still throws" throws
check "recover" "$FL" recover
check "it works" wait_for 2 works
