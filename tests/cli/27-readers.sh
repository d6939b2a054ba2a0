#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What root leaves behind is read without root: by everybody, or by the group `faultline` where there is one.
# check, score, accept, report and history do so; passwords are nowhere in it.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
chmod 755 "$T"
PORT=
as() { _id=$1; shift; setpriv --reuid "$_id" --regid "$_id" --clear-groups "$@"; }
nobody() { as 65534 "$@"; }
pipeline good "$T/out/events.jsonl"
suite "$T/s.yaml" payment_latency
sed -i "s|http://127.0.0.1:$PORT'|http://u:s3cr3t@127.0.0.1:$PORT'|; s|http://127.0.0.1:$PORT/health|http://u:s3cr3t@127.0.0.1:$PORT/health?token=s3cr3t|" "$T/s.yaml"
chmod 644 "$T/s.yaml"

# A root who keeps everything to himself, as hardened hosts have it.
(umask 077; "$FL" run "$T/s.yaml" --out "$T/out" -q >"$T/board" 2>"$T/err")
check_num "a run under umask 077" $? le 1
for f in chaos_results.json events.jsonl probe.log run.json baseline.json chaos_report.md SUBMIT.md report.html; do
	check "$f is readable" nobody test -r "$T/out/$f"
	check "... and not writable" sh -c "! setpriv --reuid 65534 --regid 65534 --clear-groups test -w '$T/out/$f'"
done
check "the ledger, too" nobody test -r /var/lib/faultline/ledger.json
check "no password in any of them" sh -c "! grep -rl s3cr3t '$T/out'"

# The same output, whoever asks.
same_for_nobody() {
	"$FL" "$@" >"$T/root.out" 2>/dev/null; local a=$?
	nobody "$FL" "$@" >"$T/nobody.out" 2>"$T/err"; local b=$?
	if [ $a = $b ] && [ -s "$T/root.out" ] && cmp -s "$T/root.out" "$T/nobody.out"; then ok "nobody: $*"; else
		not_ok "nobody: $* ($a, $b)"; head -5 "$T/err" | sed 's/^/#   /'
	fi
}
same_for_nobody check "$T/s.yaml"
same_for_nobody check "$T/s.yaml" -o json
same_for_nobody score "$T/out"
same_for_nobody score "$T/out" -o json
same_for_nobody history "$T/out" "$T/out"
same_for_nobody compare "$T/out" "$T/out"
same_for_nobody accept "$T/out" --file "$T/s.yaml"
nobody "$FL" report "$T/out" >"$T/said" 2>"$T/err"
check_num "report into root's folder: exit 3" $? eq 3
check "... says where to write instead" grep -q -- '--out DIR' "$T/err"
install -d -m 1777 "$T/tmp"
check "report --out" nobody "$FL" report "$T/out" --out "$T/tmp/mine"
check "... makes the same report" cmp "$T/out/chaos_report.md" "$T/tmp/mine/chaos_report.md"
check "... and the files it says" sh -c "setpriv --reuid 65534 --regid 65534 --clear-groups '$FL' report '$T/out' --out '$T/tmp/mine' | xargs ls"
rm "$T/out/SUBMIT.md"
nobody "$FL" accept "$T/out" --file "$T/s.yaml" >"$T/said" 2>"$T/err"
check_num "accept without its documents judges: exit 1" $? eq 1
check "... that they are missing" grep -q '^no .*SUBMIT' "$T/said"
check "a damaged ledger says so to nobody as to root" sh -c "! grep -q Permission '$T/err'"

# With a group of readers: its members, and nobody else.
{ cat /etc/group; echo faultline:x:4711:; } >"$T/group"
grouped() { unshare -m sh -c 'mount --bind "$0" /etc/group && exec "$@"' "$T/group" "$@"; }
(umask 077; grouped "$FL" run "$T/s.yaml" --out "$T/ours" -q >"$T/board" 2>"$T/err")
check "the group reads all of it" as 4711 sh -c "cat '$T/ours'/*"
check "... and scores it" sh -c "setpriv --reuid 4712 --regid 4711 --clear-groups '$FL' score '$T/ours' | grep -q 'Chaos Run'"
check "others do not" sh -c "! setpriv --reuid 65534 --regid 65534 --clear-groups ls '$T/ours'"
mkdir -m 755 "$T/prepared"
grouped "$FL" run "$T/s.yaml" --out "$T/prepared" -q >"$T/board" 2>"$T/err"
check "a folder that was there keeps its mode and group" test "$(stat -c '%a %g' "$T/prepared")" = "755 0"
