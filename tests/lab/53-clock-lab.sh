#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# State faults on the lab. auth_clock_skew of the catalog: auth-svc alone has another time, and the tokens that
# it issues are refused by the gateway as issued in the future; a restart does not help it. And a cache that
# lies about prices.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"

ask_token() { curl -s -m 3 -d '{"user": "t"}' "http://$(address auth-svc):8080/token" | jq -r .token; }
# How far auth-svc's clock is off, by a token that it issues, s.
skew() { awk -v a="$(ask_token | cut -d. -f4)" -v b="$(date +%s%3N)" 'BEGIN { printf "%.3f", (a - b) / 1000 }'; }
skewed() { awk -v a="$(skew)" -v b="$1" 'BEGIN { exit !(a - b < 1 && b - a < 1) }'; }
refused() { metrics api-gateway | awk 'index($0, "lab_tokens_refused_total{") == 1 && /issued_in_future/ {n += $NF} END {print n + 0}'; }
buy() { curl -s -m 5 -o /dev/null -w '%{http_code}' -X POST -H "Authorization: $1" -d '{"order": "t1", "sku": 1, "qty": 1}' "http://$(address api-gateway):8080/api/checkout"; }

# --- 6 auth_clock_skew ---
check_num "before: tokens refused as from the future" "$(refused)" eq 0
"$FL" inject time_skew auth-svc --offset 60s --for 16s -o json >"$T/skew" 2>"$T/skew.err" & p=$!
wait_for 3 skewed 60
s=$(skew)
check_num "auth_clock_skew: auth-svc is ahead, s" "$s" gt 59.9
check_num "... and no further than asked" "$s" lt 60.1
check "... its new token is refused" test "$(buy "$(ask_token)")" = 401
# Users renew their tokens after a third of the 30 s that these live.
broken() { [ "$(probe_fails 4)" = 4 ]; }
check "... the probe fails, try after try, once its token is renewed" wait_for 11 broken
check_num "... and orders of the shop's own traffic" "$(refused)" ge 20
old=$(pid_of auth-svc)
kill -9 "$old"
new() { [ "$(pid_of auth-svc)" != "$old" ] && curl -sf -o /dev/null -m 1 "http://$(address auth-svc):8080/health"; }
wait_for 4 new
check "... an auth-svc that was started again has the wrong time too" wait_for 1 skewed 60
n=$(refused)
wait $p
check "... it has a hit" jq -e '.injected >= 1 and .effect != ""' "$T/skew"
note "FIGURE auth_clock_skew: auth-svc $s s ahead; $n tokens refused as from the future; $(jq -r .effect "$T/skew")"
check "afterwards the time is right" wait_for 2 skewed 0
check "... a new token is good" test "$(buy "$(ask_token)")" = 200
check "the shop is steady again" wait_for 12 served

# --- a cache that lies ---
price() { curl -s -m 3 "http://$(address frontend):8080/products/$1" | jq -r .price; }
before=$(price 5)
"$FL" inject cache_poisoning cache-svc --keys 'stock:*' --for 60s -o json >"$T/cache" & p=$!
lies() { [ "$(price 5)" != "$before" ]; }
check "cache_poisoning: a wrong price reaches the user" wait_for 3 lies
kill -INT $p; wait $p
true_again() { [ "$(price 5)" = "$before" ]; }
check "... and the right one afterwards" wait_for 2 true_again
note "FIGURE cache_poisoning: $(jq -r .effect "$T/cache")"
