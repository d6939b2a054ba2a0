#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pipeline whose words would command a terminal, a browser or Markdown; a results folder that somebody else has
# prepared; passwords in URLs.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
export DURATION=700ms

# --- words of the pipeline
pipeline evil "$T/evil/events.jsonl"
suite "$T/evil.yaml" x
script -qec "'$FL' run '$T/evil.yaml' --out '$T/evil'" /dev/null >"$T/screen" 2>&1
check "evil: detected, and blamed by that name" jq -e '.[0].detected and (.[0].rca_service | contains("\u001b]0;PWNED"))' "$T/evil/chaos_results.json"
check "evil: the terminal gets our own control sequences only" test -z "$(sed 's/\x1b\[K//g; s/\r//g' "$T/screen" | LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' | grep -v '^0$')"
check "evil: ... no C1 character, nothing that turns text round" test -z "$(LC_ALL=C grep -cE $'\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$T/screen" | grep -v '^0$')"
check "evil: the name is shown escaped" grep -qF '\u001b]0;PWNED\u0007\u009b31m\u202e' "$T/screen"
check "evil: no line of its own" test -z "$(grep -E '^(faultline: all is well|# h1)' "$T/screen")"
"$FL" report "$T/evil" >/dev/null 2>&1
for f in chaos_report.md SUBMIT.md report.html; do
	check "evil: $f holds no control character" test -z "$(LC_ALL=C grep -cE $'[\x01-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$T/evil/$f" | grep -v '^0$')"
done
check "evil: no tag of it is in report.html" test -z "$(grep -oE '<img|</script><img' "$T/evil/report.html")"
check "evil: no heading of it is in chaos_report.md" test -z "$(grep -E '^(# h1|faultline: all)' "$T/evil/chaos_report.md")"
"$FL" score "$T/evil" -o json >"$T/score.json" 2>/dev/null
check "evil: JSON stays JSON" jq -e . "$T/score.json"

pipeline prose "$T/prose/events.jsonl"
suite "$T/prose.yaml" x
"$FL" run "$T/prose.yaml" --out "$T/prose" >"$T/prose.board" 2>&1
check "prose: no cause is taken from it, and the reason is true" sh -c "grep -q 'without a root_service of one word' '$T/prose.board' && jq -e '.[0].detected and .[0].rca_service == null' '$T/prose/chaos_results.json'"
check "prose: no line of its own, no control character" test -z "$(LC_ALL=C grep -E $'^(faultline: all is well|# h1)|[\x01-\x08\x0b-\x1f\x7f]' "$T/prose.board")"

# --- secrets
pipeline good "$T/secret/events.jsonl"
suite "$T/secret.yaml" x
sed -i "s|http://127|http://me:PROBESECRET@127|" "$T/secret.yaml"
bg "$FL" run "$T/secret.yaml" --out "$T/secret" --pipeline "http://me:PIPESECRET@127.0.0.1:$PORT/?api_key=KEYSECRET" >"$T/secret.board" 2>&1
run=$BG_PID
wait_for 10 test -s "$T/secret/run.json"
check "secrets: not in the process list" test -z "$(tr '\0' ' ' <"/proc/$run/cmdline" | grep SECRET)"
check "secrets: ... where the rest of the URL still is" grep -q 'http://\*\*\*@127' "/proc/$run/cmdline"
wait $run
"$FL" report "$T/secret" >>"$T/secret.board" 2>&1
"$FL" run "$T/secret.yaml" --dry-run >>"$T/secret.board" 2>&1
check "secrets: in no file of the run, in nothing printed" test -z "$(grep -rl SECRET "$T/secret" "$T/secret.board")"
"$FL" run "$T/secret.yaml" --out "$T/none" --pipeline "http://me:PIPESECRET@127.0.0.1:1" >"$T/none.board" 2>&1
check "secrets: in no error either" test -z "$(grep -rl SECRET "$T/none.board" "$T/none" 2>/dev/null)"

# --- the folder
pipeline good "$T/prepared/events.jsonl"
suite "$T/suite.yaml" x
echo "important" >"$T/victim"
for f in probe.log events.jsonl; do
	for how in "ln -s" ln mkfifo; do
		mkdir "$T/prepared"
		if [ "$how" = mkfifo ]; then mkfifo "$T/prepared/$f"; else $how "$T/victim" "$T/prepared/$f"; fi
		"$FL" run "$T/suite.yaml" --out "$T/prepared" -q >"$T/out" 2>&1
		check_num "prepared $f ($how): refused" $? eq 2
		check "prepared $f ($how): named" grep -q "$T/prepared.*$f\|holds a run" "$T/out"
		rm -r "$T/prepared"
	done
done
mkdir "$T/prepared"
for f in run.json chaos_results.json baseline.json; do ln -s "$T/victim" "$T/prepared/$f.$$.tmp"; done
ln -s "$T/victim" "$T/prepared/baseline.json"
"$FL" run "$T/suite.yaml" --out "$T/prepared" -q >"$T/out" 2>&1
check "prepared links: replaced, not followed" test ! -L "$T/prepared/baseline.json"
check "the victim is as it was" test "$(cat "$T/victim")" = important
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/theirs" && chown 65534 "$T/theirs"
	env -u SUDO_UID "$FL" run "$T/suite.yaml" --out "$T/theirs" -q >"$T/out" 2>&1
	check_num "a folder of another user: refused" $? eq 2
	check "... and named" grep -q "theirs belongs to another user (uid 65534)" "$T/out"
	check "... untouched" test -z "$(ls -A "$T/theirs")"
	SUDO_UID=65534 "$FL" run "$T/suite.yaml" --out "$T/theirs" --dry-run -q >"$T/out" 2>&1
	check_num "... taken from who called sudo" $? eq 0
	ln -s "$T/theirs" "$T/link"
	"$FL" run "$T/suite.yaml" --out "$T/link" -q >"$T/out" 2>&1
	check_num "a symbolic link: refused" $? eq 2
fi
