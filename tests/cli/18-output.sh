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
