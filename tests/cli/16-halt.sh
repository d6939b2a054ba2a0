#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# faultline halt and allow, forbidden windows, maxima: when no fault may be on, and how strong one may be.
. "$(dirname "$0")/../lib.sh"
ip netns add flt-a && _nets="$_nets flt-a"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
listed() { "$FL" list -o json 2>/dev/null | jq -r "$1"; }
gone() { [ ! -e /run/faultline ]; }
active() { "$FL" list -o json 2>/dev/null | jq -e 'length > 0 and all(.[]; .active)' >/dev/null; }
null_fault() { "$FL" inject null netns:flt-a --hits 1 "$@"; }
STATE=/var/lib/faultline/halt.json POLICY=/etc/faultline/policy.yaml

# A window that begins while a fault is on: by the minute. It is waited for in a sandbox of its own, beside all the rest.
export POLICY
minute() {
	ip netns add flt-a
	echo "forbidden: [{name: minute, from: '$(date -d 'now + 61 seconds' +%H:%M)', to: '$(date -d 'now + 5 minutes' +%H:%M)'}]" >"$POLICY"
	timeout 75 "$FL" inject null netns:flt-a --hits 1 --for 200s -o json
}
export -f minute
FLTEST_SANDBOX='' "$TOP/tests/sandbox.sh" bash -c minute >"$T/minute" & minute=$!

# --- halt ---
null_fault --for 60s --detach >/dev/null
null_fault --for 60s -o json >"$T/victim" & p=$!
wait_for 5 sh -c "'$FL' list -o json | jq -e 'length == 2 and all(.[]; .active)'"
"$FL" halt deploy freeze >"$T/halt"; rc=$?
same "halt ends all there is" "$rc $(grep -c '^ended ' "$T/halt") $(listed length)" "0 2 0"
check "... which is rolled back when it returns" gone
wait $p
same "the victim reads who and why" "$(jq -r '.ended_by | "\(.user) \(.why)"' "$T/victim")" "root halt: deploy freeze"
check "list says that the host is halted, since when and why" sh -c "'$FL' list | grep -qE 'halted by root.* since 20.*: deploy freeze; faultline allow lifts it'"
refused() { # DESCRIPTION STATUS PATTERN COMMAND...
	_w=$1 _s=$2 _p=$3; shift 3
	"$@" >"$T/out" 2>"$T/err"; rc=$?
	same "$_w" "$rc $(tr '\n' ' ' <"$T/err" | grep -cE "$_p")" "$_s 1"
}
refused "a new fault is refused" 3 'refused: this host is halted by root.*deploy freeze' null_fault --for 1s
check "... with what lifts it" grep -q 'faultline allow' "$T/err"
rm -rf /run/faultline
"$FL" halt $'a\nfaults are allowed again' >"$T/halt"
check "a reason is no line of its own" sh -c "'$FL' list | cat - '$T/halt' | grep -q 'a faults are' && ! '$FL' list | cat - '$T/halt' | grep -q '^faults are'"
for reason in $'because \xff' "$(printf 'Đóng băng triển khai %.0s' $(seq 30))"; do
	"$FL" halt "$reason" -o json >"$T/halt"; rc=$?
	same "a reason that is no UTF-8, or cut within a character, halts all the same" \
		"$rc $(jq .halted "$T/halt") $(test -s $STATE && echo kept)" "0 true kept"
	refused "... and refuses" 3 'is halted by root' null_fault --for 1s
	"$FL" allow >/dev/null
done
"$FL" halt deploy freeze >/dev/null
refused "... after a reboot as well" 3 'is halted' null_fault --for 1s
cat >"$T/suite.yaml" <<END
suite: {baseline: 100ms, cooldown: 100ms, grace: 100ms}
experiments:
  - name: one
    hypothesis: success_rate >= 50%
    faults: [{type: 'null', params: {hits: 3}}]
    blast_radius: {target: 'netns:flt-a', traffic: 0% (synthetic), duration: 60s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: a}
END
refused "a run is refused" 3 'is halted' "$FL" run "$T/suite.yaml" --out "$T/no" -q
check "... before it makes anything" test ! -e "$T/no"
"$FL" allow >"$T/out"; rc=$?
same "allow lifts it" "$rc $(grep -c 'was halted by root' "$T/out")" "0 1"
check "... and then there are faults again" null_fault --for 100ms
same "allow once more" "$("$FL" allow)" "this host is not halted"
for bad in '' '{' '[1]' '"x"'; do
	printf '%s' "$bad" >$STATE
	refused "a state of '$bad' is halted" 3 'is halted.*damaged' null_fault --for 1s
done
rm -f $STATE; mkdir $STATE
refused "a state that cannot be read is halted" 3 'is halted.*cannot read' null_fault --for 1s
refused "... and allow says what it cannot do" 3 'cannot remove' "$FL" allow
rmdir $STATE

