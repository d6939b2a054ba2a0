#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# demo.sh [BUILD] - bring the embedded lab up, run experiments/demo.yaml against it, print the
# scoreboard, take the lab down.
set -u
cd "$(dirname "$0")/.." || exit 1
[ "$(id -u)" = 0 ] || exec sudo -- "$0" "$@"
fl=$PWD/${1:-build}/faultline

ours=1
finish() { [ -z "$ours" ] || "$fl" lab down; }
trap finish EXIT
. tools/demo-run.sh

said=$("$fl" lab up) || exit
echo "$said"
# A lab that was up before the demo belongs to somebody: use it, and leave it.
case $said in *started*) ;; *) ours= ;; esac
demo_run "$fl" demo
