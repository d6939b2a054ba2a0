#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A hostile target: what it has mounted, linked, renamed or made at the path that a fault is asked for.
# By faultline's hand it may do no more than by its own.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../target.sh"
. "$(dirname "$0")/../container.sh"
mkroot
mknet a 1
USER_ID=1234
# In the background only: it is the process.
refuses() { # DESCRIPTION WORDS KIND OPTIONS...
	_what=$1 _words=$2 _k=$3; shift 3
	timeout 10 "$FL" inject "$_k" "pid:$TARGET" "$@" --for 300ms >"$T/out" 2>&1; rc=$?
	if [ $rc != 0 ] && grep -q "$_words" "$T/out"; then ok "$_what: refused"; else not_ok "$_what: refused ($rc)"; sed 's/^/#   /' "$T/out"; fi
}
as_user() { exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }

# --- a user of the host, in a user namespace of its own, over its own file mounts a file of root's ---
H=$T/host; mkdir -m 755 "$H"; chmod 755 "$T"
mount -t tmpfs -o mode=755 host "$H"
mkdir -m 755 "$H/etc" "$H/home" "$H/etc/dir"; mkdir -m 700 "$H/etc/closed"
(umask 077; echo 'root:hash' >"$H/etc/shadow"; echo 'r' >"$H/etc/closed/file")
echo "port = 1" >"$H/home/app.conf"; mkdir "$H/home/data"; chown -R $USER_ID:$USER_ID "$H/home"
as_user unshare -Urm --propagation private sh -c "
	mount --bind $H/etc/shadow $H/home/app.conf && mount --bind $H/etc/dir $H/home/data && exec sleep 1000" & TARGET=$!
_pids="$_pids $TARGET"
mounted() { grep -q "home/data" "/proc/$TARGET/mountinfo" && [ "$(cat "/proc/$TARGET/comm")" = sleep ]; }
wait_for 5 mounted
refuses "a file of root's bound over the target's own" "its own user (uid $USER_ID) may not" config_corruption --path "$H/home/app.conf" --mode replace --content PWNED
check "... it is as it was" [ "$(cat "$H/etc/shadow")" = root:hash ]
refuses "disk_fill in a directory of root's bound there" "Permission denied" disk_fill --path "$H/home/data" --bytes 1MiB
refuses "disk_io in it" "Permission denied\|no .* cgroup\|shares" disk_io --path "$H/home/data" --workers 1 --size 1MiB
check "... nothing is in it" [ -z "$(ls -A "$H/etc/dir")" ]
kill $TARGET; wait $TARGET 2>/dev/null
# The same user without any namespace: links, and files it may read but not write.
ln -s "$H/etc/shadow" "$H/home/link"; echo "x = 1" >"$H/home/roots"; chmod 644 "$H/home/roots"
as_user sleep 1000 & TARGET=$!; _pids="$_pids $TARGET"
refuses "a link to a file of root's" "may not" config_corruption --path "$H/home/link"
refuses "a file of root's in a closed directory" "may not" config_corruption --path "$H/etc/closed/file"
refuses "a file that it may only read" "may not" config_corruption --path "$H/home/roots"
refuses "... the hint names the way" "allow-host-root: yes" config_corruption --path "$H/home/roots"
check "with allow-host-root it is spoilt" "$FL" inject config_corruption "pid:$TARGET" --path "$H/home/roots" --allow-host-root --for 50ms
check "... and put back" [ "$(cat "$H/home/roots")" = "x = 1" ]
# Supplementary groups count as well.
kill $TARGET; wait $TARGET 2>/dev/null
echo "g = 1" >"$H/home/groups"; chown 0:4321 "$H/home/groups"; chmod 660 "$H/home/groups"
refused_here() { refuses "a file of a group the target is not in" "may not" config_corruption --path "$1"; }
as_user sleep 1000 & TARGET=$!; _pids="$_pids $TARGET"
refused_here "$H/home/groups"
kill $TARGET; wait $TARGET 2>/dev/null
mkcontainer groups a setpriv --reuid $USER_ID --regid $USER_ID --groups 4321 --inh-caps=-all --bounding-set=-all sleep 1000
cp -p "$H/home/groups" "$ROOT/tmp/groups"
check "a file of one of its groups is spoilt" "$FL" inject config_corruption "pid:$TARGET" --path /tmp/groups --for 50ms
check "... and put back" [ "$(cat "$ROOT/tmp/groups")" = "g = 1" ]
rmtargets; _cgroups=