# Where it cannot be remembered, what is on ends all the same, and that is all that is said to be so.
mount -t tmpfs -o size=4k,mode=755 full /var/lib/faultline
head -c 4096 /dev/zero >/var/lib/faultline/ballast
null_fault --for 60s --detach >/dev/null
"$FL" halt disk full >"$T/halt" 2>"$T/err"; rc=$?
same "halt on a full disk ends all there is" "$rc $(grep -c '^ended ' "$T/halt") $(listed length)" "3 1 0"
check "... and says that the host is not halted, and why" sh -c "grep -q '^NOT halted' '$T/halt' && ! grep -q 'are refused' '$T/halt' && grep -q 'No space' '$T/err'"
check "... which is so" null_fault --for 100ms
umount /var/lib/faultline

# One that missed its signal ends by itself, by what is written.
null_fault --for 60s -o json >"$T/victim" & p=$!
wait_for 5 active
kill -STOP $p; (sleep 0.3; echo '{"by": {"user": "eve", "uid": 7, "tty": null}, "since_wall": 1, "reason": "x"}' >$STATE; kill -CONT $p) &
in_time 8 sh -c "! kill -0 $p 2>/dev/null" || kill $p
wait $p
same "a fault looks by itself, every second" "$(jq -r '.ended_by | "\(.user) \(.why)"' "$T/victim")" "eve halt: x"
"$FL" allow >/dev/null
id=$(null_fault --for 60s --detach)
echo '{"by": {"user": "eve", "uid": 7, "tty": null}, "since_wall": 1, "reason": "x"}' >$STATE
refused "set is refused while halted" 3 'is halted' "$FL" set "$id" hits=5
wait_for 5 gone
"$FL" allow >/dev/null

# An owner that does not end: named, and the status says it.
id=$(null_fault --for 200s --detach); owner=$(listed '.[0].pid')
kill -STOP "$owner"
"$FL" halt stuck >"$T/halt" 2>"$T/err" & p=$!
wait_for 5 test -e $STATE
sleep 0.2; kill -CONT "$owner"; wait $p; rc=$?
same "halt waits for one that is slow" "$rc $(listed length)" "0 0"
"$FL" allow >/dev/null

# One that cannot be undone now: a mount point is not removed.
id=$(null_fault --file "$T/made" --for 60s --detach)
mount --bind "$T/made" "$T/made"
"$FL" halt >"$T/halt" 2>"$T/err"; rc=$?
same "what cannot be undone is still open, and the status says so" "$rc $(grep -c "^STILL OPEN ${id%.1} of root" "$T/halt") $(grep -c '1 session could not be ended' "$T/err")" "1 1 1"
refused "... and the host is halted" 3 'is halted' null_fault --for 1s
umount "$T/made"
check "again, when it can be" "$FL" halt
"$FL" allow >/dev/null
check "then nothing is left" gone

# --- a run meets the gate ---
"$FL" run "$T/suite.yaml" --out "$T/halted" -q >"$T/run" 2>&1 & p=$!
wait_for 15 active
"$FL" halt freeze >/dev/null; wait $p; rc=$?
same "halt aborts a run" "$rc $(jq -r '.[0] | "\(.status) \(.rollback.ended_by.why)"' "$T/halted/chaos_results.json")" "5 aborted halt: freeze"
check "... its verdict says so" grep -qE 'aborted by root.* at ..:..:..: halt: freeze' "$T/run"
"$FL" allow >/dev/null

sed -i 's/duration: 60s/duration: 200ms/' "$T/suite.yaml"
"$FL" run "$T/suite.yaml" --out "$T/every" -q --every 8s >"$T/run" 2>"$T/err" & p=$!
wait_for 20 test -e "$T/every/001/report.html"
"$FL" halt pause >/dev/null
check "run --every leaves out what would begin while halted" wait_for 12 grep -q 'is halted by root' "$T/err"
"$FL" allow >/dev/null
check "... and goes on afterwards" wait_for 20 sh -c "ls -d '$T'/every/00[2-9]/report.html"
kill -INT $p; wait $p
sed -i 's/duration: 200ms/duration: 60s/' "$T/suite.yaml"

