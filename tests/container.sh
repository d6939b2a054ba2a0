# SPDX-License-Identifier: GPL-2.0-only
# container.sh - sourced behind target.sh: a target that is what a container is, with a root of its own
# in which there is nothing of the host's but its programs, and a network behind a veth.

# mkroot: $ROOT, with /tmp, /dev/null and the host's programs, read-only. $SECRET is a file of the host,
# readable to root only, that is not in it.
mkroot() {
	ROOT=$T/root SECRET=$T/secret
	mkdir -p "$ROOT"
	mount -t tmpfs -o mode=755 root "$ROOT"
	for d in bin sbin lib lib64 usr; do
		if [ -L "/$d" ]; then cp -P "/$d" "$ROOT/$d"; continue; fi
		[ -d "/$d" ] || continue
		mkdir "$ROOT/$d"
		mount --bind -o ro "/$d" "$ROOT/$d"
	done
	mkdir -m 755 "$ROOT/proc" "$ROOT/dev" "$ROOT/etc"
	mkdir -m 1777 "$ROOT/tmp"
	mknod -m 666 "$ROOT/dev/null" c 1 3
	(umask 077 && echo "secret of the host" >"$SECRET")
}
# mkcontainer NAME NETNS COMMAND...: $TARGET is the process, as of mktarget. (pivot_root, so that
# nothing of the host's mounts is left in its mount namespace.)
mkcontainer() {
	mktarget "$1" nsenter --net="/run/netns/flt-$2" bash -c '
		cd "$0" && mount --rbind . . && cd "$0" && mount -t proc proc proc && mkdir -p .old
		# (In a guest, whose root cannot be exchanged, it is covered.)
		if [ -n "${FLTEST_VM:-}" ]; then mount --move . / && exec chroot . "$@"; fi
		pivot_root . .old && cd / && umount -l .old && rmdir .old && hash -r && exec "$@"' "$ROOT" "${@:3}"
	wait_for 5 entered
}
entered() { [ "$(readlink "/proc/$TARGET/exe")" != "$(readlink /proc/$$/exe)" ] && [ ! -e "/proc/$TARGET/root/$SECRET" ]; }
in_container() { nsenter -t "$TARGET" -m -p -r -w "$@"; }
