# SPDX-License-Identifier: GPL-2.0-only
# lib.sh - sourced by every shell test. A test prints TAP lines by ok / not_ok / skip and makes its
# things through the helpers here; at exit all of them are removed and it is *asserted* that the
# host looks as before. Variables: $BUILD (where the binaries are), $FL (the binary), $T (scratch).
[ "${FLTEST_SANDBOX:-}" = 1 ] || exec "$(dirname "${BASH_SOURCE[0]}")/sandbox.sh" bash "$0" "$@"
set -u
# nginx and others give their work to users who must be able to read what a test makes.
umask 022
# The system's own programs first: a version manager's python3 is a shell script that starts thirty others.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export FL=$BUILD/faultline
TOP=$(cd "$(dirname "$0")/../.." && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/fltest.XXXXXX")
TAP_N=0
TAP_BAD=0
_pids=
_nets=
# A callback that keeps an event loop too long adds a line there (user/util/loop/loop_time.h). An emulated CPU
# is no measure for that.
[ -n "${FLTEST_VM:-}" ] || export FAULTLINE_LOOP_LOG=$T/loop

ok() { TAP_N=$((TAP_N + 1)); echo "ok $TAP_N - $*"; }
not_ok() { TAP_N=$((TAP_N + 1)); TAP_BAD=$((TAP_BAD + 1)); echo "not ok $TAP_N - $*"; }
# tap FILE: the results in FILE as results of this test. Those that have a number are of a test with a sandbox of its own:
# of them only what failed.
tap() {
	while IFS= read -r line; do
		case $line in
		'ok '[0-9]*) ;;
		'ok '*) ok "${line#ok }" ;;
		'not ok '*) not_ok "${line#not ok }" ;;
		'#'*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done <"$1"
}
# skip DESCRIPTION KERNEL_FEATURE: the feature that is missing here, one of tests/skips.
skip() { TAP_N=$((TAP_N + 1)); echo "ok $TAP_N # SKIP $1 # missing: $2"; }
note() { echo "# $*"; }
# check DESCRIPTION COMMAND...: ok iff the command succeeds.
check() { _d=$1; shift; if "$@" >"$T/check.out" 2>&1; then ok "$_d"; else not_ok "$_d"; sed 's/^/#   /' "$T/check.out" | tail -n 15; fi; }
# nothing DESCRIPTION FOUND: ok iff nothing was found.
nothing() { if [ -z "$2" ]; then ok "$1"; else not_ok "$1"; sed 's/^/#   /' <<<"$2"; fi; }
# check_num DESCRIPTION VALUE OP LIMIT   (OP: lt le gt ge eq)
check_num() {
	if awk -v a="$2" -v o="$3" -v b="$4" 'BEGIN { n = "^-?[0-9.]+(e[-+]?[0-9]+)?$"; exit !(a ~ n && b ~ n && ((o=="lt"&&a<b)||(o=="le"&&a<=b)||(o=="gt"&&a>b)||(o=="ge"&&a>=b)||(o=="eq"&&a==b))) }'; then
		ok "$1 ($2 $3 $4)"
	else
		not_ok "$1 ($2 not $3 $4)"
	fi
}
# lenient WHAT: this machine is given more than the test asks for: more time, or another try. Nothing is so in another
# way, and run.sh lists it all at its end. (What the product promises is measured so that no machine can make it late:
# net.sh, clean_since; in_time; what a test says is so or not so.)
lenient() { echo "$*" >>"$T/lenient"; }
# slowdown: how many times as long as the limits of the tests presume (a millisecond) this machine takes
# now, emulated or busy, to start a program and see it end; 1 at least.
slowdown() { "$BUILD/tests/tools/pace" exec | awk '{ printf "%.1f", ($1 > 1000 ? $1 / 1000 : 1) }'; }
# check_ms DESCRIPTION MS LIMIT: no more than LIMIT; than so many times that, when the machine is that slow.
# For what is made of programs that start and end; what the kernel promises has its limit as it is (net.sh:
# clean_since).
check_ms() {
	_limit=$3
	if ! awk -v a="$2" -v b="$3" 'BEGIN { exit !(a != "" && a <= b) }'; then
		_limit=$(awk -v s="$(slowdown)" -v l="$3" 'BEGIN { print s * l }')
		lenient "$1: $2 ms of $3; this machine takes $(awk -v a="$_limit" -v b="$3" 'BEGIN { print a / b }') times as long to start a program"
	fi
	check_num "$1" "$2" le "$_limit"
}
# wait_for SECONDS COMMAND...: poll every 20 ms until it succeeds. The limit is for what never comes, so
# a busy machine has three times as long; in_time() is exact, for what has to be so soon.
wait_for() {
	in_time "$1" "${@:2}" && return 0 # (in a trap, `return` alone is the status before it)
	in_time $(($1 * 2)) "${@:2}" && lenient "waited longer than $1 s for: ${*:2}"
}
in_time() {
	_end=$(($(date +%s%N) + $1 * 1000000000)); shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt "$_end" ] || return 1
		sleep 0.02
	done
}
# bg COMMAND...: run in the background; ended (by pid) at exit. $BG_PID.
bg() { "$@" & BG_PID=$!; _pids="$_pids $BG_PID"; }
# mknet NAME N: namespace flt-NAME with eth0 10.77.N.2/24 (fd77:N::2/64); host side fltvN
# 10.77.N.1, in the initial namespace.
mknet() {
	ip netns add "flt-$1" && _nets="$_nets flt-$1"
	ip link add "fltv$2" type veth peer name eth0 netns "flt-$1"
	ip addr add "10.77.$2.1/24" dev "fltv$2"
	ip -6 addr add "fd77:$2::1/64" dev "fltv$2" nodad
	ip link set "fltv$2" up
	ip -n "flt-$1" addr add "10.77.$2.2/24" dev eth0
	ip -n "flt-$1" -6 addr add "fd77:$2::2/64" dev eth0 nodad
	ip -n "flt-$1" link set eth0 up
	ip -n "flt-$1" link set lo up
	ip -n "flt-$1" route add default via "10.77.$2.1"
	# The carrier and IPv6 come up on their own time.
	wait_for 3 ping -6 -c 1 -W 1 "fd77:$2::2"
}
# innet NAME COMMAND...
innet() { _n=$1; shift; ip netns exec "flt-$_n" "$@"; }

