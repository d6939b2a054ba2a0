#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
. "$(dirname "$0")/../lib.sh"
mknet a 1
timeout 10 "$FL" inject latency netns:flt-a --delay ramp:0ms..100ms/4s --for 30s --detach
for i in 1 2 3 4 5 6; do ping -q -c 1 10.77.1.2 | grep rtt; "$FL" list; sleep .8; done
"$FL" set $("$FL" list -o json | jq -r '.[0].id') delay=5ms
"$FL" list
"$FL" set $("$FL" list -o json | jq -r '.[0].id') delay=sine:5ms..25ms/2s
sleep 1
"$FL" list
"$FL" stop --all
timeout 3 "$FL" inject loss netns:flt-a --percent pulse:50%/400ms/300ms --for 2s & ping -q -c 20 -i 0.05 10.77.1.2; wait $!
timeout 10 "$FL" inject loss netns:flt-a --percent ramp:0..101%/1s; echo $?
timeout 10 "$FL" inject loss netns:flt-a --percent 5 --nth steps:0,1/1s; echo $?
timeout 10 "$FL" inject bandwidth netns:flt-a --rate pulse:1mbit/5s/5s; echo $?
timeout 10 "$FL" inject latency netns:flt-a --delay 1ms --seed ramp:1..2/5s; echo $?
timeout 10 "$FL" inject latency netns:flt-a --delay ramp:1ms..2h/5s; echo $?
timeout 10 "$FL" inject latency netns:flt-a --delay replay:/etc/passwd#x/5s; echo $?
timeout 10 "$FL" inject latency netns:flt-a --delay steps:1ms,5ms,90ms/5s --dry-run; echo $?
