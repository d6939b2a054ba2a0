#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# power-cut-guest.sh [last] - what power-cut.sh runs in each boot of its guest: recover, look whether all is as
# it was, and then break things until the power goes.
#     cut: KIND MOMENTS OPEN BAD      of the cut before: faults, of which were open in the journal, not restored
set -u
FL=/fl/build/faultline N=10
mkdir -p /disk /var/lib/faultline
mount /dev/vda /disk || exit 1
mkdir -p /disk/state /disk/vol /disk/redis
mount --bind /disk/state /var/lib/faultline
mkdir -p /run/netns
ip netns add store
ip -n store link set lo up
store() { ip netns exec store redis-server --port 6379 --bind 127.0.0.1 --appendonly yes --appendfsync always --save '' --dir /disk/redis >/dev/null 2>&1 & for _ in $(seq 200); do in_store ping >/dev/null 2>&1 && return; sleep 0.1; done; }
in_store() { ip netns exec store redis-cli "$@"; }
keys() { for s in $(seq $N); do for k in $(seq 20); do echo "$1 s$s:$k$2"; done; done; }
if [ ! -e /disk/right ]; then
	for i in $(seq $N); do head -c $((20000 + i * 7000)) /dev/urandom >/disk/vol/f$i; touch -d "2020-01-0$((i % 9 + 1))" /disk/vol/f$i; done
	for i in $(seq $N); do stat -c '%a %u %g %y' /disk/vol/f$i; sha256sum </disk/vol/f$i; done >/disk/right
	store
	keys SET ' the-right-value' | in_store >/dev/null
	sync
	echo "cut: file 0 0 0"
	echo "cut: cache 0 0 0"
else
	of() { cat /disk/state/sessions/*/journal.jsonl 2>/dev/null | jq -rs --arg u "$1" '[.[] | select(.undo == $u)] | length'; }
	files=$(of restore-file) caches=$(of restore-cache)
	# As the first unit: no store runs yet. Files are put back, caches are still open.
	$FL recover >/tmp/recover1 2>&1
	for i in $(seq $N); do stat -c '%a %u %g %y' /disk/vol/f$i; sha256sum </disk/vol/f$i; done >/tmp/is
	bad=$(paste -d' ' - - </tmp/is | diff - <(paste -d' ' - - </disk/right) | grep -c '^<')
	echo "cut: file $N $files $bad"
	[ "$bad" = 0 ] || cat /tmp/recover1
	store
	# As the second: the store runs, in a namespace of the same name.
	$FL recover >/tmp/recover2 2>&1 || cat /tmp/recover2
	bad=$(keys GET '' | in_store | grep -vcx the-right-value)
	echo "cut: cache $N $caches $(((bad + 19) / 20))"
	[ "$bad" = 0 ] || cat /tmp/recover2
fi
[ "${1:-}" != last ] || exit 0
unshare -m bash -c 'mkdir -p /tmp/vol; mount --bind /disk/vol /tmp/vol; exec sleep 1000' &
target=$!
sleep 1
modes=("flip --count 3000" truncate "replace --content x")
again() { # COMMAND...: over and over, with pauses of its own
	while :; do
		"$@" --for "$((RANDOM % 12 + 1)).$((RANDOM % 10))s" >/dev/null 2>>/tmp/again.err
		sleep "0.$((RANDOM % 10))"
	done
}
for i in $(seq $N); do
	# shellcheck disable=SC2086
	again $FL inject config_corruption pid:$target --path /tmp/vol/f$i --allow-host-root --mode ${modes[$((i % 3))]} &
	again $FL inject cache_poisoning netns:store --keys "s$i:*" --value wrong &
done
# Emulated, twenty of them take their time to begin.
for _ in $(seq 120); do
	[ "$(cat /disk/state/sessions/*/journal.jsonl 2>/dev/null | grep -c '"undo"')" -lt 14 ] || break
	sleep 0.5
done
head -n 3 /tmp/again.err
echo "@@READY"
sleep 1000
