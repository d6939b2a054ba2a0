#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files of the exercise on its stack, each to its scoreboard: what DEMO=exercise FILES='...' tools/demo-docker.sh prints of
# them, tried with a faultline that is none.
# FLTEST_LONG=1: every third file of tests/golden/exercise on the stack itself; with TEST_TIMEOUT=1800 or more all of them, and
# those of EXERCISE_FILES. A run takes about 13 s an entry at --scale 0.02, on two busy CPUs (2026-12-01).
. "$(dirname "$0")/../lib.sh"
golden=$TOP/tests/golden/exercise

cat >"$T/faultline" <<'END'
#!/bin/bash
case $2 in
*good*) echo '4 experiments, about 45 s, until 04:21' >&2; printf 'Total: 3\nDetected: 2/3\nRCA correct: 1/2\n'; exit 1 ;;
*refused*) echo 'faultline: refused.yaml:2: no hypothesis: say it' >&2; exit 2 ;;
*) echo 'faultline: no such container' >&2; exit 3 ;;
esac
END
chmod +x "$T/faultline"
# table FILE...: what is printed of them, without the seconds
table() { (cd "$T" && FILES=$* bash -c '. "$0"; demo_files "$1" tried --scale 0.1' "$TOP/tools/demo-run.sh" "$T/faultline") >"$T/table"; }
table good.yaml refused.yaml
check_num "a scoreboard and a refusal are well" $? eq 0
check "a scoreboard's line" grep -qE '^\| good.yaml \| 3/4 \| 2/3 \| 1/2 \| [0-9]+ \| 1 \|$' "$T/table"
check "a refusal's, in its words" grep -qE '^\| refused.yaml \| faultline: refused.yaml:2: no hypothesis: say it \|' "$T/table"
table good.yaml gone.yaml
check_num "anything else is not" $? eq 1

if [ -n "${FLTEST_LONG:-}" ]; then
	every=3
	[ "${TEST_TIMEOUT:-0}" -lt 1800 ] || every=1
	FILES="$(printf '%s\n' "$golden"/*.yaml "$golden"/*.json | awk "NR % $every == 0") ${EXERCISE_FILES:-}" DEMO=exercise FLTEST_SANDBOX= \
		"$TOP/tools/demo-docker.sh" "${BUILD#"$TOP/"}" --scale 0.02 >"$T/demo" 2>&1
	check_num "every file comes to a scoreboard, or is refused with words" $? eq 0
	sed -n '/^|/s/^/# /p' "$T/demo"
	boards=$(grep -cE '^\| .* \| [0-9]+/[0-9]+ \| [0-9]+/[0-9]+ \|' "$T/demo")
	all=$(($(grep -c '^|' "$T/demo") - 2))
	check_num "nine of ten come to a scoreboard ($boards of $all)" $((boards * 10)) ge $((all * 9))
	check "links and queues are as before" test "$(tail -n 1 "$T/demo")" = "  the same"
fi
