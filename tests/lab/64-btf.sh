#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel without BTF of its own (here its file is hidden): faults on the network work as they are; what reads the
# kernel's structures says that it lacks BTF, and works with what tools/btf.sh made, named by --btf or found in
# its folder.
. "$(dirname "$0")/../lib.sh"
BTF=/sys/kernel/btf
if [ ! -r $BTF/vmlinux ]; then skip "BTF from a file" btf; exit; fi
mkdir -p "$T/cut"
check "a kernel's BTF is cut down to what the programs need" "$TOP/tools/btf.sh" $BTF/vmlinux "$T/cut/k.btf" "$BUILD"
check_num "... which is little (bytes)" "$(stat -c %s "$T/cut/k.btf")" lt 20000

mount -t tmpfs none $BTF
supported() { "$FL" "$@" doctor -o json | jq -r --arg k "$K" '.faults[] | select(.name == $k) | .supported'; }
mknet b 1
bg ip netns exec flt-b sh -c 'while :; do sleep 0.1; done'
victim=$BG_PID
check "latency does without" [ "$(K=latency; "$FL" doctor -o json | jq -r '.faults[] | select(.name == "latency").supported')" = true ]
FAULTLINE_BTF= "$FL" inject latency netns:flt-b --delay 50ms --for 300ms >"$T/out" 2>"$T/err"; rc=$?
check_num "... and is done (1: it had no hits)" $rc le 1

# By its signal on a call, which needs to know whose call it is.
crash() { "$FL" "$@" inject crash netns:flt-b --syscall openat --signal KILL --for 3s >"$T/out" 2>"$T/err"; }
crash; rc=$?
check "a signal on a call is refused, and BTF named: $(head -n 1 "$T/err")" grep -q BTF "$T/err"
check_num "... status" $rc eq 3
check "the victim lives" kill -0 "$victim"
crash --btf "$T/cut/k.btf"; rc=$?
check_num "with --btf it is done, status" $rc eq 0
dir=/usr/lib/faultline/btf
mkdir -p $dir
mount -t tmpfs none $dir
cp "$T/cut/k.btf" "$dir/$(uname -r).btf"
crash; rc=$?
check_num "from its folder it is found, status" $rc eq 0
check "doctor tells where it is from" bash -c '"$1" doctor -o json | jq -e ".features.btf | .supported and (.reason | contains(\"$2\"))"' _ "$FL" "$dir"
umount $dir
check "a file that is none is refused" bash -c 'echo nonsense >"$2/bad"; ! "$1" --btf "$2/bad" inject crash netns:flt-b --syscall openat --signal KILL --for 1s 2>"$2/err" && grep -q "bad" "$2/err"' _ "$FL" "$T"
umount $BTF
