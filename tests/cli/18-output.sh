#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Output that cannot be written, and standard descriptors that are closed.
. "$(dirname "$0")/../lib.sh"
ip netns add flt-a && _nets="$_nets flt-a"

for c in --version --help list "list -o json" "inject --help" doctor; do
	"$FL" $c >/dev/full 2>"$T/err"
	check_num "$c on a full disk: exit 3" $? eq 3
	check "... and says so" grep -q 'output is incomplete: No space' "$T/err"
done
"$FL" nosuch >/dev/full 2>"$T/err"
check_num "a failure keeps its own status" $? eq 2
echo 'experiments: []' >"$T/none.yaml"
"$FL" check "$T/none.yaml" -o json >/dev/full 2>"$T/err"
check_num "... with an answer that could not be written, too" $? eq 2
check "... which is said" grep -q 'output is incomplete: No space' "$T/err"

# A file that is asked for takes nobody else's place.
mknod "$T/full" c 1 7
mkfifo "$T/pipe"
mkdir "$T/folder"
ln -s "$T/full" "$T/link"
for to in full pipe folder link; do
	timeout 5 "$FL" import pumba --out "$T/$to" -- kill web >"$T/out" 2>"$T/err"
	check_num "--out $to: exit 2" $? eq 2
	check "... and it is what it was" test ! -f "$T/$to"
done
timeout 5 "$FL" import pumba --out /dev/stdout -- kill web >"$T/out" 2>"$T/err"
check_num "--out /dev/stdout: exit 2" $? eq 2
check "... and it is a link" test -L /dev/stdout
"$FL" import pumba --out "$T/file" -- kill web >"$T/out" 2>"$T/err"
check "a file is written" test -s "$T/file"
"$FL" doctor -o json 2>"$T/err" | head -n 1 >/dev/null
check "a reader that leaves early is not complained about" test ! -s "$T/err"

# A closed descriptor is not handed to the first file that is opened: nothing is printed into it.
"$FL" list <&- >&- 2>&-
check_num "list without descriptors" $? eq 0
"$FL" inject null netns:flt-a --hits 1 --for 60s <&- >&- 2>&- & p=$!
check "a fault without descriptors is on" wait_for 5 sh -c "'$FL' list -o json | jq -e 'length == 1 and .[0].active'"
check "... and no file of its session holds what it prints" sh -c "! grep -rqs 'is active' /run/faultline/*/*.json*"
"$FL" stop --all >/dev/null
wait $p
check_num "... and ends well" $? eq 0

# A file may be a pipe whose writer takes its time.
"$FL" check <(sleep 0.3; cat "$TOP/experiments/demo.yaml") >"$T/out" 2>&1
check "check waits for a slow pipe" sh -c "! grep -q 'cannot read\|is empty' '$T/out'"
