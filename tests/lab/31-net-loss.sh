#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Loss: each model loses what it says, within what chance allows.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
# What is drawn does not depend on the kernel: where a packet takes ten times as long, fewer do.
n=20000
[ -z "${FLTEST_VM:-}" ] || n=5000
lose() { flow --from flt-a --count $n --rate 40000 --wait 200 10.77.1.1; }
# interval P CORRELATED: half width for a loss of P whose chain has second eigenvalue CORRELATED.
interval() { calc "$Z * sqrt($1 * (1 - $1) / $n * (1 + $2) / (1 - $2))"; }

lose
check_num "without it, none is lost" "$(got lost)" eq 0

fault network_loss netns:flt-a --percent 30% --peer-port 5400
lose
near "random 30 %" "$(got loss)" 0.3 "$(interval 0.3 0)"
# Bursts of independent losses are geometric: mean 1 / (1 - p).
near "in bursts of" "$(got burst)" "$(calc 1/0.7)" "$(calc "$Z * sqrt(0.3) / 0.7 / sqrt($(got bursts))")"
note "FIGURE loss 30 %: $(got lost) of $n"
check_num "the proof says the same" "$(hits "$ID" injected)" eq "$(got lost)"
check_num "and counts what matched" "$(hits "$ID" matched)" eq $n
flow --to flt-a --count 500 10.77.1.2
check_num "the other way none is lost" "$(got lost)" eq 0
# The same seed, the same packets: and the sender was told of none.
heal
fault network_loss netns:flt-a --percent 30% --seed 7 --peer-port 5400
lose
lost=$(got lost)
heal
fault network_loss netns:flt-a --percent 30% --seed 7 --peer-port 5400
lose
check_num "the same seed loses the same packets" "$(got lost)" eq "$lost"
"$FL" set "$ID" percent=0.5% >/dev/null
lose
near "changed to 0.5 %" "$(got loss)" 0.005 "$(interval 0.005 0)"
heal

fault network_loss netns:flt-a --nth 10 --peer-port 5400
lose
check_num "every 10th" "$(got lost)" eq $((n / 10))
check_num "one at a time" "$(got bursts)" eq $((n / 10))
heal

# p = 2 %, r = 20 %: stationary loss p/(p+r), mean burst 1/r, second eigenvalue 1-p-r.
fault network_loss netns:flt-a --model gilbert-elliott --p 2% --r 20%
lose
near "Gilbert-Elliott, loss" "$(got loss)" "$(calc 0.02/0.22)" "$(interval 0.090909 0.78)"
near "Gilbert-Elliott, mean burst" "$(got burst)" 5 "$(calc "$Z * sqrt(0.8) / 0.2 / sqrt($(got bursts))")"
heal

# Loss with correlation 50 %: the overall rate stays, a loss follows a loss with p + c (1 - p).
fault network_loss netns:flt-a --percent 20% --correlation 50%
lose
near "correlated, loss" "$(got loss)" 0.2 "$(interval 0.2 0.5)"
near "correlated, mean burst" "$(got burst)" 2.5 "$(calc "$Z * sqrt(0.6) / 0.4 / sqrt($(got bursts))")"
heal

# Four states: p14 alone makes single losses.
fault network_loss netns:flt-a --p13 1% --p31 25% --p32 0 --p23 100% --p14 1%
lose
# Stationary: good g, burst b = g p13 / p31, single s = g p14; g + b + s = 1.
near "4-state, loss" "$(got loss)" "$(calc "(0.04 + 0.01) / (1 + 0.04 + 0.01)")" "$(interval 0.0476 0.74)"
heal

fault network_loss netns:flt-a --percent 100 --max-hits 100 --peer-port 5400
lose
check_num "at most 100 hits" "$(got lost)" eq 100
heal
fault network_loss netns:flt-a --percent 100 --share 40% --seed 3
hit=0
for port in $(seq 6000 6039); do
	flow --from flt-a --count 5 --rate 5000 --wait 20 --port "$port" 10.77.1.1
	case $(got lost) in
	5) hit=$((hit + 1)) ;;
	0) ;;
	*) not_ok "a flow is hit as a whole or not at all ($(got lost) of 5)" ;;
	esac
done
near "40 % of 40 flows" $((hit)) 16 "$(calc "$Z * sqrt(40 * 0.4 * 0.6)")"
heal
fault network_loss netns:flt-a --percent 30% --direction to
flow --to flt-a --count $n --rate 40000 --wait 200 10.77.1.2
near "to the target" "$(got loss)" 0.3 "$(interval 0.3 0)"
heal
lose
check_num "afterwards none is lost" "$(got lost)" eq 0
