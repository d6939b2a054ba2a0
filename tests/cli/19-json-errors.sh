#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# With -o json standard output is JSON whatever happens: one document, and what went wrong in its "error".
. "$(dirname "$0")/../lib.sh"
echo 'experiments: [' >"$T/bad.yaml"
"$BUILD/faultline" --help | awk '/^Commands:/ { on = 1; next } on && !NF { exit } on { print $1 }' >"$T/commands"

# failed STATUS ARGUMENT...: with that status, one document that has an error with that status and a message,
# and the same message for people on standard error.
failed() {
	local status=$1 r; shift
	timeout 20 "$FL" "$@" >"$T/out" 2>"$T/err" </dev/null; r=$?
	if [ $r = "$status" ] && jq -es --argjson s "$r" --rawfile err "$T/err" 'length == 1 and ([.[0] | .. | objects |
			.error? // empty] | length == 1 and .[0].exit_status == $s and (.[0].message | length > 0) and
			(.[0] | keys == ["column", "exit_status", "file", "hint", "line", "message"]) and
			(.[0].message as $m | $err | contains($m)))' "$T/out" >"$T/jq" 2>&1; then
		ok "an error as JSON: $*"
	else
		not_ok "an error as JSON: $* (status $r)"; head -c 600 "$T/out" | sed 's/^/#   /'
	fi
}

# Every command, whatever it is: an option that it does not have, in each way to ask for JSON.
n=0
while read -r c; do
	failed 2 "$c" --no-such-option -o json
	n=$((n + 1))
done <"$T/commands"
check_num "all commands were tried" $n ge 19
failed 2 score --no-such-option -ojson
failed 2 score --no-such-option --output=json
failed 2 --output json score --no-such-option
failed 2 score --no-such-option --output json

failed 2 injekt -o json
failed 2 inject -o json
failed 2 inject null -o json
failed 2 inject null netns:nobody -o json
failed 2 inject latency x --dealy 5ms -o json
failed 2 set nobody.1 a=b -o json
failed 2 stop nobody -o json
failed 2 check "$T/bad.yaml" -o json
failed 2 run "$T/bad.yaml" -o json
failed 2 run /nonexistent -o json
failed 2 baseline /nonexistent -o json
failed 2 score /nonexistent -o json
failed 2 score a b -o json
failed 2 report -o json
failed 2 report /nonexistent -o json
failed 2 accept /nonexistent -o json
failed 2 history /nonexistent -o json
failed 2 compare /nonexistent /nonexistent -o json
failed 2 import pumba /nonexistent -o json
failed 2 import -o json
failed 2 lab sideways -o json
failed 2 top nobody-svc -o json
failed 2 graph nobody-svc -o json
failed 2 probe -o json
check "the place in a file is told" jq -e '.error | .line == 1 or .line == 2' <("$FL" run "$T/bad.yaml" -o json 2>/dev/null)
check "several files, one cannot be read: a list of two" sh -c "'$FL' check '$TOP/experiments/demo.yaml' /nonexistent -o json 2>/dev/null | jq -e 'length == 2 and .[0].error == null and (.[0].experiments | length) == 10 and .[1].error.exit_status == 2'"

# What is no UTF-8 (a file's name is any bytes), and what a bound cut in the middle of a character: JSON all the same.
odd=$'odd\xff'
failed 2 "$odd" -o json
failed 2 score "$T/$odd" -o json
failed 2 history "$T/$odd" /nonexistent -o json
failed 2 inject null "$odd" -o json
failed 2 inject latency "pid:/run/$odd" -o json
failed 2 check "$T/$odd" -o json
cp "$TOP/experiments/demo.yaml" "$T/$odd.yaml"
check "a suite whose name is no UTF-8" sh -c "'$FL' check '$T/$odd.yaml' -o json 2>/dev/null | jq -e '(.experiments | length) == 10'"
long=$(printf 'ế%.0s' {1..60})
printf 'experiments:\n  - { id: 1, name: x, fault_type: "a%s", target: payment-svc }\n  - { id: 2, name: y, fault_type: "aa%s", target: db }\n' \
	"$long" "$long" >"$T/long.yaml"
printf 'suite:\n  name: x\n  a%s: 1\nexperiments: []\n' "$long" >"$T/key.yaml"
for f in long key; do
	"$FL" check "$T/$f.yaml" -o json >"$T/out" 2>/dev/null
	check "findings that quote half a character are told: $f" jq -e '.errors + .warnings == (.findings | length)' "$T/out"
done

# Not root: the same shape.
failed_as() { timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups "$FL" "$@" 2>/dev/null | jq -e '.error.exit_status == 3'; }
check "not root" failed_as list -o json
check "not root, --output=json" failed_as stop --all --output=json

# What is no JSON stays as it was: nothing on standard output.
"$FL" score /nonexistent >"$T/out" 2>"$T/err"
check "without -o json nothing is on standard output" test ! -s "$T/out"
check "-o yaml is no JSON" sh -c "'$FL' score /nonexistent -o yaml 2>/dev/null | test -z \"\$(cat)\""
check "--help is help, with -o json too" sh -c "'$FL' score -o json --help | grep -q '^Usage'"
"$FL" score /nonexistent -o json >/dev/full 2>"$T/err"
check_num "an error that cannot be written keeps its status" $? eq 2
