#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real servers in containers, made from the files of their Debian packages, and what faults do to them by
# the measure of their own clients: redis-benchmark, wrk, pgbench. The short form has a few faults on
# redis and nginx; FLTEST_LONG=1 has all of them, and PostgreSQL and Python as well.
# lane: quiet
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
. "$(dirname "$0")/../net.sh"
. "$TOP/tools/image-root.sh"
LONG=${FLTEST_LONG:-}
export PGCONNECT_TIMEOUT=2
pg=$(echo /usr/lib/postgresql/*)
python=$(readlink -f /usr/bin/python3)
python=${python##*/} # with its version

# --- the servers ---
image() { tar -C "$T/root-$1" -c . | docker import - "$1" >/dev/null; }
make_redis() { image_put "$T/root-redis" "$(command -v redis-server)"; }
make_nginx() {
	image_put "$T/root-nginx" "$(command -v nginx)"
	mkdir -p "$T/root-nginx/var/lib/nginx"
	cat >"$T/root-nginx/etc/nginx.conf" <<-'END'
		user root; daemon off; worker_processes 1; pid /tmp/nginx.pid; error_log stderr;
		events {}
		http { access_log off; keepalive_requests 1000000; server { listen 80; location / { return 200 "ok\n"; } } }
	END
}
make_postgres() {
	echo 'postgres:x:999:999::/:' >>"$T/root-postgres/etc/passwd"
	image_put "$T/root-postgres" "$pg/bin/postgres"
	cp -r --parents "$pg/lib" "/usr/share/postgresql/${pg##*/}" "$T/root-postgres"
	# initdb wants a shell and a user of its own: done here, for the image.
	chmod 711 "$T"; mkdir "$T/pg"; chown 999:999 "$T/pg"
	TZ=GMT setpriv --reuid 999 --regid 999 --clear-groups "$pg/bin/initdb" -D "$T/pg" -A trust -U postgres --no-locale --no-sync >"$T/initdb.log" 2>&1
	echo 'host all all 0.0.0.0/0 trust' >>"$T/pg/pg_hba.conf"
	rmdir "$T/root-postgres/data"; mv "$T/pg" "$T/root-postgres/data"
}
make_python() {
	image_put "$T/root-python" "/usr/bin/$python"
	cp -r --parents "/usr/lib/$python" "$T/root-python"
	cat >"$T/root-python/serve.py" <<-'END'
		from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
		class Handler(BaseHTTPRequestHandler):
		    protocol_version = "HTTP/1.1"
		    wbufsize = -1  # one packet an answer
		    def do_GET(self):
		        self.send_response(200)
		        self.send_header("Content-Length", "3")
		        self.end_headers()
		        self.wfile.write(b"ok\n")
		    def log_message(self, *args):
		        pass
		ThreadingHTTPServer(("", 80), Handler).serve_forever()
	END
}
command_redis="redis-server --bind 0.0.0.0 --protected-mode no --save --appendonly no --dir /tmp"
command_nginx="nginx -c /etc/nginx.conf"
command_postgres="postgres -D /data -c listen_addresses=* -c unix_socket_directories= -c shared_buffers=16MB -c fsync=off"
command_python="$python -B /serve.py"
start() { # SOFTWARE
	_user=
	[ "$1" != postgres ] || _user="--user 999:999"
	image_base "$T/root-$1"
	"make_$1" && image "$1" || return
	_command=command_$1
	# shellcheck disable=SC2086
	docker run -d --name "$1" --restart always --memory 256m -e PATH=/usr/bin:$pg/bin $_user "$1" ${!_command} >/dev/null
}