# --- windows ---
policy() { cat >$POLICY; }
bad() { # DESCRIPTION PATTERN: the policy on stdin is refused with it
	policy
	refused "$1" 2 "$2" null_fault --for 100ms
}
bad "an unknown key, its place, the nearest" "policy.yaml:1:1: unknown key 'forbiden'.*did you mean 'forbidden'" <<<'forbiden: []'
bad "an unknown key of a window" "policy.yaml:2:19: unknown key 'day'.*did you mean 'days'" <<<$'forbidden:\n  - {name: night, day: [mon]}'
bad "no day" "policy.yaml:1:3[0-9]: 'monday' is no day" <<<'forbidden: [{name: a, days: [monday]}]'
bad "no time" "policy.yaml:1:.*a time of day is written 08:30" <<<'forbidden: [{name: a, from: "8.30", to: "9:00"}]'
bad "half a window" ".from. and .to. come together" <<<'forbidden: [{name: a, from: "08:30"}]'
bad "no zone" "no time zone 'Europe/Berln'" <<<'forbidden: [{name: a, timezone: Europe/Berln}]'
bad "an empty file is no policy" "the file is empty" </dev/null
bad "a maximum of nothing" "policy.yaml:1:10: .*no kind of fault has a number 'dely', did you mean 'delay'" <<<'maxima: {dely: 5s}'
bad "a maximum that is no value" "policy.yaml:1:10:" <<<'maxima: {delay: often}'
policy <<<'forbidden: [{name: always, timezone: Asia/Ho_Chi_Minh}]'
chmod 666 $POLICY
refused "a policy that others may write to" 3 'not trusted: others than root may write to it' null_fault --for 100ms
chmod 644 $POLICY; chown 1 $POLICY
refused "one that is not root's" 3 'not owned by root' null_fault --for 100ms
chown 0 $POLICY; chmod 777 /etc/faultline
refused "one in a folder that others may write to" 3 '/etc/faultline is not trusted' null_fault --for 100ms
chmod 755 /etc/faultline
refused "in a forbidden window nothing begins" 3 "refused: it is the forbidden window always .00:00-24:00 Asia/Ho_Chi_Minh." null_fault --for 100ms
day=$(LC_ALL=C TZ=Asia/Tokyo date -d 'now + 3 days' +%a | tr A-Z a-z)
policy <<<"forbidden: [{name: later, days: $day, timezone: Asia/Tokyo}]"
check "in none something does" null_fault --for 100ms
null_fault --for 60s -o json >"$T/victim" & p=$!
wait_for 5 active
policy <<<'forbidden: [{name: now}]'
in_time 5 sh -c "! kill -0 $p 2>/dev/null" || kill $p
wait $p
same "a window that is written ends what is on" "$(jq -r '.ended_by.why' "$T/victim")" "forbidden window now (00:00-24:00)"

# --- maxima and defaults ---
rm -f $POLICY
id=$(null_fault --detach)
check "without --for it ends after 5 minutes" sh -c "'$FL' list -o json | jq -e '.[0].expires_in_s | . > 290 and . <= 300'"
"$FL" stop "$id" >/dev/null
id=$(null_fault --detach --forever)
same "--forever does not" "$(listed '.[0].expires_in_s')" null
"$FL" stop "$id" >/dev/null
refused "--for 0s" 2 'over at once hits nothing' null_fault --for 0s
refused "--for 999d" 2 'longer than a fault may be on here: .* at most' null_fault --for 999d
refused "both" 2 'either --for or --forever' null_fault --for 1s --forever
policy <<<'maxima: {for: 1s, forever: no, hits: 2}'
refused "longer than the policy allows" 2 '2s is longer than a fault may be on here: 1s at most' null_fault --for 2s
refused "--forever where that is refused" 2 'no fault without an end' null_fault --forever
refused "more than the policy allows" 2 'hits 3 is more than this host allows: 2 at most' "$FL" inject null netns:flt-a --hits 3 --for 1s
refused "a run as well" 2 'longer than a fault may be on here' "$FL" run "$T/suite.yaml" --out "$T/no" -q
policy <<<'maxima: {hits: 5}'
id=$(null_fault --for 60s --detach)
refused "so is set" 2 'hits 6 is more' "$FL" set "$id" hits=6
check "... up to it is not" "$FL" set "$id" hits=5
"$FL" stop "$id" >/dev/null
rm -f $POLICY
check "nothing is left" gone
wait $minute
check "a window that begins ends what is on: $(jq -c '.ended_by' "$T/minute")" jq -e '.ended_by.why | startswith("forbidden window minute")' "$T/minute"
check_num "... within two seconds (s)" "$(jq '.ended_by.t % 60' "$T/minute")" lt 2
unshare --mount sh -c 'mount -t tmpfs none /var/lib && ln -s /tmp /var/lib/faultline && exec "$1" halt' sh "$FL" >"$T/out" 2>"$T/err"; r=$?
if [ $r = 3 ] && grep -q "NOT halted" "$T/out" && grep -q "symbolic link" "$T/err"; then ok "a symbolic link for /var/lib/faultline is named"; else
	not_ok "a symbolic link for /var/lib/faultline (status $r)"; sed 's/^/#   /' "$T/out" "$T/err"
fi
