#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh KERNEL BUILD COMMAND [ARG...] - boot a kernel of kernel.sh under QEMU's software emulation,
# run COMMAND in it as root, in a copy of this tree with BUILD as its build folder, print what it
# prints as it prints it, power off, exit with its status (70: the guest did not finish, and why).
#
# The guest is one initramfs: the programs that the tests call with the libraries they need, the
# tree's tests/ and experiments/, the kernel modules listed below. No disk, no network card, no
# accelerator. VM_SMALL=1 leaves out the servers and clients that only lab suites call; VM_MEMORY
# (MiB, 1536), VM_TIMEOUT (s, 300), VM_SILENCE (s without a line after which a guest counts as hung,
# VM_TIMEOUT), VM_PROGRAMS (more programs to carry), VM_MODULES (more modules), VM_APPEND (more for the kernel's
# command line), VM_INITRD (a file: the initramfs is made there, and taken from there once it exists), VM_DISK
# (images: /dev/vda, /dev/vdb, ... in the guest), VM_CUT (s after the guest has said @@READY: the power goes, which is
# status 70), VM_ROOT (a folder: programs and libraries are not this machine's but those that are unpacked there, and
# unit tests come along: what a kernel NAME-arm64 wants, tools/vm/arm64.sh), VM_ICOUNT=1 (the guest's clock counts its instructions: a busy host does not make the guest slow)
# may be set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kernel=${1:?usage: boot.sh KERNEL BUILD COMMAND...}
build=${2:?}
shift 2
dir=$("$here/kernel.sh" "$kernel")
case $kernel in
*-integrity) lockdown=lockdown=integrity ;;
*-confidentiality) lockdown=lockdown=confidentiality ;;
*) lockdown= ;;
esac
emulator=(qemu-system-x86_64 -cpu "max,cx16=off")
console=ttyS0
case $kernel in *-arm64) emulator=(qemu-system-aarch64 -M virt -cpu "max,pauth-impdef=on") console=ttyAMA0 ;; esac
work=$(mktemp -d)
# The emulator and who watches it go with this script, however it ends.
end() {
	for p in "$(cat "$work/pid" 2>/dev/null || true)" ${watcher:-}; do
		[ -z "$p" ] || kill "$p" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
root=$work/root

modules="veth tun bridge dummy ifb 8021q sch_ingress cls_bpf act_bpf sch_netem sch_fq sch_tbf ${VM_MODULES:-}"
programs="bash sh cat ls cp mv rm mkdir rmdir mkfifo mknod mktemp ln touch chmod chown stat dd head tail
	sort uniq wc tr cut paste comm echo printf expr test [ true false date sleep seq env id uname tty
	dirname basename readlink realpath tee timeout nproc nice df sync taskset cmp diff od sha256sum base64 yes
	truncate kill ps pgrep mount umount unshare nsenter setpriv setsid flock ip tc ss bridge ping awk
	sed grep find xargs jq strace bpftool sysctl insmod"
[ -n "${VM_SMALL:-}" ] || programs="$programs curl nginx wrk iperf3 redis-server redis-cli
	redis-benchmark dnsmasq dig stress-ng python3"

carry() { # PATH IN HOST
	[ -e "$1" ] && [ ! -e "$root$1" ] || return 0
	mkdir -p "$root${1%/*}"
	cp -L "$1" "$root$1"
}

# The libraries that the loader would find for all programs, asked for once.
carry_libraries() { # PROGRAM...
	local l
	# (ldd fails for scripts.)
	{ ldd "$@" 2>/dev/null || true; } | grep -o '^[[:space:]].* /[^ ]*\|^[[:space:]]/[^ ]*' | grep -o '/[^ ]*$' | sort -u |
		while read -r l; do carry "$l"; done
}

carry_programs() {
	local p path f
	[ -z "${VM_ROOT:-}" ] || {
		cp -a "$VM_ROOT" "$root"
		mkdir -p "$root"/{proc,sys,dev,tmp,run,root,fl}
		for p in poweroff insmod ps; do [ -e "$root/usr/bin/$p" ] || ln -s busybox "$root/usr/bin/$p"; done
		echo '127.0.0.1 localhost' >"$root/etc/hosts"
		return
	}
	mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,run,etc,root,var/log/nginx,var/lib/nginx,fl}
	for p in $programs ${VM_PROGRAMS:-}; do
		# (type -P: what the shell has built in is a program too.)
		path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin type -P "$p" || true)
		[ -n "$path" ] || continue
		carry "$path"
		binaries+=("$path")
		[ -e "$root/bin/$p" ] || ln -sf "$path" "$root/bin/$p"
	done
	carry /bin/busybox
	for p in poweroff insmod ps; do [ -e "$root/bin/$p" ] || ln -sf /bin/busybox "$root/bin/$p"; done
	for f in /etc/passwd /etc/group /etc/nsswitch.conf /etc/protocols /etc/services /etc/nginx; do
		[ ! -e "$f" ] || cp -rL "$f" "$root$f"
	done
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
}

