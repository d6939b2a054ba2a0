#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# HTTP errors and slow responses against a real nginx: the share that was asked for, bodies intact,
# connections kept, path and method and direction respected.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
mknet a 1
mkdir "$T/www"
head -c 300000 /dev/urandom >"$T/www/big"
echo hello >"$T/www/small"
chmod 755 "$T" "$T/www"
cat >"$T/nginx.conf" <<E
daemon off; pid $T/pid; error_log /dev/null; worker_processes 1;
events { worker_connections 64; }
http {
	access_log off; keepalive_requests 1000000;
	client_body_temp_path $T/b; proxy_temp_path $T/p; fastcgi_temp_path $T/f; uwsgi_temp_path $T/u; scgi_temp_path $T/s;
	server { listen 8080; listen [::]:8080; root $T/www; }
}
E
bg ip netns exec flt-a nginx -c "$T/nginx.conf"
wait_for 5 curl -fs -o /dev/null http://10.77.1.2:8080/small
wait_for 5 curl -fs -o /dev/null 'http://[fd77:1::2]:8080/small'
client() { python3 "$(dirname "$0")/../http_client.py" "$@" >"$T/got"; }
count() { awk -v s="$1" -v p="${2:-}" '$1 == s && (p == "" || $2 == p)' "$T/got" | wc -l; }
sum() { sha256sum <"$T/www/$1" | cut -d' ' -f1; }
# intact: every body is the file that was asked for, whatever the status says.
intact() {
	awk -v b="$(sum big)" -v s="$(sum small)" '{ want = $2 == "/big" ? b : s } $2 ~ /HEAD/ { next } $3 != want { print; bad = 1 } END { exit bad }' "$T/got"
}

n=3000
fault http_error netns:flt-a --status 503 --percent 20
for host in 10.77.1.2 fd77:1::2; do
	check "$host: $n requests on one connection" client $host 8080 $n /small /big HEAD:/small
	check "$host: all bodies intact" intact
	near "$host: 20 % are 503" "$(calc "$(count 503) / $n")" 0.2 "$(calc "$Z * sqrt(0.2 * 0.8 / $n)")"
	check_num "$host: the others are 200" "$(($(count 503) + $(count 200)))" eq $n
done
check_num "proof: matched" "$(hits "$ID" matched)" eq $((2 * n))
wrk -t 1 -c 8 -d 2 http://10.77.1.2:8080/small >"$T/wrk"
total=$(awk '/requests in/ { print $1 }' "$T/wrk")
bad=$(awk '/Non-2xx/ { print $NF }' "$T/wrk")
near "wrk, 8 connections: 20 % of $total" "$(calc "${bad:-0} / $total")" 0.2 "$(calc "$Z * sqrt(0.2 * 0.8 / $total)")"
check "wrk: no socket error" bash -c "! grep -q 'Socket errors' '$T/wrk'"
note "FIGURE HTTP 503 on 20 %: $bad of $total, $(awk '/Requests\/sec/ { print $2 }' "$T/wrk") requests/s"
"$FL" set "$ID" status=500 percent=100 path=/sm method=HEAD >/dev/null
client 10.77.1.2 8080 60 /small /big HEAD:/small
if [ "$(count 500 HEAD:/small) $(count 500) $(count 200)" = "20 20 40" ]; then ok "only HEAD /sm... is a 500"; else not_ok "only HEAD /sm... is a 500: $(cut -d' ' -f1,2 "$T/got" | sort | uniq -c | xargs)"; fi
heal

# What the target serves is one thing, what it asks of others another.
fault http_error netns:flt-a --status 500 --direction to
client 10.77.1.2 8080 20 /small
check_num "direction to: not what it serves" "$(count 200)" eq 20
heal

fault http_latency netns:flt-a --delay 100ms --path /small
slow=$(curl -s -o "$T/body" -w '%{time_starttransfer}' http://10.77.1.2:8080/small)
near "slow: the first byte of /small" "$slow" 0.15 0.05
fast=$(curl -s -o "$T/body" -w '%{time_total}' http://10.77.1.2:8080/big)
check_num "slow: /big is not" "$fast" lt 0.1
check "slow: and whole" cmp "$T/body" "$T/www/big"
"$FL" set "$ID" path=/big >/dev/null
client 10.77.1.2 8080 20 /big
check "slow: large bodies come in order" intact
heal
client 10.77.1.2 8080 100 /small /big
check_num "afterwards all are 200" "$(count 200)" eq 100