# What must be the same before and after: links and qdiscs of the initial namespace, namespaces,
# pins, run state, mounts but bpffs, processes; and what belongs to the whole machine, which
# FLTEST_SHARED=1 leaves out where others test at the same time.
snapshot() {
	ip -o link | awk -F': ' '{print "link", $2}' | sed 's/@.*//'
	tc qdisc show | sed 's/ refcnt.*//; s/^/qdisc /'
	ls /run/netns 2>/dev/null | sed 's/^/netns /'
	find /sys/fs/bpf/faultline -mindepth 1 2>/dev/null | sed 's/^/pin /'
	find /run/faultline -mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/run /'
	# What a run is to remember (ledger.json) stays, anything else is a leftover.
	find /var/lib/faultline /etc/faultline -mindepth 1 -maxdepth 1 ! -name ledger.json 2>/dev/null | sed 's/^/state /'
	# (Those below /run/netns are named above; hidden ones of the host come and go with its labs.)
	awk '$3 != "bpf" && $2 !~ "^/run/netns" {print "mount", $2}' /proc/mounts
	find /proc/sys/net/ipv4/conf -maxdepth 1 -name 'fl*' | sed 's/^/dev /'
	[ -n "${FLTEST_SHARED:-}" ] || "$TOP/tests/leftovers.sh"
	ps -eo comm= | grep -E '^(faultline|fl-|lab-)' | sed 's/^/process /'
}
cleanup() {
	_rc=$?
	trap - EXIT INT TERM
	for p in $_pids; do kill "$p" 2>/dev/null; done
	for p in $_pids; do wait "$p" 2>/dev/null; done
	for n in $_nets; do
		ip netns pids "$n" 2>/dev/null | while read -r p; do kill -9 "$p" 2>/dev/null; done
		ip netns del "$n" 2>/dev/null
	done
	# A namespace goes asynchronously; wait for the host side of its veths.
	_i=0
	while [ $_i -lt 100 ] && ip -o link | grep -q ': fltv'; do sleep 0.05; _i=$((_i + 1)); done
	_i=0
	while snapshot | sort >"$T/after"; ! cmp -s "$T/before" "$T/after" && [ $_i -lt 60 ]; do sleep 0.05; _i=$((_i + 1)); done
	if cmp -s "$T/before" "$T/after"; then ok "nothing is left behind"; else
		not_ok "nothing is left behind"
		diff "$T/before" "$T/after" | sed 's/^/#   /'
	fi
	# (tests/lab/57-loop.sh fails by it; elsewhere other tests run at the same time and write to the same disk.)
	[ ! -s "$T/loop" ] || sed 's/^/# kept its loop: /' "$T/loop" | head -n 20
	[ ! -s "$T/lenient" ] || tr '\t' ' ' <"$T/lenient" | cut -c1-150 | sed 's/^/# LENIENT /'
	echo "1..$TAP_N"
	rm -rf "$T"
	[ "$TAP_BAD" = 0 ] && [ "$_rc" = 0 ] || exit 1
	exit 0
}
snapshot | sort >"$T/before"
trap cleanup EXIT
trap 'exit 130' INT TERM
