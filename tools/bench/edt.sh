#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# edt.sh [SECONDS] - one TCP flow, and eight, to a target 50 ms away: by a delay line (hold) and by
# departure times (edt), in turns. Needs sch_fq; where this kernel has none, in a guest:
#
#     VM_TIMEOUT=600 tools/vm/boot.sh 6.1 build bash tools/bench/edt.sh
#
# "local" senders are sockets of this host: their packets are charged to them until they leave fq.
# "routed" ones sit in another namespace and come through this host's routing, which ends the charge.
set -u
. "$(dirname "$0")/../../tests/lib.sh"
. "$(dirname "$0")/../../tests/net.sh"
seconds=${1:-3}
mknet a 1
mknet b 2
echo 1 >/proc/sys/net/ipv4/ip_forward
# Room for 50 ms at any speed, so that no window bounds it.
for n in a b; do innet $n sysctl -qw net.ipv4.tcp_rmem='4096 131072 67108864' net.ipv4.tcp_wmem='4096 65536 67108864'; done
sysctl -qw net.ipv4.tcp_rmem='4096 131072 67108864' net.ipv4.tcp_wmem='4096 65536 67108864'
bg ip netns exec flt-a iperf3 -s >/dev/null 2>&1
wait_for 5 bash -c 'ip netns exec flt-a ss -Htln sport = 5201 | grep -q .'

rate() { # STREAMS COMMAND...: Mbit/s and retransmissions
	"${@:2}" iperf3 -J -c 10.77.1.2 -t "$seconds" -O 1 -P "$1" | jq -r '[.end.sum_received.bits_per_second / 1e6, .end.sum_sent.retransmits] | @tsv'
}
printf '%-8s %-8s %-8s %12s %8s %14s\n' backend sender streams Mbit/s retrans 'CPU s a Gbit'
for _ in 1 2; do
	for backend in none hold edt; do
		[ $backend = none ] || fault latency netns:flt-a --delay 50ms --direction to --backend $backend
		for streams in 1 8; do
			for sender in local routed; do
				busy() { awk '/^cpu / { print ($2 + $3 + $4 + $7 + $8) / 100 }' /proc/stat; }
				case $sender in local) via="env" ;; routed) via='innet b' ;; esac
				t0=$(busy)
				read -r mbits retrans < <(rate $streams $via)
				printf '%-8s %-8s %-8s %12.1f %8d %14.2f\n' $backend $sender $streams "$mbits" "$retrans" \
					"$(calc "($(busy) - $t0) / ($mbits * ($seconds + 1) / 1000)")"
			done
		done
		[ $backend = none ] || heal
	done
done
