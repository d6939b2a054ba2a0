#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the lab's programs may do on the machine it runs on: no more than a user of no account; and who may
# use its Redis: the lab's services.
. "$(dirname "$0")/../lib.sh"
# A build that others may not look into: it must run all the same.
mkdir -m 700 "$T/closed"
for p in faultline lab-service lab-load lab-pipeline lab-supervisor; do install -m 700 "$BUILD/$p" "$T/closed/$p"; done
mkdir "$T/experiments"; cp "$TOP/experiments/lab.yaml" "$T/experiments/"
FL=$T/closed/faultline
. "$(dirname "$0")/../lab.sh"

field() { awk -v f="$2:" '$1 == f {print $2}' "/proc/$1/status"; }
powerless() { # PID
	for c in CapInh CapPrm CapEff CapBnd CapAmb; do [ $((16#$(field "$1" $c))) = 0 ] || { echo "$c $(field "$1" $c)"; return 1; }; done
	[ "$(field "$1" NoNewPrivs)" = 1 ] || { echo "may gain privileges"; return 1; }
	[ "$(awk '$1 == "Uid:" || $1 == "Gid:" {for (i = 2; i <= NF; i++) print $i}' "/proc/$1/status" | sort -u | awk '$1 < 2000000000' | wc -l)" = 0 ] || { grep -E '^[UG]id' "/proc/$1/status"; return 1; }
	[ -z "$(awk '$1 == "Groups:" {print $2}' "/proc/$1/status")" ] || { grep Groups "/proc/$1/status"; return 1; }
}
# Every process that the state file names, with its descendants.
processes() { jq -r '(.services, .daemons)[].pid' $LAB | while read -r p; do echo "$p"; pgrep -P "$p"; done; }
n=0
for p in $(processes); do
	n=$((n + 1))
	powerless "$p" >"$T/why" 2>&1 || { not_ok "$(cat "/proc/$p/comm") ($p): $(cat "$T/why")"; continue; }
done
check_num "processes of the lab that have no capability and a user of no account" $n ge 29
users=$(jq -r '.services[].pid' $LAB | while read -r p; do field "$p" Uid; done | sort -u | wc -l)
check_num "... one for each service" "$users" eq "$(jq '.services | length' $LAB)"
check "the volume of a service is its own" [ "$(stat -c %u "/proc/$(pid_of log-collector)/root/var/log")" = "$(field "$(pid_of log-collector)" Uid)" ]

# --- Redis ---
ask() { # COMMAND...: of Redis, from within its network namespace
	nsenter -t "$(pid_of cache-svc)" -n redis-cli -h 127.0.0.1 "$@" 2>&1
}
refuses() { ask "$@" | grep -qE "NOPERM|not allowed"; }
knows() { ask dbsize | grep -q '[1-9]'; }
check "the shop uses its cache" wait_for 5 knows
for c in "config get dir" "save" "bgsave" "module list" "debug sleep 0" "replicaof 10.0.0.1 1" "eval return,1 0" "flushall" "shutdown" "acl list"; do
	# shellcheck disable=SC2086
	check "Redis refuses '$c'" refuses $c
done
check "nobody on the host reaches it" sh -c '! timeout 1 bash -c "exec 3<>/dev/tcp/10.213.77.23/6379"'
check "... root neither, and from no other address of the host" sh -c '! curl -s -m 1 --interface 127.0.0.1 telnet://10.213.77.23:6379 </dev/null && ! timeout 1 redis-cli -h 10.213.77.23 ping'
check "a service of the lab does" sh -c "nsenter -t $(pid_of frontend) -n redis-cli -h 10.213.77.23 ping | grep -q PONG"
check "its exporter answers the host" sh -c "curl -s -m 2 http://$(address cache-svc):8080/metrics | grep -q ."
check "cache_poisoning reaches it" "$FL" inject cache_poisoning cache-svc --for 200ms
check "its folder is its own" [ "$(stat -c %u "/proc/$(pid_of cache-svc)/root/var/cache")" = "$(field "$(pid_of cache-svc)" Uid)" ]
"$FL" lab down >/dev/null
