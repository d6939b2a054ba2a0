#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# config_corruption: each mode, in the target's own mounts; everything about the file is the same
# afterwards, also after SIGKILL; what somebody else has written meanwhile stays.
. "$(dirname "$0")/../lib.sh"
vol=$T/vol conf=$T/vol/app.conf
mkdir "$vol" "$T/disk"
# A target with a mount of its own at a path where the host has another file.
echo "the host's" >"$conf"
bg unshare --mount --propagation private bash -c "mount -t tmpfs -o size=4m tmpfs $vol && mkdir $vol/empty $vol/disk && mount --bind $T/disk $vol/disk && ln -s app.conf $vol/link && exec sleep 300"
target=$BG_PID
wait_for 5 grep -q sleep "/proc/$target/comm"
seen=/proc/$target/root$conf
restart_file() {
	for i in $(seq 40); do echo "setting_$i = value number $i"; done >"$seen"
	chown 1234:567 "$seen"; chmod 4640 "$seen"; touch -d '2020-02-03 04:05:06.123456789 UTC' "$seen"
	# A write takes the capabilities away; CAP_NET_RAW here, in the kernel's own form.
	python3 -c 'import os, sys
os.setxattr(sys.argv[1], "trusted.flt", b"\0kept\xff")
os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))' "$seen"
	touch -d '2020-02-03 04:05:06.123456789 UTC' "$seen"
}
# Everything but ctime.
describe() { stat -c '%i %s %u:%g %a %.9Y' "$seen"; sha256sum <"$seen"; python3 -c 'import os, sys; print({n: os.getxattr(sys.argv[1], n) for n in os.listxattr(sys.argv[1])})' "$seen"; }
restart_file
describe >"$T/was"
same() { describe >"$T/is"; cmp -s "$T/was" "$T/is"; }
differs() { [ "$(sha256sum <"$seen")" != "$(sed -n 2p "$T/was")" ]; }
inject() { bg "$FL" inject config_corruption pid:$target --path "$conf" --for 60s "$@" >"$T/inject.out" 2>&1; owner=$BG_PID; wait_for 3 grep -q 'is active' "$T/inject.out" || { not_ok "inject $*"; sed 's/^/#   /' "$T/inject.out"; }; }
finish() { kill -INT "$owner"; wait "$owner"; }
# refuses DESCRIPTION PATTERN ARG...
refuses() {
	_d=$1 _p=$2; shift 2
	if timeout 10 "$FL" inject config_corruption pid:$target --for 1s "$@" >"$T/e" 2>&1; then not_ok "$_d: accepted"
	else check "$_d: refused" grep -q -- "$_p" "$T/e"; fi
}

# --- the modes ---
cp "$seen" "$T/copy"
inject --mode flip --count 7 --seed 5
check_num "flip: bytes that differ" "$(cmp -l "$seen" "$T/copy" | wc -l)" eq 7
check "flip: the same length, inode, owner and mode" [ "$(stat -c '%i %s %u:%g' "$seen")" = "$(cut -d' ' -f1-3 "$T/was" | head -n 1)" ]
check "the host's file of the same name is not touched" [ "$(cat "$conf")" = "the host's" ]
finish; check "flip: all as before: content, owner, mode, mtime, attributes" same
grep -q 'app.conf: flip, 7 of' "$T/inject.out" && ok "the result says what was done" || not_ok "the result says what was done"
cp "$seen" "$T/1"; inject --mode flip --count 7 --seed 5; cp "$seen" "$T/2"; finish
inject --mode flip --count 7 --seed 5; check "the same seed spoils the same bytes" cmp "$seen" "$T/2"; finish
inject --mode truncate --size 100
check_num "truncate: what is left" "$(stat -c %s "$seen")" eq 100; finish
check "truncate: all as before" same
inject --mode truncate
check_num "truncate: half of it" "$(stat -c %s "$seen")" eq $(($(stat -c %s "$T/copy") / 2)); finish
inject --mode replace --content 'port = wrong'
check "replace: the new content" [ "$(cat "$seen")" = "port = wrong" ]; finish
check "replace: all as before" same
bg "$FL" inject config_corruption pid:$target --path "$vol/link" --for 60s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 3 differs; check "a symbolic link is followed in the target" differs; finish
check "and all is as before" same
note "FIGURE file: SHA-256, owner, mode, mtime (ns) and attributes the same after flip, truncate and replace"

# --- SIGKILL ---
inject --mode flip
t0=$(date +%s%N); kill -9 "$owner"
wait_for 2 same; check "SIGKILL of the owner: all as before" same
took=$((($(date +%s%N) - t0) / 1000000)); check_ms "within two seconds, ms" "$took" 2000
note "FIGURE file put back $took ms after SIGKILL of its owner"
inject --mode truncate --size 0
kill -9 "$(pgrep -P "$owner" -x fl-guardian)" "$owner"
sleep 0.3; check "both killed: still spoilt" differs
check "recover" "$FL" recover; check "all as before" same
check "a second recover does nothing" grep -q 'nothing to recover' <("$FL" recover)

# --- somebody else writes meanwhile ---
inject --mode flip
echo "an administrator's own" >"$seen"
finish
check "rewritten: left as it is" [ "$(cat "$seen")" = "an administrator's own" ]
check "... and said so" grep -q 'rewritten by somebody' "$T/inject.out"
restart_file; describe >"$T/was"
inject --mode flip
echo "new one" >"$seen.new"; mv "$seen.new" "$seen"
kill -9 "$(pgrep -P "$owner" -x fl-guardian)" "$owner"
"$FL" recover >"$T/recover.out"
check "replaced: left as it is" [ "$(cat "$seen")" = "new one" ]
check "... and recover says so" grep -q 'replaced by somebody' "$T/recover.out"
inject --mode flip; rm "$seen"; finish
check "removed: it does not come back" test ! -e "$seen"
restart_file; describe >"$T/was"

# --- a writer that was cut off is known again ---
inject --mode replace --content 'XXXXXXXXXXXXXXXX'
head -c 8 "$T/copy" | dd of="$seen" conv=notrunc status=none
finish; check "half of each: put back" [ "$(sha256sum <"$seen")" = "$(sed -n 2p "$T/was")" ]

# --- refused ---
refuses "no path" path
refuses "a relative path" "not absolute" --path app.conf
refuses "a file that is not there" "No such file" --path "$vol/none"
refuses "a directory" "directory" --path "$vol/empty"
refuses "replace without content" "without content" --path "$conf" --mode replace
refuses "content with flip" "needs mode replace" --path "$conf" --content x
refuses "a size with flip" "needs mode truncate" --path "$conf" --size 1k
refuses "a file of the host" "host's own" --path /etc/hostname
# What is on a disk outlives a reboot, and so does what is saved of it (62-power-cut.sh).
echo "on a disk" >"$T/disk/conf"
if [ "$(stat -f -c %T "$T/disk")" != tmpfs ]; then
	"$FL" inject config_corruption pid:$target --for 100ms --path "$vol/disk/conf" >"$T/inject.out"
	check "a file on a disk is spoilt, and put back" grep -q 'conf: flip, 9 of 10' "$T/inject.out"
	check "when it was applied is told" grep -qE '^  applied   once, at [0-9:]{8}\.[0-9]{3}$' "$T/inject.out"
	check "... it is as it was" [ "$(cat "$T/disk/conf")" = "on a disk" ]
fi
: >"$seen"; refuses "an empty file has no byte to flip" "would not change" --path "$conf"


