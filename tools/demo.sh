#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# demo.sh [BUILD] - bring the embedded lab up, run experiments/demo.yaml against it, print the
# scoreboard, take the lab down. The demo has worked when the run came to its end, whatever the
# reference pipeline noticed: its honest score may be below acceptance.
set -u
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || exec sudo -- "$0" "$@"
fl=$PWD/${1:-build}/faultline
out=faultline-results/demo-$(date +%Y%m%d-%H%M%S)
run=

ours=1
finish() { [ -z "$ours" ] || "$fl" lab down; }
trap finish EXIT
# Ctrl-C reaches faultline by itself; what is sent to this script alone is passed on.
trap : INT
trap '[ -z "$run" ] || kill -TERM "$run"' TERM

said=$("$fl" lab up) || exit
echo "$said"
# A lab that was up before the demo belongs to somebody: use it, and leave it.
case $said in *started*) ;; *) ours= ;; esac
"$fl" run experiments/demo.yaml --out "$out" &
run=$!
rc=255
while kill -0 "$run" 2>/dev/null; do
	wait "$run"
	rc=$?
done
run=
echo
case $rc in
0) echo "demo: accepted (faultline run ended with status 0)" ;;
1) echo "demo: the run is complete; acceptance or a hypothesis failed, which faultline run tells by its exit status 1" ;;
5) echo "demo: ended by a signal (faultline run: 5)" ;;
*) echo "demo: the run failed (faultline run: $rc)" ;;
esac
echo "demo: the results are in $out"
[ $rc -le 1 ] && [ -s "$out/chaos_results.json" ]