# --- their clients: "REQUESTS_PER_S P50_MS BAD_PERCENT"; nothing answered in time: "0 0 0" ---
# (N: redis-benchmark counts requests instead of seconds.)
measure_redis() {
	timeout "$2" redis-benchmark -h "$addr" -t get -c 4 -n "$1" --csv 2>/dev/null |
		awk -F'"' '$2 == "GET" {print $4, $10, 0; n = 1} END {if (!n) print "0 0 0"}'
}
measure_http() {
	timeout 5 wrk -t 1 -c 4 -d 1 --timeout 4 --latency "http://$addr/" |
		awk 'function ms(t) {return t ~ /us$/ ? t / 1000 : t ~ /ms$/ ? t + 0 : t * 1000}
			$1 == "50%" {p50 = ms($2)} $1 == "Requests/sec:" {rps = $2} / requests in / {n = $1}
			/Non-2xx/ {bad = $NF} END {print rps + 0, p50 + 0, n ? 100 * bad / n : 0}'
}
measure_nginx() { measure_http; }
measure_python() { measure_http; }
measure_postgres() {
	timeout "$2" pgbench -S -n -c 2 -T 1 -h "$addr" -U postgres postgres 2>/dev/null |
		awk '/^latency average/ {ms = $4} /^tps/ {tps = $3} END {print tps + 0, ms + 0, 0}'
}
now_redis() { redis-cli -h "$addr" time | head -n 1; }
now_http() {
	_date=$(curl -s -m 2 -o /dev/null -D - "http://$addr/" | sed -n 's/^Date: //p' | tr -d '\r')
	[ -z "$_date" ] || date -d "$_date" +%s
}
now_nginx() { now_http; }
now_python() { now_http; }
now_postgres() { psql -At -h "$addr" -U postgres postgres -c 'select extract(epoch from now())::bigint'; }
# (One that was killed has a new address, maybe.)
answers() { addr=$(docker_addr "$1") && [ -n "$addr" ] && "now_$1" 2>/dev/null | grep -q '^[0-9]'; }
# The container's cgroup with its memory, in percent of its limit.
memory_percent() {
	_path=$(awk -F: '$2 == "memory" || ($2 == "" && !p) {p = $3} END {print p}' "/proc/$(docker_pid "$1")/cgroup")
	for _d in "/sys/fs/cgroup/memory$_path" "/sys/fs/cgroup$_path"; do
		cat "$_d/memory.usage_in_bytes" "$_d/memory.limit_in_bytes" 2>/dev/null || cat "$_d/memory.current" "$_d/memory.max" 2>/dev/null
	done | head -n 2 | xargs | awk '{printf "%.0f", 100 * $1 / $2}'
}

# --- one cell of the table ---
# cell SOFTWARE FAULT REQUESTS KIND OPTION...: $before, $during, $after, and the row.
cell() {
	sw=$1 what=$2 n=$3; shift 3
	addr=$(docker_addr "$sw")
	before=$("measure_$sw" 20000 4)
	fault "$1" "docker:$sw" "${@:2}" || return 1
	[ -z "$ready" ] || wait_for 5 "$ready" || not_ok "$what of $sw begins"
	during=$("measure_$sw" "$n" $patience)
	hit=$(hits "$ID" injected)
	[ -z "$inside" ] || extra=$($inside "$sw")
	heal
	wait_for 5 answers "$sw" || not_ok "$sw answers after $what"
	after=$("measure_$sw" 20000 4)
	note "FIGURE | $sw | $what | $(show $before) | $(show $during)${extra:+, $extra} | $(show $after) | $hit |"
	extra=
}
ready=
patience=3 # s, for a measurement while the fault is on
inside=
extra=
working() { [ "$(hits "$ID" injected)" -gt 0 ]; }
show() { awk -v r="$1" -v p="$2" -v b="$3" 'BEGIN {if (r == 0) printf "no answer"; else printf("%.0f/s, p50 %.2f ms%s", r, p, (b > 0) ? sprintf(", %.1f %% bad", b) : "")}'; }
f() { echo "$2" | cut -d' ' -f"$1"; } # FIELD MEASUREMENT
# (Other work on this machine halves a throughput easily; half of the requests are not 10 ms late by it.)
healed() { check_num "$sw: after $what it answers as before, ms later" "$(calc "($(f 1 "$after") > 0 && $(f 3 "$after") == 0) ? $(f 2 "$after") - $(f 2 "$before") : 1e9")" lt 10; }

