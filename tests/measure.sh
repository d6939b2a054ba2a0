# SPDX-License-Identifier: GPL-2.0-only
# measure.sh - sourced behind net.sh by the tests of measurement: namespaces flt-shop (10.77.1.2), which
# serves, and flt-user (10.77.2.2), which asks; a meter on both; what it saw.
echo 1 >/proc/sys/net/ipv4/ip_forward
mknet shop 1
mknet user 2
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip -n flt-shop -6 route add default via fd77:1::1
ip -n flt-user -6 route add default via fd77:2::1
# meter [TARGET=NAME]...: start one, on more targets too; reset: forget what it saw; seen: what came since, into $T/seen.
meter() {
	rm -f "$T/meter.in"; mkfifo "$T/meter.in"
	: >"$T/meter.out"
	"$BUILD/tests/tools/meter_show" netns:flt-shop=shop netns:flt-user=user "$@" \
		<"$T/meter.in" >"$T/meter.out" 2>"$T/meter.err" &
	METER=$!
	_pids="$_pids $METER"
	exec 9>"$T/meter.in"
	wait_for 5 grep -q ready "$T/meter.err" || { not_ok "the meter is ready"; sed 's/^/#   /' "$T/meter.err"; }
}
meter_off() { exec 9>&-; wait "$METER"; }
_lines() { [ "$(wc -l <"$T/meter.out")" -gt "$1" ]; }
seen() {
	_n=$(wc -l <"$T/meter.out")
	echo >&9
	wait_for 5 _lines "$_n"
	tail -n 1 "$T/meter.out" >"$T/seen"
}
reset() { seen; }
# row VANTAGE PROTOCOL FIELD: of the edge user → shop; 0 when there is no row.
row() { jq -r --arg v "$1" --arg p "$2" "[.rows[] | select(.client == \"user\" and .server == \"shop\" and .vantage == \$v and .protocol == \$p) | .$3][0] // 0" "$T/seen"; }
# requests VANTAGE METHOD PATH FIELD: the same of the requests of that method and prefix (null: of none of them).
requests() { jq -r --arg v "$1" --arg m "$2" --arg p "$3" "[.requests[] | select(.client == \"user\" and .server == \"shop\" and .vantage == \$v and .method == \$m and (.path // \"null\") == \$p) | .$4][0] // 0" "$T/seen"; }
lost() { jq -r ".flows_evicted + .events_lost + .requests_unpaired" "$T/seen"; }
# client COMMAND...: in user. A client that waits for the processor says so of the server: others' work
# must not come before it.
client() { innet user nice -n -19 "$@"; }
# $first COMMAND...: in real time, where that may be had: before anybody else's work, and what it serves or asks
# is not late by its own fault.
first="chrt -f 1"
$first true 2>/dev/null || first="nice -n -19"
# start_nginx: in shop, at 8080: /small, /big, /503, /204; /work is /small behind a password (user shop,
# shop) that takes the server half a millisecond to check.
start_nginx() {
	mkdir -p "$T/www"
	echo hello >"$T/www/small"
	head -c 300000 /dev/urandom >"$T/www/big"
	chmod 755 "$T" "$T/www"
	echo 'shop:$6$rounds=1000$faultline$W7RevKi.qR7yjBVwYWZQ.7wVG0xxJjgzmSQd/pwrH54421ZWjUpGeTbV2mEC3DUmHg3mfZcbBWuXKsfyddfYo/' >"$T/users"
	cat >"$T/nginx.conf" <<-C
	daemon off; pid $T/nginx.pid; error_log /dev/null; worker_processes 1; events { worker_connections 1024; }
	http {
		access_log off; keepalive_requests 1000000000; client_body_temp_path $T/b; proxy_temp_path $T/p;
		fastcgi_temp_path $T/f; uwsgi_temp_path $T/u; scgi_temp_path $T/s;
		server {
			listen 8080 backlog=4096; listen [::]:8080; root $T/www;
			location = /work { auth_basic shop; auth_basic_user_file $T/users; alias $T/www/small; }
			location = /count { stub_status; }
			location = /503 { return 503; }
			location = /204 { return 204; }
		}
	}
	C
	bg nice -n -19 ip netns exec flt-shop nginx -c "$T/nginx.conf"
	wait_for 5 curl -fs -o /dev/null http://10.77.1.2:8080/small
}
# served: requests that nginx has had, this one not counted
served() { curl -s http://10.77.1.2:8080/count | awk 'NR == 3 { print $3 - 1 }'; }
# close WHAT SEEN SAID WIRE PERCENT: prints what is wrong, if it is
close() { awk -v w="$1" -v a="$2" -v b="$3" -v c="$4" -v p="$5" 'BEGIN { e = 100 * (a / (b - c) - 1); printf "%s: seen %.1f us, said %.1f us - %.1f us on the wire: %+.2f %%\n", w, a, b, c, e; exit !(e <= p && e >= -p) }'; }
# truth DESCRIPTION COMMAND...: three tries, since others use the machine; every try is told.
truth() {
	_d=$1; shift
	for _try in 1 2 3; do
		if "$@" >"$T/truth"; then sed 's/^/# FIGURE truth: /' "$T/truth"; ok "$_d"; return; fi
		sed 's/^/# /' "$T/truth"
	done
	not_ok "$_d"
}
