#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: quiet
# Measurement of a protocol of turns by the real PostgreSQL, its psql and its pgbench: every turn of a session
# is counted and none that was not; the times are pgbench's own; a farewell is no failure, a client that is
# killed is one; a delay on the edge is the client's alone. FLTEST_FULL=1: also at 1 and 32 connections.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../measure.sh"
pg=(/usr/lib/postgresql/*/bin)
export PATH=${pg[-1]}:$PATH
# Each of TLS and GSSAPI would be asked for first: a turn more.
export PGSSLMODE=disable PGGSSENCMODE=disable PGHOST=10.77.1.2 PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=5
# It does not want to be root, and wants a directory that it may read.
as_postgres() { ip netns exec flt-shop setpriv --reuid postgres --regid postgres --clear-groups env -C / TZ=GMT "$@"; }
chmod 711 "$T"; mkdir "$T/pg"; chown postgres: "$T/pg"
check "initdb" as_postgres initdb -D "$T/pg" -A trust -U postgres --no-locale --no-sync
echo 'host all all 10.77.0.0/16 trust' >>"$T/pg/pg_hba.conf"
bg ip netns exec flt-shop setpriv --reuid postgres --regid postgres --clear-groups env -C / TZ=GMT \
	postgres -D "$T/pg" -c listen_addresses=$PGHOST -c unix_socket_directories= -c fsync=off -c autovacuum=off -c max_connections=50 >"$T/postgres.log" 2>&1
check "postgres answers" wait_for 10 pg_isready -q
check "pgbench has its tables" pgbench -q -i
echo 'select 1;' >"$T/one.sql"
echo 'select count(*) from generate_series(1, 20000);' >"$T/work.sql"
meter
# bench CONNECTIONS TRANSACTIONS OPTION...: pgbench, in user; what it says is in $T/bench. It is one thread that has
# the answers of all its connections to take, so it is the first to have the processor.
# shellcheck disable=SC2086,SC2154
bench() { _c=$1 _t=$2; shift 2; innet user $first pgbench -n -c "$_c" -t "$_t" "$@" >"$T/bench" 2>&1; }
# turns WHAT COUNT CONNECTIONS: what came since is that, at both ends, and nothing failed
turns() {
	seen
	for v in client server; do
		check_num "$1: turns, by the $v's veth" "$(row $v turns requests)" eq "$2"
		check_num "$1: connections" "$(row $v turns connects)" eq "$3"
		check_num "$1: farewells taken for timeouts" "$(row $v turns timeouts)" eq 0
		check_num "$1: resets" "$(row $v turns resets)" eq 0
	done
}

# --- the count: a connection's start (startup message, authentication) is one turn, each query another ---
queries=()
for i in {1..100}; do queries+=(-c "select $i"); done
reset
innet user psql -X -At "${queries[@]}" >"$T/psql"
check_num "psql: rows" "$(wc -l <"$T/psql")" eq 100
turns "psql, 100 queries" 101 1
for i in 1 2 3 4 5 6 7 8 9 10; do innet user psql -X -At -c "select $i" >>"$T/psql"; done
turns "psql, ten times" 20 10
# Before its own connections pgbench makes one to see whether the database is there.
bench 4 250 -f "$T/one.sql" -M simple
turns "pgbench, 4 connections of 250 queries" $((5 + 4 * 250)) 5
# For a script of its own it asks there how large the tables are and how they are partitioned.
bench 4 250 -S -M simple
turns "pgbench -S" $((5 + 2 + 4 * 250)) 5
# Parse, Bind, Describe, Execute and Sync in one go.
bench 4 250 -S -M extended
turns "pgbench -S -M extended" $((5 + 2 + 4 * 250)) 5
# Parse alone first, once a connection; -C: a connection for each transaction.
bench 4 250 -S -M prepared
turns "pgbench -S -M prepared" $((5 + 2 + 4 + 4 * 250)) 5
bench 2 20 -f "$T/one.sql" -M simple -C
turns "pgbench -C" $((1 + 2 * 20 * 2)) $((1 + 2 * 20))
# Seven statements in a transaction, of which it tells the time as one.
bench 2 50 -b tpcb-like -M simple
turns "pgbench, TPC-B" $((3 + 2 + 2 * 50 * 7)) 3

# A client that has said farewell and is slow to close its end, so that the server's end is closed first.
innet user python3 - <<-'END'
	import socket
	s = socket.create_connection(("10.77.1.2", 5432), 5)
	start = b"\0\3\0\0user\0postgres\0database\0postgres\0\0"
	s.sendall((4 + len(start)).to_bytes(4, "big") + start)
	answer = b""
	while not answer.endswith(b"Z\0\0\0\5I"):
	    answer += s.recv(4096)
	s.sendall(b"X\0\0\0\4")
	while s.recv(4096):
	    pass
END
turns "a slow farewell" 1 1

# --- the times ---
quantile() { sort -n | awk -v q="$1" '{ v[NR] = $1 } END { print v[int(q * (NR - 1) + 1.5)] }'; }
log_us() { awk '{ print $3 }' "$T"/log.*; }
# wire_us: what pgbench sees beside what its veth sees: its own socket and scheduling.
wire_us() {
	rm -f "$T"/log.*
	reset
	bench 1 1000 -f "$T/one.sql" -M simple --log --log-prefix="$T/log"
	seen
	calc "$(log_us | quantile 0.5) - $(row client turns p50_us)"
}
postgres_truth() { # CONNECTIONS TRANSACTIONS
	wire=$(wire_us)
	rm -f "$T"/log.*
	reset
	bench "$1" "$2" -f "$T/work.sql" -M simple --log --log-prefix="$T/log"
	seen
	# The turns with which its connections start are not in its log: a mean one for each.
	{ log_us; awk -v c="$1" '/^initial connection time/ { for (i = 0; i <= c; i++) print 1e3 * $5 / c }' "$T/bench"; } >"$T/said"
	close "pgbench, $1 connections, p50" "$(row client turns p50_us)" "$(quantile 0.5 <"$T/said")" "$wire" 3 &&
		close "pgbench, $1 connections, p99" "$(row client turns p99_us)" "$(quantile 0.99 <"$T/said")" "$wire" 10
}
connections=${FLTEST_FULL:+1 8 32}
for c in ${connections:-8}; do
	truth "pgbench, $c connections: p50 within 3 %, p99 within 10 % of what it says" postgres_truth "$c" $((1600 / c))
	check_num "pgbench, $c connections: every turn" "$(row client turns requests)" eq $((c + 1 + 1600 / c * c))
	check_num "pgbench, $c connections: also seen by the server's veth" "$(row server turns requests)" eq $((c + 1 + 1600 / c * c))
	check_num "pgbench, $c connections: farewells taken for timeouts" "$(row client turns timeouts)" eq 0
done

# --- a client that is killed closes its connection before it has its answer: the wire has its FIN, and when the
# server answers after all, a RST. One request, one failure. (Within 10 ms it would be taken for a farewell.) ---
sleeping() { [ "$(psql -X -At -c "select count(*) from pg_stat_activity where query ~ '^select pg_sleep' and now() - query_start > '0.1 s'")" = "$1" ]; }
reset
bg ip netns exec flt-user psql -X -c 'select pg_sleep(3)'
check "psql waits for its answer" wait_for 3 sleeping 1
kill -9 "$BG_PID"
wait "$BG_PID" 2>/dev/null
timed_out() { seen; [ "$(row client turns timeouts)" = 1 ]; }
check "its client killed, the query has timed out" timed_out
check_num "by the server's veth, too" "$(row server turns timeouts)" eq 1
check_num "the turn before it" "$(row client turns requests)" eq 1
check "the server comes to its answer" wait_for 5 sleeping 0
seen
for v in client server; do
	check_num "$v: the answer that nobody reads, as a request" "$(row $v turns requests)" eq 0
	check_num "$v: ... as a reset" "$(row $v turns resets)" eq 0
	check_num "$v: ... as a timeout" "$(row $v turns timeouts)" eq 0
done

# --- a delay on the edge ---
fault latency netns:flt-shop --delay 50ms
reset; bench 1 40 -f "$T/one.sql" -M simple; seen
heal
near "50 ms on the server's veth: the client's p50 less the server's (ms)" "$(calc "($(row client turns p50_us) - $(row server turns p50_us)) / 1000")" 54 6
check_num "the server's p50 (ms) has none of it" "$(calc "$(row server turns p50_us) / 1000")" lt 25
check_num "every turn" "$(row client turns requests)" eq 42
check_num "also by the server's veth" "$(row server turns requests)" eq 42
check_num "nothing is lost or unpaired" "$(lost)" eq 0
meter_off