try_latency() {
	cell "$1" "latency 20 ms" 200 latency --delay 20ms
	near "$1: latency of 20 ms, by its client" "$(f 2 "$during")" 25 5
	healed
}
try_loss() {
	patience=6
	cell "$1" "loss 20 %" 60 network_loss --percent 20
	patience=3
	check_num "$1: loss makes it slower" "$(f 1 "$during")" lt "$(calc "0.3 * $(f 1 "$before")")"
	healed
}
try_partition() {
	cell "$1" partition 20 network_partition
	check_num "$1: nothing is answered through a partition" "$(f 1 "$during")" eq 0
	healed
}
try_pause() {
	cell "$1" pause 20 pause
	check_num "$1: nothing is answered while it is paused" "$(f 1 "$during")" eq 0
	healed
}
try_http_error() {
	cell "$1" "HTTP 503 on 30 %" 0 http_error --status 503 --percent 30
	near "$1: 503 for 30 % of the requests" "$(f 3 "$during")" 30 5
	healed
}
try_clock() {
	inside=ahead
	cell "$1" "clock +1 h" 2000 time_skew --offset +1h
	inside=
	near "$1: its clock, s ahead" "$(<"$T/skew")" 3600 3
	near "$1: ... and afterwards" "$(calc "$("now_$1") - $(date +%s)")" 0 3
}
ahead() { calc "$("now_$1") - $(date +%s)" >"$T/skew"; printf "%.0f s ahead" "$(<"$T/skew")"; }
try_kill() {
	_was=$(docker_pid "$1") _restarts=$(docker inspect -f '{{.RestartCount}}' "$1")
	cell "$1" kill 20 availability
	check_num "$1: killed, and started again by Docker" "$(docker inspect -f '{{.RestartCount}}' "$1")" gt "$_restarts"
	healed
}
try_cpu() {
	docker update --cpus 0.2 "$1" >/dev/null
	ready=working
	cell "$1" "4 busy workers, quota 0.2 CPU" 2000 cpu_saturation --workers 4 --load 100%
	ready=
	docker update --cpus 2 "$1" >/dev/null
	check_num "$1: with its CPU taken it does less" "$(f 1 "$during")" lt "$(calc "0.6 * $(f 1 "$before")")"
}
try_memory() {
	inside=filled
	cell "$1" "memory 90 % of 256 MiB" 2000 memory --percent 90%
	inside=
	check_num "$1: its cgroup's memory, percent of the limit" "$(<"$T/filled")" ge 85
	check_num "$1: it still answers" "$(f 1 "$during")" gt 0
}
filled() { memory_percent "$1" >"$T/filled"; echo "memory $(<"$T/filled") %"; }

check "dockerd starts" docker_up
servers="redis nginx${LONG:+ postgres python}"
for s in $servers; do check "$s in a container of its package's files" start "$s"; done
for s in $servers; do check "$s answers" wait_for 10 answers "$s"; done
[ -z "$LONG" ] || check "PostgreSQL has a table to read" pgbench -q -i -h "$(docker_addr postgres)" -U postgres postgres
# (What the servers themselves write is theirs.)
trace() {
	for c in $servers; do docker diff "$c" | grep -Ev '/(data|tmp|var)(/|$)' | sed "s/^/$c /"; done
	ip -o link | awk -F': ' '{sub(/@.*/, "", $2); sub(/^veth.*/, "veth", $2); print $2}'
	tc qdisc show | awk '{print $2}'
}

# --- by the name alone, as a person types it ---
addr=$(docker_addr redis)
before=$(measure_redis 20000 4)
trace | sort >"$T/trace"
"$FL" inject latency redis --delay 20ms --for "$([ -n "$LONG" ] && echo 10 || echo 3)s" >"$T/inject.out" 2>&1 & _pids="$_pids $!"; injector=$!
delayed() { awk -v p="$(f 2 "$(measure_redis 20 1)")" 'BEGIN {exit !(p >= 20)}'; }
check "faultline inject latency redis --delay 20ms" wait_for 5 delayed
during=$(measure_redis 200 3)
wait $injector
check_num "it ends by itself" $? eq 0
note "FIGURE redis-benchmark before: $(show $before); during: $(show $during); after: $(show $(measure_redis 20000 4))"
near "20 ms by redis-benchmark" "$(f 2 "$during")" 22.5 2.5
check_num "the proof of its hits" "$(grep -o 'injected[^0-9]*[0-9]*\|[0-9]* hits' "$T/inject.out" | grep -o '[0-9]*' | tail -n 1)" gt 100
trace | sort >"$T/trace.after"
check "docker diff, ip link and tc qdisc show what they showed before" diff "$T/trace" "$T/trace.after"

note "FIGURE | software | fault | before | during | after | hits |"
note "FIGURE |---|---|---|---|---|---|"
if [ -z "$LONG" ]; then
	try_partition redis; try_clock redis
	try_latency nginx; try_http_error nginx
else
	for s in $servers; do
		for t in latency loss partition; do "try_$t" "$s"; done
		case $s in nginx | python) try_http_error "$s" ;; esac
		for t in pause kill cpu memory clock; do "try_$t" "$s"; done
	done
fi
trace | sort >"$T/trace.after"
check "after all of them, too" diff "$T/trace" "$T/trace.after"
