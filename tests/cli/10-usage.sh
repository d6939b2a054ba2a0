#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is wrong on a command line is an error with exit status 2 that says what to do, and nothing
# has been touched; who may not do it gets status 3 and the name of what is missing.
. "$(dirname "$0")/../lib.sh"
ip netns add flt-a && _nets="$_nets flt-a"

# refused STATUS PATTERN ARGUMENT...
refused() {
	_s=$1 _p=$2; shift 2
	"$FL" "$@" >"$T/out" 2>"$T/err"; _r=$?
	if [ $_r = "$_s" ] && grep -qe "$_p" "$T/err" && [ ! -e /run/faultline ] && [ ! -e /sys/fs/bpf/faultline ]; then
		ok "refused: $*"
	else
		not_ok "refused: $* (status $_r)"; sed 's/^/#   /' "$T/err" | head -4
	fi
}
refused 2 "which KIND" inject
refused 2 "which KIND" inject --for 60s null netns:flt-a
refused 2 "did you mean 'null'" inject nul netns:flt-a
refused 2 "no fault kind" inject earthquake netns:flt-a
refused 2 "which TARGET" inject null
refused 2 "no target 'zebra'" inject null zebra
refused 2 "did you mean netns:flt-a" inject null netns:flt-b
refused 2 "no target" inject null netns:flt-a,zebra
refused 2 "did you mean --delay" inject latency netns:flt-a --dealy 50ms
refused 2 "no option --zebra" inject latency netns:flt-a --zebra
refused 2 "latency needs 'delay'" inject latency netns:flt-a
refused 2 "delay: .*no unit" inject latency netns:flt-a --delay 50
refused 2 "delay: .*unknown unit" inject latency netns:flt-a --delay 50parsec
refused 2 "delay: .*negative" inject latency netns:flt-a --delay -50ms
refused 2 "percent: .*outside" inject loss netns:flt-a --percent 101
refused 2 "did you mean 'normal'" inject latency netns:flt-a --delay 1ms --jitter 1ms --distribution nrmal
refused 2 "port: .*backwards" inject loss netns:flt-a --percent 1 --port 90-80
refused 2 "for: .*no unit" inject null netns:flt-a --for 60
refused 2 "no veth" inject latency netns:flt-a --delay 50ms
refused 2 "only json" inject null netns:flt-a -o yaml
refused 2 "refused: init" inject null pid:1
refused 2 "refused: init" inject latency pid:1 --delay 1ms
# ... also where init may not be looked at.
unshare -m sh -c 'mount -t tmpfs none /proc/1/ns && exec "$0" inject null pid:1 --for 1s' "$FL" >"$T/out" 2>"$T/err"
check "init that cannot be read is refused all the same" grep -q "refused: init" "$T/err"
bg sleep 303
refused 2 "refused: the network of the host" inject latency "pid:$BG_PID" --delay 1ms
refused 2 "what to change" set abcdef.1
refused 2 "no fault" set abcdef.1 delay=1s
refused 2 "no fault" set ../../etc delay=1s
refused 2 "either ID" stop
refused 2 "either ID" stop --all abcdef
refused 2 "no session" stop abcdef.1
refused 2 "no argument" recover abcdef
refused 2 "pay': .*begin with '/'" top --paths /orders,pay
refused 2 "33 bytes" top --paths /three-and-thirty-bytes-are-one-t
refused 2 "8 others already" top --paths /1,/2,/3,/4,/5,/6,/7,/8,/9
refused 2 "did you mean 'inject'" injekt
refused 2 "" inject null netns:flt-a "$(printf 'x%.0s' {1..5000})"

# Help is for everybody and comes out of the parameter table.
check "inject --help lists the kinds" grep -q network_partition <("$FL" inject --help)
"$FL" inject latency --help | tr -s ' \n' ' ' >"$T/help"
for word in --delay=TIME --distribution=WORD --peer=PEER '(required)' 'uniform, normal, pareto' --allow-host-interface; do
	check "inject latency --help has $word" grep -qe "$word" "$T/help"
done
check "... and nothing of other kinds" sh -c "! grep -qe --hits '$T/help'"
check "an alias names the same kind" sh -c "'$FL' inject delay --help | grep -q -- --jitter"

# Not root.
unpriv() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
for c in "inject null netns:flt-a" "list" "set abcdef.1 a=b" "stop --all" "recover"; do
	# shellcheck disable=SC2086
	unpriv "$FL" $c >"$T/out" 2>"$T/err"; r=$?
	if [ $r = 3 ] && grep -q CAP_BPF "$T/err" && grep -q CAP_NET_ADMIN "$T/err"; then ok "not root: $c"; else
		not_ok "not root: $c (status $r)"; sed 's/^/#   /' "$T/err"
	fi
done
check "help needs no root" unpriv "$FL" inject null --help
setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$FL" list >"$T/out" 2>"$T/err"; r=$?
if [ $r = 3 ] && grep -q "CAP_NET_ADMIN" "$T/err" && ! grep -q CAP_BPF "$T/err"; then ok "root without one capability: just that one is named"; else
	not_ok "root without one capability (status $r)"; sed 's/^/#   /' "$T/err"
fi
unshare --user --map-root-user "$FL" list >"$T/out" 2>"$T/err"; r=$?
if [ $r = 3 ] && grep -q "user namespace" "$T/err"; then ok "root of a user namespace is told so"; else
	not_ok "root of a user namespace (status $r)"; sed 's/^/#   /' "$T/err"
fi
for c in list recover "stop --all"; do
	unshare --mount sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$FL" $c >"$T/out" 2>"$T/err"; r=$?
	if [ $r = 3 ] && grep -q "/proc is not mounted" "$T/err" && ! grep -q CAP_ "$T/err"; then ok "without /proc it cannot be told: $c"; else
		not_ok "without /proc: $c (status $r)"; sed 's/^/#   /' "$T/err"
	fi
done
