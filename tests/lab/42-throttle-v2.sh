#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# io_throttle, memory_pressure on cgroup v2, also where the controllers are v1's: what is read from and written to io.max,
# memory.high and memory.events.local, by plain files in their place, in a mount namespace of the test's own. What a kernel
# makes of them is not seen here: tests/host has memory_pressure on hosts that have v2, 42-throttle-io.sh io_throttle on either.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../net.sh"
. "$(dirname "$0")/../target.sh"
trap '_rc=$?; rmtargets; (exit $_rc); cleanup' EXIT
if [ -z "$_v2" ]; then skip "files of cgroup v2" "no cgroup2 file system is mounted"; exit 0; fi
mktarget a sleep 1000
truncate -s 16M "$T/image"; mkfs.ext4 -q "$T/image"
in_target mount -o loop "$T/image" /mnt
disk=$(stat -c %Hd:%Ld "/proc/$TARGET/root/mnt")

# What is written lies over what was there, since these files do not take a value as a whole as the kernel's do: both have
# the same length.
cat >"$T/inside" <<'IN'
mount -t tmpfs -o mode=755 none "$GROUP"
cd "$GROUP" || exit 1
echo "$TARGET" >cgroup.procs
printf '%s\n' "1:1 rbps=7 wbps=max riops=max wiops=max" "$DISK rbps=9999999 wbps=max riops=max wiops=max" >io.both
printf '%s\n' "$DISK rbps=9999999 wbps=max riops=max wiops=max" >io.max
echo 999999999 >memory.high
echo 300000000 >memory.current
printf 'low 3\nhigh 5\nmax 9\n' >memory.events.local
echo ready
while read -r line; do eval "$line"; echo "= $?"; done
IN
mkfifo "$T/in" "$T/out"
GROUP=$_v2/$CG TARGET=$TARGET DISK=$disk unshare --mount --propagation private bash "$T/inside" <"$T/in" >"$T/out" 2>"$T/inside.err" &
inside=$!
_pids="$_pids $inside"
exec 5>"$T/in" 6<"$T/out"
read -r -t 10 line <&6
check "the files are there" test "${line:-}" = ready
# do_inside COMMAND: its output to $said, its status to $_rc
do_inside() {
	echo "$1" >&5
	said=
	while read -r -t 20 line <&6; do
		case $line in '= '*) _rc=${line#= }; return ;; esac
		said="$said$line
"
	done
	_rc=none
}
same() { if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: '$2', not '$3'"; fi; }
has() { do_inside "cat $2"; same "$1" "$(head -n 1 <<<"$said")" "$3"; }
on() { # KIND OPTION...
	do_inside "'$FL' inject $1 pid:$TARGET ${*:2} --for 60s --detach 2>&1"
	check_num "$1 ${*:2}: status" "$_rc" eq 0
	[ "$_rc" = 0 ] || note "$said"
}
off() { do_inside "'$FL' stop --all 2>&1"; }

on memory_pressure --bytes 200MiB
has "memory.high" memory.high 209715200
off
has "... and as it was" memory.high 999999999
on memory_pressure --percent 50%
has "half of what it uses, whole pages" memory.high 149999616
do_inside "'$FL' set \$('$FL' list -o json | jq -r '.[0].id') percent=80%"
has "set: 80 % of what it used when it began" memory.high 239996928
do_inside "'$FL' list -o json | jq -c '.[0] | [.backend, .injected]'"
same "nothing met it so far" "$(xargs <<<"$said")" "[cgroup v2,0]"
do_inside "printf 'low 3\nhigh 12\nmax 9\n' >memory.events.local; sleep 1.5; '$FL' list -o json | jq -r '.[0].injected'"
same "what the kernel counts since is what was hit" "$(xargs <<<"$said")" 7
do_inside "kill -9 \$('$FL' list -o json | jq -r '.[0].pid // empty') \$(jq -r .pid /run/faultline/*/session.json | head -n 1)"
do_inside "i=0; until grep -qx 999999999 memory.high || [ \$i = 40 ]; do i=\$((i + 1)); sleep 0.05; done; cat memory.high"
same "its owner killed: as it was" "$(xargs <<<"$said")" 999999999
do_inside "'$FL' inject memory_pressure pid:$TARGET --bytes 2GiB --for 1s 2>&1"
check_num "no lower than what is there: refused" "$_rc" eq 2
check "... in words" grep -q 'no lower than what is there' <<<"$said"

on io_throttle --path /mnt --rbps 1MiB
has "io.max" io.max "$disk rbps=1048576 wbps=max riops=max wiops=max"
off
has "... and as it was" io.max "$disk rbps=9999999 wbps=max riops=max wiops=max"
do_inside "cp io.both io.max; '$FL' inject io_throttle pid:$TARGET --path /mnt --rbps 16MiB --for 1s 2>&1"
check_num "the line of the disk is found among others: 16MiB is refused" "$_rc" eq 2
check "... in words" grep -q 'rbps=16777216 is no lower than what is there already: rbps=9999999' <<<"$said"
exec 5>&-
wait "$inside"
exit 0
