#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The programs for kernels before 5.18 (bpf/plain.bpf.h), on this kernel: all that the tests of the other form ask
# of them, packet by packet, and a fault done by each form to the same end.
# lane: alone (a program is found by its name: nobody else's may be loaded beside it)
. "$(dirname "$0")/../lib.sh"
export FAULTLINE_BPF=plain
for t in "$BUILD"/tests/bpf/test_net_* "$BUILD/tests/bpf/test_syscall" "$BUILD/tests/bpf/test_exec_watch"; do
	case $t in *.[od] | *_cost) continue ;; esac
	check "$(basename "$t"), the plain form" "$t"
done

# Which form is loaded: by the number of its instructions.
mknet p 1
instructions() { # FORM
	FAULTLINE_BPF=$1 "$FL" inject network_loss netns:flt-p --percent 100% --for 1500ms >"$T/out" 2>"$T/err" &
	_fault=$!
	_size=
	wait_for 5 grep -q 'is active' "$T/out" "$T/err"
	ping -c 2 -i 0.2 -W 0.3 10.77.1.2 >"$T/ping" 2>&1 && not_ok "the $1 form loses every packet"
	_size=$(bpftool -j prog show name fl_ingress | jq 'if type == "array" then .[-1] else . end | .bytes_xlated')
	wait $_fault && ok "the ${1:-usual} form loses packets, and proves it" || not_ok "the ${1:-usual} form: $(cat "$T/err")"
}
instructions plain; plain=$_size
instructions ''; usual=$_size
if [ -n "$plain" ] && [ -n "$usual" ] && [ "$plain" != "$usual" ]; then ok "they are two forms: $plain and $usual bytes"; else not_ok "they are two forms: '$plain' and '$usual' bytes"; fi