# --- root of a container, with what its own capabilities give it ---
mkcontainer weak a setpriv --inh-caps=-all --bounding-set=-all sleep 1000
echo "port = 1" >"$ROOT/tmp/conf"; chown $USER_ID "$ROOT/tmp/conf"; chmod 600 "$ROOT/tmp/conf"
refuses "root without CAP_DAC_OVERRIDE, a file of another user" "may not" config_corruption --path /tmp/conf
rmtargets; _cgroups=
mkcontainer strong a sleep 1000
check "root with it: spoilt" "$FL" inject config_corruption "pid:$TARGET" --path /tmp/conf --for 50ms
check "... and put back" [ "$(cat "$ROOT/tmp/conf")" = "port = 1" ]

# --- what it is that is opened is known first ---
opened() { strace -f -o "$T/trace" -e trace=open,openat,openat2 "$FL" inject config_corruption "pid:$TARGET" --path "$1" --for 50ms >"$T/out" 2>&1; }
for what in "c 5 2" "b 7 99" p; do
	rm -f "$ROOT/tmp/node"
	# shellcheck disable=SC2086
	mknod "$ROOT/tmp/node" $what
	refuses "a node ($what)" "no regular file" config_corruption --path /tmp/node
	opened /tmp/node
	check "... looked at, never opened" sh -c "grep -q '\"/tmp/node\".*O_PATH' '$T/trace' && ! grep '\"/tmp/node\"' '$T/trace' | grep -v O_PATH"
done
# shellcheck disable=SC2217
(exec 3<"$ROOT/tmp/node"; touch "$T/let-go") & reader=$!
refuses "a FIFO" "no regular file" config_corruption --path /tmp/node
check "... its reader still waits for a writer" [ ! -e "$T/let-go" ]
kill $reader; wait $reader 2>/dev/null
refuses "a device in place of a directory" "Not a directory" disk_fill --path /dev/null --bytes 1MiB

# --- renamed and linked while disk_io runs: the workers stay where they are ---
mkdir -m 755 "$ROOT/tmp/vol" "$H/prey"
: >"$T/moved"
# What faultline made is exchanged, in one step, for a directory of the same form whose directories are links
# that lead out, by a path or by going up.
cat >"$ROOT/swap" <<'L'
import ctypes, os, sys, time
libc, prey, n = ctypes.CDLL(None), sys.argv[1], 0
os.chdir("/tmp/vol")
end = time.time() + 2
while time.time() < end:
    time.sleep(0.01)
    for d in [d for d in os.listdir(".") if d.startswith(".faultline-") and not os.path.exists(d + "/mine")]:
        inside = os.listdir(d)
        if not inside:
            continue
        n += 1
        mine = "mine%d" % n
        os.mkdir(mine)
        open(mine + "/mine", "w").close()
        for s in inside:
            os.symlink(prey if n % 2 else "../" * 12 + prey, mine + "/" + s)
        print("moved" if libc.renameat2(-100, d.encode(), -100, mine.encode(), 2) == 0 else "not moved", flush=True)
L
touch -d 2001-01-01 "$H/prey"
in_container python3 /swap "$H/prey" >"$T/moved" 2>&1 & swap=$!
"$FL" inject disk_io "pid:$TARGET" --path /tmp/vol --workers 2 --size 1MiB --block-size 4k --for 1200ms >"$T/out" 2>&1
wait $swap
check "its directory was renamed under it" grep -q moved "$T/moved"
check "... and nothing was ever made where the links led" [ "$(stat -c %Y "$H/prey")" = "$(date -d 2001-01-01 +%s)" ]

# --- its scratch directory has become a mount of something else: that is not emptied ---
mkdir "$ROOT/tmp/vol2" "$ROOT/tmp/prey"; touch "$ROOT/tmp/prey/kept"; chown -R $USER_ID "$ROOT/tmp/prey"
cat >"$ROOT/cover" <<'L'
for ((i = 0; i < 100; i++)); do
	for d in /tmp/vol2/.faultline-*; do [ -d "$d" ] && mkdir "$d/sub" && mount --bind /tmp/prey "$d/sub" && echo covered && exit; done
	sleep 0.02
done
L
in_container bash /cover >"$T/covered" 2>&1 & cover=$!
"$FL" inject disk_io "pid:$TARGET" --path /tmp/vol2 --workers 1 --size 1MiB --block-size 4k --for 600ms >"$T/out" 2>&1
wait $cover
check "something was mounted into it" grep -q covered "$T/covered"
check "... and it is whole" [ -e "$ROOT/tmp/prey/kept" ]
in_container sh -c 'for d in /tmp/vol2/.faultline-*/sub; do umount "$d"; done'
"$FL" recover >"$T/out" 2>&1
check "recover removes the directory when the mount is gone" [ -z "$(ls -A "$ROOT/tmp/vol2")" ]
umount "$H"; umount -R "$ROOT"
