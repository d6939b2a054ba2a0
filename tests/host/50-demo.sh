#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a person tries first, on a whole host: make demo, on the embedded lab, and the ten experiments of the exercise on its
# Compose stack with the host's own engine (DEMO=exercise make demo-docker), at a tenth of their times, with a quarter of the load. A scoreboard each;
# every experiment shown by the kernel's proof; nothing left. How many the pipelines saw is printed; on an emulated
# machine that says more of the machine than of them.
. "$(dirname "$0")/host.sh"
cd "$TOP" || exit 1
rm -rf faultline-results

# board NAME EXPERIMENTS STATUS: what the run that has just ended left in its folder.
board() {
	check_num "$1: it came to its end: status" "$3" eq 0
	[ "$3" = 0 ] || tail -n 8 "$T/$1.said" | cut -c1-200 | sed 's/^/#   /'
	_out=$(ls -d faultline-results/"$1"-* 2>/dev/null) && cp "$_out/chaos_results.json" "$T/$1.json"
	check "$1: $2 experiments have a result" jq -e "length == $2" "$T/$1.json"
	check_num "$1: every one is shown by its proof" "$(jq '[.[] | select(.status == "ok" and any(.proof[]; .injected > 0))] | length' "$T/$1.json")" eq "$2"
	jq -r '.[] | select(.status != "ok" or all(.proof[]; .injected == 0)) | "# \(.name): \(.status), \(.error // "" | tostring)"' "$T/$1.json"
	sed -n '/^|/p; /^Detected/p; /^RCA/p; /^False/p; /^demo: /p; /alarm/p' "$T/$1.said" | cut -c1-150 | sed 's/^/# /'
}
# (A load that an emulated CPU can carry.)
rate=15
sed "s/^load: { rate: 60/load: { rate: $rate/" experiments/lab.yaml >"$T/lab.yaml"
"$FL" lab up --topology "$T/lab.yaml" >/dev/null
began=$SECONDS
tools/demo.sh build >"$T/demo.said" 2>&1; rc=$?
note "make demo: $((SECONDS - began)) s"
board demo 10 $rc
"$FL" lab down >/dev/null
check "demo: the lab is down" test "$("$FL" lab status)" = 'lab: stopped'

began=$SECONDS
DEMO=exercise DEMO_PATIENCE=400 SHOP_RATE=$rate tools/demo-docker.sh build --scale 0.1 >"$T/exercise.said" 2>&1; rc=$?
note "DEMO=exercise make demo-docker, --scale 0.1: $((SECONDS - began)) s"
board exercise 10 $rc
check "exercise: files, links and queues are as before" test "$(tail -n 1 "$T/exercise.said")" = "  the same"
check "exercise: nothing of it runs" test -z "$(docker ps -q)"
docker image rm -f faultline-shop faultline-monitoring faultline-exercise >/dev/null 2>&1
rm -rf faultline-results build/docker
# The engine keeps this from its first container of the host's network on.
umount /run/docker/netns/default 2>/dev/null && rm -f /run/docker/netns/default