# Python's own modules, but not what only a developer's machine needs.
carry_python() {
	local lib
	lib=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))' 2>/dev/null) || return 0
	mkdir -p "$root$lib"
	tar -C "$lib" -ch --exclude=./test --exclude=./idlelib --exclude=./ensurepip --exclude=./lib2to3 \
		--exclude=./tkinter --exclude=./pydoc_data --exclude='./config-*' --exclude='*.a' . | tar -C "$root$lib" -x
	binaries+=("$lib"/lib-dynload/*.so)
}

# The tree, and of the build folder what a guest runs (without its debugging information, which would
# be most of the image) and the BPF objects.
carry_tree() {
	local d f to not=(-name fuzz -o -name vm -o -name arm64 -o -name s390x)
	[ -n "${VM_ROOT:-}" ] || not+=(-o -name unit)
	for d in tests experiments tools; do cp -r "$top/$d" "$root/fl/"; done
	while read -r f; do
		to=$root/fl/build/${f#"$build"/}
		mkdir -p "${to%/*}"
		case $f in
		*.bpf.o) cp "$f" "$to" ;;
		*) strip -g -o "$to" "$f" 2>/dev/null || llvm-strip -g -o "$to" "$f" 2>/dev/null || cp "$f" "$to"; binaries+=("$f") ;;
		esac
	done < <(find "$build" -mindepth 1 \( "${not[@]}" \) -prune -o -type f \
		\( -name '*.bpf.o' -o -perm -u+x ! -name '*.o' \) -print)
}

# Modules in the order in which they must be inserted.
carry_modules() {
	local release tree=$work/modules m ko name
	mkdir -p "$root/lib/modules" "$tree/lib/modules"
	: >"$root/lib/modules/order"
	[ -d "$dir/modules" ] || return 0
	release=$(ls "$dir/modules")
	ln -s "$dir/modules/$release" "$tree/lib/modules/$release"
	[ -e "$dir/modules/$release/modules.dep.bin" ] || depmod -b "$tree" "$release" 2>/dev/null || true
	for m in $modules; do
		modprobe -d "$tree" -S "$release" --show-depends "$m" 2>/dev/null | awk '$1 == "insmod" {print $2}' || true
	done | awk '!seen[$0]++' | while read -r ko; do
		name=$(basename "${ko%.xz}")
		case $ko in
		*.xz) xz -dc "$ko" >"$root/lib/modules/$name" ;;
		*) cp "$ko" "$root/lib/modules/$name" ;;
		esac
		echo "$name" >>"$root/lib/modules/order"
	done
}

write_init() { # COMMAND...
	cat <<'INIT'
#!/bin/bash
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
ln -sf /proc/self/fd /dev/fd
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
while read -r m; do insmod "/lib/modules/$m" || echo "init: cannot insert $m"; done </lib/modules/order
mkdir -p /dev/net; [ -e /dev/net/tun ] || /bin/busybox mknod /dev/net/tun c 10 200
ip link set lo up
cd /fl
export FLTEST_VM=1
echo "@@BEGIN $(uname -r)"
INIT
	printf '%q ' "$@"
	printf '\n%s\n' 'echo "@@END $?"' 'sync; poweroff -f'
}

initrd=${VM_INITRD:-$work/initrd}
make_initrd() { # COMMAND...
	binaries=()
	carry_programs
	[ -n "${VM_SMALL:-}${VM_ROOT:-}" ] || carry_python
	carry_tree
	[ -n "${VM_ROOT:-}" ] || carry_libraries "${binaries[@]}"
	carry_modules
	write_init "$@" >"$root/init"
	chmod +x "$root/init"
	# Not compressed: unpacking takes an emulated processor longer than copying.
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$initrd.new"
	mv "$initrd.new" "$initrd"
	rm -rf "$root"
}
[ -s "$initrd" ] || make_initrd "$@"

# A guest that takes too long, or says nothing any more, is ended: why is in $work/why.
watch() {
	local began=$SECONDS pid most=${VM_TIMEOUT:-300} silence=${VM_SILENCE:-${VM_TIMEOUT:-300}}
	while sleep 2; do
		pid=$(cat "$work/pid" 2>/dev/null) || continue
		if [ $((SECONDS - began)) -ge "$most" ]; then
			echo "took longer than $most s" >"$work/why"
		elif [ $(($(date +%s) - $(stat -c %Y "$work/log"))) -ge "$silence" ]; then
			echo "said nothing for $silence s" >"$work/why"
		fi
		[ ! -e "$work/why" ] || { kill -9 "$pid" 2>/dev/null; rm "$work/pid"; return; }
	done
}

# As when somebody pulls the plug: whatever has not reached the image is lost.
cut_power() {
	until grep -q '@@READY' "$work/log"; do sleep 0.1; done
	sleep "$VM_CUT"
	echo "the power was cut" >"$work/why"
	kill -9 "$(cat "$work/pid")" 2>/dev/null
}

: >"$work/log"
watch &
watcher=$!
if [ -n "${VM_CUT:-}" ]; then cut_power & watcher="$watcher $!"; fi
# cx16=off: QEMU 7.2's emulation of cmpxchg16b can leave garbage in the flags, and 6.12's allocator,
# which uses it, then panics. One CPU: with two threads, QEMU before 8.1 translates a page without
# locking it, so that an int3 by which the kernel patches its code (a static key, a trampoline) can stay
# in the translation after it is gone from memory, and the other CPU oopses on it.
# no_timer_check: an emulator that waits for a CPU looks like a broken APIC.
tcg=(-accel "tcg,thread=multi")
[ -z "${VM_ICOUNT:-}" ] || tcg=(-accel "tcg,thread=single" -icount shift=2)
drive=()
for d in ${VM_DISK:-}; do drive+=(-drive "file=$d,format=raw,if=virtio"); done
"${emulator[@]}" "${drive[@]}" "${tcg[@]}" -pidfile "$work/pid" \
	-m "${VM_MEMORY:-1536}" -smp "${VM_CPUS:-1}" -nographic -no-reboot -net none \
	-kernel "$dir/vmlinuz" -initrd "$initrd" \
	-append "console=$console quiet panic=-1 loglevel=3 mitigations=off no_timer_check $lockdown ${VM_APPEND:-}" </dev/null 2>&1 |
	sed -u 's|\r||g' | tee "$work/log" | sed -un '/@@BEGIN/,/^@@END/{//!p}' &
wait $! || true
status=$(sed -n 's/^@@END \([0-9]*\)$/\1/p' "$work/log")
if [ -z "$status" ]; then
	echo "boot.sh: the guest $(cat "$work/why" 2>/dev/null || echo 'died'); its last lines:" >&2
	tail -n 25 "$work/log" | sed 's/^/    | /' >&2
	exit 70
fi
exit "$status"
